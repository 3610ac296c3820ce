use serde::Deserialize;

use super::Sandbox;
use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::types::VaultId;
use crate::validation::ValidationError;
use crate::wire;

/// Shows one sandbox of the Vault called.
///
/// `GET /api/{version}/objects/sandbox/{vault_id}`, answered with [`SandboxDetails`]. Safe to
/// repeat.
///
/// [Veeva: retrieve sandbox details by ID][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/sandbox-vaults/retrieve-sandbox-details-by-id/
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct ShowSandbox {
    vault_id: VaultId,
}

impl ShowSandbox {
    /// The sandbox whose own Vault has this number.
    pub fn new(vault_id: VaultId) -> Self {
        Self { vault_id }
    }
}

impl Endpoint for ShowSandbox {
    type Output = SandboxDetails;
    const NAME: &'static str = "show_sandbox";
    const METHOD: http::Method = http::Method::GET;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        ApiPath::versioned()
            .literal("objects/sandbox")
            .segment(&self.vault_id.to_string())
    }

    fn read(answer: &Answer<'_>) -> Result<SandboxDetails, ProtocolProblem> {
        answer.data()
    }
}

/// A sandbox and how full it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SandboxDetails {
    /// The sandbox.
    #[serde(flatten)]
    pub sandbox: Sandbox,
    /// What it uses of its size; counted once a day.
    #[serde(default, deserialize_with = "wire::list")]
    pub limits: Vec<Limit>,
}

/// Use of one of the quantities that a size limits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Limit {
    /// `total_object_records` or `document_versions`.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// How many there are.
    #[serde(default, deserialize_with = "wire::parsed")]
    pub used: Option<u64>,
    /// How many there may be.
    #[serde(default, deserialize_with = "wire::parsed")]
    pub allowed: Option<u64>,
}
