//! The file of one record: what reads return, and what is certain to survive a loss of power.

use std::cell::OnceCell;

use vault_sandbox_core::issuance::{FILLER, JournalError, Record};

use super::choices::Choices;

/// How an append or a removal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Well.
    Well,
    /// With an error.
    Failed,
    /// Not at all: the run was ended in the middle of it.
    Crashed,
}

/// The disk, as far as one record goes.
#[derive(Debug)]
pub struct Disk {
    file: Option<File>,
    /// Removed, but a loss of power may bring it back.
    ghost: Option<File>,
    flaw: Option<Flaw>,
}

/// What a careless driver does with a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Appends after a line that could not be synced, without writing that one again.
    Holes,
    /// Goes on with a record without erasing what stands behind its intact part.
    StaleLines,
}

#[derive(Debug, Clone, Default)]
struct File {
    seen: Image,
    safe: Image,
    written: usize,
}

/// Bytes, and what they say: read once, because invariants ask after every step.
#[derive(Debug, Clone, Default)]
struct Image {
    bytes: Vec<u8>,
    record: OnceCell<Result<Record, JournalError>>,
}

impl Disk {
    /// With space reserved, and nothing written.
    #[must_use]
    pub fn reserved(flaw: Option<Flaw>) -> Self {
        Self {
            file: Some(File::default()),
            ghost: None,
            flaw,
        }
    }

    /// Writes and syncs a line.
    pub fn append(&mut self, line: &[u8], choices: &mut Choices) -> Done {
        let pick = choices.fault(8);
        let Some(file) = &mut self.file else {
            return Done::Failed;
        };
        let at = file.written;
        match pick {
            0 => {
                file.seen.put(at, line);
                file.written += line.len();
                if self.flaw == Some(Flaw::Holes) {
                    file.safe.put(at, line);
                } else {
                    file.safe.clone_from(&file.seen);
                }
                Done::Well
            }
            // Before anything was written.
            1 => Done::Crashed,
            // The disk is full or broken: nothing, or half of it, was written.
            2 => Done::Failed,
            3 => {
                file.seen.put(at, &line[..line.len() / 2]);
                Done::Failed
            }
            // Written, but not synced: whether it stays, nobody knows.
            4 => {
                file.seen.put(at, line);
                file.written += line.len();
                Done::Failed
            }
            // Torn: a few bytes, half of it, all but the line feed.
            torn => {
                let length = [1, line.len() / 2, line.len() - 1][torn - 5];
                file.seen.put(at, &line[..length]);
                file.safe.put(at, &line[..length]);
                Done::Crashed
            }
        }
    }

    /// Removes the file and syncs its directory.
    pub fn remove(&mut self, choices: &mut Choices) -> Done {
        let pick = choices.fault(6);
        match pick {
            0 => {
                self.file = None;
                Done::Well
            }
            1 => Done::Crashed,
            2 => Done::Failed,
            // Removed, but the directory is not synced.
            3 | 4 => {
                self.ghost = self.file.take();
                if pick == 3 {
                    Done::Failed
                } else {
                    Done::Crashed
                }
            }
            _ => {
                self.file = None;
                Done::Crashed
            }
        }
    }

    /// The run ends at once; the power may go with it.
    pub fn crash(&mut self, choices: &mut Choices) {
        if let Some(mut ghost) = self.ghost.take() {
            match choices.free(3) {
                0 => {}
                1 => self.file = Some(ghost),
                // It was emptied after its name was removed.
                _ => {
                    ghost = File::default();
                    self.file = Some(ghost);
                }
            }
        }
        if let Some(file) = &mut self.file
            && file.seen.bytes != file.safe.bytes
        {
            match choices.free(2) {
                0 => file.safe.clone_from(&file.seen),
                _ => file.seen.clone_from(&file.safe),
            }
        }
    }

    /// The record as the next run finds it, to go on writing after its intact part. `None`: there is
    /// no file.
    pub fn open(&mut self) -> Option<Result<Record, JournalError>> {
        let file = self.file.as_mut()?;
        let record = file.seen.read().clone();
        if let Ok(record) = &record {
            file.written = record.intact;
            if self.flaw != Some(Flaw::StaleLines) {
                file.seen.erase_from(record.intact);
                file.safe.erase_from(record.intact);
            }
        }
        Some(record)
    }

    /// What the file says now.
    #[must_use]
    pub fn seen(&self) -> Option<&Record> {
        self.file.as_ref()?.seen.read().as_ref().ok()
    }

    /// What it would say after a loss of power at this moment, at worst.
    #[must_use]
    pub fn safe(&self) -> Option<&Record> {
        self.file.as_ref()?.safe.read().as_ref().ok()
    }

    /// Whether there is a file.
    #[must_use]
    pub fn has_file(&self) -> bool {
        self.file.is_some()
    }
}

impl Image {
    fn put(&mut self, at: usize, what: &[u8]) {
        let end = at + what.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, FILLER);
        }
        self.bytes[at..end].copy_from_slice(what);
        self.record.take();
    }

    fn erase_from(&mut self, end: usize) {
        // The last line feed may be reserved space: then there is nothing behind it.
        self.bytes.truncate(end);
    }

    fn read(&self) -> &Result<Record, JournalError> {
        self.record.get_or_init(|| {
            // Reserved space follows what was written.
            let mut journal = self.bytes.clone();
            journal.push(FILLER);
            Record::read(&journal)
        })
    }
}
