//! The machine with one rule removed each: what the simulation must catch to be believed.

use std::cell::Cell;

use vault_sandbox_core::issuance::{
    Delivery, DeliveryState, Entry, Event, Intent, Issuance, NotIssued, Outcome, Record, Step,
    Unexpected, Verification,
};

use vault_sandbox_core::TokenId;

use super::disk::Flaw;
use super::protocol::{Protocol, Rules};

/// A rule that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Sends although the intent could not be persisted.
    SendWithoutTrace,
    /// Sends again when nobody knows what became of the request.
    SendAfterUnknown,
    /// Sends again after an invalid session, without a new sign-in.
    SendWithoutSignIn,
    /// Sends a third time after a second invalid session.
    SendThrice,
    /// Sends again what an interrupted run may have sent.
    SendOnResume,
    /// Never keeps the value.
    KeepNever,
    /// Keeps the value only once it was delivered.
    KeepAfterDelivery,
    /// Believes that a value is kept although keeping it failed.
    KeepFailureIgnored,
    /// Calls a token issued although its value could neither be kept nor was delivered.
    KeepFailureIsIssued,
    /// Does not say on disk which delivery is about to begin.
    NoMarks,
    /// Does not say so of the first, even where the value could not be kept.
    NoFirstMark,
    /// Forgets once one destination has the value.
    ForgetAfterFirst,
    /// Takes a failed delivery for one that worked.
    FailedIsDelivered,
    /// Delivers again without looking whether the interrupted run did.
    RedeliverUnchecked,
    /// Delivers again where nobody can tell whether the interrupted run did.
    DoubtIsNo,
    /// Takes a delivery of which nobody can tell for one that worked.
    DoubtIsYes,
    /// Takes a look-up that finds nothing for proof that there is no token.
    EmptyIsNotIssued,
    /// Takes an `EXCEPTION`, or no answer, for a refusal.
    UnknownIsRefused,
    /// Takes a request that was no longer waited for to be not sent.
    GivenUpIsNotSent,
    /// Drops the ID of an answer that has no value.
    IdDropped,
    /// Stops even when the value has arrived.
    StopAfterAnswer,
    /// Forgets a record without a value instead of looking.
    ForgetOnResume,
    /// Does not remember which tokens are without their value.
    LostForgotten,
    /// Goes by the value alone when it resumes, not by deliveries that began without it being kept.
    MarksForgotten,
    /// Calls a kept value lost when the token to be revoked is not found.
    KeptIsLost,
    /// Deletes every token of the name, though only one can be this operation's.
    RevokeAllOfName,
    /// Calls a deletion that failed done.
    RevokeFailureIgnored,
    /// Deletes a kept token while its record still says to deliver it.
    RevokeUnmarked,
    /// Calls a token issued that is not as asked.
    MismatchIgnored,
    /// Puts a new token in the place of an old one although nobody could try it out.
    ReplaceUnproven,
    /// Puts a new token in the place of an old one although it is not as asked.
    ReplaceUnfit,
    /// Leaves a token that will not do as it is.
    UnfitStays,
    /// Deletes the old token once the new one works, before it is everywhere.
    RetireEarly,
    /// Takes the old token for deleted although it was not.
    RetireFailureIgnored,
    /// Takes the old token's place after a restart without trying the new one out.
    ReplaceOnResume,
    /// Leaves a hole in the journal where a line could not be synced. Of the driver, not the machine.
    HoleInJournal,
    /// Goes on with a record without erasing what stands behind its intact part. Of the driver, too.
    StaleJournal,
}

impl Rule {
    /// Every one.
    pub const ALL: [Self; 37] = [
        Self::SendWithoutTrace,
        Self::SendAfterUnknown,
        Self::SendWithoutSignIn,
        Self::SendThrice,
        Self::SendOnResume,
        Self::KeepNever,
        Self::KeepAfterDelivery,
        Self::KeepFailureIgnored,
        Self::KeepFailureIsIssued,
        Self::NoMarks,
        Self::NoFirstMark,
        Self::ForgetAfterFirst,
        Self::FailedIsDelivered,
        Self::RedeliverUnchecked,
        Self::DoubtIsNo,
        Self::DoubtIsYes,
        Self::EmptyIsNotIssued,
        Self::UnknownIsRefused,
        Self::GivenUpIsNotSent,
        Self::IdDropped,
        Self::StopAfterAnswer,
        Self::ForgetOnResume,
        Self::LostForgotten,
        Self::MarksForgotten,
        Self::KeptIsLost,
        Self::RevokeAllOfName,
        Self::RevokeFailureIgnored,
        Self::RevokeUnmarked,
        Self::MismatchIgnored,
        Self::ReplaceUnproven,
        Self::ReplaceUnfit,
        Self::UnfitStays,
        Self::RetireEarly,
        Self::RetireFailureIgnored,
        Self::ReplaceOnResume,
        Self::HoleInJournal,
        Self::StaleJournal,
    ];
}

impl Rules for Rule {
    type Protocol = Mutant;

