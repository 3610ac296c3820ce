//! What is refused before anything is sent, and settings that are.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::error::Error as _;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use support::post;
use vault_sandbox_core::{HttpTransport, TransportErrorKind};
use vault_sandbox_reqwest::{BuildError, ReqwestTransport};

/// Polled once and without a runtime: had it touched the network, it would have panicked.
#[test]
fn refused_without_touching_the_network() {
    let transport = ReqwestTransport::new().unwrap();
    for url in [
        "http://veepharm.veevavault.com/api",
        "http://10.0.0.1/api",
        "http://localhost.example.com/api",
        "ftp://127.0.0.1/api",
        "https://fake-user:fake-password@veepharm.veevavault.com/api",
        "https://veepharm.veevavault.com/objects/sandbox/%2E%2E/users",
        "https://veepharm.veevavault.com/objects/sandbox/../users",
        "http://127.0.0.1/objects/sandbox/%2e/users",
        "/api",
    ] {
        let exchange = pin!(transport.send(post(url)));
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(outcome) = exchange.poll(&mut context) else {
            panic!("{url}: waits");
        };
        let error = outcome.expect_err(url);
        assert_eq!(error.kind(), TransportErrorKind::Unsendable, "{url}");
        assert!(error.source().is_some(), "{url}: says why");
        assert!(!format!("{error:?}").contains("fake-password"));
    }
}

#[test]
fn a_certificate_authority_that_is_none() {
    // The frame of PEM around what is no certificate.
    let broken = "-----BEGIN CERTIFICATE-----\nAAECAwQF\n-----END CERTIFICATE-----\n";
    let unreadable = "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n";
    let unended = "-----BEGIN CERTIFICATE-----\nAAECAwQF\n";
    // Given by mistake, it must not turn up in the message.
    let key = "-----BEGIN PRIVATE KEY-----\nZmFrZS1rZXktY29udGVudA==\n-----END PRIVATE KEY-----\n";
    for pem in ["", "no PEM at all", broken, unreadable, unended, key] {
        let error = ReqwestTransport::builder()
            .extra_ca_pem(pem.as_bytes())
            .build()
            .expect_err(pem);
        assert!(matches!(error, BuildError::Certificate(_)), "{error:?}");
        assert!(error.source().is_some(), "{pem}: says why");
        assert!(!format!("{error:?}").contains("ZmFrZS1rZXk"));
    }
}

#[test]
fn one_broken_authority_among_good_ones_is_reported() {
    let good = rcgen::generate_simple_self_signed(["a.example.com".to_owned()]).unwrap();
    let good = good.cert.pem();
    let both = format!("{good}-----BEGIN CERTIFICATE-----\nAAECAwQF\n-----END CERTIFICATE-----\n");
    assert!(
        ReqwestTransport::builder()
            .extra_ca_pem(good.as_bytes())
            .build()
            .is_ok()
    );
    let error = ReqwestTransport::builder()
        .extra_ca_pem(both.as_bytes())
        .build()
        .unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("certificate 2"), "{cause}");
}
