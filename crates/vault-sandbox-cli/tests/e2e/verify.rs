//! `token verify`: whether a token works, and until when.

use std::fs;
use std::time::Duration;

use vault_sandbox_simulator::{Effect, Endpoint, Fault, ResponseStatus};

use crate::harness::{Ran, Run, SANDBOX, World};

const VERIFY: [&str; 3] = ["token", "verify", SANDBOX];
const DELIVERED: [&str; 3] = ["token", "verify", "--delivered"];

fn verify(world: &World, more: &[&str]) -> Run {
    world.run(&[&VERIFY[..], &["--format", "json"], more].concat())
}

/// The one object of `tokens`.
#[track_caller]
fn only(ran: &Ran) -> serde_json::Value {
    let tokens = ran.json()["tokens"].clone();
    assert_eq!(tokens.as_array().unwrap().len(), 1, "{tokens}");
    tokens[0].clone()
}

/// Everybody's part of a run: exit code, and what JSON says of the token.
#[track_caller]
fn is(ran: &Ran, code: i32, works: impl Into<serde_json::Value>) -> serde_json::Value {
    assert_eq!(ran.code(), code, "{}", ran.said());
    let token = only(ran);
    assert_eq!(token["works"], works.into(), "{token}");
    assert_eq!(token["reason"].is_null(), code == 0, "{token}");
    token
}

#[test]
fn by_file_and_by_environment() {
    let world = World::new();
    let old = world.with_old();
    let file = world.work("token");
    let file = file.to_str().unwrap();
    let from_file = || verify(&world, &["--sandbox-token-file", file]);
    let by_variable = || verify(&world, &[]).env("VAULT_SANDBOX_SANDBOX_TOKEN", &old.value);
    let by_its_file = || verify(&world, &[]).env("VAULT_SANDBOX_SANDBOX_TOKEN_FILE", file);
    for (run, source) in [
        (&from_file as &dyn Fn() -> Run, "--sandbox-token-file"),
        (&by_variable, "VAULT_SANDBOX_SANDBOX_TOKEN"),
        (&by_its_file, "VAULT_SANDBOX_SANDBOX_TOKEN_FILE"),
    ] {
        let token = is(&run().go(), 0, true);
        assert_eq!(token["id"], old.id, "the user has only this one");
        assert!(
            token["source"].as_str().unwrap().starts_with(source),
            "{token}"
        );
        assert_eq!(token["user"]["name"], world.vault.user_name());
        assert!(token["expiry"].as_str().unwrap().ends_with('Z'));
        assert!(!token["last_used"].is_null(), "it was just used");
    }
    // Gone, whoever deleted it.
    let revoke = ["token", "revoke", SANDBOX, &old.id, "--yes"];
    assert_eq!(world.run(&revoke).go().code(), 0);
    for run in [&from_file as &dyn Fn() -> Run, &by_variable, &by_its_file] {
        let ran = run().go();
        let token = is(&ran, 4, false);
        assert!(
            token["reason"]
                .as_str()
                .unwrap()
                .contains("does not work in")
        );
        assert!(ran.said().contains("INVALID_SESSION_ID"), "{}", ran.said());
    }
    // For people.
    let ran = world
        .run(&[&VERIFY[..], &["--sandbox-token-file", file]].concat())
        .go();
    assert_eq!((ran.code(), ran.printed().as_str()), (4, ""));
    assert!(
        ran.said().contains("It does not work in VeePharm Sandbox"),
        "{}",
        ran.said()
    );
}

#[test]
fn expired_tokens_and_sandboxes_out_of_reach() {
    let world = World::new();
    world.create(&["-e", "2h"]).go();
    let file = ["--sandbox-token-file", "token"];
    assert_eq!(is(&verify(&world, &file).go(), 0, true)["status"], "active");
    world.vault.advance(Duration::from_secs(3 * 3600));
    is(&verify(&world, &file).go(), 4, false);
    world
        .vault
        .fault(Fault::new(Effect::CloseBefore).vault(SANDBOX));
    is(
        &verify(&world, &file).hastily().go(),
        7,
        serde_json::Value::Null,
    );
    let dns = crate::harness::raw_server(drop);
    let nowhere = [&file[..], &["--sandbox-dns", &dns]].concat();
    is(
        &verify(&world, &nowhere).hastily().go(),
        7,
        serde_json::Value::Null,
    );
}

