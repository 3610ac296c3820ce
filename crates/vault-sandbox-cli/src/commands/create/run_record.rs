//! The record of a run over many sandboxes on disk: `many/OPERATION.jsonl` in the state directory. What
//! it says, and how lines are written, is core's; this module knows files, and writes together what
//! comes while the disk is busy.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use vault_sandbox_core::OperationId;
use vault_sandbox_core::issuance::many::{
    RunError, RunFact, RunJournal, RunOpened, RunPlan, RunRecord,
};

use crate::aside::Waiting;
use crate::destinations::{self, Destination};
use crate::hygiene;
use crate::pending::{RecordFile, UnderWay, operations_in, sync_directory_of};
use crate::problem::Problem;

const ENDING: &str = ".jsonl";

/// The record, locked for as long as this lives.
///
/// Many write to it at a time, and each waits until its line is on disk. Lines that come while the
/// disk is busy are written and synced together.
pub(crate) struct RunFile {
    journal: Arc<Mutex<RunJournal<RecordFile>>>,
    coming: RefCell<Coming>,
    /// Held while writing, with how the last round of it ended. It is handed on in the order in which
    /// it was asked for: who finds their round written finds how that ended.
    pen: tokio::sync::Mutex<Result<(), (io::ErrorKind, String)>>,
    goes_to_stdout: bool,
}

/// What the next round of writing takes along.
#[derive(Default)]
struct Coming {
    round: u64,
    facts: Vec<RunFact>,
}

/// What was found under a name.
pub(crate) enum Found {
    /// Another process has it.
    UnderWay,
    /// It was cut off before anything of the run was begun: it can be removed.
    Nothing(RecordFile),
    /// It cannot be gone on with.
    Closed(RunError),
    Open(Box<RunRecord>, RunFile),
}

impl RunFile {
    /// Writes the plan down, before anything of it is done.
    pub(crate) fn begin(state_dir: &Path, plan: &RunPlan) -> Result<Self, Problem> {
        let directory = state_dir.join("many");
        let path = path(state_dir, plan.operation);
        let failed = |error: io::Error| {
            Problem::destination(format!(
                "The record of this run cannot be written to {}: {error}.",
                directory.display()
            ))
            .now("Without it, the run could not be resumed, so no token was asked for.")
        };
        hygiene::private_directory(&directory).map_err(failed)?;
        let file = RecordFile::create(&path).map_err(failed)?;
        let begun = RunJournal::begin(file, plan);
        let begun = begun.and_then(|journal| sync_directory_of(&path).map(|()| journal));
        let journal = begun.map_err(|error| {
            let _ = std::fs::remove_file(&path);
            failed(error)
        })?;
        Ok(Self::with(journal, plan))
    }

    /// Opens the record of an earlier run; nothing is written. `None`: there is none.
    pub(crate) fn open(state_dir: &Path, operation: OperationId) -> Result<Option<Found>, Problem> {
        let path = path(state_dir, operation);
        let failed = |error: io::Error| {
            Problem::destination(format!("{} cannot be read: {error}.", path.display()))
        };
        let file = match RecordFile::open(&path).map_err(failed)? {
            None => return Ok(None),
            Some(Err(UnderWay)) => return Ok(Some(Found::UnderWay)),
            Some(Ok(file)) => file,
        };
        Ok(Some(match RunJournal::open(file).map_err(failed)? {
            RunOpened::Open(record, journal) => {
                let file = Self::with(journal, &record.plan);
                Found::Open(record, file)
            }
            RunOpened::Closed(RunError::NothingBegun, file) => Found::Nothing(file),
            RunOpened::Closed(error, _) => Found::Closed(error),
            _ => Found::Closed(RunError::Damaged),
        }))
    }

    /// Has a fact on disk.
    pub(crate) async fn append(&self, fact: RunFact) -> io::Result<()> {
        let round = self.coming.borrow().round;
        self.coming.borrow_mut().facts.push(fact);
        let mut last = self.pen.lock().await;
        if self.coming.borrow().round == round {
            let facts = std::mem::take(&mut self.coming.borrow_mut().facts);
            self.coming.borrow_mut().round += 1;
            let journal = Arc::clone(&self.journal);
            let write = move || {
                let mut held = journal.lock().unwrap_or_else(PoisonError::into_inner);
                let written = held.append(&facts);
                drop(held);
                // Here, not some time after this is known: the file is locked as long as it is held.
                drop(journal);
                written
            };
            let written = Waiting::Aside.on(write).await;
            *last = written.map_err(|error| (error.kind(), error.to_string()));
        }
        let ended = last.clone();
        ended.map_err(|(kind, why)| io::Error::new(kind, why))
    }

    /// Has a fact on disk, of an operation that no run is about any more.
    pub(crate) fn append_now(&self, fact: RunFact) -> io::Result<()> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.append(&[fact])
    }

    /// Whether values go to stdout, where only a format can tell them apart.
    pub(crate) fn goes_to_stdout(&self) -> bool {
        self.goes_to_stdout
    }

    pub(crate) fn path(&self) -> PathBuf {
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.storage().path().to_owned()
    }

    /// Nothing is left to be done.
    pub(crate) fn close(self) {
        let Ok(journal) = Arc::try_unwrap(self.journal) else {
            return;
        };
        let _ = journal
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .close();
    }

    fn with(journal: RunJournal<RecordFile>, plan: &RunPlan) -> Self {
        let mut destinations = plan.sandboxes.iter().flat_map(|one| &one.destinations);
        Self {
            goes_to_stdout: destinations.any(|destination| destination == "-"),
            journal: Arc::new(Mutex::new(journal)),
            coming: RefCell::default(),
            pen: tokio::sync::Mutex::new(Ok(())),
        }
    }
}

/// Removes what runs of the plan that were killed left beside their destinations.
pub(crate) fn sweep(plan: &RunPlan) {
    let destinations = plan.sandboxes.iter().flat_map(|one| &one.destinations);
    let destinations = destinations.filter_map(|text| Destination::parse(text).ok());
    destinations::sweep(&destinations.collect::<Vec<_>>());
}

/// The runs that have a record, in the order of their names.
pub(crate) fn operations(state_dir: &Path) -> Result<Vec<OperationId>, Problem> {
    operations_in(&state_dir.join("many"), ENDING)
}

pub(crate) fn path(state_dir: &Path, operation: OperationId) -> PathBuf {
    state_dir.join("many").join(format!("{operation}{ENDING}"))
}

/// Why a record cannot be gone on with, for people.
pub(crate) fn in_words(error: RunError) -> &'static str {
    match error {
        RunError::Newer => "was written by a newer version",
        _ => "cannot be understood",
    }
}

#[cfg(test)]
mod tests;
