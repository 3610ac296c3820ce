//! The state directory: what has to be known after a crash, and in the next process.
//!
//! | | |
//! | --- | --- |
//! | `pending/OPERATION.journal` | an operation that is not closed: [`Pending`] |
//! | `ledger.jsonl` | which token went where: [`Ledger`] |
//! | `many/OPERATION.jsonl` | a run over many sandboxes that is not finished: [`Runs`] |
//! | `sessions/VAULT.json` | the session that is kept for a Vault: [`Sessions`] |
//!
//! Files and directories are their owner's only. What is read has a longest length, and only what is not
//! there counts as empty: anything else that cannot be read is a [`StateError`] or a [`SessionError`]. All of it can be shared
//! between threads. It waits for the disk: an asynchronous caller does that where nobody else waits.

mod error;
mod ledger;
mod pending;
mod record_file;
mod runs;
mod sessions;

use std::path::{Path, PathBuf};

use crate::platform::is_same_file;

pub use error::StateError;
pub use ledger::Ledger;
pub use pending::{OpenedRecord, Pending, PendingRecord};
pub use record_file::RecordFile;
pub use runs::{OpenedRun, RunFile, Runs};
pub use sessions::{KeptSession, ReservedSession, SessionError, Sessions};

const PENDING: &str = "pending";
const RUNS: &str = "many";
const SESSIONS: &str = "sessions";
const LEDGER: &str = "ledger.jsonl";

/// One state directory. Clones are the same one: their threads take turns at the ledger.
#[derive(Debug, Clone)]
pub struct State {
    directory: PathBuf,
    ledger: ledger::Turn,
}

impl State {
    /// The state in a directory, which need not exist yet: it is made when there is something to keep.
    #[must_use]
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            ledger: ledger::Turn::default(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The records of operations that are not closed.
    #[must_use]
    pub fn pending(&self) -> Pending {
        Pending::in_directory(self.directory.join(PENDING))
    }

    /// The kept sessions.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        Sessions::in_directory(self.directory.join(SESSIONS))
    }

    /// The ledger.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let path = self.directory.join(LEDGER);
        Ledger::at(path, self.ledger.clone())
    }

    /// The records of runs over many sandboxes that are not finished.
    #[must_use]
    pub fn runs(&self) -> Runs {
        Runs::in_directory(self.directory.join(RUNS))
    }

    /// Whether a file is, or would be, one of those that are kept here: no value may be written there,
    /// by whichever path. It need not exist.
    #[must_use]
    pub fn owns(&self, path: &Path) -> bool {
        let own = [PENDING, RUNS, SESSIONS].map(|name| self.directory.join(name));
        let directory = resolved(&self.directory);
        let is_own = |path: &Path| {
            let is_below = |own: &PathBuf| {
                let name = own.file_name().map(|name| directory.join(name));
                name.is_some_and(|own| path.starts_with(own))
            };
            // By what it is, too: names that differ in case can be one, and mounts lead anywhere.
            let is_in = |own: &PathBuf| {
                let parent = path.parent();
                parent.is_some_and(|parent| is_same_file(parent, own).unwrap_or(false))
            };
            let is_ledger = || path.parent().is_some_and(|parent| self.is_at(parent));
            let is_named = |name: &str| {
                let own = path.file_name().and_then(|name| name.to_str());
                own.is_some_and(|own| own.eq_ignore_ascii_case(name))
            };
            own.iter().any(|own| is_below(own) || is_in(own)) || (is_named(LEDGER) && is_ledger())
        };
        is_own(&resolved(path)) || path.canonicalize().is_ok_and(|path| is_own(&path))
    }

    fn is_at(&self, directory: &Path) -> bool {
        resolved(directory) == resolved(&self.directory)
            || is_same_file(directory, &self.directory).unwrap_or(false)
    }
}

/// A path whose directories are the real ones, as far as they exist. What its last name leads to is
/// not looked at.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for parent in path.ancestors().skip(1) {
        if let Ok(real) = parent.canonicalize()
            && let Ok(rest) = path.strip_prefix(parent)
        {
            return real.join(rest);
        }
    }
    path
}

#[cfg(test)]
mod tests;
