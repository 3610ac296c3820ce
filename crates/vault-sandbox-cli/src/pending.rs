//! The pending record: what an operation leaves on disk while it is under way, and after a crash.
//!
//! One file per operation, `pending/{operation}.journal` in the state directory. What is written into
//! it, and in which order, is core's [`Journal`]; this module knows files only.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use vault_sandbox_core::issuance::{
    Entry, Journal, JournalError, NewerRecord, Opened as OpenedJournal, Record, Storage,
};
use vault_sandbox_core::{AccessToken, OperationId};

use crate::hygiene;
use crate::lock;
use crate::problem::Problem;

/// A record is no longer: its value would have to be.
const LONGEST: u64 = 16 * 1024 * 1024;
const ENDING: &str = ".journal";
const TRIES: usize = 8;

/// The records of one state directory.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    directory: PathBuf,
}

/// The record of one operation, locked for as long as this lives.
#[derive(Debug)]
pub(crate) struct PendingRecord {
    journal: Journal<RecordFile>,
    /// It was reserved here: if nothing is written into it, it goes with this.
    is_new: bool,
}

/// The file that a record of an operation, or of a run, lies on. Locked, as long as it is open.
#[derive(Debug)]
pub(crate) struct RecordFile {
    path: PathBuf,
    file: File,
}

/// What was found under a name.
pub(crate) enum Opened {
    /// Another run has it.
    UnderWay,
    /// Its run ended before anything was asked: it can be removed.
    Nothing(RecordFile),
    /// It can be gone on with.
    Open(Box<Record>, PendingRecord),
    /// A newer version wrote it.
    Newer(Box<NewerRecord>),
    /// It cannot be read.
    Broken(JournalError),
}

impl Pending {
    /// The records of a state directory, which need not exist yet.
    pub(crate) fn new(state_dir: &Path) -> Self {
        Self {
            directory: state_dir.join("pending"),
        }
    }

    /// Reserves space for a new record.
    pub(crate) fn reserve(&self, operation: OperationId) -> Result<PendingRecord, Problem> {
        let failed = |error: io::Error| {
            Problem::destination(format!(
                "The record of this operation cannot be written to {}: {error}.",
                self.directory.display()
            ))
            .now("Without a record a token could be lost, so none was asked for.")
        };
        hygiene::private_directory(&self.directory).map_err(failed)?;
        let file = RecordFile::create(&self.path(operation)).map_err(failed)?;
        let path = file.path.clone();
        let journal = Journal::reserve(file).map_err(|error| {
            let _ = std::fs::remove_file(&path);
            failed(error)
        })?;
        sync_directory_of(&path).map_err(failed)?;
        Ok(PendingRecord {
            journal,
            is_new: true,
        })
    }

    /// The operations that have a record, in the order of their names.
    pub(crate) fn operations(&self) -> Result<Vec<OperationId>, Problem> {
        operations_in(&self.directory, ENDING)
    }

    /// Opens a record; nothing is written. `None`: there is none.
    pub(crate) fn open(&self, operation: OperationId) -> Result<Option<Opened>, Problem> {
        let path = self.path(operation);
        let failed = |error: io::Error| {
            Problem::destination(format!("{} cannot be read: {error}.", path.display()))
        };
        let file = match RecordFile::open(&path).map_err(failed)? {
            None => return Ok(None),
            Some(Err(UnderWay)) => return Ok(Some(Opened::UnderWay)),
            Some(Ok(file)) => file,
        };
        Ok(Some(match Journal::open(file).map_err(failed)? {
            OpenedJournal::Open(record, journal) => Opened::Open(
                record,
                PendingRecord {
                    journal,
                    is_new: false,
                },
            ),
            OpenedJournal::Closed(JournalError::Empty, file) => Opened::Nothing(file),
            OpenedJournal::Closed(JournalError::Newer(record), _) => Opened::Newer(record),
            OpenedJournal::Closed(error, _) => Opened::Broken(error),
            _ => Opened::Broken(JournalError::Damaged),
        }))
    }

    pub(crate) fn path(&self, operation: OperationId) -> PathBuf {
        self.directory.join(format!("{operation}{ENDING}"))
    }
}

impl PendingRecord {
    /// Appends an entry and has it on disk.
    pub(crate) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        self.journal.append(entry)
    }

    /// Whether the record can be found, and has this value.
    pub(crate) fn holds(&mut self, value: &AccessToken) -> io::Result<bool> {
        self.journal.holds(value)
    }

    /// Removes the record: what it held is everywhere it should be, or is of no use.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        self.is_new = false;
        self.journal.forget()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.journal.storage().path
    }
}

impl Drop for PendingRecord {
    fn drop(&mut self) {
        if self.is_new && self.journal.is_blank() {
            let _ = std::fs::remove_file(self.path());
        }
    }
}

/// Another process has the file.
pub(crate) struct UnderWay;

impl RecordFile {
    /// Makes the file, and locks it.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        for _ in 0..TRIES {
            let mut made = Self {
                file: options.open(path)?,
                path: path.to_owned(),
            };
            flock(&made.file, FlockOperation::LockExclusive)?;
            // Before it was locked, another process may have taken it for one of a killed run.
            if made.can_be_found()? {
                return Ok(made);
            }
        }
        Err(io::Error::other("another process removes it"))
    }

    /// Opens the file, and locks it. `None`: there is none.
    pub(crate) fn open(path: &Path) -> io::Result<Option<Result<Self, UnderWay>>> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(flags);
        let file = match options.open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        if !lock::within(&file, lock::MOMENT)? {
            return Ok(Some(Err(UnderWay)));
        }
        let mut opened = Self {
            path: path.to_owned(),
            file,
        };
        // Its run may have ended between the two.
        Ok(opened.can_be_found()?.then_some(Ok(opened)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    #[cfg(test)]
    pub(crate) fn of(path: &Path, file: File) -> Self {
        Self {
            path: path.to_owned(),
            file,
        }
    }
}

impl Storage for RecordFile {
    type Error = io::Error;

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let length = self.file.metadata()?.len();
        let length = usize::try_from(length).ok().filter(|_| length <= LONGEST);
        let length = length.ok_or_else(|| io::Error::other("it is too long to be a record"))?;
        let mut content = vec![0; length];
        self.file.read_exact_at(&mut content, 0)?;
        Ok(content)
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset as u64)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// It is the file that its name leads to.
    fn can_be_found(&mut self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match self.path.symlink_metadata() {
            Ok(named) => Ok((named.dev(), named.ino()) == (own.dev(), own.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The name goes first; the content must not outlive it in a file that somebody linked.
    fn remove(&mut self) -> io::Result<()> {
        std::fs::remove_file(&self.path)?;
        let _ = self.file.set_len(0);
        sync_directory_of(&self.path)
    }
}

/// The operations that files of a directory are named after, in the order of their names. Only a
/// directory that is not there has none without being looked at.
pub(crate) fn operations_in(directory: &Path, ending: &str) -> Result<Vec<OperationId>, Problem> {
    let failed = |error: io::Error| {
        Problem::destination(format!(
            "What is open in {} cannot be listed: {error}.",
            directory.display()
        ))
    };
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut operations = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(ending));
        operations.extend(stem.and_then(|stem| stem.parse::<OperationId>().ok()));
    }
    operations.sort_unstable();
    Ok(operations)
}

pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
