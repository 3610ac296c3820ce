//! Sandboxes, versions, users, and the three endpoints that generate tokens.

use serde_json::json;
use vault_sandbox_simulator::{Endpoint, SandboxStatus, Simulator, TokenStatus};

use crate::{
    Call, GENERATE, GENERATE_MINE, ME, SANDBOX, TOKENS, generate, get, post, sandbox_dns,
    session_of, text, token,
};

const ODD: &str = "Q&A 50% / Ünïcode #1";

#[test]
fn versions_carry_the_vaults_own_address() {
    let vault = Simulator::start().unwrap();
    for dns in [vault.dns().to_owned(), sandbox_dns(&vault)] {
        let values = get("/api/")
            .auth(&vault.session())
            .send(&dns)
            .assert_success();
        assert_eq!(values["values"]["v26.2"], format!("http://{dns}/api/v26.2"));
    }
}

#[test]
fn sandboxes_are_listed_with_all_their_fields() {
    let vault = Simulator::start().unwrap();
    let list = get("/api/v26.2/objects/sandbox")
        .auth(&vault.session())
        .send(vault.dns())
        .assert_success();
    let sandboxes = list["data"]["active"].as_array().unwrap();
    let statuses: Vec<_> = sandboxes
        .iter()
        .map(|sandbox| (text(&sandbox["name"]), text(&sandbox["status"])))
        .collect();
    let expected = [
        (SANDBOX, "active"),
        ("My Configuration Sandbox", "active"),
        ("Regression Test", "building"),
        ("Old Training", "inactive"),
        (ODD, "active"),
    ];
    assert_eq!(statuses, expected.map(|(a, b)| (a.into(), b.into())));
    assert_eq!(sandboxes[0]["dns"], sandbox_dns(&vault));
    assert_eq!(sandboxes[0]["size"], "Large");
    assert_eq!(sandboxes[0]["source_vault_id"], 1_000_660);
    assert_eq!(sandboxes[0]["expiration_date"], "NULL");
    assert_eq!(sandboxes[1]["expiration_date"], "2027-06-30T00:00:00.000Z");
    assert_eq!(
        list["data"]["entitlements"][0],
        json!({"size": "Small", "available": 2, "allowed": 4, "temporary": 0})
    );
}

#[test]
fn one_sandbox_by_id() {
    let vault = Simulator::start().unwrap();
    let show = |id: &str| {
        get(&format!("/api/v26.2/objects/sandbox/{id}"))
            .auth(&vault.session())
            .send(vault.dns())
    };
    let data = show("1000700").assert_success()["data"].clone();
    assert_eq!(data["name"], SANDBOX);
    assert_eq!(data["limits"][0]["used"], "0");
    show("7").assert_failure("INVALID_DATA");
}

#[test]
fn only_the_parent_has_sandboxes() {
    let vault = Simulator::start().unwrap();
    for dns in [sandbox_dns(&vault), vault.other_dns().to_owned()] {
        let list = get("/api/v26.2/objects/sandbox")
            .auth(&vault.session())
            .send(&dns)
            .assert_success();
        assert_eq!(list["data"]["active"], json!([]));
    }
}

#[test]
fn a_token_is_generated_in_the_sandbox() {
    let vault = Simulator::start().unwrap();
    let fields = [
        ("name__v", "ci"),
        ("expiry_date__v", "2099-12-31T12:00:00Z"),
    ];
    let answer = generate(&vault).form(&fields).send(vault.dns());
    let data = answer.assert_success()["data"].clone();

    let records = vault.tokens(SANDBOX);
    assert_eq!(records.len(), 1);
    assert_eq!(
        data,
        json!({"id": records[0].id, "token__sys": records[0].value})
    );
    assert!(records[0].value.starts_with("veeva-vault-SIMULATED"));
    assert_eq!(records[0].name, "ci");
    assert_eq!(records[0].user, vault.user_name());
    assert_eq!(records[0].status, TokenStatus::Active);
    assert_eq!(records[0].expiry, "2099-12-31T12:00:00Z".parse().ok());
    assert!(vault.parent_tokens().is_empty());
}

