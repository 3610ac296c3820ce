//! Files, as far as platforms differ: the one module that knows which platform it runs on.
//!
//! What each function gives:
//!
//! | | Unix | Windows |
//! | --- | --- | --- |
//! | [`create_owner_only`], [`append_owner_only`] | mode 0600, whatever the umask | what the directory passes on: in a profile of a user, that user, administrators and the system |
//! | [`owner_only_directory`] | mode 0700, whatever the umask; one that is there is refused if it is another user's, or if others may enter it | as above; one that is there is not checked |
//! | [`check_owner_only`], [`read_owner_only`] | refuses a file of another user, and one that others may read or change | not checked |
//! | [`open_regular`], [`read_regular`], [`open_regular_to_write`] | symbolic links are not followed, a fifo does not block | links and junctions are not followed |
//! | [`lock_within`] | advisory: kept by those who ask | mandatory: others cannot read or write what is locked |
//! | [`is_still_at`], [`is_same_file`] | by device and inode | by time of creation and length: two files can be taken for one |
//! | [`sync_directory_of`] | `fsync` of the directory; some file systems have none ([`DirectorySync::Unsupported`]) | [`DirectorySync::Unsupported`] |
//! | [`Replacement`] | `rename(2)`: whoever opens the file finds the old content or the new one | the same, where nobody has the file open without sharing it |
//!
//! All of them wait for the disk: call them where that keeps nobody else waiting.

mod replacement;

#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

pub use replacement::{Replacement, check_replaceable, sweep_replacements_of};

/// A program that is just being started holds all that is locked here, for a moment: this long a lock
/// is waited for by whoever wants to know whether somebody else is at work.
pub const LOCK_MOMENT: Duration = Duration::from_millis(50);

const LOCK_POLL: Duration = Duration::from_millis(5);

/// Why a file is refused that the system would open. It stands inside an [`io::Error`], and ends a
/// sentence that began with the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileRefusal {
    /// A directory, a fifo, a socket or a device.
    #[error("it is no regular file")]
    NotRegular,
    /// A symbolic link, dangling or not.
    #[error("it is a symbolic link, which is not followed")]
    SymbolicLink,
    /// More than was said to be the longest.
    #[error("it is longer than {longest} bytes")]
    TooLong {
        /// The longest that would have been read.
        longest: u64,
    },
    /// Another user's.
    #[error("it is not a file of yours")]
    NotYours,
    /// Its permissions let other users in.
    #[error("others may read or change it")]
    OpenToOthers,
    /// Something else than a directory, another user's, or one that others may enter.
    #[error("it is not a directory that only you can read")]
    NotOwnerOnlyDirectory,
    /// Its lock was waited for in vain.
    #[error("another program holds it")]
    Held,
}

/// What came of having the names in a directory survive a loss of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum DirectorySync {
    /// They do.
    Synced,
    /// The file system or the platform has no such thing. The content of files is synced all the same.
    Unsupported,
}

/// Opens an existing file to read it: a regular one, not through a symbolic link, no longer than this.
/// Opening does not block, whatever lies there.
///
/// # Errors
///
/// [`io::ErrorKind::NotFound`] if nothing is there; a [`FileRefusal`]; what the system says.
pub fn open_regular(path: &Path, longest: u64) -> io::Result<File> {
    open(OpenOptions::new().read(true), path, longest)
}

/// As [`open_regular`], to write to it too. What is in it stays.
///
/// # Errors
///
/// As [`open_regular`].
pub fn open_regular_to_write(path: &Path, longest: u64) -> io::Result<File> {
    open(OpenOptions::new().read(true).write(true), path, longest)
}

/// The whole of an existing file: a regular one, not through a symbolic link, no longer than this.
///
/// # Errors
///
/// As [`open_regular`], also if it grows meanwhile.
pub fn read_regular(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    read_all(open_regular(path, longest)?, longest)
}

/// As [`read_regular`], of a file that is ours, and that nobody else can read or change.
///
/// # Errors
///
/// As [`read_regular`]; [`FileRefusal::NotYours`], [`FileRefusal::OpenToOthers`].
pub fn read_owner_only(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path, longest)?;
    check_owner_only(&file)?;
    read_all(file, longest)
}

/// Makes a file that only its owner can read, to read and write it. There must be none.
///
/// # Errors
///
/// [`io::ErrorKind::AlreadyExists`] if there is something; what the system says.
pub fn create_owner_only(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    system::for_owner_only(&mut options);
    let file = options.open(path)?;
    system::restrict(&file)?;
    Ok(file)
}

