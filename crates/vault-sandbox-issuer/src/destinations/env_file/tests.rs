use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::Command;

use super::*;

fn env_file(path: &Path, variable: &str) -> EnvFile {
    EnvFile {
        target: TargetFile::new(path),
        variable: variable.to_owned(),
    }
}

fn set(path: &Path, variable: &str, value: &str) -> Result<(), String> {
    let mut reserved = env_file(path, variable)
        .reserve()
        .map_err(|error| error.to_string())?;
    reserved.commit(value).map_err(|why| why.to_string())
}

#[test]
fn a_lock_that_somebody_left_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    let lock = directory.path().join("..env.vault-sandbox.lock");
    fs::write(&lock, "").unwrap();
    set(&path, "A", "a").unwrap();
    assert!(!lock.exists());
    // Or swept, unless it is held.
    fs::write(&lock, "").unwrap();
    reserved_file::sweep([path.as_path()]);
    assert!(!lock.exists());
    let reserved = env_file(&path, "A").reserve().unwrap();
    let held = reserved.file.lock().unwrap();
    reserved_file::sweep([path.as_path()]);
    assert!(lock.exists());
    drop((held, reserved));
    assert!(!lock.exists());
    // Whatever else has its name is nobody's to remove.
    fs::create_dir(&lock).unwrap();
    let why = set(&path, "A", "b").unwrap_err();
    assert!(why.contains("cannot be locked"), "{why}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "A=a\n");
}

#[test]
fn whose_it_is_stays_as_it_was_but_never_everybodys() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    let mode = || path.metadata().unwrap().mode() & 0o7777;
    set(&path, "A", "1").unwrap();
    assert_eq!(mode(), 0o600, "a new one");
    for (before, after) in [
        (0o640, 0o640),
        (0o600, 0o600),
        (0o666, 0o660),
        (0o4755, 0o750),
    ] {
        fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
        set(&path, "A", "1").unwrap();
        assert_eq!(mode(), after, "{before:o}");
    }
    // Only root may give files away.
    if rustix::process::geteuid().is_root() {
        chown(&path, Some(65534), Some(65533)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(env_file(&path, "A").check(&Round::new()).is_ok());
        set(&path, "A", "2").unwrap();
        let now = path.metadata().unwrap();
        assert_eq!((now.uid(), now.gid(), mode()), (65534, 65533, 0o640));
    }
}

#[test]
fn what_is_no_file_of_variables_is_refused_before_anything_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    let refused = |why: &str| {
        for error in [
            env_file(&path, "A").check(&Round::new()).map(drop),
            env_file(&path, "A").reserve().map(drop),
        ] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    };
    fs::write(&path, "A=1\nA=2\n").unwrap();
    refused("set twice");
    fs::write(&path, "B='1\n").unwrap();
    refused("quote");
    fs::write(&path, "B=1\\").unwrap();
    refused("goes on");
    fs::File::create(&path).unwrap().set_len(1 << 38).unwrap();
    refused("too long");
    fs::remove_file(&path).unwrap();
    Command::new("mkfifo").arg(&path).status().unwrap();
    refused("a fifo");
}

/// Somebody writes to the file without locking it, between two of our steps.
#[test]
fn the_present_file_counts_not_the_one_that_was_checked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    fs::write(&path, "A=1\n").unwrap();
    let mut reserved = env_file(&path, "A").reserve().unwrap();
    fs::write(&path, "B=2\nA=1\nC=3\n").unwrap();
    reserved.commit("new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "B=2\nA=new\nC=3\n");
}
