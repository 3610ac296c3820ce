//! Issuing, simulated: the real state machine and the real journal, driven against a model of Vault,
//! of a disk and of destinations, through every fault and crash that a schedule asks for.
//!
//! A run is a pure function of its schedule: the list of what was picked wherever something could go
//! one way or another. So a schedule that breaks a promise is also its own reproduction.

pub mod choices;
pub mod disk;
pub mod driver;
pub mod invariants;
pub mod mutants;
pub mod protocol;
pub mod steps;
pub mod vault;
pub mod world;

pub use choices::{Choices, Exhaustive};
pub use driver::simulate;
pub use mutants::Rule;
pub use protocol::{Protocol, Real, Rules};
pub use world::Violation;

/// Seeds are tried from one upwards: the first with which a schedule breaks a promise.
pub fn first_seed_that_breaks(rules: impl Rules, seeds: u64) -> Option<(u64, Violation)> {
    (1..=seeds).find_map(|seed| {
        let broken = simulate(rules, &mut Choices::random(seed)).err()?;
        Some((seed, broken))
    })
}
