use super::journal::Entry;
use super::outcome::{Outcome, Verification};
use crate::endpoints::{GenerateSandboxToken, IssuedToken};
use crate::error::Error;
use crate::reply::Reply;
use crate::types::{AccessToken, Expiry, TokenId, TokenName};
use crate::vault_error::VaultErrorKind;

/// What to do next. Every step is carried out once, then the machine is told what happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Append the entry to the journal and have it on disk. Told: [`Event::Done`] or
    /// [`Event::Failed`].
    Persist(Entry),
    /// Send this request, once. Told: [`Event::from_call`], or [`Event::Stop`] if it was not begun.
    Send(GenerateSandboxToken),
    /// Vault said that the session is invalid, so nothing was done: sign in again if the means are
    /// at hand. Told: [`Event::Done`] or [`Event::Failed`].
    SignIn,
    /// As [`Persist`](Self::Persist), with the value: the first thing to do with it.
    Keep(Entry),
    /// Hand the value to this destination, and make sure that it is there. Told: [`Event::Done`]
    /// or [`Event::Failed`].
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
    /// An earlier run was about to deliver here: find out whether it did. Told: [`Event::Done`] (it
    /// did), [`Event::Failed`] (it did not) or [`Event::CannotTell`].
    Check {
        /// Which of [`Issuance::deliveries`](super::Issuance::deliveries).
        index: usize,
        /// Its words.
        destination: &'a str,
        /// The value.
        value: &'a AccessToken,
    },
    /// Try the token out in the sandbox and read its expiry back. Told: [`Event::Verified`].
    Verify {
        /// The token.
        token: &'a IssuedToken,
        /// The expiry that was asked for.
        expiry: Expiry,
    },
    /// Look for tokens of this name in the sandbox, for some seconds. Told: [`Event::Found`], or
    /// [`Event::Failed`] if one cannot look.
    LookUp(&'a TokenName),
    /// Delete these tokens in the sandbox. Told: [`Event::Done`] or [`Event::Failed`].
    Revoke(&'a [TokenId]),
    /// Delete the token whose place the new one has taken. Told: [`Event::Done`], [`Event::Failed`]
    /// or [`Event::GivenUp`].
    Retire(&'a TokenId),
    /// Remove the journal. Told: [`Event::Done`] or [`Event::Failed`].
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
    /// Of [`Step::Check`]: nobody knows.
    CannotTell,
    /// Vault issued the token.
    Answered(IssuedToken),
    /// Nothing of the request was sent.
    NotSent,
    /// Vault refused: no token was made.
    Refused,
    /// Vault refused, because the session is invalid.
    SessionInvalid,
    /// The request may have been carried out, but there is no value: `id` if the answer had one.
    NoValue(Option<TokenId>),
    /// Waiting for the answer was given up by whoever started it: nothing more is to be tried.
    GivenUp,
    /// What [`Step::LookUp`] found.
    Found(Vec<TokenId>),
    /// What [`Step::Verify`] showed.
    Verified(Verification),
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
            Err(error @ Error::Vault { .. }) => {
                let invalid = error
                    .vault_errors()
                    .iter()
                    .any(|e| e.kind == VaultErrorKind::InvalidSessionId);
                if invalid {
                    Self::SessionInvalid
                } else {
                    Self::Refused
                }
            }
            Err(_) => Self::NotSent,
        }
    }
}
