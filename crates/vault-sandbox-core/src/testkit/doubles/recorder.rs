use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Uri};

use crate::transport::{
    BlockingHttpTransport, HttpRequest, HttpResponse, HttpTransport, TransportError,
};

/// Passes every request on to another transport and remembers it.
///
/// ```
/// use vault_sandbox_core::endpoints::EndSession;
/// use vault_sandbox_core::testkit::{Recorder, Scripted};
/// use vault_sandbox_core::{Client, SessionId, Vault};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let vault = Vault::new("veepharm.veevavault.com".parse()?).authorized(SessionId::parse("0123ABCD")?);
/// let transport = Recorder::new(Scripted::answering(200, r#"{"responseStatus":"SUCCESS"}"#));
/// Client::new(&transport, vault).call_blocking(&EndSession::new())?;
/// assert_eq!(
///     transport.requests()[0].to_string(),
///     "DELETE https://veepharm.veevavault.com/api/v26.2/session\n\
///      accept: application/json\n\
///      authorization: [hidden]\n"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Recorder<T> {
    transport: T,
    requests: Mutex<Vec<Recorded>>,
}

impl<T> Recorder<T> {
    /// Around a transport.
    pub fn new(transport: T) -> Self {
        Self {
            transport,
            requests: Mutex::default(),
        }
    }

    /// The requests so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.lock().clone()
    }

    /// The transport within.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    fn record(&self, request: &HttpRequest) {
        self.lock().push(Recorded(request.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: HttpTransport> HttpTransport for Recorder<T> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.record(&request);
        self.transport.send(request).await
    }
}

impl<T: BlockingHttpTransport> BlockingHttpTransport for Recorder<T> {
    fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.record(&request);
        self.transport.send_blocking(request)
    }
}

impl<T> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("requests", &*self.lock())
            .finish_non_exhaustive()
    }
}

/// A request that a [`Recorder`] saw.
///
/// `{}` is the request as text: its line, its headers, and of the body the number of bytes.
/// `Authorization` and every header that is marked [sensitive](http::HeaderValue::is_sensitive) is
/// shown as `[hidden]`; so is the body, which may be a sign-in.
#[derive(Clone)]
pub struct Recorded(HttpRequest);

impl Recorded {
    /// Its method.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.0.method()
    }

    /// Where it went.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.0.uri()
    }

    /// Its headers, as they were sent: printing a sensitive one with `{:?}` does not show it.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// All of it, secrets included: for a test that looks at a body.
    #[must_use]
    pub fn unhidden(&self) -> &HttpRequest {
        &self.0
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method(), self.uri())?;
        for (name, value) in self.headers() {
            if value.is_sensitive() || name == AUTHORIZATION {
                writeln!(f, "{name}: [hidden]")?;
            } else {
                writeln!(f, "{name}: {}", value.as_bytes().escape_ascii())?;
            }
        }
        match self.0.body().len() {
            0 => Ok(()),
            length => writeln!(f, "\n[{length} bytes]"),
        }
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorded({} {})", self.method(), self.uri())
    }
}
