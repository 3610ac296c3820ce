//! The turns of a run: some at a time, each to its own end.

use std::collections::VecDeque;

use super::plan::RunPlan;
use super::record::{RunFact, RunRecord, TurnEnd};
use super::standing::{OwnRecord, Standing};
use crate::error::Error;
use crate::issuance::machine::Unexpected;
use crate::types::{OperationId, SandboxName};
use crate::vault_error::{VaultErrorKind, VaultMessage};

/// What to do next for a run. Each step is handed out once; those of several turns may be carried out
/// side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunStep {
    /// Have the plan on disk, with [`RunJournal::begin`](super::RunJournal::begin). Told:
    /// [`Run::planned`].
    Plan,
    /// Draw an operation number for the turn, and open its places: reserve its own record, then its
    /// destinations. Told: [`TurnEvent::Reserved`], or [`TurnEvent::NotBegun`] if they cannot be used;
    /// then nothing of them is left.
    Reserve {
        /// Which of [`RunPlan::sandboxes`].
        turn: usize,
    },
    /// Append the fact to the record of the run and have it on disk. Told: [`TurnEvent::Done`], which
    /// only a line that survives a loss of power counts as, or [`TurnEvent::Failed`].
    Persist {
        /// Which of [`RunPlan::sandboxes`].
        turn: usize,
        /// The fact.
        fact: RunFact,
    },
    /// Drive an [`Issuance`](crate::issuance::Issuance) of this operation to its outcome. Told:
    /// [`TurnEvent::Ended`].
    Issue {
        /// Which of [`RunPlan::sandboxes`].
        turn: usize,
        /// The operation that was drawn for it.
        operation: OperationId,
    },
    /// Nothing, until one of the turns under way is told something, or [`Run::stop`].
    Wait,
    /// Remove the record of the run. Told: [`Run::closed`].
    Close,
    /// Nothing more.
    Done,
}

/// What became of a step of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TurnEvent {
    /// The places are open; this is the turn's operation.
    Reserved(OperationId),
    /// The places cannot be used, or who was to find that out was told something that holds for more
    /// than this turn. Nothing was asked.
    NotBegun(Setback),
    /// The fact is on disk.
    Done,
    /// The fact is not on disk for certain.
    Failed,
    /// The issuance had this outcome, and what it was told holds for more than this turn, or not.
    Ended(TurnEnd, Setback),
}

/// What holds for more than one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Setback {
    /// Nothing.
    #[default]
    None,
    /// Vault could not be reached. Many times in a row, it will not be the next time.
    Unreachable,
    /// The others would be told the same: see [`ends_the_run`].
    EndsTheRun,
}

/// What became of a sandbox of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TurnResult {
    /// An earlier run did it.
    DoneBefore,
    /// An earlier run issued a token for it, or may have: it was not asked for again.
    LeftAlone(Option<OperationId>, TurnEnd),
    /// Its turn did not come, or its places could not be used.
    NotBegun,
    /// Its turn came, and ended so. Whether that is on record: if not, a later run leaves it alone,
    /// unless its own record says that nothing was asked.
    Ended(OperationId, TurnEnd, bool),
}

impl TurnResult {
    /// Whether it is certain that this run issued nothing for the sandbox, and that a later one may.
    #[must_use]
    pub fn is_left(self) -> bool {
        matches!(self, Self::NotBegun | Self::Ended(_, TurnEnd::NotIssued, _))
    }
}

impl Setback {
    /// What a failed call means for the other turns.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        if ends_the_run(error.vault_errors()) {
            Self::EndsTheRun
        } else if matches!(error, Error::Transport { .. }) && !error.may_have_been_applied() {
            Self::Unreachable
        } else {
            Self::None
        }
    }
}

/// Whether what Vault said to one turn holds for all: whoever is not let in is not let in the next time
/// either, and accounts lock; a Vault that wants to be left alone is.
#[must_use]
pub fn ends_the_run(said: &[VaultMessage]) -> bool {
    said.iter().any(|message| {
        let kind = &message.kind;
        kind.is_about_the_caller()
            || matches!(
                kind,
                VaultErrorKind::ApiLimitExceeded | VaultErrorKind::ConfigurationModeEnabled
            )
    })
}

