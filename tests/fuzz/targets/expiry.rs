//! Any text as an expiry: no panic, nothing in the past, and what is sent has the documented form.
#![no_main]

use chrono::{DateTime, Utc};
use libfuzzer_sys::fuzz_target;
use vault_sandbox_core::Expiry;

fuzz_target!(|input: (u32, &str)| {
    let (seconds, text) = input;
    let now: DateTime<Utc> = DateTime::from_timestamp(i64::from(seconds), 0).unwrap_or_default();
    let Ok(expiry) = Expiry::parse(text, now) else { return };
    match expiry.to_wire() {
        None => assert!(expiry.is_never()),
        Some(sent) if sent.len() == 10 => assert!(expiry.date().is_some()),
        Some(sent) => {
            assert_eq!(sent.len(), "2027-02-21T18:04:11Z".len());
            assert!(expiry.instant().is_some_and(|at| at > now));
            assert!(expiry.is_met_by(expiry.instant()));
        }
    }
});
