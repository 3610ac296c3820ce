//! Every failure says how far the request got, takes along what had arrived, and comes in time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use support::{ANSWER, PATIENCE, SHORT, Server, answer, partial, post};
use vault_sandbox_core::{HttpTransport, TransportError, TransportErrorKind};
use vault_sandbox_reqwest::ReqwestTransport;

fn transport() -> ReqwestTransport {
    ReqwestTransport::new().unwrap()
}

/// With a deadline that is meant to strike.
fn hasty() -> ReqwestTransport {
    ReqwestTransport::builder().timeout(SHORT).build().unwrap()
}

async fn failure(transport: &ReqwestTransport, url: String) -> TransportError {
    transport.send(post(url)).await.expect_err("no answer")
}

#[tokio::test]
async fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for scheme in ["http", "https"] {
        let error = failure(&transport(), format!("{scheme}://127.0.0.1:{port}/")).await;
        assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
        assert!(error.partial().is_none());
    }
}

/// A listener whose backlog is full drops what knocks: nothing comes back, not even a refusal.
#[cfg(target_os = "linux")]
mod black_hole {
    use std::net::SocketAddr;

    use socket2::{Domain, Socket, Type};

    use super::*;

    struct BlackHole {
        address: SocketAddr,
        // Held, for they fill it.
        _listener: Socket,
        _queued: Vec<Socket>,
    }

    fn dig() -> BlackHole {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let queued = (0..4)
            .map(|_| {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                socket.set_nonblocking(true).unwrap();
                // In progress, by nature.
                let _ = socket.connect(&address.into());
                socket
            })
            .collect();
        BlackHole {
            address,
            _listener: listener,
            _queued: queued,
        }
    }

    #[tokio::test]
    async fn the_connect_timeout_strikes() {
        let hole = dig();
        let transport = ReqwestTransport::builder()
            .connect_timeout(SHORT)
            .build()
            .unwrap();
        for scheme in ["http", "https"] {
            let error = failure(&transport, format!("{scheme}://{}/", hole.address)).await;
            assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
            let text = format!("{error:?}");
            for other_limit in ["whole exchange", "os error"] {
                assert!(!text.contains(other_limit), "{text}");
            }
        }
    }

    #[tokio::test]
    async fn the_total_time_is_up_before_there_is_a_connection() {
        let hole = dig();
        for scheme in ["http", "https"] {
            let error = failure(&hasty(), format!("{scheme}://{}/", hole.address)).await;
            assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_tls_handshake_that_is_not_answered_is_no_connection() {
    let server = Server::start(|connection| {
        connection.wait_for_close();
    });
    let url = format!("https://{}/", server.address());
    let slow_to_connect = ReqwestTransport::builder()
        .connect_timeout(SHORT)
        .build()
        .unwrap();
    for transport in [hasty(), slow_to_connect] {
        let error = failure(&transport, url.clone()).await;
        assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
    }
    assert!(server.requests().is_empty());
}

/// A reset may be quicker than the connection, which then never stood.
#[tokio::test]
async fn closed_at_once() {
    use TransportErrorKind::{Connect, Interrupted};
    for (reset, possible) in [
        (false, [Interrupted].as_slice()),
        (true, [Connect, Interrupted].as_slice()),
    ] {
        for _ in 0..20 {
            let server = Server::start(move |connection| {
                if reset {
                    connection.reset_on_close();
                }
            });
            let error = failure(&transport(), server.vault()).await;
            assert!(possible.contains(&error.kind()), "{error:?}");
            assert!(error.partial().is_none());
            assert!(server.connections() <= 1, "tried once");
        }
    }
}

#[tokio::test]
async fn closed_before_the_request_was_read() {
    for reset in [false, true] {
        let server = Server::start(move |connection| {
            // It has arrived, and lies there unread.
            connection.stream.peek(&mut [0]).unwrap();
            if reset {
                connection.reset_on_close();
            }
        });
        let error = failure(&transport(), server.vault()).await;
        assert_eq!(error.kind(), TransportErrorKind::Interrupted, "{error:?}");
        assert!(error.partial().is_none());
        assert_eq!(server.connections(), 1, "tried once");
    }
}

#[tokio::test]
async fn closed_after_the_request_was_read() {
    for reset in [false, true] {
        let server = Server::start(move |connection| {
            connection.read_request();
            if reset {
                connection.reset_on_close();
            }
        });
        let error = failure(&transport(), server.vault()).await;
        assert_eq!(error.kind(), TransportErrorKind::Interrupted, "{error:?}");
        assert!(error.partial().is_none());
        assert_eq!(server.requests().len(), 1, "sent once");
        assert_eq!(server.connections(), 1, "tried once");
    }
}

#[tokio::test]
async fn a_body_that_is_cut_is_handed_over_as_far_as_it_came() {
    for head in [
        "HTTP/1.1 201 Created\r\nx-vault: yes\r\ncontent-length: 1000\r\n\r\n",
        "HTTP/1.1 201 Created\r\nx-vault: yes\r\ntransfer-encoding: chunked\r\n\r\n100\r\n",
    ] {
        let server = Server::answering(format!("{head}{ANSWER}"));
        let error = failure(&transport(), server.vault()).await;
        assert_eq!(error.kind(), TransportErrorKind::Interrupted, "{error:?}");
        assert_eq!(partial(&error), ANSWER.as_bytes());
        let response = error.partial().unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["x-vault"], "yes");
        assert_eq!(server.requests().len(), 1, "sent once");
    }
}

#[tokio::test]
async fn chunks_that_make_no_sense_are_a_cut() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    );
    let error = failure(&transport(), server.vault()).await;
    assert_eq!(error.kind(), TransportErrorKind::Interrupted, "{error:?}");
    assert_eq!(partial(&error), b"abc");
}