#[test]
fn json_does_what_a_form_does() {
    let vault = Simulator::start().unwrap();
    let body = json!({"name__v": "ci", "expiry_date__v": "2099-12-31"});
    generate(&vault)
        .json(&body)
        .send(vault.dns())
        .assert_success();
    // The end of that day in Denver.
    let expiry = vault.tokens(SANDBOX)[0].expiry;
    assert_eq!(expiry, "2100-01-01T06:59:59Z".parse().ok());
}

#[test]
fn odd_names_arrive_as_one_segment() {
    let vault = Simulator::start().unwrap();
    let path = "/api/v26.2/objects/sandbox/Q%26A%2050%25%20%2F%20%C3%9Cn%C3%AFcode%20%231/users/me/api_access_token__sys";
    post(path)
        .auth(&vault.session())
        .form(&[("name__v", "ci")])
        .send(vault.dns())
        .assert_success();
    assert_eq!(vault.tokens(ODD).len(), 1);
    assert_eq!(vault.requests()[0].path, path);
}

#[test]
fn a_body_that_is_not_right_is_refused() {
    let vault = Simulator::start().unwrap();
    let send = |fields: &[(&str, &str)]| generate(&vault).form(fields).send(vault.dns());
    send(&[]).assert_failure("PARAMETER_REQUIRED");
    send(&[("name__v", "")]).assert_failure("PARAMETER_REQUIRED");
    let soon = [("name__v", "ci"), ("expiry_date__v", "soon")];
    send(&soon).assert_failure("INVALID_DATA");
    let list = generate(&vault).json(&json!(["ci"])).send(vault.dns());
    list.assert_failure("INVALID_DATA");
    let xml = generate(&vault).body("application/xml", "<name__v/>");
    xml.send(vault.dns()).assert_failure("INVALID_DATA");
    assert!(vault.tokens(SANDBOX).is_empty());
}

#[test]
fn a_sandbox_that_cannot_be_used() {
    let vault = Simulator::start().unwrap();
    let generate_in = |name: &str, dns: &str| {
        post(&GENERATE.replace("VeePharm%20Sandbox", name))
            .auth(&vault.session())
            .form(&[("name__v", "ci")])
            .send(dns)
    };
    generate_in("Nowhere", vault.dns()).assert_failure("INVALID_DATA");
    generate_in("Regression%20Test", vault.dns()).assert_failure("OPERATION_IN_PROGRESS");
    generate_in("Old%20Training", vault.dns()).assert_failure("OPERATION_NOT_ALLOWED");
    // Not called on the parent.
    generate_in("VeePharm%20Sandbox", vault.other_dns()).assert_failure("INVALID_DATA");
    generate_in("VeePharm%20Sandbox", &sandbox_dns(&vault)).assert_failure("INSUFFICIENT_ACCESS");

    let active = SandboxStatus::Active;
    vault.set_sandbox_status("Regression Test", active).unwrap();
    generate_in("Regression%20Test", vault.dns()).assert_success();
}

#[test]
fn a_closed_sandbox_answers_nobody() {
    let vault = Simulator::start().unwrap();
    let dns = sandbox_dns(&vault);
    let deleting = SandboxStatus::Deleting;
    vault.set_sandbox_status(SANDBOX, deleting).unwrap();
    let me = get(ME).auth(&vault.session()).send(&dns);
    me.assert_failure("OPERATION_NOT_ALLOWED");
}

#[test]
fn tokens_in_the_vault_called() {
    let vault = Simulator::start().unwrap();
    let dns = sandbox_dns(&vault);
    let mine = post(GENERATE_MINE)
        .auth(&vault.session())
        .form(&[("name__v", "mine")]);
    mine.send(&dns).assert_success();
    assert_eq!(vault.tokens(SANDBOX).len(), 1);
    mine.send(vault.dns()).assert_success();
    assert_eq!(vault.parent_tokens().len(), 1);
}

