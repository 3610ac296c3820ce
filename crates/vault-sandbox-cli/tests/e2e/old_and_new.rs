//! Two versions on one state directory: this one goes on with what 34f2561 left, and an older one,
//! where there is one to try, does no harm to what this one leaves.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use vault_sandbox_simulator::{Edit, Effect, TokenRecord};

use crate::harness::{Expires, Lines, Neighbour, Run, SANDBOX, World, fault_on_create};
use crate::recover::{kept, recover};

/// Where an older build of the program is: what is tried with it is skipped without.
const OLD: &str = "VAULT_SANDBOX_OLD";

/// The world that a sample was left in: its old token, its new one, and the record.
struct Left {
    world: World,
    operation: String,
    record: PathBuf,
    old: Option<TokenRecord>,
    new: Option<TokenRecord>,
}

/// A sample that is to replace another token has it; one of a token that exists has that.
fn left(sample: &str, has_token: bool) -> Left {
    let world = World::new();
    let lines = Lines::sample(sample);
    let is_rotation = lines.0[0]["replaces"].is_string();
    let name = lines.0[0]["name"].as_str().unwrap().to_owned();
    let make =
        |name: &str| world.neighbours_token(Neighbour::SameUser, name, Expires::AsUsual, false);
    let old = is_rotation.then(|| make("the old one"));
    let new = has_token.then(|| make(&name));
    let mut tokens = Vec::new();
    let of_sample = ["V8T000000009001", "V8T000000009002"];
    for (sample, token) in of_sample.iter().zip(old.iter().chain(&new)) {
        tokens.push((*sample, token.id.as_str(), token.value.as_str()));
    }
    let mut lines = lines.moved_to(&world, &tokens);
    // A rotation tries out what it is about to deliver: it has to expire as was asked for.
    if let Some(expiry) = new.as_ref().and_then(|token| token.expiry) {
        let expiry = expiry.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        lines.0[0]["expiry"] = expiry.into();
    }
    let operation = lines.operation();
    let record = world.plant(&operation, &lines.bytes());
    Left {
        world,
        operation,
        record,
        old,
        new,
    }
}

impl Left {
    fn recover(&self, more: &[&str], code: i32) -> String {
        let words = [&[self.operation.as_str()], more].concat();
        let ran = recover(&self.world, &words);
        assert_eq!(ran.code(), code, "{more:?}: {}", ran.said());
        ran.said()
    }

    #[track_caller]
    fn assert_holds(&self, name: &str) {
        let value = &self.new.as_ref().unwrap().value;
        let there = fs::read_to_string(self.world.work(name)).unwrap_or_default();
        assert!(there == *value, "{name} does not hold the value");
    }

    #[track_caller]
    fn assert_closed(&self, tokens: &[&Option<TokenRecord>]) {
        assert!(!self.record.exists(), "it is closed");
        let there = tokens.iter().map(|t| t.as_ref().unwrap().id.clone());
        assert_eq!(self.world.token_ids(), there.collect::<Vec<_>>());
    }
}

#[test]
fn one_whose_fate_is_unknown() {
    for sample in ["intent", "intent-default-name", "torn-token"] {
        let left = left(sample, false);
        left.recover(&[], 23);
        left.recover(&["--revoke", "--yes"], 23);
        left.recover(&["--forget", "--yes"], 0);
        left.assert_closed(&[]);
    }
    // Named after the operation, it is certain once it is seen.
    let left = left("intent-default-name", true);
    let said = left.recover(&[], 22);
    assert!(said.contains(&left.new.as_ref().unwrap().id), "{said}");
    left.recover(&["--revoke", "--yes"], 0);
    left.assert_closed(&[]);
}

#[test]
fn a_rotation_whose_fate_is_unknown() {
    let left = left("intent-replaces", false);
    left.recover(&[], 23);
    left.recover(&["--revoke", "--yes"], 23);
    left.recover(&["--forget", "--yes"], 0);
    left.assert_closed(&[&left.old]);
}

/// Whether a program had the value cannot be told, so that a person says where it goes.
#[test]
fn a_kept_value_that_a_program_may_have() {
    for sample in [
        "kept",
        "uncertain",
        "redirected",
        "unsynced-token",
        "renounced",
    ] {
        let left = left(sample, true);
        left.recover(&[], 20);
        left.recover(&["--out", "elsewhere"], 0);
        left.assert_holds("elsewhere");
        left.assert_closed(&[&left.new]);
    }
}

#[test]
fn a_kept_value_that_is_deleted_instead() {
    for sample in ["kept", "committed-started-planned", "renounced", "lost"] {
        let left = left(sample, true);
        left.recover(&["--revoke", "--yes"], 0);
        left.assert_closed(&[]);
    }
}

#[test]
fn a_kept_value_that_some_destinations_have() {
    let left = left("committed-started-planned", true);
    left.recover(&[], 20);
    left.assert_holds("third");
    assert!(!left.world.work("first").exists(), "it had it already");
    left.recover(&["--out", "elsewhere"], 0);
    left.assert_holds("elsewhere");
    left.assert_closed(&[&left.new]);
}

#[test]
fn a_destination_that_failed_is_served_again() {
    let left = left("failed-committed", true);
    left.recover(&[], 20);
    fs::write(left.world.work("ready"), "").unwrap();
    left.recover(&[], 0);
    assert!(!left.world.work("second").exists(), "it had it already");
    left.assert_closed(&[&left.new]);
}

