use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::ClientConfig;
use vault_sandbox_core::{TransportError, TransportErrorKind};

use crate::failure::Cause;
use crate::progress::Watch;
use crate::target::Route;
use crate::tls::{self, Authorities};

/// A client for each [`Route`], made when it is first needed.
pub(crate) struct Clients {
    connect_timeout: Duration,
    authorities: Authorities,
    tls: OnceLock<ClientConfig>,
    loopback_plain: OnceLock<Client>,
    loopback_tls: OnceLock<Client>,
    network: OnceLock<Client>,
}

impl Clients {
    pub(crate) fn new(connect_timeout: Duration, authorities: Authorities) -> Self {
        Self {
            connect_timeout,
            authorities,
            tls: OnceLock::new(),
            loopback_plain: OnceLock::new(),
            loopback_tls: OnceLock::new(),
            network: OnceLock::new(),
        }
    }

    pub(crate) fn for_route(&self, route: Route) -> Result<&Client, TransportError> {
        match route {
            Route::LoopbackPlain => get_or_try(&self.loopback_plain, || {
                let config = tls::trusting_no_one().map_err(unusable)?;
                build(on_loopback(self.strict(config)))
            }),
            Route::LoopbackTls => get_or_try(&self.loopback_tls, || {
                build(on_loopback(self.strict(self.trusting()?)))
            }),
            // The proxy is reqwest's default: the one that HTTPS_PROXY or ALL_PROXY names, unless
            // NO_PROXY excepts the host. HTTP_PROXY has no part in it, since no plain http comes here.
            Route::Network => get_or_try(&self.network, || build(self.strict(self.trusting()?))),
        }
    }

    pub(crate) fn describe<'a, 'b, 'c>(
        &self,
        shown: &'a mut fmt::DebugStruct<'b, 'c>,
    ) -> &'a mut fmt::DebugStruct<'b, 'c> {
        shown
            .field("connect_timeout", &self.connect_timeout)
            .field("extra_authorities", &self.authorities.len())
    }

    /// Cloned for each client: the clones share trust and the sessions that can be resumed.
    fn trusting(&self) -> Result<ClientConfig, TransportError> {
        get_or_try(&self.tls, || {
            tls::trusting(&self.authorities).map_err(unusable)
        })
        .cloned()
    }

    /// What every client has in common: it does nothing that was not asked for.
    ///
    /// Much of it is the default as long as no other crate in the build turns on a feature of
    /// reqwest; features are shared, so it is said here.
    fn strict(&self, config: ClientConfig) -> ClientBuilder {
        ClientBuilder::new()
            .tls_backend_preconfigured(config)
            .http1_only()
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .no_hickory_dns()
            // One connection per request. Read in hyper-util 0.1.21 (`client/legacy/client.rs`,
            // `send_request`) and hyper 1.12.0 (`proto/h1/dispatch.rs`, `recv_msg`): with a pool, a
            // request that meets a closed connection is sent again (`retry_canceled_requests`, on
            // by default, out of reach through reqwest), but only if it was still in the queue of
            // the connection, of which not a byte was written: it is never doubled. One of which a
            // byte was written before the server's close was seen is not sent again, and comes back
            // as `IncompleteMessage`: it is lost, or done and its answer lost, no one can say. That
            // is every POST that meets a server's idle timeout, and a token is not to be asked for
            // twice. Without a pool (`one_connection_for` connects at once) there is no connection
            // to be stale and none of this happens. TLS sessions are still resumed.
            .pool_max_idle_per_host(0)
            .connect_timeout(self.connect_timeout)
            .connector_layer(Watch)
    }
}

/// Never through a proxy, and with the name's addresses given: `localhost` stays on this machine
/// even where a name server says otherwise.
fn on_loopback(client: ClientBuilder) -> ClientBuilder {
    // Port 0 stands for the port of the URL.
    let addresses = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, 0)),
    ];
    client.no_proxy().resolve_to_addrs("localhost", &addresses)
}

fn build(client: ClientBuilder) -> Result<Client, TransportError> {
    client
        .build()
        .map_err(|error| TransportError::new(TransportErrorKind::Unsendable, Cause::of(&error)))
}

fn unusable(error: rustls::Error) -> TransportError {
    TransportError::new(TransportErrorKind::Unsendable, error)
}

/// `OnceLock::get_or_try_init` is not stable. Two first requests at once may both make a value; one
/// is kept.
fn get_or_try<T>(
    cell: &OnceLock<T>,
    make: impl FnOnce() -> Result<T, TransportError>,
) -> Result<&T, TransportError> {
    match cell.get() {
        Some(value) => Ok(value),
        None => make().map(|value| cell.get_or_init(|| value)),
    }
}
