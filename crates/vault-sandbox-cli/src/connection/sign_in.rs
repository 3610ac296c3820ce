//! Being let in, and to the right Vault: by password, by an identity provider's token, or with a
//! session or access token that is there already.

use std::sync::Arc;

use chrono::Utc;
use vault_sandbox_core::endpoints::{
    Discover, Discovery, EndSession, ListVersions, OauthSignIn, Session, SignIn, User, WhoAmI,
    WrongVault, check_served_by,
};
use vault_sandbox_core::{
    Client, Error, Reply, SessionId, UserName, Vault, VaultDns, VaultErrorKind, VaultId,
};
use vault_sandbox_issuer::state::KeptSession;

use super::logged::Logged;
use super::{Connection, Visit};
use crate::credentials::{self, Found, Means};
use crate::exit::Exit;
use crate::pace::Gate;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::voice::Voice;

/// A session that was opened just now.
pub(crate) struct Arrived {
    pub(crate) session: SessionId,
    pub(crate) vault_id: VaultId,
}

impl Connection {
    /// Makes sure that there is something to call with, and that it is for the Vault asked for as
    /// far as that can be known: before anything is asked of Vault.
    pub(crate) async fn sign_in(&self) -> Result<(), Problem> {
        match self.found().means {
            Means::Password { .. } | Means::Oauth { .. } => self.arrive().await.map(|_| ()),
            // It may have ended since it was kept.
            Means::Kept(_) => self.check_kept().await,
            Means::Session(_) | Means::Token(_) => self.check_pin().await,
        }
    }

    /// Signs in again after Vault said, to a call of this visit, that the session is invalid.
    /// `false`: there is nothing to do that with, or it was refused before. However many ask for it,
    /// it is done once.
    pub(crate) async fn sign_in_again(&self, stale: Visit) -> Result<bool, Problem> {
        let _door = self.door.lock().await;
        if self.visit() != stale {
            return Ok(true);
        }
        if self.entry.borrow().was_refused {
            return Ok(false);
        }
        match self.found().means {
            Means::Session(_) | Means::Token(_) => Ok(false),
            Means::Password { .. } | Means::Oauth { .. } => self.arrive().await.map(|_| true),
            Means::Kept(_) => self.renew().await.map(|()| true),
        }
    }

    /// Signs in, with what was found for that.
    pub(crate) async fn arrive(&self) -> Result<Option<Arrived>, Problem> {
        let answer = match self.found().means {
            Means::Password { user, password } => {
                self.voice
                    .verbose(&format!("Signing in to {} as {user}.", self.dns));
                let sign_in = SignIn::new(user, password).vault_dns(self.dns.clone());
                self.call(&sign_in).await
            }
            Means::Oauth { profile, token } => {
                let login = self.login_host();
                self.voice.verbose(&format!(
                    "Exchanging the identity provider's token at {login} for a session of {}.",
                    self.dns
                ));
                let mut sign_in = OauthSignIn::new(profile, token).vault_dns(self.dns.clone());
                if let Some(client_id) = &self.settings.oauth_client_id {
                    sign_in = sign_in.client_id(client_id.clone());
                }
                self.client(&login, None).call(&sign_in).await
            }
            _ => return Ok(None),
        };
        let session = answer
            .map(|reply| reply.value)
            .map_err(|error| self.refused(&error))?;
        self.voice
            .learn(|scrubber| session.session_id.hide_in(scrubber));
        self.check_vault(&session).await?;
        let mut entry = self.entry.borrow_mut();
        entry.vault_id = Some(session.vault_id);
        entry.authorization = Some(session.session_id.clone().into());
        entry.visit.0 += 1;
        drop(entry);
        Ok(Some(Arrived {
            session: session.session_id,
            vault_id: session.vault_id,
        }))
    }

    /// Where discovery and the exchange of an identity provider's token are served.
    pub(crate) fn login_host(&self) -> VaultDns {
        login_host(&self.dns)
    }

    /// Takes note of which Vault served a call: not another than the one signed in to, nor than the
    /// one that the profile expects.
    pub(crate) fn check_served_by(&self, served: Option<VaultId>) -> Result<(), Problem> {
        let signed_in_to = self.vault_id();
        match check_served_by(signed_in_to.or(self.pin()), served) {
            Ok(()) => {
                let mut entry = self.entry.borrow_mut();
                entry.vault_id = entry.vault_id.or(served);
                Ok(())
            }
            Err(WrongVault::OtherServes { expected, served }) => {
                let expected = match signed_in_to {
                    Some(id) => format!("Signed in to Vault {id}"),
                    None => format!(
                        "The profile {:?} says Vault {expected}",
                        self.settings.profile.name
                    ),
                };
                Err(Problem::new(
                    Exit::SignIn,
                    format!("{expected}, but Vault {served} answers at {}.", self.dns),
                ))
            }
            Err(other) => Err(Problem::new(Exit::SignIn, format!("{other}."))),
        }
    }

