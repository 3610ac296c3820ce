//! Every switch, both ways. (What becomes of an expiry is tested beside its code.)

use std::time::Duration;

use serde_json::{Value, json};
use vault_sandbox_simulator::{
    FailureStatus, OmittedExpiry, OverCeiling, PastExpiry, ResponseStatus, Simulator, Switches,
    UnknownParameters, UserSys,
};

use crate::{
    Answer, GENERATE, GENERATE_MINE, ME, SANDBOX, generate, get, post, sandbox_dns, session_of,
    sign_in, text, token,
};

const SECOND: Duration = Duration::from_secs(1);

fn with(change: impl FnOnce(&mut Switches)) -> Simulator {
    let vault = Simulator::start().unwrap();
    vault.switches(change);
    vault
}

fn send(vault: &Simulator, fields: &[(&str, &str)]) -> Answer {
    generate(vault).form(fields).send(vault.dns())
}

fn named(vault: &Simulator, name: &str) -> Answer {
    send(vault, &[("name__v", name)])
}

fn read(vault: &Simulator, field: &str) -> Vec<Value> {
    let answer = post("/api/v26.2/query")
        .auth(&vault.session())
        .form(&[("q", &format!("SELECT {field} FROM api_access_token__sys"))])
        .send(&sandbox_dns(vault));
    let rows = answer.assert_success()["data"].clone();
    let rows = rows.as_array().unwrap();
    rows.iter().map(|row| row[field].clone()).collect()
}

#[test]
fn unknown_parameters() {
    let fields = [
        ("name__v", "ci"),
        ("expiry_date__sys", "2099-12-31T12:00:00Z"),
    ];
    let vault = Simulator::start().unwrap();
    send(&vault, &fields).assert_success();
    assert_eq!(vault.tokens(SANDBOX)[0].expiry, None);
    vault.switches(|s| s.unknown_parameters = UnknownParameters::Refuse);
    send(&vault, &fields).assert_failure("ATTRIBUTE_NOT_SUPPORTED");
}

#[test]
fn a_past_expiry() {
    let fields = [("name__v", "ci"), ("expiry_date__v", "2001-01-01")];
    let vault = Simulator::start().unwrap();
    send(&vault, &fields).assert_failure("INVALID_DATA");
    vault.switches(|s| s.past_expiry = PastExpiry::Keep);
    send(&vault, &fields).assert_success();
    vault.switches(|s| s.past_expiry = PastExpiry::Ignore);
    send(&vault, &fields).assert_success();
    let expiries: Vec<_> = vault.tokens(SANDBOX).iter().map(|t| t.expiry).collect();
    assert_eq!(expiries, ["2001-01-02T06:59:59Z".parse().ok(), None]);
}

#[test]
fn an_expiry_beyond_the_ceiling() {
    let fields = [("name__v", "ci"), ("expiry_date__v", "2099-12-31")];
    let vault = Simulator::builder()
        .fixed_clock("2026-11-24T10:00:00Z".parse().unwrap())
        .start()
        .unwrap();
    vault.switches(|s| s.max_lifetime_days = Some(90));
    send(&vault, &fields).assert_failure("INVALID_DATA");
    vault.switches(|s| s.over_ceiling = OverCeiling::Shorten);
    send(&vault, &fields).assert_success();
    vault.switches(|s| s.over_ceiling = OverCeiling::Ignore);
    send(&vault, &fields).assert_success();
    let expiries: Vec<_> = vault.tokens(SANDBOX).iter().map(|t| t.expiry).collect();
    assert_eq!(expiries, ["2027-02-22T10:00:00Z".parse().ok(), None]);
}

#[test]
fn never_where_it_is_barred() {
    let vault = with(|s| s.never_allowed = false);
    named(&vault, "ci").assert_failure("PARAMETER_REQUIRED");
    vault.switches(|s| s.omitted_expiry = OmittedExpiry::Ceiling);
    named(&vault, "ci").assert_success();
    assert!(vault.tokens(SANDBOX)[0].expiry.is_some());
}

#[test]
fn an_expiry_that_is_ignored() {
    let vault = with(|s| s.expiry_ignored = true);
    send(
        &vault,
        &[("name__v", "ci"), ("expiry_date__v", "2099-12-31")],
    )
    .assert_success();
    assert_eq!(read(&vault, "expiry_date__sys"), [Value::Null]);
}

