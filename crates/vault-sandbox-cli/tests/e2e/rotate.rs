//! `token rotate`: reliability.md, section F. The old token works until the new one is at its place and
//! was seen to work.

use std::fs;
use std::time::Duration;

use vault_sandbox_simulator::{Effect, Endpoint, Fault, OverCeiling, ResponseStatus};

use crate::harness::{Ran, Row, Run, SANDBOX, World, check_all, create, fault_on_create, row};

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
pub(crate) fn replaced(state: &'static str) -> impl Fn(&World, &Ran) {
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
        let by = Duration::from_millis(1500);
        world.fault(Fault::new(Effect::Delay { by }).on(endpoint));
    };
    late(Endpoint::Query);
    late(Endpoint::DeleteTokens);
    let args = [&ROTATE[..], &["--format", "json", "-o", "token"]].concat();
    let running = world.run(&args).start();
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
        }))
        .says(&["--expires"]),
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
        row("never answered, and not to be found", 23, |w| {
            with(w, Effect::CloseBefore)
        }),
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