    /// Whether the Vault's own URLs lead to the DNS asked for: what a credential given by hand opens
    /// is known no other way. Where it cannot be found out, it stays open.
    pub(crate) async fn check_own_urls(&self) -> Result<(), Problem> {
        match self.look(&ListVersions::new()).await {
            Ok(reply) if !reply.value.are_of(&self.dns) => Err(Problem::new(
                Exit::SignIn,
                format!(
                    "The Vault that answers calls itself something else than {}: the credential may belong to another Vault. Check --dns.",
                    self.dns
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Who the caller is.
    pub(crate) async fn who(&self) -> Result<Reply<User>, Error> {
        self.look(&WhoAmI::new()).await
    }

    /// Ends the session in use. What becomes of that is the caller's to judge.
    pub(crate) async fn end_session(&self) -> Result<(), Error> {
        self.call(&EndSession::new()).await.map(|_| ())
    }

    /// The number that the profile says the Vault has.
    fn pin(&self) -> Option<VaultId> {
        self.settings.profile_for(&self.dns)?.vault_id
    }

    async fn check_pin(&self) -> Result<(), Problem> {
        if self.pin().is_none() {
            return Ok(());
        }
        let answer = self.who().await;
        let served = served_by(&answer);
        self.check_served_by(served)?;
        match answer {
            Err(error) if !is_about_access(&error) => {
                let dns = self.dns.authority();
                Err(Problem::of_call(
                    &format!("Looking who is signed in to {dns}"),
                    &error,
                ))
            }
            _ if served.is_none() => {
                self.voice.warning(
                    &"Vault did not say which one it is, so its number was not compared with the profile's vault_id.",
                );
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn check_kept(&self) -> Result<(), Problem> {
        let Means::Kept(kept) = self.found().means else {
            return Ok(());
        };
        self.entry.borrow_mut().vault_id = Some(kept.vault_id);
        if let Some(expected) = self.pin().filter(|expected| *expected != kept.vault_id) {
            return Err(Problem::new(
                Exit::SignIn,
                format!(
                    "The profile {:?} says Vault {expected}, but the kept session is of Vault {}.",
                    self.settings.profile.name, kept.vault_id
                ),
            )
            .next("Sign in anew", self.login_command()));
        }
        let answer = self.who().await;
        self.check_served_by(served_by(&answer))?;
        match answer {
            Err(error) if error.vault_kind() == Some(&VaultErrorKind::InvalidSessionId) => {
                self.renew().await
            }
            Err(error) if !is_about_access(&error) => {
                let dns = self.dns.authority();
                Err(Problem::of_call(
                    &format!("Looking whether you are signed in to {dns}"),
                    &error,
                ))
            }
            _ => Ok(()),
        }
    }

    /// One new sign-in in place of a kept session that has ended, if the profile says how. It is
    /// kept as the old one was.
    async fn renew(&self) -> Result<(), Problem> {
        let command = credentials::by_command(&self.settings, &self.dns, &self.voice)?;
        let Some(found) = command else {
            return Err(Problem::new(
                Exit::SignIn,
                format!("The session kept for {} has ended.", self.dns.authority()),
            )
            .next("Sign in again", self.login_command()));
        };
        self.voice.verbose(&format!(
            "The kept session has ended; signing in by {}.",
            found.source
        ));
        let user = match &found.means {
            Means::Password { user, .. } => Some(user.clone()),
            _ => None,
        };
        let source = std::mem::replace(&mut self.entry.borrow_mut().found, found).source;
        let Some(arrived) = self.arrive().await? else {
            return Ok(());
        };
        let (dns, vault_id) = (self.dns.clone(), arrived.vault_id);
        let kept = KeptSession::new(dns, vault_id, arrived.session, Utc::now()).user(user);
        let written = self.settings.state().and_then(|state| {
            let reserved = state.sessions().reserve(&self.dns)?;
            Ok(reserved.keep(&kept)?)
        });
        if let Err(problem) = written {
            self.voice
                .warning(&format!("the new session is not kept: {}", problem.what));
        }
        self.entry.borrow_mut().found = Found {
            means: Means::Kept(Box::new(kept)),
            source,
        };
        Ok(())
    }

    fn login_command(&self) -> String {
        self.settings.typed.at(&self.dns, "auth login")
    }

    /// Whatever Vault calls it: at sign-in, a refusal is about who wants to come in.
    fn refused(&self, error: &Error) -> Problem {
        self.entry.borrow_mut().was_refused = matches!(error, Error::Vault { .. });
        let mut problem =
            Problem::of_call(&format!("Signing in to {}", self.dns.authority()), error);
        if problem.exit == Exit::Refused {
            problem.exit = Exit::SignIn;
        }
        problem
    }

    async fn check_vault(&self, session: &Session) -> Result<(), Problem> {
        let Err(wrong) = session.check(&self.dns, self.pin()) else {
            return Ok(());
        };
        self.entry.borrow_mut().was_refused = true;
        let authorization = session.session_id.clone().into();
        // Whatever becomes of that: it is not used.
        let _ = self
            .client(&self.dns, Some(authorization))
            .call(&EndSession::new())
            .await;
        Err(Problem::new(
            Exit::SignIn,
            format!(
                "Vault signed you in to another Vault: {wrong}. It does so where you may not use the one asked for, or where there is none of that name: check --dns."
            ),
        ))
    }
}

/// A simulated Vault serves sign-in itself.
pub(crate) fn login_host(dns: &VaultDns) -> VaultDns {
    if dns.is_loopback() {
        dns.clone()
    } else {
        VaultDns::login()
    }
}

/// How a user signs in, if that can be found out. Needs no credential.
pub(crate) async fn discover(
    settings: &Settings,
    dns: &VaultDns,
    user: &UserName,
    voice: &Voice,
) -> Result<Option<Discovery>, Problem> {
    let transport = Logged::new(settings, voice, &Arc::new(Gate::new(1)))?;
    let login = Vault::new(login_host(dns)).version(settings.api_version);
    let mut discover = Discover::new(user.clone());
    if let Some(client_id) = &settings.oauth_client_id {
        discover = discover.client_id(client_id.clone());
    }
    match Client::new(&transport, login).call(&discover).await {
        Ok(reply) => Ok(Some(reply.value)),
        Err(error) => {
            voice.verbose(&Problem::of_call("Asking how the user signs in", &error).what);
            Ok(None)
        }
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
