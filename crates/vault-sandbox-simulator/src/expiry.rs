//! What becomes of an `expiry_date__v`.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::{
    OmittedExpiry, OverCeiling, PastExpiry, Switches,
    envelope::{Failure, Outcome},
    zone,
};

/// Name of the request parameter (the stored field is `expiry_date__sys`).
pub(crate) const PARAMETER: &str = "expiry_date__v";

/// The expiry to store for the one that was `sent`; `None` for never.
pub(crate) fn decide(
    sent: Option<&str>,
    zone: &str,
    now: DateTime<Utc>,
    switches: &Switches,
) -> Outcome<Option<DateTime<Utc>>> {
    let Some(text) = sent else {
        return omitted(now, switches);
    };
    let refused = || Failure::invalid(text, PARAMETER);
    let asked = parse(text, zone).ok_or_else(refused)?;
    let stored = if asked <= now {
        match switches.past_expiry {
            PastExpiry::Refuse => return Err(refused()),
            PastExpiry::Keep => Some(asked),
            PastExpiry::Ignore => omitted(now, switches)?,
        }
    } else {
        match ceiling(now, switches).filter(|ceiling| asked > *ceiling) {
            None => Some(asked),
            Some(ceiling) => match switches.over_ceiling {
                OverCeiling::Refuse => return Err(refused()),
                OverCeiling::Shorten => Some(ceiling),
                OverCeiling::Ignore => omitted(now, switches)?,
            },
        }
    };
    Ok(stored.filter(|_| !switches.expiry_ignored))
}

/// `YYYY-MM-DDTHH:MM:SSZ`, or a date and with it the end of the user's day.
fn parse(text: &str, zone: &str) -> Option<DateTime<Utc>> {
    // The lengths keep out what the format alone lets through, such as one-digit months.
    match text.len() {
        20 => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ")
            .ok()
            .map(|utc| utc.and_utc()),
        10 => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .and_then(|date| zone::end_of_day(date, zone)),
        _ => None,
    }
}

fn omitted(now: DateTime<Utc>, switches: &Switches) -> Outcome<Option<DateTime<Utc>>> {
    if switches.never_allowed {
        return Ok(None);
    }
    match switches.omitted_expiry {
        OmittedExpiry::Refuse => Err(Failure::missing(PARAMETER)),
        OmittedExpiry::Ceiling => {
            Ok(ceiling(now, switches).or_else(|| now.checked_add_signed(TimeDelta::days(90))))
        }
    }
}

fn ceiling(now: DateTime<Utc>, switches: &Switches) -> Option<DateTime<Utc>> {
    let days = TimeDelta::days(switches.max_lifetime_days?.into());
    now.checked_add_signed(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T10:00:00Z";

    fn decided(sent: &str, set: impl FnOnce(&mut Switches)) -> Result<String, String> {
        let mut switches = Switches::default();
        set(&mut switches);
        let sent = Some(sent).filter(|text| !text.is_empty());
        decide(sent, "America/Denver", NOW.parse().unwrap(), &switches)
            .map(|expiry| expiry.map_or("never".into(), |at| at.format("%FT%TZ").to_string()))
            .map_err(|failure| failure.kind)
    }

    #[track_caller]
    fn assert_decided(sent: &str, set: impl FnOnce(&mut Switches), expected: &str) {
        assert_eq!(decided(sent, set).unwrap_or_else(|kind| kind), expected);
    }

    #[test]
    fn an_instant_a_date_or_nothing() {
        assert_decided("2026-12-31T12:00:00Z", |_| {}, "2026-12-31T12:00:00Z");
        assert_decided("2026-12-31", |_| {}, "2027-01-01T06:59:59Z");
        assert_decided("", |_| {}, "never");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "soon",
            "2026-12-31T12:00:00",
            "2026-12-31T12:00:00.000Z",
            "2026-12-31T12:00:00:00.000Z",
            "2026-02-30",
            "2026-12-31T13:00:00+01:00",
            "31.12.2026",
        ] {
            assert_decided(text, |_| {}, "INVALID_DATA");
        }
    }

    #[test]
    fn the_past() {
        let past = "2026-11-24T09:59:59Z";
        assert_decided(past, |_| {}, "INVALID_DATA");
        assert_decided(past, |s| s.past_expiry = PastExpiry::Keep, past);
        assert_decided(past, |s| s.past_expiry = PastExpiry::Ignore, "never");
    }

    #[test]
    fn beyond_the_ceiling() {
        let set = |reaction| {
            move |s: &mut Switches| {
                s.max_lifetime_days = Some(1);
                s.over_ceiling = reaction;
            }
        };
        assert_decided(
            "2026-11-25T10:00:00Z",
            set(OverCeiling::Refuse),
            "2026-11-25T10:00:00Z",
        );
        let late = "2026-11-25T10:00:01Z";
        assert_decided(late, set(OverCeiling::Refuse), "INVALID_DATA");
        assert_decided(late, set(OverCeiling::Shorten), "2026-11-25T10:00:00Z");
        assert_decided(late, set(OverCeiling::Ignore), "never");
    }

    #[test]
    fn omitted_where_never_is_barred() {
        assert_decided("", |s| s.never_allowed = false, "PARAMETER_REQUIRED");
        let ceiling = |days| {
            move |s: &mut Switches| {
                s.never_allowed = false;
                s.omitted_expiry = OmittedExpiry::Ceiling;
                s.max_lifetime_days = days;
            }
        };
        assert_decided("", ceiling(Some(2)), "2026-11-26T10:00:00Z");
        assert_decided("", ceiling(None), "2027-02-22T10:00:00Z");
    }

    #[test]
    fn ignored_without_a_word() {
        assert_decided("2026-12-31", |s| s.expiry_ignored = true, "never");
        assert_decided("soon", |s| s.expiry_ignored = true, "INVALID_DATA");
    }
}
