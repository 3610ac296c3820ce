//! Work that waits for a disk, or for a program that is run.
//!
//! Where one token is issued on one thread, it can be done there. Of many at once, each would keep all
//! the others waiting while it syncs a file. Theirs is done on threads beside it: the order of steps of
//! each stays what it is.

use std::panic::resume_unwind;

/// Where such work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Waiting {
    /// On the thread that asks for it: nobody else has anything to do there.
    Here,
    /// On a thread beside it, of tokio's runtime.
    #[default]
    Aside,
}

impl Waiting {
    /// Does the work, all of it: once begun, it goes on even if this is no longer waited for.
    ///
    /// # Panics
    ///
    /// If the work does, and [aside](Self::Aside) where there is no runtime of tokio's.
    pub async fn on<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> T {
        if self == Self::Here {
            return work();
        }
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            // A panic goes on here, as if it had been done here.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is shutting down, and this with it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn one_that_waits_does_not_keep_the_others_waiting() {
        let (sender, receiver) = mpsc::channel();
        let long = Duration::from_secs(10);
        // Polled first: it would wait in vain if it kept the second from running.
        let waits = Waiting::Aside.on(move || receiver.recv_timeout(long).unwrap());
        let (heard, ()) = futures_util::join!(waits, async move { sender.send(7).unwrap() });
        assert_eq!(heard, 7);
        let here = thread::current().id();
        assert_eq!(Waiting::Here.on(move || thread::current().id()).await, here);
        assert_ne!(
            Waiting::Aside.on(move || thread::current().id()).await,
            here
        );
    }

    #[tokio::test(flavor = "current_thread")]
    #[should_panic(expected = "on a thread of its own")]
    async fn a_panic_is_no_silent_end() {
        Waiting::Aside.on(|| panic!("on a thread of its own")).await;
    }
}
