//! What the state directory says, in the words of this program.

use std::io;

use vault_sandbox_core::VaultDns;
use vault_sandbox_issuer::platform::FileRefusal;
use vault_sandbox_issuer::state::{KeptSession, SessionError, StateError};

use crate::problem::Problem;
use crate::settings::Settings;

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

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        let path = error.path().display();
        let unusable = |why: &str| {
            Self::configuration(format!("The kept session {path} cannot be used: {why}."))
        };
        match &error {
            SessionError::Read { source, .. } => unusable(&cause(source)),
            SessionError::Damaged { .. } => unusable("it is damaged"),
            SessionError::Newer { .. } => {
                unusable("it was written by a newer version of this program")
                    .now("It is left alone: the newer version can use it.")
            }
            SessionError::OfOtherVault { vault, .. } => unusable(&format!("it belongs to {vault}")),
            SessionError::Directory { source, .. } => {
                Self::destination(format!("The state directory {path}: {}.", cause(source)))
            }
            SessionError::Make { path, source } => {
                let directory = path.parent().unwrap_or(path).display();
                let path = path.display();
                Self::destination(format!(
                    "{path}: no file can be made in {directory}: {}.",
                    cause(source)
                ))
            }
            SessionError::Room { source, .. } => Self::destination(format!(
                "{path}: there is no room for the value: {}.",
                cause(source)
            )),
            SessionError::Delete { source, .. } => {
                Self::destination(format!("{path} cannot be deleted: {}.", cause(source)))
                    .now("The session in it may still work: delete the file by hand.")
            }
            SessionError::Target { source, .. } | SessionError::Keep { source, .. } => {
                Self::destination(format!("{path}: {}.", cause(source)))
            }
            other => Self::destination(format!("{other}.")),
        }
    }
}

/// The session kept for a Vault. Where it cannot be used, with what to type about it.
pub(crate) fn kept_session(
    settings: &Settings,
    vault: &VaultDns,
) -> Result<Option<KeptSession>, Problem> {
    let sign_in = || settings.typed.at(vault, "auth login");
    let found = settings.state()?.sessions().find(vault);
    found.map_err(|error| match error {
        SessionError::Newer { .. } => {
            Problem::from(error).next("Sign in with this version, which replaces it", sign_in())
        }
        other => Problem::from(other)
            .next("Delete it", settings.typed.at(vault, "auth logout"))
            .next("Sign in", sign_in()),
    })
}

/// Why it could not be done, as the end of a sentence.
pub(crate) fn why(error: &StateError) -> String {
    match (refusal(error.cause()), error) {
        (Some(FileRefusal::TooLong { .. }), StateError::ReadRecord { .. }) => {
            "it is too long to be a record".to_owned()
        }
        _ => cause(error.cause()),
    }
}

fn cause(error: &io::Error) -> String {
    match refusal(error) {
        Some(FileRefusal::SymbolicLink) => {
            "it is a symbolic link, which this program does not follow".to_owned()
        }
        _ => error.to_string(),
    }
}

fn refusal(error: &io::Error) -> Option<&FileRefusal> {
    error.get_ref()?.downcast_ref()
}
