use std::collections::BTreeMap;

use serde::Deserialize;

use super::sign_in::is_at;
use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::types::{ApiVersion, VaultDns};
use crate::validation::ValidationError;

/// Lists the API versions that a Vault serves.
///
/// `GET /api/`, answered with [`Versions`]. Safe to repeat.
///
/// [Veeva: retrieve API versions][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/authentication/retrieve-api-versions/
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
#[non_exhaustive]
pub struct ListVersions;

impl ListVersions {
    /// Of the Vault called.
    pub fn new() -> Self {
        Self
    }
}

impl Endpoint for ListVersions {
    type Output = Versions;
    const NAME: &'static str = "list_versions";
    const METHOD: http::Method = http::Method::GET;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::root().literal("api/"))
    }

    fn read(answer: &Answer<'_>) -> Result<Versions, ProtocolProblem> {
        #[derive(Deserialize)]
        struct Wire {
            values: BTreeMap<String, String>,
        }
        Ok(Versions {
            urls: answer.whole::<Wire>()?.values,
        })
    }
}

/// API versions and their URLs. The newest may be a beta, which may still change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    urls: BTreeMap<String, String>,
}

impl Versions {
    /// Whether the Vault serves a version.
    #[must_use]
    pub fn includes(&self, version: ApiVersion) -> bool {
        self.urls.contains_key(&version.to_string())
    }

    /// All that are served, oldest first; texts that are no versions are left out.
    #[must_use]
    pub fn all(&self) -> Vec<ApiVersion> {
        let mut all: Vec<_> = self
            .urls
            .keys()
            .filter_map(|text| text.parse().ok())
            .collect();
        all.sort_unstable();
        all
    }

    /// Whether every URL leads to this DNS: the answer of a Vault names the Vault's own, so that a
    /// credential given by hand can be seen to belong to another.
    #[must_use]
    pub fn are_of(&self, dns: &VaultDns) -> bool {
        !self.urls.is_empty() && self.urls.values().all(|url| is_at(url, dns))
    }
}
