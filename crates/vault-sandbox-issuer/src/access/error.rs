use std::error::Error as StdError;

use thiserror::Error;
use vault_sandbox_core::endpoints::WrongVault;
use vault_sandbox_core::{Error, VaultDns, VaultId};

/// Why somebody is not let in, or not to the right Vault. Nothing was asked of Vault but that.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AccessError {
    /// Signing in failed: it was refused, or Vault was not reached.
    #[error("signing in to {vault}")]
    SignIn {
        /// The Vault.
        vault: VaultDns,
        /// Why.
        source: Box<Error>,
    },
    /// Vault signed in to another Vault, as it does where the user may not use the one that was asked
    /// for, or where there is none of that name. The session was ended.
    #[error("Vault signed in to another Vault: {0}")]
    SignedInElsewhere(WrongVault),
    /// Another Vault answers than the one that is expected.
    #[error("Vault {served} answers at {vault}, and Vault {expected} is expected")]
    OtherServes {
        /// The Vault's DNS.
        vault: VaultDns,
        /// Which Vault is expected, and why.
        expected: Expected,
        /// The Vault that answers.
        served: VaultId,
    },
    /// The kept session is of another Vault than the one that is expected.
    #[error("the kept session is of Vault {kept}, and Vault {expected} is expected")]
    KeptOfOther {
        /// The Vault's DNS.
        vault: VaultDns,
        /// The Vault that is expected.
        expected: VaultId,
        /// The Vault that the session is of.
        kept: VaultId,
    },
    /// The kept session has ended, and there is nothing to renew it with.
    #[error("the session kept for {vault} has ended")]
    KeptEnded {
        /// The Vault.
        vault: VaultDns,
    },
    /// What would renew the kept session failed.
    #[error("the kept session cannot be renewed")]
    Renewal(#[source] Box<dyn StdError + Send + Sync>),
    /// The Vault's own URLs lead somewhere else: the credential may belong to another Vault.
    #[error("the Vault that answers calls itself something else than {vault}")]
    CallsItselfOtherwise {
        /// The Vault's DNS.
        vault: VaultDns,
    },
    /// Looking who is signed in failed.
    #[error("looking who is signed in to {vault}")]
    Look {
        /// The Vault.
        vault: VaultDns,
        /// The credential is a kept session.
        is_kept: bool,
        /// Why.
        source: Box<Error>,
    },
}

/// Which Vault is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// The one that was signed in to.
    SignedIn(VaultId),
    /// The one that was said beforehand.
    Pinned(VaultId),
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SignedIn(id) | Self::Pinned(id) => id.fmt(f),
        }
    }
}
