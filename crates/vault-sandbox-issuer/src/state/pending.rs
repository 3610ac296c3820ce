//! The pending record: what an operation leaves on disk while it is under way, and after a crash.
//!
//! One file per operation, `pending/OPERATION.journal`. What is written into it, and in which order, is
//! core's [`Journal`]; this module knows files only.

use std::io;
use std::path::{Path, PathBuf};

use vault_sandbox_core::issuance::many::OwnRecord;
use vault_sandbox_core::issuance::{
    Entry, Journal, JournalError, NewerRecord, Opened, Record, Storage as _,
};
use vault_sandbox_core::{AccessToken, OperationId};

use super::StateError;
use super::record_file::{RecordFile, UnderWay, discard, operations_in, sync_directory_of};
use crate::platform;

const ENDING: &str = ".journal";

/// The records of the operations that are not closed, of one state directory.
#[derive(Debug, Clone)]
pub struct Pending {
    directory: PathBuf,
}

/// The record of one operation, locked for as long as this lives.
///
/// One that was [reserved](Pending::reserve) goes with this if nothing was written into it.
#[derive(Debug)]
pub struct PendingRecord {
    journal: Journal<RecordFile>,
    is_new: bool,
}

/// What was found under the name of an operation.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenedRecord {
    /// Another process has it.
    UnderWay,
    /// Its process ended before anything was asked of Vault: it can be
    /// [removed](vault_sandbox_core::issuance::Storage::remove).
    Blank(RecordFile),
    /// It holds nothing, and not even the space for something: its process ended while it was made, or
    /// it was emptied since, whatever it held. It can be removed, but proves nothing.
    Empty(RecordFile),
    /// It can be gone on with.
    Open(Box<Record>, PendingRecord),
    /// A newer version wrote it. It is left alone.
    Newer(Box<NewerRecord>),
    /// It cannot be understood. It is left alone.
    Broken(JournalError),
}

impl Pending {
    pub(super) fn in_directory(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Makes the record of a new operation, with space for everything that will be written, on disk.
    ///
    /// # Errors
    ///
    /// [`StateError::ReserveRecord`]: nothing may be asked of Vault.
    pub fn reserve(&self, operation: OperationId) -> Result<PendingRecord, StateError> {
        let journal = self.make(operation);
        let journal = journal.map_err(|source| StateError::ReserveRecord {
            directory: self.directory.clone(),
            source,
        })?;
        Ok(PendingRecord {
            journal,
            is_new: true,
        })
    }

    /// The operations that have a record, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`StateError::ListRecords`]: there may be any.
    pub fn operations(&self) -> Result<Vec<OperationId>, StateError> {
        operations_in(&self.directory, ENDING)
    }

    /// Opens a record; nothing is written. `None`: there is none.
    ///
    /// # Errors
    ///
    /// [`StateError::ReadRecord`]: something is there.
    pub fn open(&self, operation: OperationId) -> Result<Option<OpenedRecord>, StateError> {
        let path = self.path(operation);
        open(&path).map_err(|source| StateError::ReadRecord { path, source })
    }

    /// Removes a record that is [newer](OpenedRecord::Newer) or [broken](OpenedRecord::Broken),
    /// whatever is in it. It may be the value of a token.
    ///
    /// # Errors
    ///
    /// It may still be there.
    pub fn discard(&self, operation: OperationId) -> io::Result<()> {
        discard(&self.path(operation))
    }

    /// Where the record of an operation is, if it is there.
    #[must_use]
    pub fn path(&self, operation: OperationId) -> PathBuf {
        self.directory.join(format!("{operation}{ENDING}"))
    }

    fn make(&self, operation: OperationId) -> io::Result<Journal<RecordFile>> {
        platform::owner_only_directory(&self.directory)?;
        let path = self.path(operation);
        let file = RecordFile::create(&path)?;
        let journal = Journal::reserve(file).inspect_err(|_| {
            let _ = std::fs::remove_file(&path);
        })?;
        sync_directory_of(&path)?;
        Ok(journal)
    }
}

impl PendingRecord {
    /// Appends an entry and has it on disk.
    ///
    /// # Errors
    ///
    /// It is not on disk for certain. The next call writes it again.
    pub fn append(&mut self, entry: &Entry) -> io::Result<()> {
        self.journal.append(entry)
    }

    /// Whether the record can be found under its name, and has this value.
    ///
    /// # Errors
    ///
    /// It cannot be looked at.
    pub fn holds(&mut self, value: &AccessToken) -> io::Result<bool> {
        self.journal.holds(value)
    }

    /// Removes the record: what it held is everywhere it should be, or is of no use.
    ///
    /// # Errors
    ///
    /// It may still be there, and may hold the value.
    pub fn forget(&mut self) -> io::Result<()> {
        self.is_new = false;
        self.journal.forget()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.journal.storage().path()
    }
}

impl Drop for PendingRecord {
    fn drop(&mut self) {
        if self.is_new && self.journal.is_blank() {
            let _ = std::fs::remove_file(self.path());
        }
    }
}

fn open(path: &Path) -> io::Result<Option<OpenedRecord>> {
    let file = match RecordFile::open(path)? {
        None => return Ok(None),
        Some(Err(UnderWay)) => return Ok(Some(OpenedRecord::UnderWay)),
        Some(Ok(file)) => file,
    };
    Ok(Some(match Journal::open(file)? {
        Opened::Open(record, journal) => OpenedRecord::Open(
            record,
            PendingRecord {
                journal,
                is_new: false,
            },
        ),
        Opened::Closed(JournalError::Empty, mut file) => {
            match OwnRecord::of_content(&file.read()?) {
                OwnRecord::Blank => OpenedRecord::Blank(file),
                _ => OpenedRecord::Empty(file),
            }
        }
        Opened::Closed(JournalError::Newer(record), _) => OpenedRecord::Newer(record),
        Opened::Closed(error, _) => OpenedRecord::Broken(error),
        _ => OpenedRecord::Broken(JournalError::Damaged),
    }))
}

#[cfg(test)]
mod tests;
