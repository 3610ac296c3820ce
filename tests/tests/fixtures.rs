//! The answers that Veeva documents, or that were seen, each read by its own endpoint.
//!
//! What is odd, broken or hostile about answers is in `odd_answers.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::time::Duration;

use vault_sandbox_core::VaultErrorKind::*;
use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{
    Body, Endpoint, Error, Facts, Failure, Reply, TokenId, UserId, VaultDns, VaultErrorKind,
    VaultId, decode,
};
use vault_sandbox_tests::answer;

fn read<E: Endpoint>(body: impl Into<Body>) -> Reply<E::Output> {
    decode::<E>(&answer(200, body)).unwrap()
}

fn value(token: &IssuedToken) -> String {
    token.value().expose().to_owned()
}

#[test]
fn the_sample_answer_of_veevas_page() {
    fn check(reply: &Reply<IssuedToken>) {
        assert_eq!(reply.value.id().unwrap().as_str(), "0PI00000000C003");
        assert_eq!(value(&reply.value), "veeva-vault-B5A79ABC...");
        assert!(reply.warnings.is_empty());
        assert_eq!(reply.facts, Facts::default());
    }
    let sample = include_str!("../fixtures/token_sample.json");
    assert_eq!(sample.len(), 137, "byte for byte");
    check(&read::<GenerateSandboxToken>(sample));
    check(&read::<GenerateMyToken>(sample));
    check(&read::<GenerateUserToken>(sample));
}

#[test]
fn sign_in() {
    fn check(session: &Session) {
        assert_eq!(session.session_id.expose(), "8F3AEXAMPLE");
        assert_eq!(session.user_id, Some(UserId::new(61603)));
        assert_eq!(session.vault_id, VaultId::new(4101));
        let vaults: Vec<_> = session
            .vaults
            .iter()
            .map(|vault| (vault.id.get(), vault.name.as_str(), vault.url.as_str()))
            .collect();
        assert_eq!(
            vaults,
            [
                (4101, "Quality", "https://acme-quality.veevavault.com/api"),
                (4102, "Clinical", "https://acme-clinical.veevavault.com/api"),
            ]
        );
        let dns = |text: &str| text.parse::<VaultDns>().unwrap();
        session
            .check(&dns("acme-quality.veevavault.com"), None)
            .unwrap();
        let wrong = session.check(&dns("acme-clinical.veevavault.com"), None);
        assert!(
            matches!(wrong, Err(WrongVault::OtherHost { .. })),
            "{wrong:?}"
        );
    }
    let body = include_str!("../fixtures/sign_in.json");
    check(&read::<SignIn>(body).value);
    check(&read::<OauthSignIn>(body).value);
    check(
        &read::<SignIn>(
            body.replace("4101", "\"4101\"")
                .replace("61603", "\"61603\""),
        )
        .value,
    );
}

