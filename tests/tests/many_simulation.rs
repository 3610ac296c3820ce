//! The short run of the simulation of runs over many sandboxes. The long one is the example
//! `issuance_simulation`.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use vault_sandbox_tests::simulation::many::{self, Depth, ManyRares, ManyRule, simulate};
use vault_sandbox_tests::simulation::{Choices, Exhaustive, commit};

const SEEDS: u64 = 5_000;

/// Each rule of runs, and the first seed whose schedule breaks a promise without it.
const CAUGHT: &[(ManyRule, u64)] = &[
    (ManyRule::AskWhenGone, 34),
    (ManyRule::AskWhenOpen, 20),
    (ManyRule::NotUnderstoodIsNothing, 23),
    (ManyRule::NewerIgnored, 3),
    (ManyRule::IssueUnmarked, 19),
    (ManyRule::IssueBeforeMark, 1),
    (ManyRule::CloseWhileLeft, 4),
    (ManyRule::CloseNever, 1),
    (ManyRule::UnknownIsNotIssued, 34),
    (ManyRule::TornStays, 14),
    (ManyRule::LedgerIgnored, 5),
    (ManyRule::StopIgnored, 5),
    (ManyRule::MarkUnreserved, 1),
    (ManyRule::LockIgnored, 2),
    (ManyRule::UnknownIsEndedNotIssued, 34),
];

/// Whatever becomes of each turn, and wherever a process ends: every pair of faults, however late.
#[test]
fn every_two_faults_of_a_run() {
    assert!(enumerate(Depth::Narrow, usize::MAX, 2) > 5_000);
}

/// More sandboxes, several at a time, in every order.
#[test]
fn every_fault_of_the_first_turns() {
    assert!(enumerate(Depth::Outcomes, 12, 1) > 1_000);
}

fn enumerate(depth: Depth, choices: usize, faults: usize) -> u64 {
    let mut all = Exhaustive::new(choices, faults);
    let mut schedules = 0;
    while let Some(choices) = all.schedule() {
        let played = simulate(None, depth, &choices);
        played.unwrap_or_else(|broken| panic!("{depth:?} at {}: {broken}", commit()));
        all.ran(&choices);
        schedules += 1;
    }
    schedules
}

/// What is rare has to have happened, too.
#[test]
fn random_schedules() {
    let mut rares = ManyRares::default();
    for seed in 1..=SEEDS {
        let played = simulate(None, many::depth_of(seed), &Choices::random(seed));
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
    for rule in ManyRule::ALL {
        let listed = CAUGHT.iter().find(|(listed, _)| *listed == rule);
        let (_, seed) = listed.expect("a rule of the table");
        let play = |rule| simulate(rule, many::depth_of(*seed), &Choices::random(*seed));
        assert!(
            play(Some(rule)).is_err(),
            "{rule:?} is not caught by {seed}"
        );
        play(None).unwrap_or_else(|broken| panic!("seed {seed} at {}: {broken}", commit()));
    }
}

#[test]
fn a_seed_gives_the_same_run_every_time() {
    for seed in 1..=300 {
        let run = || {
            let choices = Choices::random(seed);
            simulate(None, many::depth_of(seed), &choices).unwrap();
            choices.schedule()
        };
        let schedule = run();
        assert_eq!(run(), schedule);
        let recorded = Choices::replay(&schedule).unwrap();
        simulate(None, many::depth_of(seed), &recorded).unwrap();
        assert_eq!(recorded.schedule(), schedule);
    }
}