/// The parent session is all there is: that is said, since it proves nothing of a token.
#[test]
fn without_a_token_of_the_sandbox() {
    let world = World::new();
    let ran = verify(&world, &[]).go();
    let token = is(&ran, 0, true);
    assert_eq!((&token["id"], &token["expiry"]), (&().into(), &().into()));
    let warnings = ran.json()["warnings"].to_string();
    for ran in [&ran, &world.run(&VERIFY).go()] {
        assert_eq!(ran.code(), 0);
        for words in [
            "no token of VeePharm Sandbox was given",
            "--sandbox-token-file",
        ] {
            assert!(ran.said().contains(words), "{}", ran.said());
            assert!(warnings.contains(words), "{warnings}");
        }
    }
}

#[test]
fn which_token_it_is() {
    let world = World::new();
    let first = world.with_old();
    world
        .run(&["token", "create", SANDBOX, "-o", "second"])
        .go();
    let second = world.vault.tokens(SANDBOX).pop().unwrap();
    let copy = world.input("copy", first.value.as_bytes());
    let from = |path: &str, more: &[&str]| {
        let run = verify(&world, &[&["--sandbox-token-file", path], more].concat());
        run.go()
    };
    // The ledger knows of the files that it was delivered to, and of no copies.
    assert_eq!(is(&from("token", &[]), 0, true)["id"], first.id);
    assert_eq!(is(&from("second", &[]), 0, true)["id"], second.id);
    let ran = from(&copy, &[]);
    assert!(is(&ran, 0, true)["expiry"].is_null());
    assert!(
        ran.json()["warnings"][0]
            .as_str()
            .unwrap()
            .contains("cannot be told")
    );
    let ran = world
        .run(&[&VERIFY[..], &["--sandbox-token-file", &copy]].concat())
        .go();
    assert!(ran.printed().contains("Give --id ID"), "{}", ran.printed());
    assert_eq!(
        is(&from(&copy, &["--id", &first.id]), 0, true)["id"],
        first.id
    );
    // One that is not there cannot be it.
    let ran = from(&copy, &["--id", "V8T000000009999"]);
    assert!(is(&ran, 0, true)["id"].is_null());
    assert!(
        ran.json()["warnings"][0]
            .as_str()
            .unwrap()
            .contains("V8T000000009999")
    );
    // What may not be read is not guessed.
    let effect = Effect::Refuse {
        status: 200,
        response_status: ResponseStatus::Failure,
        errors: vec![("INSUFFICIENT_ACCESS".into(), "no".into())],
    };
    world.fault(Fault::new(effect).on(Endpoint::Query));
    let ran = from("token", &[]);
    assert!(is(&ran, 0, true)["expiry"].is_null());
    let two = [
        "token",
        "verify",
        SANDBOX,
        "My Configuration Sandbox",
        "--id",
        &first.id,
    ];
    assert_eq!(world.run(&two).go().code(), 2);
}

