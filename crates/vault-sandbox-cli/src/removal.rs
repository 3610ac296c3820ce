//! Deleting one token, and finding out what became of it.

use std::time::Duration;

use vault_sandbox_core::endpoints::{DeleteTokens, Deletion, FindTokens, IssuedToken, WhoAmI};
use vault_sandbox_core::issuance::{Removal, RemovalEvidence};
use vault_sandbox_core::{Authorization, Error, TokenId, VaultDns, VaultErrorKind};

use crate::connection::Connection;
use crate::problem::sentence;
use crate::try_out::Pauses;

/// A token that is to be deleted.
pub(crate) struct Removing<'a> {
    pub(crate) connection: &'a Connection,
    /// The sandbox itself.
    pub(crate) dns: &'a VaultDns,
    pub(crate) id: &'a TokenId,
    /// The token itself, where its value is at hand: what cannot be seen may work on.
    pub(crate) own: Option<&'a IssuedToken>,
    /// Another one of the same user, which works: it is used where the session has ended.
    pub(crate) other: Option<&'a IssuedToken>,
}

impl Removing<'_> {
    /// Tries for so long, at least once. Also says why it is not gone, as far as that is known.
    pub(crate) async fn carry_out(&self, limit: Duration) -> (Removal, Option<String>) {
        let mut pauses = Pauses::within(limit);
        let mut evidence = RemovalEvidence::new(self.id.clone());
        loop {
            let answer = self.ask().await;
            evidence.asked(answer.as_ref());
            if evidence.judge().is_gone() {
                return (evidence.judge(), None);
            }
            let mut why = why(&answer);
            let find = FindTokens::new().id(self.id.clone());
            evidence.looked(&self.connection.call_at(self.dns, None, &find).await);
            if let Some(own) = self.own {
                let own = Authorization::from(own.value().clone());
                let who = self
                    .connection
                    .call_at(self.dns, Some(own), &WhoAmI::new())
                    .await;
                if who.is_ok() {
                    why = format!(
                        "{why}. It works: if it is not for you to see, revoke it as its user"
                    );
                }
                evidence.tried(&who);
            }
            let removal = evidence.judge();
            if removal.is_gone() {
                return (removal, None);
            }
            if !pauses.pause().await {
                return (removal, Some(why));
            }
        }
    }

    async fn ask(&self) -> Result<Deletion, Error> {
        let delete = DeleteTokens::new([self.id.clone()])?;
        let mut answer = self.connection.call_at(self.dns, None, &delete).await;
        let is_let_in = |e: &Error| {
            let kind = e.vault_kind();
            !kind.is_some_and(VaultErrorKind::is_about_the_caller)
        };
        if let (Err(error), Some(other)) = (&answer, self.other)
            && !is_let_in(error)
        {
            let authorization = Authorization::from(other.value().clone());
            answer = self
                .connection
                .call_at(self.dns, Some(authorization), &delete)
                .await;
        }
        let outcomes = delete.outcomes(&answer?.value).into_iter();
        let own = outcomes.map(|(_, deletion)| deletion).next();
        Ok(own.unwrap_or(Deletion::Unsaid))
    }
}

fn why(answer: &Result<Deletion, Error>) -> String {
    match answer {
        Ok(Deletion::Refused(errors)) => {
            let why: Vec<_> = errors.iter().map(ToString::to_string).collect();
            why.join("; ")
        }
        Ok(_) => "Vault did not say what became of it".to_owned(),
        Err(error) => sentence("deleting it", error),
    }
}
