//! What the libraries promise to those who build on them: written down, and held to.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod auto_traits;
mod foreign;
mod rustdoc;
mod snapshot;
