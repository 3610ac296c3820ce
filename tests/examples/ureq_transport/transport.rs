//! A transport over ureq, complete, to be copied: no futures, no runtime.
//!
//! Each setting is there for a sentence of the contract.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use http::Response;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Timeout};
use vault_sandbox_core::{
    BlockingHttpTransport, Body, HttpRequest, HttpResponse, TransportError, TransportErrorKind,
};

/// Sends with ureq: a connection per request, the trust of the platform, the proxy of the
/// environment.
#[derive(Debug, Clone)]
pub struct UreqTransport {
    agent: Agent,
    body_limit: usize,
}

impl UreqTransport {
    /// With a limit of time for a whole exchange, and of bytes for a body. For Vault, 120 s and 1 MiB
    /// are good ones.
    #[must_use]
    pub fn new(timeout: Duration, body_limit: usize) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(provider)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(timeout))
            // Told apart from the one above, it says that nothing was sent.
            .timeout_connect(Some(timeout.min(Duration::from_secs(10)) * 9 / 10))
            // 4xx and 5xx are answers. So is a redirect, which is not followed.
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A request can be lost on a kept connection.
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            // Empty: not sent.
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .build();
        Self {
            agent: config.new_agent(),
            body_limit,
        }
    }

    fn receive(&self, answer: Response<ureq::Body>) -> Result<HttpResponse, TransportError> {
        let (head, body) = answer.into_parts();
        let mut arrived = Vec::new();
        let mut body = body.into_reader();
        let mut piece = [0; 8 * 1024];
        let error = loop {
            match body.read(&mut piece) {
                Ok(0) => break None,
                Ok(count) => {
                    let room = self.body_limit - arrived.len();
                    arrived.extend_from_slice(&piece[..count.min(room)]);
                    if count > room {
                        let kind = TransportErrorKind::TooLarge;
                        break Some(TransportError::without_cause(kind));
                    }
                }
                // ureq's own errors come packed into one of I/O, and are unpacked here.
                Err(error) => break Some(failure(&error.into())),
            }
        };
        let response = Response::from_parts(head, Body::from(arrived));
        match error {
            None => Ok(response),
            Some(error) => Err(error.with_partial(response)),
        }
    }
}

impl BlockingHttpTransport for UreqTransport {
    fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let uri = request.uri();
        if !matches!(uri.scheme_str(), Some("https" | "http")) || uri.authority().is_none() {
            return Err(TransportError::new(
                TransportErrorKind::Unsendable,
                "the URI is not one of http or https",
            ));
        }
        let (head, body) = request.into_parts();
        let answer = match body.is_empty() {
            true if takes_no_body(&head.method) => {
                self.agent.run(http::Request::from_parts(head, ()))
            }
            _ => self
                .agent
                .run(http::Request::from_parts(head, body.as_bytes())),
        };
        self.receive(answer.map_err(|error| failure(&error))?)
    }
}

fn takes_no_body(method: &http::Method) -> bool {
    use http::Method;
    matches!(*method, Method::GET | Method::HEAD | Method::DELETE)
}

/// "Not sent" is said only where it is certain. The error itself is not kept: it may quote what the
/// server said.
fn failure(error: &ureq::Error) -> TransportError {
    use TransportErrorKind::{Connect, Other, Timeout as OutOfTime, TooLarge};
    let (kind, words) = match error {
        ureq::Error::HostNotFound => (Connect, "the host was not found"),
        ureq::Error::ConnectionFailed => (Connect, "the connection failed"),
        ureq::Error::ConnectProxyFailed(_) => (Connect, "the proxy does not connect"),
        ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            (Connect, "the time to connect was up")
        }
        ureq::Error::Timeout(_) => (OutOfTime, "the time was up"),
        ureq::Error::LargeResponseHeader(..) => (TooLarge, "the head of the answer is too long"),
        ureq::Error::Io(error) => return interrupted(error),
        ureq::Error::Protocol(_) => (Other, "the answer is not HTTP"),
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => (Other, "TLS failed"),
        _ => (Other, "the exchange failed"),
    };
    TransportError::new(kind, words)
}

fn interrupted(error: &io::Error) -> TransportError {
    let kind = match error.kind() {
        // Only connecting fails in this way.
        io::ErrorKind::ConnectionRefused => TransportErrorKind::Connect,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => TransportErrorKind::Timeout,
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => TransportErrorKind::Interrupted,
        _ => TransportErrorKind::Other,
    };
    // The system's own words, by its number: nothing of the exchange is in them.
    TransportError::new(kind, io::Error::from(error.kind()))
}
