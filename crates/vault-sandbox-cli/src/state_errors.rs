//! What the state directory says, in the words of this program.

use vault_sandbox_issuer::platform::FileRefusal;
use vault_sandbox_issuer::state::StateError;

use crate::problem::Problem;

impl From<StateError> for Problem {
    fn from(error: StateError) -> Self {
        let (path, cause) = (error.path().display(), why(&error));
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
            StateError::ReadLedger { .. } => {
                Self::configuration(format!("The ledger {path} cannot be read: {cause}."))
            }
            StateError::WriteLedger { .. } => {
                Self::destination(format!("The ledger {path} cannot be written: {cause}."))
            }
            _ => Self::destination(format!("{path} cannot be read: {cause}.")),
        }
    }
}

/// Why it could not be done, as the end of a sentence.
pub(crate) fn why(error: &StateError) -> String {
    let cause = error.cause();
    let refusal = cause.get_ref().and_then(|inner| inner.downcast_ref());
    match (refusal, error) {
        (Some(FileRefusal::SymbolicLink), _) => {
            "it is a symbolic link, which this program does not follow".to_owned()
        }
        (Some(FileRefusal::TooLong { .. }), StateError::ReadRecord { .. }) => {
            "it is too long to be a record".to_owned()
        }
        _ => cause.to_string(),
    }
}
