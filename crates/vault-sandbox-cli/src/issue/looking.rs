//! Steps that only look: trying a token out, and finding one by its name.

use std::time::Duration;

use vault_sandbox_core::endpoints::{FindTokens, IssuedToken, TokenRecord};
use vault_sandbox_core::issuance::{Event, Verification};
use vault_sandbox_core::{Expiry, TokenId, TokenName};

use super::Issuer;
use crate::problem::sentence;
use crate::try_out::{self, Pauses};

/// How long a token is looked for by its name.
const LOOK_UP: Duration = Duration::from_secs(20);

impl Issuer<'_> {
    /// The token is delivered, or safe in the record: whoever will not wait loses only the certainty.
    pub(super) async fn verify(&mut self, token: &IssuedToken, expiry: Expiry) -> Verification {
        let limit = self.timeout;
        let tried = try_out::try_out(self.connection, &self.sandbox, token, expiry, limit);
        let (verification, remark) = match self.signals.stopping(tried).await {
            Ok(shown) => shown,
            Err(_) => (
                Verification::Unconfirmed,
                Some("interrupted: the token was not tried out".to_owned()),
            ),
        };
        self.progress.warnings.extend(remark);
        verification
    }

    /// Looks several times: a token may take a while to show. Finding nothing proves nothing.
    pub(super) async fn look_up(&mut self, name: &TokenName, expiry: Expiry) -> Event {
        let Some(dns) = self.sandbox.dns.clone() else {
            self.progress.warnings.push("the token could not be looked up: where the sandbox itself is, is not known (--sandbox-dns)".to_owned());
            return Event::Failed;
        };
        self.voice.say(&format!(
            "Looking for a token named {:?} in the sandbox.",
            name.as_str()
        ));
        let find = FindTokens::new().name(name.clone());
        let mut pauses = Pauses::within(LOOK_UP.min(self.timeout));
        loop {
            let looked = self
                .signals
                .stopping(self.connection.call_at(&dns, None, &find))
                .await;
            let failed = match looked {
                Err(_) => return Event::GivenUp,
                Ok(Ok(reply)) => {
                    let ids = candidates(&reply.value.records, expiry);
                    if !ids.is_empty() {
                        return Event::Found(ids);
                    }
                    None
                }
                Ok(Err(error)) => Some(error),
            };
            if !pauses.pause().await {
                return match failed {
                    None => Event::Found(Vec::new()),
                    Some(error) => {
                        self.progress.warnings.push(sentence("the look-up", &error));
                        Event::Failed
                    }
                };
            }
        }
    }
}

/// Which of the tokens of a name can be the one: never used, and with its expiry if there are such.
/// An older token of the same name, which somebody uses, is not it.
fn candidates(records: &[TokenRecord], expiry: Expiry) -> Vec<TokenId> {
    let unused = || records.iter().filter(|r| r.last_used.is_none());
    let exact: Vec<_> = unused().filter(|r| expiry.is_met_by(r.expiry)).collect();
    let found: Vec<_> = if exact.is_empty() {
        unused().collect()
    } else {
        exact
    };
    found.into_iter().map(|r| r.id.clone()).collect()
}
