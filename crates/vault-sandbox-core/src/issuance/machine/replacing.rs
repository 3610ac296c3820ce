//! A token that takes another's place: tried out before any destination is touched, because what lies
//! there still works.

use super::{Issuance, State};
use crate::issuance::intent::VerifyRule;
use crate::issuance::journal::DeliveryState;
use crate::issuance::outcome::Outcome;
use crate::issuance::removal::Removal;
use crate::issuance::verification::Verification;

impl Issuance {
    /// Whether it has to be seen to work before it is handed over. A delivery that began proves that
    /// it was.
    pub(super) fn is_to_be_proven(&self) -> bool {
        self.intent.replaces.is_some()
            && self.verification.is_none()
            && self.first(DeliveryState::Planned).is_some()
            && !self.may_be_somewhere()
    }

    /// Whether all that remains is to delete the one whose place it took.
    pub(super) fn is_only_the_old_one_left(&self) -> bool {
        self.intent.replaces.is_some() && self.is_everywhere()
    }

    /// One that works goes on; one that is not as asked goes away; one of which nobody knows waits in
    /// the record, if it is there.
    pub(super) fn tried_as_replacement(&mut self) -> State {
        let is_strict = self.intent.verify == VerifyRule::Always;
        match self.verification {
            Some(Verification::Confirmed { .. }) => self.next_delivery(),
            Some(Verification::Works) if !is_strict => self.next_delivery(),
            Some(Verification::Works | Verification::Unconfirmed) | None if self.kept => {
                self.undelivered()
            }
            _ => {
                self.rejected = true;
                self.discard()
            }
        }
    }

    /// The old one was to be deleted.
    pub(super) fn retired(&mut self, removal: Removal) -> State {
        self.replaced = Some(removal);
        State::Forgetting(match removal.is_gone() {
            true => Outcome::Issued,
            false => Outcome::OldRemains,
        })
    }
}
