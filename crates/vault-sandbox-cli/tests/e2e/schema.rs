//! The objects of `--format json`, against `docs/schema/` and the table of `docs/cli.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Ran, SANDBOX, Schema, World};

const RESULT: &str = "vault-sandbox/result/1";

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

/// What is printed is documented: that every object of these tests is checked for. Here, what is
/// documented is printed: each property of the document turns up in one of these runs.
#[test]
fn everything_documented_is_printed() {
    let schema = Schema::named(RESULT);
    let world = World::new();
    let mut met = BTreeSet::new();
    let mut see = |object: &Value| met.extend(schema.check(object).unwrap());
    let run = |args: &[&str]| world.run(&[args, &["--format", "json"]].concat()).go();
    let mut ask = |args: &[&str]| -> Ran {
        let ran = run(args);
        see(&ran.json());
        ran
    };
    ask(&["token", "create", SANDBOX]);
    ask(&["token", "create", SANDBOX, "--dry-run"]);
    ask(&["token", "create", SANDBOX, "-o", "exec:false"]);
    ask(&["token", "create", "Nowhere"]);
    ask(&["token", "rotate", SANDBOX, "-o", "token"]);
    ask(&["token", "rotate", SANDBOX, "-o", "token"]);
    let old = world.vault.tokens(SANDBOX).pop().unwrap().id;
    let to_a_program = ["-o", "exec:false", "--old", &old];
    let rotated = ask(&[&["token", "rotate", SANDBOX][..], &to_a_program].concat());
    // By its name: which of several open ones stands last is chance.
    let open = rotated.json()["operation"].as_str().unwrap().to_owned();
    ask(&["token", "recover", &open, "-o", "-"]);
    // A token of the name that the lost one was to have: nobody knows whose it is.
    ask(&["token", "create", SANDBOX, "-n", "ci"]);
    let vanishes = vault_sandbox_simulator::Effect::CloseBefore;
    world.fault(crate::harness::fault_on_create(vanishes).only(1));
    let unknown = ask(&["token", "create", SANDBOX, "-n", "ci"]);
    let open = unknown.json()["operation"].as_str().unwrap().to_owned();
    ask(&["token", "recover", &open]);
    world.vault.clear_faults();
    ask(&["token", "list", SANDBOX]);
    ask(&["token", "verify", SANDBOX]);
    ask(&["token", "verify", SANDBOX, "--delivered"]);
    ask(&["token", "recover"]);
    ask(&["token", "revoke", SANDBOX, "V8T000000009999", "--yes"]);
    ask(&["sandbox", "list"]);
    ask(&["sandbox", "show", SANDBOX]);
    let several = [SANDBOX, "My Configuration Sandbox", "-o", "{sandbox}"];
    let create = ["token", "create"];
    ask(&[&create[..], &several, &["--dry-run"]].concat());
    let refuse = vault_sandbox_simulator::Effect::Refuse {
        status: 200,
        response_status: vault_sandbox_simulator::ResponseStatus::Failure,
        errors: vec![("OPERATION_NOT_ALLOWED".to_owned(), "No.".to_owned())],
    };
    world.fault(crate::harness::fault_on_create(refuse).only(1));
    let run = [&create[..], &several, &["--yes", "-j", "1"]].concat();
    assert_eq!(world.run(&run).go().code(), 24);
    ask(&["token", "recover"]);
    ask(&["auth", "login"]);
    ask(&["auth", "status"]);
    ask(&["auth", "logout"]);
    let refused = world.run(&["sandbox", "list", "--format", "json"]);
    see(&refused.env("VAULT_SANDBOX_PASSWORD", "wrong").go().json());

    let missing: Vec<_> = schema.properties().difference(&met).cloned().collect();
    assert!(
        missing.is_empty(),
        "documented, but never printed: {missing:#?}"
    );
}

/// A file that is a destination holds the same object.
#[test]
fn a_file_holds_the_same_object() {
    let world = World::new();
    world
        .run(&["token", "create", SANDBOX, "-o", "json:result.json"])
        .go();
    let object = fs::read(world.work("result.json")).unwrap();
    let object: Value = serde_json::from_slice(&object).unwrap();
    Schema::named(RESULT).check(&object).unwrap();
    assert_eq!(object["outcome"], "issued");
    assert!(object["token"]["value"].is_string());
}

/// The check itself sees what it should.
#[test]
fn what_is_not_as_documented_is_found() {
    let good = json!({
        "schema": RESULT, "command": "sandbox list", "outcome": "ok", "exit_code": 0,
        "simulated": false, "warnings": [], "error": null, "sandboxes": [{
            "name": "S", "vault_id": null, "status": "active", "size": null, "release": null,
            "dns": null, "refresh_available": null
        }]
    });
    let schema = Schema::named(RESULT);
    schema.check(&good).unwrap();
    for (pointer, wrong) in [
        ("/outcome", json!("fine")),
        ("/exit_code", json!(6)),
        ("/simulated", json!("no")),
        ("/warnings", json!([1])),
        ("/error", json!({"code": "usage"})),
        ("/sandboxes/0/vault_id", json!(7)),
        ("/sandboxes/0", json!({"name": "S"})),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        assert!(schema.check(&bad).is_err(), "{pointer}");
    }
    for pointer in ["", "/sandboxes/0"] {
        let mut bad = good.clone();
        let object = bad.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        object.insert("more".to_owned(), json!(1));
        assert!(schema.check(&bad).is_err(), "{pointer:?} with more");
    }
    let mut bad = good.clone();
    bad.as_object_mut().unwrap().remove("sandboxes");
    assert!(schema.check(&bad).is_err());
    bad["error"] = json!({
        "code": "refused", "message": "No.", "retry": "unsafe", "vault": null, "next": []
    });
    schema.check(&bad).unwrap();
}

/// The table of `docs/cli.md` names the same fields as the document, command by command.
#[test]
fn the_table_says_the_same() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let page = fs::read_to_string(page).unwrap();
    let section = page.split("\n## ").find(|s| s.starts_with("JSON")).unwrap();
    let schema = Schema::named(RESULT);
    let in_code = |text: &str| -> Vec<String> {
        let code = text.split('`').skip(1).step_by(2);
        code.map(str::to_owned).collect()
    };
    let mut told = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split('|').collect();
        for command in in_code(cells[1]) {
            let documented = schema.added_by(&command);
            let is_field = |word: &String| documented.contains(word);
            let fields: BTreeSet<_> = in_code(cells[2]).into_iter().filter(is_field).collect();
            // What `token create` adds is in its own row.
            let own = match command.as_str() {
                "token recover" => BTreeSet::from(["operations", "runs"].map(str::to_owned)),
                "token rotate" => BTreeSet::from(["replaced".to_owned()]),
                _ => documented,
            };
            assert_eq!(fields, own, "{command}");
            told.insert(command);
        }
    }
    assert_eq!(told, schema.commands());
}
