//! A refusal in any form, and what is no answer of Vault's at all.

use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{Client, Error, VaultErrorKind, decode};
use vault_sandbox_tests::{Script, answer, vault};

use super::*;

#[test]
fn errors_in_any_form() {
    for (rest, expected) in [
        (
            r#""errors":{"type":"INVALID_DATA","message":"bad"}"#,
            "INVALID_DATA: bad",
        ),
        (
            r#""errors":[{"type":"INVALID_DATA","message":"bad"},{"message":"worse"}]"#,
            "INVALID_DATA: bad; worse",
        ),
        (
            r#""errors":[{"message":"bad","type":"NEW_TYPE","subtype":["x"]}]"#,
            "NEW_TYPE: bad",
        ),
        (r#""errors":["bad"]"#, "bad"),
        (r#""errors":"bad""#, "bad"),
        (r#""errors":[{"type":5,"message":7}]"#, "5: 7"),
        (
            r#""responseMessage":"bad","errorType":"GENERAL""#,
            "GENERAL: bad",
        ),
        (r#""responseMessage":"bad","errors":null"#, "bad"),
        (r#""responseMessage":"bad","errors":"NULL""#, "bad"),
        (r#""responseMessage":"bad","errors":[]"#, "bad"),
        (r#""responseMessage":"bad","errors":{}"#, "bad"),
        (
            r#""responseMessage":"bad","errors":[{"type":"","message":null}]"#,
            "bad",
        ),
        (r#""responseMessage":"NULL""#, "no reason was given"),
        (
            r#""errors":[{"type":"A","message":"a\n\u001b[31m::add-mask::x"}]"#,
            r"A: a\n\u{1b}[31m:\:add-mask:\:x",
        ),
    ] {
        let answered = generate(200, format!(r#"{{"responseStatus":"FAILURE",{rest}}}"#));
        let error = answered.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("generate_sandbox_token: Vault answered FAILURE: {expected}")
        );
        assert!(!error.may_have_been_applied(), "{rest}");
    }
}

/// What Vault warned of is often the reason for what is odd.
#[test]
fn a_warning_is_not_lost_because_the_data_is_odd() {
    let warnings =
        r#""warnings":[{"type":"EXPIRY_SHORTENED","message":"cut to 90 days"},{"message":"b\nc"}]"#;
    for status in ["WARNING", "SUCCESS", "SOMETHING_NEW"] {
        for data in ["7", "null", "[]", r#"{"id":"0PI1"}"#, r#"{"token__sys":7}"#] {
            let body = format!(r#"{{"responseStatus":"{status}",{warnings},"data":{data}}}"#);
            let said = is_no_answer(&generate(200, body.clone()));
            let end = r"; Vault warned: EXPIRY_SHORTENED: cut to 90 days; b\nc (HTTP 200)";
            assert!(said.ends_with(end), "{said}");
            let error = generate(200, body).unwrap_err();
            assert_eq!(error.vault_warnings()[0].code, "EXPIRY_SHORTENED");
            assert!(error.vault_errors().is_empty());
        }
    }
    // A value that is saved from odd data brings them along, each once.
    let body =
        format!(r#"{{"responseStatus":"WARNING",{warnings},"data":[{{"token__sys":"v"}}]}}"#);
    let reply = generate(200, body).unwrap();
    let said: Vec<_> = reply.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said[1..], ["EXPIRY_SHORTENED: cut to 90 days", r"b\nc"]);
    assert!(!said[0].contains("EXPIRY_SHORTENED"), "{said:?}");
    // A client takes secrets out of them.
    let body = r#"{"responseStatus":"WARNING","warnings":["you are SID-0123ABCD"],"data":7}"#;
    let client = Client::new(Script::once(200, body), vault());
    let error = client.call_blocking(&ListSandboxes::new()).unwrap_err();
    assert!(error.to_string().contains("you are [hidden]"), "{error}");
    assert!(!format!("{error:?}").contains("0123ABCD"), "{error:?}");
}

#[test]
fn what_is_not_vaults() {
    let html = "<html><body>502: you sent SID-0123ABCD veeva-vault-0c0ffee0example</body></html>";
    for (status, media_type, body, kind) in [
        (502, "text/html", html, "an HTML page"),
        (200, "text/html; charset=utf-8", html, "an HTML page"),
        (503, "", "", "empty"),
        (200, "application/json", "", "empty"),
        (
            307,
            "application/json",
            "{}",
            "a redirect, which is not followed",
        ),
        (302, "text/html", html, "a redirect, which is not followed"),
        (200, "application/xml", "<?xml version=\"1.0\"?><r/>", "XML"),
        (
            200,
            "application/json",
            "null",
            "no JSON with a responseStatus",
        ),
        (
            200,
            "application/json",
            "[]",
            "no JSON with a responseStatus",
        ),
        (
            200,
            "application/json",
            "{}",
            "no JSON with a responseStatus",
        ),
        (
            200,
            "application/json",
            "\"SUCCESS\"",
            "no JSON with a responseStatus",
        ),
        (
            200,
            "application/json",
            r#"{"responseStatus":"NULL"}"#,
            "no JSON with a responseStatus",
        ),
        (
            200,
            "application/json",
            r#"{"responseStatus":"FAILURE""#,
            "no JSON with a responseStatus",
        ),
        (
            429,
            "text/plain",
            "slow down",
            "no JSON with a responseStatus",
        ),
    ] {
        let mut response = answer(status, body);
        response
            .headers_mut()
            .insert("content-type", media_type.parse().unwrap());
        response
            .headers_mut()
            .insert("location", "https://evil.example.invalid/".parse().unwrap());
        let said = is_no_answer(&decode::<GenerateSandboxToken>(&response));
        assert_eq!(
            said,
            format!(
                "generate_sandbox_token: the answer is not one of Vault's: it is {kind} (HTTP {status})"
            )
        );
    }
    let said = is_no_answer(&generate(407, "<html>"));
    assert!(said.contains("proxy"), "{said}");
    // Vault's own words count whatever the status.
    let refused = generate(
        307,
        r#"{"responseStatus":"FAILURE","errors":[{"type":"INVALID_DATA"}]}"#,
    );
    assert_eq!(
        refused.unwrap_err().vault_kind(),
        Some(&VaultErrorKind::InvalidData)
    );
}

#[test]
fn the_same_answer_twice_in_one_is_refused_not_chosen_from() {
    let body = r#"{"responseStatus":"SUCCESS","responseStatus":"FAILURE"}"#;
    let error = decode::<EndSession>(&answer(200, body))
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }));
}

/// What may be missing from an answer to signing in, and what may not.
#[test]
fn a_session_needs_its_id_and_its_vault() {
    let sign_in = |body: &'static str| decode::<SignIn>(&answer(200, body));
    for body in [
        r#"{"responseStatus":"SUCCESS","sessionId":"S","vaultId":1}"#,
        r#"{"responseStatus":"SUCCESS","sessionId":"S","vaultId":"1","vaultIds":null,"userId":"NULL"}"#,
        r#"{"responseStatus":"SUCCESS","sessionId":"S","vaultId":1,"vaultIds":{"id":1,"name":null,"url":null}}"#,
    ] {
        let session = sign_in(body).unwrap().value;
        let anywhere = "veepharm.veevavault.com".parse().unwrap();
        assert!(
            session.check(&anywhere, None).is_err(),
            "nothing shows that it is the right one"
        );
    }
    for body in [
        r#"{"responseStatus":"SUCCESS","vaultId":1}"#,
        r#"{"responseStatus":"SUCCESS","sessionId":"S"}"#,
        r#"{"responseStatus":"SUCCESS","sessionId":"NULL","vaultId":1}"#,
        r#"{"responseStatus":"SUCCESS","sessionId":"CANARY\r\nx: y","vaultId":1}"#,
        r#"{"responseStatus":"SUCCESS","sessionId":"CANARY","vaultId":"CANARY"}"#,
    ] {
        let error = sign_in(body).map(|_| ()).unwrap_err();
        assert!(
            !format!("{error} {error:#} {error:?}").contains("CANARY"),
            "{error:?}"
        );
    }
}
