//! Trying a new token out.

use std::time::Duration;

use vault_sandbox_core::VaultDns;
use vault_sandbox_core::endpoints::TokenPage;
use vault_sandbox_core::issuance::{TryOut, Verification};
use vault_sandbox_core::{Error, Reply};

use crate::access::Access;
use crate::pauses::Pauses;

/// How long a new token may take to work.
const BECOMES_USABLE: Duration = Duration::from_secs(30);

/// Why a token, or its expiry, is not confirmed.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotConfirmed {
    /// Where the sandbox's own Vault is, is not known.
    NowhereToTry,
    /// It works, but its record cannot be seen.
    RecordUnseen,
    /// It works, but may not read its own record.
    MayNotRead,
    /// It could not be tried out.
    Call(Box<Error>),
    /// It was not tried to the end.
    Interrupted,
}

/// Uses the token in the sandbox, again for a while where that may show something else. Also says why
/// it could not be confirmed.
pub async fn try_out(
    access: &Access,
    sandbox: Option<&VaultDns>,
    token: TryOut<'_>,
    limit: Duration,
) -> (Verification, Option<NotConfirmed>) {
    let Some(sandbox) = sandbox else {
        return (Verification::Unconfirmed, Some(NotConfirmed::NowhereToTry));
    };
    let request = token.request();
    let mut pauses = Pauses::within(BECOMES_USABLE.min(limit));
    loop {
        let own = token.token().value().clone().into();
        let answer = access.call_at(sandbox, Some(own), &request).await;
        let shown = token.judge(&answer);
        if shown.is_final() || !pauses.pause().await {
            let why = why(&shown, answer);
            return (shown, why);
        }
    }
}

fn why(shown: &Verification, answer: Result<Reply<TokenPage>, Error>) -> Option<NotConfirmed> {
    match (shown, answer) {
        (Verification::Works, Ok(_)) => Some(NotConfirmed::RecordUnseen),
        (Verification::Works, Err(_)) => Some(NotConfirmed::MayNotRead),
        (Verification::Unconfirmed, Err(error)) => Some(NotConfirmed::Call(Box::new(error))),
        _ => None,
    }
}
