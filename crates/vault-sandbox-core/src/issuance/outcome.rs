use crate::types::TokenId;
use crate::vault_error::VaultMessage;

/// How an issuance ended. Every one ends in exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The token exists and is in every destination.
    Issued,
    /// No token exists because of this operation.
    NotIssued(NotIssued),
    /// The token exists, but not every destination has it. The journal keeps the value, if
    /// [`Issuance::is_kept`](super::Issuance::is_kept).
    Undelivered,
    /// The token exists and is in every destination, but it is not as asked.
    Mismatch,
    /// The token exists and is in every destination, but the one whose place it takes may still work:
    /// [`Issuance::replaced`](super::Issuance::replaced) says what is known of it.
    OldRemains,
    /// A token exists, but its value is nowhere: it is of no use and should be revoked. Its ID, where
    /// that is certain; otherwise [`Issuance::candidates`](super::Issuance::candidates) are tokens
    /// that may be it, or may not.
    ValueLost(Option<TokenId>),
    /// A token may exist. It was not asked for again, and never will be.
    /// [`Issuance::candidates`](super::Issuance::candidates) are tokens that may be it, or may not.
    Unknown,
}

/// Why no token exists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotIssued {
    /// The intent could not be persisted, so nothing was asked.
    NoTrace,
    /// Nothing of the request was sent.
    NotSent,
    /// Vault refused, for these reasons.
    Refused(Vec<VaultMessage>),
    /// It was told to stop before anything was sent.
    Stopped,
    /// The token was deleted again.
    Revoked,
    /// The token was to take another's place, but was not as asked: it was deleted again instead of
    /// being delivered. The other is as it was.
    Unfit,
}
