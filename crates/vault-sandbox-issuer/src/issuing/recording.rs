//! Steps that write: the record, and at the end the ledger.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use vault_sandbox_core::AccessToken;
use vault_sandbox_core::chrono::{DateTime, Utc};
use vault_sandbox_core::issuance::{Delivery, DeliveryState, Entry, Event, Issuance, Removal};

use super::{Driver, RecordNotWritten, Remark};
use crate::aside::Waiting;
use crate::observer::Notice;
use crate::state::PendingRecord;

impl Driver {
    pub(super) async fn persist(&mut self, entry: Entry) -> Event {
        let is_intent = matches!(entry, Entry::Intent(_));
        let written = append(&self.record, self.waiting, entry).await;
        self.written(written, is_intent)
    }

    /// The first thing that is done with a value.
    pub(super) async fn keep(&mut self, entry: Entry, issuance: &Issuance) -> Event {
        let written = match self.kept.take() {
            Some(written) => written,
            None => append(&self.record, self.waiting, entry).await,
        };
        let kept = self.written(written, false);
        if let (Event::Done, Some(token)) = (&kept, issuance.token()) {
            let (operation, value) = (issuance.intent().operation, token.value());
            let arrived = Notice::ValueArrived { operation, value };
            self.observer.notice(arrived);
        }
        kept
    }

    fn written(&mut self, written: io::Result<()>, is_intent: bool) -> Event {
        let Err(error) = written else {
            return Event::Done;
        };
        let path = self.path();
        let what = RecordNotWritten { path, error };
        if is_intent {
            self.progress.record = Some(Arc::new(what));
        } else {
            self.progress.remark(Remark::RecordNotWritten(what));
        }
        Event::Failed
    }

    /// That the record has the value is about to be said.
    pub(super) async fn confirm(&mut self, value: AccessToken) -> Event {
        let error = match self.with_record(move |record| record.holds(&value)).await {
            Ok(true) => return Event::Done,
            Ok(false) => None,
            Err(error) => Some(error),
        };
        let path = self.path();
        self.progress
            .remark(Remark::RecordLacksValue { path, error });
        Event::Failed
    }

    pub(super) async fn forget(&mut self, issuance: &Issuance) -> Event {
        self.write_down(issuance).await;
        let forgotten = self.with_record(PendingRecord::forget).await;
        if let Err(error) = forgotten {
            let path = self.path();
            self.progress
                .remark(Remark::RecordNotRemoved { path, error });
            return Event::Failed;
        }
        Event::Done
    }

    /// What is delivered is found again by the ledger. It is for convenience: nothing is lost without.
    async fn write_down(&mut self, issuance: &Issuance) {
        let committed = |d: &Delivery| d.state == DeliveryState::Committed;
        let is_anywhere = issuance.deliveries().iter().any(committed);
        let Some(ledger) = self.ledger.clone().filter(|_| is_anywhere) else {
            return;
        };
        let is_retired = issuance.replaced().is_some_and(Removal::is_gone);
        let issuance = issuance.clone();
        let write = move || {
            let (intent, now) = (issuance.intent(), DateTime::<Utc>::from(SystemTime::now()));
            let old = intent.replaces.as_ref().filter(|_| is_retired);
            ledger
                .issued(&issuance, now)
                .and_then(|()| ledger.revoked(&intent.vault, &intent.sandbox, old, now))
        };
        if let Err(error) = self.waiting.on(write).await {
            self.progress.remark(Remark::LedgerNotWritten(error));
        }
    }

    async fn with_record<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut PendingRecord) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        with(&self.record, self.waiting, work).await
    }

    fn path(&self) -> PathBuf {
        hold(&self.record).path().to_owned()
    }
}

/// Puts an entry on record.
pub(super) async fn append(
    record: &Arc<Mutex<PendingRecord>>,
    waiting: Waiting,
    entry: Entry,
) -> io::Result<()> {
    with(record, waiting, move |record| record.append(&entry)).await
}

async fn with<T: Send + 'static>(
    record: &Arc<Mutex<PendingRecord>>,
    waiting: Waiting,
    work: impl FnOnce(&mut PendingRecord) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let record = Arc::clone(record);
    waiting.on(move || work(&mut hold(&record))).await
}

/// A panic while it was held has left nothing half done that a later write does not write again.
fn hold(record: &Mutex<PendingRecord>) -> MutexGuard<'_, PendingRecord> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}
