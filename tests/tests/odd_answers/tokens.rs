//! A token, whatever is wrong with the answer around it.

use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{
    Endpoint, HttpResponse, TransportError, TransportErrorKind, decode, decode_failed,
};
use vault_sandbox_tests::answer;

use super::*;

/// Nothing is wrong with these: no warning.
#[test]
fn a_token_whatever_stands_around_it() {
    for body in [
        r#"{"data":{"token__sys":"veeva-vault-0c0ffee0example","id":"0PI1"},"responseStatus":"SUCCESS"}"#,
        "\u{feff}{\"responseStatus\":\"SUCCESS\",\"data\":{\"id\":\"0PI1\",\"token__sys\":\"veeva-vault-0c0ffee0example\"}}",
        "\u{feff}\r\n\t {\"responseStatus\":\"SUCCESS\",\"data\":{\"id\":\"0PI1\",\"token__sys\":\"veeva-vault-0c0ffee0example\"}}\r\n\r\n",
        r#"{"responseStatus":"SUCCESS","responseMessage":null,"errorCodes":null,"errorType":null,"errors":[],"warnings":null,"data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}}"#,
        r#"{"responseStatus":"SUCCESS","errors":"NULL","warnings":"NULL","responseMessage":"NULL","data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}}"#,
        r#"{"new":{"a":[1,2.5,{"b":null}]},"responseStatus":"SUCCESS","data":{"new":[[]],"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}}"#,
        r#"{"responseStatus":"SUCCESS","data":{"id":"0PI1","token__sys":"veeva\u002dvault-0c0ffee0example"}}"#,
        r#"{"responseStatus":"SUCCESS","errors":{},"data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}}"#,
    ] {
        let answered = generate(200, body);
        is_token(&answered, ID, VALUE);
        assert!(answered.unwrap().warnings.is_empty(), "{body}");
    }
}

/// Each of these would be lost if the answer had to be right. The oddity is a warning.
#[test]
fn a_token_in_an_answer_that_is_wrong() {
    let deep = format!(
        r#"{{"responseStatus":{}0{},"data":{{"id":"0PI1","token__sys":"{VALUE}"}}}}"#,
        "[".repeat(500),
        "]".repeat(500)
    );
    for (status, body) in [
        (
            200,
            r#"{"responseStatus":"FAILURE","errors":[{"type":"UNEXPECTED_ERROR","message":"after all"}],"data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}}"#,
        ),
        (
            500,
            r#"{"responseStatus":"EXCEPTION","data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}}"#,
        ),
        (
            200,
            r#"{"responseStatus":"DONE","data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}}"#,
        ),
        (
            200,
            r#"{"data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}}"#,
        ),
        (
            200,
            r#"{"responseStatus":"SUCCESS","data":[{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}]}"#,
        ),
        (
            200,
            r#"{"responseStatus":"SUCCESS","data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example","id":"0PI2"}}"#,
        ),
        (
            200,
            r#"{"responseStatus":"SUCCESS","data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"},"data":null}"#,
        ),
        (
            200,
            r#"{"responseStatus":"SUCCESS","responseStatus":"SUCCESS","data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}}"#,
        ),
        (
            200,
            r#"{"responseStatus":"SUCCESS","data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}} and more"#,
        ),
        (
            200,
            "{\"responseStatus\":\"SUCCESS\",\"responseMessage\":\"two\nlines\",\"data\":{\"id\":\"0PI1\",\"token__sys\":\"veeva-vault-0c0ffee0example\"}}",
        ),
        (
            200,
            r#"{"responseStatus":"SUCCESS","responseMessage":"\uD800 \q","data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"}}"#,
        ),
        (200, deep.as_str()),
    ] {
        let answered = generate(status, body.to_owned());
        is_token(&answered, ID, VALUE);
        let warnings = answered.unwrap().warnings;
        assert!(
            warnings[0].message.starts_with("the answer was odd"),
            "{warnings:?}"
        );
    }
}

