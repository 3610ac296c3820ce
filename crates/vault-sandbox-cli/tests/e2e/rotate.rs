//! `token rotate`: reliability.md, section F. The old token works until the new one is at its place and
//! was seen to work.

use std::fs;
use std::time::Duration;

use vault_sandbox_simulator::{Effect, Endpoint, Fault, OverCeiling, ResponseStatus};

use crate::harness::{Ran, Row, Run, SANDBOX, World, check_all, places_of, row};
use crate::harness::{Secret, create, fault_on_create};

pub(crate) const ROTATE: [&str; 3] = ["token", "rotate", SANDBOX];

/// Rotates the token in the file `token`, with the result as JSON.
pub(crate) fn rotate(world: &World, more: &[&str]) -> Run {
    let into_the_file = ["--format", "json", "-o", "token"];
    world
        .run(&[&ROTATE[..], &into_the_file, more].concat())
        .hastily()
}

/// The same, while a request meets this.
fn while_(world: &World, fault: Fault) -> Run {
    world.with_old();
    world.fault(fault);
    rotate(world, &[])
}

fn refused() -> Effect {
    Effect::Refuse {
        status: 200,
        response_status: ResponseStatus::Failure,
        errors: vec![("OPERATION_NOT_ALLOWED".into(), "Not today".into())],
    }
}

fn deleting(effect: Effect) -> Fault {
    Fault::new(effect).on(Endpoint::DeleteTokens)
}

/// The new token is tried out by the second query, and those that follow.
pub(crate) fn trying_out(world: &World, effect: &Effect) {
    for nth in 2..=16 {
        world.fault(Fault::new(effect.clone()).on(Endpoint::Query).only(nth));
    }
}

fn without_access() -> Effect {
    Effect::Refuse {
        status: 200,
        response_status: ResponseStatus::Failure,
        errors: vec![("INSUFFICIENT_ACCESS".into(), "no".into())],
    }
}

/// What the result says of the old token.
fn replaced(state: &'static str) -> impl Fn(&World, &Ran) {
    move |world, ran| {
        let json = ran.json();
        assert_eq!(json["replaced"]["id"], world.old().unwrap().id);
        assert_eq!(json["replaced"]["state"], state, "{json}");
    }
}

/// What was asked of the Vaults since, in their order; with the new token, `…!`.
fn steps(world: &World, since: usize) -> Vec<String> {
    let new = world
        .new_token()
        .map(|token| format!("Bearer {}", token.value));
    let word = |request: &vault_sandbox_simulator::RecordedRequest| {
        let path = request.path.as_str();
        let word = match request.method.as_str() {
            "DELETE" if path.contains("/session") => "sign out",
            "DELETE" => "delete",
            _ if path.ends_with("/auth") => "sign in",
            _ if path.ends_with("/query") => "look",
            _ if path.ends_with("/users/me") => "who",
            "GET" => "list",
            _ => "create",
        };
        let by = request.headers.get("authorization");
        let is_new = by.is_some_and(|by| Some(by.as_bytes()) == new.as_ref().map(String::as_bytes));
        format!("{word}{}", if is_new { "!" } else { "" })
    };
    world.vault.requests()[since..].iter().map(word).collect()
}

