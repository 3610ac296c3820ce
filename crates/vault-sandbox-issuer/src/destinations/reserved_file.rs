//! A file that takes a value: whole or not at all.
//!
//! The target is never opened for writing. A temporary beside it is filled beforehand, so that the
//! disk cannot be full when the value arrives; then it is overwritten, synced and renamed, and read
//! back.

mod lock;
mod parent;
mod sweep;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{
    AtFlags, FlockOperation, Gid, Mode, OFlags, Uid, fchmod, fchown, flock, fstat, openat,
    renameat, unlinkat,
};

use rustix::process::{getegid, geteuid};

use super::{DestinationError, Identity, Reason, Round};
pub(super) use lock::Lock;
use parent::{Parent, target};
pub use sweep::sweep;

/// Room for the value. A longer one is not one of Vault's; it would still be written, if the disk
/// lets it.
const RESERVED: usize = 16 * 1024;
const TEMPORARY: &[u8] = b".tmp";
const TRIES: usize = 8;
const OWNER_ONLY: Mode = Mode::RUSR.union(Mode::WUSR);
/// What others may do is never kept.
const NOT_OTHERS: u32 = 0o770;

/// A file that is ready to take its content: readable by its owner only, replaced as a whole.
#[derive(Debug)]
pub struct ReservedFile {
    parent: Arc<Parent>,
    name: OsString,
    temporary: OsString,
    file: File,
    committed: bool,
}

/// What a file holds, and whose it is. No content: it is longer than what was wanted.
pub(super) type Present = (Option<Vec<u8>>, Ownership);

/// Whose a file is, and what they may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ownership {
    user: u32,
    group: u32,
    mode: u32,
}

impl Ownership {
    /// A file that is made here would have another owner or group, as a rule.
    pub(super) fn is_foreign(self) -> bool {
        let ours = (geteuid().as_raw(), getegid().as_raw());
        (self.user, self.group) != ours
    }
}

impl ReservedFile {
    /// Checks the target and fills a temporary beside it, with room for a value and for `besides`
    /// bytes around it. Dropping it removes the temporary.
    ///
    /// # Errors
    ///
    /// If the target is there and no regular file, if its directory cannot be used, or if there is no
    /// room.
    pub fn reserve(path: &Path, besides: usize) -> Result<Self, DestinationError> {
        let reserve = || {
            let (parent, name) = target(path)?;
            Self::beside(parent, name)?.fill(besides)
        };
        reserve().map_err(|why| refused(path, why))
    }

    /// Checks the target, and once in each directory that a temporary can be made there: on ext4,
    /// each file that was removed of late makes it take longer to make another. Nothing is reserved.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve), but for room.
    pub fn check(path: &Path, round: &Round) -> Result<Identity, DestinationError> {
        let check = || {
            let (parent, name) = target(path)?;
            let identity = parent.identity(&name);
            if round.is_first(&parent.identity(OsStr::new(""))) {
                Self::beside(parent, name)?;
            }
            Ok(identity)
        };
        check().map_err(|why| refused(path, why))
    }

    /// Makes the temporary.
    pub(super) fn beside(parent: Parent, name: OsString) -> Result<Self, Reason> {
        let (temporary, file) = make_temporary(&parent, &name)
            .map_err(|error| Reason::CannotMakeFile(parent.path.clone(), error))?;
        Ok(Self {
            parent: Arc::new(parent),
            name,
            temporary,
            file,
            committed: false,
        })
    }

    /// Fills the temporary, with room for the value and for `besides` bytes around it.
    fn fill(self, besides: usize) -> Result<Self, Reason> {
        // Dropping it on the way out removes the temporary.
        self.file
            .write_all_at(&vec![b'\n'; RESERVED + besides], 0)
            .and_then(|()| self.file.sync_all())
            .map_err(Reason::NoRoom)?;
        Ok(self)
    }

    /// Makes the file hold exactly this, puts it in its place and reads it back.
    ///
    /// # Errors
    ///
    /// If any of that fails. What was there before is then still there, unless the last step failed.
    pub fn commit(&mut self, content: &[u8]) -> Result<(), Reason> {
        self.replace(content, None)?;
        let there = self.present(content.len() as u64)?;
        match there {
            Some((there, _)) if there.as_deref() == Some(content) => Ok(()),
            // Whoever replaced it by another file came after us, as they might have done a day later.
            Some(_) if !self.is_in_place()? => Ok(()),
            _ => Err(Reason::Changed),
        }
    }

