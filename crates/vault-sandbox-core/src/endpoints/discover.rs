use serde::Deserialize;

use crate::endpoint::{Answer, Caller, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::types::UserName;
use crate::validation::ValidationError;
use crate::wire;

/// Asks how a user signs in.
///
/// `POST /auth/discovery` on [`VaultDns::login`](crate::VaultDns::login), answered with a
/// [`Discovery`]. Safe to repeat; needs no session.
///
/// [Veeva: authentication type discovery][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/authentication/authentication-type-discovery/
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Discover {
    user: UserName,
    client_id: Option<String>,
}

impl Discover {
    /// How this user signs in.
    pub fn new(user: UserName) -> Self {
        Self {
            user,
            client_id: None,
        }
    }

    /// With the mapping of a client ID at the authorization server.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }
}

impl Endpoint for Discover {
    type Output = Discovery;
    const NAME: &'static str = "discover";
    const METHOD: http::Method = http::Method::POST;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        let path = ApiPath::root()
            .literal("auth/discovery")
            .query("username", self.user.as_str());
        Ok(match &self.client_id {
            Some(client_id) => path.query("client_id", client_id),
            None => path,
        })
    }

    fn caller(&self) -> Caller<'_> {
        Caller::Anonymous
    }

    fn read(answer: &Answer<'_>) -> Result<Discovery, ProtocolProblem> {
        answer.data()
    }
}

/// How a user signs in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Discovery {
    /// By password or by single sign-on.
    pub auth_type: AuthType,
    /// The profiles for single sign-on; none for SAML.
    #[serde(default, deserialize_with = "wire::list")]
    pub auth_profiles: Vec<AuthProfile>,
}

/// A way of signing in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
#[non_exhaustive]
pub enum AuthType {
    /// User name and password.
    Password,
    /// Single sign-on.
    Sso,
    /// Any other; the text as Vault wrote it.
    Unknown(String),
}

impl From<String> for AuthType {
    fn from(text: String) -> Self {
        match text.as_str() {
            "password" => Self::Password,
            "sso" => Self::Sso,
            _ => Self::Unknown(text),
        }
    }
}

/// A profile for single sign-on by OAuth 2.0 / OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AuthProfile {
    /// Its ID, for [`OauthSignIn`](super::OauthSignIn).
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Its name for people.
    #[serde(default, deserialize_with = "wire::text")]
    pub label: Option<String>,
    /// Its description.
    #[serde(default, deserialize_with = "wire::text")]
    pub description: Option<String>,
    /// Where Vault says that the identity provider's token goes. Check the host before sending it.
    #[serde(default, deserialize_with = "wire::text")]
    pub vault_session_endpoint: Option<String>,
    /// The client ID at the authorization server, where one is mapped.
    #[serde(default, deserialize_with = "wire::text")]
    pub as_client_id: Option<String>,
}
