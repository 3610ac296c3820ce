//! Which token `token rotate` replaces, and in which places.

use std::fs;

use crate::harness::{Ran, Row, SANDBOX, Secret, World, check_all, places_of, row};
use crate::rotate::{ROTATE, replaced, rotate};

#[test]
fn which_one_is_replaced() {
    let refused_before = |row: Row| {
        row.posts(0).then(|w, ran| {
            assert_eq!(w.asked(), 0);
            assert!(ran.said().contains("token list"), "{}", ran.said());
        })
    };
    check_all(&[
        refused_before(
            row("one that is not there", 5, |w| {
                w.with_old();
                rotate(w, &["--old", "V8T000000009999"])
            })
            .says(&["There is no token V8T000000009999"]),
        ),
        row("no ID at all", 2, |w| {
            w.with_old();
            rotate(w, &["--old", ""])
        })
        .says(&["--old"]),
        row("already deleted by somebody", 0, |w| {
            let old = w.with_old();
            let api = [
                "token",
                "revoke",
                SANDBOX,
                &old.id,
                "--yes",
                "--state-dir",
                "elsewhere",
            ];
            assert_eq!(w.run(&api).go().code(), 0);
            rotate(w, &[])
        })
        .says(&["was not there any more"])
        .then(|w, ran| replaced("not_found")(w, ran)),
        row("already deleted by this program", 0, |w| {
            let old = w.with_old();
            let ran = w.run(&["token", "revoke", SANDBOX, &old.id, "--yes"]).go();
            assert_eq!(ran.code(), 0, "{}", ran.said());
            rotate(w, &[])
        })
        .then(|_, ran| assert!(ran.json().get("replaced").is_none_or(|r| r.is_null()))),
        refused_before(
            row("somebody else's, by its name", 5, |w| {
                let old = w.with_old();
                rotate(w, &["--old", &old.id]).env("VAULT_SANDBOX_USER", "vault.owner@veepharm.com")
            })
            .says(&["belongs to user", "rotate it as that user"]),
        ),
        refused_before(
            row("somebody else's, by the ledger", 5, |w| {
                w.with_old();
                rotate(w, &[])
                    .env("VAULT_SANDBOX_USER", "read.only@veepharm.com")
                    .arg("--sandbox-dns")
                    .arg(w.vault.sandbox_dns(SANDBOX).unwrap())
            })
            .says(&["still works (jane.doe@veepharm.com)"]),
        ),
        refused_before(
            row("the ledger is lost", 3, |w| {
                w.with_old();
                fs::remove_file(w.ledger()).unwrap();
                rotate(w, &[])
            })
            .says(&["The ledger", "none that went to", "--old ID"]),
        ),
        row("the ledger is lost, but it is named", 0, |w| {
            let old = w.with_old();
            fs::remove_file(w.ledger()).unwrap();
            rotate(w, &["--old", &old.id])
        })
        // From then on it is known again.
        .then(|w, _| {
            let ran = rotate(w, &[]).go();
            assert_eq!(ran.code(), 0, "{}", ran.said());
            assert_eq!(w.vault.tokens(SANDBOX).len(), 1);
        }),
    ]);
}

/// Where the old token went besides stops working, and that is said before.
#[test]
fn other_places_of_the_old_one_are_named() {
    let world = World::new();
    let to_three = ["-o", "other", "-o", "exec:/bin/cat"];
    let ran = world.create(&to_three).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let old = world.vault.tokens(SANDBOX).pop().unwrap().id;
    let others = |ran: &Ran, named: &[&str], unnamed: &[&str]| {
        assert_eq!(ran.code(), 0, "{}", ran.said());
        let said = ran.said();
        let warned: Vec<_> = said
            .lines()
            .filter(|l| l.contains("also went to"))
            .collect();
        assert_eq!(warned.len(), usize::from(!named.is_empty()), "{said}");
        for (words, is_named) in [(named, true), (unnamed, false)] {
            for word in words {
                assert_eq!(warned[0].contains(word), is_named, "{word} in {said}");
            }
        }
    };
    let ran = rotate(&world, &[]).go();
    others(&ran, &["work/other", "exec:/bin/cat"], &["work/token"]);
    assert!(
        !fs::read_to_string(world.work("other")).unwrap().is_empty(),
        "{old}"
    );
    let new = world.vault.tokens(SANDBOX).pop().unwrap().id;
    let ran = world
        .run(&[&ROTATE[..], &["-o", "elsewhere", "--old", &new]].concat())
        .go();
    others(&ran, &["work/token"], &["work/other"]);
    let ran = world
        .run(&[&ROTATE[..], &["-o", "elsewhere"]].concat())
        .go();
    others(&ran, &[], &[]);
}

