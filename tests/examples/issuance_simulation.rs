//! The long run of the deterministic simulation of issuing.
//!
//! ```text
//! cargo run --release -p vault-sandbox-tests --example issuance_simulation -- --schedules 10000000
//! ```
//!
//! `--seed N` begins with another seed, `--replay SCHEDULE` plays one schedule and tells what happens
//! (`--middle SCHEDULE`: one that begins in the middle of an operation), `--exhaustive FAULTS` plays
//! every schedule with at most so many faults (within the first `--depth N` choices, from the beginning
//! and from the middle), `--mutants SEEDS` shows which seed catches each removed rule. The same for runs over
//! many: `--many SCHEDULES`, `--many-exhaustive FAULTS` (behind `--depth N`),
//! `--many-mutants SEEDS`, and `--many-outcomes SCHEDULE`, `--many-narrow SCHEDULE` and
//! `--many-machines SCHEDULE` to replay.

#![allow(
    clippy::print_stdout,
    reason = "a program that reports to its terminal"
)]

use std::process::ExitCode;
use std::time::Instant;

use vault_sandbox_tests::simulation::many::{self, Depth, ManyRare, ManyRares, ManyRule};
use vault_sandbox_tests::simulation::{
    Choices, Exhaustive, Rare, Rares, Real, Rule, Start, Violation, commit, first_seed_that_breaks,
    simulate, simulate_traced, start_of,
};

