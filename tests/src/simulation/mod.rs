//! Issuing, simulated: the real state machine and the real journal, driven against a model of Vault,
//! of a disk and of destinations, through every fault and crash that a schedule asks for.
//!
//! A run is a pure function of its schedule: the list of what was picked wherever something could go
//! one way or another. So a schedule that breaks a promise is also its own reproduction.

pub mod answers;
pub mod choices;
pub mod commit;
pub mod disk;
pub mod driver;
mod image;
pub mod invariants;
mod lies;
pub mod liveness;
pub mod many;
pub mod middle;
pub mod mutants;
pub mod other_versions;
pub mod outcomes;
pub mod people;
pub mod protocol;
pub mod rare;
pub mod rules;
pub mod steps;
pub mod vault;
pub mod world;

pub use choices::{Choices, Exhaustive};
pub use commit::commit;
pub use driver::{Played, Start, simulate, simulate_traced};
pub use protocol::{Protocol, Real, Rules};
pub use rare::{Rare, Rares};
pub use rules::Rule;
pub use world::Violation;

/// Seeds are tried from one upwards: the first with which a schedule breaks a promise.
pub fn first_seed_that_breaks(rules: impl Rules, seeds: u64) -> Option<(u64, Violation)> {
    (1..=seeds).find_map(|seed| {
        let broken = simulate(rules, start_of(seed), &Choices::random(seed)).err()?;
        Some((seed, broken))
    })
}

/// Every fourth seed begins in the middle of an operation.
#[must_use]
pub fn start_of(seed: u64) -> Start {
    match seed % 4 {
        0 => Start::Middle,
        _ => Start::Fresh,
    }
}
