//! Carries out the steps of an issuance. What to do, and in which order, is the machine's to say:
//! nothing is decided here.

mod looking;
mod revoking;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::Utc;
use futures_util::FutureExt as _;
use vault_sandbox_core::endpoints::{GenerateSandboxToken, IssuedToken};
use vault_sandbox_core::issuance::{
    Delivery, DeliveryState, Entry, Event, Issuance, Outcome, Removal, Step,
};
use vault_sandbox_core::{AccessToken, Error, OperationId, TokenId, VaultDns, VaultId};
use vault_sandbox_issuer::access::SignInNumber;
use vault_sandbox_issuer::destinations::{Report, Reserved};
use vault_sandbox_issuer::state::{Ledger, PendingRecord};

use crate::aside::Waiting;
use crate::ci;
use crate::connection::Connection;
use crate::destinations::{Destination, words};
use crate::exit::Exit;
use crate::problem::{Problem, exit_of};
use crate::programs;
use crate::report::{Frame, ResultObject};
use crate::signals::{Asked, Signals};
use crate::state_errors::why;
use crate::voice::Voice;

const INTERNAL: &str = "an internal error";

/// What is known of the sandbox itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct SandboxFacts {
    pub(crate) dns: Option<VaultDns>,
    pub(crate) vault_id: Option<VaultId>,
    pub(crate) status: Option<String>,
    /// Somebody said where it is; the next command has to be told again.
    pub(crate) is_given: bool,
}

/// Everything that steps are carried out with.
pub(crate) struct Issuer<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) signals: Signals,
    pub(crate) voice: &'a Voice,
    pub(crate) record: Arc<Mutex<PendingRecord>>,
    /// Where disks and programs are waited for.
    pub(crate) waiting: Waiting,
    /// Destinations that were opened beforehand, by their index.
    pub(crate) opened: BTreeMap<usize, Box<dyn Reserved>>,
    pub(crate) sandbox: SandboxFacts,
    /// The longest wait for one answer; looking takes no longer.
    pub(crate) timeout: Duration,
    /// For destinations that take the result around the value.
    pub(crate) frame: Arc<Frame>,
    /// Whether stdout is one of them.
    pub(crate) stdout_is_json: bool,
    /// Where tokens are written down; not those of a simulated Vault, which is gone soon.
    pub(crate) ledger: Option<Ledger>,
    /// How long the old token keeps working once the new one has its place.
    pub(crate) grace: Duration,
    pub(crate) progress: Progress,
}

/// What happened on the way, for the report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// Why the creating call did not give a token.
    pub(crate) call: Option<Arc<Error>>,
    /// What signing in again led to, where that was tried.
    pub(crate) sign_in: Option<Problem>,
    /// Why the record could not be written.
    pub(crate) record: Option<String>,
    pub(crate) stopped: Option<Asked>,
    pub(crate) warnings: Vec<String>,
    /// Why a destination does not have the value, by its index.
    pub(crate) failures: BTreeMap<usize, String>,
    /// The result was written to stdout already.
    pub(crate) reported: bool,
    /// What became of the new token, once it was to be deleted.
    pub(crate) revoked: Option<Removal>,
    /// The token that a person named, once it was looked for.
    pub(crate) unseen: Option<TokenId>,
    /// The sign-in that the request was made with.
    signed_in: Option<SignInNumber>,
    /// The user has as many tokens as a user may have.
    pub(crate) is_full: bool,
    /// The CI system was told to hide the value.
    masked: bool,
}

impl Progress {
    /// Why nothing was issued, as far as it was seen here.
    pub(crate) fn refusal(&self) -> Option<Exit> {
        if let Some(problem) = &self.sign_in {
            return Some(problem.exit);
        }
        self.call
            .as_deref()
            .map(exit_of)
            .or(self.stopped.map(Asked::exit))
    }
}

