//! A Vault, requests and answers as they are in practice.

use std::fmt::Write as _;

use vault_sandbox_core::endpoints::GenerateSandboxToken;
use vault_sandbox_core::{Body, Expiry, HttpResponse, SessionId, Vault};

/// What Vault answers with a token.
pub(crate) const TOKEN: &str = r#"{"responseStatus":"SUCCESS","data":{"id":"V8T000000009001","name__v":"vault-sandbox jane@vm 2026-11-24 #b58af341","token__sys":"veeva-vault-SIMULATED3EE5789041C98AC3F3B8488C368CB0A6"}}"#;

pub(crate) fn vault() -> Vault {
    let session = SessionId::parse("SIMULATED3EE5789041C98AC3F3B8488C368CB0A6").unwrap();
    Vault::new("veepharm.veevavault.com".parse().unwrap()).authorized(session)
}

pub(crate) fn token_request() -> GenerateSandboxToken {
    GenerateSandboxToken::new(
        "VeePharm Sandbox".parse().unwrap(),
        "vault-sandbox jane@vm 2026-11-24 #b58af341"
            .parse()
            .unwrap(),
        Expiry::parse("2027-02-22T04:32:03Z", chrono::DateTime::UNIX_EPOCH).unwrap(),
    )
}

/// With the headers that Vault sends.
pub(crate) fn answer(body: impl Into<Body>) -> HttpResponse {
    http::Response::builder()
        .status(200)
        .header("content-type", "application/json;charset=UTF-8")
        .header(
            "x-vaultapi-executionid",
            "93c1c6a1-63f3-4b53-9b0a-d4a1b8bbf0d7",
        )
        .header("x-vaultapi-burstlimit", "2000")
        .header("x-vaultapi-burstlimitremaining", "1998")
        .header("x-vaultapi-vaultid", "1000660")
        .header("x-vaultapi-userid", "61603")
        .header("x-vaultapi-status", "SUCCESS")
        .body(body.into())
        .unwrap()
}

pub(crate) fn failure(errors: usize) -> HttpResponse {
    let error = r#"{"type":"INVALID_DATA","message":"There is no sandbox of this name."}"#;
    let errors = vec![error; errors].join(",");
    answer(format!(
        r#"{{"responseStatus":"FAILURE","errors":[{errors}]}}"#
    ))
}

/// The list of so many sandboxes, each with everything that Vault says of one.
pub(crate) fn sandboxes(count: usize) -> HttpResponse {
    let mut body = r#"{"responseStatus":"SUCCESS","data":{"entitlements":[],"active":["#.to_owned();
    for number in 0..count {
        let comma = if number == 0 { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"pod":"VV1-37","vault_id":{},"name":"VeePharm Sandbox {number}","type":"config","size":"Large","status":"active","domain":"veepharm-sbx.com","dns":"veepharm-{number}.vaultdev.com","source_vault_id":1000660,"refresh_available":"2026-11-02T10:00:00Z","created_date":"2026-11-01T10:00:00Z","created_by":61603,"modified_date":"2026-11-01T10:00:00Z","modified_by":61603,"entitlements":[],"release":"general","expiration_date":"NULL"}}"#,
            1_000_700 + number
        )
        .unwrap();
    }
    body.push_str("]}}");
    answer(body)
}
