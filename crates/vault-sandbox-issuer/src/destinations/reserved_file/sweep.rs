//! What runs that were killed left beside the targets.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FlockOperation, Mode, OFlags, flock, openat, unlinkat};

use super::{Lock, Parent, TEMPORARY, lock, temporary_prefix};

/// Removes what runs that were killed left beside these files. It may hold a value.
pub fn sweep<'a>(targets: impl IntoIterator<Item = &'a Path>) {
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
        if let Ok(parent) = Parent::of(&directory.join("any")) {
            sweep_in(&Arc::new(parent), &prefixes);
        }
    }
}

/// A temporary belongs to a run for as long as that holds its lock.
fn sweep_in(parent: &Arc<Parent>, prefixes: &BTreeSet<OsString>) {
    let is_temporary = |name: &[u8]| {
        let Some(rest) = name.strip_suffix(TEMPORARY) else {
            return false;
        };
        let (prefix, random) = rest.split_at(rest.len().saturating_sub(16));
        prefixes.contains(OsStr::from_bytes(prefix))
            && random.len() == 16
            && random.iter().all(u8::is_ascii_hexdigit)
    };
    let is_lock = |name: &[u8]| {
        let prefix = name.strip_suffix(lock::SUFFIX.as_bytes());
        prefix.is_some_and(|prefix| prefixes.contains(OsStr::from_bytes(prefix)))
    };
    for entry in Dir::read_from(&parent.directory)
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if is_lock(name.as_bytes()) {
            Lock::sweep(parent, name);
            continue;
        }
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
