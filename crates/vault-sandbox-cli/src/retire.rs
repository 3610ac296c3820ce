//! Deleting the token whose place a new one took.

use std::time::Duration;

use vault_sandbox_core::endpoints::{DeleteTokens, Deletion, FindTokens, IssuedToken, WhoAmI};
use vault_sandbox_core::{Authorization, Error, TokenId, VaultDns, VaultErrorKind};

use crate::connection::Connection;
use crate::problem::sentence;
use crate::try_out::Pauses;

/// What became of the old token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retired {
    Deleted,
    /// It was not there any more, or never for us to see.
    WasGone,
    /// It may be deleted: Vault was asked, and nobody knows what came of it.
    Unknown,
}

/// Which is deleted, and with what.
pub(crate) struct Retiring<'a> {
    pub(crate) connection: &'a Connection,
    /// The sandbox itself.
    pub(crate) dns: &'a VaultDns,
    pub(crate) old: &'a TokenId,
    /// It belongs to the same user and was seen to work: it is used where the session has ended.
    pub(crate) new: Option<&'a IssuedToken>,
}

impl Retiring<'_> {
    /// Tries for so long. `None`: it is still there; then, why.
    pub(crate) async fn carry_out(&self, limit: Duration) -> (Option<Retired>, Option<String>) {
        let mut pauses = Pauses::within(limit);
        let mut was_asked = false;
        loop {
            let why = match self.ask().await {
                Ok(Deletion::Deleted) => return (Some(Retired::Deleted), None),
                Ok(Deletion::Refused(errors)) => {
                    let why: Vec<_> = errors.iter().map(ToString::to_string).collect();
                    format!("Vault did not delete the old token: {}", why.join("; "))
                }
                Ok(_) => {
                    was_asked = true;
                    "Vault did not say whether it deleted the old token".to_owned()
                }
                Err(error) => {
                    was_asked |= error.may_have_been_applied();
                    sentence("deleting the old token", &error)
                }
            };
            let is_there = is_there(self.connection, self.dns, self.old).await;
            match (is_there, was_asked) {
                // An answer to an earlier try was lost on the way.
                (Some(false), true) => return (Some(Retired::Deleted), None),
                (Some(false), false) => return (Some(Retired::WasGone), None),
                _ => {}
            }
            if !pauses.pause().await {
                let is_unknown = was_asked && is_there.is_none();
                return (is_unknown.then_some(Retired::Unknown), Some(why));
            }
        }
    }

    async fn ask(&self) -> Result<Deletion, Error> {
        let delete = DeleteTokens::new([self.old.clone()])?;
        let mut answer = self.connection.call_at(self.dns, None, &delete).await;
        let is_let_in = |e: &Error| {
            let kind = e.vault_kind();
            !kind.is_some_and(VaultErrorKind::is_about_the_caller)
        };
        if let (Err(error), Some(new)) = (&answer, self.new)
            && !is_let_in(error)
        {
            let authorization = Authorization::from(new.value().clone());
            answer = self
                .connection
                .call_at(self.dns, Some(authorization), &delete)
                .await;
        }
        let outcome = delete.outcomes(&answer?.value).pop();
        Ok(outcome.map_or(Deletion::Unsaid, |(_, deletion)| deletion))
    }
}

/// Whether a token can be seen there. `None`: nobody knows.
pub(crate) async fn is_there(
    connection: &Connection,
    dns: &VaultDns,
    id: &TokenId,
) -> Option<bool> {
    let find = FindTokens::new().id(id.clone());
    let reply = connection.call_at(dns, None, &find).await.ok()?;
    Some(reply.value.records.iter().any(|record| record.id == *id))
}

/// Whether a token whose value is known still lets somebody in, as far as can be said.
pub(crate) async fn may_work(
    connection: &Connection,
    dns: &VaultDns,
    token: Option<&IssuedToken>,
) -> bool {
    let Some(token) = token else {
        return false;
    };
    let authorization = Authorization::from(token.value().clone());
    let who = WhoAmI::new();
    match connection.call_at(dns, Some(authorization), &who).await {
        Ok(_) => true,
        Err(error) => !error
            .vault_kind()
            .is_some_and(VaultErrorKind::is_about_the_caller),
    }
}