impl Issuer<'_> {
    /// Drives the machine to its outcome.
    pub(crate) async fn run(mut self, mut issuance: Issuance) -> (Issuance, Outcome, Progress) {
        loop {
            let event = match issuance.step() {
                Step::Done(outcome) => {
                    let outcome = outcome.clone();
                    return (issuance, outcome, self.progress);
                }
                Step::Persist(entry) | Step::Keep(entry) => self.persist(entry).await,
                Step::Send(request) => {
                    let operation = issuance.intent().operation;
                    self.send(&request, operation).await
                }
                Step::SignIn => self.sign_in_again().await,
                Step::Deliver {
                    index,
                    destination,
                    token,
                    ..
                } => self.deliver(&issuance, index, destination, token).await,
                Step::Check {
                    destination, value, ..
                } => check(destination, value).await,
                Step::Verify(token) => Event::Verified(self.verify(token).await),
                Step::LookUp(look_up) => self.look_up(look_up).await,
                Step::LookFor(id) => self.look_for(id).await,
                Step::Revoke(id) => self.revoke(id, issuance.token()).await,
                Step::Retire(old) => self.retire(old, issuance.token()).await,
                Step::Confirm(value) => self.confirm(value.clone()).await,
                Step::Forget => self.forget(&issuance).await,
                // A step of a later version of the core, which this program does not know.
                _ => Event::Failed,
            };
            if let Err(error) = issuance.tell(event) {
                // Only if this program and the core's protocol disagree: keep the record, claim nothing.
                self.progress.warnings.push(format!("internal: {error}"));
                return (issuance, Outcome::Unknown, self.progress);
            }
        }
    }

    async fn persist(&mut self, entry: Entry) -> Event {
        let record = Arc::clone(&self.record);
        let is_intent = matches!(entry, Entry::Intent(_));
        let written = self.waiting.on(move || hold(&record).append(&entry)).await;
        if let Err(error) = &written {
            let path = hold(&self.record).path().display().to_string();
            let what = format!("the record {path} cannot be written: {error}");
            if is_intent {
                self.progress.record = Some(what);
            } else {
                self.progress.warnings.push(what);
            }
        }
        Event::from_success(written.is_ok())
    }

    /// That the record has the value is about to be said.
    async fn confirm(&mut self, value: AccessToken) -> Event {
        let record = Arc::clone(&self.record);
        let looked = self.waiting.on(move || hold(&record).holds(&value)).await;
        let path = hold(&self.record).path().display().to_string();
        let why = match looked {
            Ok(true) => return Event::Done,
            Ok(false) => "it was removed or changed meanwhile".to_owned(),
            Err(error) => error.to_string(),
        };
        let what = format!("the record {path} does not have the token's value: {why}");
        self.progress.warnings.push(what);
        Event::Failed
    }

    async fn send(&mut self, request: &GenerateSandboxToken, operation: OperationId) -> Event {
        // Until it is its turn, nothing was sent.
        let turn = self.signals.stopping(self.connection.gate().turn()).await;
        let turn = match turn {
            Ok(turn) => turn,
            Err(asked) => {
                self.progress.stopped = Some(asked);
                return Event::Stop;
            }
        };
        self.progress.signed_in = Some(self.connection.sign_in_number());
        let call = self.connection.call_in(&turn, request);
        let Some(answer) = self.signals.insisting(call, self.voice).await else {
            return Event::GivenUp;
        };
        let event = Event::from_call(&answer);
        match answer {
            Ok(reply) => {
                self.voice
                    .learn_of(operation, |scrubber| reply.value.value().hide_in(scrubber));
                self.progress
                    .warnings
                    .extend(reply.warnings.iter().map(|w| format!("Vault: {w}")));
            }
            Err(error) => self.progress.call = Some(Arc::new(error)),
        }
        event
    }

    async fn sign_in_again(&mut self) -> Event {
        let Some(stale) = self.progress.signed_in else {
            return Event::Failed;
        };
        match self.connection.sign_in_again(stale).await {
            Ok(again) => Event::from_success(again),
            Err(problem) => {
                self.progress.sign_in = Some(problem);
                Event::Failed
            }
        }
    }

    async fn deliver(
        &mut self,
        issuance: &Issuance,
        index: usize,
        destination: &str,
        token: &IssuedToken,
    ) -> Event {
        if !std::mem::replace(&mut self.progress.masked, true) {
            self.progress.warnings.extend(ci::mask(token.value()));
        }
        let destination = Destination::parse(destination);
        let is_stdout = destination.as_ref().is_ok_and(Destination::is_stdout);
        let opened = match (self.opened.remove(&index), destination) {
            (Some(opened), _) => Ok(opened),
            (None, Ok(destination)) => destination.reserve().await,
            (None, Err(problem)) => Err(problem),
        };
        let delivered = match opened {
            Ok(opened) => self.commit(issuance, index, opened, token).await,
            Err(problem) => Err(problem.what),
        };
        self.progress.reported |= delivered.is_ok() && is_stdout && self.stdout_is_json;
        match delivered {
            Ok(()) => Event::Done,
            Err(why) => {
                self.progress.failures.insert(index, why);
                Event::Failed
            }
        }
    }

    /// Hands the value over. A panic in there must not end in the loss of a value that the record
    /// holds.
    async fn commit(
        &self,
        issuance: &Issuance,
        index: usize,
        opened: Box<dyn Reserved>,
        token: &IssuedToken,
    ) -> Result<(), String> {
        let outcome = outcome_if_delivered(issuance);
        let report = Report::new(issuance.clone(), outcome, index).with(ResultObject {
            frame: Arc::clone(&self.frame),
            progress: self.progress.clone(),
            stdout_is_json: self.stdout_is_json,
        });
        let commit = AssertUnwindSafe(async { opened.commit(token, &report).await });
        let committed = commit.catch_unwind().await;
        programs::show_output(&report.take_output(), self.voice);
        match committed {
            Ok(committed) => committed.map_err(|error| words(error.reason())),
            Err(_) => Err(INTERNAL.to_owned()),
        }
    }

    async fn forget(&mut self, issuance: &Issuance) -> Event {
        self.write_down(issuance).await;
        let record = Arc::clone(&self.record);
        let forgotten = self.waiting.on(move || hold(&record).forget()).await;
        if let Err(error) = &forgotten {
            let path = hold(&self.record).path().display().to_string();
            self.progress.warnings.push(format!("the record {path} cannot be removed: {error}. It may hold the token's value: remove it by hand"));
        }
        Event::from_success(forgotten.is_ok())
    }

    /// What is delivered is found again by the ledger. It is for convenience: nothing is lost without.
    async fn write_down(&mut self, issuance: &Issuance) {
        let deliveries = issuance.deliveries();
        let committed = |d: &Delivery| d.state == DeliveryState::Committed;
        let Some(ledger) = self
            .ledger
            .clone()
            .filter(|_| deliveries.iter().any(committed))
        else {
            return;
        };
        let is_retired = issuance.replaced().is_some_and(Removal::is_gone);
        let issuance = issuance.clone();
        let write = move || {
            let (intent, now) = (issuance.intent(), Utc::now());
            let old = intent.replaces.as_ref().filter(|_| is_retired);
            ledger
                .issued(&issuance, now)
                .and_then(|()| ledger.revoked(&intent.vault, &intent.sandbox, old, now))
        };
        let written = self.waiting.on(write).await;
        if let Err(error) = written {
            self.progress
                .warnings
                .push(format!("the ledger cannot be written: {}", why(&error)));
        }
    }
}

/// A panic while it was held has left nothing half done that a later write does not write again.
fn hold(record: &Mutex<PendingRecord>) -> MutexGuard<'_, PendingRecord> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn check(destination: &str, value: &AccessToken) -> Event {
    let Ok(destination) = Destination::parse(destination) else {
        return Event::CannotTell;
    };
    match destination.holds(value).await {
        Some(holds) => Event::from_success(holds),
        None => Event::CannotTell,
    }
}

/// The outcome that is reached if the present delivery succeeds: the machine itself says so.
fn outcome_if_delivered(issuance: &Issuance) -> Outcome {
    let mut ahead = issuance.clone();
    loop {
        if let Step::Done(outcome) = ahead.step() {
            return outcome.clone();
        }
        if ahead.tell(Event::Done).is_err() && ahead.tell(Event::Failed).is_err() {
            return Outcome::Issued;
        }
    }
}
