//! Carries out a scene with a transport of either kind.

use std::future::{Future, ready};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::pin::Pin;

use http::Uri;

use super::scene::{Ending, Exchange, Limits, Outcome, Seen, To};
use super::server::Server;
use super::waiting::{Alarm, first_of, unless};
use crate::transport::{
    BlockingHttpTransport, HttpRequest, HttpResponse, HttpTransport, TransportError,
};

type Sending<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'a>>;

/// A transport, with futures or without.
pub(super) trait Sender {
    fn send(&self, request: HttpRequest) -> Sending<'_>;
}

pub(super) struct WithFutures<'a, T>(pub(super) &'a T);

impl<T: HttpTransport> Sender for WithFutures<'_, T> {
    fn send(&self, request: HttpRequest) -> Sending<'_> {
        Box::pin(self.0.send(request))
    }
}

pub(super) struct Blocking<'a, T>(pub(super) &'a T);

impl<T: BlockingHttpTransport> Sender for Blocking<'_, T> {
    fn send(&self, request: HttpRequest) -> Sending<'_> {
        Box::pin(ready(self.0.send_blocking(request)))
    }
}

/// The servers run on threads of their own, so that nothing here keeps an executor from the future
/// of the transport. They, and an alarm, bound the time of it.
pub(super) async fn play(
    sender: &impl Sender,
    exchange: Exchange,
    limits: &Limits,
) -> io::Result<Seen> {
    let patience = limits.timeout + limits.grace;
    let server = Server::start(patience, exchange.serve)?;
    let closed_port = ClosedPort::find()?;
    let authority = match exchange.to {
        To::ClosedPort => closed_port.authority()?,
        To::Server | To::AsItIs => server.authority(),
    };
    let mut outcomes = Vec::new();
    for request in exchange.requests {
        let request = match exchange.to {
            To::AsItIs => request,
            To::Server | To::ClosedPort => addressed(request, &authority),
        };
        let alarm = Alarm::after(patience + limits.grace);
        // Later, the connection may be closed because the transport's own time is up.
        let still_early = Alarm::after(limits.timeout * 3 / 4);
        let shared = &server.shared;
        let mut sending = sender.send(request);
        outcomes.push(match exchange.ending {
            Ending::Awaited => match unless(&[&alarm.rings], sending.as_mut()).await {
                Some(outcome) => outcome.into(),
                None => Outcome::NoEnd,
            },
            Ending::Dropped => {
                let signals = [&shared.reached, &alarm.rings];
                match unless(&signals, sending.as_mut()).await {
                    Some(outcome) => outcome.into(),
                    None => {
                        drop(sending);
                        first_of(&[&shared.closed, &still_early.rings]).await;
                        Outcome::Dropped {
                            closed: shared.closed.is_raised(),
                        }
                    }
                }
            }
        });
    }
    let shared = &server.shared;
    Ok(Seen {
        what: exchange.what,
        authority,
        outcomes,
        let_go: shared.has_let_go(),
        heard: shared.heard(),
        written: shared.written(),
    })
}

impl From<Result<HttpResponse, TransportError>> for Outcome {
    fn from(outcome: Result<HttpResponse, TransportError>) -> Self {
        match outcome {
            Ok(response) => Self::Answer(response),
            Err(error) => Self::Failure(error),
        }
    }
}

/// The path and query stay as they are.
fn addressed(mut request: HttpRequest, authority: &str) -> HttpRequest {
    let path = request.uri().path_and_query().cloned();
    let uri = Uri::builder().scheme("http").authority(authority);
    let uri = match path {
        Some(path) => uri.path_and_query(path),
        None => uri.path_and_query("/"),
    };
    if let Ok(uri) = uri.build() {
        *request.uri_mut() = uri;
    }
    request
}

/// A port that refuses. It is the near end of a connection: so nobody listens there, and nobody
/// else is given it meanwhile.
struct ClosedPort {
    near: TcpStream,
    _far: TcpListener,
}

impl ClosedPort {
    fn find() -> io::Result<Self> {
        let far = TcpListener::bind("127.0.0.1:0")?;
        let near = TcpStream::connect(far.local_addr()?)?;
        Ok(Self { near, _far: far })
    }

    fn authority(&self) -> io::Result<String> {
        Ok(self.near.local_addr()?.to_string())
    }
}
