use chrono::{DateTime, Utc};

use crate::types::TokenId;

/// How an issuance ended. Every one ends in exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// A token exists, but its value is nowhere: it is of no use and should be revoked.
    ValueLost(Vec<TokenId>),
    /// A token may exist. It was not asked for again, and never will be.
    Unknown,
}

/// Why no token exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotIssued {
    /// The intent could not be persisted, so nothing was asked.
    NoTrace,
    /// Nothing of the request was sent.
    NotSent,
    /// Vault refused.
    Refused,
    /// It was told to stop before anything was sent.
    Stopped,
    /// The token was deleted again.
    Revoked,
}

/// What trying out a new token showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// It works, in the right Vault, and expires as asked.
    Confirmed {
        /// The expiry that Vault stored; `None`: never.
        expiry: Option<DateTime<Utc>>,
    },
    /// It could not be tried out, or not in full.
    Unconfirmed,
    /// Vault stored another expiry than the one asked for.
    ExpiryDiffers {
        /// The expiry that Vault stored; `None`: never.
        stored: Option<DateTime<Utc>>,
    },
    /// The sandbox does not accept it.
    Refused,
    /// It works in another Vault than the sandbox's.
    OtherVault,
}
