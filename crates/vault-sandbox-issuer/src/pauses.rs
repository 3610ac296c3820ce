//! Waiting for what may take a while.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Pauses that double, within a limit.
#[derive(Debug)]
pub struct Pauses {
    end: Instant,
    next: Duration,
}

impl Pauses {
    /// For so long in all.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self {
            end: Instant::now() + limit,
            next: FIRST_PAUSE,
        }
    }

    /// Waits. `false`: the limit is reached, and nothing was waited for.
    pub async fn pause(&mut self) -> bool {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        sleep(self.next.min(left)).await;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        true
    }
}
