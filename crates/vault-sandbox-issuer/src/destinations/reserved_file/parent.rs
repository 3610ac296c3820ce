//! The directory that a file lies in, held open: what happens to its name later changes nothing.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;

use super::{Ownership, Present};
use crate::destinations::{FileKind, Identity, Reason};

/// A directory that was checked.
#[derive(Debug)]
pub(in crate::destinations) struct Parent {
    pub(super) path: PathBuf,
    pub(super) directory: OwnedFd,
    stat: Stat,
}

impl Parent {
    /// The directory of this path.
    pub(super) fn of(path: &Path) -> Result<Self, Reason> {
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let named = || parent.to_owned();
        // Relative to now: a later change of the working directory must not move the target.
        let path = std::path::absolute(parent)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(&path, flags, Mode::empty());
        let directory = opened.map_err(|errno| match errno {
            Errno::NOENT => Reason::NoDirectory(named()),
            Errno::NOTDIR => Reason::NotADirectory(named()),
            _ => Reason::Directory(named(), errno.into()),
        })?;
        let stat = fstat(&directory).map_err(io::Error::from)?;
        let open_to_all = stat.st_mode & 0o002 != 0 && stat.st_mode & 0o1000 == 0;
        if open_to_all {
            return Err(Reason::OpenToAll(named()));
        }
        Ok(Self {
            path,
            directory,
            stat,
        })
    }

    /// The path still leads to the directory that was checked.
    pub(super) fn check_unmoved(&self) -> Result<(), Reason> {
        let now = rustix::fs::stat(&self.path).map_err(io::Error::from)?;
        if (now.st_dev, now.st_ino) == (self.stat.st_dev, self.stat.st_ino) {
            return Ok(());
        }
        Err(Reason::DirectoryMoved)
    }

    /// Absent, or a regular file. Anything else would be written through, or destroyed.
    pub(super) fn check_target(&self, name: &OsStr) -> Result<(), Reason> {
        let stat = match self.stat_of(name) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) => return Err(io::Error::from(errno).into()),
        };
        Err(Reason::NotRegular(
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => return Ok(()),
                FileType::Symlink => FileKind::Symlink,
                FileType::Directory => FileKind::Directory,
                FileType::Fifo => FileKind::Fifo,
                FileType::Socket => FileKind::Socket,
                FileType::CharacterDevice | FileType::BlockDevice => FileKind::Device,
                _ => FileKind::Other,
            },
        ))
    }

    pub(super) fn stat_of(&self, name: &OsStr) -> Result<Stat, Errno> {
        statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// What the file of this name holds, if there is one, up to this length.
    pub(super) fn read(&self, name: &OsStr, longest: u64) -> Result<Option<Present>, Reason> {
        self.check_target(name)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&self.directory, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(io::Error::from(errno).into()),
        };
        let metadata = file.metadata()?;
        let ownership = Ownership {
            user: metadata.uid(),
            group: metadata.gid(),
            mode: metadata.mode(),
        };
        if !metadata.is_file() {
            return Err(Reason::NotRegular(FileKind::Other));
        }
        let mut content = Vec::new();
        // One more shows that there is more; the length that is named may be of holes only.
        file.take(longest + 1).read_to_end(&mut content)?;
        let fits = content.len() as u64 <= longest;
        Ok(Some((fits.then_some(content), ownership)))
    }

    pub(super) fn identity(&self, name: &OsStr) -> Identity {
        let mut bytes = format!("file:{}:{}:", self.stat.st_dev, self.stat.st_ino).into_bytes();
        bytes.extend_from_slice(name.as_encoded_bytes());
        Identity::new(bytes)
    }
}

/// The directory and the name, of something that is absent or a regular file.
pub(super) fn target(path: &Path) -> Result<(Parent, OsString), Reason> {
    let name = path
        .file_name()
        .ok_or(Reason::NotRegular(FileKind::Directory))?;
    let parent = Parent::of(path)?;
    parent.check_target(name)?;
    Ok((parent, name.to_owned()))
}
