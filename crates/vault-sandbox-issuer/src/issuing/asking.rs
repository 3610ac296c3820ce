//! The one request that may make a token, and signing in for it.

use std::io;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use vault_sandbox_core::endpoints::{GenerateSandboxToken, IssuedToken};
use vault_sandbox_core::issuance::{Event, Issuance, Step};
use vault_sandbox_core::{Error, Reply};

use super::recording::append;
use super::{Driver, Remark};
use crate::access::{Access, Turn};
use crate::aside::Waiting;
use crate::observer::{Notice, Observer, Secret};
use crate::state::PendingRecord;

/// What sends the request and puts the value on record, whether somebody waits for it or not.
struct Asking {
    access: Access,
    turn: Turn,
    request: GenerateSandboxToken,
    /// As it is before the request is sent.
    issuance: Issuance,
    record: Arc<Mutex<PendingRecord>>,
    waiting: Waiting,
    observer: Arc<dyn Observer>,
    end: Arc<End>,
}

/// An answer, and whether its value is on record, if it has one.
struct Answered {
    answer: Result<Reply<IssuedToken>, Error>,
    kept: Option<io::Result<()>>,
}

/// Which of the two comes first counts: that there is an answer, or that it is given up.
#[derive(Default)]
struct End(Mutex<bool>);

impl Driver {
    pub(super) async fn send(
        &mut self,
        request: GenerateSandboxToken,
        issuance: &Issuance,
    ) -> Event {
        // Until it is its turn, nothing was sent.
        let turn = match self.stop.stopping(self.access.gate().turn()).await {
            Ok(turn) => turn,
            Err(asked) => {
                self.progress.stopped = Some(asked);
                return Event::Stop;
            }
        };
        self.signed_in = Some(self.access.sign_in_number());
        let end = Arc::new(End::default());
        let asking = Asking {
            access: self.access.clone(),
            turn,
            request,
            issuance: issuance.clone(),
            record: Arc::clone(&self.record),
            waiting: self.waiting,
            observer: Arc::clone(&self.observer),
            end: Arc::clone(&end),
        };
        // Dropping its handle lets it go on.
        let mut task = tokio::spawn(asking.run());
        let ended = match self.stop.insisting(&mut task, &*self.observer).await {
            Some(ended) => ended,
            None if end.comes() => {
                task.abort();
                return Event::GivenUp;
            }
            // The answer was there: it is being put on record.
            None => task.await,
        };
        let answered = match ended.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(Some(answered)) => answered,
            Err(Ok(panic)) => resume_unwind(panic),
            // The runtime is shutting down, and this with it.
            Ok(None) | Err(Err(_)) => std::future::pending().await,
        };
        self.kept = answered.kept;
        let event = Event::from_call(&answered.answer);
        match answered.answer {
            Ok(reply) => {
                for warning in reply.warnings {
                    self.progress.remark(Remark::Vault(warning));
                }
            }
            Err(error) => self.progress.call = Some(Arc::new(error)),
        }
        event
    }

    pub(super) async fn sign_in_again(&mut self) -> Event {
        let Some(stale) = self.signed_in else {
            return Event::Failed;
        };
        match self.access.sign_in_again(stale).await {
            Ok(again) => Event::from_success(again),
            Err(error) => {
                self.progress.sign_in = Some(Arc::new(error));
                Event::Failed
            }
        }
    }
}

impl Asking {
    /// `None`: it was given up before there was an answer.
    async fn run(mut self) -> Option<Answered> {
        let answer = self.access.call_in(&self.turn, &self.request).await;
        drop(self.turn);
        if !self.end.comes() {
            return None;
        }
        if let Ok(reply) = &answer {
            let operation = self.issuance.intent().operation;
            let secret = Secret::Token(operation, reply.value.value());
            self.observer.notice(Notice::Secret(secret));
        }
        let is_understood = self.issuance.tell(Event::from_call(&answer)).is_ok();
        let kept = match self.issuance.step() {
            Step::Keep(entry) if is_understood => {
                Some(append(&self.record, self.waiting, entry).await)
            }
            _ => None,
        };
        Some(Answered { answer, kept })
    }
}

impl End {
    /// Whether this is the first of the two.
    fn comes(&self) -> bool {
        let mut has_come = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !std::mem::replace(&mut *has_come, true)
    }
}