#[test]
fn a_first_rotation_replaces_nothing() {
    let world = World::new();
    fs::write(world.work("empty"), "").unwrap();
    fs::write(world.work(".env"), "OTHER=1\n").unwrap();
    for place in ["new", "empty", "env-file:.env#TOKEN", "json:new.json"] {
        let ran = world.run(&[&ROTATE[..], &["-o", place]].concat()).go();
        assert_eq!(ran.code(), 0, "{place}: {}", ran.said());
        assert!(ran.said().contains("nothing"), "{}", ran.said());
        let ran = world.run(&[&ROTATE[..], &["-o", place]].concat()).go();
        assert_eq!(ran.code(), 0, "{place}: {}", ran.said());
        assert!(ran.said().contains("which is deleted"), "{}", ran.said());
    }
    assert_eq!(world.vault.tokens(SANDBOX).len(), 4);
    // What does not say where it went is never guessed.
    for place in ["-", "exec:/bin/cat"] {
        let ran = world.run(&[&ROTATE[..], &["-o", place]].concat()).go();
        assert_eq!(ran.code(), 3, "{place}: {}", ran.said());
        assert!(ran.said().contains("token create"), "{}", ran.said());
    }
    assert_eq!(world.vault.tokens(SANDBOX).len(), 4);
}

#[test]
fn every_kind_of_destination() {
    let world = World::new();
    let old = world.with_old();
    let all = [
        "-o",
        "json:t.json",
        "-o",
        "env-file:.env#T",
        "-o",
        "exec:/bin/sh -c 'cat >got'",
    ];
    let ran = world
        .run(&[&ROTATE[..], &["--old", &old.id, "-o", "-"], &all].concat())
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let new = world.vault.tokens(SANDBOX).pop().unwrap();
    assert_eq!(ran.printed(), format!("{}\n", new.value));
    let places = places_of(&world, &ran, &Secret::new(&new.value));
    let named = ["stdout", "work/.env", "work/got", "work/t.json"];
    assert_eq!(places, named.map(str::to_owned).into());
    let object: serde_json::Value =
        serde_json::from_slice(&fs::read(world.work("t.json")).unwrap()).unwrap();
    assert_eq!(
        object["replaced"]["state"], "to_be_deleted",
        "it was told before"
    );
    // By any of its places it is known again, but for stdout.
    let ran = world.run(&[&ROTATE[..], &all].concat()).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(ran.said().contains(&new.id), "{}", ran.said());
    let ran = world.run(&[&ROTATE[..], &["-o", "-"]].concat()).go();
    assert_eq!(ran.code(), 3, "{}", ran.said());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
}

#[test]
fn stdout_as_json_says_what_is_not_done_yet() {
    let world = World::new();
    let old = world.with_old();
    let args = [&ROTATE[..], &["--format", "json", "--old", &old.id]].concat();
    let ran = world.run(&args).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let json = ran.json();
    assert_eq!(json["token"]["value"], world.new_token().unwrap().value);
    assert_eq!(json["replaced"]["state"], "to_be_deleted");
}

