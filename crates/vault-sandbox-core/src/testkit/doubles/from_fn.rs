use std::fmt;
use std::future::Future;

use crate::transport::{
    BlockingHttpTransport, HttpRequest, HttpResponse, HttpTransport, TransportError,
};

/// A closure as a transport, with futures and without.
///
/// ```
/// use vault_sandbox_core::endpoints::KeepAlive;
/// use vault_sandbox_core::testkit::{answer, from_fn};
/// use vault_sandbox_core::{Client, SessionId, TransportError, TransportErrorKind, Vault};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let vault = Vault::new("veepharm.veevavault.com".parse()?).authorized(SessionId::parse("0123ABCD")?);
/// let transport = from_fn(|request| match request.uri().path() {
///     "/api/v26.2/keep-alive" => Ok(answer(200, r#"{"responseStatus":"SUCCESS"}"#)),
///     _ => Err(TransportError::without_cause(TransportErrorKind::Connect)),
/// });
/// Client::new(transport, vault).call_blocking(&KeepAlive::new())?;
/// # Ok(())
/// # }
/// ```
pub fn from_fn<F>(answer: F) -> FromFn<F>
where
    F: Fn(HttpRequest) -> Result<HttpResponse, TransportError>,
{
    FromFn(answer)
}

/// See [`from_fn`].
#[derive(Clone, Copy)]
pub struct FromFn<F>(F);

impl<F> HttpTransport for FromFn<F>
where
    F: Fn(HttpRequest) -> Result<HttpResponse, TransportError> + Send + Sync,
{
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        (self.0)(request)
    }
}

impl<F> BlockingHttpTransport for FromFn<F>
where
    F: Fn(HttpRequest) -> Result<HttpResponse, TransportError>,
{
    fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}

/// A closure that gives a future as a transport: for doubles that wait.
///
/// ```
/// use vault_sandbox_core::HttpTransport;
/// use vault_sandbox_core::testkit::{answer, from_async_fn};
///
/// fn needs_a_transport(_: impl HttpTransport) {}
/// needs_a_transport(from_async_fn(|_request| async {
///     // Sleep here, by your runtime.
///     Ok(answer(200, r#"{"responseStatus":"SUCCESS"}"#))
/// }));
/// ```
pub fn from_async_fn<F, A>(answer: F) -> FromAsyncFn<F>
where
    F: Fn(HttpRequest) -> A,
    A: Future<Output = Result<HttpResponse, TransportError>> + Send,
{
    FromAsyncFn(answer)
}

/// See [`from_async_fn`].
#[derive(Clone, Copy)]
pub struct FromAsyncFn<F>(F);

impl<F, A> HttpTransport for FromAsyncFn<F>
where
    F: Fn(HttpRequest) -> A + Send + Sync,
    A: Future<Output = Result<HttpResponse, TransportError>> + Send,
{
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for FromAsyncFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromAsyncFn")
    }
}
