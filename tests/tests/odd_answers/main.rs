//! What answers are like that nobody documents: odd, cut, wrapped, hostile.
//!
//! Three things hold for all of them: a value that arrived whole comes out, nothing that did not
//! arrive is made up, and in doubt the request may have been carried out.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod extremes;
mod refusals;
mod tokens;

use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{Body, Error, Reply, decode};
use vault_sandbox_tests::answer;

pub(crate) type Answered = Result<Reply<IssuedToken>, Error>;

pub(crate) fn generate(status: u16, body: impl Into<Body>) -> Answered {
    decode::<GenerateSandboxToken>(&answer(status, body))
}

pub(crate) fn id_and_value(token: &IssuedToken) -> (Option<&str>, String) {
    let value = token.value().expose().to_owned();
    (token.id().map(|id| id.as_str()), value)
}

pub(crate) fn is_token(answered: &Answered, id: Option<&str>, value: &str) {
    let reply = answered.as_ref().unwrap();
    assert_eq!(id_and_value(&reply.value), (id, value.to_owned()));
}

/// No answer of Vault's: nothing of it is quoted, and nobody knows what was done.
pub(crate) fn is_no_answer(answered: &Answered) -> String {
    let error = answered.as_ref().unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
    assert!(error.may_have_been_applied());
    error.to_string()
}

pub(crate) const ID: Option<&str> = Some("0PI1");
pub(crate) const VALUE: &str = "veeva-vault-0c0ffee0example";
