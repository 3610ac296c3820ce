//! What the state directory says, in the words of this program.

use vault_sandbox_issuer::state::StateError;

use crate::problem::Problem;

impl From<StateError> for Problem {
    fn from(error: StateError) -> Self {
        let (path, cause) = (error.path().display(), error.cause());
        match &error {
            StateError::ReserveRecord { .. } => Self::destination(format!(
                "The record of this operation cannot be written to {path}: {cause}."
            ))
            .now("Without a record a token could be lost, so none was asked for."),
            StateError::BeginRun { .. } => Self::destination(format!(
                "The record of this run cannot be written to {path}: {cause}."
            ))
            .now("Without it, the run could not be resumed, so no token was asked for."),
            StateError::ListRecords { .. } => {
                Self::destination(format!("What is open in {path} cannot be listed: {cause}."))
            }
            _ => Self::destination(format!("{path} cannot be read: {cause}.")),
        }
    }
}
