//! Trying a new token out, and waiting for what may take a while.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use vault_sandbox_core::endpoints::{FindTokens, IssuedToken};
use vault_sandbox_core::issuance::Verification;
use vault_sandbox_core::{Expiry, VaultErrorKind};

use crate::connection::Connection;
use crate::issue::SandboxFacts;
use crate::problem::sentence;

/// How long a new token may take to work.
const BECOMES_USABLE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Uses the token once, for reading its own record: one call shows that it works, in which Vault,
/// and what Vault stored as its expiry. Also says why it could not be confirmed.
pub(crate) async fn try_out(
    connection: &Connection,
    sandbox: &SandboxFacts,
    token: &IssuedToken,
    expiry: Expiry,
    limit: Duration,
) -> (Verification, Option<String>) {
    let unconfirmed = |why: &str| {
        (
            Verification::Unconfirmed,
            Some(why.trim_end_matches('.').to_owned()),
        )
    };
    let works = |why: &str| (Verification::Works, Some(why.to_owned()));
    let Some(dns) = &sandbox.dns else {
        return unconfirmed(
            "the token was not tried out: where the sandbox itself is, is not known (--sandbox-dns)",
        );
    };
    let find = match token.id() {
        Some(id) => FindTokens::new().id(id.clone()),
        None => FindTokens::new(),
    };
    let mut pauses = Pauses::within(BECOMES_USABLE.min(limit));
    loop {
        let authorization = token.value().clone().into();
        let so_far = match connection.call_at(dns, Some(authorization), &find).await {
            Ok(reply) => {
                let (served, expected) = (reply.facts.vault_id, sandbox.vault_id);
                if served.is_some() && expected.is_some() && served != expected {
                    return (Verification::OtherVault, None);
                }
                match reply
                    .value
                    .records
                    .iter()
                    .find(|record| Some(&record.id) == token.id())
                {
                    Some(record) if expiry.is_met_by(record.expiry) => {
                        return (
                            Verification::Confirmed {
                                expiry: record.expiry,
                            },
                            None,
                        );
                    }
                    Some(record) => {
                        return (
                            Verification::ExpiryDiffers {
                                stored: record.expiry,
                            },
                            None,
                        );
                    }
                    None => works(
                        "the token works, but its record cannot be seen: its expiry is unconfirmed",
                    ),
                }
            }
            Err(error) => match error.vault_kind() {
                // It may need some seconds to become known.
                Some(kind) if kind.is_about_the_caller() => (Verification::Refused, None),
                Some(VaultErrorKind::InsufficientAccess) => {
                    return works(
                        "the token works, but may not read its own record: its expiry is unconfirmed",
                    );
                }
                _ => unconfirmed(&sentence("the token could not be tried out", &error)),
            },
        };
        if !pauses.pause().await {
            return so_far;
        }
    }
}

/// Pauses that double, within a limit.
pub(crate) struct Pauses {
    end: Instant,
    next: Duration,
}

impl Pauses {
    pub(crate) fn within(limit: Duration) -> Self {
        Self {
            end: Instant::now() + limit,
            next: FIRST_PAUSE,
        }
    }

    /// `false`: the limit is reached.
    pub(crate) async fn pause(&mut self) -> bool {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        sleep(self.next.min(left)).await;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        true
    }
}
