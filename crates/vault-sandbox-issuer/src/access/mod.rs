//! A Vault that can be called, by many at once: the transport, the credential, the right Vault, the pace.

mod error;
mod gate;
mod sign_in;
mod wire;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vault_sandbox_core::retry::{Decision, Policy};
use vault_sandbox_core::{
    AccessToken, ApiVersion, Authorization, Client, Endpoint, Error, HttpRequest, HttpTransport,
    IdentityToken, OauthProfileId, Password, Reply, SessionId, SharedTransport, UserName,
    ValidationError, Vault, VaultDns, VaultId, encode,
};

pub use error::{AccessError, Expected};
pub use gate::{Gate, Turn};
pub use sign_in::{OpenedSession, Renewal, RenewalError, SignInNumber};

use crate::observer::Observer;
use wire::Wire;

/// A call that only looks is repeated after pauses no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What lets somebody in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credential {
    /// None, yet: to find out [how a user signs in](Access::discover).
    None,
    /// A session ID that was given.
    Session(SessionId),
    /// An access token that was given.
    Token(AccessToken),
    /// A user name and a password, to sign in with.
    Password {
        /// The user.
        user: UserName,
        /// The password.
        password: Password,
    },
    /// An identity provider's token, to be exchanged for a session.
    Oauth {
        /// The profile of the exchange.
        profile: OauthProfileId,
        /// The token.
        token: IdentityToken,
    },
    /// A session that an earlier run opened and kept: it may have ended since, and is then
    /// [renewed](Renewal).
    Kept {
        /// The session.
        session: SessionId,
        /// The Vault that it is of.
        vault_id: VaultId,
    },
}

impl Credential {
    fn authorization(&self) -> Option<Authorization> {
        match self {
            Self::Session(session) | Self::Kept { session, .. } => Some(session.clone().into()),
            Self::Token(token) => Some(token.clone().into()),
            Self::None | Self::Password { .. } | Self::Oauth { .. } => None,
        }
    }
}

/// A Vault that can be called, by many at once. Cloning it shares the sign-in and the pace.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    transport: Wire,
    gate: Arc<Gate>,
    vault: VaultDns,
    version: ApiVersion,
    expected: Option<VaultId>,
    oauth_client_id: Option<String>,
    renewal: Arc<dyn Renewal>,
    observer: Arc<dyn Observer>,
    /// Never held while anything is waited for.
    current: Mutex<Current>,
    /// Held while signing in: whoever comes meanwhile waits for what comes of it.
    signing_in: tokio::sync::Mutex<()>,
}

/// How calls are made at present.
struct Current {
    credential: Credential,
    authorization: Option<Authorization>,
    /// The ID of the Vault signed in to.
    vault_id: Option<VaultId>,
    /// Vault refused to let us in: not to be tried again, because accounts lock.
    was_refused: bool,
    /// Goes up with every sign-in: a call that was refused knows by it whether it came too late.
    sign_in: SignInNumber,
}

/// How an [`Access`] is made.
#[must_use]
pub struct AccessBuilder {
    vault: VaultDns,
    version: ApiVersion,
    credential: Credential,
    expected: Option<VaultId>,
    oauth_client_id: Option<String>,
    renewal: Arc<dyn Renewal>,
    observer: Arc<dyn Observer>,
    at_a_time: usize,
}

impl fmt::Debug for AccessBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessBuilder")
            .field("vault", &self.vault)
            .field("version", &self.version)
            .field("credential", &self.credential)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

impl AccessBuilder {
    /// In this API version; [26.2](ApiVersion::V26_2) unless this is called.
    pub fn version(mut self, version: ApiVersion) -> Self {
        self.version = version;
        self
    }

    /// Only if the Vault has this ID.
    pub fn expected_vault_id(mut self, id: Option<VaultId>) -> Self {
        self.expected = id;
        self
    }

    /// The client at the authorization server, where one is needed to exchange a token.
    pub fn oauth_client_id(mut self, id: Option<String>) -> Self {
        self.oauth_client_id = id;
        self
    }

    /// What a kept session that has ended is renewed with.
    pub fn renewal(mut self, renewal: Arc<dyn Renewal>) -> Self {
        self.renewal = renewal;
        self
    }

    /// Who is told what happens.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Has so many requests be under way at a time; one, unless this is called.
    pub fn at_a_time(mut self, most: usize) -> Self {
        self.at_a_time = most;
        self
    }

