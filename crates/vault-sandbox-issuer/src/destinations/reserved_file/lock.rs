//! One at a time changes a part of a file.
//!
//! The lock lies in a file of its own beside the target, `.NAME.vault-sandbox.lock`: the target itself is replaced by
//! a rename, and a state directory need not be the same for all that write there. It is removed again
//! by whoever holds it, so nothing is left but by a kill; then it is empty, and taken by the next.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Mode, OFlags, fstat, openat, unlinkat};
use rustix::io::Errno;

use super::{OWNER_ONLY, Parent, Reason, temporary_prefix};

/// It is held from one read to one rename, never while a network or a person is waited for.
const LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(2);
/// What follows [`temporary_prefix`].
pub(super) const SUFFIX: &str = "vault-sandbox.lock";

/// Held until it is dropped.
#[derive(Debug)]
pub(in crate::destinations) struct Lock {
    parent: Arc<Parent>,
    name: OsString,
    file: File,
}

impl Lock {
    /// Locks the file of this name against everybody else that takes this lock, in this process too.
    pub(super) fn take(parent: &Arc<Parent>, name: &OsStr) -> Result<Self, Reason> {
        let mut lock = temporary_prefix(name);
        lock.push(SUFFIX);
        let end = Instant::now() + LIMIT;
        loop {
            let file = open(parent, &lock).map_err(Reason::Lock)?;
            match file.try_lock() {
                Ok(()) => {
                    let held = Self {
                        parent: Arc::clone(parent),
                        name: lock,
                        file,
                    };
                    if held.is_named().map_err(Reason::Lock)? {
                        return Ok(held);
                    }
                    // Whoever held it has removed it since it was opened: the next one is made.
                    lock = held.let_go();
                }
                Err(TryLockError::WouldBlock) if Instant::now() < end => std::thread::sleep(POLL),
                Err(TryLockError::WouldBlock) => return Err(Reason::Locked),
                Err(TryLockError::Error(error)) => return Err(Reason::Lock(error)),
            }
        }
    }

    /// Removes a lock of this name that a kill left. One that somebody holds stays.
    pub(super) fn sweep(parent: &Arc<Parent>, lock: &OsStr) {
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(&parent.directory, lock, flags, Mode::empty()) else {
            return;
        };
        let file = File::from(file);
        if file.try_lock().is_ok() {
            let held = Self {
                parent: Arc::clone(parent),
                name: lock.to_owned(),
                file,
            };
            if !held.is_named().unwrap_or(false) {
                held.let_go();
            }
        }
    }

    /// The name still leads to the file that is locked.
    fn is_named(&self) -> io::Result<bool> {
        let ours = fstat(&self.file)?;
        match self.parent.stat_of(&self.name) {
            Ok(there) => Ok((ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Unlocks a file that is not the lock any more, which another may be by now.
    fn let_go(mut self) -> OsString {
        std::mem::take(&mut self.name)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A file of that name that is not empty is somebody else's.
        let is_ours = self
            .file
            .metadata()
            .is_ok_and(|metadata| metadata.len() == 0);
        if is_ours && !self.name.is_empty() {
            // While it is held: nobody else can have it, and who opened it before looks again.
            let _ = unlinkat(&self.parent.directory, &self.name, AtFlags::empty());
        }
        // Not by closing it alone: a program that is just being started holds what is open here.
        let _ = self.file.unlock();
    }
}

fn open(parent: &Parent, lock: &OsStr) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = openat(&parent.directory, lock, flags | OFlags::CLOEXEC, OWNER_ONLY)?;
    let file = File::from(file);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("the lock is no regular file"));
    }
    Ok(file)
}
