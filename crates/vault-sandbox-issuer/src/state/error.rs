//! What could not be done with the state directory.

use std::io;
use std::path::{Path, PathBuf};

/// What could not be done, where, and why: the cause is an [`io::Error`], also its
/// [source](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// No record can be made for a new operation. Without one its token could be lost.
    #[error("the record of an operation cannot be written to {}", directory.display())]
    ReserveRecord {
        /// The directory of the records.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No record can be made for a new run over many sandboxes. Without one it could not be resumed.
    #[error("the record of a run cannot be written to {}", directory.display())]
    BeginRun {
        /// The directory of the records.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A directory of records cannot be looked at: what is in it is not known.
    #[error("what is open in {} cannot be listed", directory.display())]
    ListRecords {
        /// The directory of the records.
        directory: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record is there, and cannot be read.
    #[error("the record {} cannot be read", path.display())]
    ReadRecord {
        /// The record.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The ledger is there, and cannot be read.
    #[error("the ledger {} cannot be read", path.display())]
    ReadLedger {
        /// The ledger.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was to be added to the ledger may not be in it.
    #[error("the ledger {} cannot be written", path.display())]
    WriteLedger {
        /// The ledger.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl StateError {
    /// The file or directory that it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::ReserveRecord { directory, .. }
            | Self::BeginRun { directory, .. }
            | Self::ListRecords { directory, .. } => directory,
            Self::ReadRecord { path, .. }
            | Self::ReadLedger { path, .. }
            | Self::WriteLedger { path, .. } => path,
        }
    }

    /// Why it could not be done.
    #[must_use]
    pub fn cause(&self) -> &io::Error {
        match self {
            Self::ReserveRecord { source, .. }
            | Self::BeginRun { source, .. }
            | Self::ListRecords { source, .. }
            | Self::ReadRecord { source, .. }
            | Self::ReadLedger { source, .. }
            | Self::WriteLedger { source, .. } => source,
        }
    }
}
