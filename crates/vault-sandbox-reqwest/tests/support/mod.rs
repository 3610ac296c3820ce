//! Servers that do what a test says, byte by byte, on 127.0.0.1; nothing waits for ever.

// Every test binary uses its part of it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use vault_sandbox_core::{Body, HttpRequest, TransportError};

/// The bound of every wait in a server; no test waits it out when all is well.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Of a transport whose deadline is to strike.
pub const SHORT: Duration = Duration::from_millis(400);

pub const SESSION: &str = "FAKE-SESSION-0123ABCD";
pub const PERSON: &str = "fake.person";
pub const FORM: &str = "name=fake-form-content";
pub const ANSWER: &str = "{\"responseStatus\":\"SUCCESS\",\"data\":\"fake-answer-content\"}";

/// What a request of ours looks like, with a secret in the header and a name in the query.
pub fn post(url: impl AsRef<str>) -> HttpRequest {
    let mut session = HeaderValue::from_static(SESSION);
    session.set_sensitive(true);
    http::Request::post(url.as_ref())
        .header(ACCEPT, "application/json")
        .header(AUTHORIZATION, session)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(FORM))
        .unwrap()
}

pub fn get(url: impl AsRef<str>) -> HttpRequest {
    let mut request = post(url);
    *request.method_mut() = http::Method::GET;
    *request.body_mut() = Body::empty();
    request
}

/// An answer with `Content-Length`.
pub fn answer(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// The bytes of the body that an error hands over.
pub fn partial(error: &TransportError) -> &[u8] {
    error.partial().expect("a partial answer").body().as_bytes()
}

pub struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Runs `serve` for every connection, each on a thread of its own.
    pub fn start(serve: impl Fn(&mut Connection) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let connections = server.connections.clone();
        let requests = server.requests.clone();
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut connection = Connection {
                    stream: stream.unwrap(),
                    number: connections.fetch_add(1, Ordering::SeqCst) + 1,
                    requests: requests.clone(),
                };
                let serve = serve.clone();
                thread::spawn(move || {
                    connection.stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    connection.stream.set_write_timeout(Some(PATIENCE)).unwrap();
                    serve(&mut connection);
                });
            }
        });
        server
    }

    /// Reads a request, writes these bytes, closes.
    pub fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |connection| {
            connection.read_request();
            connection.write(&bytes);
        })
    }

    pub fn url(&self, path_and_query: &str) -> String {
        format!("http://{}{path_and_query}", self.address)
    }

    /// The url that requests go to by default, with a name of a person in the query.
    pub fn vault(&self) -> String {
        self.url(&format!("/api/v26.2/thing?user={PERSON}"))
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The requests read so far, as text.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

pub struct Connection {
    pub stream: TcpStream,
    /// From 1.
    pub number: usize,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Connection {
    /// Reads the head and as much of a body as it announces; nothing if the client closed first.
    pub fn read_request(&mut self) -> Option<String> {
        let request = read_request(&mut self.stream)?;
        self.requests.lock().unwrap().push(request.clone());
        Some(request)
    }

    /// The client may have gone: that is for the test to see, at its end.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Makes closing send a reset instead of an orderly end.
    pub fn reset_on_close(&self) {
        socket2::SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }

    /// Waits for the client's end of the connection; false if it never came.
    pub fn wait_for_close(&mut self) -> bool {
        let mut rest = [0; 1024];
        loop {
            match self.stream.read(&mut rest) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::ConnectionReset,
            }
        }
    }
}

pub fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    bytes.extend(body);
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
