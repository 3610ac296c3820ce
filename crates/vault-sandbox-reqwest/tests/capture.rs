//! A token asked for through the core's client, as a mock server sees it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use httpmock::MockServer;
use vault_sandbox_core::endpoints::GenerateSandboxToken;
use vault_sandbox_core::{Client, Expiry, SessionId, Vault};
use vault_sandbox_reqwest::ReqwestTransport;

const ANSWER: &str = r#"{"responseStatus":"SUCCESS","data":{"id":"0PI00000000C003","token__sys":"veeva-vault-0c0ffee0example"}}"#;

#[derive(Debug, PartialEq)]
struct Seen {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

#[tokio::test]
async fn a_sandbox_token_is_asked_for_as_vault_wants_it() {
    let server = MockServer::start_async().await;
    let host = server.address().to_string();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let witness = seen.clone();
    // Taken down instead of matched: matchers would not see a header too many.
    let mock = server
        .mock_async(|when, then| {
            when.is_true(move |request| {
                let uri = request.uri();
                witness.lock().unwrap().push(Seen {
                    method: request.method().to_string(),
                    target: uri.path_and_query().unwrap().to_string(),
                    headers: request.headers_vec().clone(),
                    body: request.body_string(),
                });
                true
            });
            then.status(200)
                .header("content-type", "application/json;charset=UTF-8")
                .body(ANSWER);
        })
        .await;
    let vault = Vault::new(format!("http://{host}").parse().unwrap())
        .authorized(SessionId::parse("FAKE-SESSION-0123ABCD").unwrap());
    let client = Client::new(ReqwestTransport::new().unwrap(), vault);
    let now = "2026-11-23T18:04:11Z".parse().unwrap();

    let wanted = GenerateSandboxToken::new(
        "VeePharm Sandbox".parse().unwrap(),
        "ci & more".parse().unwrap(),
        Expiry::parse("2027-01-01T12:00:00Z", now).unwrap(),
    );
    let reply = client.call(&wanted).await.unwrap();

    let token = reply.value.value().expose();
    assert_eq!(token, "veeva-vault-0c0ffee0example");
    mock.assert_calls_async(1).await;
    let body = "name__v=ci+%26+more&expiry_date__v=2027-01-01T12%3A00%3A00Z";
    let length = body.len().to_string();
    let headers = [
        ("accept", "application/json"),
        ("authorization", "FAKE-SESSION-0123ABCD"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("host", &host),
        ("content-length", &length),
    ];
    let expected = Seen {
        method: "POST".to_owned(),
        target: "/api/v26.2/objects/sandbox/VeePharm%20Sandbox/users/me/api_access_token__sys"
            .to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        body: body.to_owned(),
    };
    assert_eq!(*seen.lock().unwrap(), [expected]);
}
