//! The conformance suite over every transport there is, and its teeth: a transport that makes a
//! mistake is caught by the case for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub
)]

#[path = "../../examples/hyper_transport/transport.rs"]
mod hyper_transport;
#[path = "../../examples/ureq_transport/transport.rs"]
mod ureq_transport;

mod passing;
mod plain;
mod stock;
mod teeth;