#[tokio::test]
async fn a_head_that_is_cut() {
    for bytes in [
        "HT",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-le",
    ] {
        let server = Server::answering(bytes);
        let error = failure(&transport(), server.vault()).await;
        assert_eq!(
            error.kind(),
            TransportErrorKind::Interrupted,
            "{bytes}: {error:?}"
        );
        assert!(error.partial().is_none());
    }
}

#[tokio::test]
async fn not_http() {
    for bytes in [
        "220 mail.example.com ESMTP\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "<html><body>hello</body></html>\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        let server = Server::answering(bytes);
        let error = failure(&transport(), server.vault()).await;
        assert!(
            matches!(
                error.kind(),
                TransportErrorKind::Other | TransportErrorKind::Interrupted
            ),
            "{bytes:?}: {error:?}"
        );
        assert_eq!(server.requests().len(), 1, "{bytes:?}: sent once");
    }
}

#[tokio::test]
async fn silence() {
    let server = Server::start(|connection| {
        connection.read_request();
        connection.wait_for_close();
    });
    let error = failure(&hasty(), server.vault()).await;
    assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
    assert!(error.partial().is_none());
    assert_eq!(server.requests().len(), 1, "sent once");
}

/// Each byte comes soon enough; all of them do not.
#[tokio::test]
async fn a_drip_past_the_deadline() {
    let server = Server::start(|connection| {
        connection.read_request();
        connection.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
        while connection.write(b"x") {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let error = failure(&hasty(), server.vault()).await;
    assert_eq!(error.kind(), TransportErrorKind::Timeout, "{error:?}");
    assert!(!partial(&error).is_empty());
    assert!(partial(&error).iter().all(|&byte| byte == b'x'));
}

#[tokio::test]
async fn a_drip_within_the_deadline() {
    let server = Server::start(|connection| {
        connection.read_request();
        for byte in answer("200 OK", "abc") {
            connection.write(&[byte]);
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let response = transport().send(post(server.vault())).await.unwrap();
    assert_eq!(response.body().as_bytes(), b"abc");
}

/// What the server gets rid of, too, is bounded: had the transport read on, it would not be.
#[tokio::test]
async fn an_endless_body() {
    const SOCKET_BUFFERS: usize = 32 * 1024 * 1024;
    for head in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned(),
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
            u64::MAX / 2
        ),
    ] {
        let (written, result) = mpsc::channel();
        let server = Server::start(move |connection| {
            connection.read_request();
            connection.write(head.as_bytes());
            let block = vec![b'x'; 64 * 1024];
            let mut bytes = 0;
            while bytes < 4 * SOCKET_BUFFERS && connection.write(&block) {
                bytes += block.len();
            }
            written.send(bytes).unwrap();
        });
        let error = failure(&transport(), server.vault()).await;
        assert_eq!(error.kind(), TransportErrorKind::TooLarge, "{error:?}");
        assert_eq!(
            partial(&error).len(),
            vault_sandbox_reqwest::DEFAULT_BODY_LIMIT
        );
        // The end of the connection needs the runtime, to be sent.
        let bytes = tokio::task::spawn_blocking(move || result.recv_timeout(PATIENCE).unwrap());
        assert!(bytes.await.unwrap() < SOCKET_BUFFERS);
    }
}

#[tokio::test]
async fn an_endless_head() {
    let server = Server::start(|connection| {
        connection.read_request();
        connection.write(b"HTTP/1.1 200 OK\r\n");
        while connection.write(b"x-more: and more\r\n") {}
    });
    let error = failure(&transport(), server.vault()).await;
    assert_eq!(error.kind(), TransportErrorKind::Other, "{error:?}");
}

#[tokio::test]
async fn the_limit_is_exact() {
    for (length, fits) in [(0, true), (9, true), (10, true), (11, false), (4000, false)] {
        let server = Server::answering(answer("200 OK", &"x".repeat(length)));
        let transport = ReqwestTransport::builder().body_limit(10).build().unwrap();
        let outcome = transport.send(post(server.vault())).await;
        match outcome {
            Ok(response) => {
                assert!(fits, "{length}");
                assert_eq!(response.body().len(), length);
            }
            Err(error) => {
                assert!(!fits, "{length}: {error:?}");
                assert_eq!(error.kind(), TransportErrorKind::TooLarge);
                assert_eq!(partial(&error), [b'x'; 10]);
            }
        }
    }
}

#[tokio::test]
async fn a_dropped_future_closes_the_connection() {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    let (closed, result) = mpsc::channel();
    let server = Server::start(move |connection| {
        connection.read_request();
        STARTED.fetch_add(1, Ordering::SeqCst);
        closed.send(connection.wait_for_close()).unwrap();
    });
    let transport = transport();
    let mut exchange = Box::pin(transport.send(post(server.vault())));
    while STARTED.load(Ordering::SeqCst) == 0 {
        let turn = tokio::time::timeout(Duration::from_millis(20), &mut exchange).await;
        assert!(turn.is_err(), "no answer");
    }

    drop(exchange);

    let closed = tokio::task::spawn_blocking(move || result.recv_timeout(PATIENCE).unwrap());
    assert!(
        closed.await.unwrap(),
        "the server sees the end of the connection"
    );
    assert_eq!(server.connections(), 1);
}