#[test]
fn what_was_delivered() {
    let world = World::new();
    let run = || world.run_without_login(&[&DELIVERED[..], &["--format", "json"]].concat());
    let go = || run().hastily().go();
    let ran = go();
    assert_eq!(ran.code(), 3, "{}", ran.said());
    assert!(ran.said().contains("knows of no token"), "{}", ran.said());
    let old = world.with_old();
    // Nobody has to be let in for it but the token, and only in its sandbox.
    let since = world.vault.requests().len();
    let token = is(&go(), 0, true);
    assert_eq!(
        (&token["id"], &token["sandbox"]),
        (&old.id.clone().into(), &SANDBOX.into())
    );
    for request in &world.vault.requests()[since..] {
        assert_eq!(request.vault, SANDBOX);
        let by = request.headers.get("authorization").unwrap();
        assert_eq!(by.as_bytes(), format!("Bearer {}", old.value).as_bytes());
    }
    let sent = world.vault.requests().len();
    // What lies there instead is sent to nobody: it may be any secret.
    for (content, words) in [
        (
            &b"correct-horse-battery-staple"[..],
            "does not look like a token",
        ),
        (b"", "no token in it"),
        (b"two\nlines", "what lies there"),
        (b"\xff\xfe", "not UTF-8"),
        (&vec![b'x'; 2 << 20], "too long"),
    ] {
        fs::write(world.work("token"), content).unwrap();
        let ran = go();
        let token = is(&ran, 10, serde_json::Value::Null);
        assert!(token["reason"].as_str().unwrap().contains(words), "{token}");
        assert!(!ran.said().contains("horse"), "{}", ran.said());
    }
    fs::remove_file(world.work("token")).unwrap();
    is(&go(), 10, serde_json::Value::Null);
    let fifo = world.work("token");
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    is(&go(), 10, serde_json::Value::Null);
    fs::remove_file(&fifo).unwrap();
    assert_eq!(world.vault.requests().len(), sent);
    // Changed by hand into another one of the user's: it works, and which it is, is not known.
    fs::write(world.work("token"), &old.value).unwrap();
    let revoke = [
        "token",
        "revoke",
        SANDBOX,
        &old.id,
        "--yes",
        "--state-dir",
        "elsewhere",
    ];
    assert_eq!(world.run(&revoke).go().code(), 0);
    is(&go(), 4, false);
}

/// What this program deleted is looked at for as long as it lies there.
#[test]
fn what_was_delivered_and_revoked() {
    let world = World::new();
    let old = world.with_old();
    let to_others = ["-o", "env-file:.env#T", "-o", "json:t.json"];
    let create = [&["token", "create", SANDBOX][..], &to_others].concat();
    assert_eq!(world.run(&create).go().code(), 0);
    let table = || world.run_without_login(&DELIVERED).go();
    let ran = table();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    for place in ["token", ".env#T", "t.json"] {
        let row = ran
            .printed()
            .lines()
            .find(|l| l.contains(place))
            .unwrap()
            .to_owned();
        assert!(row.contains("yes"), "{row}");
    }
    let revoke = ["token", "revoke", SANDBOX, &old.id, "--yes"];
    assert_eq!(world.run(&revoke).go().code(), 0);
    let ran = table();
    assert_eq!(ran.code(), 24, "{}", ran.said());
    assert!(ran.said().contains("1 of 3"), "{}", ran.said());
    let row = ran
        .printed()
        .lines()
        .find(|l| l.contains("work/token"))
        .unwrap()
        .to_owned();
    assert!(row.contains("no") && row.contains(&old.id), "{row}");
    fs::remove_file(world.work("token")).unwrap();
    assert_eq!(table().code(), 0, "what is gone everywhere is no matter");
    // A token that takes the place of it is what lies there.
    let ran = world.create(&[]).go();
    assert_eq!(ran.code(), 0);
    assert_eq!(table().code(), 0);
}

#[test]
fn what_cannot_be_meant() {
    let world = World::new();
    world.with_old();
    let sent = world.vault.requests().len();
    for (args, code, words) in [
        (&["token", "verify"][..], 2, "Which sandbox?"),
        (
            &["token", "verify", SANDBOX, "--delivered", "--id", "V1"],
            2,
            "--id",
        ),
        (
            &[
                "token",
                "verify",
                SANDBOX,
                "--delivered",
                "--sandbox-token-file",
                "token",
            ],
            2,
            "--delivered",
        ),
        (
            &[
                "token",
                "verify",
                SANDBOX,
                "--delivered",
                "--sandbox-dns",
                "x",
            ],
            2,
            "--delivered",
        ),
        (
            &["--simulate", "token", "verify", "--delivered"],
            2,
            "--simulate",
        ),
        (
            &["token", "verify", "Nowhere", "--delivered"],
            3,
            "for Nowhere",
        ),
        (
            &[
                "token",
                "verify",
                SANDBOX,
                "--sandbox-token-file",
                "nowhere",
            ],
            3,
            "nowhere",
        ),
        (&["token", "verify", SANDBOX, "--id", "no id!"], 2, "--id"),
    ] {
        let ran = world.run(args).without_timeout().go();
        assert_eq!(ran.code(), code, "{args:?} {}", ran.said());
        assert!(ran.said().contains(words), "{args:?}: {}", ran.said());
    }
    assert_eq!(world.vault.requests().len(), sent);
}
