//! Waiting without a runtime: for other threads, for time, and for a future, whichever comes first.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Something that happens once. Threads and futures can wait for it.
#[derive(Clone, Default)]
pub(super) struct Signal(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    raised: bool,
    wakers: Vec<Waker>,
}

impl Signal {
    pub(super) fn raise(&self) {
        let wakers = {
            let mut state = self.lock();
            state.raised = true;
            std::mem::take(&mut state.wakers)
        };
        self.0.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn is_raised(&self) -> bool {
        self.lock().raised
    }

    /// Blocks; whether it was raised in time.
    pub(super) fn raised_within(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let mut state = self.lock();
        while !state.raised {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.raised {
            return Poll::Ready(());
        }
        if !state.wakers.iter().any(|w| w.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A signal that is raised when a time is up. Dropping it ends the thread that waits.
pub(super) struct Alarm {
    pub(super) rings: Signal,
    off: Signal,
}

impl Alarm {
    pub(super) fn after(time: Duration) -> Self {
        let alarm = Self {
            rings: Signal::default(),
            off: Signal::default(),
        };
        let (rings, off) = (alarm.rings.clone(), alarm.off.clone());
        thread::spawn(move || {
            if !off.raised_within(time) {
                rings.raise();
            }
        });
        alarm
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.off.raise();
    }
}

/// What the future gives, unless one of the signals is raised before.
pub(super) async fn unless<F: Future + ?Sized>(
    signals: &[&Signal],
    mut future: Pin<&mut F>,
) -> Option<F::Output> {
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        match any(signals, context) {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    })
    .await
}

/// Waits until one of the signals is raised.
pub(super) async fn first_of(signals: &[&Signal]) {
    poll_fn(|context| match any(signals, context) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Every one has to be asked, so that every one wakes.
fn any(signals: &[&Signal], context: &mut Context<'_>) -> bool {
    let raised = |signal: &&&Signal| signal.poll(context).is_ready();
    signals.iter().filter(raised).count() > 0
}

/// Runs a future on this thread.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
