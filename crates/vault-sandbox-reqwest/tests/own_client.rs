//! A client of the caller's: what the transport still sees to, and what it no longer can.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use support::{PERSON, SHORT, Server, answer, partial, post};
use vault_sandbox_core::{HttpTransport, TransportErrorKind};
use vault_sandbox_reqwest::{BuildError, ReqwestTransport, reqwest};

fn settings() -> reqwest::ClientBuilder {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
}

#[tokio::test]
async fn limits_and_refusals_stay() {
    let client = settings().build().unwrap();
    let transport = ReqwestTransport::builder()
        .client(client.clone())
        .timeout(SHORT)
        .body_limit(10)
        .build()
        .unwrap();
    let large = Server::answering(answer("200 OK", "0123456789+"));
    let cut = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
    let silent = Server::start(|connection| {
        connection.read_request();
        connection.wait_for_close();
    });
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();

    use TransportErrorKind::{Connect, Interrupted, Timeout, TooLarge, Unsendable};
    for (url, kind) in [
        (format!("http://192.0.2.1/?user={PERSON}"), Unsendable),
        (format!("http://{closed}/?user={PERSON}"), Connect),
        (silent.vault(), Timeout),
        (cut.vault(), Interrupted),
        (large.vault(), TooLarge),
    ] {
        let error = transport.send(post(&url)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error:?}");
        assert!(!format!("{error:?}").contains(PERSON));
    }
    let server = Server::answering(answer("200 OK", "fits"));
    let response = ReqwestTransport::from_client(client)
        .send(post(server.vault()))
        .await;
    assert_eq!(response.unwrap().body().as_bytes(), b"fits");
}

/// Its connector cannot be watched, so the end of the time leaves it open what was sent.
#[tokio::test]
async fn out_of_time_may_have_been_sent() {
    let server = Server::start(|connection| {
        connection.wait_for_close();
    });
    let transport = ReqwestTransport::builder()
        .client(settings().build().unwrap())
        .timeout(SHORT)
        .build()
        .unwrap();
    let url = format!("https://{}/", server.address());
    let error = transport.send(post(url)).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
}

#[tokio::test]
async fn its_own_timeouts_are_told_apart() {
    let server = Server::start(|connection| {
        connection.read_request();
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
        connection.wait_for_close();
    });
    let client = settings().read_timeout(SHORT).build().unwrap();
    let transport = ReqwestTransport::from_client(client);
    let error = transport.send(post(server.vault())).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
    assert_eq!(partial(&error), b"abc");
}

#[test]
fn settings_that_would_have_no_effect_are_refused() {
    let client = settings().build().unwrap();
    let connect = ReqwestTransport::builder()
        .client(client.clone())
        .connect_timeout(Duration::from_secs(1));
    let trust = ReqwestTransport::builder()
        .extra_ca_pem(b"anything")
        .client(client);
    for builder in [connect, trust] {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, BuildError::ClientHasItsOwn), "{error}");
    }
}

/// Why the transport's own client has no pool. On a connection that the server closes only when the
/// next request is on its way, that request fails, and is not sent again.
#[tokio::test]
async fn with_a_pool_a_request_is_lost_but_not_doubled() {
    let server = Server::start(|connection| {
        connection.read_request();
        connection.write(&answer("200 OK", ""));
        connection.read_request();
    });
    let transport = ReqwestTransport::from_client(settings().build().unwrap());

    transport.send(post(server.vault())).await.unwrap();
    // The connection goes back to the pool when hyper gets a turn.
    tokio::task::yield_now().await;
    let error = transport.send(post(server.vault())).await.unwrap_err();

    assert_eq!(error.kind(), TransportErrorKind::Interrupted, "{error:?}");
    assert_eq!(server.requests().len(), 2, "each was seen once");
    assert_eq!(server.connections(), 1);
}

/// The connection is closed before the next request comes: then that one is sent on another.
#[tokio::test]
async fn with_a_pool_a_closed_connection_is_replaced() {
    let server = Server::answering(answer("200 OK", ""));
    let transport = ReqwestTransport::from_client(settings().build().unwrap());
    for seen in 1..=20 {
        let outcome = transport.send(post(server.vault())).await;
        assert!(
            !matches!(&outcome, Err(error) if error.kind() != TransportErrorKind::Interrupted),
            "{outcome:?}"
        );
        assert!(server.requests().len() <= seen, "none was sent twice");
    }
}
