//! No error and no transport shows a header, a body, a URL or a person's name; what is harmless
//! and of use is there.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::error::Error as StdError;
use std::net::TcpListener;

use support::{FORM, PERSON, SESSION, SHORT, Server, answer, post};
use vault_sandbox_core::{HttpTransport, TransportErrorKind};
use vault_sandbox_reqwest::{ReqwestTransport, reqwest};

const COOKIE: &str = "fake-cookie-value";
const CONTENT: &str = "fake-answer-content";

/// In every form, and every cause on its own.
fn shown(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    for cause in std::iter::successors(Some(error), |&error| error.source()) {
        text += &format!("{cause}\n{cause:#}\n{cause:?}\n{cause:#?}\n");
    }
    text
}

#[tokio::test]
async fn errors_of_every_kind() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nset-cookie: {COOKIE}\r\n");
    let silent = Server::start(|connection| {
        connection.read_request();
        connection.wait_for_close();
    });
    let cut = Server::answering(format!("{head}content-length: 99\r\n\r\n{CONTENT}"));
    let chunks = Server::answering(format!(
        "{head}transfer-encoding: chunked\r\n\r\n13\r\n{CONTENT}\r\n{CONTENT}\r\n"
    ));
    let large = Server::answering(answer("200 OK", &CONTENT.repeat(9)));
    let odd_head = Server::answering(format!("{head}{CONTENT}\r\n\r\n"));
    let not_http = Server::answering(format!("{CONTENT}\r\n\r\n"));
    let nothing = Server::answering("");
    let transport = ReqwestTransport::builder()
        .timeout(SHORT)
        .body_limit(50)
        .build()
        .unwrap();

    use TransportErrorKind::{Connect, Interrupted, Other, Timeout, TooLarge, Unsendable};
    for (url, kind, said) in [
        (
            format!("http://192.0.2.1/?user={PERSON}"),
            Unsendable,
            "plain http",
        ),
        (
            format!("http://127.0.0.1/../?user={PERSON}"),
            Unsendable,
            "altered",
        ),
        (
            format!("http://{closed}/?user={PERSON}"),
            Connect,
            "refused",
        ),
        (
            format!("https://{closed}/?user={PERSON}"),
            Connect,
            "refused",
        ),
        (silent.vault(), Timeout, "no answer in time"),
        (cut.vault(), Interrupted, "before"),
        (chunks.vault(), Interrupted, "chunk"),
        (nothing.vault(), Interrupted, "before message completed"),
        (large.vault(), TooLarge, "too long"),
        (odd_head.vault(), Other, "invalid HTTP header"),
        (not_http.vault(), Other, "invalid HTTP"),
    ] {
        let error = transport.send(post(&url)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error:?}");
        let text = shown(&error);
        for secret in [SESSION, FORM, PERSON, COOKIE, CONTENT] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains(said), "{said:?} is missing in {text}");
    }
}

#[test]
fn debug_shows_settings() {
    let certificate = rcgen::generate_simple_self_signed(["a.example.com".to_owned()]).unwrap();
    let builder = ReqwestTransport::builder()
        .body_limit(4711)
        .extra_ca_pem(certificate.cert.pem().as_bytes());
    assert!(format!("{builder:?}").contains("extra_ca_pems: 1"));
    let text = format!("{:?}", builder.build().unwrap());
    for setting in [
        "timeout: 120s",
        "connect_timeout: 10s",
        "body_limit: 4711",
        "extra_authorities: 1",
    ] {
        assert!(text.contains(setting), "{setting} is missing in {text}");
    }
    assert!(!text.contains("CERTIFICATE"));
}

#[test]
fn debug_shows_nothing_of_a_client_that_was_given() {
    let mut headers = http::HeaderMap::new();
    headers.insert("x-key", SESSION.parse().unwrap());
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(no_trust())
        .default_headers(headers)
        .build()
        .unwrap();
    assert!(
        format!("{client:?}").contains(SESSION),
        "reqwest's own shows it"
    );
    let text = format!("{:?}", ReqwestTransport::from_client(client));
    assert!(!text.contains(SESSION), "{text}");
    assert!(text.contains("timeout: 120s"), "{text}");
}

fn no_trust() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}
