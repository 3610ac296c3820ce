//! Trying a new token out, and waiting for what may take a while.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use vault_sandbox_core::endpoints::TokenPage;
use vault_sandbox_core::issuance::{TryOut, Verification};
use vault_sandbox_core::{Error, Reply, VaultDns};

use crate::connection::Connection;
use crate::problem::sentence;

/// How long a new token may take to work.
const BECOMES_USABLE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Uses the token in the sandbox, again for a while where that may show something else. Also says why
/// it could not be confirmed.
pub(crate) async fn try_out(
    connection: &Connection,
    dns: Option<&VaultDns>,
    token: TryOut<'_>,
    limit: Duration,
) -> (Verification, Option<String>) {
    let Some(dns) = dns else {
        let why = "the token was not tried out: where the sandbox itself is, is not known (--sandbox-dns)";
        return (Verification::Unconfirmed, Some(why.to_owned()));
    };
    let request = token.request();
    let mut pauses = Pauses::within(BECOMES_USABLE.min(limit));
    loop {
        let authorization = token.token().value().clone().into();
        let answer = connection.call_at(dns, Some(authorization), &request).await;
        let shown = token.judge(&answer);
        if shown.is_final() || !pauses.pause().await {
            let why = why(&shown, &answer);
            return (shown, why);
        }
    }
}

fn why(shown: &Verification, answer: &Result<Reply<TokenPage>, Error>) -> Option<String> {
    match (shown, answer) {
        (Verification::Works, Ok(_)) => Some(
            "the token works, but its record cannot be seen: its expiry is unconfirmed".to_owned(),
        ),
        (Verification::Works, Err(_)) => Some(
            "the token works, but may not read its own record: its expiry is unconfirmed"
                .to_owned(),
        ),
        (Verification::Unconfirmed, Err(error)) => {
            let why = sentence("the token could not be tried out", error);
            Some(why.trim_end_matches('.').to_owned())
        }
        _ => None,
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
