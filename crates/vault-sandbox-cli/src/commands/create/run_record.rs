//! What the record of a run over many means for this program's commands.

use vault_sandbox_core::issuance::many::{RunError, RunPlan};

use crate::destinations::{self, Destination};

/// Removes what runs of the plan that were killed left beside their destinations.
pub(crate) fn sweep(plan: &RunPlan) {
    let destinations = destinations_of(plan).filter_map(|text| Destination::parse(text).ok());
    destinations::sweep(&destinations.collect::<Vec<_>>());
}

/// Whether values go to stdout, where only a format can tell them apart.
pub(crate) fn goes_to_stdout(plan: &RunPlan) -> bool {
    destinations_of(plan).any(|destination| destination == "-")
}

/// Why a record cannot be gone on with, for people.
pub(crate) fn in_words(error: RunError) -> &'static str {
    match error {
        RunError::Newer => "was written by a newer version",
        _ => "cannot be understood",
    }
}

fn destinations_of(plan: &RunPlan) -> impl Iterator<Item = &String> {
    plan.sandboxes.iter().flat_map(|one| &one.destinations)
}
