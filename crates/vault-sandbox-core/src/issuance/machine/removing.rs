//! Deleting the token that was issued, because somebody asked for that or because it will not do.

use super::{Issuance, State, not_issued};
use crate::endpoints::{IssuedToken, TokenRecord};
use crate::issuance::journal::DeliveryState;
use crate::issuance::outcome::{NotIssued, Outcome};
use crate::issuance::removal::Removal;

impl Issuance {
    /// Deletes the token instead of delivering it.
    pub(super) fn discard(&mut self) -> State {
        self.to_be_revoked = true;
        self.was_somewhere = self.may_be_somewhere();
        // No later run is to deliver it by itself, nor to think it is where it was delivered.
        for delivery in &mut self.deliveries {
            if self.kept || delivery.state == DeliveryState::Committed {
                delivery.state = DeliveryState::Uncertain;
            }
        }
        if let Some(id) = self.token.as_ref().and_then(IssuedToken::id) {
            self.lost = Some(id.clone());
        }
        match self.lost {
            None => State::Seeking,
            Some(_) if self.identified => State::Sighting,
            Some(_) => self.before_revoking(),
        }
    }

    /// An ID that a person named may be mistyped: only what is there is deleted.
    pub(super) fn sighted(&mut self, records: &[TokenRecord]) -> State {
        let named = self.lost.as_ref();
        match records.iter().any(|record| Some(&record.id) == named) {
            true => self.before_revoking(),
            false => self.not_identified(),
        }
    }

    pub(super) fn before_revoking(&mut self) -> State {
        if self.may_be_somewhere() {
            State::Renouncing
        } else {
            State::Revoking
        }
    }

    pub(super) fn revoked(&mut self, removal: Removal) -> State {
        match removal {
            // Said by a person: that no such token is there proves nothing of the one that was made.
            Removal::WasGone if self.identified => self.not_identified(),
            // Just issued, it may not show yet.
            Removal::WasGone if self.is_new => self.not_revoked(),
            Removal::Deleted | Removal::WasGone if self.rejected => not_issued(NotIssued::Unfit),
            Removal::Deleted | Removal::WasGone => not_issued(NotIssued::Revoked),
            Removal::Remains | Removal::Unknown => self.not_revoked(),
        }
    }

    pub(super) fn not_revoked(&mut self) -> State {
        if self.kept || self.may_be_somewhere() {
            self.undelivered()
        } else {
            State::Closed(Outcome::ValueLost(self.lost.clone()))
        }
    }

    pub(super) fn not_identified(&mut self) -> State {
        self.lost = None;
        self.identified = false;
        self.to_be_revoked = false;
        if self.is_issued() {
            self.not_revoked()
        } else {
            State::Closed(Outcome::Unknown)
        }
    }
}
