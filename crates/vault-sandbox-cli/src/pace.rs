//! How many requests are under way at a time, by what Vault says of its limits.
//!
//! Vault refuses nothing at its burst limit: it delays every further answer until the window of five
//! minutes ends. Sending more at a time then only makes more of them wait.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use vault_sandbox_core::Facts;

/// Lets requests through, never more at a time than the pace allows.
#[derive(Debug)]
pub(crate) struct Gate {
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
pub(crate) struct Turn<'a>(&'a Gate);

impl Gate {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            state: Mutex::new(State {
                pace: Pace::new(most),
                under_way: 0,
            }),
            changed: Notify::new(),
        }
    }

    /// Waits until a request may be sent.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        loop {
            // Before looking: what changes between the two is heard.
            let changed = self.changed.notified();
            if self.try_enter() {
                return Turn(self);
            }
            changed.await;
        }
    }

    /// Takes note of what an answer says.
    pub(crate) fn told(&self, facts: &Facts) {
        self.with(|state| state.pace.told(facts));
        self.changed.notify_one();
    }

    pub(crate) fn under_way(&self) -> usize {
        self.with(|state| state.under_way)
    }

    /// Whether Vault made it slower than was asked for.
    pub(crate) fn is_slowed(&self) -> bool {
        self.with(|state| state.pace.now < state.pace.most)
    }

    fn try_enter(&self) -> bool {
        self.with(|state| {
            let may = state.under_way < state.pace.now;
            state.under_way += usize::from(may);
            may
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.with(|state| state.under_way -= 1);
        self.0.changed.notify_one();
    }
}

/// Halves when Vault delays or soon will, and grows by one after a while without.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pace {
    now: usize,
    most: usize,
    calm: usize,
}

impl Pace {
    /// Calls that may be left in the window for each that is under way, before it gets slower: a
    /// token costs a few.
    const RESERVE: u64 = 4;

    fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            now: most,
            most,
            calm: 0,
        }
    }

    fn told(&mut self, facts: &Facts) {
        let is_delayed = facts.response_delay.is_some_and(|delay| !delay.is_zero());
        let needed = Self::RESERVE * self.now as u64;
        let is_near = facts
            .burst_remaining
            .is_some_and(|left| u64::from(left) < needed);
        if is_delayed || is_near {
            self.now = (self.now / 2).max(1);
            self.calm = 0;
            return;
        }
        self.calm += 1;
        if self.calm >= 2 * self.now && self.now < self.most {
            self.now += 1;
            self.calm = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(headers: &[(&'static str, &str)]) -> Facts {
        let mut map = http::HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Facts::from_headers(&map)
    }

    #[test]
    fn halves_at_once_and_recovers_slowly() {
        let mut pace = Pace::new(16);
        let delayed = facts(&[("x-vaultapi-responsedelay", "500")]);
        for expected in [8, 4, 2, 1, 1] {
            pace.told(&delayed);
            assert_eq!(pace.now, expected);
        }
        let calm = facts(&[("x-vaultapi-burstlimitremaining", "1900")]);
        let mut answers = 0;
        while pace.now < 16 {
            pace.told(&calm);
            answers += 1;
        }
        assert_eq!(answers, 2 * (1..16).sum::<usize>());
        for _ in 0..1000 {
            pace.told(&calm);
        }
        assert_eq!(pace.now, 16, "never more than was asked for");
    }

    #[test]
    fn slows_down_before_the_window_is_used_up() {
        let mut pace = Pace::new(8);
        pace.told(&facts(&[("x-vaultapi-burstlimitremaining", "32")]));
        assert_eq!(pace.now, 8);
        pace.told(&facts(&[("x-vaultapi-burstlimitremaining", "31")]));
        assert_eq!(pace.now, 4);
        pace.told(&facts(&[("x-vaultapi-responsedelay", "0")]));
        assert_eq!(pace.now, 4, "no delay");
    }

    #[tokio::test]
    async fn never_more_than_the_pace_are_under_way() {
        let gate = Gate::new(2);
        let first = gate.turn().await;
        let _second = gate.turn().await;
        let third = gate.turn();
        let mut third = std::pin::pin!(third);
        let waits = futures_util::poll!(third.as_mut()).is_pending();
        assert!(waits, "it has to wait");
        drop(first);
        assert!(futures_util::poll!(third.as_mut()).is_ready());
        assert_eq!(gate.under_way(), 1, "the second");
    }
}
