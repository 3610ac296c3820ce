//! Deleting one token, and finding out what became of it.

use std::time::Duration;

use vault_sandbox_core::endpoints::{Deletion, Deletions, IssuedToken, WhoAmI};
use vault_sandbox_core::issuance::{Removal, RemovalEvidence};
use vault_sandbox_core::{
    Authorization, Error, Reply, TokenId, VaultDns, VaultErrorKind, VaultMessage,
};

use crate::access::Access;
use crate::pauses::Pauses;

/// A token that is to be deleted.
#[derive(Debug)]
#[must_use]
pub struct Removing<'a> {
    access: &'a Access,
    sandbox: &'a VaultDns,
    id: &'a TokenId,
    own: Option<&'a IssuedToken>,
    other: Option<&'a IssuedToken>,
}

/// Why a token is not gone, as far as that is known.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotRemoved {
    /// Vault refused, for these reasons.
    Refused(Vec<VaultMessage>),
    /// Vault did not say what became of it.
    Unsaid,
    /// The call failed.
    Call(Box<Error>),
    /// It cannot be seen, and its value works: it is another user's.
    WorksUnseen,
}

impl<'a> Removing<'a> {
    /// This token, in the sandbox's own Vault.
    pub fn new(access: &'a Access, sandbox: &'a VaultDns, id: &'a TokenId) -> Self {
        Self {
            access,
            sandbox,
            id,
            own: None,
            other: None,
        }
    }

    /// The token itself, where its value is at hand: what cannot be seen may work on.
    pub fn own(mut self, own: Option<&'a IssuedToken>) -> Self {
        self.own = own;
        self
    }

    /// Another token of the same user, which works: it is used where the session has ended.
    pub fn other(mut self, other: Option<&'a IssuedToken>) -> Self {
        self.other = other;
        self
    }

    /// Tries for so long, at least once. Also says why it is not gone.
    pub async fn carry_out(self, limit: Duration) -> (Removal, Option<NotRemoved>) {
        let mut pauses = Pauses::within(limit);
        let mut evidence = RemovalEvidence::new(self.id.clone());
        loop {
            let answer = self.ask(&evidence).await;
            let said = evidence.asked(&answer);
            if evidence.judge().is_gone() {
                return (evidence.judge(), None);
            }
            let look = evidence.look();
            evidence.looked(&self.access.call_at(self.sandbox, None, &look).await);
            let mut why = match (answer, said) {
                (Err(error), _) => NotRemoved::Call(Box::new(error)),
                (Ok(_), Deletion::Refused(why)) => NotRemoved::Refused(why),
                (Ok(_), _) => NotRemoved::Unsaid,
            };
            if let Some(own) = self.own {
                let own = Authorization::from(own.value().clone());
                let who = WhoAmI::new();
                let answer = self.access.call_at(self.sandbox, Some(own), &who).await;
                evidence.tried(&answer);
                if answer.is_ok() {
                    why = NotRemoved::WorksUnseen;
                }
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

    async fn ask(&self, evidence: &RemovalEvidence) -> Result<Reply<Deletions>, Error> {
        let delete = evidence.request();
        let answer = self.access.call_at(self.sandbox, None, &delete).await;
        let is_let_in = |e: &Error| {
            let kind = e.vault_kind();
            !kind.is_some_and(VaultErrorKind::is_about_the_caller)
        };
        match (&answer, self.other) {
            (Err(error), Some(other)) if !is_let_in(error) => {
                let other = Authorization::from(other.value().clone());
                self.access
                    .call_at(self.sandbox, Some(other), &delete)
                    .await
            }
            _ => answer,
        }
    }
}
