//! Every public type, request and error, formatted.

use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::issuance::{Entry, Event, Intent, Issuance, Record, Step};
use vault_sandbox_core::redact::Scrubber;
use vault_sandbox_core::{
    AccessToken, ApiVersion, Authorization, Body, Client, Endpoint, Error, Expiry, Form,
    IdentityToken, OauthProfileId, OperationId, Password, Payload, SessionId, SharedTransport,
    TokenId, TransportError, TransportErrorKind, UserId, ValidationError, Vault, VaultDns, VaultId,
    encode,
};
use vault_sandbox_tests::{Script, answer, block_on};

use super::*;

#[test]
fn values() {
    check_debug(&session(), &["SessionId([hidden])"]);
    check_debug(&token(), &["AccessToken([hidden])"]);
    check_debug(&Password::parse(PASSWORD).unwrap(), &["Password([hidden])"]);
    check_debug(
        &IdentityToken::parse(IDENTITY).unwrap(),
        &["IdentityToken([hidden])"],
    );
    check_debug(&Authorization::from(session()), &["Session", "[hidden]"]);
    check_debug(&Authorization::from(token()), &["Bearer", "[hidden]"]);
    check_debug(
        &Authorization::from(session()).header().unwrap(),
        &["Sensitive"],
    );
    check_debug(
        &Body::from(token().expose().to_owned()),
        &["Body(31 bytes)"],
    );
    check_debug(&issued(), &["0PI1", "[hidden]"]);
    check_debug(&sign_in(), &["jane.doe@veepharm.com", "[hidden]"]);
    check_debug(&oauth(), &["_profile", "[hidden]"]);
    for vault in vaults() {
        check_debug(&vault, &["veepharm.veevavault.com", "[hidden]"]);
        check_debug(
            &Client::new(Script::default(), vault),
            &["veepharm.veevavault.com"],
        );
    }
    check_debug(
        &SharedTransport::new(Script::default()),
        &["SharedTransport"],
    );
    let form = Form::new().password("password", &Password::parse(PASSWORD).unwrap());
    check_debug(&form, &["Form(", "bytes"]);
    check_debug(
        &Payload::form(form),
        &["application/x-www-form-urlencoded", "bytes"],
    );
    let mut scrubber = Scrubber::new();
    token().hide_in(&mut scrubber);
    check_debug(&scrubber, &["Scrubber"]);
}

#[test]
fn requests() {
    fn check_request<E: Endpoint>(endpoint: &E, vault: &Vault, neighbours: &[&str]) {
        let request = encode(endpoint, vault).unwrap();
        check_debug(&request, &[neighbours, &["accept", "bytes"]].concat());
        // No secret in the URL: it is logged everywhere.
        check(&request.uri().to_string(), &["veepharm.veevavault.com"]);
    }
    let name = || "ci".parse().unwrap();
    for vault in &vaults() {
        check_request(
            &founding(),
            vault,
            &["Neighbour", "POST", "authorization", "Sensitive"],
        );
        check_request(
            &founding().encoding(Encoding::Json),
            vault,
            &["application/json"],
        );
        check_request(
            &GenerateMyToken::new(name(), Expiry::never()),
            vault,
            &["Sensitive"],
        );
        check_request(
            &GenerateUserToken::new(UserId::new(61603), name(), Expiry::never()),
            vault,
            &["61603"],
        );
        check_request(&sign_in(), vault, &["/auth", "x-www-form-urlencoded"]);
        check_request(&oauth(), vault, &["_profile", "Sensitive"]);
        check_request(&Discover::new("jane".parse().unwrap()), vault, &["jane"]);
        check_request(&KeepAlive::new(), vault, &["keep-alive", "Sensitive"]);
        check_request(&EndSession::new(), vault, &["DELETE", "Sensitive"]);
        check_request(&WhoAmI::new(), vault, &["users/me", "Sensitive"]);
        check_request(&ListVersions::new(), vault, &["/api/", "Sensitive"]);
        check_request(
            &ListSandboxes::new(),
            vault,
            &["objects/sandbox", "Sensitive"],
        );
        check_request(
            &ShowSandbox::new(VaultId::new(7)),
            vault,
            &["sandbox/7", "Sensitive"],
        );
        check_request(&FindTokens::new(), vault, &["query", "Sensitive"]);
        check_request(&delete(), vault, &["vobjects", "Sensitive"]);
    }
}

