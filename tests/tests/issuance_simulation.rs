//! The short run of the deterministic simulation of issuing. The long one, and how to replay a
//! schedule, is the example of the same name.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use vault_sandbox_tests::simulation::{
    Choices, Exhaustive, Rares, Real, Rule, Rules, Start, Violation, commit, simulate,
    simulate_traced, start_of,
};

const SEEDS: u64 = 40_000;

/// Each rule of the protocol, and the first seed whose schedule breaks a promise without it.
const CAUGHT: &[(Rule, u64)] = &[
    (Rule::SendWithoutTrace, 14),
    (Rule::SendAfterUnknown, 39),
    (Rule::SendWithoutSignIn, 138),
    (Rule::SendThrice, 11_065),
    (Rule::SendOnResume, 20),
    (Rule::KeepNever, 1),
    (Rule::KeepAfterDelivery, 1),
    (Rule::KeepFailureIgnored, 1_051),
    (Rule::KeepFailureIsIssued, 97),
    (Rule::NoMarks, 56),
    (Rule::NoFirstMark, 4_391),
    (Rule::ForgetAfterFirst, 9),
    (Rule::FailedIsDelivered, 48),
    (Rule::RedeliverUnchecked, 92),
    (Rule::DoubtIsNo, 404),
    (Rule::DoubtIsYes, 466),
    (Rule::EmptyIsNotIssued, 340),
    (Rule::UnknownIsRefused, 39),
    (Rule::GivenUpIsNotSent, 430),
    (Rule::IdDropped, 361),
    (Rule::StopAfterAnswer, 679),
    (Rule::ForgetOnResume, 8),
    (Rule::LostForgotten, 80),
    (Rule::MarksForgotten, 28),
    (Rule::KeptIsLost, 1_504),
    (Rule::AnyHitIsOurs, 20),
    (Rule::ReplacedIsOurs, 24),
    (Rule::UsedIsCertain, 280),
    (Rule::TwoAreCertain, 20),
    (Rule::CandidatesForgotten, 20),
    (Rule::UnseenIsDeleted, 1_739),
    (Rule::ReplacedIsNamed, 28),
    (Rule::AnotherIsNamed, 32),
    (Rule::ConfirmSkipped, 95),
    (Rule::FailedStaysFailed, 147),
    (Rule::PlacesForgotten, 72),
    (Rule::RevokeAllOfName, 20),
    (Rule::RevokeFailureIgnored, 88),
    (Rule::RevokeUnmarked, 1_178),
    (Rule::MismatchIgnored, 88),
    (Rule::ReplaceUnproven, 312),
    (Rule::ReplaceUnfit, 1_797),
    (Rule::UnfitStays, 1_797),
    (Rule::RetireEarly, 19),
    (Rule::RetireFailureIgnored, 56),
    (Rule::ReplaceOnResume, 16),
    (Rule::HoleInJournal, 752),
    (Rule::StaleJournal, 4_520),
    (Rule::UnknownLineIgnored, 8),
    (Rule::UnknownLineErased, 8),
];

fn enumerate(start: Start, depth: usize, faults: usize) -> u64 {
    let mut all = Exhaustive::new(depth, faults);
    let mut schedules = 0;
    while let Some(choices) = all.schedule() {
        let played = simulate(Real, start, &choices);
        played.unwrap_or_else(|broken| panic!("{start:?} at {}: {broken}", commit()));
        all.ran(&choices);
        schedules += 1;
    }
    schedules
}

/// One fault, at any of the first choices of a run, whatever is asked for.
#[test]
fn every_single_fault_from_the_beginning() {
    assert!(enumerate(Start::Fresh, 8, 1) > 10_000);
}

/// Whatever an earlier run left, and whatever somebody does about it then.
#[test]
fn every_record_in_the_middle() {
    assert!(enumerate(Start::Middle, 9, 0) > 10_000);
}

/// What is rare has to have happened, too.
#[test]
fn random_schedules() {
    let mut rares = Rares::default();
    for seed in 1..=SEEDS {
        let played = simulate(Real, start_of(seed), &Choices::random(seed));
        let seen = played.unwrap_or_else(|broken| panic!("seed {seed} at {}: {broken}", commit()));
        rares.add(&seen);
    }
    let missing: Vec<_> = rares.missing().collect();
    assert!(
        missing.is_empty(),
        "{missing:?} did not happen at {}",
        commit()
    );
}

#[test]
fn every_rule_is_missed_when_it_is_removed() {
    for rule in Rule::ALL {
        let listed = CAUGHT.iter().find(|(listed, _)| *listed == rule);
        let (_, seed) = listed.expect("a rule of the table");
        assert!(
            play(rule, *seed).is_err(),
            "{rule:?} is not caught by {seed}"
        );
        let real = play(Real, *seed);
        real.unwrap_or_else(|broken| panic!("seed {seed} at {}: {broken}", commit()));
    }
}

#[test]
fn a_seed_gives_the_same_run_every_time() {
    for seed in 1..=500 {
        let run = || {
            let choices = Choices::random(seed);
            let played = simulate_traced(Real, start_of(seed), &choices).unwrap();
            (played.trace, choices.schedule())
        };
        let (trace, schedule) = run();
        assert!(!trace.is_empty());
        assert_eq!(run(), (trace.clone(), schedule.clone()));
        let recorded = Choices::replay(&schedule).unwrap();
        let replayed = simulate_traced(Real, start_of(seed), &recorded).unwrap();
        assert_eq!(replayed.trace, trace);
    }
}

#[test]
fn a_schedule_replays_what_a_seed_did() {
    for (rule, seed) in CAUGHT {
        let first = play(*rule, *seed).unwrap_err();
        let recorded = Choices::replay(&first.schedule).unwrap();
        let again = simulate(*rule, start_of(*seed), &recorded).unwrap_err();
        assert_eq!(first.to_string(), again.to_string());
    }
    assert!(Choices::replay("0 1").is_none());
}

fn play(rules: impl Rules, seed: u64) -> Result<Rares, Violation> {
    simulate(rules, start_of(seed), &Choices::random(seed))
}
