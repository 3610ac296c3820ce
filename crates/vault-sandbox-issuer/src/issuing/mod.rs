//! Carrying out an issuance, step by step. What to do, and in which order, is
//! [the machine's](vault_sandbox_core::issuance) to say: nothing is decided here.

mod asking;
mod delivering;
mod looking;
mod progress;
mod recording;
mod removing;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vault_sandbox_core::VaultDns;
use vault_sandbox_core::issuance::{Event, Issuance, Outcome, Step};

use crate::access::{Access, SignInNumber};
use crate::aside::Waiting;
use crate::destinations::{BoxFuture, Destinations, Reserved};
use crate::observer::{Notice, Observer, Secret};
use crate::state::{Ledger, PendingRecord};
use crate::stop::Stop;

pub use delivering::Handover;
pub use progress::{NotDeleted, NotDelivered, NotLooked, Progress, RecordNotWritten, Remark};

/// How long answers are waited for that only look, unless something else is said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Carries out the steps of one issuance.
///
/// One that is dropped while it [runs](Self::run) stops where it is, as if the process had ended there:
/// the record says what holds, and whoever resumes it goes on from that. The one request that may make a
/// token is not stopped by that: it is sent, and a value that it is answered with put on record, by a task
/// of tokio's that goes on for as long as its runtime does. Until then the record is under way. (An answer
/// without a value is not put on record then: the token, if there is one, is looked up on resuming.)
#[must_use]
pub struct Driver {
    access: Access,
    stop: Stop,
    observer: Arc<dyn Observer>,
    handover: Arc<dyn Handover>,
    record: Arc<Mutex<PendingRecord>>,
    waiting: Waiting,
    destinations: Destinations,
    opened: BTreeMap<usize, Box<dyn Reserved>>,
    sandbox: Option<VaultDns>,
    timeout: Duration,
    ledger: Option<Ledger>,
    grace: Duration,
    /// The sign-in that the request was made with.
    signed_in: Option<SignInNumber>,
    /// Whether the value is on record, where the task that waited for it has written it down.
    kept: Option<io::Result<()>>,
    /// The frontend knows that a value is about to be handed over.
    is_announced: bool,
    progress: Progress,
}

/// What came of an issuance.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Ended {
    /// The issuance, with all that it knows.
    pub issuance: Issuance,
    /// Its outcome.
    pub outcome: Outcome,
    /// What happened on the way.
    pub progress: Progress,
}

impl Driver {
    /// Over this access, until it is asked to stop, with this record. Destinations that are not
    /// [open](Self::opened) are among these.
    pub fn new(
        access: Access,
        stop: Stop,
        record: PendingRecord,
        destinations: Destinations,
    ) -> Self {
        Self {
            observer: Arc::clone(access.observer()),
            access,
            stop,
            handover: Arc::new(()),
            record: Arc::new(Mutex::new(record)),
            waiting: Waiting::default(),
            destinations,
            opened: BTreeMap::new(),
            sandbox: None,
            timeout: TIMEOUT,
            ledger: None,
            grace: Duration::ZERO,
            signed_in: None,
            kept: None,
            is_announced: false,
            progress: Progress::default(),
        }
    }

    /// Where the sandbox's own Vault is, if that is known: tokens are tried out, looked up and deleted
    /// there.
    pub fn sandbox(mut self, dns: Option<VaultDns>) -> Self {
        self.sandbox = dns;
        self
    }

    /// Destinations that were opened beforehand, by their index.
    pub fn opened(mut self, opened: BTreeMap<usize, Box<dyn Reserved>>) -> Self {
        self.opened = opened;
        self
    }

    /// The longest wait for one answer: looking takes no longer. 30 s, unless this is called.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Where it is written down which token went where; nowhere, unless this is called.
    pub fn ledger(mut self, ledger: Option<Ledger>) -> Self {
        self.ledger = ledger;
        self
    }

    /// How long the old token keeps working once the new one has its place.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Who is told what happens; whom the access tells, unless this is called.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// What is done around handing the value over.
    pub fn handover(mut self, handover: Arc<dyn Handover>) -> Self {
        self.handover = handover;
        self
    }

    /// Where disks are waited for; on threads beside, unless this is called.
    pub fn waiting(mut self, waiting: Waiting) -> Self {
        self.waiting = waiting;
        self
    }

    /// Drives the machine to its outcome.
    ///
    /// # Panics
    ///
    /// Where there is no runtime of tokio's, and if the transport does.
    pub async fn run(mut self, mut issuance: Issuance) -> Ended {
        let operation = issuance.intent().operation;
        if let Some(token) = issuance.token() {
            let secret = Secret::Token(operation, token.value());
            self.observer.notice(Notice::Secret(secret));
        }
        loop {
            if let Step::Done(outcome) = issuance.step() {
                let outcome = outcome.clone();
                return self.ended(issuance, outcome);
            }
            let event = self.carry_out(&issuance).await;
            if let Err(error) = issuance.tell(event) {
                // Only if this and the core's protocol disagree: keep the record, claim nothing.
                self.progress.remark(Remark::Unexpected(error));
                return self.ended(issuance, Outcome::Unknown);
            }
        }
    }

    /// Carries out the step that is next. Boxed, so that it is `Send` for certain lifetimes: for all of
    /// them at once the compiler does not see it.
    fn carry_out<'a>(&'a mut self, issuance: &'a Issuance) -> BoxFuture<'a, Event> {
        match issuance.step() {
            Step::Persist(entry) => Box::pin(self.persist(entry)),
            Step::Keep(entry) => Box::pin(self.keep(entry, issuance)),
            Step::Send(request) => Box::pin(self.send(request, issuance)),
            Step::SignIn => Box::pin(self.sign_in_again()),
            Step::Deliver {
                index,
                destination,
                token,
                ..
            } => Box::pin(self.deliver(issuance, index, destination, token)),
            Step::Check {
                destination, value, ..
            } => Box::pin(self.check(destination, value)),
            Step::Verify(token) => Box::pin(self.verify(token)),
            Step::LookUp(look_up) => Box::pin(self.look_up(look_up)),
            Step::LookFor(id) => Box::pin(self.look_for(id)),
            Step::Revoke(id) => Box::pin(self.revoke(id, issuance.token())),
            Step::Retire(old) => Box::pin(self.retire(old, issuance.token())),
            Step::Confirm(value) => Box::pin(self.confirm(value.clone())),
            Step::Forget => Box::pin(self.forget(issuance)),
            // A step of a later version of the core, which this one does not know.
            _ => Box::pin(async { Event::Failed }),
        }
    }

    fn ended(self, issuance: Issuance, outcome: Outcome) -> Ended {
        Ended {
            issuance,
            outcome,
            progress: self.progress,
        }
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("access", &self.access)
            .field("sandbox", &self.sandbox)
            .field("opened", &self.opened.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
