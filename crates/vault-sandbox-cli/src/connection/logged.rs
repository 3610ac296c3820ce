//! The transport, which says what goes over the wire.

use std::sync::Arc;
use std::time::Instant;

use vault_sandbox_core::{HttpRequest, HttpResponse, HttpTransport, TransportError};
use vault_sandbox_reqwest::ReqwestTransport;

use crate::pace::Gate;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::voice::Voice;

/// The list of sandboxes is not paged: ten thousand of them are some 5 MiB.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// Says what goes over the wire: request line, status, time and execution ID. Never a header, never
/// a body. And tells the gate what Vault says of its limits.
pub(crate) struct Logged {
    inner: ReqwestTransport,
    gate: Arc<Gate>,
    voice: Voice,
}

impl Logged {
    pub(super) fn new(
        settings: &Settings,
        voice: &Voice,
        gate: &Arc<Gate>,
    ) -> Result<Self, Problem> {
        Ok(Self {
            inner: transport(settings)?,
            gate: Arc::clone(gate),
            voice: voice.clone(),
        })
    }

    pub(super) fn obey(&mut self, gate: &Arc<Gate>) {
        self.gate = Arc::clone(gate);
    }
}

impl HttpTransport for Logged {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let line = format!("{} {}", request.method(), request.uri());
        let start = Instant::now();
        let answer = self.inner.send(request).await;
        let took = start.elapsed().as_millis();
        let came = match &answer {
            Ok(response) => {
                let facts = vault_sandbox_core::Facts::from_headers(response.headers());
                self.gate.told(&facts);
                let id = facts
                    .execution_id
                    .map(|id| format!(", execution {id}"))
                    .unwrap_or_default();
                format!("HTTP {}{id}", response.status().as_u16())
            }
            Err(error) => error.to_string(),
        };
        self.voice.wire(&format!("{line} -> {came} ({took} ms)"));
        answer
    }
}

fn transport(settings: &Settings) -> Result<ReqwestTransport, Problem> {
    let mut builder = ReqwestTransport::builder()
        .timeout(settings.timeout)
        .connect_timeout(settings.connect_timeout)
        .body_limit(LONGEST_ANSWER);
    if let Some(path) = &settings.ca_file {
        let wrong =
            |why: String| Problem::configuration(format!("--ca-file {}: {why}.", path.display()));
        let pem = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
        builder = builder.extra_ca_pem(&pem);
        return builder.build().map_err(|e| wrong(format!("{e:#}")));
    }
    builder
        .build()
        .map_err(|e| Problem::configuration(format!("{e:#}.")))
}