#[test]
fn discovery() {
    let sso = read::<Discover>(include_str!("../fixtures/discovery_sso.json"));
    assert!(sso.warnings.is_empty(), "an empty `errors` is no warning");
    assert_eq!(sso.value.auth_type, AuthType::Sso);
    let profile = &sso.value.auth_profiles[0];
    assert_eq!(profile.id.as_deref(), Some("_9ab303d3"));
    assert_eq!(profile.label.as_deref(), Some("Example IdP"));
    assert_eq!(profile.description.as_deref(), Some("Example"));
    assert_eq!(profile.as_client_id.as_deref(), Some("0example"));
    assert_eq!(
        profile.vault_session_endpoint.as_deref(),
        Some("https://login.veevavault.com/auth/oauth/session/_9ab303d3")
    );
    for (auth_type, expected) in [
        ("password", AuthType::Password),
        ("passkey", AuthType::Unknown("passkey".into())),
    ] {
        let body =
            format!(r#"{{"responseStatus":"SUCCESS","data":{{"auth_type":"{auth_type}"}}}}"#);
        let found = read::<Discover>(body).value;
        assert_eq!((found.auth_type, found.auth_profiles.len()), (expected, 0));
    }
}

#[test]
fn the_life_of_a_session() {
    let body = r#"{"responseStatus":"SUCCESS"}"#;
    let (): () = read::<KeepAlive>(body).value;
    let (): () = read::<EndSession>(body).value;
    let me = read::<WhoAmI>(include_str!("../fixtures/who_am_i.json")).value;
    assert_eq!(me.id, UserId::new(61603));
    assert_eq!(me.name.as_deref(), Some("jane.doe@veepharm.com"));
    assert_eq!(me.time_zone.as_deref(), Some("America/Denver"));
    assert_eq!(me.security_profile.as_deref(), Some("document_user__v"));
}

#[test]
fn versions_are_ordered_as_numbers() {
    let versions = read::<ListVersions>(include_str!("../fixtures/versions.json")).value;
    let all: Vec<_> = versions.all().iter().map(ToString::to_string).collect();
    assert_eq!(all, ["v7.0", "v26.1", "v26.2", "v26.10"]);
    assert!(versions.includes("v26.2".parse().unwrap()));
    assert!(!versions.includes("v26.3".parse().unwrap()));
    assert!(versions.are_of(&"acme.veevavault.com".parse().unwrap()));
    assert!(!versions.are_of(&"acme-clinical.veevavault.com".parse().unwrap()));
}

#[test]
fn sandboxes() {
    let found = read::<ListSandboxes>(include_str!("../fixtures/sandboxes.json")).value;
    let entitlement = &found.entitlements[0];
    assert_eq!(entitlement.size.as_deref(), Some("Very Large"));
    assert_eq!(
        (
            entitlement.available,
            entitlement.allowed,
            entitlement.temporary
        ),
        (Some(1), Some(2), Some(0))
    );
    let first = &found.active[0];
    assert_eq!(first.vault_id, Some(VaultId::new(1_000_700)));
    assert_eq!(first.kind.as_deref(), Some("config"));
    assert_eq!(first.size.as_deref(), Some("Large"));
    assert_eq!(first.domain.as_deref(), Some("veepharm-sbx.com"));
    assert_eq!(
        first.dns.as_deref(),
        Some("veepharm-veepharm-sandbox.vaultdev.com")
    );
    assert_eq!(first.source_vault_id, Some(VaultId::new(1_000_660)));
    let at = |text: &str| Some(text.parse().unwrap());
    assert_eq!(first.refresh_available, at("2026-11-02T10:00:00Z"));
    assert_eq!(first.created_date, at("2026-11-01T10:00:00Z"));
    assert_eq!(first.release.as_deref(), Some("general"));
    assert_eq!(
        first.expiration_date, None,
        "\"NULL\" is a word for nothing"
    );
    assert_eq!(
        found.active[1].vault_id,
        Some(VaultId::new(1_000_701)),
        "a number as a string"
    );
    assert_eq!(found.active[1].expiration_date, at("2027-06-30T00:00:00Z"));
    let shown: Vec<_> = found
        .active
        .iter()
        .map(|sandbox| (sandbox.name.as_str(), sandbox.status.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("VeePharm Sandbox", "active"),
            ("Regression Test", "building"),
            ("Old Training", "inactive"),
            ("Q&A 50% / Ünïcode #1", "deleting"),
            ("From a later release", "archived"),
            ("Without a word", ""),
        ]
    );
}

#[test]
fn one_sandbox_and_how_full_it_is() {
    let found = read::<ShowSandbox>(include_str!("../fixtures/sandbox_details.json")).value;
    assert_eq!(found.sandbox.name, "VeePharm Sandbox");
    assert_eq!(found.sandbox.status, SandboxStatus::Active);
    assert_eq!(found.sandbox.vault_id, Some(VaultId::new(1_000_700)));
    assert_eq!(found.sandbox.expiration_date, None);
    let limits: Vec<_> = found
        .limits
        .iter()
        .map(|limit| (limit.name.as_deref().unwrap(), limit.used, limit.allowed))
        .collect();
    assert_eq!(
        limits,
        [
            ("total_object_records", Some(12_345), Some(10_000_000)),
            ("document_versions", Some(0), None),
        ]
    );
}

#[test]
fn token_records() {
    let body = include_str!("../fixtures/query.json");
    // A user as a string, a picklist as plain text, a total as a string: all were seen somewhere.
    let other = body
        .replace("61603", "\"61603\"")
        .replace("[\"active__v\"]", "\"active__v\"")
        .replace("\"total\":1", "\"total\":\"1\"");
    for body in [body.to_owned(), other] {
        let page = read::<FindTokens>(body).value;
        assert_eq!(page.total, Some(1));
        assert!(FindTokens::after(&page).is_none());
        let record = &page.records[0];
        assert_eq!(record.id.as_str(), "V8T000000009001");
        assert_eq!(record.name.as_deref(), Some("ci-pipeline"));
        assert_eq!(record.user, Some(UserId::new(61603)));
        assert_eq!(record.status, TokenStatus::Active);
        assert_eq!(record.expiry, Some("2026-12-31T12:00:00Z".parse().unwrap()));
        assert_eq!(record.last_used, None);
    }
    for (status, expected) in [
        (r#"["inactive__v"]"#, TokenStatus::Inactive),
        (
            r#"["revoked__v"]"#,
            TokenStatus::Unknown("revoked__v".into()),
        ),
        ("[]", TokenStatus::Unknown(String::new())),
        ("null", TokenStatus::Unknown(String::new())),
    ] {
        let page = read::<FindTokens>(body.replace("[\"active__v\"]", status)).value;
        assert_eq!(page.records[0].status, expected);
    }
}

/// "Never" is the one expiry that must not be guessed.
#[test]
fn an_expiry_that_cannot_be_read_is_not_never() {
    let body = include_str!("../fixtures/query.json");
    let with = |expiry: &str| {
        let body = body.replace("\"2026-12-31T12:00:00.000Z\"", expiry);
        decode::<FindTokens>(&answer(200, body)).map(|reply| reply.value.records[0].expiry)
    };
    for none in ["null", "\"\"", "\"NULL\""] {
        assert_eq!(with(none).unwrap(), None, "{none}");
    }
    for unreadable in [
        "\"soon\"",
        "\"2026-12-31\"",
        "1798718400000",
        "true",
        "{}",
        "{\"at\":\"soon\"}",
    ] {
        assert!(
            matches!(with(unreadable), Err(Error::Protocol { .. })),
            "{unreadable}"
        );
    }
}

#[test]
fn deletion_is_answered_row_by_row() {
    let ids = ["V8T000000009001", "V8T000000009999"].map(|id| TokenId::parse(id).unwrap());
    let delete = DeleteTokens::new(ids.clone()).unwrap();
    assert_eq!(delete.ids(), ids);
    let answer = read::<DeleteTokens>(include_str!("../fixtures/delete.json")).value;
    let named: Vec<_> = answer.rows().map(|(id, _)| id).collect();
    assert_eq!(named, [Some(&ids[0]), None]);
    let rows = delete.outcomes(&answer);
    assert_eq!(rows[0], (ids[0].clone(), Deletion::Deleted));
    let (id, Deletion::Refused(why)) = &rows[1] else {
        panic!("{rows:?}");
    };
    assert_eq!(*id, ids[1]);
    assert_eq!(
        why[0].to_string(),
        "INVALID_DATA: The resource [V8T000000009999] does not exist"
    );
    // A row that says neither is not taken for a deletion.
    let odd = r#"{"responseStatus":"SUCCESS","data":[{"data":{"id":"V8T1"}},{"responseStatus":"EXCEPTION"}]}"#;
    for (_, row) in read::<DeleteTokens>(odd).value.rows() {
        assert_eq!(*row, Deletion::Refused(vec![]));
    }
    // One that cannot be read says nothing, and the others are read.
    let odd =
        r#"{"responseStatus":"SUCCESS","data":[null,{"responseStatus":"SUCCESS","data":"x"}]}"#;
    let rows = delete.outcomes(&read::<DeleteTokens>(odd).value);
    assert_eq!(rows[0].1, Deletion::Unsaid);
    assert_eq!(rows[1].1, Deletion::Deleted);
}

/// HTTP status, body, kind of the first error, whether the request may have been carried out.
#[rustfmt::skip]
const FAILURES: &[(u16, &str, VaultErrorKind, bool)] = &[
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"INVALID_SESSION_ID","message":"Invalid or expired session ID."}],"errorType":"GENERAL"}"#, InvalidSessionId, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"NO_PASSWORD_PROVIDED","message":"…"}],"errorType":"AUTHENTICATION_FAILED"}"#, NoPasswordProvided, false),
    (200, r#"{"responseStatus":"EXCEPTION","errors":[{"type":"USERNAME_OR_PASSWORD_INCORRECT","message":"Authentication failed for user: jdoe@acme.com."}],"errorType":"GENERAL"}"#, UsernameOrPasswordIncorrect, true),
    (200, r#"{"responseStatus":"FAILURE","responseMessage":"…","errors":[{"type":"USERNAME_OR_PASSWORD_INCORRECT","message":"…"}],"errorType":"AUTHENTICATION_FAILED"}"#, UsernameOrPasswordIncorrect, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"API_LIMIT_EXCEEDED","message":"You have exceeded the maximum number of authentication API calls allowed in a [1] minute period."}]}"#, ApiLimitExceeded, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"API_LIMIT_EXCEEDED","message":"Too many polling requests"}]}"#, ApiLimitExceeded, false),
    (404, r#"{"responseStatus":"FAILURE","errors":[{"type":"MALFORMED_URL","message":"The specified resource cannot be found."}]}"#, MalformedUrl, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"PARAMETER_REQUIRED","message":"Missing required parameter [name__v]"}]}"#, ParameterRequired, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"INVALID_DATA","message":"Invalid value [soon] for parameter [expiry_date__v] specified"}]}"#, InvalidData, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"INVALID_DATA","message":"The resource [V8T000000009999] does not exist"}]}"#, InvalidData, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"INSUFFICIENT_ACCESS","message":"User [61603] not licensed for permission [VaultActions_API_Access]."}]}"#, InsufficientAccess, false),
    (403, r#"{"responseStatus":"FAILURE","errors":[{"type":"INSUFFICIENT_ACCESS","message":"User does not have sufficient privileges to perform the action"}]}"#, InsufficientAccess, false),
    (200, r#"{"responseStatus":"FAILURE","responseMessage":"…","errors":[{"type":"OPERATION_NOT_ALLOWED","message":"…"}],"errorType":"GENERAL"}"#, OperationNotAllowed, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"INVALID_DATA","message":"foo__v is not a queryable object; please refer to api documentation"}]}"#, InvalidData, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"INCORRECT_QUERY_SYNTAX","message":"Cannot parse query […]"}]}"#, IncorrectQuerySyntax, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"METHOD_NOT_SUPPORTED","message":"…"}]}"#, MethodNotSupported, false),
    (401, r#"{"responseStatus":"FAILURE","errors":[{"type":"INVALID_SESSION_ID","message":"…"}]}"#, InvalidSessionId, false),
    (503, r#"{"responseStatus":"FAILURE","errors":[{"type":"CONFIGURATION_MODE_ENABLED","message":"…"}]}"#, ConfigurationModeEnabled, false),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"UNEXPECTED_ERROR","message":"…"}]}"#, UnexpectedError, true),
    (200, r#"{"responseStatus":"FAILURE","errors":[{"type":"SDK_ERROR","subtype":"X","message":"…"}]}"#, SdkError, true),
    (200, r#"{"responseStatus":"EXCEPTION","errors":[{"type":"UNEXPECTED_ERROR","message":"…"}]}"#, UnexpectedError, true),
];

#[test]
fn every_refusal_has_its_kind_whatever_the_http_status() {
    fn check<E: Endpoint>(status: u16, body: &'static str, kind: &VaultErrorKind, maybe: bool) {
        let error = decode::<E>(&answer(status, body)).map(|_| ()).unwrap_err();
        assert_eq!(error.vault_kind(), Some(kind), "{body}");
        assert_eq!(error.may_have_been_applied(), maybe, "{body}");
        let Error::Vault {
            outcome,
            status: seen,
            errors,
            operation,
            ..
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!(*outcome == Failure::Exception, body.contains("EXCEPTION"));
        assert_eq!(
            (seen.as_u16(), errors.len(), *operation),
            (status, 1, E::NAME)
        );
        assert!(!errors[0].message.is_empty());
    }
    for (status, body, kind, maybe) in FAILURES {
        check::<GenerateSandboxToken>(*status, body, kind, *maybe);
        check::<SignIn>(*status, body, kind, *maybe);
        check::<FindTokens>(*status, body, kind, *maybe);
        check::<EndSession>(*status, body, kind, *maybe);
    }
}

#[test]
fn headers_are_facts() {
    let mut response = answer(200, r#"{"responseStatus":"SUCCESS"}"#);
    for (name, value) in [
        (
            "X-VaultAPI-ExecutionId",
            "b9c1a7e0-0000-4000-8000-000000000001",
        ),
        ("X-VaultAPI-BurstLimit", "2000"),
        ("X-VaultAPI-BurstLimitRemaining", "1987"),
        ("X-VaultAPI-ResponseDelay", "500"),
        ("X-VaultAPI-VaultId", "4101"),
        ("X-VaultAPI-UserId", "61603"),
        ("X-VaultAPI-DowntimeExpectedDurationMinutes", "30"),
    ] {
        let name: http::HeaderName = name.parse().unwrap();
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    let facts = decode::<KeepAlive>(&response).unwrap().facts;
    assert_eq!(
        facts.execution_id.as_deref(),
        Some("b9c1a7e0-0000-4000-8000-000000000001")
    );
    assert_eq!(
        (facts.burst_limit, facts.burst_remaining),
        (Some(2000), Some(1987))
    );
    assert_eq!(facts.response_delay, Some(Duration::from_millis(500)));
    assert_eq!(facts.vault_id, Some(VaultId::new(4101)));
    assert_eq!(facts.user_id, Some(UserId::new(61603)));
    assert_eq!(facts.expected_downtime, Some(Duration::from_secs(1800)));
}
