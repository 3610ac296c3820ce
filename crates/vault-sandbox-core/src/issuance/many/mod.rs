//! Issuing for many sandboxes in one run, so that none is ever asked for twice: pure rules.
//!
//! Each sandbox of a run has its turn: an [`Issuance`](super::Issuance) of its own, with a record of its
//! own. What a run adds is who still has to be asked for, and what may be asked again after a crash. A
//! [`Run`] says what to do next ([`RunStep`]) and is told what happened ([`TurnEvent`]); several turns
//! may be under way at a time.
//!
//! 1. **Plan**: everything that is asked for is on record before the first turn begins.
//! 2. **Turn**: that a sandbox's turn has come is on record before its request leaves, and after its own
//!    record was reserved. So a turn that is on record and whose own record says nothing was asked has
//!    asked for nothing, and one whose record is gone had come to its end.
//! 3. **Once**: a sandbox is asked for again only if it is certain that nothing was issued for it: its
//!    turn never came, or ended *not issued*, or its own record says that nothing was asked. What is not
//!    certain, or not understood, is left alone.
//! 4. **Stop**: when what one turn was told holds for all ([`ends_the_run`]), or Vault cannot be reached
//!    many times in a row, or the record cannot be written, no further turn begins. Turns under way go
//!    on to their end.
//! 5. **Rest**: the record of the run stays as long as something is left that it may ask for again, or
//!    something in it is not understood.
//!
//! A run is gone on with by any process that has its record: [`Run::resume`]. Which sandboxes are left is
//! [`Standing::of`].

mod error;
mod journal;
mod plan;
mod record;
mod run;
mod standing;

pub use error::RunError;
pub use journal::{RunJournal, RunOpened};
pub use plan::{PlannedSandbox, RunPlan};
pub use record::{Progress, RunFact, RunRecord, TurnEnd};
pub use run::{Run, RunStep, Setback, TurnEvent, TurnResult, ends_the_run};
pub use standing::{OwnRecord, Standing};
