//! What happened on the way of an issuance, as values.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use vault_sandbox_core::issuance::{Removal, Unexpected};
use vault_sandbox_core::{Error, TokenId, VaultMessage};

use crate::access::AccessError;
use crate::destinations::{DestinationError, InvalidDestination};
use crate::removal::NotRemoved;
use crate::state::StateError;
use crate::stop::StopRequest;
use crate::try_out::NotConfirmed;

/// What happened on the way, beside what the issuance itself knows. No words: those are a frontend's.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Why the creating call did not give a token.
    pub call: Option<Arc<Error>>,
    /// Why nobody was let in again, where that was tried.
    pub sign_in: Option<Arc<AccessError>>,
    /// Why there is no record, so that nothing was asked of Vault.
    pub record: Option<Arc<RecordNotWritten>>,
    /// Who had it stopped before the request was sent.
    pub stopped: Option<StopRequest>,
    /// What is not as it should be, and keeps nothing from going on: in the order in which it was seen.
    pub remarks: Vec<Arc<Remark>>,
    /// The destinations that this run has handed the value to, by their index.
    pub delivered: BTreeSet<usize>,
    /// Why a destination does not have the value, by its index.
    pub failures: BTreeMap<usize, Arc<NotDelivered>>,
    /// What became of the new token, once it was to be deleted.
    pub revoked: Option<Removal>,
    /// The token that a person named, once it was looked for.
    pub unseen: Option<TokenId>,
}

/// Something that is not as it should be, and keeps nothing from going on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Remark {
    /// A warning of Vault's, or an oddity of its answer.
    Vault(VaultMessage),
    /// What has happened is not on record.
    RecordNotWritten(RecordNotWritten),
    /// The record does not have the token's value, although it was written.
    RecordLacksValue {
        /// The record.
        path: PathBuf,
        /// Why it cannot be looked at. `None`: it was removed or changed meanwhile.
        error: Option<io::Error>,
    },
    /// The record is of no use any more, and still there. It may hold the value.
    RecordNotRemoved {
        /// The record.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Where the token went is not in the ledger.
    LedgerNotWritten(StateError),
    /// The token, or its expiry, is not confirmed.
    NotConfirmed(NotConfirmed),
    /// A token of the operation's name could not be looked up.
    NotLookedUp(NotLooked),
    /// The token that a person named could not be looked for.
    NotLookedFor(NotLooked),
    /// The new token was to be deleted, and may still be there.
    NotRevoked {
        /// The new token.
        id: TokenId,
        /// Why.
        why: NotDeleted,
    },
    /// The old token was to be deleted, and may still be there.
    OldNotDeleted {
        /// The old token.
        old: TokenId,
        /// Why.
        why: NotDeleted,
    },
    /// The old token was not there when it was to be deleted.
    OldWasGone {
        /// The old token.
        old: TokenId,
    },
    /// What the frontend [says](super::Handover::before_first) of handing the value over.
    Handover(String),
    /// The driver and the protocol disagree: the record is kept, and nothing is claimed.
    Unexpected(Unexpected),
}

/// An entry that is not in the record for certain.
#[derive(Debug)]
#[non_exhaustive]
pub struct RecordNotWritten {
    /// The record.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

/// Why nobody could look.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotLooked {
    /// Where the sandbox's own Vault is, is not known.
    NowhereToLook,
    /// The call failed.
    Call(Box<Error>),
}

/// Why a token is not deleted, or not for certain.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotDeleted {
    /// Where the sandbox's own Vault is, is not known.
    NowhereToAsk,
    /// It was asked to stop while the old token was to work on for a while: it does.
    StoppedBefore,
    /// It was asked to stop while it was being deleted.
    Stopped,
    /// It was tried.
    NotRemoved(NotRemoved),
}

/// Why a destination does not have the value.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotDelivered {
    /// Its words name no destination.
    Invalid(InvalidDestination),
    /// It could not be opened.
    NotOpened(DestinationError),
    /// It did not take the value.
    NotTaken(DestinationError),
    /// It panicked while it took the value: a mistake in its code.
    Panicked,
}

impl Progress {
    pub(super) fn remark(&mut self, remark: Remark) {
        self.remarks.push(Arc::new(remark));
    }
}
