//! The objects of `--format json`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{SANDBOX, World};

/// The names of an object's fields.
fn fields(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .map(|o| o.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

#[track_caller]
fn assert_has(value: &Value, names: &str) {
    let missing: Vec<_> = names
        .split(' ')
        .filter(|name| !fields(value).contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?} missing in {value}");
}

const ENVELOPE: &str = "schema command outcome exit_code simulated warnings error";

#[test]
fn fields_of_every_command() {
    let world = World::new();
    let json = |args: &[&str]| {
        let ran = world.run(&[args, &["--format", "json"]].concat()).go();
        let json = ran.json();
        assert_has(&json, ENVELOPE);
        assert_eq!(json["schema"], "vault-sandbox/result/1");
        assert_eq!(json["exit_code"], ran.code());
        assert_eq!(json["error"].is_null(), ran.code() == 0, "{json}");
        assert_eq!(json["command"], args[..2].join(" "), "{json}");
        json
    };
    let created = json(&["token", "create", SANDBOX]);
    assert_has(
        &created,
        "operation vault sandbox token destinations verification",
    );
    assert_has(&created["vault"], "dns id api_version");
    assert_has(&created["sandbox"], "name dns status");
    assert_has(
        &created["token"],
        "id name value requested_expiry confirmed_expiry",
    );
    assert_has(&created["destinations"][0], "destination state");
    assert_eq!(created["verification"], "ok");
    assert_eq!(
        created["token"]["requested_expiry"],
        created["token"]["confirmed_expiry"]
    );
    for field in ["requested_expiry", "confirmed_expiry"] {
        let text = created["token"][field].as_str().unwrap();
        assert!(text.len() == 20 && text.ends_with('Z'), "{text}");
    }
    assert!(created["vault"]["id"].is_string(), "ids are strings");

    let dry = json(&["token", "create", SANDBOX, "--dry-run"]);
    assert_eq!(dry["outcome"], "ok");
    assert_has(&dry["request"], "method url headers body");
    assert!(!dry.to_string().contains(world.vault.password()));

    let listed = json(&["sandbox", "list"]);
    for sandbox in listed["sandboxes"].as_array().unwrap() {
        assert_has(
            sandbox,
            "name vault_id status size release dns refresh_available",
        );
    }
    assert_eq!(listed["sandboxes"].as_array().unwrap().len(), 5);
    let shown = json(&["sandbox", "show", SANDBOX]);
    assert_eq!(shown["sandbox"]["name"], SANDBOX);

    assert_has(&json(&["token", "recover"]), "operations");
    let id = created["token"]["id"].as_str().unwrap();
    let revoked = json(&["token", "revoke", SANDBOX, id, "--yes"]);
    assert_eq!(
        (&revoked["tokens"][0]["id"], revoked["exit_code"].as_i64()),
        (&id.into(), Some(0))
    );
    assert_has(&revoked["tokens"][0], "id outcome");

    let refused = json(&["token", "create", "Nowhere"]);
    assert_has(&refused["error"], "code message retry vault next");
    let refused = json(&["sandbox", "show", "Nowhere"]);
    assert_has(&refused["error"], "code message retry vault next");
}

/// Also what goes wrong before the arguments are understood is one object, if that was asked for.
#[test]
fn errors_are_objects_too() {
    let world = World::new();
    for args in [
        &[
            "token",
            "create",
            SANDBOX,
            "--format",
            "json",
            "--frobnicate",
        ][..],
        &["token", "create", SANDBOX, "--format", "json", "-e", "90"],
        &["token", "recover", "--format", "json", "nonsense"],
        &["sandbox", "list", "--format", "json", "--timeout", "5"],
    ] {
        let ran = world.run(args).without_timeout().go();
        assert_eq!(ran.code(), 2);
        let json = ran.json();
        assert_eq!(
            (&json["outcome"], &json["error"]["retry"]),
            (&"not_issued".into(), &"safe".into())
        );
    }
    let ran = world
        .run(&["token", "create", SANDBOX, "-e", "90"])
        .env("VAULT_SANDBOX_FORMAT", "json")
        .go();
    assert_eq!(ran.json()["exit_code"], 2);
}