/// Opens a file to append to it, and makes one that only its owner can read where there is none.
///
/// # Errors
///
/// As [`open_regular`], but there is no longest length.
pub fn append_owner_only(path: &Path) -> io::Result<File> {
    match create_owner_only(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    open(OpenOptions::new().read(true).append(true), path, u64::MAX)
}

/// Takes from others what they may do with an open file of ours.
///
/// # Errors
///
/// The system does not let it.
pub fn restrict_to_owner(file: &File) -> io::Result<()> {
    system::restrict(file)
}

/// Makes a directory that only its owner can enter, with those above it, or checks that it is one.
///
/// # Errors
///
/// [`FileRefusal::NotOwnerOnlyDirectory`], with the kind [`io::ErrorKind::PermissionDenied`]; what the
/// system says.
pub fn owner_only_directory(path: &Path) -> io::Result<()> {
    make_directories(path)?;
    let metadata = path.symlink_metadata()?;
    if !metadata.is_dir() || !system::is_own(&metadata) || system::is_open_to_others(&metadata) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            FileRefusal::NotOwnerOnlyDirectory,
        ));
    }
    Ok(())
}

/// Checks that an open file is ours, and that nobody else can read or change it.
///
/// # Errors
///
/// [`FileRefusal::NotYours`], [`FileRefusal::OpenToOthers`].
pub fn check_owner_only(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    if !system::is_own(&metadata) {
        return Err(refusal(FileRefusal::NotYours));
    }
    if system::is_open_to_others(&metadata) {
        return Err(refusal(FileRefusal::OpenToOthers));
    }
    Ok(())
}

/// Locks a file against other processes, and against other [`File`]s of this one, until it is closed.
/// Waits so long at most; `false`: somebody else holds it.
///
/// # Errors
///
/// The file system has no locks, or they fail.
pub fn lock_within(file: &File, limit: Duration) -> io::Result<bool> {
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if began.elapsed() < limit => thread::sleep(LOCK_POLL),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Whether an open file is the one that a path leads to now: it was neither removed nor replaced.
/// Symbolic links are not followed.
///
/// # Errors
///
/// It cannot be told.
pub fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match path.symlink_metadata() {
        Ok(named) => Ok(system::is_same(&own, &named)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether two paths lead to one file or directory now, by whichever names. What is not there is
/// nothing's equal.
///
/// # Errors
///
/// It cannot be told.
pub fn is_same_file(one: &Path, other: &Path) -> io::Result<bool> {
    let metadata = |path: &Path| match path.metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let (one, other) = (metadata(one)?, metadata(other)?);
    Ok(one
        .zip(other)
        .is_some_and(|(one, other)| system::is_same(&one, &other)))
}

/// Has the names in the directory of this file survive a loss of power.
///
/// # Errors
///
/// It failed. That the file system has no such thing is no error.
pub fn sync_directory_of(file: &Path) -> io::Result<DirectorySync> {
    match file.parent() {
        Some(directory) if directory != Path::new("") => system::sync_directory(directory),
        _ => system::sync_directory(Path::new(".")),
    }
}

fn read_all(file: File, longest: u64) -> io::Result<Vec<u8>> {
    // One byte more than there should be: at the end nothing is moved, and no copy is left behind.
    let expected = file.metadata()?.len().min(longest).saturating_add(1);
    let mut content = Vec::with_capacity(usize::try_from(expected).map_err(io::Error::other)?);
    file.take(longest.saturating_add(1))
        .read_to_end(&mut content)?;
    if content.len() as u64 > longest {
        return Err(refusal(FileRefusal::TooLong { longest }));
    }
    Ok(content)
}

fn open(options: &mut OpenOptions, path: &Path, longest: u64) -> io::Result<File> {
    system::not_followed_and_not_blocking(options);
    let file = options.open(path).map_err(|error| {
        if system::is_about_a_link(&error) {
            refusal(FileRefusal::SymbolicLink)
        } else {
            error
        }
    })?;
    let metadata = file.metadata()?;
    check_regular(&metadata)?;
    if metadata.len() > longest {
        return Err(refusal(FileRefusal::TooLong { longest }));
    }
    Ok(file)
}

fn check_regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_symlink() {
        return Err(refusal(FileRefusal::SymbolicLink));
    }
    if !metadata.is_file() {
        return Err(refusal(FileRefusal::NotRegular));
    }
    Ok(())
}

/// From the topmost that is missing downwards: a umask must not lock us out of what was just made.
fn make_directories(path: &Path) -> io::Result<()> {
    let mut made = system::make_directory(path);
    if let Err(error) = &made
        && error.kind() == io::ErrorKind::NotFound
        && let Some(parent) = path.parent().filter(|parent| *parent != Path::new(""))
    {
        make_directories(parent)?;
        made = system::make_directory(path);
    }
    made.or_else(|error| unless_there(error, path))
}

/// Made by another process, or there all along: also where a file system says something else of it.
fn unless_there(error: io::Error, path: &Path) -> io::Result<()> {
    if path.is_dir() { Ok(()) } else { Err(error) }
}

fn refusal(why: FileRefusal) -> io::Error {
    io::Error::other(why)
}

#[cfg(test)]
mod tests;
