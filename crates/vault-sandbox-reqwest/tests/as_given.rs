//! What is sent arrives as it was given, once; what is answered is handed back as it came.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderValue, StatusCode};
use support::{ANSWER, FORM, SESSION, Server, answer, get, post};
use vault_sandbox_core::{Body, HttpTransport};
use vault_sandbox_reqwest::ReqwestTransport;

fn transport() -> ReqwestTransport {
    ReqwestTransport::new().unwrap()
}

#[tokio::test]
async fn a_post_arrives_as_given_and_nothing_is_added() {
    let server = Server::answering(answer("200 OK", ANSWER));
    let host = server.address();

    let response = transport().send(post(server.url("/a?b=c"))).await.unwrap();

    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.body().as_bytes(), ANSWER.as_bytes());
    let length = FORM.len();
    assert_eq!(
        server.requests(),
        [format!(
            "POST /a?b=c HTTP/1.1\r\n\
             accept: application/json\r\n\
             authorization: {SESSION}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\
             host: {host}\r\n\
             content-length: {length}\r\n\r\n{FORM}"
        )]
    );
}

#[tokio::test]
async fn a_get_has_no_body_and_nothing_is_added() {
    let server = Server::answering(answer("200 OK", ""));
    let host = server.address();
    let mut request = get(server.url("/a"));
    request.headers_mut().remove("content-type");

    transport().send(request).await.unwrap();

    assert_eq!(
        server.requests(),
        [format!(
            "GET /a HTTP/1.1\r\n\
             accept: application/json\r\n\
             authorization: {SESSION}\r\n\
             host: {host}\r\n\r\n"
        )]
    );
}

/// reqwest gives every client a default `Accept`, and has no way to take it back. `*/*` says the
/// same as no `Accept` at all (RFC 9110, 12.5.1), and every request of the core has its own.
#[tokio::test]
async fn a_request_without_accept_gets_the_one_that_means_nothing() {
    let server = Server::answering(answer("200 OK", ""));
    let request = http::Request::get(server.url("/")).body(Body::empty());

    transport().send(request.unwrap()).await.unwrap();

    assert_eq!(
        server.requests(),
        [format!(
            "GET / HTTP/1.1\r\naccept: */*\r\nhost: {}\r\n\r\n",
            server.address()
        )]
    );
}

#[tokio::test]
async fn a_path_arrives_as_it_is_encoded() {
    for path in [
        "/objects/sandbox/a%2Fb/users",
        "/objects/sandbox/v1%2E2/users",
        "/objects/sandbox/VeePharm%20Sandbox%3F%23/users",
        "/objects/sandbox/%E2%9C%93+,;=@",
        "/query?q=SELECT%20id%20FROM%20a&b=%2F",
    ] {
        let server = Server::answering(answer("200 OK", ""));
        transport().send(get(server.url(path))).await.unwrap();
        let requests = server.requests();
        assert!(
            requests[0].starts_with(&format!("GET {path} HTTP/1.1\r\n")),
            "{requests:?}"
        );
    }
}

#[tokio::test]
async fn repeated_and_non_ascii_headers_arrive() {
    let server = Server::answering(answer("200 OK", ""));
    let mut request = get(server.url("/"));
    let odd = HeaderValue::from_bytes("gr\u{fc}n".as_bytes()).unwrap();
    request.headers_mut().append("x-twice", odd);
    request
        .headers_mut()
        .append("x-twice", HeaderValue::from_static("second"));

    transport().send(request).await.unwrap();

    assert!(
        server.requests()[0].contains("x-twice: gr\u{fc}n\r\nx-twice: second\r\n"),
        "{:?}",
        server.requests()
    );
}

