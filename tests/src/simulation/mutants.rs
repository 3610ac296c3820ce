//! The machine with one rule removed each.

use std::cell::Cell;

use vault_sandbox_core::TokenId;
use vault_sandbox_core::endpoints::{IssuedToken, TokenRecord};
use vault_sandbox_core::issuance::{
    Delivery, DeliveryState, Entry, Event, Intent, Issuance, NotIssued, NotThisOne, Outcome,
    Record, Removal, Step, Unexpected, Verification,
};

use super::disk::Flaw;
use super::lies::At;
use super::protocol::{Protocol, Rules};
use super::rules::Rule;

impl Rules for Rule {
    type Protocol = Mutant;

    fn begin(self, intent: Intent) -> Mutant {
        Mutant::of(self, Issuance::new(intent))
    }

    fn resume(self, mut record: Record) -> Mutant {
        if self == Self::LostForgotten {
            record.lost = None;
        }
        if self == Self::MarksForgotten && record.token.is_none() {
            record.deliveries.iter_mut().for_each(|delivery| {
                delivery.state = DeliveryState::Planned;
            });
        }
        if self == Self::FailedStaysFailed {
            for delivery in &mut record.deliveries {
                if delivery.state == DeliveryState::Failed {
                    delivery.state = DeliveryState::Uncertain;
                }
            }
        }
        let is_bare = record.token.is_none() && record.lost.is_none();
        if self == Self::SendOnResume && is_bare {
            let mut machine = Issuance::new(record.intent);
            go(&mut machine, Event::Done);
            return Mutant::of(self, machine);
        }
        let mut mutant = Mutant::of(self, Issuance::resume(record));
        if self == Self::ForgetOnResume && is_bare {
            mutant.instead = Some(Instead::Forget);
            mutant.ending = Some(Outcome::NotIssued(NotIssued::NotSent));
        }
        while self == Self::RedeliverUnchecked && matches!(mutant.inner.step(), Step::Check { .. })
        {
            go(&mut mutant.inner, Event::Failed);
        }
        if self == Self::ReplaceOnResume && matches!(mutant.inner.step(), Step::Verify { .. }) {
            go(&mut mutant.inner, confirmed());
        }
        mutant
    }

    fn flaw(self) -> Option<Flaw> {
        match self {
            Self::HoleInJournal => Some(Flaw::Holes),
            Self::StaleJournal => Some(Flaw::StaleLines),
            Self::UnknownLineIgnored => Some(Flaw::UnknownIgnored),
            Self::UnknownLineErased => Some(Flaw::UnknownErased),
            _ => None,
        }
    }
}

/// The real machine, lied to where the missing rule would have acted.
#[derive(Debug)]
pub struct Mutant {
    pub(super) rule: Rule,
    pub(super) inner: Issuance,
    /// A step that the real machine does not ask for now.
    pub(super) instead: Option<Instead>,
    /// How it ends, whatever the real machine says.
    pub(super) ending: Option<Outcome>,
    /// The machine before its first request, to go back to.
    pub(super) unsent: Option<Issuance>,
    pub(super) is_kept: bool,
    pub(super) is_revoking: bool,
    /// What is to be deleted instead.
    pub(super) found: Option<TokenId>,
    /// What a person said it is.
    pub(super) named: Option<TokenId>,
    pub(super) did_extra: Cell<bool>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Instead {
    Forget,
    Keep,
    Revoke,
    Retire,
}

impl Mutant {
    fn of(rule: Rule, inner: Issuance) -> Self {
        Self {
            rule,
            is_kept: inner.is_kept(),
            is_revoking: false,
            inner,
            instead: None,
            ending: None,
            unsent: None,
            found: None,
            named: None,
            did_extra: Cell::new(false),
        }
    }