#[test]
fn tokens_for_a_given_user() {
    let vault = Simulator::start().unwrap();
    let owner = session_of(&vault, "vault.owner@veepharm.com");
    let generate_for = |id: u64, session: &str| {
        post(&GENERATE_MINE.replace("/me/", &format!("/{id}/")))
            .auth(session)
            .form(&[("name__v", "ci")])
            .send(vault.dns())
    };
    let (jane, vault_owner, veeva_id, nobody) = (61_603, 61_604, 61_608, 7);
    generate_for(jane, &owner).assert_success();
    generate_for(jane, &vault.session()).assert_success();
    generate_for(vault_owner, &vault.session()).assert_failure("INSUFFICIENT_ACCESS");
    generate_for(nobody, &vault.session()).assert_failure("INSUFFICIENT_ACCESS");
    generate_for(nobody, &owner).assert_failure("INVALID_DATA");
    generate_for(veeva_id, &owner).assert_failure("OPERATION_NOT_ALLOWED");
    assert_eq!(vault.parent_tokens().len(), 2);
}

#[test]
fn a_token_works_in_its_own_vault_only() {
    let vault = Simulator::start().unwrap();
    let value = token(&vault, "ci");
    let me = get(ME).bearer(&value);
    let whoami = me.send(&sandbox_dns(&vault)).assert_success();
    assert_eq!(
        whoami["users"][0]["user"]["user_name__v"],
        vault.user_name()
    );
    assert!(vault.tokens(SANDBOX)[0].last_used.is_some());
    for name in ["My Configuration Sandbox", ODD] {
        let dns = vault.sandbox_dns(name).unwrap();
        me.send(&dns).assert_failure("INVALID_SESSION_ID");
    }
    me.send(vault.dns()).assert_failure("INVALID_SESSION_ID");
}

#[test]
fn a_token_of_the_parent_generates_for_a_sandbox() {
    let vault = Simulator::start().unwrap();
    let mine = post(GENERATE_MINE)
        .auth(&vault.session())
        .form(&[("name__v", "parent")])
        .send(vault.dns());
    let value = text(&mine.assert_success()["data"]["token__sys"]);
    let answer = post(GENERATE).bearer(&value).form(&[("name__v", "ci")]);
    answer.send(vault.dns()).assert_success();
    assert_eq!(vault.tokens(SANDBOX).len(), 1);
}

#[test]
fn expired_and_deleted_tokens_are_refused() {
    let vault = Simulator::start().unwrap();
    let expiry = (vault.now() + chrono::TimeDelta::hours(1)).format("%FT%TZ");
    let fields = [("name__v", "ci"), ("expiry_date__v", &expiry.to_string())];
    let answer = generate(&vault).form(&fields).send(vault.dns());
    let expiring = text(&answer.assert_success()["data"]["token__sys"]);
    let deleted = token(&vault, "deleted");
    let dns = sandbox_dns(&vault);
    let me = |value: &str| get(ME).bearer(value).send(&dns);
    me(&expiring).assert_success();
    me(&deleted).assert_success();

    let id = &vault.tokens(SANDBOX)[1].id;
    let delete = Call::new("DELETE", TOKENS).bearer(&deleted);
    delete
        .json(&json!([{"id": id}]))
        .send(&dns)
        .assert_success();
    me(&deleted).assert_failure("INVALID_SESSION_ID");

    vault.advance(std::time::Duration::from_secs(3600));
    me(&expiring).assert_failure("INVALID_SESSION_ID");
    assert_eq!(vault.tokens(SANDBOX)[0].status, TokenStatus::Expired);
}

#[test]
fn twenty_five_active_tokens_are_enough() {
    let vault = Simulator::start().unwrap();
    let expiry = (vault.now() + chrono::TimeDelta::minutes(5)).format("%FT%TZ");
    let fields = [("name__v", "ci"), ("expiry_date__v", &expiry.to_string())];
    for _ in 0..25 {
        generate(&vault)
            .form(&fields)
            .send(vault.dns())
            .assert_success();
    }
    let one_more = || {
        generate(&vault)
            .form(&[("name__v", "26")])
            .send(vault.dns())
    };
    one_more().assert_failure("OPERATION_NOT_ALLOWED");
    // Each Vault counts for itself.
    post(GENERATE_MINE)
        .auth(&vault.session())
        .form(&[("name__v", "ci")])
        .send(vault.dns())
        .assert_success();
    // Expired ones do not count.
    vault.advance(std::time::Duration::from_secs(600));
    one_more().assert_success();
}

