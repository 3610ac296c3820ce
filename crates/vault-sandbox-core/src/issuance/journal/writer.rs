//! Writing a record, over whatever it lies on.

use std::fmt;

use secrecy::zeroize::Zeroizing;

use super::lines::FILLER;
use super::record::{Entry, JournalError, Record};
use crate::types::AccessToken;

/// Bytes that are reserved for a record: room for the intent, a value of ten kilobytes however it is
/// written, and the marks.
pub const RESERVED: usize = 96 * 1024;

/// What one record lies on: a file, as a rule. [`Journal`] knows the order in which to call it.
///
/// It has to be one record's alone for as long as the journal lives: locked, where others can reach it.
pub trait Storage {
    /// Why it cannot.
    type Error;

    /// The whole content, as it is now.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    fn read(&mut self) -> Result<Vec<u8>, Self::Error>;

    /// Writes bytes at an offset, over what is there; the content grows if it has to.
    ///
    /// # Errors
    ///
    /// Not everything was written. What is there then may be a part of it.
    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Has everything that was written survive a loss of power.
    ///
    /// # Errors
    ///
    /// It may not survive one.
    fn sync(&mut self) -> Result<(), Self::Error>;

    /// Whether what is written here would be found by whoever looks for the record: a file that was
    /// removed takes writes that nobody will ever read.
    ///
    /// # Errors
    ///
    /// It cannot be told.
    fn can_be_found(&mut self) -> Result<bool, Self::Error>;

    /// Removes the record and its content for good, also after a loss of power.
    ///
    /// # Errors
    ///
    /// It may still be there.
    fn remove(&mut self) -> Result<(), Self::Error>;
}

/// The record of one operation, being written.
///
/// What a driver of an [`Issuance`](crate::issuance::Issuance) need not know, because it is done here:
///
/// - space is reserved and synced before anything is asked of Vault, so that a full disk is found
///   then, and not when there is a value to keep;
/// - a line that was written but could not be synced is written again with the next one: a line must
///   not come to stand behind one that the disk forgets;
/// - what stands behind the intact lines is erased before the first line that is added, and not
///   before: a line of it must not be taken for one once it stands behind a new one, and looking at a
///   record changes nothing in it.
pub struct Journal<S> {
    storage: S,
    /// How much of it is on disk for certain.
    synced: usize,
    /// What was written since. May hold the value.
    unsynced: Zeroizing<Vec<u8>>,
    /// How far what is not intact reaches.
    stale: usize,
}

/// What lies on a storage.
#[derive(Debug)]
#[non_exhaustive]
pub enum Opened<S> {
    /// A record that can be gone on with.
    Open(Box<Record>, Journal<S>),
    /// No such record; the storage is as it was.
    Closed(JournalError, S),
}

impl<S: Storage> Journal<S> {
    /// A new record on an empty storage, with space for everything that will be written.
    ///
    /// # Errors
    ///
    /// There is no space, or it is not there for certain.
    pub fn reserve(mut storage: S) -> Result<Self, S::Error> {
        storage.write_at(0, &[FILLER; RESERVED])?;
        storage.sync()?;
        Ok(Self::at(storage, 0, 0))
    }

    /// Reads what lies on a storage; nothing is written.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn open(mut storage: S) -> Result<Opened<S>, S::Error> {
        let content = Zeroizing::new(storage.read()?);
        Ok(match Record::read(&content) {
            Ok(record) => {
                let stale = stale(&content, record.intact);
                let journal = Self::at(storage, record.intact, stale);
                Opened::Open(Box::new(record), journal)
            }
            Err(error) => Opened::Closed(error, storage),
        })
    }

    /// Appends an entry and has it on disk.
    ///
    /// # Errors
    ///
    /// It is not on disk for certain. The next call writes it again.
    pub fn append(&mut self, entry: &Entry) -> Result<(), S::Error> {
        self.erase_what_is_stale()?;
        let line = entry.to_line();
        let pending = Zeroizing::new([self.unsynced.as_slice(), line.as_bytes()].concat());
        self.storage.write_at(self.synced, &pending)?;
        self.unsynced = pending;
        self.storage.sync()?;
        self.synced += self.unsynced.len();
        self.unsynced = Zeroizing::default();
        Ok(())
    }

    /// Whether the record can be found under its name, and holds this value: for
    /// [`Step::Confirm`](crate::issuance::Step::Confirm).
    ///
    /// # Errors
    ///
    /// It cannot be looked at.
    pub fn holds(&mut self, value: &AccessToken) -> Result<bool, S::Error> {
        if !self.storage.can_be_found()? {
            return Ok(false);
        }
        let content = Zeroizing::new(self.storage.read()?);
        let kept = Record::read(&content).ok().and_then(|record| record.token);
        Ok(kept.is_some_and(|kept| kept.value().expose() == value.expose()))
    }

    /// Removes the record: what it held is everywhere it should be, or is of no use.
    ///
    /// # Errors
    ///
    /// It may still be there, and may hold the value.
    pub fn forget(&mut self) -> Result<(), S::Error> {
        self.storage.remove()
    }

    /// Whether nothing was written but reserved space: such a record can go without a word.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.synced == 0 && self.unsynced.is_empty()
    }

    /// What it lies on.
    #[must_use]
    pub fn storage(&self) -> &S {
        &self.storage
    }

    fn at(storage: S, synced: usize, stale: usize) -> Self {
        Self {
            storage,
            synced,
            unsynced: Zeroizing::default(),
            stale,
        }
    }

    fn erase_what_is_stale(&mut self) -> Result<(), S::Error> {
        let length = self.stale.saturating_sub(self.synced);
        if length > 0 {
            self.storage.write_at(self.synced, &vec![FILLER; length])?;
            self.storage.sync()?;
        }
        self.stale = 0;
        Ok(())
    }
}

/// How far what stands behind the intact part reaches; reserved space does not count.
fn stale(content: &[u8], intact: usize) -> usize {
    let end = content.iter().rposition(|byte| *byte != FILLER);
    end.map_or(0, |last| last + 1).max(intact)
}

impl<S> fmt::Debug for Journal<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("synced", &self.synced)
            .field("unsynced", &self.unsynced.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
