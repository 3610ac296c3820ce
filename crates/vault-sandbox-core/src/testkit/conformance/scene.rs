//! What is tried with a transport, and what is looked at afterwards.

use std::error::Error as StdError;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Uri};

use super::contract::Sentence;
use super::heard::Heard;
use super::server::{Connection, Serve};
use crate::body::Body;
use crate::transport::{HttpRequest, HttpResponse, TransportError, TransportErrorKind};

/// Characters of an error's causes in a report.
const MOST_WORDS: usize = 200;

/// The word in every secret of the suite.
pub(super) const CANARY: &str = "canary";
pub(super) const SESSION: &str = "canary-session-5F1C";
pub(super) const FORM: &str = "name__v=canary-form-5F1C";
pub(super) const ANSWER: &str =
    r#"{"responseStatus":"SUCCESS","data":{"token__sys":"canary-token-5F1C"}}"#;

/// How the transport was set up for the suite.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) timeout: Duration,
    pub(super) body: usize,
    /// What a server waits longer than `timeout` before it gives up.
    pub(super) grace: Duration,
}

/// Exchanges, and checks of what was seen in them.
pub(super) struct Scene {
    pub(super) exchanges: fn(&Limits) -> Vec<Exchange>,
    pub(super) checks: &'static [Check],
    /// Whether it needs a future that can be dropped.
    pub(super) drops: bool,
    /// Whether its checks look at all exchanges so far.
    pub(super) sees_all: bool,
}

impl Scene {
    pub(super) const fn new(
        exchanges: fn(&Limits) -> Vec<Exchange>,
        checks: &'static [Check],
    ) -> Self {
        Self {
            exchanges,
            checks,
            drops: false,
            sees_all: false,
        }
    }
}

/// One case of the suite. It judges its own sentence and nothing else.
pub(super) struct Check {
    pub(super) case: &'static str,
    pub(super) sentence: Sentence,
    /// `Err` is what was seen.
    pub(super) passes: fn(&[Seen], &Limits) -> Result<(), String>,
    pub(super) remedy: &'static str,
}

/// A server, and requests that are sent to it, one after the other.
pub(super) struct Exchange {
    pub(super) what: String,
    pub(super) requests: Vec<HttpRequest>,
    pub(super) to: To,
    pub(super) ending: Ending,
    pub(super) serve: Serve,
}

/// What the requests' path is completed with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Server,
    ClosedPort,
    /// Nothing: the URI is meant as it is.
    AsItIs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Waited for.
    Awaited,
    /// Dropped once the server has read the request, and said what it says.
    Dropped,
}

impl Exchange {
    pub(super) fn new(
        what: impl Into<String>,
        request: HttpRequest,
        serve: impl Fn(&mut Connection) + Send + Sync + 'static,
    ) -> Self {
        Self {
            what: what.into(),
            requests: vec![request],
            to: To::Server,
            ending: Ending::Awaited,
            serve: Box::new(serve),
        }
    }

    /// With a server that reads a request and answers with these bytes.
    pub(super) fn answered(
        what: impl Into<String>,
        request: HttpRequest,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        let bytes = bytes.into();
        Self::new(what, request, move |connection| {
            while let Some(heard) = connection.read() {
                connection.write(&bytes);
                if heard.says("connection", "close") || !says_its_length(&bytes) {
                    break;
                }
            }
        })
    }

    pub(super) fn then(mut self, request: HttpRequest) -> Self {
        self.requests.push(request);
        self
    }

    pub(super) fn to(mut self, to: To) -> Self {
        self.to = to;
        self
    }

    pub(super) fn dropped(mut self) -> Self {
        self.ending = Ending::Dropped;
        self
    }
}

/// Where it does not, the end of the connection is the end of the answer.
fn says_its_length(answer: &[u8]) -> bool {
    let head = answer.to_ascii_lowercase();
    let says = |name: &[u8]| head.windows(name.len()).any(|bytes| bytes == name);
    says(b"content-length:") || says(b"transfer-encoding:")
}

/// A request such as the core makes, to a path, with a secret in a header and in the body.
pub(super) fn post(path: &str) -> HttpRequest {
    let mut request = HttpRequest::new(Body::from(FORM));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::try_from(path).unwrap_or_default();
    let mut session = HeaderValue::from_static(SESSION);
    session.set_sensitive(true);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(AUTHORIZATION, session);
    headers.insert(CONTENT_TYPE, form);
    request
}

/// An answer that says its length, with these further header lines.
pub(super) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// What came of an exchange, on both sides.
pub(super) struct Seen {
    pub(super) what: String,
    /// Of the server.
    pub(super) authority: String,
    /// One per request.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) heard: Vec<Heard>,
    /// Whether the server had given up before the transport did.
    pub(super) let_go: bool,
    /// Bytes of an endless answer that the server could write.
    pub(super) written: usize,
}

pub(super) enum Outcome {
    Answer(HttpResponse),
    Failure(TransportError),
    /// The future never ended.
    NoEnd,
    /// The future was dropped as planned, and its connection closed by that, or not.
    Dropped {
        closed: bool,
    },
}

impl Outcome {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Answer(response) => format!(
                "an answer ({}, {} bytes)",
                response.status().as_u16(),
                response.body().len()
            ),
            Self::Failure(error) => {
                format!("an error of kind {:?}{}", error.kind(), because(error))
            }
            Self::NoEnd => "no end of it".to_owned(),
            Self::Dropped { .. } => "dropped".to_owned(),
        }
    }
}

/// What its causes say, if that is nothing secret.
fn because(error: &TransportError) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let words: Vec<String> = causes.map(|cause| cause.to_string()).collect();
    let words = words.join(": ");
    if words.is_empty() || words.contains(CANARY) {
        return String::new();
    }
    let shown: String = words.escape_debug().take(MOST_WORDS).collect();
    format!(" ({shown})")
}

impl Seen {
    /// A sentence about this exchange.
    pub(super) fn says<T>(&self, what: impl AsRef<str>) -> Result<T, String> {
        Err(format!("{}: {}", self.what, what.as_ref()))
    }

    pub(super) fn last(&self) -> &Outcome {
        self.outcomes.last().unwrap_or(&Outcome::NoEnd)
    }

    pub(super) fn answer(&self) -> Result<&HttpResponse, String> {
        match self.last() {
            Outcome::Answer(response) => Ok(response),
            other => self.says(format!("no answer but {}", other.describe())),
        }
    }

    pub(super) fn failure(&self) -> Result<&TransportError, String> {
        match self.last() {
            Outcome::Failure(error) => Ok(error),
            other => self.says(format!("no error but {}", other.describe())),
        }
    }

    /// Whether it ended with an error of this kind.
    pub(super) fn failed_as(&self, kind: TransportErrorKind) -> Result<(), String> {
        match self.failure()?.kind() == kind {
            true => Ok(()),
            false => self.says(format!("{}, not {kind:?}", self.last().describe())),
        }
    }

    /// The request, if exactly one arrived.
    pub(super) fn one_heard(&self) -> Result<&Heard, String> {
        match &self.heard[..] {
            [heard] => Ok(heard),
            [] => self.says(format!("nothing arrived; {}", self.last().describe())),
            many => self.says(format!("{} requests arrived instead of one", many.len())),
        }
    }
}
