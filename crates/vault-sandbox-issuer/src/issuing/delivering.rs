//! Steps that hand the value over, or find out whether an earlier run did.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use vault_sandbox_core::AccessToken;
use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::issuance::{Event, Issuance, Outcome, Step};

use super::{Driver, NotDelivered, Progress, Remark};
use crate::destinations::{DestinationError, Report, Reserved};

/// What a frontend does around the handing over of a value. The unit does nothing.
pub trait Handover: Send + Sync {
    /// A value is about to be given to the first destination: the last moment to have it hidden
    /// wherever what a destination writes may show. What could not be done about that becomes a
    /// [remark](Remark::Handover), in these words.
    fn before_first(&self, value: &AccessToken) -> Option<String> {
        let _ = value;
        None
    }

    /// Lays beside the report [what destinations of the frontend take](Report::with).
    fn report(&self, report: Report, progress: &Progress) -> Report {
        let _ = progress;
        report
    }

    /// A destination was given the value, and took it or not. What programs wrote can be
    /// [taken](Report::take_output) from its report; it may hold the value.
    fn after(&self, report: &Report) {
        let _ = report;
    }
}

impl Handover for () {}

impl Driver {
    pub(super) async fn deliver(
        &mut self,
        issuance: &Issuance,
        index: usize,
        destination: &str,
        token: &IssuedToken,
    ) -> Event {
        if !std::mem::replace(&mut self.is_announced, true)
            && let Some(words) = self.handover.before_first(token.value())
        {
            self.progress.remark(Remark::Handover(words));
        }
        match self.hand_over(issuance, index, destination, token).await {
            Ok(()) => {
                self.progress.delivered.insert(index);
                Event::Done
            }
            Err(why) => {
                self.progress.failures.insert(index, Arc::new(why));
                Event::Failed
            }
        }
    }

    pub(super) async fn check(&mut self, destination: &str, value: &AccessToken) -> Event {
        let Ok(place) = self.destinations.parse(destination) else {
            return Event::CannotTell;
        };
        match place.destination().holds(value).await {
            Some(holds) => Event::from_success(holds),
            None => Event::CannotTell,
        }
    }

    async fn hand_over(
        &mut self,
        issuance: &Issuance,
        index: usize,
        destination: &str,
        token: &IssuedToken,
    ) -> Result<(), NotDelivered> {
        let opened = match self.opened.remove(&index) {
            Some(opened) => opened,
            None => {
                let place = self.destinations.parse(destination);
                let place = place.map_err(NotDelivered::Invalid)?;
                let opened = place.destination().reserve().await;
                opened.map_err(NotDelivered::NotOpened)?
            }
        };
        let report = Report::new(issuance.clone(), outcome_if_delivered(issuance), index);
        let report = self.handover.report(report, &self.progress);
        let committed = commit(opened, token, &report).await;
        self.handover.after(&report);
        match committed {
            Some(committed) => committed.map_err(NotDelivered::NotTaken),
            None => Err(NotDelivered::Panicked),
        }
    }
}

/// Hands the value over. A panic in there, for which this is `None`, must not end in the loss of a
/// value that the record holds.
async fn commit(
    opened: Box<dyn Reserved>,
    token: &IssuedToken,
    report: &Report,
) -> Option<Result<(), DestinationError>> {
    // What a destination does before it gives its future back can panic too.
    let mut commit = pin!(async { opened.commit(token, report).await });
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| commit.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
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
