use super::salvage;
use super::token_request::{self, Encoding, IssuedToken, TokenRequest, token_endpoint};
use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::payload::Payload;

use crate::types::{Expiry, TokenName, UserId};
use crate::validation::ValidationError;

/// Generates an API access token for another user in the Vault called.
///
/// `POST /api/{version}/objects/users/{user_id}/api_access_token__sys`, answered with an
/// [`IssuedToken`]. **Not to be repeated**: every success takes one of the 25 places that the user
/// has. Veeva documents that it does not work for `VeevaID` users.
///
/// [Veeva: generate API access token][page].
///
/// [page]: https://limited.veevavault.dev/regulatory/vault-api/api-reference/26.2/users/api-access-tokens/generate-api-access-token/
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct GenerateUserToken {
    user: UserId,
    request: TokenRequest,
}

impl GenerateUserToken {
    /// A token with this name, for this user, that expires as said: [`Expiry::never`] has to be written.
    pub fn new(user: UserId, name: TokenName, expiry: Expiry) -> Self {
        Self {
            user,
            request: TokenRequest::new(name, expiry),
        }
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }

    fn token_path(&self) -> Result<ApiPath, ValidationError> {
        ApiPath::versioned()
            .literal("objects/users")
            .segment(&self.user.to_string())
            .map(|path| path.literal("api_access_token__sys"))
    }
}

token_endpoint!(GenerateUserToken, "generate_user_token");