/// One run over many sandboxes. See the [module](super) for the rules.
#[derive(Debug, Clone)]
pub struct Run {
    plan: RunPlan,
    turns: Vec<Turn>,
    /// Turns whose next step was not handed out yet.
    ready: VecDeque<usize>,
    /// Where to look for the next turn that waits.
    next: usize,
    at_a_time: usize,
    under_way: usize,
    unreached: usize,
    record: RecordState,
    is_stopped: bool,
}

/// The record of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RecordState {
    Unwritten,
    Written,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Waiting,
    Reserving,
    Marking(OperationId),
    Issuing(OperationId),
    Noting(OperationId, TurnEnd),
    Over(TurnResult),
}

impl Run {
    /// Begins: one turn at a time, unless [said otherwise](Self::at_a_time).
    #[must_use]
    pub fn new(plan: RunPlan) -> Self {
        let turns = vec![Turn::Waiting; plan.sandboxes.len()];
        Self::with(plan, turns, RecordState::Unwritten)
    }

    /// Goes on with an earlier run. `own_record` says what became of the record of an operation, and
    /// is asked where the record of the run does not say enough.
    pub fn resume(
        record: RunRecord,
        mut own_record: impl FnMut(&SandboxName, OperationId) -> OwnRecord,
    ) -> Self {
        let planned = record.plan.sandboxes.iter();
        let turns = planned.map(|sandbox| {
            let progress = record.progress(&sandbox.name);
            match Standing::of(progress, |operation| own_record(&sandbox.name, operation)) {
                Standing::ToDo => Turn::Waiting,
                Standing::Done => Turn::Over(TurnResult::DoneBefore),
                Standing::LeftAlone(operation, end) => {
                    Turn::Over(TurnResult::LeftAlone(operation, end))
                }
            }
        });
        let turns = turns.collect();
        Self::with(record.plan, turns, RecordState::Written)
    }

    /// With at most so many turns under way at a time; at least one.
    #[must_use]
    pub fn at_a_time(mut self, most: usize) -> Self {
        self.at_a_time = most.max(1);
        self
    }

    /// What was asked for.
    #[must_use]
    pub fn plan(&self) -> &RunPlan {
        &self.plan
    }

    /// The next step that was not handed out yet.
    pub fn next_step(&mut self) -> RunStep {
        if self.record == RecordState::Unwritten && !self.is_stopped {
            return RunStep::Plan;
        }
        if let Some(step) = self.ready.pop_front().and_then(|turn| self.step_of(turn)) {
            return step;
        }
        if let Some(turn) = self.next_to_begin() {
            self.under_way += 1;
            self.set(turn, Turn::Reserving);
            return RunStep::Reserve { turn };
        }
        if self.under_way > 0 {
            return RunStep::Wait;
        }
        match self.record {
            RecordState::Written if !self.keeps_record() => RunStep::Close,
            _ => RunStep::Done,
        }
    }

    /// Whether the record of the run is still needed: something is left that a later run may ask for,
    /// or a newer version wrote something in it.
    #[must_use]
    pub fn keeps_record(&self) -> bool {
        self.results()
            .any(|(_, result)| result.is_left() || matches!(result, TurnResult::LeftAlone(None, _)))
    }

    /// What became of [`RunStep::Plan`].
    pub fn planned(&mut self, is_on_disk: bool) {
        match is_on_disk {
            true => self.record = RecordState::Written,
            false => self.is_stopped = true,
        }
    }

    /// [`RunStep::Close`] was tried.
    pub fn closed(&mut self) {
        self.record = RecordState::Closed;
    }

