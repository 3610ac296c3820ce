mod after;
mod looking;
mod removing;
mod replacing;

use std::fmt;

use thiserror::Error;

pub use looking::NotThisOne;

use super::intent::Intent;
use super::journal::{Delivery, DeliveryState, Entry, Record};
use super::look_up::LookUp;
use super::outcome::{NotIssued, Outcome};
use super::removal::Removal;
use super::step::{Event, Step};
use super::verification::{TryOut, Verification};
use crate::endpoints::{IssuedToken, TokenRecord};
use crate::types::TokenId;
use crate::vault_error::VaultMessage;

/// An event that the present step cannot have: a mistake in what drives the machine. The machine is
/// as it was; [`Step`] says which events each step may end with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the step {step} cannot end with the event {event}")]
pub struct Unexpected {
    step: String,
    event: String,
}

impl Unexpected {
    /// `event` came where `step` stands.
    pub(super) fn new(step: &impl fmt::Debug, event: &impl fmt::Debug) -> Self {
        Self {
            step: format!("{step:?}"),
            event: format!("{event:?}"),
        }
    }
}

/// Where the machine stands. Each state asks for one step.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Planned,
    Intended,
    /// Vault's words about the session.
    SigningIn(Vec<VaultMessage>),
    Keeping,
    Delivering(usize),
    /// Says on disk which destination is next, or how all of them ended.
    Marking(Option<usize>),
    Checking(usize),
    Seeking,
    /// Says on disk that nothing is to be delivered any more, before a kept token is deleted.
    Renouncing,
    /// Says on disk that a token exists without its value.
    Noting,
    /// Looks whether the token that a person named is there.
    Sighting,
    Revoking,
    /// Says on disk that every destination has the value, before the old token is deleted.
    Settling,
    Retiring,
    Forgetting(Outcome),
    Verifying,
    /// Looks whether the record still has the value, before that is claimed.
    Confirming,
    Closed(Outcome),
}

/// One issuance, from intent to outcome. See the [module](crate::issuance) for the rules.
#[derive(Clone)]
pub struct Issuance {
    intent: Intent,
    state: State,
    token: Option<IssuedToken>,
    deliveries: Vec<Delivery>,
    /// Every destination that was ever named for this operation.
    places: Vec<String>,
    /// The token that exists without its value.
    lost: Option<TokenId>,
    /// Tokens that may be this operation's, or may not.
    candidates: Vec<TokenRecord>,
    kept: bool,
    /// The token was issued in this run.
    is_new: bool,
    to_be_revoked: bool,
    /// A destination had the value, or might have had it, before it was to be deleted.
    was_somewhere: bool,
    /// A person said which token it is.
    identified: bool,
    rejected: bool,
    signed_in_again: bool,
    verification: Option<Verification>,
    replaced: Option<Removal>,
}

impl Issuance {
    /// Begins.
    #[must_use]
    pub fn new(intent: Intent) -> Self {
        let deliveries = intent.destinations.iter().map(Delivery::planned).collect();
        Self {
            places: intent.destinations.clone(),
            intent,
            state: State::Planned,
            token: None,
            deliveries,
            lost: None,
            candidates: Vec::new(),
            kept: false,
            is_new: false,
            to_be_revoked: false,
            was_somewhere: false,
            identified: false,
            rejected: false,
            signed_in_again: false,
            verification: None,
            replaced: None,
        }
    }

    /// Goes on from what an interrupted run left.
    ///
    /// A kept value is delivered where it is still missing; destinations that the run was about to
    /// deliver to are checked first. Without a value, the request may have been carried out: the
    /// token is looked up, unless the record says that a delivery began.
    #[must_use]
    pub fn resume(record: Record) -> Self {
        let mut issuance = Self {
            deliveries: record.deliveries,
            places: record.places,
            lost: record.lost,
            candidates: record.candidates,
            kept: record.token.is_some(),
            token: record.token,
            ..Self::new(record.intent)
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
        } else if issuance.lost.is_none() {
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
            for destination in destinations {
                if !self.places.contains(&destination) {
                    self.places.push(destination.clone());
                }
                self.deliveries.push(Delivery::planned(destination));
            }
            self.state = self.next_delivery();
        }
        self
    }

    /// After [`resume`](Self::resume): deletes the token instead of delivering it. One whose ID is
    /// not known is looked up first; where that is not certain, none is deleted: which it is, is for a
    /// person to say with [`identified`](Self::identified). Once deleting it was begun, no run delivers
    /// the token unless it is [`redirected`](Self::redirected).
    #[must_use]
    pub fn revoking(mut self) -> Self {
        // What was only about to be marked was not begun.
        if let State::Marking(Some(next)) = self.state {
            self.set(next, DeliveryState::Planned);
        }
        self.state = self.discard();
        self
    }

