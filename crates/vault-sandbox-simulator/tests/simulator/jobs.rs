//! Creating and refreshing sandboxes.

use std::time::Duration;

use vault_sandbox_simulator::{SandboxStatus, Simulator};

use crate::{Answer, SANDBOX, generate, get, post, session_of, text, token};

const LIST: &str = "/api/v26.2/objects/sandbox";

fn still() -> Simulator {
    let now = "2026-11-24T10:00:00Z".parse().unwrap();
    Simulator::builder().fixed_clock(now).start().unwrap()
}

fn build(vault: &Simulator, name: &str, more: &[(&str, &str)]) -> Answer {
    let owner = session_of(vault, "vault.owner@veepharm.com");
    let mut fields = vec![
        ("name", name),
        ("domain", "veepharm-sbx.com"),
        ("size", "Small"),
    ];
    fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    fields.extend(more);
    post(LIST).auth(&owner).form(&fields).send(vault.dns())
}

fn look(vault: &Simulator, url: &str) -> Answer {
    get(url).auth(&vault.session()).send(vault.dns())
}

#[track_caller]
fn status(vault: &Simulator, url: &str) -> String {
    text(&look(vault, url).assert_success()["data"]["status"])
}

#[test]
fn a_refresh_keeps_the_tokens_and_the_address() {
    let vault = still();
    let value = token(&vault, "ci");
    let before = vault.sandbox_dns(SANDBOX);
    let answer = build(&vault, SANDBOX, &[("size", "Large")]).assert_success();
    assert_eq!(answer["job_id"], 70_701);
    let url = text(&answer["url"]);
    assert_eq!(url, "/api/v26.2/services/jobs/70701");

    let refused = generate(&vault)
        .form(&[("name__v", "ci")])
        .send(vault.dns());
    refused.assert_failure("OPERATION_IN_PROGRESS");
    build(&vault, SANDBOX, &[]).assert_failure("OPERATION_IN_PROGRESS");
    assert_eq!(status(&vault, &url), "QUEUED");
    vault.advance(Duration::from_secs(10));
    assert_eq!(status(&vault, &url), "RUNNING");
    vault.advance(Duration::from_secs(60));
    let done = look(&vault, &url).assert_success();
    assert_eq!(done["responseMessage"], "OK");
    assert_eq!(done["data"]["status"], "SUCCESS");
    assert_eq!(done["data"]["created_by"], 61_604);
    assert_eq!(done["data"]["run_end_date"], "2026-11-24T10:01:00.000Z");
    assert_eq!(done["data"]["links"][0]["href"], url);

    assert_eq!(vault.sandbox_dns(SANDBOX), before);
    let me = get("/api/v26.2/objects/users/me").bearer(&value);
    me.send(&before.unwrap()).assert_success();
    // Not twice a day.
    build(&vault, SANDBOX, &[]).assert_failure("OPERATION_NOT_ALLOWED");
    let list = look(&vault, LIST).assert_success();
    assert_eq!(
        list["data"]["active"][0]["refresh_available"],
        "2026-11-25T10:00:00.000Z"
    );
    vault.advance(Duration::from_secs(24 * 3600));
    build(&vault, SANDBOX, &[]).assert_success();
}

#[test]
fn a_refresh_may_lose_them_too() {
    let vault = still();
    vault.switches(|s| s.refresh_keeps_tokens = false);
    token(&vault, "ci");
    build(&vault, SANDBOX, &[]).assert_success();
    assert!(vault.tokens(SANDBOX).is_empty());
}

#[test]
fn a_new_sandbox_has_its_own_address_and_no_tokens() {
    let vault = still();
    token(&vault, "ci");
    for name in ["Fresh & new", "Another"] {
        build(&vault, name, &[("size", "Medium"), ("release", "limited")]).assert_success();
    }
    vault.advance(Duration::from_secs(60));
    let list = look(&vault, LIST).assert_success();
    let fresh = &list["data"]["active"][5];
    assert_eq!(fresh["name"], "Fresh & new");
    assert_eq!(fresh["status"], "active");
    assert_eq!(fresh["vault_id"], 1_000_705);
    assert_eq!(fresh["release"], "limited");
    assert_eq!(fresh["created_date"], "2026-11-24T10:00:00.000Z");
    assert!(vault.tokens("Fresh & new").is_empty());

    let path = "/api/v26.2/objects/sandbox/Fresh%20%26%20new/users/me/api_access_token__sys";
    let made = post(path).auth(&vault.session()).form(&[("name__v", "ci")]);
    let value = text(&made.send(vault.dns()).assert_success()["data"]["token__sys"]);
    let dns = text(&fresh["dns"]);
    let me = get("/api/v26.2/objects/users/me").bearer(&value);
    me.send(&dns).assert_success();
    assert_ne!(vault.sandbox_dns("Another"), Some(dns));

    vault.reset();
    assert_eq!(vault.sandbox_dns("Another"), None);
}

