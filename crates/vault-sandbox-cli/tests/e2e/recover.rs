//! Going on from what an interrupted run left: `token recover`.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use vault_sandbox_simulator::{Effect, Endpoint, Fault};

use crate::delivery::wait_for_the_request;
use crate::harness::{Ran, SANDBOX, World, fault_on_create, value_places};

/// A value that is kept, because stdout did not take it.
fn kept() -> (World, String) {
    let world = World::new();
    let run = world.run(&["token", "create", SANDBOX, "--verify", "never"]);
    let ran = run.shell("exec \"$0\" \"$@\" >/dev/full").go();
    assert_eq!(ran.code(), 20, "{}", ran.said());
    let operation = world.operations().remove(0);
    assert!(
        ran.said().contains(&operation),
        "the command to type is said"
    );
    (world, operation)
}

/// A request whose fate is unknown.
fn unknown(carried_out: bool) -> (World, String) {
    let world = World::new();
    world
        .vault
        .switches(|s| s.token_visible_after = Duration::from_secs(3600));
    let effect = if carried_out {
        Effect::CloseAfter
    } else {
        Effect::CloseBefore
    };
    world.fault(fault_on_create(effect));
    let ran = world.create_hastily(&[]).go();
    assert_eq!(ran.code(), 23, "{}", ran.said());
    let operation = world.operations().remove(0);
    assert!(
        ran.said().contains(&format!("token recover {operation}")),
        "{}",
        ran.said()
    );
    (world, operation)
}

fn recover(world: &World, more: &[&str]) -> Ran {
    world
        .run(&[&["token", "recover"], more].concat())
        .hastily()
        .go()
}

/// Nothing is left, and no second token was asked for.
fn assert_closed(world: &World) {
    assert_eq!(world.records().len(), 0);
    assert_eq!(world.creates().len(), 1);
    assert!(world.files().iter().all(|f| !f.place.ends_with(".tmp")));
}

#[test]
fn nothing_is_open() {
    let world = World::new();
    let ran = recover(&world, &[]);
    assert_eq!(
        (ran.code(), ran.printed().as_str()),
        (0, ""),
        "{}",
        ran.said()
    );
    assert!(ran.said().contains("Nothing is open"));
    let json = recover(&world, &["--format", "json"]).json();
    assert_eq!(
        (&json["exit_code"], &json["operations"]),
        (&0.into(), &serde_json::json!([]))
    );
    let ran = recover(&world, &["3f9a1c22"]);
    assert_eq!(ran.code(), 2);
    assert!(
        ran.said().contains("no open operation 3f9a1c22"),
        "{}",
        ran.said()
    );
    for word in ["../../etc/passwd", "x", "3f9a1c2", "3F9A1C22/", ""] {
        assert_eq!(recover(&world, &[word]).code(), 2, "{word}");
    }
    assert_eq!(world.vault.requests().len(), 0);
    assert_eq!(world.files().len(), 0);
}

