//! The short run of the deterministic simulation of issuing. The long one, and how to replay a
//! schedule, is the example of the same name.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use vault_sandbox_tests::simulation::{Choices, Exhaustive, Real, Rule, Rules, simulate};

const SEEDS: u64 = 100_000;

/// Each rule of the protocol, and the first seed whose schedule breaks a promise without it.
const CAUGHT: &[(Rule, u64)] = &[
    (Rule::SendWithoutTrace, 8),
    (Rule::SendAfterUnknown, 5),
    (Rule::SendWithoutSignIn, 44),
    (Rule::SendThrice, 33_093),
    (Rule::SendOnResume, 16),
    (Rule::KeepNever, 1),
    (Rule::KeepAfterDelivery, 1),
    (Rule::KeepFailureIgnored, 10),
    (Rule::KeepFailureIsIssued, 4),
    (Rule::NoMarks, 15),
    (Rule::NoFirstMark, 377),
    (Rule::ForgetAfterFirst, 3),
    (Rule::FailedIsDelivered, 14),
    (Rule::RedeliverUnchecked, 184),
    (Rule::DoubtIsNo, 235),
    (Rule::DoubtIsYes, 77),
    (Rule::EmptyIsNotIssued, 18),
    (Rule::UnknownIsRefused, 5),
    (Rule::GivenUpIsNotSent, 287),
    (Rule::IdDropped, 233),
    (Rule::StopAfterAnswer, 377),
    (Rule::ForgetOnResume, 18),
    (Rule::LostForgotten, 5),
    (Rule::MarksForgotten, 18),
    (Rule::KeptIsLost, 15_286),
    (Rule::RevokeAllOfName, 187),
    (Rule::RevokeFailureIgnored, 125),
    (Rule::RevokeUnmarked, 726),
    (Rule::MismatchIgnored, 212),
    (Rule::ReplaceUnproven, 441),
    (Rule::ReplaceUnfit, 485),
    (Rule::UnfitStays, 290),
    (Rule::RetireEarly, 15),
    (Rule::RetireFailureIgnored, 353),
    (Rule::ReplaceOnResume, 193),
    (Rule::HoleInJournal, 1_251),
    (Rule::StaleJournal, 1_347_718),
];

fn enumerate(depth: usize, faults: usize) -> u64 {
    let mut all = Exhaustive::new(depth, faults);
    let mut schedules = 0;
    while let Some(mut choices) = all.schedule() {
        simulate(Real, &mut choices).unwrap_or_else(|broken| panic!("{broken}"));
        all.ran(&choices);
        schedules += 1;
    }
    schedules
}

/// Faults without number, but early.
#[test]
fn every_order_of_the_first_six_choices() {
    assert!(enumerate(6, usize::MAX) > 20_000);
}

/// One fault, at any place in a run and in the one after it.
#[test]
fn every_single_fault_within_fourteen_choices() {
    assert!(enumerate(14, 1) > 50_000);
}

#[test]
fn random_schedules() {
    for seed in 1..=SEEDS {
        let played = simulate(Real, &mut Choices::random(seed));
        played.unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
}

#[test]
fn every_rule_is_missed_when_it_is_removed() {
    for rule in Rule::ALL {
        let listed = CAUGHT.iter().find(|(listed, _)| *listed == rule);
        let (_, seed) = listed.expect("a rule of the table");
        assert!(breaks(rule, *seed), "{rule:?} is not caught by {seed}");
        assert!(!breaks(Real, *seed), "{seed} breaks the real machine");
    }
}

#[test]
fn a_schedule_replays_what_a_seed_did() {
    for (rule, seed) in CAUGHT {
        let by_seed = simulate(*rule, &mut Choices::random(*seed)).unwrap_err();
        let mut recorded = Choices::replay(&by_seed.schedule).unwrap();
        let again = simulate(*rule, &mut recorded).unwrap_err();
        assert_eq!(by_seed.to_string(), again.to_string());
    }
    assert!(Choices::replay("0 1").is_none());
}

fn breaks(rules: impl Rules, seed: u64) -> bool {
    simulate(rules, &mut Choices::random(seed)).is_err()
}
