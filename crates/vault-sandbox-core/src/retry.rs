//! Whether a failed call may be made again, and when: a pure rule. The caller brings the clock and
//! the sleep.
//!
//! ```
//! use vault_sandbox_core::retry::{Decision, Policy};
//! use vault_sandbox_core::{Error, Repeat, TransportError, TransportErrorKind};
//!
//! let silent = Error::Transport {
//!     operation: "generate_sandbox_token",
//!     source: TransportError::without_cause(TransportErrorKind::Timeout),
//! };
//! let policy = Policy::default();
//! assert!(matches!(policy.decide(1, Repeat::Safe, &silent), Decision::After(_)));
//! // It may have been carried out, and twice would be two tokens.
//! assert_eq!(policy.decide(1, Repeat::Once, &silent), Decision::Stop);
//! ```

use std::time::Duration;

use crate::endpoint::Repeat;
use crate::error::Error;
use crate::transport::TransportErrorKind;
use crate::vault_error::VaultErrorKind;

/// Vault's windows for sign-in are a minute long.
/// [Veeva: API rate limits](https://limited.veevavault.dev/quality/vault-api/references/api-rate-limits).
pub const LIMIT_WINDOW: Duration = Duration::from_secs(60);

/// How often, and how fast, a call is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    attempts: u32,
    pause: Duration,
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Report the error.
    Stop,
    /// Wait this long, then send the same call again.
    After(Duration),
}

impl Policy {
    /// At most this many attempts, the first pause this long, each further one double.
    #[must_use]
    pub const fn new(attempts: u32, pause: Duration) -> Self {
        Self { attempts, pause }
    }

    /// Decides after attempt number `attempt` (the first is 1) of an endpoint that
    /// [may be repeated](crate::Endpoint::REPEAT) as `repeat` says.
    ///
    /// | failure | decision |
    /// | --- | --- |
    /// | nothing wrong with the connection, but with the request | stop |
    /// | the credential, the account | stop: accounts lock |
    /// | may have been carried out, and must be so once | stop |
    /// | Vault says later, in a `FAILURE` or an `EXCEPTION` | after the window of its limit |
    /// | not sent, or safe to repeat and Vault's or the network's fault | after the pause |
    /// | anything else Vault refused | stop |
    #[must_use]
    pub fn decide(&self, attempt: u32, repeat: Repeat, error: &Error) -> Decision {
        if attempt >= self.attempts {
            return Decision::Stop;
        }
        if repeat == Repeat::Once && error.may_have_been_applied() {
            return Decision::Stop;
        }
        match error {
            Error::Validation(_) => Decision::Stop,
            Error::Transport { source, .. } => match source.kind() {
                TransportErrorKind::Unsendable | TransportErrorKind::TooLarge => Decision::Stop,
                _ => self.pause_after(attempt),
            },
            Error::Protocol { status, .. }
                if status.is_server_error() || status.as_u16() == 429 =>
            {
                self.pause_after(attempt)
            }
            Error::Protocol { .. } => Decision::Stop,
            Error::Vault { errors, .. } => {
                let kinds = || errors.iter().map(|e| &e.kind);
                if kinds().any(VaultErrorKind::is_about_the_caller) {
                    Decision::Stop
                } else if kinds().any(is_a_matter_of_the_window) {
                    Decision::After(LIMIT_WINDOW)
                } else if error.may_have_been_applied()
                    || kinds().any(|kind| *kind == VaultErrorKind::RaceCondition)
                {
                    self.pause_after(attempt)
                } else {
                    Decision::Stop
                }
            }
        }
    }

    fn pause_after(&self, attempt: u32) -> Decision {
        let doubled = 2u32.saturating_pow(attempt.saturating_sub(1));
        Decision::After(self.pause.saturating_mul(doubled))
    }
}

/// Later, and not at once: another call that was in the way of this one is over by then.
fn is_a_matter_of_the_window(kind: &VaultErrorKind) -> bool {
    kind.says_later() && *kind != VaultErrorKind::RaceCondition
}

/// Three attempts, half a second before the second.
impl Default for Policy {
    fn default() -> Self {
        Self::new(3, Duration::from_millis(500))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Failure, ProtocolProblem};
    use crate::transport::TransportError;
    use crate::validation::ValidationError;
    use crate::vault_error::VaultMessage;
    use http::StatusCode;