    /// No further turn begins. Those under way go on.
    pub fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Whether no further turn begins.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Says what became of a step of a turn.
    ///
    /// # Errors
    ///
    /// The event does not fit the step; nothing is changed.
    pub fn tell(&mut self, turn: usize, event: TurnEvent) -> Result<(), Unexpected> {
        let state = self.turns.get(turn).copied();
        let next = match (state, event) {
            (Some(Turn::Reserving), TurnEvent::Reserved(operation)) => Turn::Marking(operation),
            (Some(Turn::Reserving), TurnEvent::NotBegun(setback)) => {
                self.heed(setback);
                Turn::Over(TurnResult::NotBegun)
            }
            (Some(Turn::Marking(operation)), TurnEvent::Done) => Turn::Issuing(operation),
            // It may be on disk all the same: then so should be that nothing was asked.
            (Some(Turn::Marking(operation)), TurnEvent::Failed) => {
                self.stop();
                Turn::Noting(operation, TurnEnd::NotIssued)
            }
            (Some(Turn::Issuing(operation)), TurnEvent::Ended(end, setback)) => {
                self.heed(setback);
                Turn::Noting(operation, end)
            }
            (Some(Turn::Noting(operation, end)), TurnEvent::Done) => {
                Turn::Over(TurnResult::Ended(operation, end, true))
            }
            (Some(Turn::Noting(operation, end)), TurnEvent::Failed) => {
                Turn::Over(TurnResult::Ended(operation, end, false))
            }
            (state, event) => {
                return Err(Unexpected::new(&state, &event));
            }
        };
        match next {
            Turn::Over(_) => self.under_way -= 1,
            _ => self.ready.push_back(turn),
        }
        self.set(turn, next);
        Ok(())
    }

    /// What became of each sandbox so far, in the order of the plan; one that is under way is left out.
    pub fn results(&self) -> impl Iterator<Item = (&SandboxName, TurnResult)> {
        let each = self.plan.sandboxes.iter().zip(&self.turns);
        each.filter_map(|(sandbox, turn)| match turn {
            Turn::Waiting => Some((&sandbox.name, TurnResult::NotBegun)),
            Turn::Over(result) => Some((&sandbox.name, *result)),
            Turn::Reserving | Turn::Marking(_) | Turn::Issuing(_) | Turn::Noting(..) => None,
        })
    }

    /// How many still wait for their turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let waiting = self.turns.iter().filter(|turn| **turn == Turn::Waiting);
        waiting.count()
    }

    fn with(plan: RunPlan, turns: Vec<Turn>, record: RecordState) -> Self {
        Self {
            plan,
            turns,
            ready: VecDeque::new(),
            next: 0,
            at_a_time: 1,
            under_way: 0,
            unreached: 0,
            record,
            is_stopped: false,
        }
    }

    fn step_of(&self, turn: usize) -> Option<RunStep> {
        let sandbox = || Some(self.plan.sandboxes.get(turn)?.name.clone());
        Some(match self.turns.get(turn)? {
            Turn::Marking(operation) => RunStep::Persist {
                turn,
                fact: RunFact::Begun(sandbox()?, *operation),
            },
            Turn::Issuing(operation) => RunStep::Issue {
                turn,
                operation: *operation,
            },
            Turn::Noting(operation, end) => RunStep::Persist {
                turn,
                fact: RunFact::Ended(sandbox()?, *operation, *end),
            },
            Turn::Waiting | Turn::Reserving | Turn::Over(_) => return None,
        })
    }

    /// The next turn that may begin now.
    fn next_to_begin(&mut self) -> Option<usize> {
        if self.is_stopped || self.under_way >= self.at_a_time {
            return None;
        }
        while let Some(turn) = self.turns.get(self.next) {
            self.next += 1;
            if *turn == Turn::Waiting {
                return Some(self.next - 1);
            }
        }
        None
    }

    fn heed(&mut self, setback: Setback) {
        self.unreached = match setback {
            Setback::Unreachable => self.unreached + 1,
            _ => 0,
        };
        if setback == Setback::EndsTheRun || self.unreached > self.at_a_time {
            self.stop();
        }
    }

    fn set(&mut self, turn: usize, state: Turn) {
        if let Some(turn) = self.turns.get_mut(turn) {
            *turn = state;
        }
    }
}

#[cfg(test)]
mod tests;
