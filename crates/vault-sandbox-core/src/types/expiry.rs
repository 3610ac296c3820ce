use std::fmt;

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, SecondsFormat, SubsecRound, TimeDelta,
    Utc,
};

use crate::validation::ValidationError;

/// The last year that fits in the API's `YYYY-MM-DDTHH:MM:SSZ`.
pub const MAX_YEAR: i32 = 9999;

/// The zone furthest behind UTC: a day that has ended even there has ended everywhere.
const HOURS_BEHIND_UTC: i64 = 12;

/// When a token stops working (`expiry_date__v`).
///
/// The longest lifetime that Vault allows depends on the user's security profile, and so does
/// whether a token may live for ever. [Veeva: generate my API access token][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/users/api-access-tokens/generate-my-api-access-token/
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Expiry(When);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum When {
    At(DateTime<Utc>),
    EndOfDay(NaiveDate),
    Never,
}

impl Expiry {
    /// At an instant; a fraction of a second is cut off, because the API has none.
    ///
    /// # Errors
    ///
    /// The year is not in 1970 to [`MAX_YEAR`].
    pub fn at(instant: DateTime<Utc>) -> Result<Self, ValidationError> {
        in_range(instant.year())?;
        // By the number of the second, which also takes a leap second for the one before it.
        let whole = DateTime::from_timestamp(instant.timestamp(), 0).unwrap_or(instant);
        Ok(Self(When::At(whole)))
    }

    /// At 23:59:59 of a date in the *user's* time zone, which Vault knows and we do not.
    ///
    /// # Errors
    ///
    /// The year is not in 1970 to [`MAX_YEAR`].
    pub fn end_of_day(date: NaiveDate) -> Result<Self, ValidationError> {
        in_range(date.year())?;
        Ok(Self(When::EndOfDay(date)))
    }

    /// Never, where the user's security profile allows that.
    #[must_use]
    pub const fn never() -> Self {
        Self(When::Never)
    }

    /// Reads what a person writes, with `now` as the start of durations:
    ///
    /// | text | meaning |
    /// | --- | --- |
    /// | `36h`, `90d`, `12w`, `3mo`, `1y` | that long from now, by the UTC calendar |
    /// | `2027-02-21T18:00:00Z`, `…+01:00` | that instant |
    /// | `2027-02-21` | the end of that day in the user's time zone |
    /// | `never` | no expiry |
    ///
    /// ```
    /// use vault_sandbox_core::Expiry;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = "2026-11-23T18:04:11Z".parse()?;
    /// let expiry = Expiry::parse("90d", now)?;
    /// assert_eq!(expiry.to_string(), "2027-02-21T18:04:11Z");
    /// assert_eq!(Expiry::parse("2020-01-01", now).unwrap_err().field(), "expiry");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Anything else, and what is certainly past: each with a reason of its own.
    pub fn parse(text: &str, now: DateTime<Utc>) -> Result<Self, ValidationError> {
        let text = text.trim();
        if text == "never" {
            return Ok(Self::never());
        }
        if text.is_empty() {
            return Err(wrong(
                "is empty; write a duration such as 90d, a date, an instant or never",
            ));
        }
        if text.starts_with('-') {
            return Err(wrong("is negative; a token cannot expire before it exists"));
        }
        if text.ends_with("ago") {
            return Err(wrong(
                "lies in the past; write how long the token shall work, such as 90d",
            ));
        }
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(wrong(
                "is not understood; write a duration such as 90d, a date such as 2027-02-21, an instant such as 2027-02-21T18:00:00Z, or never",
            ));
        }
        if is_date(text) {
            return parse_date(text, now);
        }
        if text.get(..10).is_some_and(is_date) {
            return parse_instant(text, now);
        }
        parse_duration(text, now)
    }

    /// The instant, if it was given as one.
    #[must_use]
    pub fn instant(self) -> Option<DateTime<Utc>> {
        match self.0 {
            When::At(instant) => Some(instant),
            _ => None,
        }
    }

    /// The date, if it was given as one.
    #[must_use]
    pub fn date(self) -> Option<NaiveDate> {
        match self.0 {
            When::EndOfDay(date) => Some(date),
            _ => None,
        }
    }

    /// Whether it is [`never`](Self::never).
    #[must_use]
    pub fn is_never(self) -> bool {
        self.0 == When::Never
    }

    /// What is sent as `expiry_date__v`: UTC without fraction, a date, or nothing for never.
    #[must_use]
    pub fn to_wire(self) -> Option<String> {
        match self.0 {
            When::At(instant) => Some(instant.to_rfc3339_opts(SecondsFormat::Secs, true)),
            When::EndOfDay(date) => Some(date.to_string()),
            When::Never => None,
        }
    }

    /// Reads what `Display` writes: an instant, a date or `never`. A duration would need a now.
    #[cfg(feature = "serde")]
    pub(crate) fn absolute(text: &str) -> Result<Self, ValidationError> {
        if text == "never" {
            return Ok(Self::never());
        }
        Self::from_wire(Some(text)).map_err(|_| {
            wrong("is no instant such as 2027-02-21T18:00:00Z, no date such as 2027-02-21 and not never")
        })
    }

    /// Reads what [`to_wire`](Self::to_wire) writes.
    pub(crate) fn from_wire(text: Option<&str>) -> Result<Self, ValidationError> {
        let Some(text) = text else {
            return Ok(Self::never());
        };
        if is_date(text) {
            return Self::end_of_day(text.parse().map_err(|_| wrong("has no such day"))?);
        }
        let instant = DateTime::parse_from_rfc3339(text).map_err(|_| wrong("is no instant"))?;
        Self::at(instant.to_utc())
    }

    /// Whether `stored`, the expiry that Vault shows (`None`: never), is what was asked.
    ///
    /// A date ends at an instant that depends on the user's time zone, so every instant that is
    /// 23:59:59 of that date in some zone counts.
    #[must_use]
    pub fn is_met_by(self, stored: Option<DateTime<Utc>>) -> bool {
        match (self.0, stored) {
            (When::Never, None) => true,
            (When::At(asked), Some(stored)) => asked == stored.trunc_subsecs(0),
            (When::EndOfDay(date), Some(stored)) => {
                let end =
                    date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::seconds(24 * 3600 - 1);
                let off = (stored.trunc_subsecs(0) - end).num_seconds();
                // Zones lie from UTC-12 to UTC+14, in steps of a quarter of an hour.
                off % 900 == 0 && (-14 * 3600..=HOURS_BEHIND_UTC * 3600).contains(&off)
            }
            _ => false,
        }
    }
}