    fn transport(kind: TransportErrorKind) -> Error {
        Error::Transport {
            operation: "x",
            source: TransportError::without_cause(kind),
        }
    }

    fn vault(outcome: Failure, code: &str) -> Error {
        Error::Vault {
            operation: "x",
            status: StatusCode::OK,
            outcome,
            errors: vec![VaultMessage::new(code, "")],
            facts: Box::default(),
        }
    }

    /// Two errors in one `FAILURE`.
    fn beside(one: &str, other: &str) -> Error {
        let mut error = vault(Failure::Failure, one);
        if let Error::Vault { errors, .. } = &mut error {
            errors.push(VaultMessage::new(other, ""));
        }
        error
    }

    fn page(status: u16) -> Error {
        Error::Protocol {
            operation: "x",
            status: StatusCode::from_u16(status).unwrap(),
            problem: ProtocolProblem::new("page"),
            facts: Box::default(),
        }
    }

    #[test]
    fn the_whole_table() {
        use Repeat::{Once, Safe};
        use TransportErrorKind::{Connect, Interrupted, Other, Timeout, TooLarge, Unsendable};
        let soon = Decision::After(Duration::from_millis(500));
        let window = Decision::After(LIMIT_WINDOW);
        for (error, once, safe) in [
            (
                Error::Validation(ValidationError::new("f", "r")),
                Decision::Stop,
                Decision::Stop,
            ),
            (transport(Unsendable), Decision::Stop, Decision::Stop),
            (transport(Connect), soon, soon),
            (transport(Timeout), Decision::Stop, soon),
            (transport(Interrupted), Decision::Stop, soon),
            (transport(Other), Decision::Stop, soon),
            (transport(TooLarge), Decision::Stop, Decision::Stop),
            (page(502), Decision::Stop, soon),
            (page(429), Decision::Stop, soon),
            (page(307), Decision::Stop, Decision::Stop),
            (
                vault(Failure::Failure, "API_LIMIT_EXCEEDED"),
                window,
                window,
            ),
            // Sooner would only use up what is left of the window.
            (
                vault(Failure::Exception, "API_LIMIT_EXCEEDED"),
                Decision::Stop,
                window,
            ),
            (
                vault(Failure::Exception, "OPERATION_IN_PROGRESS"),
                Decision::Stop,
                window,
            ),
            (
                vault(Failure::Exception, "RACE_CONDITION"),
                Decision::Stop,
                soon,
            ),
            (
                beside("UNEXPECTED_ERROR", "API_LIMIT_EXCEEDED"),
                Decision::Stop,
                window,
            ),
            (
                beside("RACE_CONDITION", "API_LIMIT_EXCEEDED"),
                window,
                window,
            ),
            (
                beside("API_LIMIT_EXCEEDED", "USER_LOCKED_OUT"),
                Decision::Stop,
                Decision::Stop,
            ),
            (
                vault(Failure::Failure, "USERNAME_OR_PASSWORD_INCORRECT"),
                Decision::Stop,
                Decision::Stop,
            ),
            (
                vault(Failure::Exception, "USERNAME_OR_PASSWORD_INCORRECT"),
                Decision::Stop,
                Decision::Stop,
            ),
            (
                vault(Failure::Failure, "INVALID_SESSION_ID"),
                Decision::Stop,
                Decision::Stop,
            ),
            (
                vault(Failure::Failure, "INVALID_DATA"),
                Decision::Stop,
                Decision::Stop,
            ),
            (
                vault(Failure::Failure, "UNEXPECTED_ERROR"),
                Decision::Stop,
                soon,
            ),
            (
                vault(Failure::Exception, "OPERATION_NOT_ALLOWED"),
                Decision::Stop,
                soon,
            ),
            (vault(Failure::Failure, "RACE_CONDITION"), soon, soon),
            (
                vault(Failure::Failure, "OPERATION_IN_PROGRESS"),
                window,
                window,
            ),
        ] {
            let policy = Policy::default();
            assert_eq!(policy.decide(1, Once, &error), once, "once: {error}");
            assert_eq!(policy.decide(1, Safe, &error), safe, "safe: {error}");
            assert_eq!(
                policy.decide(3, Safe, &error),
                Decision::Stop,
                "attempts are bounded"
            );
        }
        let later =
            Policy::new(u32::MAX, Duration::from_secs(1)).decide(2, Safe, &transport(Timeout));
        assert_eq!(later, Decision::After(Duration::from_secs(2)));
    }
}
