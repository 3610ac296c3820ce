mod after;
mod replacing;

use std::fmt;

use thiserror::Error;

use super::intent::Intent;
use super::journal::{Delivery, DeliveryState, Entry, Record};
use super::outcome::{NotIssued, Outcome, Verification};
use super::step::{Event, Step};
use crate::endpoints::IssuedToken;
use crate::types::TokenId;

/// An event that the present step cannot have: a mistake in what drives the machine. The machine is
/// as it was; [`Step`] says which events each step may end with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the step {step} cannot end with the event {event}")]
pub struct Unexpected {
    step: String,
    event: String,
}

/// Where the machine stands. Each state asks for one step.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Planned,
    Intended,
    SigningIn,
    Keeping,
    Delivering(usize),
    /// Says on disk which destination is next, or how all of them ended.
    Marking(Option<usize>),
    Checking(usize),
    Seeking,
    /// Says on disk that nothing is to be delivered any more, before a kept token is deleted.
    Renouncing,
    /// Says on disk which tokens exist without their value.
    Noting,
    Revoking,
    /// Says on disk that every destination has the value, before the old token is deleted.
    Settling,
    Retiring,
    Forgetting(Outcome),
    Verifying,
    Closed(Outcome),
}

/// One issuance, from intent to outcome. See the [module](crate::issuance) for the rules.
#[derive(Clone)]
pub struct Issuance {
    intent: Intent,
    state: State,
    token: Option<IssuedToken>,
    deliveries: Vec<Delivery>,
    lost: Vec<TokenId>,
    kept: bool,
    to_be_revoked: bool,
    rejected: bool,
    signed_in_again: bool,
    verification: Option<Verification>,
}

impl Issuance {
    /// Begins.
    #[must_use]
    pub fn new(intent: Intent) -> Self {
        let deliveries = intent.destinations.iter().map(Delivery::planned).collect();
        Self {
            intent,
            state: State::Planned,
            token: None,
            deliveries,
            lost: Vec::new(),
            kept: false,
            to_be_revoked: false,
            rejected: false,
            signed_in_again: false,
            verification: None,
        }
    }

    /// Goes on from what an interrupted run left.
    ///
    /// A kept value is delivered where it is still missing; destinations that the run was about to
    /// deliver to are checked first. Without a value, the request may have been carried out: the
    /// token is looked up, unless the record says that a delivery began.
    #[must_use]
    pub fn resume(record: Record) -> Self {
        let Record {
            intent,
            token,
            deliveries,
            lost,
            ..
        } = record;
        let mut issuance = Self {
            deliveries,
            lost,
            kept: token.is_some(),
            token,
            ..Self::new(intent)
        };
        issuance.state = if issuance.token.is_some() {
            // What failed then may work now.
            for delivery in &mut issuance.deliveries {
                if delivery.state == DeliveryState::Failed {
                    delivery.state = DeliveryState::Planned;
                }
            }
            issuance.next_check_or_delivery()
        } else if issuance.is_only_the_old_one_left() {
            State::Settling
        } else if issuance.may_be_somewhere() {
            // It could not be kept, but was, or was about to be, handed over.
            for delivery in &mut issuance.deliveries {
                if delivery.state == DeliveryState::Started {
                    delivery.state = DeliveryState::Uncertain;
                }
            }
            State::Closed(Outcome::Undelivered)
        } else if issuance.lost.is_empty() {
            State::Seeking
        } else {
            State::Closed(Outcome::ValueLost(issuance.lost.clone()))
        };
        issuance
    }

    /// After [`resume`](Self::resume): delivers a kept value here, instead of to the destinations of
    /// the record that do not have it.
    #[must_use]
    pub fn redirected(mut self, destinations: Vec<String>) -> Self {
        if self.token.is_some() {
            self.deliveries
                .retain(|delivery| delivery.state == DeliveryState::Committed);
            self.deliveries
                .extend(destinations.into_iter().map(Delivery::planned));
            self.state = self.next_delivery();
        }
        self
    }

