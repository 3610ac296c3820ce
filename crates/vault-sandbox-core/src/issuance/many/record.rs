//! The record of a run: the plan in the first line, then a line when a sandbox's turn comes and one when
//! it ended. It never holds a value.
//!
//! Schema `vault-sandbox/many/1`. Members that a reader does not know are ignored. A fact that it does
//! not know makes the sandbox that it names one that is left alone, for good; one that names no sandbox
//! makes the record a [newer one](RunError::Newer), unless it says `"optional": true`. A line that is no
//! JSON was torn by a crash: it says nothing, and the one before it stands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RunError;
use super::plan::RunPlan;
use crate::issuance::outcome::Outcome;
use crate::types::{OperationId, SandboxName};

/// One fact to append to the record of a run, and to have on disk before going on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunFact {
    /// The turn of this sandbox has come, with this operation.
    Begun(SandboxName, OperationId),
    /// The turn of this sandbox is over.
    Ended(SandboxName, OperationId, TurnEnd),
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TurnEnd {
    /// [`Outcome::Issued`].
    Issued,
    /// [`Outcome::NotIssued`], or it was not even begun.
    NotIssued,
    /// [`Outcome::Undelivered`].
    Undelivered,
    /// [`Outcome::Mismatch`].
    Mismatch,
    /// [`Outcome::OldRemains`].
    OldRemains,
    /// [`Outcome::ValueLost`].
    ValueLost,
    /// [`Outcome::Unknown`], or it was never said.
    Unknown,
}

impl TurnEnd {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Issued,
        Self::NotIssued,
        Self::Undelivered,
        Self::Mismatch,
        Self::OldRemains,
        Self::ValueLost,
        Self::Unknown,
    ];

    /// The end of a turn whose issuance had this outcome.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Issued => Self::Issued,
            Outcome::NotIssued(_) => Self::NotIssued,
            Outcome::Undelivered => Self::Undelivered,
            Outcome::Mismatch => Self::Mismatch,
            Outcome::OldRemains => Self::OldRemains,
            Outcome::ValueLost(_) => Self::ValueLost,
            Outcome::Unknown => Self::Unknown,
        }
    }

    /// The word for it in records and results, such as `not_issued`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::NotIssued => "not_issued",
            Self::Undelivered => "undelivered",
            Self::Mismatch => "mismatch",
            Self::OldRemains => "partial",
            Self::ValueLost => "value_lost",
            Self::Unknown => "unknown",
        }
    }

    /// A word that is not known says that a token may exist.
    fn from_word(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|end| end.as_str() == word);
        known.unwrap_or(Self::Unknown)
    }
}

/// How far a sandbox of a run came, by the record of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Progress {
    /// Its turn never came.
    NotBegun,
    /// Its turn came; how it ended was not written down.
    Begun(OperationId),
    /// How its last turn ended.
    Ended(OperationId, TurnEnd),
    /// A newer version wrote something about it.
    NotUnderstood,
}

/// What the record of a run says, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunRecord {
    /// What was asked for.
    pub plan: RunPlan,
    /// By the names of the sandboxes.
    progress: BTreeMap<String, Progress>,
}

impl RunRecord {
    /// Reads a record; nothing is changed.
    ///
    /// # Errors
    ///
    /// Nothing was begun, or it is not a record that this version can go on with.
    pub fn read(record: &[u8]) -> Result<Self, RunError> {
        let mut lines = record.split_inclusive(|byte| *byte == b'\n');
        let first = lines.next().filter(|line| line.ends_with(b"\n"));
        let plan = RunPlan::read(first.ok_or(RunError::NothingBegun)?)?;
        let mut progress = BTreeMap::new();
        for line in lines {
            let Ok(fact) = serde_json::from_slice::<Value>(line) else {
                continue;
            };
            match Line::of(&fact) {
                Line::Fact(fact) => {
                    let (sandbox, how) = fact.progress();
                    // What was not understood may say more than what follows.
                    if progress.get(&sandbox) != Some(&Progress::NotUnderstood) {
                        progress.insert(sandbox, how);
                    }
                }
                Line::About(sandbox) => {
                    progress.insert(sandbox, Progress::NotUnderstood);
                }
                Line::Optional => {}
                Line::Unknown => return Err(RunError::Newer),
            }
        }
        Ok(Self { plan, progress })
    }

    /// How far the sandbox of this name came.
    #[must_use]
    pub fn progress(&self, sandbox: &SandboxName) -> Progress {
        let known = self.progress.get(sandbox.as_str()).copied();
        known.unwrap_or(Progress::NotBegun)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
enum FactLine {
    Begun {
        sandbox: String,
        operation: String,
    },
    Ended {
        sandbox: String,
        operation: String,
        outcome: String,
    },
}

impl FactLine {
    fn of(fact: &RunFact) -> Self {
        match fact {
            RunFact::Begun(sandbox, operation) => Self::Begun {
                sandbox: sandbox.as_str().to_owned(),
                operation: operation.to_string(),
            },
            RunFact::Ended(sandbox, operation, end) => Self::Ended {
                sandbox: sandbox.as_str().to_owned(),
                operation: operation.to_string(),
                outcome: end.as_str().to_owned(),
            },
        }
    }

    fn fact(self) -> Option<RunFact> {
        Some(match self {
            Self::Begun { sandbox, operation } => {
                RunFact::Begun(sandbox.parse().ok()?, operation.parse().ok()?)
            }
            Self::Ended {
                sandbox,
                operation,
                outcome,
            } => {
                let end = TurnEnd::from_word(&outcome);
                RunFact::Ended(sandbox.parse().ok()?, operation.parse().ok()?, end)
            }
        })
    }
}

impl RunFact {
    /// The line, without its line feed.
    pub(super) fn line(&self) -> impl Serialize {
        FactLine::of(self)
    }

    fn progress(self) -> (String, Progress) {
        let (sandbox, how) = match self {
            Self::Begun(sandbox, operation) => (sandbox, Progress::Begun(operation)),
            Self::Ended(sandbox, operation, end) => (sandbox, Progress::Ended(operation, end)),
        };
        (sandbox.as_str().to_owned(), how)
    }
}

/// What a line behind the plan says.
enum Line {
    Fact(RunFact),
    /// Something about this sandbox that is not understood.
    About(String),
    Optional,
    Unknown,
}

impl Line {
    fn of(value: &Value) -> Self {
        if let Some(fact) = FactLine::deserialize(value).ok().and_then(FactLine::fact) {
            return Self::Fact(fact);
        }
        let sandbox = value.get("sandbox").and_then(Value::as_str);
        match (value.get("optional"), sandbox) {
            (Some(Value::Bool(true)), _) => Self::Optional,
            (_, Some(sandbox)) => Self::About(sandbox.to_owned()),
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