/// A file is one file, by whichever path it is named.
#[test]
fn another_path_to_the_same_file() {
    let world = World::new();
    world.with_old();
    fs::create_dir(world.work("d")).unwrap();
    std::os::unix::fs::symlink(".", world.work("link")).unwrap();
    for path in ["./d/../token", "link/token", "file:token"] {
        let ran = world.run(&[&ROTATE[..], &["-o", path]].concat()).go();
        assert_eq!(ran.code(), 0, "{path}: {}", ran.said());
        assert!(ran.said().contains("which is deleted"), "{}", ran.said());
        assert!(!ran.said().contains("also went to"), "{}", ran.said());
        assert!(!ran.said().contains("lay there before"), "{}", ran.said());
    }
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
    let shown = world
        .run(&["token", "verify", "--delivered", "--format", "json"])
        .go();
    assert_eq!(shown.json()["tokens"].as_array().unwrap().len(), 1);
}

#[test]
fn the_limit_of_tokens() {
    let world = World::new();
    let old = world.with_old();
    let more = |n: usize| {
        for _ in 0..n {
            let ran = world.run(&["token", "create", SANDBOX, "-o", "other"]).go();
            assert_eq!(ran.code(), 0, "{}", ran.said());
        }
    };
    world.vault.switches(|s| s.token_limit = Some(25));
    more(23);
    let ran = rotate(&world, &[]).go();
    assert_eq!(ran.code(), 0, "24 and one for a while: {}", ran.said());
    more(1);
    let before = fs::read(world.work("token")).unwrap();
    let asked = world.creates().len();
    let ran = rotate(&world, &[]).go();
    assert_eq!(ran.code(), 5, "{}", ran.said());
    assert!(ran.said().contains("25 active tokens"), "{}", ran.said());
    assert!(ran.said().contains("token revoke"), "{}", ran.said());
    assert_eq!(fs::read(world.work("token")).unwrap(), before);
    assert_eq!(world.vault.tokens(SANDBOX).len(), 25);
    assert_eq!(world.creates().len(), asked + 1);
    assert!(world.vault.tokens(SANDBOX).iter().all(|t| t.id != old.id));
}

#[test]
fn who_may_not_read_the_list_says_where_the_sandbox_is() {
    let world = World::new();
    let run =
        |more: &[&str]| rotate(&world, more).env("VAULT_SANDBOX_USER", "read.only@veepharm.com");
    let ran = run(&[]).go();
    assert_eq!(ran.code(), 3, "{}", ran.said());
    assert!(ran.said().contains("--sandbox-dns"), "{}", ran.said());
    assert_eq!(world.creates().len(), 0);
    let dns = world.vault.sandbox_dns(SANDBOX).unwrap();
    for tokens in [1, 1] {
        let ran = run(&["--sandbox-dns", &dns]).go();
        assert_eq!(ran.code(), 0, "{}", ran.said());
        assert_eq!(world.vault.tokens(SANDBOX).len(), tokens);
    }
    // What is meant for a sandbox must not happen in production.
    let ran = run(&["--sandbox-dns", world.vault.dns()]).go();
    assert_eq!(ran.code(), 2, "{}", ran.said());
    assert!(ran.said().contains("parent Vault itself"), "{}", ran.said());
    assert_eq!(world.creates().len(), 2);
}

#[test]
fn the_places_of_the_profile() {
    let world = World::new();
    let config = format!(
        "default_profile = \"p\"\n[profile.p]\ndns = \"http://{}\"\n[profile.p.sandbox.\"{SANDBOX}\"]\nout = [\"file:{}\"]\n",
        world.vault.dns(),
        world.work("token").display()
    );
    let config = world.input("config.toml", config.as_bytes());
    for _ in 0..2 {
        let args = [&ROTATE[..], &["--config", &config]].concat();
        let ran = world.run(&args).without("VAULT_SANDBOX_DNS").go();
        assert_eq!(ran.code(), 0, "{}", ran.said());
    }
    let tokens = world.vault.tokens(SANDBOX);
    assert_eq!(tokens.len(), 1);
    assert_eq!(
        fs::read_to_string(world.work("token")).unwrap(),
        tokens[0].value
    );
}
