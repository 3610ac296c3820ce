//! Transports that keep the contract, over real sockets.

use std::time::Duration;

use vault_sandbox_core::testkit::Conformance;
use vault_sandbox_reqwest::{BlockingReqwestTransport, ReqwestTransport};

use crate::hyper_transport::HyperTransport;
use crate::ureq_transport::UreqTransport;

const TIME: Duration = Duration::from_millis(600);
const BODY: usize = 64 * 1024;

fn suite() -> Conformance {
    Conformance::new(TIME, BODY)
}

fn reqwest() -> ReqwestTransport {
    let builder = ReqwestTransport::builder().timeout(TIME).body_limit(BODY);
    builder.build().unwrap()
}

#[tokio::test]
async fn reqwest_passes() {
    suite().run(&reqwest()).await.assert_passed();
}

#[test]
fn reqwest_without_futures_passes() {
    let transport = BlockingReqwestTransport::from(reqwest());
    suite().run_blocking(&transport).assert_passed();
}

#[test]
fn ureq_passes() {
    let transport = UreqTransport::new(TIME, BODY);
    suite().run_blocking(&transport).assert_passed();
}

#[tokio::test]
async fn hyper_passes() {
    let transport = HyperTransport::new(TIME, BODY).unwrap();
    suite().run(&transport).await.assert_passed();
}
