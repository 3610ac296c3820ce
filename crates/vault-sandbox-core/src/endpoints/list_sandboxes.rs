use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::types::{OwnDnsError, VaultDns, VaultId};
use crate::validation::ValidationError;
use crate::wire;

/// Lists the sandboxes of the Vault called.
///
/// `GET /api/{version}/objects/sandbox`, answered with [`Sandboxes`]. Safe to repeat.
///
/// [Veeva: retrieve sandboxes][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/sandbox-vaults/retrieve-sandboxes/
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
#[non_exhaustive]
pub struct ListSandboxes;

impl ListSandboxes {
    /// Of the Vault called.
    pub fn new() -> Self {
        Self
    }
}

impl Endpoint for ListSandboxes {
    type Output = Sandboxes;
    const NAME: &'static str = "list_sandboxes";
    const METHOD: http::Method = http::Method::GET;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned().literal("objects/sandbox"))
    }

    fn read(answer: &Answer<'_>) -> Result<Sandboxes, ProtocolProblem> {
        answer.data()
    }
}

/// What a Vault has in sandboxes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Sandboxes {
    /// How many of each size it may have.
    #[serde(default, deserialize_with = "wire::list")]
    pub entitlements: Vec<Entitlement>,
    /// The sandboxes there are; Vault calls the list `active`, whatever their status.
    #[serde(default, deserialize_with = "wire::list")]
    pub active: Vec<Sandbox>,
}

/// How many sandboxes of one size a Vault may have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Entitlement {
    /// The size: `Small`, `Medium`, `Large`, `Very Large`, `Extra Large` or `Full`.
    #[serde(default, deserialize_with = "wire::text")]
    pub size: Option<String>,
    /// How many more can be made.
    #[serde(default, deserialize_with = "wire::parsed")]
    pub available: Option<u32>,
    /// How many there may be.
    #[serde(default, deserialize_with = "wire::parsed")]
    pub allowed: Option<u32>,
    /// How many of these are for a time only.
    #[serde(default, deserialize_with = "wire::parsed")]
    pub temporary: Option<u32>,
}

/// A sandbox as its parent Vault shows it. A time that cannot be read is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Sandbox {
    /// The number of the sandbox's own Vault.
    #[serde(default, deserialize_with = "wire::parsed")]
    pub vault_id: Option<VaultId>,
    /// Its name, by which a token for it is asked for.
    #[serde(default, deserialize_with = "wire::text_or_empty")]
    pub name: String,
    /// The type, `config`.
    #[serde(rename = "type", default, deserialize_with = "wire::text")]
    pub kind: Option<String>,
    /// The size.
    #[serde(default, deserialize_with = "wire::text")]
    pub size: Option<String>,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "status")]
    pub status: SandboxStatus,
    /// The domain of its user names; not a host.
    #[serde(default, deserialize_with = "wire::text")]
    pub domain: Option<String>,
    /// The DNS of its own Vault, to be read by [`own_dns`](Self::own_dns).
    #[serde(default, deserialize_with = "wire::text")]
    pub dns: Option<String>,
    /// The number of the Vault it was made from.
    #[serde(default, deserialize_with = "wire::parsed")]
    pub source_vault_id: Option<VaultId>,
    /// When it may next be refreshed.
    #[serde(default, deserialize_with = "wire::parsed")]
    pub refresh_available: Option<DateTime<Utc>>,
    /// When it was made.
    #[serde(default, deserialize_with = "wire::parsed")]
    pub created_date: Option<DateTime<Utc>>,
    /// The release it follows: `general`, `limited` or `prerelease`.
    #[serde(default, deserialize_with = "wire::text")]
    pub release: Option<String>,
    /// When it ends; most do not (`"NULL"` on the wire).
    #[serde(default, deserialize_with = "wire::parsed")]
    pub expiration_date: Option<DateTime<Utc>>,
}

impl Sandboxes {
    /// These sandboxes, without entitlements: for tests, and for what plays a Vault.
    #[must_use]
    pub fn new(active: Vec<Sandbox>) -> Self {
        Self {
            entitlements: Vec::new(),
            active,
        }
    }
}

