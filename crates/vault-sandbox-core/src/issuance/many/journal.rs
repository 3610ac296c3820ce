//! Writing the record of a run, over whatever it lies on.

use serde::Serialize;

use super::error::RunError;
use super::plan::RunPlan;
use super::record::{RunFact, RunRecord};
use crate::issuance::journal::Storage;

/// The record of a run, being written.
///
/// Lines that come together are best written together: each [`append`](Self::append) waits for the disk
/// once. A line that a crash or an error tore is closed off before the next one, which must not be taken
/// for the rest of it.
#[derive(Debug)]
pub struct RunJournal<S> {
    storage: S,
    /// Where the next line goes. `None`: what was last written may not be there as a whole.
    end: Option<usize>,
}

/// What lies on a storage.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunOpened<S> {
    /// A run that can be gone on with.
    Open(Box<RunRecord>, RunJournal<S>),
    /// No such record; the storage is as it was.
    Closed(RunError, S),
}

impl<S: Storage> RunJournal<S> {
    /// Writes the plan on an empty storage, and has it on disk.
    ///
    /// # Errors
    ///
    /// It is not on disk for certain: nothing may be begun.
    pub fn begin(mut storage: S, plan: &RunPlan) -> Result<Self, S::Error> {
        let line = to_line(&plan.line());
        storage.write_at(0, &line)?;
        storage.sync()?;
        Ok(Self {
            storage,
            end: Some(line.len()),
        })
    }

    /// Reads what lies on a storage; nothing is written.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn open(mut storage: S) -> Result<RunOpened<S>, S::Error> {
        let content = storage.read()?;
        Ok(match RunRecord::read(&content) {
            Ok(record) => RunOpened::Open(Box::new(record), Self { storage, end: None }),
            Err(error) => RunOpened::Closed(error, storage),
        })
    }

    /// Appends facts and has them on disk.
    ///
    /// # Errors
    ///
    /// None of them is on disk for certain.
    pub fn append(&mut self, facts: &[RunFact]) -> Result<(), S::Error> {
        let mut lines = Vec::new();
        let end = match self.end.take() {
            Some(end) => end,
            None => {
                let content = self.storage.read()?;
                if !content.ends_with(b"\n") {
                    lines.push(b'\n');
                }
                content.len()
            }
        };
        for fact in facts {
            lines.extend(to_line(&fact.line()));
        }
        self.storage.write_at(end, &lines)?;
        self.storage.sync()?;
        self.end = Some(end + lines.len());
        Ok(())
    }

    /// Removes the record: nothing is left that the run may ask for.
    ///
    /// # Errors
    ///
    /// It may still be there.
    pub fn close(mut self) -> Result<(), S::Error> {
        self.storage.remove()
    }

    /// What it lies on.
    #[must_use]
    pub fn storage(&self) -> &S {
        &self.storage
    }
}

fn to_line(line: &impl Serialize) -> Vec<u8> {
    // Structs of strings and lists: writing them as JSON cannot fail.
    let mut line = serde_json::to_vec(line).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests;