    /// Steps that the missing rule would have asked for are taken for done.
    fn skip(&mut self) {
        let is_mark = |step: &Step<'_>| matches!(step, Step::Persist(Entry::Deliveries(_)));
        match self.rule {
            Rule::NoMarks => {
                while is_mark(&self.inner.step()) {
                    go(&mut self.inner, Event::Done);
                }
            }
            Rule::KeepNever | Rule::KeepAfterDelivery => {
                while matches!(self.inner.step(), Step::Keep(_)) {
                    go(&mut self.inner, Event::Done);
                }
            }
            _ => {}
        }
    }
}

impl Protocol for Mutant {
    fn step(&self) -> Step<'_> {
        match (self.instead, &self.ending, self.inner.token()) {
            (Some(Instead::Forget), _, _) => Step::Forget,
            (Some(Instead::Keep), _, Some(token)) => Step::Keep(Entry::Token(token.clone())),
            (Some(Instead::Revoke), _, _) => match &self.found {
                Some(found) => Step::Revoke(found),
                None => self.inner.step(),
            },
            (Some(Instead::Retire), _, _) => match &self.inner.intent().replaces {
                Some(old) => Step::Retire(old),
                None => self.inner.step(),
            },
            (None, Some(outcome), _) => Step::Done(outcome),
            _ => self.inner.step(),
        }
    }

    fn tell(&mut self, event: Event) -> Result<(), Unexpected> {
        if matches!(event, Event::Stop) {
            if self.rule == Rule::StopAfterAnswer && matches!(self.inner.step(), Step::Keep(_)) {
                self.instead = Some(Instead::Forget);
                self.ending = Some(Outcome::NotIssued(NotIssued::Stopped));
                return Ok(());
            }
            return self.inner.tell(event);
        }
        match self.instead.take() {
            Some(Instead::Revoke) if matches!(event, Event::Removed(Removal::Deleted)) => {
                self.instead = Some(Instead::Forget);
                self.ending = Some(Outcome::NotIssued(NotIssued::Revoked));
                return Ok(());
            }
            Some(_) => return Ok(()),
            None => {}
        }
        let at = At::of(&self.inner.step());
        let event = self.lie(at, event);
        if let Some(event) = event {
            self.inner.tell(event)?;
        }
        self.skip();
        Ok(())
    }

    fn redirected(mut self, destinations: Vec<String>) -> Self {
        self.inner = self.inner.redirected(destinations);
        self.skip();
        self
    }

    fn revoking(mut self) -> Self {
        self.inner = self.inner.revoking();
        self.is_revoking = true;
        self.instead = self.found.is_some().then_some(Instead::Revoke);
        let is_marking = matches!(self.inner.step(), Step::Persist(_));
        if self.rule == Rule::RevokeUnmarked && is_marking {
            go(&mut self.inner, Event::Done);
        }
        self.skip();
        self
    }

    fn identified(mut self, id: TokenId) -> Result<Self, NotThisOne> {
        match self.inner.clone().identified(id.clone()) {
            Ok(inner) => {
                self.inner = inner;
                self.named = Some(id);
            }
            Err(NotThisOne::IsReplaced) if self.rule == Rule::ReplacedIsNamed => {
                self.found = Some(id);
            }
            Err(NotThisOne::IsKnown) if self.rule == Rule::AnotherIsNamed => {
                self.found = Some(id);
            }
            Err(refused) => return Err(refused),
        }
        Ok(self)
    }

    fn token(&self) -> Option<&IssuedToken> {
        self.inner.token()
    }

    fn candidates(&self) -> &[TokenRecord] {
        match self.rule {
            Rule::CandidatesForgotten => &[],
            _ => self.inner.candidates(),
        }
    }

    fn places(&self) -> Vec<String> {
        match self.rule {
            Rule::PlacesForgotten => {
                let all = self.inner.deliveries().iter();
                all.map(|delivery| delivery.destination.clone()).collect()
            }
            _ => self.inner.places().to_vec(),
        }
    }

    fn is_kept(&self) -> bool {
        self.inner.is_kept()
    }

    fn deliveries(&self) -> &[Delivery] {
        self.inner.deliveries()
    }
}

pub(super) fn confirmed() -> Event {
    Event::Verified(Verification::Confirmed { expiry: None })
}

pub(super) fn go(machine: &mut Issuance, event: Event) {
    machine.tell(event).expect("a lie that fits");
}
