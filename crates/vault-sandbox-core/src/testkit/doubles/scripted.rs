use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::body::Body;
use crate::transport::{
    BlockingHttpTransport, HttpRequest, HttpResponse, HttpTransport, TransportError,
    TransportErrorKind,
};

/// A transport that gives prepared answers, in their order, whatever it is asked.
///
/// ```
/// use vault_sandbox_core::endpoints::KeepAlive;
/// use vault_sandbox_core::testkit::{Scripted, answer};
/// use vault_sandbox_core::{Client, SessionId, TransportError, TransportErrorKind, Vault};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let vault = Vault::new("veepharm.veevavault.com".parse()?).authorized(SessionId::parse("0123ABCD")?);
/// let client = Client::new(
///     Scripted::new([
///         Err(TransportError::without_cause(TransportErrorKind::Interrupted)),
///         Ok(answer(200, r#"{"responseStatus":"SUCCESS"}"#)),
///     ]),
///     vault,
/// );
/// assert!(client.call_blocking(&KeepAlive::new()).unwrap_err().may_have_been_applied());
/// assert!(client.call_blocking(&KeepAlive::new()).is_ok());
/// assert_eq!(client.transport().left(), 0);
/// # Ok(())
/// # }
/// ```
///
/// Once all are given, every further request fails with
/// [`Unsendable`](TransportErrorKind::Unsendable). To see what it was sent, put a
/// [`Recorder`](crate::testkit::Recorder) around it.
#[derive(Default)]
pub struct Scripted {
    answers: Mutex<VecDeque<Result<HttpResponse, TransportError>>>,
}

impl Scripted {
    /// With these answers and errors.
    pub fn new(answers: impl IntoIterator<Item = Result<HttpResponse, TransportError>>) -> Self {
        Self {
            answers: Mutex::new(answers.into_iter().collect()),
        }
    }

    /// With this one answer; see [`answer`].
    ///
    /// # Panics
    ///
    /// On a status that is none.
    #[must_use]
    #[track_caller]
    pub fn answering(status: u16, body: impl Into<Body>) -> Self {
        Self::new([Ok(answer(status, body))])
    }

    /// How many answers were not asked for yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.lock().len()
    }

    fn next(&self) -> Result<HttpResponse, TransportError> {
        self.lock().pop_front().unwrap_or_else(|| {
            Err(TransportError::new(
                TransportErrorKind::Unsendable,
                "the script has no answer left: this request is one more than was prepared for",
            ))
        })
    }

    fn lock(
        &self,
    ) -> impl std::ops::DerefMut<Target = VecDeque<Result<HttpResponse, TransportError>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpTransport for Scripted {
    async fn send(&self, _request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.next()
    }
}

impl BlockingHttpTransport for Scripted {
    fn send_blocking(&self, _request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.next()
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted")
            .field("left", &self.left())
            .finish()
    }
}

/// An answer with this status and body; headers can be added to it.
///
/// ```
/// let mut throttled = vault_sandbox_core::testkit::answer(200, r#"{"responseStatus":"SUCCESS"}"#);
/// throttled.headers_mut().insert("x-vaultapi-burstlimitremaining", 12.into());
/// ```
///
/// # Panics
///
/// On a status that is none (below 100 or above 999).
#[must_use]
#[track_caller]
pub fn answer(status: u16, body: impl Into<Body>) -> HttpResponse {
    let mut response = HttpResponse::new(body.into());
    match status.try_into() {
        Ok(status) => *response.status_mut() = status,
        Err(_) => panic!("{status} is no HTTP status"),
    }
    response
}
