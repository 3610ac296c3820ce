//! A state directory in which something else lies: a list that could not look does not say that
//! nothing is open, and one thing that cannot be read does not hide the others.

use std::fs;
use std::path::Path;

use crate::harness::{Lines, Ran, World, assert_untouched, sample};
use crate::recover::recover;

/// A record that is shown whatever lies beside it; its operation.
fn with_a_record(world: &World) -> String {
    let operation = Lines::sample("kept").operation();
    world.plant(&operation, &sample("pending/kept.journal"));
    operation
}

#[track_caller]
fn assert_not_called_empty(ran: &Ran, what: &str) {
    assert_ne!(ran.code(), 0, "{what}: {}", ran.said());
    assert!(
        !ran.said().contains("Nothing is open"),
        "{what}: {}",
        ran.said()
    );
    assert!(!ran.said().contains("panicked"), "{what}: {}", ran.said());
}

#[test]
fn what_is_no_directory_is_not_empty() {
    for (name, is_at_the_top) in [("pending", false), ("many", false), ("", true)] {
        let world = World::new();
        let state = world.state_directory();
        let path = state.join(name);
        fs::create_dir_all(&state).unwrap();
        let path = match is_at_the_top {
            true => {
                fs::remove_dir_all(&state).unwrap();
                state.clone()
            }
            false => path,
        };
        fs::write(&path, "not a directory").unwrap();
        let run = world.run(&["token", "recover"]).hastily();
        let ran = match is_at_the_top {
            true => run.arg("--state-dir").arg(&state).go(),
            false => run.go(),
        };
        assert_not_called_empty(&ran, name);
    }
}

/// Only root may look into it all the same.
#[test]
fn what_may_not_be_looked_into_is_not_empty() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    with_a_record(&world);
    let pending = world.state_directory().join("pending");
    fs::set_permissions(&pending, fs::Permissions::from_mode(0o000)).unwrap();
    let is_root = fs::read_dir(&pending).is_ok();
    let ran = recover(&world, &[]);
    fs::set_permissions(&pending, fs::Permissions::from_mode(0o700)).unwrap();
    if is_root {
        eprintln!("skipped: root may look into every directory");
        return;
    }
    assert_not_called_empty(&ran, "a directory of mode 000");
}

/// Makes something under a name that a record could have.
type Make = fn(&Path);

#[test]
fn what_is_no_record_does_not_hide_the_others() {
    let things: [(&str, Make); 4] = [
        ("a directory", |path| fs::create_dir(path).unwrap()),
        ("a link to nothing", |path| {
            std::os::unix::fs::symlink("nowhere", path).unwrap();
        }),
        ("a pipe", |path| {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.unwrap().success());
        }),
        ("a file without end", |path| {
            let file = fs::File::create(path).unwrap();
            file.set_len(300 << 30).unwrap();
        }),
    ];
    for (what, make) in things {
        let world = World::new();
        let operation = with_a_record(&world);
        let record = world.records().remove(0);
        let before = fs::read(&record).unwrap();
        // Before it and behind it in the order of the names.
        for name in ["00000000", "ffffffff"] {
            make(&record.with_file_name(format!("{name}.journal")));
        }
        let ran = recover(&world, &[]);
        assert!(ran.printed().contains(&operation), "{what}: {}", ran.said());
        assert_not_called_empty(&ran, what);
        let json = recover(&world, &["--format", "json"]).json();
        let shown = json["operations"].as_array().unwrap();
        assert!(
            shown
                .iter()
                .any(|one| one["operation"] == operation.as_str()),
            "{what}"
        );
        // It is still gone on with by its name, and the others not at all.
        for odd in ["00000000", "ffffffff"] {
            let ran = recover(&world, &[odd]);
            assert_not_called_empty(&ran, what);
        }
        assert!(fs::read(&record).unwrap() == before, "{what}");
    }
}

/// Other files are none of our business, and stay.
#[test]
fn what_has_another_name_is_passed_over() {
    let world = World::new();
    let operation = with_a_record(&world);
    let pending = world.records()[0].parent().unwrap().to_owned();
    for name in [
        "README",
        "3f9a1c2.journal",
        "3F9A1C22.journal~",
        ".3f9a1c22.journal.swp",
    ] {
        fs::write(pending.join(name), "mine").unwrap();
    }
    let before = world.state();
    let ran = recover(&world, &[]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(ran.printed().lines().count(), 1, "{}", ran.printed());
    assert!(ran.printed().contains(&operation));
    assert_untouched(&world, &before, "listing");
}
