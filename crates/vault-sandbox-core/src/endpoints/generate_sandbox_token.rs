use super::salvage;
use super::token_request::{self, Encoding, IssuedToken, TokenRequest, token_endpoint};
use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::payload::Payload;

use crate::types::{Expiry, SandboxName, TokenName};
use crate::validation::ValidationError;

/// Generates an API access token for the caller in a sandbox of the Vault called.
///
/// `POST /api/{version}/objects/sandbox/{sandbox_name}/users/me/api_access_token__sys`, answered
/// with an [`IssuedToken`]. **Not to be repeated**: every success takes one of the 25 places that a
/// user has, and shows its value once. The token works in the sandbox's own Vault, not in the one
/// called; it is kept when the sandbox is refreshed.
///
/// [Veeva: generate API access token for sandbox][page].
///
/// [page]: https://limited.veevavault.dev/commercial/vault-api/api-reference/26.2/sandbox-vaults/generate-api-access-token-for-sandbox
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct GenerateSandboxToken {
    sandbox: SandboxName,
    request: TokenRequest,
}

impl GenerateSandboxToken {
    /// A token with this name, in this sandbox, that expires as said: [`Expiry::never`] has to be written.
    pub fn new(sandbox: SandboxName, name: TokenName, expiry: Expiry) -> Self {
        Self {
            sandbox,
            request: TokenRequest::new(name, expiry),
        }
    }

    /// The sandbox.
    #[must_use]
    pub fn sandbox(&self) -> &SandboxName {
        &self.sandbox
    }

    fn token_path(&self) -> Result<ApiPath, ValidationError> {
        ApiPath::versioned()
            .literal("objects/sandbox")
            .segment(self.sandbox.as_str())
            .map(|path| path.literal("users/me/api_access_token__sys"))
    }
}

token_endpoint!(GenerateSandboxToken, "generate_sandbox_token");
