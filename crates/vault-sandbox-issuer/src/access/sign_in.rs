//! Being let in, and to the right Vault: by password, by an identity provider's token, or with a
//! session or access token that is there already.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;

use vault_sandbox_core::endpoints::{
    Discover, Discovery, EndSession, ListVersions, OauthSignIn, Session, SignIn, User, WhoAmI,
    WrongVault, check_served_by,
};
use vault_sandbox_core::{Error, Reply, SessionId, UserName, VaultDns, VaultErrorKind, VaultId};

use super::{Access, AccessError, Credential, Expected};
use crate::observer::{Notice, Secret};

/// Why a [`Renewal`] has nothing to give.
pub type RenewalError = Box<dyn StdError + Send + Sync>;

/// What a kept session that has ended is renewed with. `()` has nothing.
pub trait Renewal: Send + Sync {
    /// Something new to sign in with. `None`: there is nothing at hand.
    fn credential<'a>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Credential>, RenewalError>> + Send + 'a>>;

    /// The session that was opened with it, to be kept in place of the one that has ended.
    fn opened(&self, session: &OpenedSession);
}

impl Renewal for () {
    fn credential<'a>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Credential>, RenewalError>> + Send + 'a>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn opened(&self, _: &OpenedSession) {}
}

/// A session that was opened just now.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OpenedSession {
    /// The session.
    pub session: SessionId,
    /// The Vault that it is of.
    pub vault_id: VaultId,
    /// Whose it is; not known where an identity provider's token was exchanged.
    pub user: Option<UserName>,
}

/// Which sign-in a call was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignInNumber(u32);

impl Access {
    /// Makes sure that there is something to call with, and that it is for the Vault asked for as
    /// far as that can be known: before anything is asked of Vault.
    ///
    /// # Errors
    ///
    /// Somebody is not let in, or not to the right Vault.
    pub async fn sign_in(&self) -> Result<(), AccessError> {
        match self.credential() {
            Credential::Password { .. } | Credential::Oauth { .. } => {
                self.open_session().await.map(|_| ())
            }
            // It may have ended since it was kept.
            Credential::Kept { vault_id, .. } => self.check_kept(vault_id).await,
            Credential::Session(_) | Credential::Token(_) | Credential::None => {
                self.check_expected().await
            }
        }
    }

    /// The sign-in that calls are made with now.
    #[must_use]
    pub fn sign_in_number(&self) -> SignInNumber {
        self.current().sign_in
    }

    /// Signs in again after Vault said, to a call of this sign-in, that the session is invalid.
    /// `false`: there is nothing to do that with, or it was refused before. However many ask for it,
    /// it is done once.
    ///
    /// # Errors
    ///
    /// Somebody is not let in, or not to the right Vault.
    pub async fn sign_in_again(&self, stale: SignInNumber) -> Result<bool, AccessError> {
        let _signing_in = self.0.signing_in.lock().await;
        if self.sign_in_number() != stale {
            return Ok(true);
        }
        if self.current().was_refused {
            return Ok(false);
        }
        match self.credential() {
            Credential::Session(_) | Credential::Token(_) | Credential::None => Ok(false),
            Credential::Password { .. } | Credential::Oauth { .. } => {
                self.open_session().await.map(|_| true)
            }
            Credential::Kept { .. } => self.renew().await.map(|()| true),
        }
    }

    /// Opens a session with the credential. `None`: it is not one to sign in with.
    ///
    /// # Errors
    ///
    /// Somebody is not let in, or not to the right Vault.
    pub async fn open_session(&self) -> Result<Option<OpenedSession>, AccessError> {
        let vault = &self.0.vault;
        let (answer, user) = match self.credential() {
            Credential::Password { user, password } => {
                let signing_in = Notice::SigningIn { vault, user: &user };
                self.0.observer.notice(signing_in);
                let sign_in = SignIn::new(user.clone(), password).vault_dns(vault.clone());
                (self.call(&sign_in).await, Some(user))
            }
            Credential::Oauth { profile, token } => {
                let login = login_host(vault);
                let exchanging = Notice::ExchangingToken {
                    login: &login,
                    vault,
                };
                self.0.observer.notice(exchanging);
                let mut sign_in = OauthSignIn::new(profile, token).vault_dns(vault.clone());
                if let Some(client_id) = &self.0.oauth_client_id {
                    sign_in = sign_in.client_id(client_id.clone());
                }
                (self.client(&login, None).call(&sign_in).await, None)
            }
            _ => return Ok(None),
        };
        let session = answer.map_err(|error| self.refused(error))?.value;
        let secret = Secret::Session(&session.session_id);
        self.0.observer.notice(Notice::Secret(secret));
        self.check_landing(&session).await?;
        let mut current = self.current();
        current.vault_id = Some(session.vault_id);
        current.authorization = Some(session.session_id.clone().into());
        current.sign_in.0 += 1;
        drop(current);
        Ok(Some(OpenedSession {
            session: session.session_id,
            vault_id: session.vault_id,
            user,
        }))
    }

