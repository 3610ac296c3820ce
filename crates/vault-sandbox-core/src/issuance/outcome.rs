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
    /// The token exists and is in every destination, but the one whose place it takes could not be
    /// deleted: both work.
    OldRemains,
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
    /// The token was to take another's place, but was not as asked: it was deleted again instead of
    /// being delivered. The other is as it was.
    Unfit,
}

/// What trying out a new token showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// It works, in the right Vault, and expires as asked.
    Confirmed {
        /// The expiry that Vault stored; `None`: never.
        expiry: Option<DateTime<Utc>>,
    },
    /// It works, but may not read its own record: its expiry is not confirmed.
    Works,
    /// It could not be tried out.
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
