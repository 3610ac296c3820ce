//! Being asked to stop.
//!
//! Before a request that makes a token leaves, it stops what is under way. While its answer is waited
//! for, it only limits the wait: what became of the request would not be known otherwise. Once the
//! answer is there, it comes too late: the outcome has to be reached.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::observer::{Notice, Observer};

/// How long the answer to a request that may make a token is waited for after an
/// [`Interrupt`](StopRequest::Interrupt).
pub const PATIENCE_INTERRUPT: Duration = Duration::from_secs(30);
/// The same after a [`Terminate`](StopRequest::Terminate).
pub const PATIENCE_TERMINATE: Duration = Duration::from_secs(5);

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopRequest {
    /// A person, as with Ctrl-C. Asked twice, an answer is waited for no longer.
    Interrupt,
    /// The system, which will not wait long.
    Terminate,
}

/// Where requests to stop come from.
pub trait StopSource: Send + Sync {
    /// The next request.
    fn poll_asked(&mut self, context: &mut Context<'_>) -> Poll<StopRequest>;

    /// Another one that hears of the same requests from now on.
    ///
    /// # Errors
    ///
    /// There cannot be another.
    fn another(&self) -> io::Result<Box<dyn StopSource>>;
}

/// Hears of requests to stop.
pub struct Stop(Box<dyn StopSource>);

/// Makes requests to stop: one for a service that has no signals of its own.
#[derive(Debug, Clone, Default)]
pub struct Stopper(Arc<Mutex<Vec<mpsc::UnboundedSender<StopRequest>>>>);

impl Stop {
    /// Hears of what this source says.
    #[must_use]
    pub fn from_source(source: impl StopSource + 'static) -> Self {
        Self(Box::new(source))
    }

    /// For something else that goes on at the same time: each hears of every request.
    ///
    /// # Errors
    ///
    /// The source cannot be listened to once more.
    pub fn another(&self) -> io::Result<Self> {
        self.0.another().map(Self)
    }

    /// Waits for a request.
    pub async fn asked(&mut self) -> StopRequest {
        poll_fn(|context| self.0.poll_asked(context)).await
    }

    /// Does what may be stopped at any moment.
    ///
    /// # Errors
    ///
    /// It was stopped.
    pub async fn stopping<T>(&mut self, work: impl Future<Output = T>) -> Result<T, StopRequest> {
        let mut work = pin!(work);
        poll_fn(|context| {
            // A request that came with the end still stops: nothing was asked of Vault yet.
            if let Poll::Ready(asked) = self.0.poll_asked(context) {
                return Poll::Ready(Err(asked));
            }
            work.as_mut().poll(context).map(Ok)
        })
        .await
    }

    /// Does what must not be stopped lightly. `None`: it was given up, and its fate is unknown.
    pub async fn insisting<T>(
        &mut self,
        work: impl Future<Output = T>,
        observer: &dyn Observer,
    ) -> Option<T> {
        let mut work = pin!(work);
        let mut deadline: Option<Instant> = None;
        loop {
            let until = deadline.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            let mut patience = pin!(sleep_until(until));
            let asked = poll_fn(|context| {
                // An answer that is there counts, whatever else is.
                if let Poll::Ready(done) = work.as_mut().poll(context) {
                    return Poll::Ready(Ok(done));
                }
                if patience.as_mut().poll(context).is_ready() && deadline.is_some() {
                    return Poll::Ready(Err(None));
                }
                self.0.poll_asked(context).map(|asked| Err(Some(asked)))
            });
            match (asked.await, deadline) {
                (Ok(done), _) => return Some(done),
                (Err(None), _) | (Err(Some(StopRequest::Interrupt)), Some(_)) => return None,
                (Err(Some(StopRequest::Interrupt)), None) => {
                    observer.notice(Notice::WaitingForAnswer);
                    deadline = Some(Instant::now() + PATIENCE_INTERRUPT);
                }
                (Err(Some(StopRequest::Terminate)), _) => {
                    let latest = Instant::now() + PATIENCE_TERMINATE;
                    deadline = Some(deadline.map_or(latest, |earlier| earlier.min(latest)));
                }
            }
        }
    }
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stop")
    }
}

impl Stopper {
    /// Nobody asks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What hears of the requests that are made from now on.
    #[must_use]
    pub fn stop(&self) -> Stop {
        Stop(Box::new(self.source()))
    }

    /// Asks everybody who listens.
    pub fn ask(&self, request: StopRequest) {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.send(request).is_ok());
    }

    fn source(&self) -> Asked {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.push(sender);
        Asked {
            stopper: self.clone(),
            receiver,
        }
    }
}

struct Asked {
    stopper: Stopper,
    receiver: mpsc::UnboundedReceiver<StopRequest>,
}

impl StopSource for Asked {
    fn poll_asked(&mut self, context: &mut Context<'_>) -> Poll<StopRequest> {
        match self.receiver.poll_recv(context) {
            Poll::Ready(Some(request)) => Poll::Ready(request),
            // The stopper lives as long as this.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn another(&self) -> io::Result<Box<dyn StopSource>> {
        Ok(Box::new(self.stopper.source()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Told(AtomicUsize);

    impl Observer for Told {
        fn notice(&self, notice: Notice<'_>) {
            assert!(matches!(notice, Notice::WaitingForAnswer));
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn a_request_stops_what_may_be_stopped_even_if_it_is_done() {
        let stopper = Stopper::new();
        let mut stop = stopper.stop();
        assert_eq!(stop.stopping(ready(7)).await, Ok(7));
        stopper.ask(StopRequest::Terminate);
        assert_eq!(stop.stopping(ready(7)).await, Err(StopRequest::Terminate));
        assert_eq!(stop.stopping(ready(7)).await, Ok(7), "each stops once");
    }

    #[tokio::test]
    async fn an_answer_that_is_there_counts() {
        let stopper = Stopper::new();
        let mut stop = stopper.stop();
        stopper.ask(StopRequest::Interrupt);
        assert_eq!(stop.insisting(ready(7), &()).await, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_waited_for_and_the_second_time_it_is_not() {
        let stopper = Stopper::new();
        let mut stop = stopper.stop();
        let told = Told::default();
        stopper.ask(StopRequest::Interrupt);
        let begun = Instant::now();
        assert_eq!(stop.insisting(pending::<()>(), &told).await, None);
        assert_eq!(begun.elapsed().as_secs(), PATIENCE_INTERRUPT.as_secs());
        assert_eq!(told.0.load(Ordering::Relaxed), 1);

        stopper.ask(StopRequest::Interrupt);
        stopper.ask(StopRequest::Interrupt);
        let begun = Instant::now();
        assert_eq!(stop.insisting(pending::<()>(), &told).await, None);
        assert_eq!(begun.elapsed().as_secs(), 0);

        stopper.ask(StopRequest::Interrupt);
        stopper.ask(StopRequest::Terminate);
        let begun = Instant::now();
        assert_eq!(stop.insisting(pending::<()>(), &told).await, None);
        assert_eq!(begun.elapsed().as_secs(), PATIENCE_TERMINATE.as_secs());
    }

    #[tokio::test]
    async fn each_hears_of_every_request() {
        let stopper = Stopper::new();
        let mut one = stopper.stop();
        let mut other = one.another().unwrap();
        stopper.ask(StopRequest::Interrupt);
        assert_eq!(one.asked().await, StopRequest::Interrupt);
        assert_eq!(other.asked().await, StopRequest::Interrupt);
    }
}
