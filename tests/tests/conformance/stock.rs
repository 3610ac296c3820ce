//! Well-known clients as they come out of the box: what the suite says of each. The table in
//! `docs/transports.md` is this.

use std::collections::BTreeSet;
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

fn failed(report: &Report) -> BTreeSet<&'static str> {
    eprintln!("{report}");
    report.failures().map(|finding| finding.case()).collect()
}

#[tokio::test]
async fn reqwest_out_of_the_box() {
    let report = suite().run(&Reqwest(reqwest::Client::new())).await;
    assert_eq!(failed(&report), BTreeSet::from([""]));
}

#[test]
fn ureq_out_of_the_box() {
    let report = suite().run_blocking(&Ureq(ureq::Agent::new_with_defaults()));
    assert_eq!(failed(&report), BTreeSet::from([""]));
}

#[tokio::test]
async fn hyper_util_out_of_the_box() {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let report = suite().run(&HyperUtil(client)).await;
    assert_eq!(failed(&report), BTreeSet::from([""]));
}