    /// Makes the file hold exactly this, and puts it in its place, as this user's.
    pub(super) fn replace(
        &mut self,
        content: &[u8],
        ownership: Option<Ownership>,
    ) -> Result<(), Reason> {
        self.file.write_all_at(content, 0)?;
        self.file.set_len(content.len() as u64)?;
        match ownership {
            Some(ownership) => self.give(ownership)?,
            None => fchmod(&self.file, OWNER_ONLY).map_err(io::Error::from)?,
        }
        self.file.sync_all()?;
        self.parent.check_unmoved()?;
        self.parent.check_target(&self.name)?;
        renameat(
            &self.parent.directory,
            &self.temporary,
            &self.parent.directory,
            &self.name,
        )
        .map_err(io::Error::from)?;
        self.committed = true;
        rustix::fs::fsync(&self.parent.directory).map_err(io::Error::from)?;
        Ok(())
    }

    /// Gives the temporary to the owner and the group of the file that it will replace.
    pub(super) fn give(&self, ownership: Ownership) -> Result<(), Reason> {
        let now = self.file.metadata()?;
        let user = (now.uid() != ownership.user).then(|| Uid::from_raw(ownership.user));
        let group = (now.gid() != ownership.group).then(|| Gid::from_raw(ownership.group));
        let given = match (user, group) {
            (None, None) => Ok(()),
            _ => fchown(&self.file, user, group),
        };
        let mode = Mode::from_raw_mode((ownership.mode & NOT_OTHERS) as _);
        given
            .and_then(|()| fchmod(&self.file, mode))
            .map_err(|errno| Reason::Ownership(errno.into()))
    }

    /// What lies in its place now, if anything does.
    pub(super) fn present(&self, longest: u64) -> Result<Option<Present>, Reason> {
        self.parent.read(&self.name, longest)
    }

    /// The file in its place is the one that was put there.
    fn is_in_place(&self) -> Result<bool, Reason> {
        let ours = fstat(&self.file).map_err(io::Error::from)?;
        let there = self.parent.stat_of(&self.name).map_err(io::Error::from)?;
        Ok((ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino))
    }

    /// Locks the file against others that change a part of it.
    pub(super) fn lock(&self) -> Result<Lock, Reason> {
        Lock::take(&self.parent, &self.name)
    }

    /// This is wrong with it.
    #[must_use]
    pub fn wrong(&self, why: impl Into<Reason>) -> DestinationError {
        refused(&self.parent.path.join(&self.name), why.into())
    }

    /// The file by its directory's identity and its name, whatever path led there.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.parent.identity(&self.name)
    }
}

impl Drop for ReservedFile {
    fn drop(&mut self) {
        if !self.committed {
            let _ = unlinkat(&self.parent.directory, &self.temporary, AtFlags::empty());
        }
    }
}

/// A temporary of the file, not yet filled.
pub(super) fn prepare(path: &Path) -> Result<ReservedFile, Reason> {
    let (parent, name) = target(path)?;
    ReservedFile::beside(parent, name)
}

/// Opens the directory of the file, and checks what lies there.
pub(super) fn present(path: &Path, longest: u64) -> Result<Option<Present>, Reason> {
    let (parent, name) = target(path)?;
    parent.read(&name, longest)
}

fn refused(path: &Path, why: Reason) -> DestinationError {
    DestinationError::new(path.display().to_string(), why)
}

/// Makes a temporary and locks it.
fn make_temporary(parent: &Parent, name: &OsStr) -> io::Result<(OsString, File)> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for _ in 0..TRIES {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let mut temporary = temporary_prefix(name);
        temporary.push(format!("{:016x}", u64::from_be_bytes(random)));
        temporary.push(OsStr::from_bytes(TEMPORARY));
        let file = openat(&parent.directory, &temporary, flags, OWNER_ONLY)?;
        // Where there are no locks, nothing is swept either.
        let _ = flock(&file, FlockOperation::LockExclusive);
        // Before it was locked, another run may have swept it.
        if fstat(&file)?.st_nlink > 0 {
            return Ok((temporary, File::from(file)));
        }
    }
    Err(io::Error::other("another process removes it"))
}

fn temporary_prefix(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    // A name at the file system's limit of 255 bytes would not fit with anything added.
    if name.len() <= 200 {
        prefix.push(name);
    }
    prefix.push(".");
    prefix
}
