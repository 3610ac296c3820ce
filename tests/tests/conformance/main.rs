//! The conformance suite over every transport there is, and its teeth: a transport that makes a
//! mistake is caught by the case for it.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod passing;
