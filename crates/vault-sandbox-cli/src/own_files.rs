//! Files of this program, whose place no value may take.

use crate::commands::Context;
use crate::config;
use crate::destinations::Destination;
use crate::problem::Problem;

/// Refuses a destination that is one of the records, the ledger, a kept session or the configuration:
/// the value would be lost with it, or it with the value.
pub(crate) fn refuse(context: &Context<'_>, destination: &Destination) -> Result<(), Problem> {
    let Some(path) = destination.path() else {
        return Ok(());
    };
    let what = if context.settings.owns(&path) {
        "this program keeps its own records there"
    } else if config::is_at(context.global, &path) {
        "it is the configuration of this program"
    } else {
        return Ok(());
    };
    Err(Problem::destination(format!(
        "{}: {what}, so no token is written to it.",
        path.display()
    )))
}
