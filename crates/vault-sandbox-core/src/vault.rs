use crate::types::{ApiVersion, Authorization, ClientId, VaultDns};

/// A Vault and how it is spoken to: everything about a request that is not the endpoint's.
#[derive(Debug, Clone)]
#[must_use]
pub struct Vault {
    dns: VaultDns,
    version: ApiVersion,
    authorization: Option<Authorization>,
    client_id: Option<ClientId>,
}

impl Vault {
    /// The Vault at this DNS, in API version `v26.2`, without a credential.
    pub fn new(dns: VaultDns) -> Self {
        Self {
            dns,
            version: ApiVersion::default(),
            authorization: None,
            client_id: None,
        }
    }

    /// In another API version.
    pub fn version(mut self, version: ApiVersion) -> Self {
        self.version = version;
        self
    }

    /// As the holder of a session ID or an access token.
    pub fn authorized(mut self, authorization: impl Into<Authorization>) -> Self {
        self.authorization = Some(authorization.into());
        self
    }

    /// With a client ID, by which Vault's logs and its client ID filter know the caller.
    pub fn client_id(mut self, client_id: ClientId) -> Self {
        self.client_id = Some(client_id);
        self
    }

    /// Where it is.
    #[must_use]
    pub fn dns(&self) -> &VaultDns {
        &self.dns
    }

    /// The API version of requests.
    #[must_use]
    pub fn api_version(&self) -> ApiVersion {
        self.version
    }

    /// The credential, if there is one.
    #[must_use]
    pub fn authorization(&self) -> Option<&Authorization> {
        self.authorization.as_ref()
    }

    /// The client ID, if there is one.
    #[must_use]
    pub fn api_client_id(&self) -> Option<&ClientId> {
        self.client_id.as_ref()
    }
}
