//! Files of ours are their owner's whatever the umask. That is the process's, so this has one of its own.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::Mode;
use rustix::process::umask;
use vault_sandbox_issuer::platform::{
    Replacement, append_owner_only, create_owner_only, owner_only_directory,
};

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn files_and_directories_are_their_owners_whatever_the_umask() {
    let directory = tempfile::tempdir().unwrap();
    for mask in [0o000, 0o022, 0o077, 0o277, 0o377] {
        let old = umask(Mode::from_bits_truncate(mask));
        let new = directory.path().join(format!("{mask:o}"));
        let made = owner_only_directory(&new.join("a/b"));
        let file = create_owner_only(&new.join("file"));
        let appended = append_owner_only(&new.join("appended"));
        let replacement = Replacement::beside(&new.join("replaced"));
        let replaced = replacement.and_then(|replacement| replacement.commit(b"1"));
        umask(old);
        made.unwrap();
        file.unwrap();
        appended.unwrap();
        let _ = replaced.unwrap();
        for path in [new.clone(), new.join("a"), new.join("a/b")] {
            assert_eq!(mode(&path), 0o700, "{mask:o} {path:?}");
        }
        for name in ["file", "appended", "replaced"] {
            assert_eq!(mode(&new.join(name)), 0o600, "{mask:o} {name}");
        }
    }
}
