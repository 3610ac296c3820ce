use super::Session;
use crate::endpoint::{Answer, Caller, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::payload::{Form, Payload};
use crate::types::{IdentityToken, OauthProfileId, VaultDns};
use crate::validation::ValidationError;

/// Exchanges an identity provider's access token for a session.
///
/// `POST /auth/oauth/session/{profile}` on [`VaultDns::login`], answered with a [`Session`]. Not
/// to be repeated by itself. The Vault landed in has to be checked ([`Session::check`]).
///
/// [Veeva: OAuth 2.0 / OpenID Connect][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/authentication/oauth-2-0-openid-connect/
#[derive(Debug, Clone)]
#[must_use]
pub struct OauthSignIn {
    profile: OauthProfileId,
    token: IdentityToken,
    vault_dns: Option<VaultDns>,
    client_id: Option<String>,
}

impl OauthSignIn {
    /// By this profile of the Vault, with this token of the identity provider.
    pub fn new(profile: OauthProfileId, token: IdentityToken) -> Self {
        Self {
            profile,
            token,
            vault_dns: None,
            client_id: None,
        }
    }

    /// To this Vault. Without it, Vault chooses one.
    pub fn vault_dns(mut self, dns: VaultDns) -> Self {
        self.vault_dns = Some(dns);
        self
    }

    /// The client ID at the authorization server; not the one in Vault's logs.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }
}

impl Endpoint for OauthSignIn {
    type Output = Session;
    const NAME: &'static str = "oauth_sign_in";
    const METHOD: http::Method = http::Method::POST;
    const REPEAT: Repeat = Repeat::Once;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        ApiPath::root()
            .literal("auth/oauth/session")
            .segment(self.profile.as_str())
    }

    fn payload(&self) -> Payload {
        let dns = self.vault_dns.as_ref().map(VaultDns::authority);
        Payload::form(
            Form::new()
                .optional("vaultDNS", dns.as_deref())
                .optional("client_id", self.client_id.as_deref()),
        )
    }

    fn caller(&self) -> Caller<'_> {
        Caller::Identity(&self.token)
    }

    fn read(answer: &Answer<'_>) -> Result<Session, ProtocolProblem> {
        Session::read(answer)
    }
}
