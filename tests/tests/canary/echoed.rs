//! Vault, or something before it, repeating what it was sent.

use std::fmt::Debug;

use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{Client, Endpoint, Error, Reply, Vault, encode};
use vault_sandbox_tests::{Script, literal};

use super::*;

/// One call whose answer says `said` wherever Vault's words are shown.
fn echo<E: Endpoint>(endpoint: &E, vault: &Vault, said: &str)
where
    E::Output: Debug,
{
    let said = format!("before {said} after");
    let entries = serde_json::json!([{"type": said, "message": said}, {"type": "INVALID_DATA", "message": said}]);
    let about = |status: &str, rest: serde_json::Value| {
        let mut body = rest;
        body["responseStatus"] = status.into();
        body.to_string()
    };
    let data = serde_json::json!([{"responseStatus": "FAILURE", "errors": entries}]);
    for body in [
        about("FAILURE", serde_json::json!({"errors": entries})),
        about(
            "EXCEPTION",
            serde_json::json!({"responseMessage": said, "errorType": said}),
        ),
        about(
            "WARNING",
            serde_json::json!({"warnings": entries, "data": data}),
        ),
        about(
            "SUCCESS",
            serde_json::json!({"errors": entries, "data": data}),
        ),
        // A value that is saved from a failure brings the failure's words along.
        about(
            "FAILURE",
            serde_json::json!({"errors": entries, "data": {"token__sys": "x"}}),
        ),
        about(&said, serde_json::json!({"data": data})),
        format!("<html>{said}</html>"),
    ] {
        let script = Script::once(200, body.clone());
        match Client::new(script, vault.clone()).call_blocking(endpoint) {
            Err(error @ Error::Vault { .. }) => {
                check_all(&error, &["before", "after", E::NAME]);
                error
                    .vault_errors()
                    .iter()
                    .for_each(|e| check_all(e, &["before", "after"]));
            }
            Err(error) => check_all(&error, &[E::NAME, "200"]),
            Ok(reply) => check_reply(&reply),
        }
    }
}

fn check_reply<T: Debug>(reply: &Reply<T>) {
    check_debug(reply, &["warnings"]);
    let neighbours = if reply.warnings.is_empty() {
        &[][..]
    } else {
        &["before", "after"]
    };
    check_debug(reply, neighbours);
}

#[test]
fn vault_repeating_a_credential_is_not_repeated() {
    let [with_session, with_token, with_odd_token] = vaults();
    for (vault, secret) in [
        (&with_session, SESSION),
        (&with_token, TOKEN),
        (&with_odd_token, ODD_TOKEN),
    ] {
        for form in forms(secret) {
            echo(&founding(), vault, &form);
            echo(&delete(), vault, &form);
            echo(&EndSession::new(), vault, &form);
            echo(&FindTokens::new(), vault, &form);
        }
    }
    for form in forms(PASSWORD) {
        echo(&sign_in(), &with_session, &form);
    }
    for form in forms(IDENTITY) {
        echo(&oauth(), &with_session, &form);
    }
}

/// The most likely echo of all: the request, as it was sent.
#[test]
fn vault_repeating_the_whole_request_is_not_repeated() {
    fn all<E: Endpoint>(endpoint: &E)
    where
        E::Output: Debug,
    {
        for vault in &vaults() {
            echo(endpoint, vault, &literal(&encode(endpoint, vault).unwrap()));
        }
    }
    all(&founding());
    all(&founding().encoding(Encoding::Json));
    all(&sign_in());
    all(&oauth());
    all(&delete());
    all(&WhoAmI::new());
}

#[test]
fn refused_rows_say_why_without_the_credential() {
    let row = serde_json::json!({"responseStatus": "FAILURE",
        "errors": [{"type": "INVALID_DATA", "message": format!("before {SESSION} after")}]});
    let body = serde_json::json!({"responseStatus": "SUCCESS", "data": [row]}).to_string();
    let client = Client::new(Script::once(200, body), vaults()[0].clone());
    let reply = client.call_blocking(&delete()).unwrap();
    check_debug(&reply.value, &["INVALID_DATA", "before [hidden] after"]);
}
