//! How many requests may be under way at a time, by what Vault says of its limits: a pure rule. The
//! caller brings the gate that lets so many through.
//!
//! Vault refuses nothing at its burst limit: it delays every further answer until the window of five
//! minutes ends. Sending more at a time then only makes more of them wait.
//! [Veeva: API rate limits](https://limited.veevavault.dev/quality/vault-api/references/api-rate-limits).
//!
//! ```
//! use vault_sandbox_core::Facts;
//! use vault_sandbox_core::pace::Pace;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut headers = http::HeaderMap::new();
//! headers.insert("X-VaultAPI-ResponseDelay", "500".parse()?);
//!
//! let mut pace = Pace::new(16);
//! pace.told(&Facts::from_headers(&headers));
//! assert_eq!(pace.now(), 8);
//! assert!(pace.is_slowed());
//! # Ok(())
//! # }
//! ```

use crate::reply::Facts;

/// Calls that may be left in the window for each that is under way, before the pace gets slower: a
/// token costs a few.
const RESERVE: u64 = 4;

/// How many requests may be under way at a time.
///
/// It halves when Vault [delays](Facts::response_delay) an answer, or when fewer than four calls are
/// [left](Facts::burst_remaining) in the window for each request under way. It grows by one once
/// twice as many answers as may be under way came without either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    now: usize,
    most: usize,
    calm: usize,
}

impl Pace {
    /// At most so many at a time, and so many to begin with; 0 counts as 1.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            now: most,
            most,
            calm: 0,
        }
    }

    /// Takes note of what an answer says, whichever request it was to.
    pub fn told(&mut self, facts: &Facts) {
        let is_delayed = facts.response_delay.is_some_and(|delay| !delay.is_zero());
        let needed = RESERVE.saturating_mul(self.now as u64);
        let is_near = facts
            .burst_remaining
            .is_some_and(|left| u64::from(left) < needed);
        if is_delayed || is_near {
            self.now = (self.now / 2).max(1);
            self.calm = 0;
            return;
        }
        self.calm = self.calm.saturating_add(1);
        if self.calm / 2 >= self.now && self.now < self.most {
            self.now += 1;
            self.calm = 0;
        }
    }

    /// How many may be under way now: at least one, and never more than [`most`](Self::most).
    #[must_use]
    pub fn now(&self) -> usize {
        self.now
    }

    /// How many may be under way where Vault does not slow it down.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// Whether Vault made it slower than was asked for.
    #[must_use]
    pub fn is_slowed(&self) -> bool {
        self.now < self.most
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn facts(delay: Option<u64>, left: Option<u32>) -> Facts {
        Facts {
            response_delay: delay.map(Duration::from_millis),
            burst_remaining: left,
            ..Facts::default()
        }
    }

    #[test]
    fn halves_at_once_and_recovers_slowly() {
        let mut pace = Pace::new(16);
        assert_eq!((pace.now(), pace.most()), (16, 16));
        assert!(!pace.is_slowed());
        for expected in [8, 4, 2, 1, 1] {
            pace.told(&facts(Some(500), Some(1900)));
            assert_eq!((pace.now(), pace.most()), (expected, 16));
            assert!(pace.is_slowed());
        }
        for now in 1..16 {
            for answer in 1..=2 * now {
                assert_eq!(pace.now(), now, "after {answer} answers");
                pace.told(&facts(None, Some(1900)));
            }
        }
        for _ in 0..1000 {
            assert_eq!(pace.now(), 16, "never more than was asked for");
            assert!(!pace.is_slowed());
            pace.told(&facts(None, Some(1900)));
        }
    }

    #[test]
    fn a_delay_begins_the_calm_while_anew() {
        let mut pace = Pace::new(2);
        pace.told(&facts(Some(1), None));
        pace.told(&facts(None, None));
        pace.told(&facts(Some(1), None));
        pace.told(&facts(None, None));
        assert_eq!(pace.now(), 1);
        pace.told(&facts(None, None));
        assert_eq!(pace.now(), 2);
    }

    #[test]
    fn what_slows_it_down() {
        for (delay, left, now) in [
            (None, None, 8),
            (None, Some(32), 8),
            (None, Some(31), 4),
            (None, Some(0), 4),
            (Some(0), None, 8),
            (Some(0), Some(32), 8),
            (Some(0), Some(31), 4),
            (Some(1), None, 4),
            (Some(1), Some(2000), 4),
            (Some(1), Some(0), 4),
        ] {
            let mut pace = Pace::new(8);
            pace.told(&facts(delay, left));
            assert_eq!(pace.now(), now, "{delay:?} {left:?}");
        }
    }

    #[test]
    fn one_at_a_time_is_the_least() {
        let mut pace = Pace::new(0);
        assert_eq!((pace.now(), pace.most()), (1, 1));
        pace.told(&facts(Some(1), Some(0)));
        assert_eq!((pace.now(), pace.most()), (1, 1));
        assert!(!pace.is_slowed());
    }

    proptest! {
        #[test]
        fn whatever_vault_says_it_stays_within_its_bounds(
            most in 0usize..64,
            answers in prop::collection::vec((any::<Option<u64>>(), any::<Option<u32>>()), 0..200),
        ) {
            let mut pace = Pace::new(most);
            for (delay, left) in answers {
                let before = pace.now();
                pace.told(&facts(delay, left));
                prop_assert!((1..=most.max(1)).contains(&pace.now()));
                prop_assert!(pace.now() <= before + 1);
                prop_assert_eq!(pace.is_slowed(), pace.now() < pace.most());
            }
        }
    }
}
