//! Steps that only look: trying a token out, and finding one by its name.

use std::time::Duration;

use vault_sandbox_core::TokenId;
use vault_sandbox_core::endpoints::FindTokens;
use vault_sandbox_core::issuance::{Event, LookUp, LookUpResult, TryOut, Verification};
use vault_sandbox_issuer::pauses::Pauses;
use vault_sandbox_issuer::tokens;
use vault_sandbox_issuer::try_out::{NotConfirmed, try_out};

use super::Issuer;
use crate::problem::sentence;
use crate::words::not_confirmed;

/// How long a token is looked for by its name.
const LOOK_UP: Duration = Duration::from_secs(20);

impl Issuer<'_> {
    /// The token is delivered, or safe in the record: whoever will not wait loses only the certainty.
    pub(super) async fn verify(&mut self, token: TryOut<'_>) -> Verification {
        let (limit, dns) = (self.timeout, self.sandbox.dns.as_ref());
        let tried = try_out(self.connection.access(), dns, token, limit);
        let (verification, why) = match self.signals.stopping(tried).await {
            Ok(shown) => shown,
            Err(_) => (Verification::Unconfirmed, Some(NotConfirmed::Interrupted)),
        };
        let remark = why.as_ref().map(not_confirmed);
        self.progress.warnings.extend(remark);
        verification
    }

    /// A person named it: only what is there is deleted.
    pub(super) async fn look_for(&mut self, id: &TokenId) -> Event {
        let Some(dns) = self.sandbox.dns.clone() else {
            self.progress.warnings.push("the token could not be looked for: where the sandbox itself is, is not known (--sandbox-dns)".to_owned());
            return Event::Failed;
        };
        let find = FindTokens::new().id(id.clone());
        let found = self.connection.call_at(&dns, None, &find);
        match self.signals.stopping(found).await {
            Err(_) => Event::GivenUp,
            Ok(Ok(reply)) => {
                self.progress.unseen = Some(id.clone());
                Event::Found(reply.value.records)
            }
            Ok(Err(error)) => {
                let what = sentence("looking for the token", &error);
                self.progress.warnings.push(what);
                Event::Failed
            }
        }
    }

    /// Looks several times where that can make it certain: a token may take a while to show.
    pub(super) async fn look_up(&mut self, look_up: LookUp<'_>) -> Event {
        let Some(dns) = self.sandbox.dns.clone() else {
            self.progress.warnings.push("the token could not be looked up: where the sandbox itself is, is not known (--sandbox-dns)".to_owned());
            return Event::Failed;
        };
        self.voice.say(&format!(
            "Looking for a token named {:?} in the sandbox.",
            look_up.name().as_str()
        ));
        let limit = match look_up.can_be_certain() {
            true => LOOK_UP.min(self.timeout),
            false => Duration::ZERO,
        };
        let mut pauses = Pauses::within(limit);
        loop {
            let found = tokens::all_pages(look_up.request(), async |query| {
                let page = self.connection.call_at(&dns, None, query).await;
                page.map(|reply| reply.value)
            });
            let failed = match self.signals.stopping(found).await {
                Err(_) => return Event::GivenUp,
                Ok(Ok(records)) => {
                    if matches!(look_up.judge(&records), LookUpResult::Certain(_)) {
                        return Event::Found(records);
                    }
                    Ok(records)
                }
                Ok(Err(error)) => Err(error),
            };
            if !pauses.pause().await {
                return match failed {
                    Ok(records) => Event::Found(records),
                    Err(error) => {
                        self.progress.warnings.push(sentence("the look-up", &error));
                        Event::Failed
                    }
                };
            }
        }
    }
}
