use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::Expiry;

/// UTC-12 is the last zone in which a date ends.
const LAST_ZONE: TimeDelta = TimeDelta::hours(12);

impl Expiry {
    /// Whether it is certainly no later than `most`.
    ///
    /// | this | compared by |
    /// | --- | --- |
    /// | an instant | itself |
    /// | a date | its end in the last zone, because Vault lets it end in the user's, which is not known here |
    /// | never | only never allows it |
    ///
    /// `most` as a date allows everything up to its end in UTC, and that date itself.
    ///
    /// ```
    /// use vault_sandbox_core::Expiry;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = "2026-11-23T18:04:11Z".parse()?;
    /// let most = Expiry::parse("90d", now)?;
    /// assert!(Expiry::parse("2027-02-20", now)?.is_within(most));
    /// assert!(!Expiry::parse("2027-02-21", now)?.is_within(most));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_within(self, most: Self) -> bool {
        if most.is_never() || self == most {
            return true;
        }
        let latest = self
            .instant()
            .or_else(|| end_in_utc(self)?.checked_add_signed(LAST_ZONE));
        let limit = most.instant().or_else(|| end_in_utc(most));
        matches!((latest, limit), (Some(latest), Some(limit)) if latest <= limit)
    }
}

fn end_in_utc(expiry: Expiry) -> Option<DateTime<Utc>> {
    let day = expiry.date()?.and_time(NaiveTime::MIN).and_utc();
    day.checked_add_signed(TimeDelta::days(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn expiry(text: &str) -> Expiry {
        let now = "2026-11-23T18:00:00Z".parse().unwrap();
        Expiry::parse(text, now).unwrap()
    }

    #[test]
    fn however_it_is_written() {
        for (asked, most, is_within) in [
            ("90d", "90d", true),
            ("89d", "90d", true),
            ("91d", "90d", false),
            ("1y", "12mo", true),
            ("never", "10y", false),
            ("never", "2027-02-21", false),
            ("never", "never", true),
            ("10y", "never", true),
            ("2027-02-21", "never", true),
            ("2027-02-20", "90d", true),
            ("2027-02-21", "90d", false),
            ("2027-02-21T18:00:00Z", "90d", true),
            ("2027-02-21T18:00:01Z", "90d", false),
            ("2027-02-21", "2027-02-22T12:00:00Z", true),
            ("2027-02-21", "2027-02-22T11:59:59Z", false),
            ("2027-02-21", "2027-02-21", true),
            ("2027-02-20", "2027-02-21", true),
            ("2027-02-22", "2027-02-21", false),
            ("2027-02-22T00:00:00Z", "2027-02-21", true),
            ("2027-02-22T00:00:01Z", "2027-02-21", false),
        ] {
            let found = expiry(asked).is_within(expiry(most));
            assert_eq!(found, is_within, "{asked} of at most {most}");
        }
    }

    fn any_expiry() -> impl Strategy<Value = Expiry> {
        prop_oneof![
            (1i64..40_000).prop_map(|hours| expiry(&format!("{hours}h"))),
            (1i64..1_000).prop_map(|days| {
                let day = expiry(&format!("{days}d")).instant().unwrap().date_naive();
                Expiry::end_of_day(day).unwrap()
            }),
            Just(Expiry::never()),
        ]
    }

    proptest! {
        /// Wherever the user is, what is within ends no later than what it is within.
        #[test]
        fn it_never_ends_later(asked in any_expiry(), most in any_expiry(), zone in -12i64..=12) {
            prop_assert!(asked.is_within(asked));
            prop_assert!(asked.is_within(Expiry::never()));
            if let (true, Some(limit)) = (asked.is_within(most), most.instant()) {
                let end = asked.instant().or_else(|| end_in_utc(asked)?.checked_add_signed(TimeDelta::hours(zone)));
                prop_assert!(end.unwrap() <= limit);
            }
        }
    }
}
