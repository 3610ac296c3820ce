//! The simulator's clock: the real one with an offset, or one that only moves when told to.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

/// What time it is in the simulated world.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// The machine's clock, shifted.
    Running {
        /// How far it is ahead of the machine's.
        ahead: TimeDelta,
    },
    /// Stands still between moves.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// A fixed clock at `start`, or the machine's.
    pub(crate) fn new(start: Option<DateTime<Utc>>) -> Self {
        start.map_or(
            Self::Running {
                ahead: TimeDelta::zero(),
            },
            Self::Fixed,
        )
    }

    pub(crate) fn now(self) -> DateTime<Utc> {
        match self {
            Self::Running { ahead } => machine_time()
                .checked_add_signed(ahead)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
            Self::Fixed(now) => now,
        }
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        let later = self.now().checked_add_signed(by);
        self.set(later.unwrap_or(DateTime::<Utc>::MAX_UTC));
    }

    pub(crate) fn set(&mut self, now: DateTime<Utc>) {
        *self = match self {
            Self::Running { .. } => Self::Running {
                ahead: now - machine_time(),
            },
            Self::Fixed(_) => Self::Fixed(now),
        };
    }
}

fn machine_time() -> DateTime<Utc> {
    SystemTime::now().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_only_when_told() {
        let start = DateTime::UNIX_EPOCH;
        let mut clock = Clock::new(Some(start));
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(60));
        assert_eq!(clock.now(), start + TimeDelta::minutes(1));
        clock.set(start);
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn a_running_clock_keeps_its_offset() {
        let mut clock = Clock::new(None);
        let before = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() >= before + TimeDelta::hours(1));
    }

    #[test]
    fn absurd_jumps_end_at_the_last_instant() {
        let mut clock = Clock::new(Some(DateTime::UNIX_EPOCH));
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), DateTime::<Utc>::MAX_UTC);
    }
}
