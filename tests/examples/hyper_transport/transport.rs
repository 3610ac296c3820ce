//! A transport over hyper and hyper-util, complete, to be copied: a connection per request, no pool
//! and no task beside the caller's.
//!
//! The phases are steps of its own (connect, handshake, exchange), so that an error's kind needs no
//! guessing: what failed before the third was not sent.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, HeaderValue};
use http::{Response, Uri, response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use vault_sandbox_core::{
    Body, HttpRequest, HttpResponse, HttpTransport, TransportError, TransportErrorKind,
};

/// Sends with hyper over a connection of its own: the trust of the platform, no proxy.
#[derive(Clone)]
pub struct HyperTransport {
    tls: TlsConnector,
    time_limit: Duration,
    body_limit: usize,
}

impl HyperTransport {
    /// With a limit of time for a whole exchange, and of bytes for a body. For Vault, 120 s and 1 MiB
    /// are good ones.
    ///
    /// # Errors
    ///
    /// The platform's trust store cannot be used.
    pub fn new(time_limit: Duration, body_limit: usize) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_platform_verifier()?
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            tls: TlsConnector::from(Arc::new(tls)),
            time_limit,
            body_limit,
        })
    }

    /// `progress` outlives this future being dropped at the end of its time.
    async fn exchange(
        &self,
        request: HttpRequest,
        progress: &mut Progress,
    ) -> Result<(), TransportError> {
        let to = Target::of(request.uri())?;
        let connecting = |error| TransportError::new(TransportErrorKind::Connect, error);
        let address = (to.host.as_str(), to.port);
        let stream = TcpStream::connect(address).await.map_err(connecting)?;
        stream.set_nodelay(true).map_err(connecting)?;
        if to.tls {
            let name = ServerName::try_from(to.host.clone())
                .map_err(|error| TransportError::new(TransportErrorKind::Unsendable, error))?;
            let stream = self.tls.connect(name, stream).await.map_err(connecting)?;
            self.over(stream, to.origin_form(request)?, progress).await
        } else {
            self.over(stream, to.origin_form(request)?, progress).await
        }
    }

    async fn over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin,
        request: http::Request<Full<Bytes>>,
        progress: &mut Progress,
    ) -> Result<(), TransportError> {
        let connected = http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await;
        let (mut sender, connection) = connected.map_err(failure)?;
        progress.connected = true;
        let receiving = async {
            let answer = sender.send_request(request).await.map_err(failure)?;
            self.receive(answer, progress).await
        };
        // Not spawned: the connection ends when this future does, finished or dropped.
        let (mut connection, mut receiving) = (pin!(connection), pin!(receiving));
        let mut ended = false;
        poll_fn(|context| {
            // What it ends with, `receiving` hears from it.
            ended = ended || connection.as_mut().poll(context).is_ready();
            receiving.as_mut().poll(context)
        })
        .await
    }

    async fn receive(
        &self,
        answer: Response<Incoming>,
        progress: &mut Progress,
    ) -> Result<(), TransportError> {
        let (head, mut body) = answer.into_parts();
        let (_, arrived) = progress.answer.insert((head, Vec::new()));
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(failure)?.into_data() else {
                continue; // trailers
            };
            let room = self.body_limit - arrived.len();
            arrived.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() > room {
                return Err(TransportError::without_cause(TransportErrorKind::TooLarge));
            }
        }
        Ok(())
    }
}

/// How far an exchange got.
#[derive(Default)]
struct Progress {
    connected: bool,
    answer: Option<(response::Parts, Vec<u8>)>,
}

impl HttpTransport for HyperTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut progress = Progress::default();
        let outcome = timeout(self.time_limit, self.exchange(request, &mut progress)).await;
        let error = match outcome {
            Ok(outcome) => outcome.err(),
            Err(_) if progress.connected => {
                Some(TransportError::without_cause(TransportErrorKind::Timeout))
            }
            Err(elapsed) => Some(TransportError::new(TransportErrorKind::Connect, elapsed)),
        };
        let answer = progress
            .answer
            .map(|(head, body)| Response::from_parts(head, Body::from(body)));
        match (error, answer) {
            (None, Some(answer)) => Ok(answer),
            (Some(error), Some(partial)) => Err(error.with_partial(partial)),
            (Some(error), None) => Err(error),
            (None, None) => Err(TransportError::without_cause(TransportErrorKind::Other)),
        }
    }
}

/// Where a request goes.
struct Target {
    tls: bool,
    host: String,
    port: u16,
}

impl Target {
    fn of(uri: &Uri) -> Result<Self, TransportError> {
        let refused = |why| TransportError::new(TransportErrorKind::Unsendable, why);
        let (tls, port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            _ => return Err(refused("the URI is not one of http or https")),
        };
        let host = uri.host().ok_or_else(|| refused("the URI has no host"))?;
        Ok(Self {
            tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(port),
        })
    }

    /// On a connection of its own, a request has the path alone, and `Host` is the caller's to set.
    fn origin_form(
        &self,
        request: HttpRequest,
    ) -> Result<http::Request<Full<Bytes>>, TransportError> {
        let unsendable = |why| TransportError::new(TransportErrorKind::Unsendable, why);
        let (mut head, body) = request.into_parts();
        let authority = head.uri.authority().map_or("", |a| a.as_str());
        let host = HeaderValue::from_str(authority).map_err(|_| unsendable("the host"))?;
        head.headers.insert(HOST, host);
        let path = head.uri.path_and_query().map_or("/", |p| p.as_str());
        head.uri = path.parse().map_err(|_| unsendable("the path"))?;
        Ok(http::Request::from_parts(
            head,
            Full::new(body.into_bytes()),
        ))
    }
}

/// Once the connection stood. hyper's errors quote nothing of the exchange.
fn failure(error: hyper::Error) -> TransportError {
    let ended = error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || error.is_body_write_aborted()
        || std::error::Error::source(&error).is_some_and(|cause| cause.is::<io::Error>());
    let kind = if error.is_parse_too_large() {
        TransportErrorKind::TooLarge
    } else if ended {
        TransportErrorKind::Interrupted
    } else {
        TransportErrorKind::Other
    };
    TransportError::new(kind, error)
}