#[test]
fn a_kept_value_is_delivered_elsewhere() {
    let (world, operation) = kept();
    let listed = recover(&world, &["--format", "json"]).json();
    assert_eq!(listed["operations"][0]["operation"], operation);
    assert_eq!(listed["operations"][0]["state"], "kept");
    let ran = recover(&world, &[&operation, "--out", "token"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(
        fs::read_to_string(world.work("token")).unwrap(),
        world.value().unwrap()
    );
    assert_eq!(value_places(&world, &ran), ["work/token".to_owned()].into());
    assert_closed(&world);
    let again = recover(&world, &[&operation, "--out", "other"]);
    assert_eq!(again.code(), 2, "{}", again.said());
    assert!(!world.work("other").exists());
}

#[test]
fn a_kept_value_is_delivered_to_stdout() {
    for format in ["human", "json"] {
        let (world, operation) = kept();
        let ran = recover(&world, &[&operation, "--out", "-", "--format", format]);
        assert_eq!(ran.code(), 0, "{}", ran.said());
        let value = world.value().unwrap();
        match format {
            "json" => assert_eq!(ran.json()["token"]["value"], value),
            _ => assert_eq!(ran.printed(), format!("{value}\n")),
        }
        assert_closed(&world);
    }
}

/// Where it was meant to go, if nothing else is said.
#[test]
fn a_kept_value_is_delivered_where_it_was_meant_to_go() {
    let world = World::new();
    fs::create_dir(world.work("d")).unwrap();
    world.fault(fault_on_create(Effect::Delay {
        by: Duration::from_millis(500),
    }));
    let running = world.create(&["-o", "d/second"]).start();
    wait_for_the_request(&world);
    fs::remove_dir_all(world.work("d")).unwrap();
    assert_eq!(running.end().code(), 20);
    let operation = world.operations().remove(0);
    let still = recover(&world, &[&operation]);
    assert_eq!(
        still.code(),
        20,
        "the directory is still missing: {}",
        still.said()
    );
    fs::create_dir(world.work("d")).unwrap();
    // Whoever was served already may have changed it since.
    fs::write(world.work("token"), "changed since").unwrap();
    let ran = recover(&world, &[&operation]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(
        fs::read_to_string(world.work("d/second")).unwrap(),
        world.value().unwrap()
    );
    assert_eq!(
        fs::read(world.work("token")).unwrap(),
        b"changed since",
        "not delivered twice"
    );
    assert_closed(&world);
}

#[test]
fn a_place_that_cannot_take_it_changes_nothing() {
    let (world, operation) = kept();
    let before = fs::read(&world.records()[0]).unwrap();
    for destination in ["nowhere/token", ".", "/dev/null", "exec:no-such-program"] {
        let ran = recover(&world, &[&operation, "--out", destination]);
        assert_eq!(ran.code(), 10, "{destination}: {}", ran.said());
    }
    assert_eq!(fs::read(&world.records()[0]).unwrap(), before);
}

/// The value is here; Vault is not needed to hand it over.
#[test]
fn a_kept_value_is_delivered_while_vault_is_away() {
    let (world, operation) = kept();
    world.fault(Fault::new(Effect::CloseBefore));
    let ran = recover(&world, &[&operation, "--out", "token"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(
        fs::read_to_string(world.work("token")).unwrap(),
        world.value().unwrap()
    );
    assert_closed(&world);
}

#[test]
fn revoking() {
    let (world, operation) = kept();
    let ran = recover(&world, &[&operation, "--revoke"]);
    assert_eq!(ran.code(), 3, "nobody confirmed: {}", ran.said());
    assert!(ran.said().contains("--yes"), "{}", ran.said());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
    world.fault(
        Fault::new(Effect::CloseBefore)
            .on(Endpoint::DeleteTokens)
            .first(20),
    );
    let ran = recover(&world, &[&operation, "--revoke", "--yes"]);
    assert!(ran.code() >= 20, "it still stands: {}", ran.said());
    assert_eq!(world.records().len(), 1);
    world.vault.clear_faults();
    let ran = recover(&world, &[&operation, "--revoke", "--yes"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 0);
    assert_closed(&world);
}

#[test]
fn forgetting() {
    let (world, operation) = kept();
    let ran = recover(&world, &[&operation, "--forget"]);
    assert_eq!(ran.code(), 3, "{}", ran.said());
    assert!(ran.said().contains("will be lost"), "{}", ran.said());
    assert_eq!(world.records().len(), 1);
    let ran = recover(&world, &[&operation, "--forget", "--yes"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_closed(&world);
    assert!(value_places(&world, &ran).is_empty());
}

#[test]
fn one_that_is_unknown_stays_so_until_it_is_seen() {
    let (world, operation) = unknown(true);
    let listed = recover(&world, &["--format", "json"]).json();
    assert_eq!(listed["operations"][0]["state"], "unknown");
    for _ in 0..2 {
        let ran = recover(&world, &[&operation]);
        assert_eq!(
            ran.code(),
            23,
            "finding nothing proves nothing: {}",
            ran.said()
        );
    }
    let ran = recover(&world, &[&operation, "--out", "token"]);
    assert_eq!(ran.code(), 2, "there is no value: {}", ran.said());
    world
        .vault
        .switches(|s| s.token_visible_after = Duration::ZERO);
    let ran = recover(&world, &[&operation]);
    assert_eq!(ran.code(), 22, "{}", ran.said());
    assert!(
        ran.said().contains(&world.vault.tokens(SANDBOX)[0].id),
        "{}",
        ran.said()
    );
    let ran = recover(&world, &[&operation, "--revoke", "--yes"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 0);
    assert_closed(&world);
}

#[test]
fn one_that_never_was_is_closed_by_hand() {
    let (world, operation) = unknown(false);
    assert_eq!(recover(&world, &[&operation]).code(), 23);
    let ran = recover(&world, &[&operation, "--forget", "--yes"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_closed(&world);
}

/// Somebody else's token of that name is not touched.
#[test]
fn an_older_token_of_the_same_name_that_is_in_use_is_not_revoked() {
    let world = World::new();
    let name = ["-n", "shared name"];
    let first = world
        .run(&[&["token", "create", SANDBOX, "-o", "first"], &name[..]].concat())
        .go();
    assert_eq!(first.code(), 0, "{}", first.said());
    let older = world.vault.tokens(SANDBOX)[0].id.clone();
    world.fault(fault_on_create(Effect::CloseAfter));
    let ran = world.create_hastily(&name).go();
    assert_eq!(ran.code(), 22, "{}", ran.said());
    let operation = world.operations().remove(0);
    let ran = recover(&world, &[&operation, "--revoke", "--yes"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let left: Vec<_> = world
        .vault
        .tokens(SANDBOX)
        .into_iter()
        .map(|t| t.id)
        .collect();
    assert_eq!(left, [older]);
}

#[test]
fn another_run_is_under_way() {
    let world = World::new();
    world.fault(fault_on_create(Effect::Delay {
        by: Duration::from_secs(2),
    }));
    let running = world.create(&[]).start();
    wait_for_the_request(&world);
    let operation = world.operations().remove(0);
    let listed = recover(&world, &["--format", "json"]).json();
    assert_eq!(listed["operations"][0]["state"], "under_way");
    for more in [
        &["--yes"][..],
        &["--revoke", "--yes"],
        &["--forget", "--yes"],
        &["--out", "x"],
    ] {
        let ran = recover(&world, &[&[operation.as_str()], more].concat());
        assert_eq!(ran.code(), 23, "{}", ran.said());
        assert!(ran.said().contains("under way"), "{}", ran.said());
    }
    let ran = running.end();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(value_places(&world, &ran), ["work/token".to_owned()].into());
    assert_closed(&world);
}

#[test]
fn two_recoveries_at_once_deliver_once() {
    for _ in 0..4 {
        let (world, operation) = kept();
        let starts = ["a", "b", "c"].map(|to| {
            world
                .run(&["token", "recover", &operation, "--out", to])
                .start()
        });
        let codes = starts.map(|running| running.end().code());
        let served = codes.iter().filter(|code| **code == 0).count();
        let files = ["a", "b", "c"]
            .iter()
            .filter(|to| world.work(to).exists())
            .count();
        assert_eq!((served, files), (1, 1), "{codes:?}");
        assert!(
            codes.iter().all(|code| [0, 2, 23].contains(code)),
            "{codes:?}"
        );
        assert_closed(&world);
    }
}

#[test]
fn records_that_cannot_be_understood() {
    let (world, operation) = kept();
    let path = world.records().remove(0);
    let whole = fs::read(&path).unwrap();
    let mut first_bit = whole.clone();
    first_bit[5] ^= 1;
    for junk in [&b"junk\njunk"[..], b"\0\0\0\n\0", &first_bit] {
        fs::write(&path, junk).unwrap();
        let ran = recover(&world, &[&operation]);
        assert_eq!(ran.code(), 23, "{}", ran.said());
        assert!(ran.said().contains("--forget"), "{}", ran.said());
        assert_eq!(recover(&world, &[]).code(), 0);
        assert_eq!(fs::read(&path).unwrap(), junk, "it is left as it is");
    }
    // A value that is there is found, whatever a crash made of what comes after it.
    fs::write(&path, [&whole[..], b"rubbish"].concat()).unwrap();
    assert_eq!(recover(&world, &[&operation, "--out", "token"]).code(), 0);
    assert_closed(&world);
}

/// SIGKILL at any moment, then `recover` until nothing is open: no token that works and is known
/// to nobody, none delivered twice.
#[test]
fn killed_at_any_moment() {
    const ROUNDS: u64 = 48;
    let round = AtomicU64::new(0);
    let reached = std::sync::Mutex::new(std::collections::BTreeMap::<String, u32>::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let at = round.fetch_add(1, Ordering::SeqCst);
                    if at >= ROUNDS {
                        break;
                    }
                    let outcome = kill_and_recover(at);
                    *reached.lock().unwrap().entry(outcome).or_default() += 1;
                }
            });
        }
    });
    println!("{:?}", reached.into_inner().unwrap());
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
        let ran = recover(&world, &[operation]);
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

/// A run that was killed between writing and renaming leaves the value beside the target.
#[test]
fn what_a_killed_run_left_beside_its_target_is_removed() {
    let world = World::new();
    fs::create_dir(world.work("d")).unwrap();
    world.fault(fault_on_create(Effect::Delay {
        by: Duration::from_millis(500),
    }));
    let running = world.create(&["-o", "d/second"]).start();
    wait_for_the_request(&world);
    fs::remove_dir_all(world.work("d")).unwrap();
    assert_eq!(running.end().code(), 20);
    let operation = world.operations().remove(0);
    fs::create_dir(world.work("d")).unwrap();
    let value = world.value().unwrap();
    for name in [
        ".token.0123456789abcdef.tmp",
        "d/.second.0123456789abcdef.tmp",
    ] {
        fs::write(world.work(name), &value).unwrap();
    }
    // Not ours to remove: another name, and one whose run is alive.
    fs::write(world.work(".token.mine.tmp"), "mine").unwrap();
    let alive = world.work(".token.fedcba9876543210.tmp");
    let file = fs::File::create(&alive).unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let ran = recover(&world, &[&operation, "--out", "elsewhere"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let places = value_places(&world, &ran);
    assert_eq!(
        places,
        ["work/elsewhere".to_owned(), "work/token".to_owned()].into()
    );
    assert!(alive.exists() && world.work(".token.mine.tmp").exists());
}