    /// Over this transport. Nothing is sent yet.
    pub fn over(self, transport: impl HttpTransport + 'static) -> Access {
        let gate = Arc::new(Gate::new(self.at_a_time));
        let transport = SharedTransport::new(transport);
        Access(Arc::new(Inner {
            transport: Wire::new(transport, Arc::clone(&gate), Arc::clone(&self.observer)),
            gate,
            vault: self.vault,
            version: self.version,
            expected: self.expected,
            oauth_client_id: self.oauth_client_id,
            renewal: self.renewal,
            observer: self.observer,
            current: Mutex::new(Current {
                authorization: self.credential.authorization(),
                credential: self.credential,
                vault_id: None,
                was_refused: false,
                sign_in: SignInNumber::default(),
            }),
            signing_in: tokio::sync::Mutex::default(),
        }))
    }
}

impl Access {
    /// To this Vault with this credential.
    pub fn to(vault: VaultDns, credential: Credential) -> AccessBuilder {
        AccessBuilder {
            vault,
            version: ApiVersion::V26_2,
            credential,
            expected: None,
            oauth_client_id: None,
            renewal: Arc::new(()),
            observer: Arc::new(()),
            at_a_time: 1,
        }
    }

    /// The Vault's DNS.
    #[must_use]
    pub fn vault(&self) -> &VaultDns {
        &self.0.vault
    }

    /// The API version of calls.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        self.0.version
    }

    /// The ID of the Vault signed in to, once it is known.
    #[must_use]
    pub fn vault_id(&self) -> Option<VaultId> {
        self.current().vault_id
    }

    /// What lets us in at present.
    #[must_use]
    pub fn credential(&self) -> Credential {
        self.current().credential.clone()
    }

    /// Lets requests through.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.0.gate
    }

    /// Calls the Vault, once, when its turn comes.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn call<E: Endpoint>(&self, endpoint: &E) -> Result<Reply<E::Output>, Error> {
        let turn = self.gate().turn().await;
        self.call_in(&turn, endpoint).await
    }

    /// Calls the Vault, once, in a turn that was waited for.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn call_in<E: Endpoint>(
        &self,
        _turn: &Turn,
        endpoint: &E,
    ) -> Result<Reply<E::Output>, Error> {
        let client = self.client(&self.0.vault, self.authorization());
        client.call(endpoint).await
    }

    /// Calls another Vault, which this one's own list names, as the same user or with a token, once,
    /// when its turn comes.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn call_at<E: Endpoint>(
        &self,
        vault: &VaultDns,
        token: Option<Authorization>,
        endpoint: &E,
    ) -> Result<Reply<E::Output>, Error> {
        let _turn = self.gate().turn().await;
        let authorization = token.or_else(|| self.authorization());
        self.client(vault, authorization).call(endpoint).await
    }

    /// Calls the Vault with something that only looks, a few times if it has to be.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn look<E: Endpoint>(&self, endpoint: &E) -> Result<Reply<E::Output>, Error> {
        let policy = Policy::default();
        let mut attempt = 1;
        loop {
            let error = match self.call(endpoint).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            match policy.decide(attempt, E::REPEAT, &error) {
                Decision::After(pause) if pause <= LONGEST_PAUSE => {
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(error),
            }
            attempt += 1;
        }
    }

    /// The exact request, to be shown. Its credential is marked sensitive.
    ///
    /// # Errors
    ///
    /// It cannot be sent.
    pub fn request<E: Endpoint>(&self, endpoint: &E) -> Result<HttpRequest, ValidationError> {
        encode(endpoint, &self.at(&self.0.vault, self.authorization()))
    }

    /// Who is told what happens.
    pub(crate) fn observer(&self) -> &Arc<dyn Observer> {
        &self.0.observer
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.0
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn authorization(&self) -> Option<Authorization> {
        self.current().authorization.clone()
    }

    fn client(&self, vault: &VaultDns, authorization: Option<Authorization>) -> Client<&Wire> {
        Client::new(&self.0.transport, self.at(vault, authorization))
    }

    fn at(&self, vault: &VaultDns, authorization: Option<Authorization>) -> Vault {
        let vault = Vault::new(vault.clone()).version(self.0.version);
        match authorization {
            Some(authorization) => vault.authorized(authorization),
            None => vault,
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("vault", &self.0.vault)
            .field("vault_id", &self.vault_id())
            .finish_non_exhaustive()
    }
}