#[test]
fn a_token_beside_invalid_utf_8() {
    for (before, after) in [
        (&b"caf\xe9"[..], &b""[..]),
        (b"", b"caf\xe9"),
        (b"\xff\xfe", b"\xf0\x9f"),
    ] {
        let mut body = br#"{"responseStatus":"SUCCESS","responseMessage":""#.to_vec();
        body.extend(before);
        body.extend(br#"","data":{"id":"0PI1","token__sys":"veeva-vault-0c0ffee0example"},"errors":[{"type":"T","message":""#);
        body.extend(after);
        body.extend(br#""}]}"#);
        is_token(&generate(200, body), ID, VALUE);
    }
    // In the value itself, it is no value.
    is_no_answer(&generate(
        200,
        b"{\"responseStatus\":\"SUCCESS\",\"data\":{\"token__sys\":\"veeva-vault-\xe9\"}}".to_vec(),
    ));
}

#[test]
fn a_warning_with_a_token_is_a_token_and_a_warning() {
    for (body, code, message) in [
        (
            r#""warnings":[{"warning_type":"W","message":"soon"}]"#,
            "W",
            "soon",
        ),
        (r#""warnings":[{"type":"W","message":"soon"}]"#, "W", "soon"),
        (r#""warnings":{"type":"W","message":"soon"}"#, "W", "soon"),
        (r#""warnings":["soon"]"#, "", "soon"),
        (r#""warnings":"soon""#, "", "soon"),
        (r#""errors":[{"type":"W","message":"soon"}]"#, "W", "soon"),
        (r#""responseMessage":"soon","errorType":"W""#, "W", "soon"),
        (
            r#""warnings":[{"type":"W","warning_type":"V","message":"soon"}]"#,
            "W",
            "soon",
        ),
        (r#""x":0"#, "", "no reason was given"),
    ] {
        let body = format!(
            r#"{{"responseStatus":"WARNING",{body},"data":{{"id":"0PI1","token__sys":"{VALUE}"}}}}"#
        );
        let answered = generate(200, body.clone());
        is_token(&answered, ID, VALUE);
        let warnings = answered.unwrap().warnings;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!(
            (warnings[0].code.as_str(), warnings[0].message.as_str()),
            (code, message),
            "{body}"
        );
    }
}

#[test]
fn an_id_is_kept_in_any_form_but_never_made_up() {
    for (id, expected) in [
        (r#""id":"0PI1","#, ID),
        (r#""id":17,"#, Some("17")),
        (r#""id":["0PI1"],"#, ID),
        (r#""id":null,"#, None),
        (r#""id":"NULL","#, None),
        (r#""id":{},"#, None),
        ("", None),
    ] {
        let body =
            format!(r#"{{"responseStatus":"SUCCESS","data":{{{id}"token__sys":"{VALUE}"}}}}"#);
        is_token(&generate(200, body), expected, VALUE);
        // Without the value, the ID is what the token can be revoked by.
        for value in [
            "null",
            "\"NULL\"",
            "\"\"",
            "17",
            "[\"veeva-vault-x\"]",
            "{}",
        ] {
            let body =
                format!(r#"{{"responseStatus":"SUCCESS","data":{{{id}"token__sys":{value}}}}}"#);
            let answered = generate(200, body);
            is_no_answer(&answered);
            let error = answered.unwrap_err();
            assert_eq!(
                error.created_id().map(|id| id.as_str()),
                expected,
                "{id} {value}"
            );
        }
    }
    for body in [
        r#"{"responseStatus":"SUCCESS"}"#,
        r#"{"responseStatus":"SUCCESS","data":null}"#,
        r#"{"responseStatus":"SUCCESS","data":[]}"#,
    ] {
        is_no_answer(&generate(200, body));
    }
}

#[test]
fn values_come_out_exactly_as_they_are() {
    for (json, value, plain) in [
        (
            r"veeva-vault-0c0ffee0example",
            "veeva-vault-0c0ffee0example",
            true,
        ),
        (r"another-prefix", "another-prefix", true),
        (r"a b", "a b", false),
        (r"a\nb\u0000", "a\nb\0", false),
        (r"caf\u00e9 😀", "café 😀", false),
        (r"\ud83d\ude00", "😀", false),
        (r#"\"\\\/"#, "\"\\/", true),
    ] {
        let body = format!(
            r#"{{"responseStatus":"SUCCESS","data":{{"id":"0PI1","token__sys":"{json}"}}}}"#
        );
        let answered = generate(200, body);
        is_token(&answered, ID, value);
        assert_eq!(answered.unwrap().value.value().is_plain(), plain, "{json}");
    }
}

fn cut(response: HttpResponse) -> TransportError {
    TransportError::without_cause(TransportErrorKind::Interrupted).with_partial(response)
}

#[test]
fn an_answer_cut_at_any_byte() {
    let whole = include_str!("../../fixtures/token_sample.json");
    let value_ends = whole.find("ABC...\"").unwrap() + "ABC...\"".len();
    for at in 0..=whole.len() {
        let part = answer(200, whole.as_bytes()[..at].to_vec());
        let answered = decode_failed::<GenerateSandboxToken>(cut(part.clone()));
        if at < value_ends {
            let error = answered.unwrap_err();
            assert_eq!(
                error.transport_kind(),
                Some(TransportErrorKind::Interrupted)
            );
            assert!(error.may_have_been_applied());
            // A server may also end a cut answer as if it were complete.
            assert_eq!(
                decode::<GenerateSandboxToken>(&part).is_ok(),
                at == whole.len()
            );
        } else {
            is_token(
                &answered,
                Some("0PI00000000C003"),
                "veeva-vault-B5A79ABC...",
            );
            let warnings = answered.unwrap().warnings;
            assert!(
                warnings[0].message.contains("connection ended"),
                "{warnings:?}"
            );
            assert!(decode::<GenerateSandboxToken>(&part).is_ok());
        }
    }
}

#[test]
fn other_calls_salvage_nothing() {
    let whole = answer(200, include_str!("../../fixtures/sign_in.json"));
    assert!(decode_failed::<SignIn>(cut(whole)).is_err());
    fn none<E: Endpoint>() -> bool {
        E::salvage(include_bytes!("../../fixtures/token_sample.json")).is_none()
    }
    assert!(none::<FindTokens>() && none::<SignIn>() && none::<WhoAmI>());
}
