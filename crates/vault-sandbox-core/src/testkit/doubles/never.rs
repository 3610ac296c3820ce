use std::future;

use crate::transport::{HttpRequest, HttpResponse, HttpTransport, TransportError};

/// A transport that takes the request and never answers: for a test of what your code does when
/// time is up, or when it is told to stop.
///
/// It has no blocking form, which would hold its thread for ever; there, let [`from_fn`] give
/// [`Timeout`](crate::TransportErrorKind::Timeout).
///
/// ```
/// use std::pin::pin;
/// use std::task::{Context, Waker};
/// use vault_sandbox_core::endpoints::KeepAlive;
/// use vault_sandbox_core::testkit::NeverAnswers;
/// use vault_sandbox_core::{Client, SessionId, Vault};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let vault = Vault::new("veepharm.veevavault.com".parse()?).authorized(SessionId::parse("0123ABCD")?);
/// let client = Client::new(NeverAnswers, vault);
/// let keep_alive = KeepAlive::new();
/// let mut call = pin!(client.call(&keep_alive));
/// assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
/// # Ok(())
/// # }
/// ```
///
/// [`from_fn`]: crate::testkit::from_fn
#[derive(Debug, Clone, Copy, Default)]
pub struct NeverAnswers;

impl HttpTransport for NeverAnswers {
    async fn send(&self, _request: HttpRequest) -> Result<HttpResponse, TransportError> {
        future::pending().await
    }
}