#[test]
fn a_job_is_looked_at_every_ten_seconds() {
    let vault = still();
    let url = text(&build(&vault, SANDBOX, &[]).assert_success()["url"]);
    look(&vault, &url).assert_success();
    vault.advance(Duration::from_secs(9));
    let refused = look(&vault, &url);
    refused.assert_failure("API_LIMIT_EXCEEDED");
    assert_eq!(
        refused.json()["errors"][0]["message"],
        "Too many polling requests"
    );
    // A look that was refused does not count.
    vault.advance(Duration::from_secs(1));
    look(&vault, &url).assert_success();
    look(&vault, "/api/v26.2/services/jobs/1").assert_failure("INVALID_DATA");
}

#[test]
fn a_form_or_multipart_and_what_it_must_say() {
    let vault = still();
    let owner = session_of(&vault, "vault.owner@veepharm.com");
    for missing in ["name", "domain", "size"] {
        build(&vault, "A", &[(missing, "")]).assert_failure("PARAMETER_REQUIRED");
    }
    for (name, value) in [
        ("size", "Huge"),
        ("domain", "Veepharm.com"),
        ("domain", "veepharm"),
        ("release", "beta"),
        ("source", "snapshot"),
    ] {
        build(&vault, "A", &[(name, value)]).assert_failure("INVALID_DATA");
    }
    build(&vault, "A", &[("nme", "B")]).assert_failure("ATTRIBUTE_NOT_SUPPORTED");
    let json = post(LIST).auth(&owner).json(&serde_json::json!({}));
    json.send(vault.dns()).assert_failure("INVALID_DATA");

    let parts: String = [
        ("name", "A"),
        ("domain", "veepharm-sbx.com"),
        ("size", "Very Large"),
    ]
    .iter()
    .map(|(name, value)| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    })
    .collect();
    post(LIST)
        .auth(&owner)
        .body("multipart/form-data; boundary=B", &(parts + "--B--\r\n"))
        .send(vault.dns())
        .assert_success();
}

#[test]
fn who_may_and_how_many() {
    let vault = still();
    let ordinary = post(LIST).auth(&vault.session()).form(&[("name", "A")]);
    ordinary
        .send(vault.dns())
        .assert_failure("INSUFFICIENT_ACCESS");
    // Two of four are there.
    build(&vault, "A", &[]).assert_success();
    build(&vault, "B", &[]).assert_success();
    build(&vault, "C", &[]).assert_failure("OPERATION_NOT_ALLOWED");
}

#[test]
fn a_status_given_by_hand_stays() {
    let vault = still();
    build(&vault, SANDBOX, &[]).assert_success();
    vault
        .set_sandbox_status(SANDBOX, SandboxStatus::Inactive)
        .unwrap();
    vault.advance(Duration::from_secs(60));
    let list = look(&vault, LIST).assert_success();
    assert_eq!(list["data"]["active"][0]["status"], "inactive");
}

#[test]
fn a_user_who_may_not_list_may_still_create_tokens() {
    let vault = still();
    let session = session_of(&vault, "read.only@veepharm.com");
    let list = get(LIST).auth(&session).send(vault.dns());
    list.assert_failure("INSUFFICIENT_ACCESS");
    let show = get(&format!("{LIST}/1000700")).auth(&session);
    show.send(vault.dns()).assert_failure("INSUFFICIENT_ACCESS");
    let create = post(crate::GENERATE)
        .auth(&session)
        .form(&[("name__v", "ci")]);
    create.send(vault.dns()).assert_success();
}

#[test]
fn an_administrator_sets_the_idle_limit() {
    let vault = still();
    vault.switches(|s| s.session_idle = Duration::from_secs(600));
    let session = vault.session();
    let keep_alive = || {
        post("/api/v26.2/keep-alive")
            .auth(&session)
            .send(vault.dns())
    };
    vault.advance(Duration::from_secs(599));
    keep_alive().assert_success();
    vault.advance(Duration::from_secs(599));
    keep_alive().assert_success();
    vault.advance(Duration::from_secs(600));
    keep_alive().assert_failure("INVALID_SESSION_ID");
}
