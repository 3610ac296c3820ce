use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::ListedToken;
use crate::issuance::{DeliveryState, Issuance};
use crate::types::{SandboxName, TokenId, VaultDns};
use crate::wire;

/// The format that is written.
pub const SCHEMA: &str = "vault-sandbox/ledger/1";
/// What the schema of every version begins with.
const FAMILY: &str = "vault-sandbox/ledger/";

/// A fact that the ledger is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line(pub(super) Wire);

/// A line as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wire {
    pub(super) schema: String,
    /// When the line was written.
    pub(super) at: String,
    pub(super) vault: String,
    pub(super) sandbox: String,
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) fact: Fact,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub(super) enum Fact {
    Issued(Issued),
    Revoked,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Issued {
    pub(super) operation: String,
    pub(super) vault_id: Option<String>,
    pub(super) sandbox_dns: Option<String>,
    pub(super) name: String,
    /// As it was asked for: an instant, a date, or `never`.
    pub(super) expiry: String,
    pub(super) destinations: Vec<String>,
}

impl Line {
    /// An operation issued a token, and these of its destinations have it. `None`: there is no
    /// token, or it has no ID, so that it could not be told from others later.
    #[must_use]
    pub fn issued(issuance: &Issuance, now: DateTime<Utc>) -> Option<Self> {
        let id = issuance.token()?.id()?;
        let intent = issuance.intent();
        let delivered = issuance.deliveries().iter();
        let issued = Issued {
            operation: intent.operation.to_string(),
            vault_id: intent.vault_id.map(|id| id.to_string()),
            sandbox_dns: intent.sandbox_dns.as_ref().map(ToString::to_string),
            name: intent.name.to_string(),
            expiry: intent.expiry.to_string(),
            destinations: delivered
                .filter(|delivery| delivery.state == DeliveryState::Committed)
                .map(|delivery| delivery.destination.clone())
                .collect(),
        };
        let fact = Fact::Issued(issued);
        Some(Self::new(&intent.vault, &intent.sandbox, id, fact, now))
    }

    /// A token is deleted, whoever issued it.
    #[must_use]
    pub fn revoked(
        vault: &VaultDns,
        sandbox: &SandboxName,
        id: &TokenId,
        now: DateTime<Utc>,
    ) -> Self {
        Self::new(vault, sandbox, id, Fact::Revoked, now)
    }

    /// The line as it is written, with its line feed.
    #[must_use]
    pub fn to_text(&self) -> String {
        // A struct of strings and lists: writing it as JSON cannot fail.
        let json = serde_json::to_string(&self.0).unwrap_or_default();
        format!("{json}\n")
    }

    fn new(
        vault: &VaultDns,
        sandbox: &SandboxName,
        id: &TokenId,
        fact: Fact,
        now: DateTime<Utc>,
    ) -> Self {
        Self(Wire {
            schema: SCHEMA.to_owned(),
            at: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            vault: vault.to_string(),
            sandbox: sandbox.to_string(),
            id: id.to_string(),
            fact,
        })
    }
}

/// A line of any version.
pub(super) enum Read {
    Known(Wire),
    Unread(Unread),
}

/// A line that is not understood: what it says of whom it is about. What it does not say is open.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Unread {
    schema: String,
    #[serde(default, deserialize_with = "wire::text")]
    vault: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    pub(super) sandbox: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    pub(super) id: Option<String>,
}

/// Reads a line; `None`: it is torn, or is none of a ledger.
pub(super) fn read(line: &[u8]) -> Option<Read> {
    if let Ok(line) = serde_json::from_slice::<Wire>(line)
        && line.schema == SCHEMA
    {
        return Some(Read::Known(line));
    }
    let unread: Unread = serde_json::from_slice(line).ok()?;
    unread
        .schema
        .starts_with(FAMILY)
        .then_some(Read::Unread(unread))
}

impl Read {
    /// Whether it is about this Vault, or does not say which it is about.
    pub(super) fn may_be_of(&self, vault: &VaultDns) -> bool {
        let said = match self {
            Self::Known(line) => Some(&line.vault),
            Self::Unread(line) => line.vault.as_ref(),
        };
        said.is_none_or(|said| *said == vault.to_string())
    }
}

impl Unread {
    /// A token of a sandbox that has no name to call it by.
    pub(super) fn of_sandbox(sandbox: &SandboxName) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            vault: None,
            sandbox: Some(sandbox.as_str().to_owned()),
            id: None,
        }
    }

    /// Whether it is about this sandbox, or does not say which it is about.
    pub(super) fn may_be_of(&self, sandbox: &SandboxName) -> bool {
        self.sandbox
            .as_ref()
            .is_none_or(|said| said == sandbox.as_str())
    }

    /// Whether it says that it is about this token.
    pub(super) fn is_about(&self, token: &ListedToken) -> bool {
        self.sandbox.as_deref() == Some(token.sandbox.as_str())
            && self.id.as_deref() == Some(token.id.as_str())
    }
}
