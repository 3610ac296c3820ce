//! The issuing protocol: one token from its intent to its outcome, and a record read again.

use divan::{Bencher, black_box};
use vault_sandbox_core::endpoints::{GenerateSandboxToken, IssuedToken};
use vault_sandbox_core::issuance::{Event, Intent, Issuance, Outcome, Record, Step, VerifyRule};
use vault_sandbox_core::{Expiry, OperationId, decode};

use crate::sample::{TOKEN, answer};

fn intent() -> Intent {
    let intent = Intent::new(
        OperationId::from_bytes([0x3f, 0x9a, 0x1c, 0x22]),
        chrono::DateTime::UNIX_EPOCH,
        "veepharm.veevavault.com".parse().unwrap(),
        "VeePharm Sandbox".parse().unwrap(),
        "nightly import #{operation}".parse().unwrap(),
        Expiry::parse("90d", chrono::DateTime::UNIX_EPOCH).unwrap(),
    );
    let dns = "veepharm-sandbox.vaultdev.com".parse().unwrap();
    intent
        .sandbox_dns(Some(dns))
        .destinations(["file:/home/jane/veepharm.token"])
        .verify(VerifyRule::Never)
}

fn token() -> IssuedToken {
    decode::<GenerateSandboxToken>(&answer(TOKEN))
        .unwrap()
        .value
}

/// Drives it to its outcome; the disk and Vault are memory.
fn drive(mut issuance: Issuance, token: &IssuedToken, journal: &mut Vec<u8>) -> Outcome {
    loop {
        let event = match issuance.step() {
            Step::Persist(entry) | Step::Keep(entry) => {
                journal.extend_from_slice(entry.to_line().as_bytes());
                Event::Done
            }
            Step::Send(_) => Event::Answered(token.clone()),
            Step::Done(outcome) => return outcome.clone(),
            _ => Event::Done,
        };
        issuance.tell(event).unwrap();
    }
}

#[divan::bench]
fn issue_one(bencher: Bencher<'_, '_>) {
    let token = token();
    bencher.with_inputs(intent).bench_values(|intent| {
        let outcome = drive(Issuance::new(intent), &token, &mut Vec::new());
        assert_eq!(outcome, Outcome::Issued);
    });
}

#[divan::bench]
fn read_a_record_of_96_kib(bencher: Bencher<'_, '_>) {
    let mut journal = Vec::new();
    drive(Issuance::new(intent()), &token(), &mut journal);
    journal.resize(96 * 1024, vault_sandbox_core::issuance::FILLER);
    bencher.bench(|| Record::read(black_box(&journal)));
}