    /// Takes note of which Vault served a call: not another than the one signed in to, nor than the
    /// one that is expected.
    ///
    /// # Errors
    ///
    /// It is another one.
    pub fn check_served_by(&self, served: Option<VaultId>) -> Result<(), AccessError> {
        let signed_in = self.vault_id();
        match check_served_by(signed_in.or(self.0.expected), served) {
            Err(WrongVault::OtherServes { expected, served }) => Err(AccessError::OtherServes {
                vault: self.0.vault.clone(),
                expected: match signed_in {
                    Some(id) => Expected::SignedIn(id),
                    None => Expected::Pinned(expected),
                },
                served,
            }),
            Err(other) => Err(AccessError::SignedInElsewhere(other)),
            Ok(()) => {
                let mut current = self.current();
                current.vault_id = current.vault_id.or(served);
                Ok(())
            }
        }
    }

    /// Whether the Vault's own URLs lead to the DNS asked for: what a credential given by hand opens
    /// is known no other way. Where it cannot be found out, it stays open.
    ///
    /// # Errors
    ///
    /// They lead somewhere else.
    pub async fn check_own_urls(&self) -> Result<(), AccessError> {
        match self.look(&ListVersions::new()).await {
            Ok(reply) if !reply.value.are_of(&self.0.vault) => {
                Err(AccessError::CallsItselfOtherwise {
                    vault: self.0.vault.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Who the caller is.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn who(&self) -> Result<Reply<User>, Error> {
        self.look(&WhoAmI::new()).await
    }

    /// Ends the session in use. What becomes of that is the caller's to judge.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn end_session(&self) -> Result<(), Error> {
        self.call(&EndSession::new()).await.map(|_| ())
    }

    /// How a user signs in. Needs no credential.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn discover(&self, user: &UserName) -> Result<Discovery, Error> {
        let mut discover = Discover::new(user.clone());
        if let Some(client_id) = &self.0.oauth_client_id {
            discover = discover.client_id(client_id.clone());
        }
        let login = login_host(&self.0.vault);
        let answer = self.client(&login, None).call(&discover).await;
        answer.map(|reply| reply.value)
    }

    async fn check_expected(&self) -> Result<(), AccessError> {
        if self.0.expected.is_none() {
            return Ok(());
        }
        let answer = self.who().await;
        let served = served_by(&answer);
        self.check_served_by(served)?;
        match answer {
            Err(error) if !is_about_access(&error) => Err(self.cannot_look(false, error)),
            _ => {
                if served.is_none() {
                    self.0.observer.notice(Notice::VaultNotCompared);
                }
                Ok(())
            }
        }
    }

    async fn check_kept(&self, kept: VaultId) -> Result<(), AccessError> {
        self.current().vault_id = Some(kept);
        if let Some(expected) = self.0.expected.filter(|expected| *expected != kept) {
            return Err(AccessError::KeptOfOther {
                vault: self.0.vault.clone(),
                expected,
                kept,
            });
        }
        let answer = self.who().await;
        self.check_served_by(served_by(&answer))?;
        match answer {
            Err(error) if error.vault_kind() == Some(&VaultErrorKind::InvalidSessionId) => {
                self.renew().await
            }
            Err(error) if !is_about_access(&error) => Err(self.cannot_look(true, error)),
            _ => Ok(()),
        }
    }

    /// One new sign-in in place of a kept session that has ended. It is kept as the old one was.
    async fn renew(&self) -> Result<(), AccessError> {
        let renewed = self.0.renewal.credential().await;
        let Some(credential) = renewed.map_err(AccessError::Renewal)? else {
            return Err(AccessError::KeptEnded {
                vault: self.0.vault.clone(),
            });
        };
        self.current().credential = credential;
        let Some(opened) = self.open_session().await? else {
            return Ok(());
        };
        self.0.renewal.opened(&opened);
        self.current().credential = Credential::Kept {
            session: opened.session,
            vault_id: opened.vault_id,
        };
        Ok(())
    }

    /// Whatever Vault calls it: at sign-in, a refusal is about who wants to come in.
    fn refused(&self, source: Error) -> AccessError {
        self.current().was_refused = matches!(source, Error::Vault { .. });
        AccessError::SignIn {
            vault: self.0.vault.clone(),
            source: Box::new(source),
        }
    }

    async fn check_landing(&self, session: &Session) -> Result<(), AccessError> {
        let Err(wrong) = session.check(&self.0.vault, self.0.expected) else {
            return Ok(());
        };
        self.current().was_refused = true;
        let authorization = session.session_id.clone().into();
        // Whatever becomes of that: it is not used.
        let _ = self
            .client(&self.0.vault, Some(authorization))
            .call(&EndSession::new())
            .await;
        Err(AccessError::SignedInElsewhere(wrong))
    }

    fn cannot_look(&self, is_kept: bool, source: Error) -> AccessError {
        AccessError::Look {
            vault: self.0.vault.clone(),
            is_kept,
            source: Box::new(source),
        }
    }
}

/// Where discovery and the exchange of an identity provider's token are served: a Vault on this
/// machine, which is a simulated one, serves them itself.
fn login_host(vault: &VaultDns) -> VaultDns {
    if vault.is_loopback() {
        vault.clone()
    } else {
        VaultDns::login()
    }
}

/// The Vault that answered, also where it refused.
fn served_by<T>(answer: &Result<Reply<T>, Error>) -> Option<VaultId> {
    match answer {
        Ok(reply) => reply.facts.vault_id,
        Err(error) => error.facts()?.vault_id,
    }
}

/// A user who may not even ask who they are is let in all the same: what they may do, the next call
/// says.
fn is_about_access(error: &Error) -> bool {
    error.vault_kind() == Some(&VaultErrorKind::InsufficientAccess)
}