#[test]
fn older_versions_and_unknown_paths() {
    let vault = Simulator::start().unwrap();
    let older = GENERATE.replace("v26.2", "v26.1");
    let answer = post(&older).auth(&vault.session()).send(vault.dns());
    answer.assert_failure("METHOD_NOT_SUPPORTED");

    let nowhere = get("/api/v26.2/nowhere").send(vault.dns());
    nowhere.assert_failure("MALFORMED_URL");
    assert_eq!(nowhere.status, 404);

    let wrong_method = Call::new("PUT", GENERATE).send(vault.dns());
    wrong_method.assert_failure("METHOD_NOT_SUPPORTED");
}

#[test]
fn answers_carry_vaults_headers() {
    let vault = Simulator::start().unwrap();
    let session = vault.session();
    let me = get(ME)
        .auth(&session)
        .header("X-VaultAPI-ReferenceId", "run 7");
    let answer = me.send(vault.dns());
    let header = |name: &str| answer.header(name).unwrap();
    assert_eq!(header("x-vaultapi-status"), "SUCCESS");
    assert_eq!(header("x-vaultapi-vaultid"), vault.vault_id().to_string());
    assert_eq!(header("x-vaultapi-userid"), "61603");
    assert_eq!(header("x-vaultapi-referenceid"), "run 7");
    assert_eq!(header("x-vaultapi-burstlimit"), "2000");
    assert_eq!(header("x-vaultapi-burstlimitremaining"), "1999");
    assert!(session.starts_with(header("x-vaultapi-truncatedsessionid")));
    assert_ne!(header("x-vaultapi-truncatedsessionid"), session);
    assert_eq!(header("x-vaultapi-executionid").len(), 36);
    assert_eq!(header("cache-control"), "no-store, no-cache");

    let refused = get(ME).send(vault.dns());
    assert_eq!(refused.header("x-vaultapi-status"), Some("FAILURE"));
    assert_eq!(refused.header("x-vaultapi-userid"), None);
    assert_eq!(
        refused.header("x-vaultapi-burstlimitremaining"),
        Some("1998")
    );
    vault.advance(std::time::Duration::from_secs(300));
    let fresh = get(ME).send(vault.dns());
    assert_eq!(fresh.header("x-vaultapi-burstlimitremaining"), Some("1999"));
}

#[test]
fn xml_is_refused_clearly() {
    let vault = Simulator::start().unwrap();
    let me = |accept: &str| {
        let call = get(ME).auth(&vault.session()).header("Accept", accept);
        call.send(vault.dns())
    };
    let refused = me("application/xml");
    refused.assert_failure("INVALID_DATA");
    assert_eq!(refused.status, 406);
    assert!(text(&refused.json()["errors"][0]["message"]).contains("JSON only"));
    me("application/json").assert_success();
    me("*/*").assert_success();
}

#[test]
fn other_hosts_are_refused() {
    let vault = Simulator::start().unwrap();
    let port = vault.dns().rsplit(':').next().unwrap();
    let me = |host: &str| {
        let call = get(ME).auth(&vault.session()).header("Host", host);
        call.send(vault.dns())
    };
    for name in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
        me(&format!("{name}:{port}")).assert_success();
    }
    for host in [
        "127.0.0.1",
        "127.0.0.1:1",
        &format!("evil.example:{port}"),
        &format!("127.0.0.1.evil.example:{port}"),
    ] {
        let refused = me(host);
        assert_eq!(refused.status, 421, "{host}");
        refused.assert_failure("MALFORMED_URL");
    }
}

#[test]
fn endpoints_have_names_for_faults() {
    let json = serde_json::to_value(Endpoint::GenerateSandboxToken).unwrap();
    assert_eq!(json, "generate_sandbox_token");
}