    /// What to do next; the same until the machine is told.
    #[must_use]
    pub fn step(&self) -> Step<'_> {
        match &self.state {
            State::Planned => Step::Persist(Entry::Intent(self.intent.clone())),
            State::Intended => Step::Send(self.intent.request()),
            State::SigningIn(_) => Step::SignIn,
            State::Marking(_) | State::Renouncing | State::Settling => {
                Step::Persist(Entry::Deliveries(self.deliveries.clone()))
            }
            State::Noting => Step::Persist(Entry::Lost(self.lost.clone())),
            State::Seeking => Step::LookUp(LookUp::new(&self.intent, self.is_issued())),
            State::Sighting => match &self.lost {
                Some(id) => Step::LookFor(id),
                // Entered only where there is one.
                None => Step::Forget,
            },
            State::Revoking => match &self.lost {
                Some(id) => Step::Revoke(id),
                // Entered only where there is one.
                None => Step::Forget,
            },
            State::Retiring => match &self.intent.replaces {
                Some(old) => Step::Retire(old),
                // Entered only where there is one.
                None => Step::Forget,
            },
            State::Forgetting(_) => Step::Forget,
            State::Closed(outcome) => Step::Done(outcome),
            State::Keeping
            | State::Delivering(_)
            | State::Checking(_)
            | State::Verifying
            | State::Confirming => self.step_with_token(),
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
            (S::Intended | S::SigningIn(_), Event::Stop) => not_issued(NotIssued::Stopped),

            // Once: only Vault's own word that the session was invalid leads back to sending.
            (S::Intended, Event::NotSent) => not_issued(NotIssued::NotSent),
            (S::Intended, Event::Refused(why)) => not_issued(NotIssued::Refused(why)),
            (S::Intended, Event::SessionInvalid(why)) if self.signed_in_again => {
                not_issued(NotIssued::Refused(why))
            }
            (S::Intended, Event::SessionInvalid(why)) => S::SigningIn(why),
            (S::SigningIn(_), Event::Done) => {
                self.signed_in_again = true;
                S::Intended
            }
            (S::SigningIn(why), Event::Failed) => not_issued(NotIssued::Refused(why)),

            // Value: kept before anything else; delivered even if it could not be kept.
            (S::Intended, Event::Answered(token)) => {
                self.token = Some(token);
                self.is_new = true;
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
            (S::Marking(None), Event::Done | Event::Failed) => self.undelivered(),
            (S::Confirming, Event::Done) => S::Closed(Outcome::Undelivered),
            (S::Confirming, Event::Failed) => self.lost_from_record(),
            (S::Checking(at), Event::Done) => self.checked(at, DeliveryState::Committed),
            (S::Checking(at), Event::Failed) => self.checked(at, DeliveryState::Planned),
            (S::Checking(at), Event::CannotTell) => self.checked(at, DeliveryState::Uncertain),

            // Unknown is a result: looked up, never repeated.
            (S::Intended, Event::NoValue(Some(id))) => self.value_lost(Some(id)),
            (S::Intended, Event::NoValue(None)) => S::Seeking,
            (S::Intended, Event::GivenUp) => S::Closed(Outcome::Unknown),
            (S::Seeking, Event::Found(records)) => self.looked_up(&records),
            (S::Seeking, Event::Failed | Event::GivenUp) => self.not_found(),
            (S::Noting, Event::Done | Event::Failed) => {
                S::Closed(Outcome::ValueLost(self.lost.clone()))
            }

            // Without that mark, a run that is cut off here would leave a record that still says to
            // deliver a token that is gone.
            (S::Renouncing, Event::Done | Event::Failed) => S::Revoking,
            (S::Sighting, Event::Found(records)) => self.sighted(&records),
            (S::Sighting, Event::Failed | Event::GivenUp) => self.not_identified(),
            (S::Revoking, Event::Removed(removal)) => self.revoked(removal),
            (S::Revoking, Event::Failed | Event::GivenUp) => self.not_revoked(),

            // Replaced: the old token goes last, once that is on disk, and the outcome says whether it
            // is gone.
            (S::Settling, Event::Done) => S::Retiring,
            (S::Settling, Event::Failed) => S::Forgetting(Outcome::OldRemains),
            (S::Retiring, Event::Removed(removal)) => self.retired(removal),
            (S::Retiring, Event::Failed | Event::GivenUp) => S::Forgetting(Outcome::OldRemains),

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
                return Err(Unexpected::new(&state, &event));
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

    /// Every destination that was ever named for this operation, in this run or an earlier one: what a
    /// run that was cut off may have left something beside.
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// Tokens that a look-up found, and that may be this operation's, or may not: for a person to
    /// judge by their facts. Empty once it is certain which it is.
    #[must_use]
    pub fn candidates(&self) -> &[TokenRecord] {
        &self.candidates
    }

    /// The token that exists, or existed, without its value being of use any more: of
    /// [`Outcome::ValueLost`], or the one that was to be deleted.
    #[must_use]
    pub fn lost(&self) -> Option<&TokenId> {
        self.lost.as_ref()
    }

    /// What became of the token whose place this one took, once it was to be deleted.
    #[must_use]
    pub fn replaced(&self) -> Option<Removal> {
        self.replaced
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
            State::Verifying => Step::Verify(TryOut::new(&self.intent, token)),
            State::Confirming => Step::Confirm(value),
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
