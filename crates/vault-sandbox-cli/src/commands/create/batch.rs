//! The record of a run over many sandboxes: what was asked for, and what became of each, so that a
//! later run does what was certainly not issued, and nothing else.
//!
//! `many/OPERATION.jsonl` in the state directory: the plan in the first line, then a line when a
//! sandbox's turn comes and one when it ended. It never holds a value; each token has a pending record
//! of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};
use vault_sandbox_core::{OperationId, SandboxName};

use crate::aside::Waiting;
use crate::destinations::{self, Destination};
use crate::exit::Exit;
use crate::hygiene;
use crate::lock;
use crate::problem::Problem;

const SCHEMA: &str = "vault-sandbox/many/1";
const ENDING: &str = ".jsonl";
const TRIES: usize = 8;

/// The record, locked for as long as this lives.
///
/// Many write to it at a time, and each waits until its line is on disk. Lines that come while the
/// disk is busy are written and synced together.
pub(crate) struct Batch {
    path: PathBuf,
    journal: Arc<Mutex<Journal>>,
    coming: RefCell<Coming>,
    /// Held while writing, with how the last round of it ended. It is handed on in the order in which
    /// it was asked for: who finds their round written finds how that ended.
    pen: tokio::sync::Mutex<Result<(), (io::ErrorKind, String)>>,
    goes_to_stdout: bool,
}

struct Journal {
    file: File,
    /// The last line may not have come to its end: the next must not be taken for the rest of it.
    is_torn: bool,
}

/// What the next round of writing takes along.
#[derive(Default)]
struct Coming {
    round: u64,
    lines: Vec<u8>,
}

/// What was found under a name.
pub(crate) enum Found {
    /// Another process has it.
    UnderWay,
    /// It cannot be understood.
    Broken,
    Open(Box<Opened>),
}

/// The record of an earlier run.
pub(crate) struct Opened {
    pub(crate) batch: Batch,
    pub(crate) plan: Plan,
    /// How far each sandbox came; one that is not in it was not begun.
    pub(crate) progress: BTreeMap<String, Progress>,
}

/// What was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    pub(crate) schema: String,
    pub(crate) operation: String,
    pub(crate) started: String,
    pub(crate) vault: String,
    pub(crate) vault_id: Option<String>,
    pub(crate) api_version: String,
    pub(crate) name: Option<String>,
    /// An instant, a date, or `never`.
    pub(crate) expiry: String,
    pub(crate) json: bool,
    pub(crate) verify: String,
    pub(crate) sandboxes: Vec<PlannedSandbox>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlannedSandbox {
    pub(crate) name: String,
    pub(crate) destinations: Vec<String>,
}

/// How far a sandbox came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Its turn never came.
    NotBegun,
    /// Its turn came; how it ended was not written down.
    Begun(OperationId),
    /// Certainly not issued.
    NotIssued,
    /// Anything else: how it ended then.
    Ended(OperationId, Exit),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
enum Fact {
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

impl Fact {
    fn ended(sandbox: &SandboxName, operation: OperationId, outcome: &str) -> Self {
        Self::Ended {
            sandbox: sandbox.to_string(),
            operation: operation.to_string(),
            outcome: outcome.to_owned(),
        }
    }
}

impl Plan {
    pub(crate) fn schema() -> String {
        SCHEMA.to_owned()
    }

    /// Removes what runs of it that were killed left beside their destinations.
    pub(crate) fn sweep(&self) {
        let destinations = self.sandboxes.iter().flat_map(|one| &one.destinations);
        let destinations = destinations.filter_map(|text| Destination::parse(text).ok());
        destinations::sweep(&destinations.collect::<Vec<_>>());
    }

    fn goes_to_stdout(&self) -> bool {
        let destinations = self.sandboxes.iter().flat_map(|one| &one.destinations);
        destinations
            .into_iter()
            .any(|destination| destination == "-")
    }
}

impl Batch {
    /// Writes the plan down, before anything of it is done.
    pub(crate) fn begin(
        state_dir: &Path,
        operation: OperationId,
        plan: &Plan,
    ) -> Result<Self, Problem> {
        let directory = state_dir.join("many");
        let path = path(state_dir, operation);
        let failed = |error: io::Error| {
            Problem::destination(format!(
                "The record of this run cannot be written to {}: {error}.",
                directory.display()
            ))
            .now("Without it, the run could not be resumed, so no token was asked for.")
        };
        hygiene::private_directory(&directory).map_err(failed)?;
        let mut journal = Journal {
            file: make(&path).map_err(failed)?,
            is_torn: false,
        };
        let written = line_of(plan).and_then(|line| {
            journal.write(&line)?;
            File::open(&directory)?.sync_all()
        });
        written.map_err(|error| {
            let _ = std::fs::remove_file(&path);
            failed(error)
        })?;
        Ok(Self::with(path, journal, plan))
    }

    /// Opens the record of an earlier run: the plan, and how far each sandbox came. `None`: there is
    /// none, or it was cut off before anything of it was done.
    pub(crate) fn open(state_dir: &Path, operation: OperationId) -> Result<Option<Found>, Problem> {
        let path = path(state_dir, operation);
        let failed = |error: io::Error| {
            Problem::destination(format!("{} cannot be read: {error}.", path.display()))
        };
        let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let mut options = OpenOptions::new();
        options.read(true).append(true).custom_flags(flags);
        let mut file = match options.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if !lock::within(&file, lock::MOMENT).map_err(failed)? {
            return Ok(Some(Found::UnderWay));
        }
        // Its run may have ended between the two.
        if !is_named(&file).map_err(failed)? {
            return Ok(None);
        }
        // Bytes: what is torn may end in the middle of a letter.
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let Some(first) = lines.next().filter(|line| line.ends_with(b"\n")) else {
            // Nothing is begun before the plan is there as a whole.
            std::fs::remove_file(&path).map_err(failed)?;
            return Ok(None);
        };
        let plan = serde_json::from_slice(first).ok();
        let progress = progress_in(lines);
        let (Some(plan), Some(progress)) =
            (plan.filter(|plan: &Plan| plan.schema == SCHEMA), progress)
        else {
            return Ok(Some(Found::Broken));
        };
        let journal = Journal {
            file,
            is_torn: !bytes.ends_with(b"\n"),
        };
        Ok(Some(Found::Open(Box::new(Opened {
            batch: Self::with(path, journal, &plan),
            plan,
            progress,
        }))))
    }

