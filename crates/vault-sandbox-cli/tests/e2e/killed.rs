//! SIGKILL: reliability.md, section E.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use vault_sandbox_simulator::{Effect, Fault};

use crate::harness::{SANDBOX, World, in_rounds};
use crate::recover::recover;

/// SIGKILL at any moment, then `recover` until nothing is open: no token that works and is known
/// to nobody, none delivered twice.
#[test]
fn killed_at_any_moment() {
    let mut reached = in_rounds(48, 6, kill_and_recover);
    reached.sort();
    println!("{}", reached.join("\n"));
}

fn kill_and_recover(round: u64) -> String {
    let world = World::new();
    world.fault(Fault::new(Effect::Delay {
        by: Duration::from_millis(40),
    }));
    let running = world
        .create(&[
            "-o",
            "exec:/bin/sh -c 'cat >/dev/null; sleep 0.05'",
            "-o",
            "env-file:.env#T",
        ])
        .start();
    // Anywhere between the start and, on an idle machine, just after the end.
    std::thread::sleep(Duration::from_millis(10 + round * 9));
    running.signal(Signal::KILL);
    let killed = running.end().code();
    world.vault.clear_faults();
    let context = format!("round {round}, killed: {killed}");
    let mut last = killed;
    if let Some(operation) = world.operations().first() {
        // A program that was being started shares the lock until it runs.
        let ran = std::iter::repeat_with(|| recover(&world, &[operation]))
            .take(100)
            .find(|ran| !ran.said().contains("under way"))
            .expect("a killed run lets go of its record");
        last = ran.code();
        let context = format!("{context}: {}", ran.said());
        match last {
            0 | 2 => {}
            20 => {
                // Whether the program had it, nobody can tell: a person says where it is to go.
                let ran = recover(&world, &[operation, "--out", "again"]);
                assert_eq!(ran.code(), 0, "{context}{}", ran.said());
                assert_eq!(fs::read_to_string(world.work("again")).ok(), world.value());
            }
            22 => {
                let ran = recover(&world, &[operation, "--revoke", "--yes"]);
                assert_eq!(ran.code(), 0, "{context}{}", ran.said());
                assert_eq!(world.vault.tokens(SANDBOX).len(), 0, "{context}");
            }
            23 => {
                assert_eq!(world.vault.tokens(SANDBOX).len(), 0, "{context}");
                let ran = recover(&world, &[operation, "--forget", "--yes"]);
                assert_eq!(ran.code(), 0, "{context}{}", ran.said());
            }
            code => panic!("{context}: {code}"),
        }
    }
    assert!(world.records().is_empty(), "{context}");
    assert!(world.creates().len() <= 1, "{context}");
    if let Some(token) = world.vault.tokens(SANDBOX).first() {
        let delivered = fs::read_to_string(world.work("token")).unwrap_or_default();
        assert_eq!(delivered, token.value, "a token that nobody has: {context}");
    }
    format!("killed {killed} -> {last}")
}
