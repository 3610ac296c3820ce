#![doc = include_str!("../README.md")]

#[cfg(feature = "blocking")]
mod blocking;
mod builder;
mod clients;
mod exchange;
mod failure;
mod progress;
mod target;
mod tls;
mod transport;

#[cfg(feature = "blocking")]
pub use blocking::BlockingReqwestTransport;
pub use builder::{
    BuildError, DEFAULT_BODY_LIMIT, DEFAULT_CONNECT_TIMEOUT, DEFAULT_TIMEOUT,
    ReqwestTransportBuilder,
};
/// The version whose [`Client`](reqwest::Client) can be brought along.
pub use reqwest;
pub use transport::ReqwestTransport;
