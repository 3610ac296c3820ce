//! A file that takes a value: whole or not at all, readable by its owner only.
//!
//! The target is never opened for writing. A temporary beside it is filled beforehand, so that the
//! disk cannot be full when the value arrives; then it is overwritten, synced and renamed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, Stat, fchmod, flock, fstat, openat,
    renameat, statat, unlinkat,
};
use rustix::io::Errno;

use crate::problem::Problem;

/// Room for the value. A longer one is not one of Vault's; it would still be written, if the disk
/// lets it.
const RESERVED: usize = 16 * 1024;
const TEMPORARY: &[u8] = b".tmp";
const TRIES: usize = 8;
const OWNER_ONLY: Mode = Mode::RUSR.union(Mode::WUSR);

/// A file that is ready to take the value.
pub(crate) struct ReservedFile {
    parent: Parent,
    name: OsString,
    temporary: OsString,
    file: File,
    committed: bool,
}

/// A file by its directory and its name, whatever path leads there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    device: u64,
    directory: u64,
    name: OsString,
}

/// Directories in which a file could be made.
#[derive(Debug, Default)]
pub(crate) struct Tried(BTreeSet<(u64, u64)>);

/// The directory that the file lies in, held open: what happens to its name later changes nothing.
struct Parent {
    path: PathBuf,
    directory: OwnedFd,
    stat: Stat,
}

impl ReservedFile {
    /// Checks the target and fills a temporary beside it, with room for the value and for `besides`
    /// bytes around it.
    pub(crate) fn reserve(path: &Path, besides: usize) -> Result<Self, Problem> {
        let (parent, name) = target(path)?;
        Self::beside(parent, name, path)?.fill(path, besides)
    }

    /// Checks the target, and once in each directory that a temporary can be made there: on ext4,
    /// each file that was removed of late makes it take longer to make another. Nothing is reserved.
    pub(crate) fn check(path: &Path, tried: &mut Tried) -> Result<Identity, Problem> {
        let (parent, name) = target(path)?;
        let identity = identity(&parent, &name);
        if tried.0.insert((identity.device, identity.directory)) {
            Self::beside(parent, name, path)?;
        }
        Ok(identity)
    }

    /// Makes the temporary.
    fn beside(parent: Parent, name: OsString, path: &Path) -> Result<Self, Problem> {
        let (temporary, file) = make_temporary(&parent, &name).map_err(|e| {
            let directory = parent.path.display();
            refused(path, &format!("no file can be made in {directory}: {e}"))
        })?;
        Ok(Self {
            parent,
            name,
            temporary,
            file,
            committed: false,
        })
    }

    /// Fills the temporary, with room for the value and for `besides` bytes around it.
    fn fill(self, path: &Path, besides: usize) -> Result<Self, Problem> {
        // Dropping it on the way out removes the temporary.
        let filled = self
            .file
            .write_all_at(&vec![b'\n'; RESERVED + besides], 0)
            .and_then(|()| self.file.sync_all());
        match filled {
            Ok(()) => Ok(self),
            Err(e) => Err(Problem::destination(format!(
                "{}: there is no room for the value: {e}.",
                path.display()
            ))),
        }
    }

    /// Makes the file hold exactly this, and puts it in its place.
    pub(crate) fn commit(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all_at(content, 0)?;
        self.file.set_len(content.len() as u64)?;
        fchmod(&self.file, OWNER_ONLY)?;
        self.file.sync_all()?;
        self.parent.check_unmoved()?;
        check_target(&self.parent, &self.name).map_err(io::Error::other)?;
        renameat(
            &self.parent.directory,
            &self.temporary,
            &self.parent.directory,
            &self.name,
        )?;
        self.committed = true;
        rustix::fs::fsync(&self.parent.directory)?;
        Ok(())
    }

    /// The file by its directory's identity and its name, whatever path led there.
    pub(crate) fn identity(&self) -> Identity {
        identity(&self.parent, &self.name)
    }
}

impl Drop for ReservedFile {
    fn drop(&mut self) {
        if !self.committed {
            let _ = unlinkat(&self.parent.directory, &self.temporary, AtFlags::empty());
        }
    }
}

