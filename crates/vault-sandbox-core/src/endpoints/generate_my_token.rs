use super::salvage;
use super::token_request::{self, Encoding, IssuedToken, TokenRequest, token_endpoint};
use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::payload::Payload;

use crate::types::{Expiry, TokenName};
use crate::validation::ValidationError;

/// Generates an API access token for the caller in the Vault called.
///
/// `POST /api/{version}/objects/users/me/api_access_token__sys`, answered with an [`IssuedToken`].
/// **Not to be repeated**: every success takes one of the 25 places that a user has.
///
/// [Veeva: generate my API access token][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/users/api-access-tokens/generate-my-api-access-token/
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct GenerateMyToken {
    request: TokenRequest,
}

impl GenerateMyToken {
    /// A token with this name, that expires as said: [`Expiry::never`] has to be written.
    pub fn new(name: TokenName, expiry: Expiry) -> Self {
        Self {
            request: TokenRequest::new(name, expiry),
        }
    }

    fn token_path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned().literal("objects/users/me/api_access_token__sys"))
    }
}

token_endpoint!(GenerateMyToken, "generate_my_token");