    /// After [`resume`](Self::resume): deletes the token instead of delivering it. One whose ID is
    /// not known is looked up first; where several have its name, none is deleted: which of them it
    /// is, is for a person to say. Once deleting it was begun, no run delivers the token unless it
    /// is [`redirected`](Self::redirected).
    #[must_use]
    pub fn revoking(mut self) -> Self {
        self.state = self.discard();
        self
    }

    /// What to do next; the same until the machine is told.
    #[must_use]
    pub fn step(&self) -> Step<'_> {
        match &self.state {
            State::Planned => Step::Persist(Entry::Intent(self.intent.clone())),
            State::Intended => Step::Send(self.intent.request()),
            State::SigningIn => Step::SignIn,
            State::Marking(_) | State::Renouncing | State::Settling => {
                Step::Persist(Entry::Deliveries(self.deliveries.clone()))
            }
            State::Noting => Step::Persist(Entry::Lost(self.lost.clone())),
            State::Seeking => Step::LookUp(&self.intent.name),
            State::Revoking => Step::Revoke(&self.lost),
            State::Retiring => match &self.intent.replaces {
                Some(old) => Step::Retire(old),
                // Entered only where there is one.
                None => Step::Forget,
            },
            State::Forgetting(_) => Step::Forget,
            State::Closed(outcome) => Step::Done(outcome),
            State::Keeping | State::Delivering(_) | State::Checking(_) | State::Verifying => {
                self.step_with_token()
            }
        }
    }

    /// Says what became of the step. The rules of the [module](crate::issuance) are the arms of this function.
    ///
    /// # Errors
    ///
    /// The event does not fit the step; the machine is as it was.
    pub fn tell(&mut self, event: Event) -> Result<(), Unexpected> {
        use State as S;
        self.state = match (self.state.clone(), event) {
            // Trace: without the intent on disk, nothing is asked.
            (S::Planned, Event::Done) => S::Intended,
            (S::Planned, Event::Failed) => S::Closed(Outcome::NotIssued(NotIssued::NoTrace)),
            (S::Planned, Event::Stop) => S::Closed(Outcome::NotIssued(NotIssued::Stopped)),
            (S::Intended | S::SigningIn, Event::Stop) => not_issued(NotIssued::Stopped),

            // Once: only Vault's own word that the session was invalid leads back to sending.
            (S::Intended, Event::NotSent) => not_issued(NotIssued::NotSent),
            (S::Intended, Event::Refused) => not_issued(NotIssued::Refused),
            (S::Intended, Event::SessionInvalid) if self.signed_in_again => {
                not_issued(NotIssued::Refused)
            }
            (S::Intended, Event::SessionInvalid) => S::SigningIn,
            (S::SigningIn, Event::Done) => {
                self.signed_in_again = true;
                S::Intended
            }
            (S::SigningIn, Event::Failed) => not_issued(NotIssued::Refused),

            // Value: kept before anything else; delivered even if it could not be kept.
            (S::Intended, Event::Answered(token)) => {
                self.token = Some(token);
                self.start_first_delivery();
                S::Keeping
            }
            (S::Keeping, Event::Done) => {
                self.kept = true;
                self.after_keeping()
            }
            (S::Keeping, Event::Failed) => self.after_not_keeping(),

            // Delivered: each destination ends in a state of its own, the others are still served.
            (S::Delivering(at), Event::Done) => self.delivered(at, DeliveryState::Committed),
            (S::Delivering(at), Event::Failed) => self.delivered(at, DeliveryState::Failed),
            // A mark that cannot be written costs certainty after a crash, not the delivery.
            (S::Marking(Some(next)), Event::Done | Event::Failed) => S::Delivering(next),
            (S::Marking(None), Event::Done | Event::Failed) => S::Closed(Outcome::Undelivered),
            (S::Checking(at), Event::Done) => self.checked(at, DeliveryState::Committed),
            (S::Checking(at), Event::Failed) => self.checked(at, DeliveryState::Planned),
            (S::Checking(at), Event::CannotTell) => self.checked(at, DeliveryState::Uncertain),

            // Unknown is a result: looked up, never repeated.
            (S::Intended, Event::NoValue(Some(id))) => self.value_lost(vec![id]),
            (S::Intended, Event::NoValue(None)) => S::Seeking,
            (S::Seeking, Event::Found(ids)) if !ids.is_empty() => self.value_lost(ids),
            // Issued for certain, though nobody knows under which ID.
            (S::Seeking, Event::Found(_) | Event::Failed | Event::GivenUp) if self.is_issued() => {
                self.value_lost(vec![])
            }
            (S::Seeking, Event::Found(_) | Event::Failed) => S::Closed(Outcome::Unknown),
            (S::Intended | S::Seeking, Event::GivenUp) => S::Closed(Outcome::Unknown),
            (S::Noting, Event::Done | Event::Failed) => {
                S::Closed(Outcome::ValueLost(self.lost.clone()))
            }

            // Without that mark, a run that is cut off here would leave a record that still says to
            // deliver a token that is gone.
            (S::Renouncing, Event::Done | Event::Failed) => S::Revoking,
            (S::Revoking, Event::Done) if self.rejected => not_issued(NotIssued::Unfit),
            (S::Revoking, Event::Done) => not_issued(NotIssued::Revoked),
            (S::Revoking, Event::Failed) if self.kept || self.may_be_somewhere() => {
                S::Closed(Outcome::Undelivered)
            }
            (S::Revoking, Event::Failed) => S::Closed(Outcome::ValueLost(self.lost.clone())),

            // Replaced: the old token goes last, once that is on disk, and the outcome says whether it
            // is gone.
            (S::Settling, Event::Done) => S::Retiring,
            (S::Retiring, Event::Done) => S::Forgetting(Outcome::Issued),
            (S::Settling, Event::Failed) | (S::Retiring, Event::Failed | Event::GivenUp) => {
                S::Forgetting(Outcome::OldRemains)
            }

            // Everything is in place: what remains is to look at the token itself.
            (S::Forgetting(Outcome::Issued), Event::Done | Event::Failed)
                if self.is_to_be_verified() =>
            {
                S::Verifying
            }
            (S::Forgetting(outcome), Event::Done | Event::Failed) => S::Closed(outcome),
            (S::Verifying, Event::Verified(verification)) => self.verified(verification),
            (S::Verifying, Event::Failed) => self.verified(Verification::Unconfirmed),

            // Too late to stop: the outcome has to be reached.
            (state, Event::Stop) => state,
            (state, event) => {
                return Err(Unexpected {
                    step: format!("{state:?}"),
                    event: format!("{event:?}"),
                });
            }
        };
        Ok(())
    }

    /// What is asked for.
    #[must_use]
    pub fn intent(&self) -> &Intent {
        &self.intent
    }

    /// How far each destination is.
    #[must_use]
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    /// The token, once it was issued.
    #[must_use]
    pub fn token(&self) -> Option<&IssuedToken> {
        self.token.as_ref()
    }

    /// Whether the journal holds the value, until it is forgotten.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.kept
    }

    /// What trying out the token showed, if it was tried.
    #[must_use]
    pub fn verification(&self) -> Option<&Verification> {
        self.verification.as_ref()
    }

    fn step_with_token(&self) -> Step<'_> {
        let Some(token) = &self.token else {
            // These states are entered with a token only; without one there is nothing to do.
            return Step::Forget;
        };
        let value = token.value();
        let destination = |at: usize| {
            self.deliveries
                .get(at)
                .map_or("", |d| d.destination.as_str())
        };
        match self.state {
            State::Delivering(index) => Step::Deliver {
                index,
                destination: destination(index),
                value,
                token,
            },
            State::Checking(index) => Step::Check {
                index,
                destination: destination(index),
                value,
            },
            State::Verifying => Step::Verify {
                token,
                expiry: self.intent.expiry,
            },
            _ => Step::Keep(Entry::Token(token.clone())),
        }
    }
}

impl fmt::Debug for Issuance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuance")
            .field("operation", &self.intent.operation)
            .field("state", &self.state)
            .field("deliveries", &self.deliveries)
            .finish_non_exhaustive()
    }
}

fn not_issued(why: NotIssued) -> State {
    State::Forgetting(Outcome::NotIssued(why))
}

#[cfg(test)]
mod tests;
