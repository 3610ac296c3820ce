//! Steps that delete tokens.

use std::time::Duration;

use tokio::time::sleep;
use vault_sandbox_core::TokenId;
use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::issuance::{Event, Removal};

use super::{Driver, NotDeleted, Remark};
use crate::observer::Notice;
use crate::removal::Removing;

/// How long deleting the old token is tried.
const RETIRING: Duration = Duration::from_secs(10);

impl Driver {
    /// The new token has its place: the old one goes, after a while if that was asked for.
    pub(super) async fn retire(&mut self, old: &TokenId, new: Option<&IssuedToken>) -> Event {
        let grace = self.grace;
        if !grace.is_zero() {
            self.observer.notice(Notice::Grace { old, grace });
            if self.stop.stopping(sleep(grace)).await.is_err() {
                self.old_not_deleted(old, NotDeleted::StoppedBefore);
                return Event::GivenUp;
            }
        }
        let Some(sandbox) = &self.sandbox else {
            self.old_not_deleted(old, NotDeleted::NowhereToAsk);
            return Event::Failed;
        };
        let removing = Removing::new(&self.access, sandbox, old).other(new);
        let limit = RETIRING.min(self.timeout);
        // Who will not wait loses only the certainty.
        let (removal, why) = match self.stop.stopping(removing.carry_out(limit)).await {
            Ok((removal, why)) => (removal, why.map(NotDeleted::NotRemoved)),
            Err(_) => (Removal::Unknown, Some(NotDeleted::Stopped)),
        };
        if removal == Removal::WasGone {
            let old = old.clone();
            self.progress.remark(Remark::OldWasGone { old });
        }
        if let Some(why) = why {
            self.old_not_deleted(old, why);
        }
        Event::Removed(removal)
    }

    /// The new token goes: it will not do, its value is lost, or a person wants it gone.
    pub(super) async fn revoke(&mut self, id: &TokenId, token: Option<&IssuedToken>) -> Event {
        let Some(sandbox) = &self.sandbox else {
            self.not_revoked(id, NotDeleted::NowhereToAsk);
            return Event::Failed;
        };
        // Of a token whose answer had no ID, a person may have named any.
        let own = token.filter(|token| token.id() == Some(id));
        let removing = Removing::new(&self.access, sandbox, id).own(own);
        let (removal, why) = removing.carry_out(Duration::ZERO).await;
        if let Some(why) = why {
            self.not_revoked(id, NotDeleted::NotRemoved(why));
        }
        self.progress.revoked = Some(removal);
        Event::Removed(removal)
    }

    fn old_not_deleted(&mut self, old: &TokenId, why: NotDeleted) {
        let old = old.clone();
        self.progress.remark(Remark::OldNotDeleted { old, why });
    }

    fn not_revoked(&mut self, id: &TokenId, why: NotDeleted) {
        let id = id.clone();
        self.progress.remark(Remark::NotRevoked { id, why });
    }
}