#[test]
fn the_limit_and_its_error() {
    let vault = with(|s| {
        s.token_limit = Some(1);
        s.token_limit_error = "INVALID_DATA".into();
    });
    named(&vault, "one").assert_success();
    named(&vault, "two").assert_failure("INVALID_DATA");
    vault.switches(|s| s.token_limit = None);
    for _ in 0..30 {
        named(&vault, "more").assert_success();
    }
}

#[test]
fn names_of_tokens() {
    let vault = with(|s| s.max_token_name = Some(3));
    named(&vault, "äöü").assert_success();
    named(&vault, "four").assert_failure("INVALID_DATA");
    named(&vault, "äöü").assert_success();
    vault.switches(|s| s.unique_token_names = true);
    named(&vault, "äöü").assert_failure("ITEM_NAME_EXISTS");
}

#[test]
fn errors_about_sandboxes() {
    let vault = with(|s| {
        s.unknown_sandbox_error = "INSUFFICIENT_ACCESS".into();
        s.inactive_sandbox_error = "INVALID_DATA".into();
        s.building_sandbox_error = "RACE_CONDITION".into();
    });
    for (name, kind) in [
        ("Nowhere", "INSUFFICIENT_ACCESS"),
        ("Old%20Training", "INVALID_DATA"),
        ("Regression%20Test", "RACE_CONDITION"),
    ] {
        post(&GENERATE.replace("VeePharm%20Sandbox", name))
            .auth(&vault.session())
            .form(&[("name__v", "ci")])
            .send(vault.dns())
            .assert_failure(kind);
    }
}

#[test]
fn case_of_sandbox_names() {
    let vault = Simulator::start().unwrap();
    let call = post(&GENERATE.replace("VeePharm", "VEEPHARM"))
        .auth(&vault.session())
        .form(&[("name__v", "ci")]);
    call.send(vault.dns()).assert_failure("INVALID_DATA");
    vault.switches(|s| s.sandbox_case_sensitive = false);
    call.send(vault.dns()).assert_success();
}

#[test]
fn who_may_list_sandboxes() {
    let vault = with(|s| s.may_list_sandboxes = false);
    let list = |session: &str| {
        let call = get("/api/v26.2/objects/sandbox").auth(session);
        call.send(vault.dns())
    };
    list(&vault.session()).assert_failure("INSUFFICIENT_ACCESS");
    list(&session_of(&vault, "vault.owner@veepharm.com")).assert_success();
}

#[test]
fn whether_a_token_may_create() {
    let vault = with(|s| s.token_may_create = false);
    let mine = post(GENERATE_MINE)
        .auth(&vault.session())
        .form(&[("name__v", "parent")]);
    let value = text(&mine.send(vault.dns()).json()["data"]["token__sys"]);
    let answer = post(GENERATE).bearer(&value).form(&[("name__v", "ci")]);
    answer
        .send(vault.dns())
        .assert_failure("INSUFFICIENT_ACCESS");
    assert!(vault.tokens(SANDBOX).is_empty());
}

#[test]
fn how_a_token_is_refused() {
    let vault = with(|s| {
        s.refused_token_error = "INSUFFICIENT_ACCESS".into();
        s.refused_token_status = Some(401);
    });
    let refused = get(ME).bearer("veeva-vault-SIMULATED0").send(vault.dns());
    refused.assert_failure("INSUFFICIENT_ACCESS");
    assert_eq!(refused.status, 401);
    // Sessions are another matter.
    let no_session = get(ME).send(vault.dns());
    no_session.assert_failure("INVALID_SESSION_ID");
    assert_eq!(no_session.status, 200);
}

#[test]
fn tokens_without_bearer() {
    let vault = Simulator::start().unwrap();
    let value = token(&vault, "ci");
    let me = get(ME).auth(&value);
    let dns = sandbox_dns(&vault);
    me.send(&dns).assert_failure("INVALID_SESSION_ID");
    assert_eq!(vault.tokens(SANDBOX)[0].last_used, None);
    vault.switches(|s| s.raw_token_accepted = true);
    me.send(&dns).assert_success();
}

