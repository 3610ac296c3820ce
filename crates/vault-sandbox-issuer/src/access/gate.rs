//! How many requests are under way at a time, by what Vault says of its limits.
//!
//! Vault refuses nothing at its burst limit: it delays every further answer until the window of five
//! minutes ends. Sending more at a time then only makes more of them wait.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use vault_sandbox_core::Facts;
use vault_sandbox_core::pace::Pace;

/// Lets requests through, never more at a time than the pace allows.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    under_way: usize,
}

/// The right to have one request under way, for as long as this lives.
#[derive(Debug)]
pub struct Turn(Arc<Gate>);

impl Gate {
    /// At most so many at a time.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            state: Mutex::new(State {
                pace: Pace::new(most),
                under_way: 0,
            }),
            changed: Notify::new(),
        }
    }

    /// From now on, at most so many at a time.
    pub fn allow(&self, most: usize) {
        self.with(|state| state.pace = Pace::new(most));
        self.changed.notify_one();
    }

    /// Waits until a request may be sent.
    pub async fn turn(self: &Arc<Self>) -> Turn {
        loop {
            // Before looking: what changes between the two is heard.
            let changed = self.changed.notified();
            if self.try_enter() {
                return Turn(Arc::clone(self));
            }
            changed.await;
        }
    }

    /// Takes note of what an answer says.
    pub fn told(&self, facts: &Facts) {
        self.with(|state| state.pace.told(facts));
        self.changed.notify_one();
    }

    /// How many are under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.with(|state| state.under_way)
    }

    /// Whether Vault made it slower than was asked for.
    #[must_use]
    pub fn is_slowed(&self) -> bool {
        self.with(|state| state.pace.is_slowed())
    }

    fn try_enter(&self) -> bool {
        self.with(|state| {
            let may = state.under_way < state.pace.now();
            state.under_way += usize::from(may);
            may
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.with(|state| state.under_way -= 1);
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn never_more_than_the_pace_are_under_way() {
        let gate = Arc::new(Gate::new(2));
        let first = gate.turn().await;
        let _second = gate.turn().await;
        let mut third = std::pin::pin!(gate.turn());
        assert!(futures_util::poll!(third.as_mut()).is_pending(), "it waits");
        drop(first);
        assert!(futures_util::poll!(third.as_mut()).is_ready());
        assert_eq!(gate.under_way(), 1, "the second");
        assert!(!gate.is_slowed());
        gate.allow(9);
        let _fourth = gate.turn().await;
        assert_eq!(gate.under_way(), 2);
    }
}
