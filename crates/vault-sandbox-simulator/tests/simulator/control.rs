//! Driven over HTTP, as from a test in another language.

use serde_json::{Value, json};
use vault_sandbox_simulator::{Effect, Fault, Simulator};

use crate::{Call, GENERATE, ME, SANDBOX, generate, get, post, sandbox_dns, sign_in, text, token};

fn driven() -> Simulator {
    Simulator::builder().control().start().unwrap()
}

#[track_caller]
fn ask(vault: &Simulator, call: &Call) -> Value {
    let answer = call.send(vault.dns());
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

/// As `curl -d` sends it.
fn tell(path: &str, body: &Value) -> Call {
    post(path).body("application/x-www-form-urlencoded", &body.to_string())
}

#[test]
fn it_must_be_switched_on() {
    let vault = Simulator::start().unwrap();
    let answer = post("/simulator/reset").send(vault.dns());
    answer.assert_failure("MALFORMED_URL");
    assert_eq!(vault.requests().len(), 1);
}

#[test]
fn an_overview_without_secrets() {
    let vault = driven();
    let session = vault.session();
    let overview = ask(&vault, &get("/simulator/"));
    assert_eq!(overview["vaults"][0]["url"], vault.url());
    assert_eq!(overview["vaults"][2]["name"], SANDBOX);
    assert_eq!(overview["users"][0]["name"], vault.user_name());
    assert_eq!(overview["sessions"], 1);
    let shown = overview.to_string();
    assert!(!shown.contains(vault.password()) && !shown.contains(&session));
}

#[test]
fn the_clock() {
    let vault = Simulator::builder()
        .control()
        .fixed_clock("2026-11-24T10:00:00Z".parse().unwrap())
        .start()
        .unwrap();
    let session = vault.session();
    let clock = ask(&vault, &get("/simulator/clock"));
    assert_eq!(clock["now"], "2026-11-24T10:00:00.000Z");
    let clock = ask(
        &vault,
        &tell("/simulator/clock", &json!({"advance_s": 1200})),
    );
    assert_eq!(clock["now"], "2026-11-24T10:20:00.000Z");
    let me = get(ME).auth(&session).send(vault.dns());
    me.assert_failure("INVALID_SESSION_ID");
    let set = json!({"set": "2027-01-01T00:00:00Z"});
    let clock = ask(&vault, &tell("/simulator/clock", &set));
    assert_eq!(clock["now"], "2027-01-01T00:00:00.000Z");
}

#[test]
fn faults_come_and_go_and_never_strike_here() {
    let vault = driven();
    let everything = json!({"effect": "close_before"});
    ask(&vault, &tell("/simulator/faults", &everything));
    assert_eq!(get("/api/").exchange(vault.dns()).unwrap(), b"");
    let faults = ask(&vault, &get("/simulator/faults"));
    assert_eq!(faults[0]["matched"], 1);
    assert_eq!(faults[0]["fault"]["effect"], "close_before");
    let none = ask(&vault, &Call::new("DELETE", "/simulator/faults"));
    assert_eq!(none, json!([]));
    token(&vault, "ci");
    let two = json!([
        {"effect": "close_before", "nth": {"only": 1}},
        {"effect": "close_after", "matches": {"endpoint": "versions"}},
    ]);
    let two = ask(&vault, &tell("/simulator/faults", &two));
    assert_eq!(two.as_array().map(Vec::len), Some(2));
}

#[test]
fn switches_are_changed_one_by_one() {
    let vault = driven();
    let change = json!({"may_list_sandboxes": false});
    let switches = ask(&vault, &tell("/simulator/switches", &change));
    assert_eq!(switches["may_list_sandboxes"], false);
    assert_eq!(switches["token_limit"], 25);
    let list = get("/api/v26.2/objects/sandbox").auth(&vault.session());
    list.send(vault.dns()).assert_failure("INSUFFICIENT_ACCESS");

    let typo = tell("/simulator/switches", &json!({"may_list_sandboxs": true})).send(vault.dns());
    assert_eq!(typo.status, 400);
    let error = text(&typo.json()["error"]);
    assert!(error.contains("may_list_sandboxs"), "{error}");
}

#[test]
fn sessions_users_and_sandboxes() {
    let vault = driven();
    let session = vault.session();
    let ended = ask(&vault, &Call::new("DELETE", "/simulator/sessions"));
    assert_eq!(ended, json!({"ended": 1}));
    let me = get(ME).auth(&session).send(vault.dns());
    me.assert_failure("INVALID_SESSION_ID");

    let building = json!({"name": SANDBOX, "status": "building"});
    ask(&vault, &tell("/simulator/sandboxes/status", &building));
    let refused = generate(&vault)
        .form(&[("name__v", "ci")])
        .send(vault.dns());
    refused.assert_failure("OPERATION_IN_PROGRESS");

    let name = json!({"name": vault.user_name()});
    ask(&vault, &tell("/simulator/users/lock", &name));
    sign_in(&vault, vault.user_name(), vault.password()).assert_failure("USER_LOCKED_OUT");

    let nobody = tell("/simulator/users/lock", &json!({"name": "nobody"})).send(vault.dns());
    assert_eq!(nobody.status, 404);
}

#[test]
fn requests_and_tokens_without_their_secrets() {
    let vault = driven();
    let value = token(&vault, "ci");
    sign_in(&vault, vault.user_name(), vault.password());
    get("/api/?secret=x").send(vault.dns());
    let requests = ask(&vault, &get("/simulator/requests"));
    assert_eq!(requests.as_array().map(Vec::len), Some(3));
    assert_eq!(requests[0]["path"], GENERATE);
    assert_eq!(requests[0]["headers"]["authorization"], "[hidden]");
    assert_eq!(requests[2]["path"], "/api/");
    let tokens = ask(&vault, &get("/simulator/tokens"));
    assert_eq!(tokens[0]["vault"], SANDBOX);
    assert_eq!(tokens[0]["name"], "ci");
    assert_eq!(tokens[0]["status"], "active");
    let shown = format!("{requests} {tokens}");
    for secret in [value.as_str(), &vault.session(), vault.password()] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    ask(&vault, &Call::new("DELETE", "/simulator/requests"));
    assert_eq!(ask(&vault, &get("/simulator/requests")), json!([]));
}

#[test]
fn another_world_and_back() {
    let vault = driven();
    token(&vault, "ci");
    vault.fault(Fault::new(Effect::CloseBefore).path("/nowhere"));
    // More sandboxes than there were addresses.
    let names: Vec<_> = (0..20)
        .map(|n| json!({"name": format!("Sandbox {n}")}))
        .collect();
    let seed = json!({
        "users": [{"name": "me@example.com", "password": "simulated-mine", "admin": true}],
        "sandboxes": names,
    });
    let overview = ask(&vault, &tell("/simulator/seed", &seed));
    assert_eq!(overview["vaults"].as_array().map(Vec::len), Some(22));
    assert_eq!(overview["faults"], json!([]));
    let session = text(&sign_in(&vault, "me@example.com", "simulated-mine").json()["sessionId"]);
    let last = vault.sandbox_dns("Sandbox 19").unwrap();
    get(ME).auth(&session).send(&last).assert_success();

    ask(&vault, &post("/simulator/reset"));
    assert_eq!(vault.sandbox_dns("Sandbox 19"), None);
    assert!(vault.tokens(SANDBOX).is_empty());
    token(&vault, "ci");
    // Nobody is at an address that no Vault has now.
    assert_eq!(get("/api/").exchange(&last).unwrap(), b"");
    assert_eq!(get("/simulator/").send(&last).status, 421);
}

#[test]
fn what_is_wrong_is_said() {
    let vault = driven();
    let status = |call: Call| {
        let answer = call.send(vault.dns());
        (answer.status, text(&answer.json()["error"]))
    };
    let (code, said) = status(get("/simulator/what"));
    assert!(code == 404 && said.contains("/simulator/clock"), "{said}");
    let (code, said) = status(get("/simulator/reset"));
    assert!(code == 405 && said.contains("POST"), "{said}");
    for (path, body) in [
        ("clock", json!({"advance": 1})),
        ("clock", json!({"set": "tomorrow"})),
        ("clock", json!("x")),
        ("faults", json!({"effect": "close_befor"})),
        ("seed", json!({"users": []})),
        ("seed", json!({"sandboxes": [{"nme": "A"}]})),
        ("users/lock", json!({})),
    ] {
        let (code, said) = status(tell(&format!("/simulator/{path}"), &body));
        assert!(code == 400 && !said.is_empty(), "{path} {body}: {code}");
    }
}

#[test]
fn web_pages_are_kept_out() {
    let vault = driven();
    let page = post("/simulator/reset").header("Origin", "https://example.com");
    assert_eq!(page.send(vault.dns()).status, 403);
    let rebound = post("/simulator/reset").header("Host", "example.com");
    assert_eq!(rebound.send(vault.dns()).status, 421);
}

#[test]
fn every_vault_of_it_listens() {
    let vault = driven();
    let answer = get("/simulator/clock").send(&sandbox_dns(&vault));
    assert_eq!(answer.status, 200);
    // Its path is no prefix of another's.
    let other = get("/simulators").send(vault.dns());
    other.assert_failure("MALFORMED_URL");
}
