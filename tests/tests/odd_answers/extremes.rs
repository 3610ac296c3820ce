//! Answers that are made to hurt.

use vault_sandbox_core::decode;
use vault_sandbox_core::endpoints::*;
use vault_sandbox_tests::answer;

use super::*;

#[test]
fn nothing_overflows_the_stack() {
    let nested = |depth: usize, open: &str, close: &str| (open.repeat(depth), close.repeat(depth));
    for (open, close) in [
        nested(50_000, "[", "]"),
        nested(50_000, "{\"a\":", "}"),
        nested(50_000, "[{\"data\":", "}]"),
    ] {
        for place in ["responseStatus", "errors", "data", "warnings", "unknown"] {
            let mut body = format!(r#"{{"{place}":{open}0{close}"#);
            if place != "responseStatus" {
                body.push_str(r#","responseStatus":"SUCCESS""#);
            }
            body.push('}');
            // What comes of it does not matter: that it comes does.
            let _ = generate(200, body.clone());
            let _ = decode::<ListSandboxes>(&answer(200, body.clone()));
            let _ = decode::<FindTokens>(&answer(200, body.clone()));
            let _ = decode::<DeleteTokens>(&answer(200, body));
        }
        // Not even closed.
        let _ = generate(200, format!("{{\"data\":{open}"));
    }
    let beside = format!(
        r#"{{"unknown":{}0{},"#,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    let body = format!(
        r#"{beside}"responseStatus":"SUCCESS","data":{{"id":"0PI1","token__sys":"{VALUE}"}}}}"#
    );
    is_token(&generate(200, body), ID, VALUE);
}

#[test]
fn huge_is_only_large() {
    let huge = "x".repeat(4 << 20);
    let body = format!(
        r#"{{"unknown":"{huge}","responseStatus":"SUCCESS","data":{{"id":"0PI1","token__sys":"{VALUE}"}}}}"#
    );
    is_token(&generate(200, body), ID, VALUE);
    let body =
        format!(r#"{{"responseStatus":"SUCCESS","data":{{"id":"0PI1","token__sys":"{huge}"}}}}"#);
    is_token(&generate(200, body), ID, &huge);
    is_no_answer(&generate(200, huge));
}
