use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::body::Body;

/// A request as [`encode`](crate::encode) makes it: absolute URI, all headers, the whole body.
pub type HttpRequest = http::Request<Body>;
/// An answer as a transport hands it back: status, headers, the whole body.
pub type HttpResponse = http::Response<Body>;

/// Moves one request to the server it names, and its answer back. Implement it with a plain
/// `async fn`:
///
/// ```
/// use vault_sandbox_core::{Body, HttpRequest, HttpResponse, HttpTransport, TransportError};
///
/// struct AlwaysEmpty;
///
/// impl HttpTransport for AlwaysEmpty {
///     async fn send(&self, _request: HttpRequest) -> Result<HttpResponse, TransportError> {
///         Ok(HttpResponse::new(Body::empty()))
///     }
/// }
/// ```
///
/// # The contract
///
/// A transport **must**
///
/// 1. send what it is given, once: method, URI (percent-encoding included), headers and body as
///    they are, adding only what HTTP itself needs (`Host`, `Content-Length`); a client's
///    `User-Agent` does no harm;
/// 2. return every answer as `Ok`, whatever its status;
/// 3. follow no redirect: the next host would be handed the credential;
/// 4. bound the exchange in time, from the first byte to the last of the answer. A throttled Vault
///    *delays* its answers, so a limit below a minute is wrong;
/// 5. bound the answer in size ([`TransportErrorKind::TooLarge`]);
/// 6. keep repeated headers and headers that are not ASCII;
/// 7. say how far the request got: [`TransportErrorKind`] is a statement about the *request*. In
///    doubt, it may have been sent;
/// 8. hand over what had arrived of an answer that was cut, with [`TransportError::with_partial`]:
///    a token's value may be whole in it, and cannot be had again;
/// 9. keep headers and bodies out of errors and logs; credentials are marked
///    [sensitive](http::HeaderValue::is_sensitive).
///
/// It **must not** retry (not even on a connection that the server had closed, once a byte was
/// sent), authenticate, keep cookies, or decode.
///
/// What it is given says in its extensions whether it may be sent twice:
/// `request.extensions().get::<`[`Repeat`](crate::Repeat)`>()`. A transport need not look, for it
/// sends once whatever stands there; one on top of a client that repeats by itself can forbid it that
/// for this request, or take a connection that nobody has used.
///
/// Dropping the future must end the exchange.
///
/// `testkit::Conformance`, behind the feature `testkit`, tries each of these sentences with a
/// transport, in three lines of a test.
pub trait HttpTransport: Send + Sync {
    /// Sends the request and waits for the whole answer.
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send;
}

/// [`HttpTransport`] for clients without futures; the contract is the same.
pub trait BlockingHttpTransport {
    /// Sends the request and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// There is no complete answer; the error says how far the request got.
    fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError>;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: HttpTransport + ?Sized> HttpTransport for $pointer {
            fn send(
                &self,
                request: HttpRequest,
            ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
                (**self).send(request)
            }
        }

        impl<T: BlockingHttpTransport + ?Sized> BlockingHttpTransport for $pointer {
            fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
                (**self).send_blocking(request)
            }
        }
    )*};
}

forward!(&T, Box<T>, Arc<T>);

/// Any [`HttpTransport`] behind one type, to be kept in a field or cloned between tasks. Costs one
/// box per request.
#[derive(Clone)]
pub struct SharedTransport(Arc<dyn ErasedTransport>);

impl SharedTransport {
    /// Erases the type of a transport.
    pub fn new(transport: impl HttpTransport + 'static) -> Self {
        Self(Arc::new(transport))
    }
}

impl HttpTransport for SharedTransport {
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
        self.0.send_boxed(request)
    }
}

impl fmt::Debug for SharedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedTransport")
    }
}

type BoxedExchange<'a> =
    Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'a>>;

/// The object-safe twin of [`HttpTransport`]; private, so that there is one trait to implement.
trait ErasedTransport: Send + Sync {
    fn send_boxed(&self, request: HttpRequest) -> BoxedExchange<'_>;
}

impl<T: HttpTransport> ErasedTransport for T {
    fn send_boxed(&self, request: HttpRequest) -> BoxedExchange<'_> {
        Box::pin(self.send(request))
    }
}

/// How far a request got before the exchange failed.
///
/// The kind is a statement about the request, because the same I/O error can come before and after
/// a server has read it. When in doubt, choose one that [may have been
/// sent](Self::may_have_been_sent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The transport refuses the request (its scheme, its size): nothing was sent. Sending it again
    /// is of no use; mend it, or the transport's settings.
    Unsendable,
    /// No usable connection (DNS, TCP, TLS, proxy; refused or out of time): nothing was sent. It may
    /// be tried again; the cause says what is in the way.
    Connect,
    /// The time was up after the connection stood: it may have been carried out. Look.
    Timeout,
    /// The connection ended before the answer was complete: it may have been carried out. Look;
    /// [`TransportError::partial`] has what had arrived.
    Interrupted,
    /// The answer is longer than the transport's limit: it was carried out. Raise the limit, if it
    /// was a true one.
    TooLarge,
    /// Anything else after the connection stood: it may have been carried out. Look.
    Other,
}

impl TransportErrorKind {
    /// Whether the server may have read the request.
    #[must_use]
    pub fn may_have_been_sent(self) -> bool {
        !matches!(self, Self::Unsendable | Self::Connect)
    }
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsendable => "the request cannot be sent",
            Self::Connect => "no connection",
            Self::Timeout => "no answer in time",
            Self::Interrupted => "the connection ended before the answer was complete",
            Self::TooLarge => "the answer is too long",
            Self::Other => "the exchange failed",
        })
    }
}

/// Why there is no complete answer.
///
/// `{}` is the kind in words; the cause is its [`source`](StdError::source). What had arrived of
/// the answer is inside ([`partial`](Self::partial)) and never shown.
pub struct TransportError {
    kind: TransportErrorKind,
    cause: Option<Box<dyn StdError + Send + Sync>>,
    partial: Option<Box<HttpResponse>>,
}

impl TransportError {
    /// An error with the cause that the HTTP client gave, or a `&str`.
    #[must_use]
    pub fn new(
        kind: TransportErrorKind,
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            cause: Some(cause.into()),
            partial: None,
        }
    }

    /// An error that needs no more words than its kind.
    #[must_use]
    pub fn without_cause(kind: TransportErrorKind) -> Self {
        Self {
            kind,
            cause: None,
            partial: None,
        }
    }

    /// Hands over what had arrived: status, headers, the bytes of the body so far.
    #[must_use]
    pub fn with_partial(mut self, response: HttpResponse) -> Self {
        self.partial = Some(Box::new(response));
        self
    }

    /// How far the request got.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// What had arrived of the answer, if its head had.
    #[must_use]
    pub fn partial(&self) -> Option<&HttpResponse> {
        self.partial.as_deref()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("cause", &self.cause)
            .field(
                "partial",
                &self.partial.as_ref().map(|response| response.body()),
            )
            .finish()
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause
            .as_deref()
            .map(|cause| cause as &(dyn StdError + 'static))
    }
}
