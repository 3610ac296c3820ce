//! `auth login`, `auth status` and `auth logout`.

pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod status;

use chrono::{SecondsFormat, Utc};
use vault_sandbox_core::endpoints::User;
use vault_sandbox_core::redact::escape;
use vault_sandbox_issuer::state::KeptSession;

use crate::connection::Connection;
use crate::credentials::{Found, Means};
use crate::json::{AuthObject, UserObject, VaultObject};
use crate::report::{instant, time_left};

/// What is known about who is signed in.
struct Facts<'a> {
    connection: &'a Connection,
    found: &'a Found,
    user: Option<&'a User>,
    kept: Option<&'a KeptSession>,
}

impl Facts<'_> {
    fn object(&self, signed_in: Option<bool>) -> AuthObject {
        let dns = self.connection.dns().authority();
        let at = |at: chrono::DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        AuthObject {
            signed_in,
            vault: Some(VaultObject {
                dns,
                id: self.connection.vault_id().map(|id| id.to_string()),
                api_version: self.connection.version().to_string(),
            }),
            user: self.user.map(|user| UserObject {
                id: user.id.to_string(),
                name: user.name.clone(),
            }),
            method: Some(self.found.means.method()),
            source: Some(self.found.source.clone()),
            signed_in_at: self.kept.map(|kept| at(kept.signed_in)),
            ends_at_latest: self.kept.map(|kept| at(kept.ends())),
        }
    }

    /// With their labels, for people.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let connection = self.connection;
        let id = connection.vault_id().map(|id| format!(" ({id})"));
        let simulated = if connection.is_simulated() {
            ", simulated"
        } else {
            ""
        };
        let mut lines = vec![(
            "Vault",
            format!(
                "{}{}{simulated}",
                connection.dns().authority(),
                id.unwrap_or_default()
            ),
        )];
        if let Some(user) = self.user {
            let name = user.name.as_deref().map(escape).unwrap_or_default();
            lines.push(("User", format!("{name} ({})", user.id).trim().to_owned()));
        }
        let what = match self.found.means {
            Means::Session(_) => "a session ID",
            Means::Token(_) => "an access token",
            Means::Password { .. } => "a password",
            Means::Oauth { .. } => "an identity provider's token",
            Means::Kept(_) => "a kept session",
        };
        lines.push(("By", format!("{what}: {}", self.found.source)));
        if let Some(kept) = self.kept {
            lines.push((
                "Ends",
                format!(
                    "at the latest {}, {}, 48 hours after sign-in; sooner if it is not used: Vault's limit for that is not known here",
                    instant(Some(kept.ends())),
                    time_left(kept.ends(), Utc::now())
                ),
            ));
        }
        lines
    }
}
