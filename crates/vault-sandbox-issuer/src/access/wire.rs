//! The transport, with what goes over it told: to the gate what Vault says of its limits, to the
//! observer the request line and what came of it.

use std::sync::Arc;
use std::time::Instant;

use vault_sandbox_core::{
    Facts, HttpRequest, HttpResponse, HttpTransport, SharedTransport, TransportError,
};

use super::gate::Gate;
use crate::observer::{Exchange, Notice, Observer};

pub(super) struct Wire {
    inner: SharedTransport,
    gate: Arc<Gate>,
    observer: Arc<dyn Observer>,
}

impl Wire {
    pub(super) fn new(
        inner: SharedTransport,
        gate: Arc<Gate>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self {
            inner,
            gate,
            observer,
        }
    }
}

impl HttpTransport for Wire {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let (method, uri) = (request.method().to_string(), request.uri().to_string());
        let start = Instant::now();
        let answer = self.inner.send(request).await;
        let facts = answer.as_ref().ok();
        let facts = facts.map(|response| Facts::from_headers(response.headers()));
        if let Some(facts) = &facts {
            self.gate.told(facts);
        }
        self.observer.notice(Notice::Exchange(Exchange {
            method: &method,
            uri: &uri,
            status: answer.as_ref().map(|response| response.status().as_u16()),
            execution_id: facts
                .as_ref()
                .and_then(|facts| facts.execution_id.as_deref()),
            took: start.elapsed(),
        }));
        answer
    }
}
