//! The long run of the deterministic simulation of issuing.
//!
//! ```text
//! cargo run --release -p vault-sandbox-tests --example issuance_simulation -- --schedules 10000000
//! ```
//!
//! `--seed N` begins with another seed, `--replay SCHEDULE` plays one schedule, `--exhaustive FAULTS`
//! plays every schedule with at most so many faults (within the first `--depth N` choices), `--mutants SEEDS` shows which seed catches each
//! removed rule.

#![allow(
    clippy::print_stdout,
    reason = "a program that reports to its terminal"
)]

use std::process::ExitCode;
use std::time::Instant;

use vault_sandbox_tests::simulation::{
    Choices, Exhaustive, Real, Rule, Violation, first_seed_that_breaks, simulate,
};

fn main() -> ExitCode {
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
        match flag.as_str() {
            "--schedules" => schedules = number()?,
            "--seed" => seed = number()?,
            "--depth" => depth = number()?,
            "--exhaustive" => exhaustive = Some(number()?),
            "--mutants" => mutants = Some(number()?),
            "--replay" => {
                let choices = Choices::replay(&value).ok_or("not a schedule")?;
                return Ok(replay(choices));
            }
            _ => return Err(format!("{flag} is not known")),
        }
    }
    Ok(match (mutants, exhaustive) {
        (Some(seeds), _) => try_mutants(seeds),
        (None, Some(faults)) => enumerate(limit(depth), limit(faults)),
        (None, None) => try_seeds(seed, schedules),
    })
}

fn replay(mut choices: Choices) -> bool {
    match simulate(Real, &mut choices) {
        Ok(()) => println!("no promise is broken"),
        Err(broken) => return broke(&broken),
    }
    true
}

fn try_seeds(first: u64, schedules: u64) -> bool {
    let begun = Instant::now();
    for seed in first..first.saturating_add(schedules) {
        if let Err(broken) = simulate(Real, &mut Choices::random(seed)) {
            println!("seed {seed}");
            return broke(&broken);
        }
    }
    println!(
        "{schedules} schedules, seeds from {first}, in {:.1?}: no promise is broken",
        begun.elapsed()
    );
    true
}

fn limit(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn enumerate(depth: usize, faults: usize) -> bool {
    let begun = Instant::now();
    let mut all = Exhaustive::new(depth, faults);
    let mut schedules = 0_u64;
    while let Some(mut choices) = all.schedule() {
        if let Err(broken) = simulate(Real, &mut choices) {
            return broke(&broken);
        }
        all.ran(&choices);
        schedules += 1;
    }
    println!(
        "all {schedules} schedules with at most {faults} faults within {depth} choices, in {:.1?}: no promise is broken",
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

fn broke(broken: &Violation) -> bool {
    println!("{broken}");
    println!("Replay it: --replay {}", broken.schedule);
    false
}
