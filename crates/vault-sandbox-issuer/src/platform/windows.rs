//! Windows, as far as the standard library alone can give it.
//!
//! Not given yet:
//!
//! - an access list of its own for a file or a directory: both have what their directory passes on,
//!   which in a profile of a user lets in that user, administrators and the system;
//! - who owns a file, and whom its access list lets in, are not looked at;
//! - whether two open files are one is told by their times of creation and their lengths, not by the
//!   number of the file;
//! - a directory is not synced: NTFS keeps names in its journal, which survives a loss of power, but
//!   may forget the last seconds;
//! - locks are mandatory: of a file that is locked, another process cannot read a byte. Records are
//!   locked themselves, so that one that is under way cannot be looked at;
//! - names of devices (`NUL`, `COM1`) are not refused by name. What they lead to is no regular file.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::DirectorySync;

/// `FILE_FLAG_OPEN_REPARSE_POINT`: opens a link itself, which is then seen to be one.
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

pub(super) fn for_owner_only(_options: &mut OpenOptions) {}

pub(super) fn not_followed_and_not_blocking(options: &mut OpenOptions) {
    options.custom_flags(OPEN_REPARSE_POINT);
}

/// A link is opened as such: nothing fails for it.
pub(super) fn is_about_a_link(_error: &io::Error) -> bool {
    false
}

pub(super) fn restrict(_file: &File) -> io::Result<()> {
    Ok(())
}

pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().create(path)
}

pub(super) fn is_own(_metadata: &Metadata) -> bool {
    true
}

pub(super) fn is_open_to_others(_metadata: &Metadata) -> bool {
    false
}

pub(super) fn is_same(one: &Metadata, other: &Metadata) -> bool {
    let facts = |of: &Metadata| (of.creation_time(), of.file_size(), of.file_type());
    facts(one) == facts(other)
}

pub(super) fn sync_directory(_directory: &Path) -> io::Result<DirectorySync> {
    Ok(DirectorySync::Unsupported)
}
