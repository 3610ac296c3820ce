use std::panic::resume_unwind;
use std::thread;

use reqwest::Client;
use tokio::runtime::{Builder, Handle};
use vault_sandbox_core::{
    BlockingHttpTransport, HttpRequest, HttpResponse, HttpTransport, TransportError,
    TransportErrorKind,
};

use crate::builder::BuildError;
use crate::transport::ReqwestTransport;

/// [`ReqwestTransport`] for clients without futures: the same code behind, hence the same rules.
///
/// Settings are those of the other: `ReqwestTransport::builder()…build()?.into()`. Needs no runtime
/// and may be called from anywhere, even inside one, whose thread is then blocked.
#[derive(Debug, Clone)]
pub struct BlockingReqwestTransport(ReqwestTransport);

impl BlockingReqwestTransport {
    /// A transport with the defaults of [`ReqwestTransport::new`].
    ///
    /// # Errors
    ///
    /// None today, as there.
    pub fn new() -> Result<Self, BuildError> {
        ReqwestTransport::new().map(Self)
    }

    /// Sends with a client of the caller's; see [`ReqwestTransport::from_client`].
    #[must_use]
    pub fn from_client(client: Client) -> Self {
        Self(ReqwestTransport::from_client(client))
    }

    fn run(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        // A runtime per request costs some tens of microseconds; one that is kept would leave the
        // ends of connections undriven between requests, and tie requests of several threads together.
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(not_sent)?;
        let outcome = runtime.block_on(self.0.send(request));
        // A name look-up that hangs runs on a thread of its own, for which a drop would wait.
        runtime.shutdown_background();
        outcome
    }
}

impl From<ReqwestTransport> for BlockingReqwestTransport {
    fn from(transport: ReqwestTransport) -> Self {
        Self(transport)
    }
}

impl BlockingHttpTransport for BlockingReqwestTransport {
    fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if Handle::try_current().is_err() {
            return self.run(request);
        }
        // tokio panics where a runtime is entered from within another.
        thread::scope(|scope| {
            thread::Builder::new()
                .spawn_scoped(scope, || self.run(request))
                .map_err(not_sent)?
                .join()
                .unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

fn not_sent(error: std::io::Error) -> TransportError {
    TransportError::new(TransportErrorKind::Unsendable, error)
}
