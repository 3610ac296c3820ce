//! The state directory: what has to be known after a crash, and in the next process.
//!
//! | | |
//! | --- | --- |
//! | `pending/OPERATION.journal` | an operation that is not closed: [`Pending`] |
//! | `ledger.jsonl` | which token went where: [`Ledger`] |
//! | `many/OPERATION.jsonl` | a run over many sandboxes that is not finished: [`Runs`] |
//!
//! Files and directories are their owner's only. What is read has a longest length, and only what is not
//! there counts as empty: anything else that cannot be read is a [`StateError`]. All of it can be shared
//! between threads. It waits for the disk: an asynchronous caller does that where nobody else waits.

mod error;
mod ledger;
mod pending;
mod record_file;
mod runs;

use std::path::{Path, PathBuf};

pub use error::StateError;
pub use ledger::Ledger;
pub use pending::{OpenedRecord, Pending, PendingRecord};
pub use record_file::RecordFile;
pub use runs::{OpenedRun, RunFile, Runs};

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
        Pending::in_directory(self.directory.join("pending"))
    }

    /// The ledger.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let path = self.directory.join("ledger.jsonl");
        Ledger::at(path, self.ledger.clone())
    }

    /// The records of runs over many sandboxes that are not finished.
    #[must_use]
    pub fn runs(&self) -> Runs {
        Runs::in_directory(self.directory.join("many"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_can_be_shared_between_threads() {
        fn check<T: Send + Sync>() {}
        check::<(State, Ledger)>();
        check::<(Pending, PendingRecord, OpenedRecord)>();
        check::<(Runs, RunFile, OpenedRun)>();
        check::<StateError>();
    }
}