#[test]
fn one_that_is_lost() {
    let left = left("lost", true);
    let said = left.recover(&[], 22);
    assert!(said.contains(&left.new.as_ref().unwrap().id), "{said}");
    left.recover(&["--forget", "--yes"], 0);
    left.assert_closed(&[&left.new]);
}

/// It exists, and may be in use; what is not known is not called closed.
#[test]
fn one_that_was_handed_over_and_not_kept() {
    let left = left("unkept-started", true);
    let ran = recover(&left.world, &[&left.operation]);
    assert!((20..=23).contains(&ran.code()), "{}", ran.said());
    assert!(left.record.exists());
    left.recover(&["--forget", "--yes"], 0);
    left.assert_closed(&[&left.new]);
}

#[test]
fn a_rotation_goes_on_from_where_it_was() {
    let kept = left("replaces-kept", true);
    kept.recover(&[], 0);
    kept.assert_holds("token");
    kept.assert_closed(&[&kept.new]);
    // The new one is where it should be.
    for sample in ["replaces-settled", "replaces-settled-unkept"] {
        let left = left(sample, true);
        fs::write(left.world.work("token"), &left.new.as_ref().unwrap().value).unwrap();
        left.recover(&[], 0);
        left.assert_closed(&[&left.new]);
    }
}

/// How this version leaves a record in each state: killed, or failing.
fn leave(at: usize) -> (World, String) {
    let world = World::new();
    let until = |run: Run, is_so: &dyn Fn() -> bool| {
        let running = run.start();
        let end = Instant::now() + Duration::from_secs(60);
        while !is_so() {
            assert!(Instant::now() < end, "it does not come to that");
            std::thread::sleep(Duration::from_millis(2));
        }
        running.signal(Signal::KILL);
        running.end();
    };
    let waits = "exec:/bin/sh -c 'cat >/dev/null; touch began; sleep 60'";
    let began = || world.work("began").exists();
    let create = |more: &[&str]| {
        let words = ["token", "create", SANDBOX, "--verify", "never"];
        world.run(&[&words[..], more].concat())
    };
    match at {
        0 => {
            world.fault(fault_on_create(Effect::Silence {
                carried_out: false,
                bound: Duration::from_secs(60),
            }));
            until(create(&["-o", "token"]), &|| !world.creates().is_empty());
        }
        1 => until(create(&["-o", waits]), &began),
        2 => until(create(&["-o", "first", "-o", waits, "-o", "third"]), &began),
        3 => {
            let ran = create(&["-o", "exec:false", "-o", "second"]).go();
            assert_eq!(ran.code(), 20, "{}", ran.said());
        }
        4 => {
            world.fault(fault_on_create(Effect::Edit(Edit::RemoveValue)));
            assert_eq!(create(&["-o", "token"]).go().code(), 22);
        }
        5 => {
            assert_eq!(create(&["-o", "exec:false"]).go().code(), 20);
            let operation = world.operations().remove(0);
            let words = [
                "token",
                "recover",
                &operation,
                "--out",
                "elsewhere",
                "--out",
                waits,
            ];
            until(world.run(&words), &began);
        }
        6 => {
            world.with_old();
            let words = ["token", "rotate", SANDBOX, "-o", "token", "--grace", "1h"];
            let old = world.value().unwrap();
            let is_there = || fs::read_to_string(world.work("token")).is_ok_and(|now| now != old);
            until(world.run(&words), &is_there);
        }
        7 => {
            world.fault(fault_on_create(Effect::CloseAfter));
            let ran = create(&["-o", "token", "--name", "ci"]).hastily().go();
            assert!(matches!(ran.code(), 22 | 23), "{}", ran.said());
        }
        _ => return kept(),
    }
    world.vault.clear_faults();
    let operation = world.operations().remove(0);
    (world, operation)
}

/// What an older version does to a record of this one: it may not understand all of it, but it neither
/// takes the value away nor tells anybody that nothing is open.
#[test]
fn an_older_version_does_no_harm() {
    let Some(old) = std::env::var_os(OLD) else {
        eprintln!("skipped: {OLD} names no older build of the program");
        return;
    };
    let older = |world: &World, words: &[&str]| {
        let run = world.run(&[&["token", "recover"], words].concat());
        run.program(OsString::clone(&old)).hastily().go()
    };
    for at in 0..=8 {
        let (world, operation) = leave(at);
        let record = world.records().remove(0);
        let lines = Lines::of(&record);
        let has_value = |lines: &Lines| lines.0.iter().any(|line| line["entry"] == "token");
        let ran = older(&world, &[]);
        assert_eq!(ran.code(), 0, "{at}: {}", ran.said());
        assert!(
            ran.printed().contains(&operation),
            "{at}: {}",
            ran.printed()
        );
        let now = Lines::of(&record);
        assert_eq!(
            has_value(&now),
            has_value(&lines),
            "{at}: the value is still there"
        );
        // What it does not know, and all behind that, it may have taken for torn.
        assert!(
            lines.0.starts_with(&now.0),
            "{at}: nothing else was written"
        );
        if has_value(&lines) && at != 6 {
            let ran = older(&world, &[&operation, "--out", "by-the-old"]);
            assert_eq!(ran.code(), 0, "{at}: {}", ran.said());
            let there = fs::read_to_string(world.work("by-the-old")).unwrap();
            assert_eq!(Some(there), world.value(), "{at}");
        } else {
            // What the old one makes of it, this one still understands.
            older(&world, &[&operation]);
            let ran = recover(&world, &[]);
            assert_eq!(ran.code(), 0, "{at}: {}", ran.said());
        }
        println!("{at}: {}", ran.printed().trim_end());
    }
}
