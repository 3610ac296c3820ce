//! Going on from what an interrupted run left: `token recover`.

use std::fs;
use std::time::Duration;

use vault_sandbox_simulator::{Edit, Effect, Endpoint, Fault};

use crate::delivery::wait_for_the_request;
use crate::harness::{Ran, SANDBOX, World, fault_on_create, value_places};

/// A value that is kept, because stdout did not take it.
pub(crate) fn kept() -> (World, String) {
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

pub(crate) fn recover(world: &World, more: &[&str]) -> Ran {
    world
        .run(&[&["token", "recover"], more].concat())
        .hastily()
        .go()
}

/// The operation of a run whose target's directory was removed while it asked.
pub(crate) fn kept_for_a_file(world: &World) -> String {
    fs::create_dir(world.work("d")).unwrap();
    world.fault(fault_on_create(Effect::Delay {
        by: Duration::from_millis(500),
    }));
    let running = world.create(&["-o", "d/second"]).start();
    wait_for_the_request(world);
    fs::remove_dir_all(world.work("d")).unwrap();
    assert_eq!(running.end().code(), 20);
    world.operations().remove(0)
}

/// Nothing is left, and no second token was asked for.
pub(crate) fn assert_closed(world: &World) {
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

/// Another user cannot see it, which does not mean that it is gone.
#[test]
fn revoked_by_somebody_else() {
    let (world, operation) = kept();
    let revoke = ["token", "recover", &operation, "--revoke", "--yes"];
    let ran = world
        .run(&revoke)
        .env("VAULT_SANDBOX_USER", "read.only@veepharm.com")
        .go();
    assert_eq!(ran.code(), 20, "{}", ran.said());
    assert!(ran.said().contains("as its user"), "{}", ran.said());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
    let ran = world.run(&revoke).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 0);
    assert_closed(&world);
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

/// Nobody has to be let in to hand over what is here; the token proves itself.
#[test]
fn a_kept_value_needs_no_credential() {
    let (world, operation) = kept();
    let before = world.vault.requests().len();
    let ran = world
        .run(&["token", "recover", &operation, "--out", "token"])
        .without("VAULT_SANDBOX_USER")
        .without("VAULT_SANDBOX_PASSWORD")
        .hastily()
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_closed(&world);
    let asked = world.vault.requests().split_off(before);
    assert!(asked.iter().all(|r| r.vault == SANDBOX), "only the sandbox");
}

/// What is said to be typed works as it stands.
#[test]
fn the_command_to_type_finds_the_record() {
    let world = World::new();
    let state = world.root().join("state/of my own");
    let run = world.run(&["token", "create", SANDBOX, "--verify", "never"]);
    let run = run.arg("--state-dir").arg(&state);
    let said = run.shell("exec \"$0\" \"$@\" >/dev/full").go().said();
    let command = said
        .lines()
        .find_map(|line| line.split_once("Deliver it:  vault-sandbox "));
    let command = command.unwrap().1.replace("PATH", "token");
    let script = format!("eval \"\\\"$0\\\" {command}\"");
    let ran = world.run(&[]).without_timeout().shell(&script).go();
    assert_eq!(ran.code(), 0, "{script}: {}", ran.said());
    assert_closed(&world);
}

/// A simulated Vault ends with its run; a real credential must not be sent to where it was.
#[test]
fn records_of_simulated_runs_lie_apart() {
    let world = World::new();
    let run = world.run(&[
        "--simulate",
        "token",
        "create",
        SANDBOX,
        "--verify",
        "never",
    ]);
    let ran = run.shell("exec \"$0\" \"$@\" >/dev/full").go();
    assert_eq!(ran.code(), 20, "{}", ran.said());
    let operation = world.operations().remove(0);
    let command = format!("vault-sandbox --simulate token recover {operation}");
    assert!(ran.said().contains(&command), "{}", ran.said());
    assert_eq!(recover(&world, &[&operation, "--out", "token"]).code(), 2);
    assert!(recover(&world, &[]).said().contains("Nothing is open"));
    let ran = recover(&world, &["--simulate", &operation, "--out", "token"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(
        fs::read_to_string(world.work("token"))
            .unwrap()
            .starts_with("veeva-vault-")
    );
    assert_eq!(
        (world.records().len(), world.vault.requests().len()),
        (0, 0)
    );
}

/// Where it was meant to go, if nothing else is said.
#[test]
fn a_kept_value_is_delivered_where_it_was_meant_to_go() {
    let world = World::new();
    let operation = kept_for_a_file(&world);
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
    let own = world.records()[0].to_str().unwrap().to_owned();
    for destination in [
        "nowhere/token",
        ".",
        "/dev/null",
        "exec:no-such-program",
        &own,
    ] {
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

/// Which of the tokens of a name that others can have is this operation's, nobody can tell: none is
/// touched.
#[test]
fn an_older_token_of_the_same_name_that_is_in_use_is_not_revoked() {
    let world = World::new();
    let name = ["-n", "shared name"];
    let first = world
        .run(&[&["token", "create", SANDBOX, "-o", "first"], &name[..]].concat())
        .go();
    assert_eq!(first.code(), 0, "{}", first.said());
    world.fault(fault_on_create(Effect::CloseAfter));
    let ran = world.create_hastily(&name).go();
    assert_eq!(ran.code(), 23, "{}", ran.said());
    let operation = world.operations().remove(0);
    let before = world.vault.tokens(SANDBOX).len();
    let ran = recover(&world, &[&operation, "--revoke", "--yes"]);
    assert_eq!(ran.code(), 23, "{}", ran.said());
    assert_eq!((world.vault.tokens(SANDBOX).len(), before), (2, 2));
}

/// A value that does not look like a token is known to be one all the same: what a program says of it
/// is shown without it.
#[test]
fn an_odd_value_is_not_shown_by_a_program_either() {
    let world = World::new();
    let value = "odd.prefix/ABC+DEF=GHI~";
    let effect = Effect::Edit(Edit::SetValue(value.to_owned()));
    world.fault(fault_on_create(effect));
    let create = ["token", "create", SANDBOX, "-o", "exec:false"];
    let ran = world
        .run(&[&create[..], &["--verify", "never"]].concat())
        .go();
    assert_eq!(ran.code(), 20, "{}", ran.said());
    let operation = world.operations().remove(0);
    let told = "exec:sh -c 'echo got: >&2; tee /dev/stderr'";
    let ran = recover(&world, &[&operation, "-o", told]);
    assert!(ran.said().contains("got:"), "{}", ran.said());
    assert!(!ran.said().contains(value), "{}", ran.said());
}
