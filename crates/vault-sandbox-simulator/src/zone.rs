//! The end of a day in a user's time zone.
//!
//! A time zone database would outweigh the rest of the crate, so this is a table of the
//! zones a seeded user is likely to have, with today's rules for summer time. An unknown
//! name counts as UTC.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};

/// Name, minutes east of UTC in winter, summer time.
const ZONES: &[(&str, i64, Summer)] = &[
    ("America/Los_Angeles", -480, Summer::UnitedStates),
    ("America/Denver", -420, Summer::UnitedStates),
    ("America/Chicago", -360, Summer::UnitedStates),
    ("America/New_York", -300, Summer::UnitedStates),
    ("America/Sao_Paulo", -180, Summer::None),
    ("Europe/London", 0, Summer::Europe),
    ("Europe/Berlin", 60, Summer::Europe),
    ("Europe/Budapest", 60, Summer::Europe),
    ("Europe/Madrid", 60, Summer::Europe),
    ("Europe/Paris", 60, Summer::Europe),
    ("Europe/Zurich", 60, Summer::Europe),
    ("Asia/Kolkata", 330, Summer::None),
    ("Asia/Shanghai", 480, Summer::None),
    ("Asia/Tokyo", 540, Summer::None),
];

#[derive(Clone, Copy)]
enum Summer {
    None,
    UnitedStates,
    Europe,
}

/// 23:59:59 of `date` in `zone`; nothing where that instant cannot be represented.
pub(crate) fn end_of_day(date: NaiveDate, zone: &str) -> Option<DateTime<Utc>> {
    let last_second = date.and_time(NaiveTime::from_hms_opt(23, 59, 59)?);
    last_second
        .checked_sub_signed(TimeDelta::minutes(minutes_east(date, zone)))
        .map(|utc| utc.and_utc())
}

fn minutes_east(date: NaiveDate, zone: &str) -> i64 {
    let Some((_, winter, summer)) = ZONES.iter().find(|(name, ..)| *name == zone) else {
        return 0;
    };
    winter + if summer.covers(date) { 60 } else { 0 }
}

impl Summer {
    /// Whether it is summer time when `date` ends.
    fn covers(self, date: NaiveDate) -> bool {
        let bounds = match self {
            Self::None => None,
            Self::UnitedStates => sunday(date.year(), 3, 2).zip(sunday(date.year(), 11, 1)),
            Self::Europe => last_sunday(date.year(), 4).zip(last_sunday(date.year(), 11)),
        };
        bounds.is_some_and(|(start, end)| (start..end).contains(&date))
    }
}

fn sunday(year: i32, month: u32, nth: u8) -> Option<NaiveDate> {
    NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Sun, nth)
}

/// The last Sunday before `month` begins.
fn last_sunday(year: i32, month: u32) -> Option<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    let back = first.weekday().num_days_from_sunday();
    first.checked_sub_days(Days::new(if back == 0 { 7 } else { back.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_ends(date: &str, zone: &str, utc: &str) {
        let ends = end_of_day(date.parse().unwrap(), zone).unwrap();
        assert_eq!(
            ends.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            utc,
            "{date} {zone}"
        );
    }

    #[test]
    fn the_day_ends_where_the_user_lives() {
        assert_ends("2026-12-31", "America/Denver", "2027-01-01T06:59:59Z");
        assert_ends("2026-07-01", "America/Denver", "2026-07-02T05:59:59Z");
        assert_ends("2026-07-01", "Europe/Berlin", "2026-07-01T21:59:59Z");
        assert_ends("2026-07-01", "Asia/Kolkata", "2026-07-01T18:29:59Z");
        assert_ends("2026-07-01", "Mars/Olympus", "2026-07-01T23:59:59Z");
    }

    #[test]
    fn summer_time_changes_on_the_right_sunday() {
        assert_ends("2026-03-07", "America/New_York", "2026-03-08T04:59:59Z");
        assert_ends("2026-03-08", "America/New_York", "2026-03-09T03:59:59Z");
        assert_ends("2026-10-31", "America/New_York", "2026-11-01T03:59:59Z");
        assert_ends("2026-11-01", "America/New_York", "2026-11-02T04:59:59Z");
        assert_ends("2026-03-28", "Europe/London", "2026-03-28T23:59:59Z");
        assert_ends("2026-03-29", "Europe/London", "2026-03-29T22:59:59Z");
        assert_ends("2026-10-25", "Europe/London", "2026-10-25T23:59:59Z");
    }
}
