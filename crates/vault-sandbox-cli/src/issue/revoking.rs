//! Steps that delete tokens.

use std::time::Duration;

use tokio::time::sleep;
use vault_sandbox_core::TokenId;
use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::issuance::{Event, Removal};
use vault_sandbox_issuer::removal::Removing;

use super::Issuer;
use crate::words::not_removed;

/// How long deleting the old token is tried.
const RETIRING: Duration = Duration::from_secs(10);

impl Issuer<'_> {
    /// The new token has its place: the old one goes, after a while if that was asked for.
    pub(super) async fn retire(&mut self, old: &TokenId, new: Option<&IssuedToken>) -> Event {
        if !self.grace.is_zero() {
            self.voice.say(&format!(
                "The new token is in its place. The old one, {old}, keeps working for {}; Ctrl-C leaves it as it is.",
                humantime::format_duration(self.grace)
            ));
            if self.signals.stopping(sleep(self.grace)).await.is_err() {
                let what = format!("interrupted: the old token {old} was not deleted");
                self.progress.warnings.push(what);
                return Event::GivenUp;
            }
        }
        let Some(dns) = self.sandbox.dns.clone() else {
            let what = "the old token was not deleted: where the sandbox itself is, is not known (--sandbox-dns)";
            self.progress.warnings.push(what.to_owned());
            return Event::Failed;
        };
        let removing = Removing::new(self.connection.access(), &dns, old).other(new);
        let limit = RETIRING.min(self.timeout);
        // Who will not wait loses only the certainty.
        let (removal, why) = match self.signals.stopping(removing.carry_out(limit)).await {
            Ok((removal, why)) => (removal, why.as_ref().map(not_removed)),
            Err(_) => (Removal::Unknown, Some("interrupted".to_owned())),
        };
        let warnings = &mut self.progress.warnings;
        if removal == Removal::WasGone {
            warnings.push(format!(
                "the old token {old} was not there any more, or never for you to see: an interrupted run, another rotation or somebody may have deleted it"
            ));
        }
        warnings.extend(why.map(|why| format!("the old token {old} was not deleted: {why}")));
        Event::Removed(removal)
    }

    pub(super) async fn revoke(&mut self, id: &TokenId, token: Option<&IssuedToken>) -> Event {
        let Some(dns) = self.sandbox.dns.clone() else {
            self.progress.warnings.push(
                "nothing was revoked: where the sandbox itself is, is not known (--sandbox-dns)"
                    .to_owned(),
            );
            return Event::Failed;
        };
        // Of a token whose answer had no ID, a person may have named any.
        let own = token.filter(|token| token.id() == Some(id));
        let removing = Removing::new(self.connection.access(), &dns, id).own(own);
        let (removal, why) = removing.carry_out(Duration::ZERO).await;
        let why = why.as_ref().map(not_removed);
        let warnings = &mut self.progress.warnings;
        warnings.extend(why.map(|why| format!("{id} was not revoked: {why}")));
        self.progress.revoked = Some(removal);
        Event::Removed(removal)
    }
}