impl Parent {
    fn open(path: &Path) -> Result<Self, String> {
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        // Relative to now: a later change of the working directory must not move the target.
        let path = std::path::absolute(parent).map_err(|e| e.to_string())?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory =
            rustix::fs::open(&path, flags, Mode::empty()).map_err(|errno| match errno {
                Errno::NOENT => format!(
                    "the directory {} does not exist; make it first: mkdir -p {0}",
                    parent.display()
                ),
                Errno::NOTDIR => format!("{} is not a directory", parent.display()),
                _ => format!(
                    "the directory {}: {}",
                    parent.display(),
                    io::Error::from(errno)
                ),
            })?;
        let stat = fstat(&directory).map_err(|e| io::Error::from(e).to_string())?;
        let open_to_all = stat.st_mode & 0o002 != 0 && stat.st_mode & 0o1000 == 0;
        if open_to_all {
            return Err(format!(
                "the directory {} can be changed by every user of this machine",
                parent.display()
            ));
        }
        Ok(Self {
            path,
            directory,
            stat,
        })
    }

    /// The path still leads to the directory that was checked.
    fn check_unmoved(&self) -> io::Result<()> {
        let now = rustix::fs::stat(&self.path)?;
        if (now.st_dev, now.st_ino) == (self.stat.st_dev, self.stat.st_ino) {
            return Ok(());
        }
        Err(io::Error::other(
            "its directory was replaced by another one meanwhile",
        ))
    }
}

/// The directory and the name, of something that is absent or a regular file.
fn target(path: &Path) -> Result<(Parent, OsString), Problem> {
    let refused = |why: String| refused(path, &why);
    let name = path.file_name().ok_or_else(|| {
        refused("it is a directory, and a token is only written to a regular file".to_owned())
    })?;
    let parent = Parent::open(path).map_err(refused)?;
    check_target(&parent, name).map_err(refused)?;
    Ok((parent, name.to_owned()))
}

fn identity(parent: &Parent, name: &OsStr) -> Identity {
    Identity {
        device: parent.stat.st_dev,
        directory: parent.stat.st_ino,
        name: name.to_owned(),
    }
}

fn refused(path: &Path, why: &str) -> Problem {
    Problem::destination(format!("{}: {why}.", path.display()))
}

/// Absent, or a regular file. Anything else would be written through, or destroyed.
fn check_target(parent: &Parent, name: &OsStr) -> Result<(), String> {
    let stat = match statat(&parent.directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(io::Error::from(errno).to_string()),
    };
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => "a symbolic link",
        FileType::Directory => "a directory",
        FileType::Fifo => "a fifo",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "no regular file",
    };
    Err(format!(
        "it is {kind}, and a token is only written to a regular file"
    ))
}

/// Removes what runs that were killed left beside the targets. It may hold a value.
pub(crate) fn sweep<'a>(targets: impl IntoIterator<Item = &'a Path>) {
    let mut directories: BTreeMap<&Path, BTreeSet<OsString>> = BTreeMap::new();
    for path in targets {
        if let Some(name) = path.file_name() {
            let directory = path.parent().unwrap_or(Path::new(""));
            directories
                .entry(directory)
                .or_default()
                .insert(temporary_prefix(name));
        }
    }
    for (directory, prefixes) in directories {
        if let Ok(parent) = Parent::open(&directory.join("any")) {
            sweep_in(&parent, &prefixes);
        }
    }
}

/// A temporary belongs to a run for as long as that holds its lock.
fn sweep_in(parent: &Parent, prefixes: &BTreeSet<OsString>) {
    let is_temporary = |name: &[u8]| {
        let Some(rest) = name.strip_suffix(TEMPORARY) else {
            return false;
        };
        let (prefix, random) = rest.split_at(rest.len().saturating_sub(16));
        prefixes.contains(OsStr::from_bytes(prefix))
            && random.len() == 16
            && random.iter().all(u8::is_ascii_hexdigit)
    };
    for entry in Dir::read_from(&parent.directory)
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if !is_temporary(name.as_bytes()) {
            continue;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(&parent.directory, name, flags, Mode::empty()) else {
            continue;
        };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            let _ = unlinkat(&parent.directory, name, AtFlags::empty());
        }
    }
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
