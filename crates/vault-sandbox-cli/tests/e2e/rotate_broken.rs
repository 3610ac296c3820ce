//! `token rotate` that is interrupted, overtaken or cut off: reliability.md, sections E and F.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use vault_sandbox_simulator::{Effect, Endpoint, Fault, TokenStatus};

use crate::harness::{Ran, SANDBOX, World, check_all, in_rounds, places_of, row};
use crate::harness::{Secret, fault_on_create};
use crate::recover::recover;
use crate::rotate::{ROTATE, rotate, trying_out};

fn lies_there(world: &World) -> String {
    fs::read_to_string(world.work("token")).unwrap_or_default()
}

#[track_caller]
fn until(what: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !what() {
        assert!(Instant::now() < end, "it does not come to that");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The new token is at its place, and the old one is gone.
#[track_caller]
fn assert_replaced(world: &World, ran: &Ran) {
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let tokens = world.vault.tokens(SANDBOX);
    assert_eq!(tokens.len(), 1, "{}", ran.said());
    assert_ne!(tokens[0].id, world.old().unwrap().id);
    assert_eq!(lies_there(world), tokens[0].value);
    assert_eq!(world.records().len(), 0);
    assert_eq!(world.creates().len(), 2);
}

/// A rotation whose new token could not be tried out.
fn open_rotation() -> (World, String) {
    let world = World::new();
    world.with_old();
    world.settle();
    trying_out(&world, &Effect::CloseBefore);
    let ran = rotate(&world, &[]).go();
    assert_eq!(ran.code(), 20, "{}", ran.said());
    assert_eq!(lies_there(&world), world.old().unwrap().value);
    world.vault.clear_faults();
    let operation = world.operations().remove(0);
    (world, operation)
}

#[test]
fn a_sandbox_that_is_gone_after_the_request() {
    check_all(&[row("it cannot be tried out", 20, |w| {
        w.with_old();
        trying_out(w, &Effect::CloseBefore);
        rotate(w, &[])
    })
    .says(&["stays as it was", "Try it out again, and go on"])]);
    let (world, operation) = open_rotation();
    let listed = recover(&world, &["--format", "json"]).json();
    let open = &listed["operations"][0];
    assert_eq!(open["replaces"], world.old().unwrap().id);
    assert_eq!(open["token_ids"][0], world.new_token().unwrap().id);
    assert_eq!(open["state"], "kept");
    let listed = recover(&world, &[]).printed();
    for token in world.vault.tokens(SANDBOX) {
        assert!(listed.contains(&token.id), "both are shown: {listed}");
    }
    let ran = recover(&world, &[&operation]);
    assert_replaced(&world, &ran);
}

#[test]
fn going_on_elsewhere_and_giving_up() {
    let (world, operation) = open_rotation();
    let ran = recover(&world, &[&operation, "--out", "other"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let tokens = world.vault.tokens(SANDBOX);
    assert_eq!(tokens.len(), 1);
    assert_eq!(
        fs::read_to_string(world.work("other")).unwrap(),
        tokens[0].value
    );

    let (world, operation) = open_rotation();
    let ran = recover(&world, &[&operation, "--revoke", "--yes"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let tokens = world.vault.tokens(SANDBOX);
    assert_eq!(tokens.len(), 1, "the old one stays");
    assert_eq!(lies_there(&world), tokens[0].value);

    // One that turns out not to do is not delivered then either.
    let (world, operation) = open_rotation();
    let hours = Duration::from_secs(3600);
    world.vault.switches(|s| s.token_usable_after = hours);
    let ran = recover(&world, &[&operation]);
    assert_eq!(lies_there(&world), world.old().unwrap().value);
    // It cannot even delete itself.
    assert_eq!(ran.code(), 20, "{}", ran.said());
    let ran = recover(&world, &[&operation, "--revoke", "--yes"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
    assert_eq!(world.records().len(), 0);
}

/// The old one goes only once every destination has the new value.
#[test]
fn one_destination_of_two_fails() {
    let world = World::new();
    let old = world.with_old();
    let script = "exec:/bin/sh -c 'cat >/dev/null; test -e ready'";
    let ran = rotate(&world, &["-o", script]).go();
    assert_eq!(ran.code(), 20, "{}", ran.said());
    let both = |world: &World| {
        let tokens = world.vault.tokens(SANDBOX);
        assert!(tokens.len() == 2 && tokens.iter().any(|t| t.id == old.id));
        assert_eq!(lies_there(world), world.new_token().unwrap().value);
    };
    both(&world);
    let operation = world.operations().remove(0);
    let ran = recover(&world, &[&operation]);
    assert_eq!(ran.code(), 20, "{}", ran.said());
    both(&world);
    fs::write(world.work("ready"), "").unwrap();
    let ran = recover(&world, &[&operation]);
    assert_replaced(&world, &ran);
    // Both places are known from now on.
    let next = rotate(&world, &["-o", script]).go();
    assert_eq!(next.code(), 0, "{}", next.said());
    assert!(!next.said().contains("also went to"), "{}", next.said());
}

#[test]
fn while_the_old_one_keeps_working() {
    let world = World::new();
    let old = world.with_old();
    // Nothing is sent meanwhile, and a session may end: then the new token deletes the old one.
    let running = rotate(&world, &["--grace", "2s"]).start();
    until(|| lies_there(&world) != old.value && !lies_there(&world).is_empty());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 2);
    world.vault.expire_sessions();
    let ran = running.end();
    assert_replaced(&world, &ran);
    assert!(
        ran.said().contains("keeps working for 2s;"),
        "{}",
        ran.said()
    );
}

#[test]
fn interrupted_while_the_old_one_keeps_working() {
    for (signal, by) in [(Signal::INT, "interrupted"), (Signal::TERM, "interrupted")] {
        let world = World::new();
        let old = world.with_old();
        let started = Instant::now();
        let running = rotate(&world, &["--grace", "1h"]).start();
        until(|| lies_there(&world) != old.value && !lies_there(&world).is_empty());
        running.signal(signal);
        let ran = running.end();
        assert!(started.elapsed() < Duration::from_secs(60));
        assert_eq!(ran.code(), 24, "{}", ran.said());
        assert!(ran.said().contains(by), "{}", ran.said());
        assert_eq!(ran.json()["replaced"]["state"], "not_deleted");
        assert_eq!(world.vault.tokens(SANDBOX).len(), 2);
        assert_eq!(world.records().len(), 0);
        // The command that is said does it.
        let next = ran.json()["error"]["next"][0].as_str().unwrap().to_owned();
        let run = world
            .shell(&format!("{next} --yes"))
            .env("HOME", world.root().join("home"))
            .env("XDG_STATE_HOME", world.root().join("state"))
            .env("VAULT_SANDBOX_DNS", format!("http://{}", world.vault.dns()))
            .env("VAULT_SANDBOX_USER", world.vault.user_name())
            .env("VAULT_SANDBOX_PASSWORD", world.vault.password());
        let ran = run.go();
        assert_eq!(ran.code(), 0, "{next}: {}", ran.said());
        let tokens = world.vault.tokens(SANDBOX);
        assert_eq!(tokens.len(), 1);
        assert_eq!(lies_there(&world), tokens[0].value);
    }
}

/// Killed between the delivery and the deletion: both are shown, and whoever goes on need not wait again.
#[test]
fn killed_while_the_old_one_keeps_working() {
    let at_its_place = || {
        let world = World::new();
        let old = world.with_old();
        let running = rotate(&world, &["--grace", "1h"]).start();
        until(|| lies_there(&world) != old.value && !lies_there(&world).is_empty());
        running.signal(Signal::KILL);
        running.end();
        // The rename comes before the mark.
        let operation = world.operations().remove(0);
        (world, operation)
    };
    let (world, operation) = at_its_place();
    let open = recover(&world, &["--format", "json"]).json()["operations"][0].clone();
    assert_eq!(open["replaces"], world.old().unwrap().id);
    assert_eq!(open["token_ids"][0], world.new_token().unwrap().id);
    assert!(["delivered", "kept"].contains(&open["state"].as_str().unwrap()));
    let ran = recover(&world, &[&operation]);
    assert_replaced(&world, &ran);

    let (world, operation) = at_its_place();
    let ran = recover(&world, &[&operation, "--forget", "--yes"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let old = world.old().unwrap().id;
    assert!(
        ran.said()
            .contains(&format!("The old token {old} is not deleted"))
    );
    assert_eq!(world.vault.tokens(SANDBOX).len(), 2);
    assert_works(&world, "forgotten");
}

#[test]
fn interrupted_while_it_is_tried_out() {
    let world = World::new();
    let old = world.with_old();
    let by = Duration::from_millis(1500);
    trying_out(&world, &Effect::Delay { by });
    let running = rotate(&world, &[]).start();
    let is_tried = || {
        let value = world.new_token().map(|new| format!("Bearer {}", new.value));
        let requests = world.vault.requests();
        let mut by = requests
            .iter()
            .filter_map(|r| r.headers.get("authorization"));
        by.any(|by| Some(by.as_bytes()) == value.as_ref().map(String::as_bytes))
    };
    until(is_tried);
    running.signal(Signal::INT);
    let ran = running.end();
    assert_eq!(ran.code(), 20, "{}", ran.said());
    assert_eq!(lies_there(&world), old.value);
    world.vault.clear_faults();
    let operation = world.operations().remove(0);
    assert_replaced(&world, &recover(&world, &[&operation]));
}

#[test]
fn interrupted_while_the_old_one_is_being_deleted() {
    let world = World::new();
    world.with_old();
    let silence = Effect::Silence {
        carried_out: true,
        bound: Duration::from_secs(30),
    };
    world.fault(Fault::new(silence).on(Endpoint::DeleteTokens));
    let running = world
        .run(&[&ROTATE[..], &["--format", "json", "-o", "token"]].concat())
        .start();
    until(|| world.vault.tokens(SANDBOX).len() == 1 && world.new_token().is_some());
    running.signal(Signal::INT);
    let ran = running.end();
    assert_eq!(ran.code(), 24, "{}", ran.said());
    assert!(ran.said().contains("Nobody knows"), "{}", ran.said());
    assert_eq!(ran.json()["replaced"]["state"], "unknown");
}

/// Two at once on one file: one value lies there and works, and what else is there is named.
#[test]
fn two_at_once() {
    for _ in 0..6 {
        let world = World::new();
        let old = world.with_old();
        let by = Duration::from_millis(150);
        world.fault(fault_on_create(Effect::Delay { by }));
        let both = [rotate(&world, &[]).start(), rotate(&world, &[]).start()];
        let ran = both.map(crate::harness::Running::end);
        let tokens = world.vault.tokens(SANDBOX);
        assert!(tokens.iter().all(|t| t.id != old.id));
        assert!(tokens.iter().any(|t| t.value == lies_there(&world)));
        let said: String = ran.iter().map(|r| r.said() + &r.printed()).collect();
        for token in &tokens {
            assert!(
                said.contains(&token.id),
                "{} is not named: {said}",
                token.id
            );
        }
        assert_eq!(world.records().len(), 0, "{said}");
        let ledger = fs::read_to_string(world.ledger()).unwrap();
        assert!(tokens.iter().all(|t| ledger.contains(&t.id)));
        // And named again by the next one.
        let next = rotate(&world, &[]).go();
        assert_eq!(next.code(), 0, "{}", next.said());
        for token in &tokens {
            assert!(next.said().contains(&token.id), "{}", next.said());
        }
        assert_works(&world, &next.said());
    }
}

/// SIGKILL at any moment of a rotation, then `recover` until nothing is open: what lies at the
/// destination works all the time, and never are two tokens left of which one is nowhere named.
#[test]
fn killed_at_any_moment() {
    let mut reached = in_rounds(48, 6, kill_and_recover);
    reached.sort();
    println!("{}", reached.join("\n"));
}

#[track_caller]
fn assert_works(world: &World, context: &str) {
    let value = lies_there(world);
    let tokens = world.vault.tokens(SANDBOX);
    let is_active = |t: &&vault_sandbox_simulator::TokenRecord| t.status == TokenStatus::Active;
    let found = tokens.iter().filter(is_active).find(|t| t.value == value);
    assert!(found.is_some(), "what lies there does not work: {context}");
}

fn kill_and_recover(round: u64) -> String {
    let world = World::new();
    world.with_old();
    let by = Duration::from_millis(40);
    world.fault(Fault::new(Effect::Delay { by }));
    let running = rotate(&world, &["--grace", "60ms"]).start();
    std::thread::sleep(Duration::from_millis(10 + round * 10));
    running.signal(Signal::KILL);
    let killed = running.end().code();
    world.vault.clear_faults();
    let context = format!("round {round}, killed: {killed}");
    assert_works(&world, &context);
    let mut last = killed;
    let named = std::cell::Cell::new(true);
    if let Some(operation) = world.operations().first() {
        let listed = recover(&world, &[]).printed();
        for token in world.vault.tokens(SANDBOX) {
            named.set(named.get() && listed.contains(&token.id));
        }
        let ran = std::iter::repeat_with(|| recover(&world, &[operation]))
            .take(100)
            .find(|ran| !ran.said().contains("under way"))
            .expect("a killed run lets go of its record");
        last = ran.code();
        let context = format!("{context}: {}", ran.said());
        assert_works(&world, &context);
        let closes = match last {
            // 2: it had asked for nothing.
            0 | 2 => None,
            22 => Some("--revoke"),
            23 => Some("--forget"),
            code => panic!("{context}: {code}"),
        };
        if let Some(how) = closes {
            let ran = recover(&world, &[operation, how, "--yes"]);
            assert_eq!(ran.code(), 0, "{context}{}", ran.said());
        }
    }
    assert!(world.records().is_empty(), "{context}");
    assert!(world.asked() <= 2, "{context}");
    assert_works(&world, &context);
    let tokens = world.vault.tokens(SANDBOX);
    assert_eq!(tokens.len(), 1, "two are left: {context}");
    let places = places_of(
        &world,
        &recover(&world, &[]),
        &Secret::new(&tokens[0].value),
    );
    assert_eq!(places, ["work/token".to_owned()].into(), "{context}");
    format!(
        "killed {killed} -> {last}, {}",
        if named.get() {
            "all named"
        } else {
            "not all named"
        }
    )
}
