use super::*;
use proptest::prelude::*;

fn now() -> DateTime<Utc> {
    "2026-11-23T18:04:11.987Z".parse().unwrap()
}

fn wire(text: &str) -> String {
    Expiry::parse(text, now())
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .to_string()
}

#[test]
fn what_people_write() {
    for (text, sent) in [
        ("90d", "2027-02-21T18:04:11Z"),
        ("12w", "2027-02-15T18:04:11Z"),
        ("3mo", "2027-02-23T18:04:11Z"),
        ("1y", "2027-11-23T18:04:11Z"),
        ("36h", "2026-11-25T06:04:11Z"),
        ("007d", "2026-11-30T18:04:11Z"),
        ("2027-02-21T18:00:00Z", "2027-02-21T18:00:00Z"),
        ("2027-02-21T18:00:00.5+01:00", "2027-02-21T17:00:00Z"),
        ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59Z"),
        ("2027-02-21", "2027-02-21"),
        ("2026-11-23", "2026-11-23"),
        ("never", "never"),
    ] {
        assert_eq!(wire(text), sent, "{text}");
    }
    // The UTC calendar: a month from the 31st ends on the last day there is.
    let eve = "2027-01-31T00:00:00Z".parse().unwrap();
    assert_eq!(
        Expiry::parse("1mo", eve).unwrap().to_string(),
        "2027-02-28T00:00:00Z"
    );
}

#[test]
fn each_mistake_has_its_own_sentence() {
    let mut sentences = std::collections::BTreeSet::new();
    for text in [
        "",
        "0d",
        "-1d",
        "90d ago",
        "90",
        "1.5d",
        "90m",
        "90x",
        "tomorrow",
        "2026-11-22",
        "2020-01-01T00:00:00Z",
        "2027-02-30",
        "2027-02-21T18:00:00",
        "2027-02-21T25:00:00Z",
        "2026-11-23T18:04:11.999Z",
        "99999999999d",
    ] {
        let error = Expiry::parse(text, now()).expect_err(text);
        assert!(
            sentences.insert(error.to_string()),
            "{text}: {error} was said before"
        );
    }
    for text in [
        "1d2h",
        "90 d",
        "9999y",
        "4294967295y",
        "2027-02-30T00:00:00Z",
        "2027-02-21 18:00",
        "12:00",
        "2026-11-23T18:04:11Z",
    ] {
        assert!(Expiry::parse(text, now()).is_err(), "{text}");
    }
}

#[test]
fn nothing_that_is_sent_has_passed() {
    // A second later is the first that is left once the fraction is cut off.
    assert_eq!(wire("2026-11-23T18:04:12Z"), "2026-11-23T18:04:12Z");
    assert_eq!(wire("2026-11-23T18:04:12.999Z"), "2026-11-23T18:04:12Z");
    for text in [
        "2026-11-23T18:04:11.987Z",
        "2026-11-23T18:04:11.988Z",
        "2026-11-23T19:04:11.999+01:00",
    ] {
        assert!(Expiry::parse(text, now()).is_err(), "{text}");
    }
    let whole = "2026-11-23T18:04:11Z".parse().unwrap();
    assert!(Expiry::parse("2026-11-23T18:04:11.5Z", whole).is_err());
    // A leap second is sent as the one before it.
    let eve = "2026-12-31T23:59:59.5Z".parse().unwrap();
    assert!(Expiry::parse("2026-12-31T23:59:60Z", eve).is_err());
}

#[test]
fn what_vault_stored_is_compared_in_whole_seconds() {
    let asked = Expiry::parse("2027-02-21T18:00:00Z", now()).unwrap();
    assert!(asked.is_met_by(Some("2027-02-21T18:00:00.000Z".parse().unwrap())));
    assert!(!asked.is_met_by(Some("2027-02-21T18:00:01Z".parse().unwrap())));
    assert!(!asked.is_met_by(None));
    assert!(Expiry::never().is_met_by(None));
    assert!(!Expiry::never().is_met_by(Some(now())));
    let day = Expiry::parse("2027-02-21", now()).unwrap();
    for met in [
        "2027-02-21T23:59:59Z",
        "2027-02-22T06:59:59Z",
        "2027-02-21T09:59:59Z",
        "2027-02-22T11:59:59Z",
    ] {
        assert!(day.is_met_by(Some(met.parse().unwrap())), "{met}");
    }
    for missed in [
        "2027-02-20T23:59:59Z",
        "2027-02-22T23:59:59Z",
        "2027-02-21T23:00:00Z",
    ] {
        assert!(!day.is_met_by(Some(missed.parse().unwrap())), "{missed}");
    }
}

proptest! {
    #[test]
    fn any_text_is_answered_and_what_is_sent_reads_back(text in "\\PC{0,24}|[0-9]{1,12}(h|d|w|mo|y)|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]{8}Z)?") {
        if let Ok(expiry) = Expiry::parse(&text, now()) {
            prop_assert_eq!(Expiry::from_wire(expiry.to_wire().as_deref()).unwrap(), expiry);
            if let Some(instant) = expiry.instant() {
                prop_assert!(instant > now());
            }
        }
    }
}
