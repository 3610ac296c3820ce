//! Kept sessions: one file per Vault, readable by its owner only.

mod error;
mod wire;

use std::io;
use std::path::{Path, PathBuf};

use vault_sandbox_core::chrono::{DateTime, TimeDelta, Utc};
use vault_sandbox_core::{SessionId, UserName, VaultDns, VaultId};

use crate::platform::{self, Replacement};

pub use error::SessionError;

/// No session outlives this.
/// [Veeva](https://general.veevavault.dev/vault-api/api-reference/26.2/authentication/session-keep-alive/).
const LONGEST_LIFE: TimeDelta = TimeDelta::hours(48);
/// A kept session is no longer.
const LONGEST: u64 = 64 * 1024;
/// Room for a session and what it is bound to. A longer one is still written, if the disk lets it.
const ROOM: usize = 16 * 1024;

/// A session and what it is bound to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct KeptSession {
    /// The Vault that it is for. It is used nowhere else.
    pub vault: VaultDns,
    /// The number of that Vault.
    pub vault_id: VaultId,
    /// Unknown where an identity provider's token was exchanged and Vault would not say.
    pub user: Option<UserName>,
    /// The session.
    pub session: SessionId,
    /// When it began.
    pub signed_in: DateTime<Utc>,
}

/// The kept sessions of one state directory.
#[derive(Debug, Clone)]
pub struct Sessions {
    directory: PathBuf,
}

/// A place that is ready to take a session.
#[derive(Debug)]
pub struct ReservedSession {
    replacement: Replacement,
    path: PathBuf,
}

impl Sessions {
    pub(super) fn in_directory(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The session kept for this Vault. One that cannot be trusted, or not be read, is an error, not an
    /// absence; the file stays as it is.
    ///
    /// # Errors
    ///
    /// [`SessionError::Read`], [`Damaged`](SessionError::Damaged), [`Newer`](SessionError::Newer),
    /// [`OfOtherVault`](SessionError::OfOtherVault).
    pub fn find(&self, vault: &VaultDns) -> Result<Option<KeptSession>, SessionError> {
        let path = self.path(vault);
        let text = match platform::read_owner_only(&path, LONGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SessionError::Read { path, source }),
        };
        match wire::read(&text) {
            Ok(kept) if kept.vault == *vault => Ok(Some(kept)),
            Ok(kept) => Err(SessionError::OfOtherVault {
                path,
                vault: Box::new(kept.vault),
            }),
            Err(wire::Unusable::Newer) => Err(SessionError::Newer { path }),
            Err(wire::Unusable::Damaged) => Err(SessionError::Damaged { path }),
        }
    }

    /// Finds out whether one can be kept, before somebody signs in for it: there is room for it then.
    ///
    /// # Errors
    ///
    /// [`SessionError::Directory`], [`Target`](SessionError::Target), [`Make`](SessionError::Make),
    /// [`Room`](SessionError::Room).
    pub fn reserve(&self, vault: &VaultDns) -> Result<ReservedSession, SessionError> {
        platform::owner_only_directory(&self.directory).map_err(|source| {
            SessionError::Directory {
                path: self.directory.clone(),
                source,
            }
        })?;
        let path = self.path(vault);
        if let Err(source) = platform::check_replaceable(&path) {
            return Err(SessionError::Target { path, source });
        }
        // Where it cannot be looked for, it is found again when the session is deleted.
        let _ = platform::sweep_replacements_of(&path);
        let mut replacement = match Replacement::beside(&path) {
            Ok(replacement) => replacement,
            Err(source) => return Err(SessionError::Make { path, source }),
        };
        match replacement.reserve(ROOM) {
            Ok(()) => Ok(ReservedSession { replacement, path }),
            Err(source) => Err(SessionError::Room { path, source }),
        }
    }

    /// Deletes it, and what processes that were killed left of one. `false`: there was nothing.
    ///
    /// # Errors
    ///
    /// [`SessionError::Delete`]: a session may still lie there.
    pub fn delete(&self, vault: &VaultDns) -> Result<bool, SessionError> {
        let path = self.path(vault);
        delete(&path).map_err(|source| SessionError::Delete { path, source })
    }

    /// Where the session for a Vault is, if one is kept.
    #[must_use]
    pub fn path(&self, vault: &VaultDns) -> PathBuf {
        let name = vault.authority().replace([':', '[', ']'], "_");
        self.directory.join(format!("{name}.json"))
    }
}

impl ReservedSession {
    /// Keeps a session here, in place of one that was.
    ///
    /// # Errors
    ///
    /// [`SessionError::Keep`]: it may not be kept.
    pub fn keep(self, kept: &KeptSession) -> Result<(), SessionError> {
        let written = wire::write(kept).and_then(|content| self.replacement.commit(&content));
        match written {
            Ok(_) => Ok(()),
            Err(source) => Err(SessionError::Keep {
                path: self.path,
                source,
            }),
        }
    }

    /// Where it will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl KeptSession {
    /// A session of a user who is not known.
    #[must_use]
    pub fn new(
        vault: VaultDns,
        vault_id: VaultId,
        session: SessionId,
        signed_in: DateTime<Utc>,
    ) -> Self {
        Self {
            vault,
            vault_id,
            user: None,
            session,
            signed_in,
        }
    }

    /// Of this user, if there is one.
    #[must_use]
    pub fn user(self, user: Option<UserName>) -> Self {
        Self { user, ..self }
    }

    /// When it ends at the latest; unused, it ends sooner.
    #[must_use]
    pub fn ends(&self) -> DateTime<Utc> {
        self.signed_in
            .checked_add_signed(LONGEST_LIFE)
            .unwrap_or(self.signed_in)
    }

    /// Whether it is this user's; a user who is not known is nobody in particular.
    #[must_use]
    pub fn is_of(&self, user: &UserName) -> bool {
        let own = self.user.as_ref().map(UserName::as_str);
        own.is_some_and(|own| own.eq_ignore_ascii_case(user.as_str()))
    }
}

fn delete(path: &Path) -> io::Result<bool> {
    let was_there = match std::fs::remove_file(path) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    let is_gone = platform::sweep_replacements_of(path)? > 0 || was_there;
    if is_gone {
        let _ = platform::sync_directory_of(path)?;
    }
    Ok(is_gone)
}

#[cfg(test)]
mod tests;