    fn begin(self, intent: Intent) -> Mutant {
        Mutant::of(self, Issuance::new(intent))
    }

    fn resume(self, mut record: Record) -> Mutant {
        if self == Self::LostForgotten {
            record.lost.clear();
        }
        if self == Self::MarksForgotten && record.token.is_none() {
            record.deliveries.iter_mut().for_each(|delivery| {
                delivery.state = DeliveryState::Planned;
            });
        }
        let is_bare = record.token.is_none() && record.lost.is_empty();
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
            _ => None,
        }
    }
}

/// The real machine, lied to where the missing rule would have acted.
#[derive(Debug)]
pub struct Mutant {
    rule: Rule,
    inner: Issuance,
    /// A step that the real machine does not ask for now.
    instead: Option<Instead>,
    /// How it ends, whatever the real machine says.
    ending: Option<Outcome>,
    /// The machine before its first request, to go back to.
    unsent: Option<Issuance>,
    is_kept: bool,
    is_revoking: bool,
    /// What is to be deleted instead.
    found: Vec<TokenId>,
    did_extra: Cell<bool>,
}

#[derive(Debug, Clone, Copy)]
enum Instead {
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
            found: Vec::new(),
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
            (Some(Instead::Revoke), _, _) => Step::Revoke(&self.found),
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
        if self.instead.take().is_some() {
            return Ok(());
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
        let is_marking = matches!(self.inner.step(), Step::Persist(_));
        if self.rule == Rule::RevokeUnmarked && is_marking {
            go(&mut self.inner, Event::Done);
        }
        self.skip();
        self
    }

    fn is_kept(&self) -> bool {
        self.inner.is_kept()
    }

    fn deliveries(&self) -> &[Delivery] {
        self.inner.deliveries()
    }
}

/// The step that an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Intent,
    Send,
    SignIn,
    Keep,
    Deliver,
    Check,
    LookUp,
    Revoke,
    Retire,
    Other,
}

impl At {
    fn of(step: &Step<'_>) -> Self {
        match step {
            Step::Persist(Entry::Intent(_)) => Self::Intent,
            Step::Send(_) => Self::Send,
            Step::SignIn => Self::SignIn,
            Step::Keep(_) => Self::Keep,
            Step::Deliver { .. } => Self::Deliver,
            Step::Check { .. } => Self::Check,
            Step::LookUp(_) => Self::LookUp,
            Step::Revoke(_) => Self::Revoke,
            Step::Retire(_) => Self::Retire,
            _ => Self::Other,
        }
    }
}

impl Mutant {
    /// What the real machine hears. `None`: nothing.
    fn lie(&mut self, at: At, event: Event) -> Option<Event> {
        use Rule as R;
        let mut lies = vec![];
        let is_replacing = self.inner.intent().replaces.is_some();
        let said = match (self.rule, at, event) {
            (R::SendWithoutTrace, At::Intent, Event::Failed) => Event::Done,
            (R::SendAfterUnknown, At::Send, Event::NoValue(None)) => {
                lies = vec![Event::SessionInvalid];
                Event::Done
            }
            (R::SendWithoutSignIn, At::Send, Event::SessionInvalid) => {
                lies = vec![Event::SessionInvalid];
                Event::Done
            }
            (R::SendThrice, At::Send, Event::SessionInvalid) => {
                let unsent = self.unsent.get_or_insert_with(|| self.inner.clone());
                self.inner = unsent.clone();
                Event::SessionInvalid
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
            (R::EmptyIsNotIssued, At::LookUp, Event::Found(ids)) if ids.is_empty() => {
                self.ending = Some(Outcome::NotIssued(NotIssued::NotSent));
                self.instead = Some(Instead::Forget);
                return None;
            }
            (R::KeptIsLost, At::LookUp, Event::Failed) if self.inner.is_kept() => {
                self.ending = Some(Outcome::ValueLost(vec![]));
                return None;
            }
            (R::RevokeAllOfName, At::LookUp, Event::Found(ids))
                if self.is_revoking && ids.len() > 1 =>
            {
                self.found.clone_from(&ids);
                self.instead = Some(Instead::Revoke);
                Event::Found(ids)
            }
            (R::UnknownIsRefused, At::Send, Event::NoValue(None)) => Event::Refused,
            (R::GivenUpIsNotSent, At::Send, Event::GivenUp) => Event::NotSent,
            (R::IdDropped, At::Send, Event::NoValue(Some(_))) => Event::NoValue(None),
            (R::RevokeFailureIgnored, At::Revoke, Event::Failed) => Event::Done,
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
            (R::RetireFailureIgnored, At::Retire, Event::Failed) => Event::Done,
            (_, _, event) => event,
        };
        for lie in lies {
            go(&mut self.inner, lie);
        }
        Some(said)
    }
}

fn confirmed() -> Event {
    Event::Verified(Verification::Confirmed { expiry: None })
}

fn go(machine: &mut Issuance, event: Event) {
    machine.tell(event).expect("a lie that fits");
}