#[test]
fn headers_that_name_the_caller() {
    let vault = Simulator::start().unwrap();
    let me = get(ME).bearer(&token(&vault, "ci"));
    let user_id = || {
        let answer = me.send(&sandbox_dns(&vault));
        answer.header("x-vaultapi-userid").map(str::to_owned)
    };
    assert_eq!(user_id(), Some("61603".into()));
    vault.switches(|s| s.token_identity_headers = false);
    assert_eq!(user_id(), None);
}

#[test]
fn a_token_that_needs_some_time() {
    let vault = Simulator::builder()
        .fixed_clock("2026-11-24T10:00:00Z".parse().unwrap())
        .start()
        .unwrap();
    vault.switches(|s| {
        s.token_usable_after = 10 * SECOND;
        s.token_visible_after = 20 * SECOND;
    });
    let me = get(ME).bearer(&token(&vault, "ci"));
    let dns = sandbox_dns(&vault);
    me.send(&dns).assert_failure("INVALID_SESSION_ID");
    vault.advance(10 * SECOND);
    me.send(&dns).assert_success();
    assert!(read(&vault, "id").is_empty());
    vault.advance(10 * SECOND);
    assert_eq!(read(&vault, "id").len(), 1);
}

#[test]
fn a_new_token_with_a_warning() {
    let vault = with(|s| s.new_token_warning = true);
    let answer = named(&vault, "ci");
    let json = answer.json();
    assert_eq!(json["responseStatus"], "WARNING");
    assert_eq!(json["warnings"].as_array().map(Vec::len), Some(1));
    assert_eq!(json["data"]["token__sys"], vault.tokens(SANDBOX)[0].value);
    assert_eq!(answer.header("x-vaultapi-status"), Some("WARNING"));
}

#[test]
fn the_error_of_older_versions() {
    let vault = with(|s| s.old_version_error = "MALFORMED_URL".into());
    let older = post(&GENERATE.replace("v26.2", "v26.1")).auth(&vault.session());
    older.send(vault.dns()).assert_failure("MALFORMED_URL");
}

#[test]
fn http_status_of_failures() {
    let vault = Simulator::start().unwrap();
    let status = || get(ME).send(vault.dns()).status;
    assert_eq!(status(), 200);
    vault.switches(|s| s.failure_status = FailureStatus::Fitting);
    assert_eq!(status(), 401);
    assert_eq!(get("/nowhere").send(vault.dns()).status, 404);
}

#[test]
fn response_status_of_a_wrong_password() {
    let vault = with(|s| s.wrong_password_status = ResponseStatus::Exception);
    let answer = sign_in(&vault, vault.user_name(), "wrong").json();
    assert_eq!(answer["responseStatus"], "EXCEPTION");
    assert_eq!(
        answer["errors"][0]["type"],
        "USERNAME_OR_PASSWORD_INCORRECT"
    );
}

#[test]
fn signing_in_lands_elsewhere() {
    let vault = with(|s| s.sign_in_lands_elsewhere = true);
    let answer = sign_in(&vault, vault.user_name(), vault.password()).assert_success();
    assert_eq!(answer["vaultId"], 1_000_661);
    let landed = json!({
        "id": 1_000_661,
        "name": "VeePharm Quality",
        "url": format!("http://{}/api", vault.other_dns()),
    });
    assert!(answer["vaultIds"].as_array().unwrap().contains(&landed));
}

#[test]
fn versions_without_a_session() {
    let vault = Simulator::start().unwrap();
    let versions = get("/api/");
    versions
        .send(vault.dns())
        .assert_failure("INVALID_SESSION_ID");
    vault.switches(|s| s.versions_need_auth = false);
    versions.send(vault.dns()).assert_success();
}

#[test]
fn user_ids_as_text() {
    let vault = Simulator::start().unwrap();
    token(&vault, "ci");
    assert_eq!(read(&vault, "user__sys"), [json!(61_603)]);
    vault.switches(|s| s.user_sys = UserSys::String);
    assert_eq!(read(&vault, "user__sys"), [json!("61603")]);
}

#[test]
fn the_status_of_an_expired_token() {
    let vault = with(|s| s.past_expiry = PastExpiry::Keep);
    send(
        &vault,
        &[("name__v", "ci"), ("expiry_date__v", "2001-01-01")],
    )
    .assert_success();
    assert_eq!(read(&vault, "status__v"), [json!(["inactive__v"])]);
    vault.switches(|s| s.expired_status = "expired__sys".into());
    assert_eq!(read(&vault, "status__v"), [json!(["expired__sys"])]);
}
