//! For tests: doubles of a transport, and a suite that proves a transport of one's own.
//!
//! Behind the feature `testkit`, for `[dev-dependencies]`; it needs nothing but `std`:
//!
//! ```toml
//! [dev-dependencies]
//! vault-sandbox-core = { version = "0.1", features = ["testkit"] }
//! ```
//!
//! # Testing code that calls Vault
//!
//! A double stands for the transport; each implements [`HttpTransport`](crate::HttpTransport), and
//! [`BlockingHttpTransport`](crate::BlockingHttpTransport) where that makes sense:
//!
//! | double | what it does |
//! | --- | --- |
//! | [`Scripted`] | gives prepared answers and errors, in their order |
//! | [`from_fn`] | asks a closure |
//! | [`NeverAnswers`] | never answers, for what you do about time |
//! | [`Recorder`] | passes on to another transport, and shows what was sent, without its secrets |
//!
//! ```
//! use vault_sandbox_core::endpoints::KeepAlive;
//! use vault_sandbox_core::testkit::{Recorder, Scripted};
//! use vault_sandbox_core::{Client, SessionId, Vault};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let vault = Vault::new("veepharm.veevavault.com".parse()?).authorized(SessionId::parse("0123ABCD")?);
//! let transport = Recorder::new(Scripted::answering(200, r#"{"responseStatus":"SUCCESS"}"#));
//!
//! Client::new(&transport, vault).call_blocking(&KeepAlive::new())?;
//!
//! let sent = transport.requests();
//! assert_eq!(sent[0].uri().path(), "/api/v26.2/keep-alive");
//! assert!(!sent[0].to_string().contains("0123ABCD"));
//! # Ok(())
//! # }
//! ```
//!
//! # Proving a transport
//!
//! [`Conformance`] runs a transport against a server on loopback that misbehaves in every way the
//! contract of [`HttpTransport`](crate::HttpTransport) speaks of, and reports which sentence of it
//! is broken, what was seen, and what to do.

mod conformance;
mod doubles;

pub use conformance::{Conformance, Finding, Report};
pub use doubles::{
    FromAsyncFn, FromFn, NeverAnswers, Recorded, Recorder, Scripted, answer, from_async_fn, from_fn,
};
