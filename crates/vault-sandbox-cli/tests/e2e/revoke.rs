//! Answers to deleting that do not say of each token what became of it.

use vault_sandbox_simulator::{Effect, Endpoint, Fault};

use crate::harness::{Ran, SANDBOX, World};

/// An answer to deleting with these rows, instead of the true one: nothing is deleted.
fn answering(world: &World, rows: &str) {
    let body = format!(r#"{{"responseStatus":"SUCCESS","data":[{rows}]}}"#);
    world.fault(
        Fault::new(Effect::Reply {
            status: 200,
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: body.into(),
            carried_out: false,
        })
        .on(Endpoint::DeleteTokens),
    );
}

fn deleted(id: &str) -> String {
    format!(r#"{{"responseStatus":"SUCCESS","data":{{"id":"{id}"}}}}"#)
}

fn outcomes(ran: &Ran) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let json = ran.json();
    let tokens = json["tokens"].as_array().unwrap().iter();
    let mut outcomes: Vec<_> = tokens
        .map(|token| (text(&token["id"]), text(&token["outcome"])))
        .collect();
    outcomes.sort();
    outcomes
}

/// A row is about the token that it names, wherever it stands; who is not named was not revoked.
#[test]
fn rows_that_are_missing_or_in_another_order() {
    let world = World::new();
    for _ in 0..2 {
        let create = ["token", "create", SANDBOX, "-n", "a", "-o", "token"];
        assert_eq!(world.run(&create).go().code(), 0);
    }
    let mut ids: Vec<_> = world
        .vault
        .tokens(SANDBOX)
        .into_iter()
        .map(|t| t.id)
        .collect();
    ids.sort();
    let (first, last) = (ids[0].as_str(), ids[1].as_str());
    let revoke = [
        "token", "revoke", SANDBOX, first, last, "--yes", "--format", "json",
    ];
    for (rows, code, expected) in [
        (deleted(last), 24, ["refused", "revoked"]),
        (deleted(first), 24, ["revoked", "refused"]),
        (
            [deleted(last), deleted(first)].join(","),
            0,
            ["revoked", "revoked"],
        ),
        (String::new(), 5, ["refused", "refused"]),
        (
            r#"{"responseStatus":"FAILURE","errors":[null]}"#.to_owned() + "," + &deleted(last),
            24,
            ["refused", "revoked"],
        ),
    ] {
        world.vault.clear_faults();
        answering(&world, &rows);
        let ran = world.run(&revoke).go();
        assert_eq!(ran.code(), code, "{rows}: {}", ran.said());
        let expected = [(first, expected[0]), (last, expected[1])];
        let expected = expected.map(|(id, outcome)| (id.to_owned(), outcome.to_owned()));
        assert_eq!(outcomes(&ran), expected, "{rows}");
        if rows.len() < 100 && code != 0 {
            assert!(ran.said().contains("Vault did not say"), "{}", ran.said());
        }
    }
}

/// The old one of two is still there, for all that Vault did not say: that is found out, and said.
#[test]
fn rotating_when_vault_says_nothing_of_the_old_token() {
    let world = World::new();
    let old = world.with_old();
    answering(&world, "");
    let ran = crate::rotate::rotate(&world, &[]).go();
    assert_ne!(ran.code(), 0, "{}", ran.said());
    assert!(ran.said().contains("did not say"), "{}", ran.said());
    assert_ne!(ran.json()["replaced"]["state"], "deleted");
    let left = world.vault.tokens(SANDBOX);
    assert!(left.iter().any(|token| token.id == old.id));
}