    /// Its turn has come: said on disk before anything is asked for it.
    pub(crate) async fn begun(
        &self,
        sandbox: &SandboxName,
        operation: OperationId,
    ) -> Result<(), Problem> {
        let fact = Fact::Begun {
            sandbox: sandbox.to_string(),
            operation: operation.to_string(),
        };
        self.append(&fact).await.map_err(|e| wrong_record(self, &e))
    }

    /// What became of it. Where that cannot be written, a later run will not do it again.
    pub(crate) async fn ended(
        &self,
        sandbox: &SandboxName,
        operation: OperationId,
        outcome: &str,
    ) -> io::Result<()> {
        self.append(&Fact::ended(sandbox, operation, outcome)).await
    }

    /// What became of one that no run is about any more.
    pub(crate) fn ended_before(
        &self,
        sandbox: &SandboxName,
        operation: OperationId,
        outcome: &str,
    ) -> io::Result<()> {
        let line = line_of(&Fact::ended(sandbox, operation, outcome))?;
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.write(&line)
    }

    /// Whether values go to stdout, where only a format can tell them apart.
    pub(crate) fn goes_to_stdout(&self) -> bool {
        self.goes_to_stdout
    }

    /// Nothing is left to be done.
    pub(crate) fn close(self) {
        let _ = std::fs::remove_file(&self.path);
    }

    fn with(path: PathBuf, journal: Journal, plan: &Plan) -> Self {
        Self {
            path,
            journal: Arc::new(Mutex::new(journal)),
            coming: RefCell::default(),
            pen: tokio::sync::Mutex::new(Ok(())),
            goes_to_stdout: plan.goes_to_stdout(),
        }
    }

    async fn append(&self, fact: &Fact) -> io::Result<()> {
        let line = line_of(fact)?;
        let round = self.coming.borrow().round;
        self.coming.borrow_mut().lines.extend_from_slice(&line);
        let mut last = self.pen.lock().await;
        if self.coming.borrow().round == round {
            let lines = std::mem::take(&mut self.coming.borrow_mut().lines);
            self.coming.borrow_mut().round += 1;
            let journal = Arc::clone(&self.journal);
            let write = move || {
                let mut held = journal.lock().unwrap_or_else(PoisonError::into_inner);
                let written = held.write(&lines);
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
}

impl Journal {
    /// Writes lines and has them on disk.
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.file.write_all(b"\n")?;
        }
        self.is_torn = true;
        self.file.write_all(lines)?;
        self.is_torn = false;
        self.file.sync_data()
    }
}

fn line_of(fact: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(fact).map_err(io::Error::other)?;
    line.push(b'\n');
    Ok(line)
}

/// The runs that have a record, in the order of their names.
pub(crate) fn operations(state_dir: &Path) -> Vec<OperationId> {
    let entries = std::fs::read_dir(state_dir.join("many"))
        .into_iter()
        .flatten();
    let mut operations: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            name.to_str()?.strip_suffix(ENDING)?.parse().ok()
        })
        .collect();
    operations.sort_unstable();
    operations
}

pub(crate) fn path(state_dir: &Path, operation: OperationId) -> PathBuf {
    state_dir.join("many").join(format!("{operation}{ENDING}"))
}

/// Makes the file and locks it.
fn make(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create_new(true).mode(0o600);
    for _ in 0..TRIES {
        let file = options.open(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        // Before it was locked, `token recover` may have taken it for one of a killed run.
        if is_named(&file)? {
            return Ok(file);
        }
    }
    Err(io::Error::other("another process removes it"))
}

fn is_named(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.nlink() > 0)
}

/// What the last line of each sandbox says. A line that a crash tore says nothing; the one before it
/// stands.
fn progress_in<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<BTreeMap<String, Progress>> {
    let mut progress = BTreeMap::new();
    for fact in lines.filter_map(|line| serde_json::from_slice::<Fact>(line).ok()) {
        let (sandbox, how) = match fact {
            Fact::Begun { sandbox, operation } => {
                (sandbox, Progress::Begun(operation.parse().ok()?))
            }
            Fact::Ended {
                sandbox, outcome, ..
            } if outcome == "not_issued" => (sandbox, Progress::NotIssued),
            Fact::Ended {
                sandbox,
                operation,
                outcome,
            } => {
                let exit = exit_of(&outcome);
                (sandbox, Progress::Ended(operation.parse().ok()?, exit))
            }
        };
        progress.insert(sandbox, how);
    }
    Some(progress)
}

/// Of one for which a token was issued, or may have been.
fn exit_of(outcome: &str) -> Exit {
    match outcome {
        "issued" => Exit::Done,
        "undelivered" => Exit::Undelivered,
        "mismatch" => Exit::Mismatch,
        "value_lost" => Exit::ValueLost,
        _ => Exit::Unknown,
    }
}

fn wrong_record(batch: &Batch, error: &io::Error) -> Problem {
    Problem::destination(format!(
        "The record of this run {} cannot be written: {error}.",
        batch.path.display()
    ))
    .now("No token was asked for.")
}

#[cfg(test)]
mod tests;
