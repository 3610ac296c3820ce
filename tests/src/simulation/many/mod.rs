//! Runs over many sandboxes, simulated: the real rules of a run and the real writer of its record, over
//! model files, by one process after the other or by several at once.
//!
//! Each turn is either reduced to what can become of it ([`Depth::Outcomes`]), so that runs can be
//! enumerated, or drives a real issuance with a record of its own ([`Depth::Machines`]).

pub mod checks;
pub mod driver;
pub mod mutants;
pub mod process;
pub mod site;
pub mod turns;

pub use driver::{Depth, simulate};
pub use mutants::ManyRule;
pub use site::{ManyRare, ManyRares};

use super::choices::Choices;
use super::world::Violation;

/// Seeds are tried from one upwards: the first with which a schedule breaks a promise.
#[must_use]
pub fn first_seed_that_breaks(rule: ManyRule, seeds: u64) -> Option<(u64, Violation)> {
    (1..=seeds).find_map(|seed| {
        let broken = simulate(Some(rule), depth_of(seed), &Choices::random(seed)).err()?;
        Some((seed, broken))
    })
}

/// Every other seed drives real issuances.
#[must_use]
pub fn depth_of(seed: u64) -> Depth {
    match seed % 2 {
        0 => Depth::Machines,
        _ => Depth::Outcomes,
    }
}