fn main() -> ExitCode {
    println!("commit {}", commit());
    match run(std::env::args().skip(1)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(usage) => {
            println!("{usage}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: impl Iterator<Item = String>) -> Result<bool, String> {
    let (mut schedules, mut seed, mut depth) = (10_000_000, 1, u64::MAX);
    let (mut exhaustive, mut mutants) = (None, None);
    let mut rest = arguments;
    while let Some(flag) = rest.next() {
        let value = rest.next().ok_or(format!("{flag} needs a value"))?;
        let number = || {
            let parsed = value.parse::<u64>();
            parsed.map_err(|_| format!("{flag} {value}: not a number"))
        };
        let replayed = || Choices::replay(&value).ok_or("not a schedule");
        match flag.as_str() {
            "--schedules" => schedules = number()?,
            "--seed" => seed = number()?,
            "--depth" => depth = number()?,
            "--exhaustive" => exhaustive = Some(number()?),
            "--mutants" => mutants = Some(number()?),
            "--many" => return Ok(try_many(seed, number()?)),
            "--many-exhaustive" => return Ok(enumerate_many(limit(depth), limit(number()?))),
            "--many-mutants" => return Ok(try_many_mutants(number()?)),
            "--many-outcomes" => return Ok(replay_many(Depth::Outcomes, &replayed()?)),
            "--many-narrow" => return Ok(replay_many(Depth::Narrow, &replayed()?)),
            "--many-machines" => return Ok(replay_many(Depth::Machines, &replayed()?)),
            "--replay" => return Ok(replay(Start::Fresh, &replayed()?)),
            "--middle" => return Ok(replay(Start::Middle, &replayed()?)),
            _ => return Err(format!("{flag} is not known")),
        }
    }
    Ok(match (mutants, exhaustive) {
        (Some(seeds), _) => try_mutants(seeds),
        (None, Some(faults)) => [Start::Fresh, Start::Middle]
            .into_iter()
            .all(|start| enumerate(start, limit(depth), limit(faults))),
        (None, None) => try_seeds(seed, schedules),
    })
}

fn replay(start: Start, choices: &Choices) -> bool {
    match simulate_traced(Real, start, choices) {
        Ok(played) => println!("{}no promise is broken", played.trace),
        Err(broken) => {
            println!("{}", broken.trace);
            return broke(start, &broken);
        }
    }
    true
}

fn try_seeds(first: u64, schedules: u64) -> bool {
    let begun = Instant::now();
    let mut rares = Rares::default();
    for seed in first..first.saturating_add(schedules) {
        let start = start_of(seed);
        match simulate(Real, start, &Choices::random(seed)) {
            Ok(more) => rares.add(&more),
            Err(broken) => {
                println!("seed {seed}");
                return broke(start, &broken);
            }
        }
    }
    let took = begun.elapsed();
    for rare in Rare::ALL {
        println!("{:>12} {rare:?}", rares.count(rare));
    }
    println!(
        "{schedules} schedules, seeds from {first}, in {took:.1?} ({:.0} a second): no promise is broken",
        schedules as f64 / took.as_secs_f64()
    );
    true
}

fn try_many(first: u64, schedules: u64) -> bool {
    let begun = Instant::now();
    let mut rares = ManyRares::default();
    for seed in first..first.saturating_add(schedules) {
        let choices = Choices::random(seed);
        match many::simulate(None, many::depth_of(seed), &choices) {
            Ok(more) => rares.add(&more),
            Err(broken) => {
                println!("seed {seed}");
                return broke_many(many::depth_of(seed), &broken);
            }
        }
    }
    let took = begun.elapsed();
    for rare in ManyRare::ALL {
        println!("{:>12} {rare:?}", rares.count(rare));
    }
    println!(
        "{schedules} runs over many, seeds from {first}, in {took:.1?} ({:.0} a second): no promise is broken",
        schedules as f64 / took.as_secs_f64()
    );
    true
}

fn replay_many(depth: Depth, choices: &Choices) -> bool {
    match many::simulate(None, depth, choices) {
        Ok(_) => println!("no promise is broken"),
        Err(broken) => return broke_many(depth, &broken),
    }
    true
}

fn broke_many(depth: Depth, broken: &Violation) -> bool {
    println!("{broken}");
    let flag = match depth {
        Depth::Outcomes => "--many-outcomes",
        Depth::Narrow => "--many-narrow",
        Depth::Machines => "--many-machines",
    };
    println!("Replay it: {flag} {}", broken.schedule);
    false
}

fn enumerate_many(depth: usize, faults: usize) -> bool {
    let begun = Instant::now();
    let mut all = Exhaustive::new(depth, faults);
    let mut schedules = 0_u64;
    while let Some(choices) = all.schedule() {
        if let Err(broken) = many::simulate(None, Depth::Narrow, &choices) {
            return broke_many(Depth::Narrow, &broken);
        }
        all.ran(&choices);
        schedules += 1;
    }
    println!(
        "all {schedules} runs over many with at most {faults} faults within {depth} choices, in {:.1?}: no promise is broken",
        begun.elapsed()
    );
    true
}

fn try_many_mutants(seeds: u64) -> bool {
    let mut all = true;
    for rule in ManyRule::ALL {
        match many::first_seed_that_breaks(rule, seeds) {
            Some((seed, broken)) => println!("{rule:?}: seed {seed}: {broken}"),
            None => {
                println!("{rule:?}: not caught");
                all = false;
            }
        }
    }
    all
}

fn limit(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn enumerate(start: Start, depth: usize, faults: usize) -> bool {
    let begun = Instant::now();
    let mut all = Exhaustive::new(depth, faults);
    let mut schedules = 0_u64;
    while let Some(choices) = all.schedule() {
        if let Err(broken) = simulate(Real, start, &choices) {
            return broke(start, &broken);
        }
        all.ran(&choices);
        schedules += 1;
    }
    println!(
        "{start:?}: all {schedules} schedules with at most {faults} faults within {depth} choices, in {:.1?}: no promise is broken",
        begun.elapsed()
    );
    true
}

fn try_mutants(seeds: u64) -> bool {
    let mut all = true;
    for rule in Rule::ALL {
        match first_seed_that_breaks(rule, seeds) {
            Some((seed, broken)) => println!("{rule:?}: seed {seed}: {broken}"),
            None => {
                println!("{rule:?}: not caught");
                all = false;
            }
        }
    }
    all
}

fn broke(start: Start, broken: &Violation) -> bool {
    println!("{broken}");
    let flag = match start {
        Start::Fresh => "--replay",
        Start::Middle => "--middle",
    };
    println!("Replay it: {flag} {}", broken.schedule);
    false
}
