//! The pending record: what an operation leaves on disk while it is under way, and after a crash.
//!
//! One file per operation, `pending/{operation}.journal` in the state directory. Its space is
//! written and synced before anything is asked of Vault, so that a full disk is found then, and not
//! when there is a value to keep. The lines in it are [`Entry`]'s; this module knows files only.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use vault_sandbox_core::OperationId;
use vault_sandbox_core::issuance::{Entry, FILLER, JournalError, Record};

use crate::problem::Problem;

/// Room for the intent, a value of ten kilobytes however it is written, and the marks.
const RESERVED: usize = 96 * 1024;
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
    path: PathBuf,
    file: File,
    written: usize,
    /// Nothing was persisted, or everything was delivered: the file goes when this does.
    disposable: bool,
}

/// What was found under a name.
pub(crate) enum Opened {
    /// Another run has it.
    UnderWay,
    /// It ended before anything was asked; nothing is to be done.
    Nothing,
    /// It can be gone on with.
    Open(Box<Record>, PendingRecord),
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
        let path = self.path(operation);
        let failed = |error: io::Error| {
            Problem::destination(format!(
                "The record of this operation cannot be written to {}: {error}.",
                self.directory.display()
            ))
            .now("Without a record a token could be lost, so none was asked for.")
        };
        self.make_directory().map_err(failed)?;
        for _ in 0..TRIES {
            let record = PendingRecord {
                file: OpenOptions::new()
                    .read(true)
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)
                    .map_err(failed)?,
                path: path.clone(),
                written: 0,
                disposable: true,
            };
            flock(&record.file, FlockOperation::LockExclusive).map_err(|e| failed(e.into()))?;
            // Before it was locked, `token recover` may have taken it for one of a killed run.
            if is_named(&record.file).map_err(failed)? {
                record.fill().map_err(failed)?;
                return Ok(record);
            }
        }
        Err(failed(io::Error::other("another process removes it")))
    }

    /// The operations that have a record, oldest name first.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        let Ok(entries) = std::fs::read_dir(&self.directory) else {
            return Vec::new();
        };
        let mut operations: Vec<_> = entries
            .filter_map(|entry| {
                entry
                    .ok()?
                    .file_name()
                    .to_str()?
                    .strip_suffix(ENDING)?
                    .parse()
                    .ok()
            })
            .collect();
        operations.sort_unstable();
        operations
    }

    /// Opens a record to go on with it. `None`: there is none.
    pub(crate) fn open(&self, operation: OperationId) -> Result<Option<Opened>, Problem> {
        let path = self.path(operation);
        let failed = |error: io::Error| {
            Problem::destination(format!("{} cannot be read: {error}.", path.display()))
        };
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(Some(Opened::UnderWay));
        }
        // Its run may have ended between the two.
        if !is_named(&file).map_err(failed)? {
            return Ok(None);
        }
        let mut journal =
            vec![0; usize::try_from(file.metadata().map_err(failed)?.len()).unwrap_or(0)];
        file.read_exact_at(&mut journal, 0).map_err(failed)?;
        match Record::read(&journal) {
            Ok(record) => {
                let written = record.intact;
                let opened = PendingRecord {
                    path,
                    file,
                    written,
                    disposable: false,
                };
                Ok(Some(Opened::Open(Box::new(record), opened)))
            }
            Err(JournalError::Empty) => {
                // Dropping it removes it: its run was killed before it asked for anything.
                drop(PendingRecord {
                    path,
                    file,
                    written: 0,
                    disposable: true,
                });
                Ok(Some(Opened::Nothing))
            }
            Err(error) => Ok(Some(Opened::Broken(error))),
        }
    }

    pub(crate) fn path(&self, operation: OperationId) -> PathBuf {
        self.directory.join(format!("{operation}{ENDING}"))
    }

    fn make_directory(&self) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        let metadata = std::fs::symlink_metadata(&self.directory)?;
        let ours = metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw();
        if !ours || metadata.mode() & 0o077 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it is not a directory that only you can read",
            ));
        }
        Ok(())
    }
}

impl PendingRecord {
    /// Appends an entry and has it on disk.
    pub(crate) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let line = entry.to_line();
        self.file
            .write_all_at(line.as_bytes(), self.written as u64)?;
        // Written, if perhaps not for ever: what comes next must not overwrite it.
        self.written += line.len();
        self.disposable = false;
        self.file.sync_data()
    }

    /// Removes the record: what it held is everywhere it should be, or is of no use.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        // The name goes first; the content must not outlive it in a file that somebody linked.
        std::fs::remove_file(&self.path)?;
        self.disposable = false;
        let _ = self.file.set_len(0);
        sync_directory_of(&self.path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Real bytes rather than a hole or a promise: file systems keep those.
    fn fill(&self) -> io::Result<()> {
        self.file.write_all_at(&vec![FILLER; RESERVED], 0)?;
        self.file.sync_all()?;
        sync_directory_of(&self.path)
    }
}

impl Drop for PendingRecord {
    fn drop(&mut self) {
        if self.disposable {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn is_named(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.nlink() > 0)
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