/// As it is sent, or `never`.
impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_wire().as_deref().unwrap_or("never"))
    }
}

fn wrong(reason: impl Into<String>) -> ValidationError {
    ValidationError::new("expiry", reason)
}

fn in_range(year: i32) -> Result<(), ValidationError> {
    if (1970..=MAX_YEAR).contains(&year) {
        return Ok(());
    }
    Err(wrong(format!(
        "is not between the years 1970 and {MAX_YEAR}"
    )))
}

/// `DDDD-DD-DD`, whatever the numbers.
fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| {
            if matches!(at, 4 | 7) {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        })
}

fn parse_date(text: &str, now: DateTime<Utc>) -> Result<Expiry, ValidationError> {
    let date: NaiveDate = text
        .parse()
        .map_err(|_| wrong(format!("names a day that does not exist: {text}")))?;
    let over_everywhere = date.checked_add_days(Days::new(1)).is_some_and(|next| {
        next.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(HOURS_BEHIND_UTC) <= now
    });
    if over_everywhere {
        return Err(wrong(format!("is a day that is over: {text}")));
    }
    Expiry::end_of_day(date)
}

fn parse_instant(text: &str, now: DateTime<Utc>) -> Result<Expiry, ValidationError> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        if instant <= now {
            return Err(wrong(format!("is an instant that has passed: {text}")));
        }
        let expiry = Expiry::at(instant.to_utc())?;
        // The API has whole seconds: without its fraction it has passed.
        if expiry.instant().is_some_and(|whole| whole <= now) {
            return Err(wrong(format!("is an instant within this second: {text}")));
        }
        return Ok(expiry);
    }
    let (date, time) = text.split_at(10);
    if date.parse::<NaiveDate>().is_err() {
        return Err(wrong(format!("names a day that does not exist: {date}")));
    }
    let with_zone = format!("{date}T{}Z", time.get(1..).unwrap_or_default());
    if DateTime::parse_from_rfc3339(&with_zone).is_ok() {
        return Err(wrong(format!(
            "has no time zone; write {with_zone} for UTC"
        )));
    }
    Err(wrong(
        "is not an instant; write it as in 2027-02-21T18:00:00Z",
    ))
}

fn parse_duration(text: &str, now: DateTime<Utc>) -> Result<Expiry, ValidationError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if unit.starts_with(['.', ',']) {
        return Err(wrong(
            "has a fraction; write a whole number, such as 36h for a day and a half",
        ));
    }
    let known = |unit| matches!(unit, "h" | "d" | "w" | "mo" | "y");
    match unit {
        "" => {
            return Err(wrong(format!(
                "has no unit; write {number}d for days (units: h, d, w, mo, y)"
            )));
        }
        "m" | "M" => {
            return Err(wrong(format!(
                "has a unit that may mean minutes or months; write {number}mo for months"
            )));
        }
        _ if !known(unit) => {
            return Err(wrong(
                "has a unit that is not known; the units are h, d, w, mo and y, after one number",
            ));
        }
        _ => {}
    }
    if number.bytes().all(|digit| digit == b'0') {
        return Err(wrong("is zero; a token that is over at once is of no use"));
    }
    let end = number
        .parse::<u32>()
        .ok()
        .and_then(|number| add(now, number, unit));
    match end {
        Some(end) if end.year() <= MAX_YEAR => Expiry::at(end),
        _ => Err(wrong(format!("reaches beyond the year {MAX_YEAR}"))),
    }
}

fn add(now: DateTime<Utc>, number: u32, unit: &str) -> Option<DateTime<Utc>> {
    match unit {
        "h" => now.checked_add_signed(TimeDelta::try_hours(number.into())?),
        "d" => now.checked_add_days(Days::new(number.into())),
        "w" => now.checked_add_days(Days::new(u64::from(number) * 7)),
        "mo" => now.checked_add_months(Months::new(number)),
        _ => now.checked_add_months(Months::new(number.checked_mul(12)?)),
    }
}

#[cfg(test)]
mod tests;