impl Sandbox {
    /// A sandbox of which nothing but the name is known, for tests, and for what plays a Vault: set
    /// its fields to know more.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            vault_id: None,
            name: name.into(),
            kind: None,
            size: None,
            status: SandboxStatus::default(),
            domain: None,
            dns: None,
            source_vault_id: None,
            refresh_available: None,
            created_date: None,
            release: None,
            expiration_date: None,
        }
    }

    /// Where its own Vault is, by the list of the Vault that is reached at `parent`. What is done in
    /// a sandbox must not happen in its parent, so a list that names the parent's own DNS names none.
    ///
    /// # Errors
    ///
    /// The list says nothing, or as [`VaultDns::of_sandbox`].
    pub fn own_dns(&self, parent: &VaultDns) -> Result<VaultDns, OwnDnsError> {
        let text = self.dns.as_deref().ok_or(OwnDnsError::Missing)?;
        parent.of_sandbox(text)
    }
}

/// Whether a sandbox can be used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SandboxStatus {
    /// New, or just refreshed.
    Building,
    /// It can be used.
    Active,
    /// It cannot be reached.
    Inactive,
    /// It is going away.
    Deleting,
    /// Any other; the text as Vault wrote it.
    Unknown(String),
}

impl SandboxStatus {
    /// The word that Vault uses.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Building => "building",
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Deleting => "deleting",
            Self::Unknown(text) => text,
        }
    }

    /// Whether a token for the sandbox can be asked for. A status that is not known is Vault's to
    /// judge.
    #[must_use]
    pub fn takes_tokens(&self) -> bool {
        match self {
            Self::Active | Self::Unknown(_) => true,
            Self::Building | Self::Inactive | Self::Deleting => false,
        }
    }
}

impl Default for SandboxStatus {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SandboxStatus, D::Error> {
    let text = wire::text_or_empty(deserializer)?;
    Ok(match text.as_str() {
        "building" => SandboxStatus::Building,
        "active" => SandboxStatus::Active,
        "inactive" => SandboxStatus::Inactive,
        "deleting" => SandboxStatus::Deleting,
        _ => SandboxStatus::Unknown(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_cannot_be_read_takes_nothing_with_it() {
        let read = |time: serde_json::Value| -> Option<DateTime<Utc>> {
            let wire = serde_json::json!({
                "name": "VeePharm Sandbox", "refresh_available": time, "created_date": time,
                "expiration_date": time,
            });
            let sandbox: Sandbox = serde_json::from_value(wire).unwrap();
            assert_eq!(sandbox.name, "VeePharm Sandbox");
            assert_eq!(sandbox.refresh_available, sandbox.created_date);
            assert_eq!(sandbox.refresh_available, sandbox.expiration_date);
            sandbox.refresh_available
        };
        let ten = "2026-11-02T10:00:00Z".parse().ok();
        for known in [
            "2026-11-02T10:00:00Z",
            "2026-11-02T10:00:00.000Z",
            "2026-11-02T11:00:00.000+01:00",
        ] {
            assert_eq!(read(known.into()), ten, "{known}");
        }
        for unknown in [
            "\"NULL\"",
            "\"\"",
            "null",
            "\"soon\"",
            "\"2026-11-02\"",
            "1793613600000",
            "[]",
            "{\"at\": 1}",
            "true",
        ] {
            assert_eq!(
                read(serde_json::from_str(unknown).unwrap()),
                None,
                "{unknown}"
            );
        }
        let made = Sandbox::new("VeePharm Sandbox");
        assert_eq!(Sandboxes::new(vec![made]).active[0].refresh_available, None);
    }

    fn sandbox(more: &str) -> Sandbox {
        serde_json::from_str(&format!(r#"{{"name":"A"{more}}}"#)).unwrap()
    }

    #[test]
    fn which_sandboxes_take_tokens() {
        for (status, takes) in [
            ("active", true),
            ("building", false),
            ("inactive", false),
            ("deleting", false),
            ("resting", true),
            ("", true),
        ] {
            let sandbox = sandbox(&format!(r#","status":"{status}""#));
            assert_eq!(sandbox.status.takes_tokens(), takes, "{status}");
        }
    }

    #[test]
    fn a_list_that_names_the_parent_names_no_place() {
        let parent = VaultDns::parse("veepharm.veevavault.com").unwrap();
        let of = |more: &str| sandbox(more).own_dns(&parent);
        assert_eq!(of(""), Err(OwnDnsError::Missing));
        assert_eq!(of(r#","dns":"NULL""#), Err(OwnDnsError::Missing));
        assert_eq!(
            of(r#","dns":"VeePharm.veevavault.com""#),
            Err(OwnDnsError::IsParent)
        );
        assert!(matches!(
            of(r#","dns":"https://a.b""#),
            Err(OwnDnsError::Invalid(_))
        ));
        let own = VaultDns::parse("veepharm-sandbox.vaultdev.com").unwrap();
        assert_eq!(of(r#","dns":"veepharm-sandbox.vaultdev.com""#), Ok(own));
    }
}
