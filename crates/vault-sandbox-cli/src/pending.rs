//! The pending record: what an operation leaves on disk while it is under way, and after a crash.
//!
//! One file per operation, `pending/{operation}.journal` in the state directory. Its space is
//! written and synced before anything is asked of Vault, so that a full disk is found then, and not
//! when there is a value to keep. The lines in it are [`Entry`]'s; this module knows files only.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use vault_sandbox_core::OperationId;
use vault_sandbox_core::issuance::{Entry, FILLER, JournalError, Record};

use crate::hygiene;
use crate::lock;
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
    /// How much of it is on disk for certain; then, what was written since.
    synced: usize,
    unsynced: Vec<u8>,
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
        hygiene::private_directory(&self.directory).map_err(failed)?;
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
                synced: 0,
                unsynced: Vec::new(),
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
        if !lock::within(&file, lock::MOMENT).map_err(failed)? {
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
                erase_after(&file, &journal, record.intact).map_err(failed)?;
                let opened = PendingRecord {
                    path,
                    file,
                    synced: record.intact,
                    unsynced: Vec::new(),
                    disposable: false,
                };
                Ok(Some(Opened::Open(Box::new(record), opened)))
            }
            Err(JournalError::Empty) => {
                // Dropping it removes it: its run was killed before it asked for anything.
                drop(PendingRecord {
                    path,
                    file,
                    synced: 0,
                    unsynced: Vec::new(),
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
}

impl PendingRecord {
    /// Appends an entry and has it on disk.
    ///
    /// What an earlier call wrote but could not sync is written again: a line must not come to stand
    /// behind one that the disk forgets.
    pub(crate) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let line = entry.to_line();
        let pending = [self.unsynced.as_slice(), line.as_bytes()].concat();
        self.file.write_all_at(&pending, self.synced as u64)?;
        self.disposable = false;
        self.unsynced = pending;
        self.file.sync_data()?;
        self.synced += self.unsynced.len();
        self.unsynced.clear();
        Ok(())
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

/// What follows the intact lines was never said: a line of it must not be taken for one, once it
/// comes to stand behind a new one.
fn erase_after(file: &File, journal: &[u8], intact: usize) -> io::Result<()> {
    let rest = journal.get(intact..).unwrap_or_default();
    if rest.iter().all(|byte| *byte == FILLER) {
        return Ok(());
    }
    file.write_all_at(&vec![FILLER; rest.len()], intact as u64)?;
    file.sync_data()
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use vault_sandbox_core::endpoints::Encoding;
    use vault_sandbox_core::issuance::{Intent, Order, VerifyRule};
    use vault_sandbox_core::{ApiVersion, Expiry};

    use super::*;

    fn intent(operation: OperationId) -> Entry {
        Entry::Intent(Intent {
            operation,
            started: "2026-11-23T18:04:11Z".parse().unwrap(),
            vault: "veepharm.veevavault.com".parse().unwrap(),
            vault_id: None,
            api_version: ApiVersion::V26_2,
            sandbox: "VeePharm Sandbox".parse().unwrap(),
            sandbox_dns: None,
            name: "ci".parse().unwrap(),
            expiry: Expiry::never(),
            encoding: Encoding::Form,
            destinations: vec!["-".to_owned()],
            verify: VerifyRule::Never,
            order: Order::DeliverFirst,
            replaces: None,
        })
    }

    #[test]
    fn what_follows_a_torn_line_is_erased_before_anything_is_added() {
        let directory = tempfile::tempdir().unwrap();
        let pending = Pending::new(directory.path());
        let operation = OperationId::from_bytes([1, 2, 3, 4]);
        let mut record = pending.reserve(operation).unwrap();
        record.append(&intent(operation)).unwrap();
        let intact = record.synced as u64;
        let stale = Entry::Lost(vec!["STALE".parse().unwrap()]).to_line();
        // As a crash leaves it: a torn line, and behind it one that a lost write had overtaken.
        record.file.write_all_at(b"torn\n", intact).unwrap();
        record
            .file
            .write_all_at(stale.as_bytes(), intact + 5)
            .unwrap();
        drop(record);

        let Some(Opened::Open(read, mut record)) = pending.open(operation).unwrap() else {
            panic!("it is open");
        };
        assert!(read.lost.is_empty());
        let journal = std::fs::read(record.path()).unwrap();
        assert!(!String::from_utf8_lossy(&journal).contains("STALE"));
        record
            .append(&Entry::Lost(vec!["NEW".parse().unwrap()]))
            .unwrap();
        let read = Record::read(&std::fs::read(record.path()).unwrap()).unwrap();
        assert_eq!(read.lost.len(), 1);
    }
}
