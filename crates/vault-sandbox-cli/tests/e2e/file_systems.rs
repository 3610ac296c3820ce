//! Real file systems that are full, read-only or gone: reliability.md, sections A and D.
//!
//! Mounting needs root; elsewhere these are skipped.

use std::fs;
use std::process::Command;

use crate::delivery::{meanwhile, to};
use crate::harness::{World, value_places};

struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(world: &World, options: &str) -> Option<Self> {
        let path = world.work("mounted");
        fs::create_dir(&path).unwrap();
        let mount = |options: &str| {
            let mut command = Command::new("mount");
            command
                .args(["-t", "tmpfs", "-o", options, "none"])
                .arg(&path);
            command.output().is_ok_and(|output| output.status.success())
        };
        if !mount(options) {
            eprintln!("skipped: a file system can only be mounted by root");
            return None;
        }
        Some(Self(path))
    }

    fn fill(&self) {
        let _ = fs::write(self.0.join("filler"), vec![0; 4 << 20]);
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn full() {
    let world = World::new();
    let Some(mounted) = Mounted::new(&world, "size=256k") else {
        return;
    };
    fs::write(mounted.0.join("token"), "old token").unwrap();
    mounted.fill();
    let ran = to(&world, &["mounted/token"]).go();
    assert_eq!(ran.code(), 10, "{}", ran.said());
    assert!(ran.said().contains("no room"), "{}", ran.said());
    assert_eq!(fs::read(mounted.0.join("token")).unwrap(), b"old token");
    assert_eq!(world.vault.requests().len(), 0);
    assert_eq!(
        fs::read_dir(&mounted.0).unwrap().count(),
        2,
        "nothing else is left"
    );
    let ran = to(&world, &["token"])
        .arg("--state-dir")
        .arg(mounted.0.join("state"))
        .go();
    assert_eq!(ran.code(), 10, "{}", ran.said());
    assert_eq!(world.vault.requests().len(), 0);
}

#[test]
fn without_inodes() {
    let world = World::new();
    let Some(mounted) = Mounted::new(&world, "nr_inodes=3") else {
        return;
    };
    for name in ["a", "b"] {
        fs::write(mounted.0.join(name), "").unwrap();
    }
    let ran = to(&world, &["mounted/token"]).go();
    assert_eq!(ran.code(), 10, "{}", ran.said());
    assert_eq!(world.vault.requests().len(), 0);
}

#[test]
fn read_only() {
    let world = World::new();
    let Some(mounted) = Mounted::new(&world, "ro") else {
        return;
    };
    let ran = to(&world, &["mounted/token"]).go();
    assert_eq!(ran.code(), 10, "{}", ran.said());
    assert!(ran.said().contains("Read-only"), "{}", ran.said());
    let ran = to(&world, &["token"])
        .arg("--state-dir")
        .arg(mounted.0.join("state"))
        .go();
    assert_eq!(ran.code(), 10, "{}", ran.said());
    assert_eq!(world.vault.requests().len(), 0);
}

#[test]
fn fills_between_check_and_write() {
    let world = World::new();
    let Some(mounted) = Mounted::new(&world, "size=512k") else {
        return;
    };
    let run = to(&world, &["mounted/token"])
        .arg("--state-dir")
        .arg(mounted.0.join("state"));
    let running = meanwhile(&world, run, |_| mounted.fill());
    let ran = running.end();
    assert_eq!(ran.code(), 0, "the reservation holds: {}", ran.said());
    assert_eq!(
        fs::read_to_string(mounted.0.join("token")).unwrap(),
        world.value().unwrap()
    );
}

#[test]
fn becomes_read_only_between_check_and_write() {
    let world = World::new();
    let Some(mounted) = Mounted::new(&world, "size=512k") else {
        return;
    };
    let running = meanwhile(&world, to(&world, &["mounted/token"]), |_| {
        // Our own reservation keeps it busy: what is left is to take it away.
        let _ = Command::new("umount").arg("-l").arg(&mounted.0).output();
    });
    let ran = running.end();
    assert_eq!(ran.code(), 20, "{}", ran.said());
    assert_eq!(value_places(&world, &ran), ["record".to_owned()].into());
}

/// Renaming over a file that is mounted is refused: EBUSY.
#[test]
fn target_is_bind_mounted() {
    let world = World::new();
    for name in ["token", "other"] {
        fs::write(world.work(name), "old").unwrap();
    }
    let target = world.work("token");
    let mounted = Command::new("mount")
        .arg("--bind")
        .arg(world.work("other"))
        .arg(&target)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: a file can only be bind-mounted by root");
        return;
    }
    let ran = to(&world, &["token"]).go();
    let _ = Command::new("umount").arg(&target).output();
    assert_eq!(ran.code(), 20, "{}", ran.said());
    assert_eq!(value_places(&world, &ran), ["record".to_owned()].into());
    assert_eq!(fs::read(world.work("other")).unwrap(), b"old");
    assert!(world.files().iter().all(|f| !f.place.ends_with(".tmp")));
}
