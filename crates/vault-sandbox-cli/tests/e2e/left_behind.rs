//! A value that was written beside a destination by a run that was killed before it could put it in its
//! place: whatever closes the operation takes that along.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Secret, World};
use crate::recover::{kept, recover};

/// A program that is killed has so many moments at which a value lies beside its place.
const PLACES: usize = 24;
const TRIES: usize = 40;

/// The temporaries below the working directory that hold the value.
fn left_behind(world: &World, value: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(world.work("")).into_iter().flatten();
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_temporary = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with('.') && name.ends_with(".tmp")
    };
    paths
        .filter(is_temporary)
        .filter(|path| fs::read(path).is_ok_and(|bytes| bytes.starts_with(value.as_bytes())))
        .collect()
}

/// `token recover --out r0 --out r1 …`, killed as soon as one of them is filled and not in its place.
fn killed_before_it_was_renamed() -> (World, String, String) {
    for _ in 0..TRIES {
        let (world, operation) = kept();
        let (record, value) = (world.records().remove(0), world.value().unwrap());
        let mut words = vec!["token".to_owned(), "recover".to_owned(), operation.clone()];
        for at in 0..PLACES {
            words.extend(["--out".to_owned(), format!("r{at}")]);
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let running = world.run(&words).start();
        let end = Instant::now() + Duration::from_secs(20);
        while left_behind(&world, &value).is_empty() {
            if !record.exists() || Instant::now() > end {
                break;
            }
        }
        running.signal(Signal::KILL);
        running.end();
        if record.exists() && !left_behind(&world, &value).is_empty() {
            return (world, operation, value);
        }
    }
    panic!("it was never killed at that moment in {TRIES} tries");
}

/// Nothing but files that were named, and not the record either, holds the value.
#[track_caller]
fn assert_nothing_is_left(world: &World, value: &str, named: &[&str], when: &str) {
    let secret = Secret::new(value);
    for file in world.files() {
        let is_named = (0..PLACES).any(|at| file.place == format!("work/r{at}"))
            || named
                .iter()
                .any(|name| file.place == format!("work/{name}"));
        let holds = secret.is_in(&fs::read(&file.path).unwrap());
        assert!(!holds || is_named, "{when}: {} holds the value", file.place);
        assert!(!file.place.ends_with(".tmp"), "{when}: {}", file.place);
    }
    assert_eq!(world.records().len(), 0, "{when}: it is closed");
}

/// Whatever closes the operation takes it along.
#[track_caller]
fn assert_taken_along_by(way: &[&str]) {
    let (world, operation, value) = killed_before_it_was_renamed();
    let ran = recover(&world, &[&[operation.as_str()], way].concat());
    assert_eq!(ran.code(), 0, "{way:?}: {}", ran.said());
    assert_nothing_is_left(&world, &value, &["elsewhere"], &format!("{way:?}"));
}

#[test]
fn delivering_it_where_it_was_to_go_takes_it_along() {
    assert_taken_along_by(&[]);
}

#[test]
fn delivering_it_elsewhere_takes_it_along() {
    assert_taken_along_by(&["--out", "elsewhere"]);
}

#[test]
fn revoking_takes_it_along() {
    assert_taken_along_by(&["--revoke", "--yes"]);
}

#[test]
fn forgetting_takes_it_along() {
    assert_taken_along_by(&["--forget", "--yes"]);
}

/// Redirected twice: what the first of them was about to write is still known.
#[test]
fn two_runs_were_killed_after_each_other() {
    let (world, operation, value) = killed_before_it_was_renamed();
    // In vain, so that the record stays: by now it names another place.
    let ran = recover(&world, &[&operation, "--out", "exec:false"]);
    assert_eq!(ran.code(), 20, "{}", ran.said());
    let ran = recover(&world, &[&operation, "--out", "elsewhere"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_nothing_is_left(&world, &value, &["elsewhere"], "twice");
}

/// Looking is not closing: the list says what is open, and touches neither the record nor what lies
/// beside a destination.
#[test]
fn listing_does_not_sweep() {
    let (world, _, value) = killed_before_it_was_renamed();
    let before = left_behind(&world, &value);
    assert_eq!(recover(&world, &[]).code(), 0);
    assert_eq!(left_behind(&world, &value), before);
}
