use super::journal::Entry;
use super::look_up::LookUp;
use super::outcome::Outcome;
use super::removal::Removal;
use super::verification::{TryOut, Verification};
use crate::endpoints::{GenerateSandboxToken, IssuedToken, TokenRecord};
use crate::error::Error;
use crate::reply::Reply;
use crate::types::{AccessToken, TokenId};
use crate::vault_error::{VaultErrorKind, VaultMessage};

/// What to do next. Every step is carried out once, then the machine is told what happened.
///
/// A step of a later version that a driver does not know is told [`Event::Failed`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Append the entry to the journal and have it on disk, as
    /// [`Journal::append`](super::Journal::append) does. Told: [`Event::Done`], which only a line that
    /// survives a loss of power counts as, or [`Event::Failed`].
    Persist(Entry),
    /// Send this request, once. Told: [`Event::from_call`], [`Event::GivenUp`] if nobody waits for the
    /// answer any more, or [`Event::Stop`] if it was not begun.
    Send(GenerateSandboxToken),
    /// Vault said that the session is invalid, so nothing was done: sign in again if the means are
    /// at hand. Told: [`Event::Done`] or [`Event::Failed`].
    SignIn,
    /// As [`Persist`](Self::Persist), with the value: the first thing to do with it.
    Keep(Entry),
    /// Hand the value to this destination, and make sure that it is there. Told: [`Event::Done`],
    /// which only a value that is there and stays there counts as, or [`Event::Failed`].
    Deliver {
        /// Which of [`Issuance::deliveries`](super::Issuance::deliveries).
        index: usize,
        /// Its words.
        destination: &'a str,
        /// The value.
        value: &'a AccessToken,
        /// The whole answer, for destinations that store more than the value.
        token: &'a IssuedToken,
    },
    /// An earlier run was about to deliver here: find out whether it did. Told: [`Event::Done`] (the
    /// whole value is there), [`Event::Failed`] (it is not) or [`Event::CannotTell`], where looking
    /// cannot show it.
    Check {
        /// Which of [`Issuance::deliveries`](super::Issuance::deliveries).
        index: usize,
        /// Its words.
        destination: &'a str,
        /// The value.
        value: &'a AccessToken,
    },
    /// Try the token out in the sandbox and read its expiry back. [`TryOut`] says what to call and what
    /// the answer shows. Told: [`Event::Verified`], or [`Event::Failed`] if it was not tried.
    Verify(TryOut<'a>),
    /// Look for tokens of this operation's name in the sandbox. [`LookUp`] says what to call, whether
    /// looking again is worth it, and what counts: only a name that holds the operation's number makes
    /// a hit certain. Told: [`Event::Found`] with *everything* that was found, or [`Event::Failed`] if
    /// one cannot look.
    LookUp(LookUp<'a>),
    /// Look for this token by its ID in the sandbox's own Vault: a person named it, and only what is
    /// there is deleted. Told: [`Event::Found`], or [`Event::Failed`] if one cannot look.
    LookFor(&'a TokenId),
    /// Delete this token in the sandbox's own Vault. Told: [`Event::Removed`] with what
    /// [`RemovalEvidence`](super::RemovalEvidence) judges, or [`Event::Failed`] if nothing was asked.
    Revoke(&'a TokenId),
    /// Delete the token whose place the new one has taken. Told: as [`Revoke`](Self::Revoke), or
    /// [`Event::GivenUp`] if nobody waits for that any more.
    Retire(&'a TokenId),
    /// Look whether the journal can still be found under its name and holds this value, as
    /// [`Journal::holds`](super::Journal::holds) does: the outcome is about to say so. Told:
    /// [`Event::Done`] (it does) or [`Event::Failed`].
    Confirm(&'a AccessToken),
    /// Remove the journal, and with it what was left over beside
    /// [the places that were opened](super::Issuance::places). Told: [`Event::Done`] or
    /// [`Event::Failed`].
    Forget,
    /// Nothing more.
    Done(&'a Outcome),
}

/// What happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The step was carried out.
    Done,
    /// The step could not be carried out.
    Failed,
    /// Of [`Step::Check`]: looking cannot show it.
    CannotTell,
    /// Vault issued the token.
    Answered(IssuedToken),
    /// Nothing of the request was sent.
    NotSent,
    /// Vault refused, for these reasons: no token was made.
    Refused(Vec<VaultMessage>),
    /// Vault refused, because the session is invalid.
    SessionInvalid(Vec<VaultMessage>),
    /// The request may have been carried out, but there is no value: the ID if the answer had one.
    NoValue(Option<TokenId>),
    /// Waiting for the answer was given up by whoever started it: nothing more is to be tried.
    GivenUp,
    /// What [`Step::LookUp`] or [`Step::LookFor`] found: all of it. The machine judges what it proves.
    Found(Vec<TokenRecord>),
    /// What [`Step::Verify`] showed.
    Verified(Verification),
    /// What became of the token that [`Step::Revoke`] or [`Step::Retire`] was about.
    Removed(Removal),
    /// Stop before anything is sent. Once something was sent, the machine goes on to its outcome.
    Stop,
}

impl Event {
    /// [`Done`](Self::Done) or [`Failed`](Self::Failed).
    #[must_use]
    pub fn from_success(success: bool) -> Self {
        if success { Self::Done } else { Self::Failed }
    }

    /// What the answer to [`Step::Send`] means.
    #[must_use]
    pub fn from_call(answer: &Result<Reply<IssuedToken>, Error>) -> Self {
        match answer {
            Ok(reply) => Self::Answered(reply.value.clone()),
            Err(error) if error.may_have_been_applied() => {
                Self::NoValue(error.created_id().cloned())
            }
            Err(error @ Error::Vault { errors, .. }) => {
                let mut kinds = error.vault_errors().iter().map(|e| &e.kind);
                if kinds.any(|kind| *kind == VaultErrorKind::InvalidSessionId) {
                    Self::SessionInvalid(errors.clone())
                } else {
                    Self::Refused(errors.clone())
                }
            }
            Err(_) => Self::NotSent,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::error::{Failure, ProtocolProblem};
    use crate::reply::Facts;
    use crate::transport::{TransportError, TransportErrorKind};

    fn vault(outcome: Failure, codes: &[&str]) -> Error {
        Error::Vault {
            operation: "generate_sandbox_token",
            status: StatusCode::OK,
            outcome,
            errors: codes
                .iter()
                .map(|code| VaultMessage::new(*code, "no"))
                .collect(),
            facts: Box::default(),
        }
    }

    fn transport(kind: TransportErrorKind) -> Error {
        Error::Transport {
            operation: "generate_sandbox_token",
            source: TransportError::without_cause(kind),
        }
    }

    fn odd(id: Option<&str>) -> Error {
        let id = id.map(|id| TokenId::parse(id).unwrap());
        Error::Protocol {
            operation: "generate_sandbox_token",
            status: StatusCode::OK,
            problem: ProtocolProblem::new("odd").created(id),
            facts: Box::default(),
        }
    }

    /// An event in a word.
    fn word(event: &Event) -> String {
        match event {
            Event::Answered(token) => format!("answered {:?}", token.id()),
            Event::NoValue(id) => format!("no value {id:?}"),
            Event::Refused(why) => format!("refused {}", why.len()),
            Event::SessionInvalid(why) => format!("session {}", why.len()),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_an_answer_means() {
        use TransportErrorKind::{Connect, Interrupted, Timeout, TooLarge, Unsendable};
        for (error, means) in [
            (
                vault(Failure::Failure, &["INSUFFICIENT_ACCESS"]),
                "refused 1",
            ),
            (
                vault(Failure::Failure, &["A", "INVALID_SESSION_ID"]),
                "session 2",
            ),
            (
                vault(Failure::Exception, &["INVALID_SESSION_ID"]),
                "no value None",
            ),
            (
                vault(Failure::Failure, &["UNEXPECTED_ERROR"]),
                "no value None",
            ),
            (odd(None), "no value None"),
            (odd(Some("0PI1")), "no value Some(TokenId(0PI1))"),
            (transport(Connect), "NotSent"),
            (transport(Unsendable), "NotSent"),
            (transport(Timeout), "no value None"),
            (transport(Interrupted), "no value None"),
            (transport(TooLarge), "no value None"),
        ] {
            assert_eq!(word(&Event::from_call(&Err(error))), means);
        }
        let value = AccessToken::parse("veeva-vault-0c0ffee0example").unwrap();
        let token = IssuedToken::new(Some(TokenId::parse("0PI1").unwrap()), value);
        let answered = Event::from_call(&Ok(Reply::new(token, Facts::default())));
        assert_eq!(word(&answered), "answered Some(TokenId(0PI1))");
        assert_eq!(word(&Event::from_success(true)), "Done");
        assert_eq!(word(&Event::from_success(false)), "Failed");
    }
}
