//! The transport without futures: the same rules, the same kinds.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::net::TcpListener;

use support::{ANSWER, SESSION, SHORT, Server, answer, partial, post};
use vault_sandbox_core::{BlockingHttpTransport, TransportErrorKind};
use vault_sandbox_reqwest::{BlockingReqwestTransport, ReqwestTransport};

fn transport() -> BlockingReqwestTransport {
    BlockingReqwestTransport::new().unwrap()
}

fn hasty() -> BlockingReqwestTransport {
    let transport = ReqwestTransport::builder()
        .timeout(SHORT)
        .body_limit(10)
        .build();
    transport.unwrap().into()
}

#[test]
fn an_answer() {
    let server = Server::answering(answer("404 Not Found", ANSWER));
    let response = transport().send_blocking(post(server.vault())).unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.body().as_bytes(), ANSWER.as_bytes());
    assert!(server.requests()[0].contains(&format!("authorization: {SESSION}\r\n")));
}

#[test]
fn requests_one_after_the_other_and_at_once() {
    let server = Server::answering(answer("200 OK", ANSWER));
    let transport = transport();
    for _ in 0..3 {
        transport.send_blocking(post(server.vault())).unwrap();
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| transport.send_blocking(post(server.vault())).unwrap());
        }
    });
    assert_eq!(server.requests().len(), 7);
    assert_eq!(server.connections(), 7);
}

#[tokio::test]
async fn inside_a_runtime_it_blocks_instead_of_panicking() {
    let server = Server::answering(answer("200 OK", ANSWER));
    let response = transport().send_blocking(post(server.vault())).unwrap();
    assert_eq!(response.status(), 200);
}

#[test]
fn the_same_kinds() {
    use TransportErrorKind::{Connect, Interrupted, TooLarge, Unsendable};

    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let cut = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
    let large = Server::answering(answer("200 OK", "0123456789+"));
    let redirect = Server::answering(
        b"HTTP/1.1 307 T\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n".as_slice(),
    );
    for (url, kind, arrived) in [
        ("http://192.0.2.1/".to_owned(), Unsendable, None),
        (format!("http://127.0.0.1:{port}/"), Connect, None),
        (cut.vault(), Interrupted, Some("abc")),
        (large.vault(), TooLarge, Some("0123456789")),
    ] {
        let error = hasty().send_blocking(post(&url)).unwrap_err();
        assert_eq!(error.kind(), kind, "{url}");
        match arrived {
            Some(bytes) => assert_eq!(partial(&error), bytes.as_bytes(), "{url}"),
            None => assert!(error.partial().is_none(), "{url}"),
        }
    }
    let response = hasty().send_blocking(post(redirect.vault())).unwrap();
    assert_eq!(response.status(), 307);
    assert_eq!(redirect.connections(), 1);
}

#[test]
fn silence() {
    let server = Server::start(|connection| {
        connection.read_request();
        connection.wait_for_close();
    });
    let error = hasty().send_blocking(post(server.vault())).unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
}