#[tokio::test]
async fn repeated_and_non_ascii_headers_come_back() {
    let server = Server::answering(
        b"HTTP/1.1 200 OK\r\nX-Twice: one\r\nX-Twice: two\r\nX-Odd: gr\xfcn\r\nContent-Length: 0\r\n\r\n"
            .as_slice(),
    );

    let response = transport().send(get(server.url("/"))).await.unwrap();

    let twice: Vec<_> = response.headers().get_all("x-twice").iter().collect();
    assert_eq!(twice, ["one", "two"]);
    assert_eq!(response.headers()["x-odd"].as_bytes(), b"gr\xfcn");
}

#[tokio::test]
async fn every_status_is_an_answer() {
    for status in [
        "201 Created",
        "304 Not Modified",
        "400 Bad Request",
        "401 Unauthorized",
        "404 Not Found",
        "407 Proxy Authentication Required",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "503 Service Unavailable",
        "599 Whatever",
    ] {
        let server = Server::answering(answer(status, ""));
        let response = transport().send(post(server.vault())).await.unwrap();
        assert!(status.starts_with(response.status().as_str()), "{status}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    for status in ["301 A", "302 B", "303 C", "307 D", "308 E"] {
        let elsewhere = Server::answering(answer("200 OK", ""));
        let location = elsewhere.url("/stolen");
        let server = Server::answering(format!(
            "HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 5\r\n\r\nmoved"
        ));

        let response = transport().send(post(server.vault())).await.unwrap();

        assert!(status.starts_with(response.status().as_str()));
        assert_eq!(response.headers()["location"], location.as_str());
        assert_eq!(response.body().as_bytes(), b"moved");
        assert_eq!(elsewhere.connections(), 0, "{status}");
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_an_answer_too() {
    for location in [
        "",
        "http://999.999.999.999/",
        "http://[::zz]/",
        "https://a:99999/",
        "mailto:someone",
        "data:,x",
        "//",
        "http://a b/",
        "\u{fc}",
    ] {
        for status in ["302 B", "307 D"] {
            let server = Server::answering(format!(
                "HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
            ));
            let response = transport().send(post(server.vault())).await;
            assert!(response.is_ok(), "{location:?}: {response:?}");
        }
    }
}

#[tokio::test]
async fn no_cookie_is_kept() {
    let server = Server::answering(
        b"HTTP/1.1 200 OK\r\nset-cookie: a=b; Path=/\r\ncontent-length: 0\r\n\r\n".as_slice(),
    );
    let transport = transport();
    transport.send(get(server.url("/"))).await.unwrap();
    transport.send(get(server.url("/"))).await.unwrap();
    assert!(!server.requests()[1].to_lowercase().contains("cookie"));
}

#[tokio::test]
async fn a_body_is_not_decoded() {
    // The ten bytes that every gzip stream starts with.
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
    let mut bytes =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\n".to_vec();
    bytes.extend(gzip);
    let server = Server::answering(bytes);

    let response = transport().send(get(server.url("/"))).await.unwrap();

    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.body().as_bytes(), gzip);
}

#[tokio::test]
async fn a_body_may_come_in_chunks_or_until_the_end() {
    for bytes in [
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabcde",
        "HTTP/1.0 200 OK\r\n\r\nabcde",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde",
    ] {
        let server = Server::answering(bytes);
        let response = transport().send(post(server.vault())).await.unwrap();
        assert_eq!(response.body().as_bytes(), b"abcde", "{bytes}");
    }
}

/// The server keeps the connection, as it says, until the second request is on its way, and closes
/// then. Pooled, the second request would be lost on it.
#[tokio::test]
async fn a_connection_is_not_used_again() {
    let reused = Arc::new(AtomicUsize::new(0));
    let counter = reused.clone();
    let server = Server::start(move |connection| {
        connection.read_request();
        connection.write(&answer("200 OK", ANSWER));
        if connection.read_request().is_some() {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    let transport = transport();

    for _ in 0..3 {
        let response = transport.send(post(server.vault())).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }

    assert_eq!(reused.load(Ordering::SeqCst), 0);
    assert_eq!(server.requests().len(), 3, "each was seen once");
    assert_eq!(server.connections(), 3);
}
