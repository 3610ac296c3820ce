use std::fmt;
use std::sync::Arc;

use reqwest::Client;
use vault_sandbox_core::{HttpRequest, HttpResponse, HttpTransport, TransportError};

use crate::builder::{BuildError, Limits, ReqwestTransportBuilder};
use crate::clients::Clients;
use crate::exchange::exchange;
use crate::target::Target;

/// Sends requests with reqwest, by the contract of [`HttpTransport`]: each once, to the host it
/// names and to no other.
///
/// It has to be used inside a tokio runtime with I/O and time enabled. Cloning is cheap. The first
/// request over https reads the platform's trust store, once; plain http on loopback needs none.
#[derive(Clone)]
pub struct ReqwestTransport {
    source: Source,
    limits: Limits,
}

#[derive(Clone)]
enum Source {
    Own(Arc<Clients>),
    Callers(Client),
}

impl ReqwestTransport {
    /// A transport with the defaults: 120 s in all, 10 s to connect, answers of up to 1 MiB.
    ///
    /// # Errors
    ///
    /// None today; what is added to the defaults may fail.
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// Other limits, further certificate authorities, one's own client.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::new()
    }

    /// Sends with a client of the caller's, with the default time and body limits.
    ///
    /// What stays with the transport: the total time, the body limit, the partial answer, the
    /// refusal of plain http and of URLs that would be altered, errors without the URL.
    ///
    /// What the caller takes over, because it cannot be seen from outside a client:
    ///
    /// - **no redirects** (`redirect(Policy::none())`; reqwest follows ten by default) and **no
    ///   retry** (`retry(retry::never())`): either one sends the request again, and after it
    ///   `Connect` no longer means that nothing was sent;
    /// - **no pool** (`pool_max_idle_per_host(0)`): with one, a request is still not sent twice, but
    ///   it may be lost on a connection that the server is just closing, and end as `Interrupted`;
    /// - no cookies, no decompression, no default headers, no `Referer`;
    /// - TLS: versions, trust, the crypto provider; the proxy, for loopback hosts too;
    /// - a connect timeout: without one, a black hole ends as `Timeout` instead of `Connect`.
    #[must_use]
    pub fn from_client(client: Client) -> Self {
        Self::with_callers_client(client, Limits::default())
    }

    pub(crate) fn with_own_clients(clients: Clients, limits: Limits) -> Self {
        Self {
            source: Source::Own(Arc::new(clients)),
            limits,
        }
    }

    pub(crate) fn with_callers_client(client: Client, limits: Limits) -> Self {
        Self {
            source: Source::Callers(client),
            limits,
        }
    }

    fn client(&self, target: &Target) -> Result<&Client, TransportError> {
        match &self.source {
            Source::Own(clients) => clients.for_route(target.route),
            Source::Callers(client) => Ok(client),
        }
    }
}

impl HttpTransport for ReqwestTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let target = Target::of(request.uri())?;
        let client = self.client(&target)?;
        exchange(client, target.url, request, self.limits).await
    }
}

/// Settings only: a client of the caller's may hold default headers and a proxy's password.
impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ReqwestTransport");
        shown
            .field("timeout", &self.limits.timeout)
            .field("body_limit", &self.limits.body);
        match &self.source {
            Source::Own(clients) => clients.describe(&mut shown),
            Source::Callers(_) => shown.field("client", &"the caller's"),
        };
        shown.finish()
    }
}
