//! What a machine without a rule is told, where that rule would have acted.

use vault_sandbox_core::VaultMessage;
use vault_sandbox_core::endpoints::TokenRecord;
use vault_sandbox_core::issuance::{Entry, Event, NotIssued, Outcome, Removal, Step, Verification};

use super::mutants::{Instead, Mutant, confirmed, go};
use super::rules::Rule;

/// The step that an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Intent,
    Send,
    SignIn,
    Keep,
    Deliver,
    Check,
    LookUp,
    LookFor,
    Revoke,
    Retire,
    Confirm,
    Other,
}

impl At {
    pub(super) fn of(step: &Step<'_>) -> Self {
        match step {
            Step::Persist(Entry::Intent(_)) => Self::Intent,
            Step::Send(_) => Self::Send,
            Step::SignIn => Self::SignIn,
            Step::Keep(_) => Self::Keep,
            Step::Deliver { .. } => Self::Deliver,
            Step::Check { .. } => Self::Check,
            Step::LookUp(_) => Self::LookUp,
            Step::LookFor(_) => Self::LookFor,
            Step::Revoke(_) => Self::Revoke,
            Step::Retire(_) => Self::Retire,
            Step::Confirm(_) => Self::Confirm,
            _ => Self::Other,
        }
    }
}

impl Mutant {
    /// What the real machine hears. `None`: nothing.
    pub(super) fn lie(&mut self, at: At, event: Event) -> Option<Event> {
        use Rule as R;
        let mut lies = vec![];
        let is_replacing = self.inner.intent().replaces.is_some();
        let said = match (self.rule, at, event) {
            (R::SendWithoutTrace, At::Intent, Event::Failed) => Event::Done,
            (R::SendAfterUnknown, At::Send, Event::NoValue(None)) => {
                lies = vec![Event::SessionInvalid(Vec::new())];
                Event::Done
            }
            (R::SendWithoutSignIn, At::Send, Event::SessionInvalid(why)) => {
                lies = vec![Event::SessionInvalid(why)];
                Event::Done
            }
            (R::SendThrice, At::Send, Event::SessionInvalid(why)) => {
                let unsent = self.unsent.get_or_insert_with(|| self.inner.clone());
                self.inner = unsent.clone();
                Event::SessionInvalid(why)
            }
            (R::KeepFailureIgnored, At::Keep, Event::Failed) => Event::Done,
            (R::KeepFailureIsIssued, At::Keep, Event::Failed) => {
                self.ending = Some(Outcome::Issued);
                self.instead = Some(Instead::Forget);
                return None;
            }
            (R::NoFirstMark, At::Keep, Event::Failed) if !is_replacing => {
                lies = vec![Event::Failed];
                Event::Done
            }
            (R::KeepAfterDelivery, At::Deliver, event) if !self.did_extra.replace(true) => {
                self.instead = (!self.is_kept).then_some(Instead::Keep);
                event
            }
            (R::ForgetAfterFirst, At::Deliver, Event::Done) if !self.did_extra.replace(true) => {
                self.instead = Some(Instead::Forget);
                Event::Done
            }
            (R::FailedIsDelivered, At::Deliver, Event::Failed) => Event::Done,
            (R::DoubtIsNo, At::Check, Event::CannotTell) => Event::Failed,
            (R::DoubtIsYes, At::Check, Event::CannotTell) => Event::Done,
            (_, At::LookUp, event) => return self.lie_of_a_look_up(event),
            (R::UnknownIsRefused, At::Send, Event::NoValue(None)) => {
                Event::Refused(Vec::<VaultMessage>::new())
            }
            (R::GivenUpIsNotSent, At::Send, Event::GivenUp) => Event::NotSent,
            (R::IdDropped, At::Send, Event::NoValue(Some(_))) => Event::NoValue(None),
            (
                R::RevokeFailureIgnored,
                At::Revoke,
                Event::Failed | Event::Removed(Removal::Remains | Removal::Unknown),
            ) => Event::Removed(Removal::Deleted),
            (R::UnseenIsDeleted, At::LookFor, Event::Found(_)) => {
                let named = self.named.clone().map(TokenRecord::new);
                Event::Found(named.into_iter().collect())
            }
            (R::ConfirmSkipped, At::Confirm, Event::Failed) => Event::Done,
            (R::MismatchIgnored, _, Event::Verified(_)) => confirmed(),
            (R::ReplaceUnproven, _, Event::Verified(Verification::Unconfirmed)) if is_replacing => {
                confirmed()
            }
            (R::ReplaceUnfit, _, Event::Verified(Verification::ExpiryDiffers { .. }))
                if is_replacing =>
            {
                confirmed()
            }
            (R::UnfitStays, _, Event::Verified(Verification::ExpiryDiffers { .. })) => {
                Event::Verified(Verification::Unconfirmed)
            }
            (R::RetireEarly, _, event @ Event::Verified(Verification::Confirmed { .. }))
                if is_replacing =>
            {
                self.instead = Some(Instead::Retire);
                event
            }
            (
                R::RetireFailureIgnored,
                At::Retire,
                Event::Failed | Event::Removed(Removal::Remains | Removal::Unknown),
            ) => Event::Removed(Removal::Deleted),
            (_, _, event) => event,
        };
        for lie in lies {
            go(&mut self.inner, lie);
        }
        Some(said)
    }
}

impl Mutant {
    /// What the real machine hears of a look-up. `None`: nothing.
    fn lie_of_a_look_up(&mut self, event: Event) -> Option<Event> {
        use Rule as R;
        let mut records = match event {
            Event::Found(records) => records,
            Event::Failed if self.rule == R::KeptIsLost && self.inner.is_kept() => {
                self.ending = Some(Outcome::ValueLost(None));
                return None;
            }
            event => return Some(event),
        };
        let replaced = self.inner.intent().replaces.clone();
        let first = match self.rule {
            R::EmptyIsNotIssued if records.is_empty() => {
                self.ending = Some(Outcome::NotIssued(NotIssued::NotSent));
                self.instead = Some(Instead::Forget);
                return None;
            }
            R::AnyHitIsOurs => records.first().map(|record| record.id.clone()),
            R::ReplacedIsOurs => {
                let old = records.iter().find(|r| Some(&r.id) == replaced.as_ref());
                old.map(|record| record.id.clone())
            }
            R::RevokeAllOfName if self.is_revoking && records.len() > 1 => {
                let others = records.iter().find(|r| Some(&r.id) != replaced.as_ref());
                others.map(|record| record.id.clone())
            }
            _ => None,
        };
        if let Some(first) = first {
            self.instead = self.is_revoking.then_some(Instead::Revoke);
            self.ending = Some(Outcome::ValueLost(Some(first.clone())));
            self.found = Some(first);
            return None;
        }
        match self.rule {
            R::UsedIsCertain => records
                .iter_mut()
                .for_each(|record| record.last_used = None),
            R::TwoAreCertain => records.truncate(1),
            _ => {}
        }
        Some(Event::Found(records))
    }
}
