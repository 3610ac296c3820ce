//! Linux, macOS and their relatives.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::DirectorySync;

const FILE: u32 = 0o600;
const DIRECTORY: u32 = 0o700;
const PERMISSIONS: u32 = 0o777;
const OTHERS: u32 = 0o077;

/// A file that is made has this mode, or less: see [`restrict`].
pub(super) fn for_owner_only(options: &mut OpenOptions) {
    options.mode(FILE);
}

pub(super) fn not_followed_and_not_blocking(options: &mut OpenOptions) {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    // On every Unix the flags of open(2) are bits of a C int.
    options.custom_flags(i32::from_ne_bytes(flags.to_ne_bytes()));
}

/// What opening a symbolic link says, where it is not to be followed.
pub(super) fn is_about_a_link(error: &io::Error) -> bool {
    let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
    // FreeBSD says EMLINK, NetBSD EFTYPE.
    is(Errno::LOOP) || is(Errno::MLINK)
}

/// Some file systems refuse every change of the mode: one that is right is not set again.
pub(super) fn restrict(file: &File) -> io::Result<()> {
    if file.metadata()?.mode() & PERMISSIONS == FILE {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(FILE))
}

pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(DIRECTORY).create(path)?;
    let metadata = path.symlink_metadata()?;
    // The umask took something from the owner.
    if metadata.is_dir() && metadata.mode() & DIRECTORY != DIRECTORY {
        std::fs::set_permissions(path, Permissions::from_mode(DIRECTORY))?;
    }
    Ok(())
}

pub(super) fn is_own(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw()
}

pub(super) fn is_open_to_others(metadata: &Metadata) -> bool {
    metadata.mode() & OTHERS != 0
}

pub(super) fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Some file systems, of networks above all, cannot sync a directory and say so.
pub(super) fn sync_directory(directory: &Path) -> io::Result<DirectorySync> {
    let synced = File::open(directory)?.sync_all();
    match synced {
        Ok(()) => Ok(DirectorySync::Synced),
        Err(error) if is_unsupported(&error) => Ok(DirectorySync::Unsupported),
        Err(error) => Err(error),
    }
}

pub(super) fn is_unsupported(error: &io::Error) -> bool {
    let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
    is(Errno::INVAL) || is(Errno::NOTSUP) || is(Errno::OPNOTSUPP) || is(Errno::NOSYS)
}
