//! Files of this program, whose place no value may take.

use crate::destinations::Destination;
use crate::problem::Problem;
use crate::settings::Settings;

/// Refuses a destination that is one of the records, the ledger or a kept session: the value would be
/// lost with it, or it with the value.
pub(crate) fn refuse(settings: &Settings, destination: &Destination) -> Result<(), Problem> {
    match destination.path() {
        Some(path) if settings.owns(path) => Err(Problem::destination(format!(
            "{}: this program keeps its own records there, so no token is written to it.",
            path.display()
        ))),
        _ => Ok(()),
    }
}
