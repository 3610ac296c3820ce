//! Replacing a file as a whole, in its own directory.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{
    DirectorySync, FileRefusal, LOCK_MOMENT, check_regular, create_owner_only, is_still_at,
    lock_within, open_regular, sync_directory_of,
};

const TEMPORARY: &str = ".tmp";
const RANDOM: usize = 16;
/// A name at the file system's limit of 255 bytes would not fit with anything added.
const LONGEST_NAME: usize = 200;
const TRIES: usize = 8;

/// New content for a file, beside it until it takes its place.
///
/// It is made for files in a directory of our own: where others may change the directory, its name can
/// come to lead somewhere else meanwhile. Dropped before it is [committed](Self::commit), it is removed;
/// what a crash leaves, [`sweep_replacements_of`] finds.
#[derive(Debug)]
pub struct Replacement {
    target: PathBuf,
    temporary: PathBuf,
    file: File,
    is_committed: bool,
}

impl Replacement {
    /// Makes an empty file beside the target, which only its owner can read.
    ///
    /// # Errors
    ///
    /// The target is something that cannot be replaced; no file can be made in its directory.
    pub fn beside(target: &Path) -> io::Result<Self> {
        check_replaceable(target)?;
        let name = target
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        for _ in 0..TRIES {
            let temporary = target.with_file_name(temporary_name(name));
            let file = match create_owner_only(&temporary) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            // Where there are no locks, nothing is swept either.
            let _ = lock_within(&file, LOCK_MOMENT);
            // Before it was locked, another process may have swept it.
            if is_still_at(&file, &temporary)? {
                return Ok(Self {
                    target: target.to_owned(),
                    temporary,
                    file,
                    is_committed: false,
                });
            }
        }
        Err(io::Error::other("another process removes it"))
    }

    /// Has room for so many bytes on disk: it cannot be full when they come.
    ///
    /// # Errors
    ///
    /// There is no room.
    pub fn reserve(&mut self, room: usize) -> io::Result<()> {
        self.file.write_all(&vec![b'\n'; room])?;
        self.file.sync_all()
    }

    /// Makes the file hold exactly this, has it on disk, and puts it in the target's place. Where the
    /// directory cannot be synced, the target may be the old one after a loss of power, and is whole.
    ///
    /// # Errors
    ///
    /// Nothing took the target's place; or, if syncing the directory failed, it did, but may not
    /// survive a loss of power.
    pub fn commit(mut self, content: &[u8]) -> io::Result<DirectorySync> {
        self.file.rewind()?;
        self.file.write_all(content)?;
        self.file.set_len(content.len() as u64)?;
        self.file.sync_all()?;
        check_replaceable(&self.target)?;
        std::fs::rename(&self.temporary, &self.target)?;
        self.is_committed = true;
        sync_directory_of(&self.target)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.is_committed {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Checks that a path leads to nothing, or to a regular file. Anything else would be destroyed.
///
/// # Errors
///
/// A [`FileRefusal`](super::FileRefusal); what the system says.
pub fn check_replaceable(target: &Path) -> io::Result<()> {
    match target.symlink_metadata() {
        Ok(metadata) => check_regular(&metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes what processes that were killed left beside a target. It may hold what was to be kept. What
/// a process still works on stays. How many were removed.
///
/// # Errors
///
/// The directory cannot be looked at, or one of them cannot be removed.
pub fn sweep_replacements_of(target: &Path) -> io::Result<usize> {
    let (Some(directory), Some(name)) = (target.parent(), target.file_name()) else {
        return Ok(0);
    };
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let prefix = prefix_of(name);
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        if is_temporary(&entry.file_name(), &prefix) && sweep_one(&entry.path())? {
            removed += 1;
        }
    }
    Ok(removed)
}

/// A temporary belongs to a process for as long as that holds its lock.
fn sweep_one(path: &Path) -> io::Result<bool> {
    let gone = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Ok(false),
        _ => Err(error),
    };
    let file = match open_regular(path, u64::MAX) {
        Ok(file) => file,
        // Something else has the name: it is none of ours.
        Err(error) if is_refusal(&error) => return Ok(false),
        Err(error) => return gone(error),
    };
    if !lock_within(&file, Duration::ZERO)? {
        return Ok(false);
    }
    std::fs::remove_file(path).map_or_else(gone, |()| Ok(true))
}

fn is_refusal(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<FileRefusal>())
}

fn is_temporary(name: &OsStr, prefix: &OsStr) -> bool {
    let rest = name
        .as_encoded_bytes()
        .strip_prefix(prefix.as_encoded_bytes());
    let random = rest.and_then(|rest| rest.strip_suffix(TEMPORARY.as_bytes()));
    random.is_some_and(|random| random.len() == RANDOM && random.iter().all(u8::is_ascii_hexdigit))
}

fn temporary_name(name: &OsStr) -> OsString {
    // Seeded by the system, and never the same twice. Nobody else writes here: it need not be secret.
    let random = RandomState::new().build_hasher().finish();
    let mut temporary = prefix_of(name);
    temporary.push(format!("{random:016x}{TEMPORARY}"));
    temporary
}

fn prefix_of(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    if name.len() <= LONGEST_NAME {
        prefix.push(name);
    }
    prefix.push(".");
    prefix
}
