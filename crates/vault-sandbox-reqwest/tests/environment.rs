//! Proxies named by the environment. It belongs to the whole process, so each test starts itself
//! again as a child with an environment of its own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, mpsc};

use rustls::pki_types::PrivateKeyDer;
use support::{ANSWER, PATIENCE, SESSION, SHORT, Server, answer, post, read_request};
use vault_sandbox_core::{HttpTransport, TransportErrorKind};
use vault_sandbox_reqwest::ReqwestTransport;

const PROXY_PASSWORD: &str = "fake-proxy-password";
/// Base64 of `fake-proxy-user:fake-proxy-password`.
const PROXY_CREDENTIAL: &str = "ZmFrZS1wcm94eS11c2VyOmZha2UtcHJveHktcGFzc3dvcmQ=";

/// What the child asks for.
const URL: &str = "TEST_URL";
const EXPECTED: &str = "TEST_EXPECTED";
/// Whom it trusts.
const AUTHORITY: &str = "TEST_AUTHORITY";

/// Not a test of its own: the child of the others.
#[tokio::test]
#[ignore = "run by the other tests, with an environment"]
async fn child() {
    let url = std::env::var(URL).unwrap();
    let mut builder = ReqwestTransport::builder().connect_timeout(4 * SHORT);
    if let Ok(pem) = std::env::var(AUTHORITY) {
        builder = builder.extra_ca_pem(pem.as_bytes());
    }
    let transport = builder.build().unwrap();
    let outcome = match transport.send(post(url)).await {
        Ok(response) => response.status().to_string(),
        Err(error) => {
            let shown = format!("{error} {error:#} {error:?} {transport:?}");
            for secret in [PROXY_PASSWORD, PROXY_CREDENTIAL, SESSION] {
                assert!(!shown.contains(secret), "{shown}");
            }
            format!("{:?}", error.kind())
        }
    };
    assert_eq!(outcome, std::env::var(EXPECTED).unwrap());
}

fn run_child(environment: &[(&str, &str)], url: &str, expected: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUEST_METHOD",
    ] {
        child.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = child
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .envs(environment.iter().copied())
        .env(URL, url)
        .env(EXPECTED, expected)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

/// A proxy that lets no one through.
fn proxy() -> Server {
    Server::answering(answer("403 Forbidden", "no"))
}

fn connect() -> String {
    format!("{:?}", TransportErrorKind::Connect)
}

#[test]
fn https_to_another_machine_goes_through_the_proxy() {
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let proxy = proxy();
        let address = format!(
            "http://fake-proxy-user:{PROXY_PASSWORD}@{}",
            proxy.address()
        );

        run_child(&[(name, &address)], "https://vault.invalid/api", &connect());

        let requests = proxy.requests();
        assert_eq!(requests.len(), 1, "{name}: asked once");
        assert!(requests[0].starts_with("CONNECT vault.invalid:443 HTTP/1.1\r\n"));
        assert!(requests[0].contains(PROXY_CREDENTIAL));
        assert!(
            !requests[0].contains(SESSION),
            "the session is not for the proxy"
        );
    }
}

#[test]
fn the_proxy_sees_the_host_and_nothing_else() {
    let identity = rcgen::generate_simple_self_signed(["vault.invalid".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(identity.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let (seen, in_the_tunnel) = mpsc::channel();
    // The proxy, and behind its tunnel the host that it was asked for.
    let proxy = Server::start(move |connection| {
        connection.read_request();
        connection.write(b"HTTP/1.1 200 OK\r\n\r\n");
        let session = rustls::ServerConnection::new(config.clone()).unwrap();
        let mut tunnel = rustls::StreamOwned::new(session, &mut connection.stream);
        seen.send(read_request(&mut tunnel)).unwrap();
        let _ = tunnel.write_all(&answer("200 OK", ANSWER));
    });
    let address = format!("http://{}", proxy.address());
    let pem = identity.cert.pem();

    run_child(
        &[("HTTPS_PROXY", &address), (AUTHORITY, &pem)],
        "https://vault.invalid/api",
        "200 OK",
    );

    assert_eq!(
        proxy.requests(),
        ["CONNECT vault.invalid:443 HTTP/1.1\r\nHost: vault.invalid:443\r\n\r\n"]
    );
    let request = in_the_tunnel.recv_timeout(PATIENCE).unwrap().unwrap();
    assert!(request.starts_with("POST /api HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("authorization: {SESSION}\r\n")));
    assert!(request.contains("host: vault.invalid\r\n"), "{request}");
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn loopback_never_goes_through_a_proxy() {
    let proxy = proxy();
    let address = format!("http://{}", proxy.address());
    let environment: Vec<_> = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"]
        .into_iter()
        .map(|name| (name, address.as_str()))
        .collect();
    let server = Server::answering(answer("200 OK", ANSWER));
    let port = server.address().port();

    run_child(&environment, &server.url("/"), "200 OK");
    run_child(&environment, &format!("http://localhost:{port}/"), "200 OK");
    // No TLS is spoken there; that it was reached is what counts.
    let deaf = Server::start(|connection| {
        connection
            .stream
            .shutdown(std::net::Shutdown::Both)
            .unwrap();
    });
    run_child(
        &environment,
        &format!("https://{}/", deaf.address()),
        &connect(),
    );

    assert_eq!(server.requests().len(), 2);
    assert_eq!(deaf.connections(), 1);
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn http_proxy_is_not_for_https() {
    let proxy = proxy();
    let address = format!("http://{}", proxy.address());
    // This machine, under an address that does not count as loopback.
    let server = Server::start(|_| {});
    let url = format!("https://0.0.0.0:{}/", server.address().port());

    run_child(&[("HTTP_PROXY", &address)], &url, &connect());

    assert_eq!(proxy.connections(), 0);
    assert_eq!(server.connections(), 1);
}

#[test]
fn no_proxy_excepts_hosts() {
    let proxy = proxy();
    let address = format!("http://{}", proxy.address());
    let server = Server::start(|_| {});
    let url = format!("https://0.0.0.0:{}/", server.address().port());

    run_child(
        &[("HTTPS_PROXY", &address), ("NO_PROXY", "0.0.0.0")],
        &url,
        &connect(),
    );
    assert_eq!((proxy.connections(), server.connections()), (0, 1));

    run_child(
        &[("HTTPS_PROXY", &address), ("NO_PROXY", "other.invalid")],
        &url,
        &connect(),
    );
    assert_eq!((proxy.connections(), server.connections()), (1, 1));
}

/// Not built in: the request must then not go out on another way.
#[test]
fn a_socks_proxy_is_no_connection() {
    let proxy = proxy();
    let address = format!("socks5://{}", proxy.address());
    let server = Server::start(|_| {});
    let url = format!("https://0.0.0.0:{}/", server.address().port());

    run_child(&[("ALL_PROXY", &address)], &url, &connect());

    assert_eq!(server.connections(), 0);
    assert!(
        proxy
            .requests()
            .iter()
            .all(|request| !request.contains(SESSION))
    );
}