#[test]
fn the_old_one_works_until_the_new_one_is_there_and_proven() {
    let world = World::new();
    let old = world.with_old();
    let since = world.vault.requests().len();
    let at = |step: &str| steps(&world, since).iter().filter(|s| *s == step).count();
    let lies_there = || fs::read_to_string(world.work("token")).unwrap();
    let is_there = || world.vault.tokens(SANDBOX).iter().any(|t| t.id == old.id);
    let late = |endpoint| {
        let by = Duration::from_millis(600);
        world.fault(Fault::new(Effect::Delay { by }).on(endpoint));
    };
    late(Endpoint::Query);
    late(Endpoint::DeleteTokens);
    let running = rotate(&world, &[]).start();
    let until = |what: &dyn Fn() -> bool| {
        let end = std::time::Instant::now() + Duration::from_secs(60);
        while !what() {
            assert!(std::time::Instant::now() < end, "it does not come to that");
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    // The new one is being tried out.
    until(&|| at("look!") > 0);
    assert_eq!(lies_there(), old.value);
    // The old one is being deleted.
    until(&|| at("delete") > 0);
    assert_eq!(Some(lies_there()), world.new_token().map(|new| new.value));
    let ran = running.end();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(!is_there());
    replaced("deleted")(&world, &ran);
    let expected = [
        "sign in", "list", "look", "who", "create", "look!", "delete",
    ];
    let mut asked = steps(&world, since);
    asked.retain(|step| step != "sign out");
    assert_eq!(asked, expected);
}

#[test]
fn one_that_does_not_do_leaves_everything_as_it_was() {
    fn with(world: &World, change: fn(&mut vault_sandbox_simulator::Switches)) -> Run {
        world.with_old();
        world.vault.switches(change);
        rotate(world, &[])
    }
    let unfit = |row: Row| {
        row.says(&["was deleted again", "stays as it was"])
            .then(|w, ran| replaced("in_place")(w, ran))
    };
    check_all(&[
        unfit(row("the sandbox never accepts it", 21, |w| {
            with(w, |s| s.token_usable_after = Duration::from_secs(3600))
        })),
        row("it takes a moment", 0, |w| {
            with(w, |s| s.token_usable_after = Duration::from_millis(700))
        }),
        unfit(row("the expiry is ignored", 21, |w| {
            with(w, |s| s.expiry_ignored = true)
        })),
        unfit(row("the expiry is shortened", 21, |w| {
            with(w, |s| {
                s.over_ceiling = OverCeiling::Shorten;
                s.max_lifetime_days = Some(30);
            })
        })),
        unfit(row("it works in another Vault", 21, |w| {
            let headers = vec![("X-VaultAPI-VaultId".to_owned(), "999".to_owned())];
            let effect = Effect::SetHeaders { headers };
            while_(w, Fault::new(effect).on(Endpoint::Query).only(2))
        }))
        .says(&["another Vault"]),
        row("it cannot be deleted again", 20, |w| {
            w.with_old();
            w.vault.switches(|s| s.expiry_ignored = true);
            w.fault(deleting(refused()));
            rotate(w, &[])
        })
        .says(&["could not be deleted again", "still exists", "--revoke"])
        .then(|w, ran| {
            replaced("in_place")(w, ran);
            assert!(!ran.said().contains("interrupted"), "{}", ran.said());
            assert!(!ran.said().contains("go on"), "{}", ran.said());
        }),
        row("its record cannot be read, which is enough", 0, |w| {
            w.with_old();
            trying_out(w, &without_access());
            rotate(w, &[])
        })
        .says(&["expiry is unconfirmed"]),
        row("its record cannot be read, which is not enough", 20, |w| {
            w.with_old();
            trying_out(w, &without_access());
            rotate(w, &["--verify", "always"])
        })
        .says(&["nobody knows whether it will do"]),
    ]);
}

#[test]
fn what_can_go_wrong_with_the_request_is_as_with_create() {
    fn with(world: &World, effect: Effect) -> Run {
        world.with_old();
        create(world, effect);
        rotate(world, &[])
    }
    check_all(&[
        row("refused", 5, |w| with(w, refused())).posts(1),
        row("nothing of it was sent", 7, |w| {
            w.with_old();
            w.fault(Fault::new(Effect::CloseBefore).on(Endpoint::Query));
            rotate(w, &[])
        })
        .says(&["No token was asked for"]),
        row("stored, then silence", 22, |w| with(w, Effect::CloseAfter)),
        row("the session is invalid", 0, |w| {
            w.with_old();
            let effect = Effect::Refuse {
                status: 200,
                response_status: ResponseStatus::Failure,
                errors: vec![("INVALID_SESSION_ID".into(), "no".into())],
            };
            w.fault(fault_on_create(effect).only(1));
            rotate(w, &[])
        })
        .posts(2),
        row("the directory has gone", 10, |w| {
            w.with_old();
            rotate(w, &["-o", "nowhere/token"])
        }),
    ]);
}

#[test]
fn deleting_the_old_one_is_tried_again() {
    check_all(&[
        row("refused at first", 0, |w| {
            while_(w, deleting(refused()).first(2))
        })
        .then(|w, ran| replaced("deleted")(w, ran)),
        row("deleted, but the answer is lost", 0, |w| {
            while_(w, deleting(Effect::CloseAfter).first(1))
        })
        .then(|w, ran| replaced("deleted")(w, ran)),
        row("deleted, but no answer in time", 0, |w| {
            let effect = Effect::Silence {
                carried_out: true,
                bound: Duration::from_secs(20),
            };
            while_(w, deleting(effect))
        })
        .then(|w, ran| replaced("deleted")(w, ran)),
        row("refused for good", 24, |w| while_(w, deleting(refused())))
            .says(&["was not deleted", "Not today", "Delete the old one"])
            .then(|w, ran| {
                replaced("not_deleted")(w, ran);
                let said = ran.said();
                for token in w.vault.tokens(SANDBOX) {
                    assert!(said.contains(&token.id), "both are named: {said}");
                }
            }),
        row("never reached", 24, |w| {
            while_(w, deleting(Effect::CloseBefore))
        }),
        row("not let in for good", 24, |w| {
            let effect = Effect::Refuse {
                status: 200,
                response_status: ResponseStatus::Failure,
                errors: vec![("INVALID_SESSION_ID".into(), "no".into())],
            };
            while_(w, deleting(effect))
        }),
        row(
            "the session has ended meanwhile: the new token is used",
            0,
            |w| {
                let effect = Effect::Refuse {
                    status: 200,
                    response_status: ResponseStatus::Failure,
                    errors: vec![("INVALID_SESSION_ID".into(), "no".into())],
                };
                while_(w, deleting(effect).first(1))
            },
        )
        .then(|w, ran| replaced("deleted")(w, ran)),
    ]);
}

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
            .says(&["belongs to user", "Rotate it as that user"]),
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
