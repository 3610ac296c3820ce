//! The file that a record lies on, locked as long as it is open.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use vault_sandbox_core::OperationId;
use vault_sandbox_core::issuance::Storage;

use super::StateError;
use crate::platform::{self, FileRefusal, LOCK_MOMENT};

/// A record is no longer: its value would have to be.
const LONGEST: u64 = 16 * 1024 * 1024;
const TRIES: usize = 8;
/// A file that was just made is held by nobody, or by one who looks at it.
const NEW_LOCK: Duration = Duration::from_secs(2);

/// The file of a record, of an operation or of a run: this process's alone as long as this lives.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    file: File,
}

/// Another process has the file.
pub(super) struct UnderWay;

impl RecordFile {
    /// Makes the file, and locks it.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        for _ in 0..TRIES {
            let mut made = Self {
                file: platform::create_owner_only(path)?,
                path: path.to_owned(),
            };
            if !platform::lock_within(&made.file, NEW_LOCK)? {
                return Err(io::Error::other(FileRefusal::Held));
            }
            // Before it was locked, another process may have taken it for one of a killed run.
            if made.can_be_found()? {
                return Ok(made);
            }
        }
        Err(io::Error::other("another process removes it"))
    }

    /// Opens the file, and locks it. `None`: there is none.
    pub(super) fn open(path: &Path) -> io::Result<Option<Result<Self, UnderWay>>> {
        let file = match platform::open_regular_to_write(path, LONGEST) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !platform::lock_within(&file, LOCK_MOMENT)? {
            return Ok(Some(Err(UnderWay)));
        }
        let mut opened = Self {
            path: path.to_owned(),
            file,
        };
        // Its run may have ended between the two.
        Ok(opened.can_be_found()?.then_some(Ok(opened)))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[cfg(test)]
    pub(super) fn of(path: &Path, file: File) -> Self {
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
        if length > LONGEST {
            return Err(io::Error::other(FileRefusal::TooLong { longest: LONGEST }));
        }
        // All at once: growing would leave copies of a value behind.
        let mut content = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.rewind()?;
        self.file.read_exact(&mut content)?;
        Ok(content)
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset as u64))?;
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// It is the file that its name leads to.
    fn can_be_found(&mut self) -> io::Result<bool> {
        platform::is_still_at(&self.file, &self.path)
    }

    /// The name goes first; the content must not outlive it in a file that somebody linked.
    fn remove(&mut self) -> io::Result<()> {
        std::fs::remove_file(&self.path)?;
        let _ = self.file.set_len(0);
        sync_directory_of(&self.path)
    }
}

/// Has the name of a record survive a loss of power, as far as its file system can.
pub(super) fn sync_directory_of(path: &Path) -> io::Result<()> {
    platform::sync_directory_of(path).map(|_| ())
}

/// Removes a record that cannot be gone on with, whatever is in it.
pub(super) fn discard(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)?;
    sync_directory_of(path)
}

/// The operations that files of a directory are named after, in the order of their names. Only a
/// directory that is not there has none without being looked at.
pub(super) fn operations_in(
    directory: &Path,
    ending: &str,
) -> Result<Vec<OperationId>, StateError> {
    let failed = |source: io::Error| StateError::ListRecords {
        directory: directory.to_owned(),
        source,
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
