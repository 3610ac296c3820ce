//! The record of a run over many sandboxes, `many/OPERATION.jsonl`. What it says, and how lines are
//! written, is core's; this module knows files, and writes together what comes while the disk is busy.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use vault_sandbox_core::OperationId;
use vault_sandbox_core::issuance::many::{
    RunError, RunFact, RunJournal, RunOpened, RunPlan, RunRecord,
};

use super::StateError;
use super::record_file::{RecordFile, UnderWay, discard, operations_in, sync_directory_of};
use crate::platform;

const ENDING: &str = ".jsonl";

/// The records of the runs over many sandboxes that are not finished, of one state directory.
#[derive(Debug, Clone)]
pub struct Runs {
    directory: PathBuf,
}

/// The record of a run, locked for as long as this lives.
///
/// Many write to it at a time, and each waits until its line is on disk. Lines that come while the disk
/// is busy are written and synced together.
#[derive(Debug)]
pub struct RunFile {
    path: PathBuf,
    journal: SharedJournal,
    queue: Mutex<Vec<Queued>>,
    /// Held by whoever writes what is in the queue. How often that was done.
    turn: tokio::sync::Mutex<u64>,
}

/// What was found under the name of a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenedRun {
    /// Another process has it.
    UnderWay,
    /// It was cut off before anything of the run was begun: it can be
    /// [removed](vault_sandbox_core::issuance::Storage::remove).
    Nothing(RecordFile),
    /// It cannot be gone on with. It is left alone.
    Closed(RunError),
    /// It can be gone on with.
    Open(Box<RunRecord>, RunFile),
}

/// What threads write to. `None`: the record is closed.
type SharedJournal = Arc<Mutex<Option<RunJournal<RecordFile>>>>;

/// A fact that is to be written, and who waits for it.
#[derive(Debug)]
struct Queued {
    fact: RunFact,
    writer: oneshot::Sender<io::Result<()>>,
}

impl Runs {
    pub(super) fn in_directory(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Writes the plan of a new run down, before anything of it is done.
    ///
    /// # Errors
    ///
    /// [`StateError::BeginRun`]: nothing may be begun.
    pub fn begin(&self, plan: &RunPlan) -> Result<RunFile, StateError> {
        let begun = self.make(plan);
        begun.map_err(|source| StateError::BeginRun {
            directory: self.directory.clone(),
            source,
        })
    }

    /// The runs that have a record, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`StateError::ListRecords`]: there may be any.
    pub fn operations(&self) -> Result<Vec<OperationId>, StateError> {
        operations_in(&self.directory, ENDING)
    }

    /// Opens the record of an earlier run; nothing is written. `None`: there is none.
    ///
    /// # Errors
    ///
    /// [`StateError::ReadRecord`]: something is there.
    pub fn open(&self, operation: OperationId) -> Result<Option<OpenedRun>, StateError> {
        let path = self.path(operation);
        open(&path).map_err(|source| StateError::ReadRecord { path, source })
    }

    /// Removes the record of a run: it can no longer be resumed.
    ///
    /// # Errors
    ///
    /// It may still be there.
    pub fn discard(&self, operation: OperationId) -> io::Result<()> {
        discard(&self.path(operation))
    }

    /// Where the record of a run is, if it is there.
    #[must_use]
    pub fn path(&self, operation: OperationId) -> PathBuf {
        self.directory.join(format!("{operation}{ENDING}"))
    }

    fn make(&self, plan: &RunPlan) -> io::Result<RunFile> {
        platform::owner_only_directory(&self.directory)?;
        let path = self.path(plan.operation);
        let begun = RunJournal::begin(RecordFile::create(&path)?, plan);
        let begun = begun.and_then(|journal| sync_directory_of(&path).map(|()| journal));
        let journal = begun.inspect_err(|_| {
            let _ = std::fs::remove_file(&path);
        })?;
        Ok(RunFile::with(journal))
    }
}

impl RunFile {
    /// Has a fact on disk. It needs a runtime of tokio, whose threads for blocking work write; once they
    /// have begun, they go on even if this is no longer waited for.
    ///
    /// # Errors
    ///
    /// It is not on disk for certain.
    pub async fn append(&self, fact: RunFact) -> io::Result<()> {
        let (writer, mut written) = oneshot::channel();
        lock(&self.queue).push(Queued { fact, writer });
        let mut turn = self.turn.lock().await;
        // Whoever had the turn before may have written this one along.
        if let Ok(written) = written.try_recv() {
            return written;
        }
        let queued = std::mem::take(&mut *lock(&self.queue));
        if !queued.is_empty() {
            *turn += 1;
            let journal = Arc::clone(&self.journal);
            // How it ended, each is told.
            let _ = tokio::task::spawn_blocking(move || write(&journal, queued)).await;
        }
        drop(turn);
        let written = written.await;
        written.unwrap_or_else(|_| Err(io::Error::other("whoever was to write it ended before")))
    }

    /// Has a fact on disk, where no others come meanwhile.
    ///
    /// # Errors
    ///
    /// It is not on disk for certain.
    pub fn append_now(&self, fact: RunFact) -> io::Result<()> {
        append(&self.journal, &[fact])
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the record: nothing is left that the run may ask for.
    ///
    /// # Errors
    ///
    /// It may still be there.
    pub fn close(self) -> io::Result<()> {
        let journal = lock(&self.journal).take();
        journal.map_or(Ok(()), RunJournal::close)
    }

    fn with(journal: RunJournal<RecordFile>) -> Self {
        Self {
            path: journal.storage().path().to_owned(),
            journal: Arc::new(Mutex::new(Some(journal))),
            queue: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }
}

/// The file is locked for as long as this lives, not until the last thread has noticed.
impl Drop for RunFile {
    fn drop(&mut self) {
        drop(lock(&self.journal).take());
    }
}

/// Writes all of it, and tells everybody how that ended.
fn write(journal: &SharedJournal, queued: Vec<Queued>) {
    let (facts, writers): (Vec<_>, Vec<_>) = queued
        .into_iter()
        .map(|queued| (queued.fact, queued.writer))
        .unzip();
    let written = append(journal, &facts);
    for writer in writers {
        let each = match &written {
            Ok(()) => Ok(()),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        };
        // Who no longer waits need not know.
        let _ = writer.send(each);
    }
}

fn append(journal: &SharedJournal, facts: &[RunFact]) -> io::Result<()> {
    match &mut *lock(journal) {
        Some(journal) => journal.append(facts),
        None => Err(io::Error::other("the record is closed")),
    }
}

/// A panic of another thread leaves what is behind the lock whole: lines are written as a whole, and
/// one that was torn is closed off before the next.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(path: &Path) -> io::Result<Option<OpenedRun>> {
    let file = match RecordFile::open(path)? {
        None => return Ok(None),
        Some(Err(UnderWay)) => return Ok(Some(OpenedRun::UnderWay)),
        Some(Ok(file)) => file,
    };
    Ok(Some(match RunJournal::open(file)? {
        RunOpened::Open(record, journal) => OpenedRun::Open(record, RunFile::with(journal)),
        RunOpened::Closed(RunError::NothingBegun, file) => OpenedRun::Nothing(file),
        RunOpened::Closed(error, _) => OpenedRun::Closed(error),
        _ => OpenedRun::Closed(RunError::Damaged),
    }))
}

#[cfg(test)]
mod tests;