#[test]
fn input_that_is_refused_is_not_quoted() {
    // A secret given in the wrong place, or one that cannot be sent.
    let wrong = |text: &str| format!("{text}\n");
    let dns = format!("https://jane:{ODD_TOKEN}@veepharm.veevavault.com");
    let now = "2026-11-23T18:04:11Z".parse().unwrap();
    let errors: Vec<ValidationError> = vec![
        SessionId::parse(wrong(SESSION)).unwrap_err(),
        AccessToken::parse(wrong(TOKEN)).unwrap_err(),
        IdentityToken::parse(wrong(IDENTITY)).unwrap_err(),
        Password::parse(wrong(PASSWORD)).unwrap_err(),
        TokenId::parse(TOKEN).unwrap_err(),
        TokenId::parse(ODD_TOKEN).unwrap_err(),
        VaultDns::parse(&dns).unwrap_err(),
        VaultDns::parse(ODD_TOKEN).unwrap_err(),
        VaultId::parse(TOKEN).unwrap_err(),
        UserId::parse(SESSION).unwrap_err(),
        ApiVersion::parse(TOKEN).unwrap_err(),
        OauthProfileId::parse(IDENTITY).unwrap_err(),
        OperationId::parse(TOKEN).unwrap_err(),
        Expiry::parse(TOKEN, now).unwrap_err(),
        Expiry::parse(&format!("2027-02-21{TOKEN}"), now).unwrap_err(),
        Expiry::parse(&format!("90{ODD_TOKEN}"), now).unwrap_err(),
        vault_sandbox_core::ClientId::parse(ODD_TOKEN).unwrap_err(),
        vault_sandbox_core::SandboxName::parse(wrong(PASSWORD)).unwrap_err(),
    ];
    for error in errors {
        check_all(&error, &[error.field()]);
        check_all(&Error::from(error.clone()), &[error.field()]);
    }
}

#[test]
fn a_failed_exchange_keeps_what_arrived_to_itself() {
    let body = format!("{{\"data\":{{\"token__sys\":\"{TOKEN}");
    let mut partial = answer(200, body);
    partial
        .headers_mut()
        .insert("set-cookie", SESSION.parse().unwrap());
    let failed = TransportError::new(TransportErrorKind::Interrupted, "connection reset")
        .with_partial(partial);
    check_all(&failed, &[]);
    check_debug(&failed, &["connection reset", "Interrupted", "bytes"]);
    let error =
        block_on(Client::new(Script::new([Err(failed)]), vaults()[0].clone()).call(&founding()));
    let error = error.unwrap_err();
    check_all(&error, &["generate_sandbox_token"]);
    check(
        &format!("{error:#}"),
        &["the connection ended", "connection reset"],
    );
}

#[test]
fn issuing_shows_everything_but_the_value() {
    let intent = Intent::new(
        OperationId::from_bytes([0x3f, 0x9a, 0x1c, 0x22]),
        "2026-11-23T18:04:11Z".parse().unwrap(),
        "veepharm.veevavault.com".parse().unwrap(),
        "Neighbour".parse().unwrap(),
        "ci".parse().unwrap(),
        Expiry::never(),
    )
    .destinations(["file:here"]);
    let mut journal = Entry::Intent(intent.clone()).to_line().as_bytes().to_vec();
    journal.extend_from_slice(Entry::Token(issued()).to_line().as_bytes());
    check_debug(&Entry::Token(issued()), &["0PI1"]);
    check_debug(&Entry::Token(issued()).to_line(), &["Body("]);
    check_debug(
        &Record::read(&journal).unwrap(),
        &["Neighbour", "file:here", "0PI1"],
    );
    let torn = Record::read(&journal[1..]).map(|_| ()).unwrap_err();
    check_all(&torn, &[]);

    let mut issuance = Issuance::new(intent);
    let answered = Event::Answered(issued());
    check_debug(&answered, &["Answered", "0PI1"]);
    let unexpected = issuance.tell(answered.clone()).unwrap_err();
    check_all(&unexpected, &["Planned", "0PI1"]);
    let events = [Event::Done, answered, Event::Done, Event::Done];
    let names = ["Persist", "Send", "Keep", "Deliver", "Forget"];
    for (event, name) in events.into_iter().map(Some).chain([None]).zip(names) {
        check_debug(&issuance.step(), &[name]);
        check_debug(&issuance, &["operation", "file:here"]);
        event
            .into_iter()
            .for_each(|event| issuance.tell(event).unwrap());
    }
    assert!(matches!(issuance.step(), Step::Forget));
}
