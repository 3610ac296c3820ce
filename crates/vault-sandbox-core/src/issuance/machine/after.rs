//! What comes after: where the value still has to go, and what a token that is everywhere, somewhere
//! or nowhere counts as.

use super::{Issuance, State};
use crate::endpoints::IssuedToken;
use crate::issuance::intent::{Order, VerifyRule};
use crate::issuance::journal::{Delivery, DeliveryState};
use crate::issuance::outcome::Outcome;
use crate::issuance::verification::Verification;
use crate::types::TokenId;

impl Issuance {
    /// The first delivery needs no mark of its own: a kept token says that it was about to begin,
    /// unless it has to be tried out first.
    pub(super) fn start_first_delivery(&mut self) {
        if let Some(first) = self.deliveries.first_mut()
            && self.intent.replaces.is_none()
        {
            first.state = DeliveryState::Started;
        }
    }

    pub(super) fn after_keeping(&mut self) -> State {
        let first = self.intent.order == Order::VerifyFirst && self.is_to_be_verified();
        if first {
            State::Verifying
        } else {
            self.next_delivery()
        }
    }

    /// Nothing on disk says that the first delivery is about to begin, so it is said; and the only
    /// copy of the value does not wait for anything else.
    pub(super) fn after_not_keeping(&mut self) -> State {
        match self.first(DeliveryState::Started) {
            Some(first) => State::Marking(Some(first)),
            None => self.next_delivery(),
        }
    }

    pub(super) fn is_to_be_verified(&self) -> bool {
        let is_wanted = self.intent.verify != VerifyRule::Never && self.intent.replaces.is_none();
        is_wanted && self.verification.is_none()
    }

    pub(super) fn verified(&mut self, verification: Verification) -> State {
        self.verification = Some(verification);
        if self.intent.replaces.is_some() {
            self.tried_as_replacement()
        } else if self.is_everywhere() {
            State::Closed(self.judgement())
        } else {
            self.next_delivery()
        }
    }

    pub(super) fn delivered(&mut self, at: usize, state: DeliveryState) -> State {
        self.set(at, state);
        self.next_delivery()
    }

    pub(super) fn checked(&mut self, at: usize, state: DeliveryState) -> State {
        self.set(at, state);
        self.next_check_or_delivery()
    }

    pub(super) fn next_check_or_delivery(&mut self) -> State {
        match self.first(DeliveryState::Started) {
            Some(started) => State::Checking(started),
            None => self.next_delivery(),
        }
    }

    pub(super) fn next_delivery(&mut self) -> State {
        if let Some(started) = self.first(DeliveryState::Started) {
            return State::Delivering(started);
        }
        if self.is_to_be_proven() {
            return State::Verifying;
        }
        let Some(next) = self.first(DeliveryState::Planned) else {
            return self.after_deliveries();
        };
        self.set(next, DeliveryState::Started);
        State::Marking(Some(next))
    }

    fn after_deliveries(&mut self) -> State {
        if self.is_only_the_old_one_left() {
            return State::Settling;
        }
        if self.is_everywhere() {
            return State::Forgetting(self.judgement());
        }
        if self.kept || self.first(DeliveryState::Committed).is_some() {
            return State::Marking(None);
        }
        self.value_is_nowhere()
    }

    /// A token exists without its value: the one with this ID, if it is known.
    pub(super) fn value_lost(&mut self, id: Option<TokenId>) -> State {
        self.lost = id;
        if self.to_be_revoked && self.lost.is_some() {
            self.before_revoking()
        } else if self.kept || self.may_be_somewhere() {
            self.undelivered()
        } else {
            State::Noting
        }
    }

    /// It is neither kept nor anywhere else; which token it is, may still have to be found out.
    fn value_is_nowhere(&mut self) -> State {
        // What an earlier run found for certain; a person's word is not put on record.
        let found = self.lost.as_ref().filter(|_| !self.identified);
        let known = self.token.as_ref().and_then(IssuedToken::id).or(found);
        match known.cloned() {
            Some(id) => {
                self.lost = Some(id);
                State::Noting
            }
            None => State::Seeking,
        }
    }

    /// That the record has the value is claimed only once it was looked at.
    pub(super) fn undelivered(&self) -> State {
        if self.kept {
            State::Confirming
        } else {
            State::Closed(Outcome::Undelivered)
        }
    }

    /// The record was removed, or emptied, by somebody else.
    pub(super) fn lost_from_record(&mut self) -> State {
        self.kept = false;
        // Where it was to be deleted, its destinations are marked as if they might have it.
        let may_be_somewhere = match std::mem::take(&mut self.to_be_revoked) {
            true => self.was_somewhere,
            false => self.may_be_somewhere(),
        };
        if may_be_somewhere {
            State::Closed(Outcome::Undelivered)
        } else {
            self.value_is_nowhere()
        }
    }

    /// Only a token that was issued is delivered, so a delivery that began proves that there is one.
    pub(super) fn is_issued(&self) -> bool {
        let began = |delivery: &Delivery| delivery.state != DeliveryState::Planned;
        self.token.is_some() || self.deliveries.iter().any(began)
    }

    /// Whether a destination has the value, or may have it.
    pub(super) fn may_be_somewhere(&self) -> bool {
        use DeliveryState::{Committed, Started, Uncertain};
        let may = |delivery: &Delivery| matches!(delivery.state, Committed | Started | Uncertain);
        self.deliveries.iter().any(may)
    }

    pub(super) fn first(&self, state: DeliveryState) -> Option<usize> {
        self.deliveries
            .iter()
            .position(|delivery| delivery.state == state)
    }

    pub(super) fn set(&mut self, at: usize, state: DeliveryState) {
        if let Some(delivery) = self.deliveries.get_mut(at) {
            delivery.state = state;
        }
    }

    /// With no destination at all, the value is nowhere.
    pub(super) fn is_everywhere(&self) -> bool {
        let committed = |delivery: &Delivery| delivery.state == DeliveryState::Committed;
        !self.deliveries.is_empty() && self.deliveries.iter().all(committed)
    }

    /// What a token that is in every destination counts as.
    fn judgement(&self) -> Outcome {
        match self.verification {
            None | Some(Verification::Confirmed { .. }) => Outcome::Issued,
            Some(Verification::Works | Verification::Unconfirmed)
                if self.intent.verify != VerifyRule::Always =>
            {
                Outcome::Issued
            }
            Some(_) => Outcome::Mismatch,
        }
    }
}
