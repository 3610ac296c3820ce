//! Well-known clients as they come out of the box: what the suite says of each. The table in
//! `docs/transports.md` is this.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::Response;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use vault_sandbox_core::testkit::{Conformance, Report};
use vault_sandbox_core::{
    BlockingHttpTransport, Body, HttpRequest, HttpResponse, HttpTransport, TransportError,
    TransportErrorKind,
};
use vault_sandbox_tests::workspace;

/// None of them has a limit as short as this, or any: so the servers are not patient.
fn suite() -> Conformance {
    Conformance::new(Duration::from_millis(600), 64 * 1024).grace(Duration::from_millis(600))
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> TransportError {
    TransportError::new(TransportErrorKind::Other, error)
}

struct Reqwest(reqwest::Client);

impl HttpTransport for Reqwest {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let request = request.map(|body| reqwest::Body::from(body.into_bytes()));
        let request = reqwest::Request::try_from(request).map_err(other)?;
        let answer = self.0.execute(request).await.map_err(other)?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        *response.body_mut() = answer.bytes().await.map_err(other)?.into();
        Ok(response)
    }
}

struct Ureq(ureq::Agent);

impl BlockingHttpTransport for Ureq {
    fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let request = request.map(|body| body.as_bytes().to_vec());
        let answer = self.0.run(request).map_err(other)?;
        let (head, mut body) = answer.into_parts();
        let body = body.read_to_vec().map_err(other)?;
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

struct HyperUtil(Client<HttpConnector, Full<Bytes>>);

impl HttpTransport for HyperUtil {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let request = request.map(|body| Full::new(body.into_bytes()));
        let answer = self.0.request(request).await.map_err(other)?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(other)?.to_bytes();
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

#[tokio::test]
async fn reqwest_out_of_the_box() {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    // Without a provider of cryptography there is no client; all else is the default.
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls);
    let report = suite().run(&Reqwest(client.build().unwrap())).await;
    assert_fails(
        &report,
        &[
            "send_dot_segments_as_they_are",
            "follow_no_redirect",
            "bound_the_time_of_silence",
            "bound_the_time_of_a_dribble",
            "bound_the_time_of_the_head",
            "bound_the_time_of_sending",
            "bound_the_body",
            "hand_over_a_late_answer",
            "hand_over_a_too_long_answer",
            "hand_over_a_cut_answer",
        ],
    );
}

#[test]
fn ureq_out_of_the_box() {
    let report = suite().run_blocking(&Ureq(ureq::Agent::new_with_defaults()));
    // The sample in the document is of this run.
    let document = workspace().join("docs/transports.md");
    let document = std::fs::read_to_string(document).unwrap();
    let (_, sample) = document.split_once("```text\n").unwrap();
    let (sample, _) = sample.split_once("```").unwrap();
    let (first, finding) = sample.trim_end().split_once("\n\n").unwrap();
    let said = report.to_string();
    assert!(said.starts_with(first) && said.contains(finding), "{said}");
    assert_fails(
        &report,
        &[
            "follow_no_redirect",
            "return_every_status_as_ok",
            "bound_the_time_of_silence",
            "bound_the_time_of_a_dribble",
            "bound_the_time_of_the_head",
            "bound_the_time_of_sending",
            "hand_over_a_late_answer",
            "hand_over_a_too_long_answer",
            "hand_over_a_cut_answer",
        ],
    );
}

#[tokio::test]
async fn hyper_util_out_of_the_box() {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let report = suite().run(&HyperUtil(client)).await;
    assert_fails(
        &report,
        &[
            "bound_the_time_of_silence",
            "bound_the_time_of_a_dribble",
            "bound_the_time_of_the_head",
            "bound_the_time_of_sending",
            "bound_the_body",
            "hand_over_a_late_answer",
            "hand_over_a_too_long_answer",
            "hand_over_a_cut_answer",
        ],
    );
}

/// These, and no other but those that the few lines above are to blame for: they call every
/// failure `Other`.
fn assert_fails(report: &Report, cases: &[&str]) {
    let failed = report.failures().map(|finding| finding.case());
    let failed: BTreeSet<&str> = failed.filter(|case| !case.starts_with("say_")).collect();
    assert_eq!(failed, cases.iter().copied().collect(), "{report}");
}
