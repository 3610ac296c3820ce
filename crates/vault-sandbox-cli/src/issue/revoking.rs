//! Steps that delete tokens.

use std::time::Duration;

use tokio::time::sleep;
use vault_sandbox_core::TokenId;
use vault_sandbox_core::endpoints::{DeleteTokens, Deletion, IssuedToken};
use vault_sandbox_core::issuance::Event;

use super::Issuer;
use crate::problem::sentence;
use crate::retire::{Retired, Retiring, is_there, may_work};

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
        let retiring = Retiring {
            connection: self.connection,
            dns: &dns,
            old,
            new,
        };
        let limit = RETIRING.min(self.timeout);
        // Who will not wait loses only the certainty.
        let (retired, why) = match self.signals.stopping(retiring.carry_out(limit)).await {
            Ok(ended) => ended,
            Err(_) => (Some(Retired::Unknown), Some("interrupted".to_owned())),
        };
        self.progress.retired = retired;
        match retired {
            Some(Retired::Deleted) => return Event::Done,
            Some(Retired::WasGone) => {
                self.progress.warnings.push(format!(
                    "the old token {old} was not there any more, or never for you to see: an interrupted run, another rotation or somebody may have deleted it"
                ));
                return Event::Done;
            }
            Some(Retired::Unknown) | None => {}
        }
        self.progress.warnings.extend(why);
        Event::Failed
    }

    pub(super) async fn revoke(&mut self, ids: &[TokenId], token: Option<&IssuedToken>) -> bool {
        let Some(dns) = self.sandbox.dns.clone() else {
            self.progress.warnings.push(
                "nothing was revoked: where the sandbox itself is, is not known (--sandbox-dns)"
                    .to_owned(),
            );
            return false;
        };
        let call = match DeleteTokens::new(ids.iter().cloned()) {
            Ok(delete) => {
                let reply = self.connection.call_at(&dns, None, &delete).await;
                reply.map(|reply| delete.outcomes(&reply.value))
            }
            Err(error) => Err(error.into()),
        };
        let outcomes = match call {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.progress.warnings.push(sentence("revoking", &error));
                return false;
            }
        };
        let mut gone = true;
        for (id, deletion) in &outcomes {
            let said = match deletion {
                Deletion::Deleted => continue,
                Deletion::Refused(errors) => {
                    let why: Vec<_> = errors.iter().map(ToString::to_string).collect();
                    why.join("; ")
                }
                _ => "Vault did not say what became of it".to_owned(),
            };
            let token = token.filter(|token| token.id() == Some(id));
            // What cannot be seen is gone, or another user's: then it works on.
            let why = if is_there(self.connection, &dns, id).await != Some(false) {
                said
            } else if may_work(self.connection, &dns, token).await {
                "it is not for you to see, but it works: revoke it as its user".to_owned()
            } else {
                continue;
            };
            gone = false;
            let what = format!("{id} was not revoked: {why}");
            self.progress.warnings.push(what);
        }
        gone
    }
}
