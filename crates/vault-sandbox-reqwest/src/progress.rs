use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use tower::{Layer, Service};

tokio::task_local! {
    static CURRENT: Progress;
}

/// How far one exchange got, seen by the connector itself.
///
/// A timeout looks the same before and after the connection stood, but the first means "not sent"
/// and the second "maybe sent". reqwest does not say which it was; the connector knows, and this is
/// how its word gets to the exchange: [`Watch`] is put around the connector, and finds the progress
/// of the exchange that calls it in a task-local. If it is not found (a client of the caller's, a
/// reqwest that connects on another task), it stays unknown, which counts as "maybe sent".
#[derive(Clone)]
pub(crate) struct Progress(Arc<AtomicU8>);

const UNKNOWN: u8 = 0;
const CONNECTING: u8 = 1;
const CONNECTED: u8 = 2;

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(UNKNOWN)))
    }

    /// Runs an exchange so that connectors called in it report here.
    pub(crate) fn watch<F: Future>(&self, exchange: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self.clone(), exchange)
    }

    /// Whether no connection stood, so that certainly nothing was sent.
    pub(crate) fn is_connecting(&self) -> bool {
        self.0.load(Ordering::Acquire) == CONNECTING
    }

    /// Never from connected back to connecting: what was sent stays sent.
    fn connecting(&self) {
        let _ = self
            .0
            .compare_exchange(UNKNOWN, CONNECTING, Ordering::AcqRel, Ordering::Acquire);
    }

    fn connected(&self) {
        self.0.store(CONNECTED, Ordering::Release);
    }
}

/// The layer around reqwest's connector.
#[derive(Clone)]
pub(crate) struct Watch;

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, connector: S) -> Watched<S> {
        Watched(connector)
    }
}

#[derive(Clone)]
pub(crate) struct Watched<S>(S);

impl<S, R> Service<R> for Watched<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let progress = CURRENT.try_with(Progress::clone).ok();
        if let Some(progress) = &progress {
            progress.connecting();
        }
        let connection = self.0.call(destination);
        Box::pin(async move {
            let connection = connection.await?;
            if let Some(progress) = &progress {
                progress.connected();
            }
            Ok(connection)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_connector_that_was_seen_gives_certainty() {
        let progress = Progress::new();
        assert!(!progress.is_connecting());
        progress.connecting();
        assert!(progress.is_connecting());
        progress.connected();
        assert!(!progress.is_connecting());
        progress.connecting();
        assert!(
            !progress.is_connecting(),
            "a second connection undoes nothing"
        );
    }
}
