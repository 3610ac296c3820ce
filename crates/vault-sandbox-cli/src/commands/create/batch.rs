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
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FlockOperation, OFlags, flock};
use serde::{Deserialize, Serialize};
use vault_sandbox_core::{OperationId, SandboxName};

use crate::aside::Waiting;
use crate::exit::Exit;
use crate::hygiene;
use crate::problem::Problem;

const SCHEMA: &str = "vault-sandbox/many/1";

/// The record, locked for as long as this lives.
///
/// Many write to it at a time, and each waits until its line is on disk. Lines that come while the
/// disk is busy are written and synced together.
pub(super) struct Batch {
    path: PathBuf,
    journal: Arc<Mutex<Journal>>,
    coming: RefCell<Coming>,
    /// Held while writing, with how the last round of it ended. It is handed on in the order in which
    /// it was asked for: who finds their round written finds how that ended.
    pen: tokio::sync::Mutex<Result<(), (io::ErrorKind, String)>>,
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

/// The record of an earlier run.
pub(super) struct Opened {
    pub(super) batch: Batch,
    pub(super) plan: Plan,
    /// How far each sandbox came; one that is not in it was not begun.
    pub(super) progress: BTreeMap<String, Progress>,
}

/// What was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) schema: String,
    pub(super) operation: String,
    pub(super) started: String,
    pub(super) vault: String,
    pub(super) vault_id: Option<String>,
    pub(super) api_version: String,
    pub(super) name: Option<String>,
    /// An instant, a date, or `never`.
    pub(super) expiry: String,
    pub(super) json: bool,
    pub(super) verify: String,
    pub(super) sandboxes: Vec<PlannedSandbox>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannedSandbox {
    pub(super) name: String,
    pub(super) destinations: Vec<String>,
}

/// How far a sandbox came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Its turn never came.
    NotBegun,
    /// Its turn came; how it ended was not written down.
    Begun(OperationId),
    /// Certainly not issued.
    NotIssued,
    /// Anything else.
    Ended(OperationId),
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

impl Plan {
    pub(super) fn schema() -> String {
        SCHEMA.to_owned()
    }
}

impl Batch {
    /// Writes the plan down, before anything of it is done.
    pub(super) fn begin(
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
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true).mode(0o600);
        let file = options.open(&path).map_err(failed)?;
        flock(&file, FlockOperation::LockExclusive).map_err(|e| failed(e.into()))?;
        let mut journal = Journal {
            file,
            is_torn: false,
        };
        let written = line_of(plan).and_then(|line| journal.write(&line));
        written.map_err(|error| {
            let _ = std::fs::remove_file(&path);
            failed(error)
        })?;
        File::open(&directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)?;
        Ok(Self::with(path, journal))
    }

    /// Opens the record of an earlier run: the plan, and how far each sandbox came.
    pub(super) fn open(
        state_dir: &Path,
        operation: OperationId,
    ) -> Result<Option<Opened>, Problem> {
        let path = path(state_dir, operation);
        let wrong = |why: String| {
            Problem::destination(format!("The record {}: {why}.", path.display()))
                .now("No token was asked for.")
        };
        let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let mut options = OpenOptions::new();
        options.read(true).append(true).custom_flags(flags);
        let mut file = match options.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error.to_string())),
        };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(Problem::new(
                Exit::Unknown,
                format!("The run {operation} is under way in another process. Wait for it to end."),
            ));
        }
        let mut text = String::new();
        file.read_to_string(&mut text)
            .map_err(|e| wrong(e.to_string()))?;
        let mut lines = text.split_inclusive('\n');
        let plan = lines
            .next()
            .and_then(|line| serde_json::from_str(line).ok());
        let plan: Plan = plan
            .filter(|plan: &Plan| plan.schema == SCHEMA)
            .ok_or_else(|| wrong("it cannot be understood".to_owned()))?;
        let mut progress = BTreeMap::new();
        // A line that a crash tore says nothing; the one before it stands.
        for line in lines.filter_map(|line| serde_json::from_str::<Fact>(line).ok()) {
            let (sandbox, how) = match line {
                Fact::Begun { sandbox, operation } => {
                    (sandbox, operation.parse().map(Progress::Begun))
                }
                Fact::Ended {
                    sandbox, outcome, ..
                } if outcome == "not_issued" => (sandbox, Ok(Progress::NotIssued)),
                Fact::Ended {
                    sandbox, operation, ..
                } => (sandbox, operation.parse().map(Progress::Ended)),
            };
            progress.insert(sandbox, how.map_err(|_| wrong("it is damaged".to_owned()))?);
        }
        let journal = Journal {
            file,
            is_torn: !text.ends_with('\n'),
        };
        Ok(Some(Opened {
            batch: Self::with(path, journal),
            plan,
            progress,
        }))
    }

    /// Its turn has come: said on disk before anything is asked for it.
    pub(super) async fn begun(
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
    pub(super) async fn ended(
        &self,
        sandbox: &SandboxName,
        operation: OperationId,
        outcome: &str,
    ) -> io::Result<()> {
        self.append(&Fact::Ended {
            sandbox: sandbox.to_string(),
            operation: operation.to_string(),
            outcome: outcome.to_owned(),
        })
        .await
    }

    /// Nothing is left to be done.
    pub(super) fn close(self) {
        let _ = std::fs::remove_file(&self.path);
    }

    fn with(path: PathBuf, journal: Journal) -> Self {
        Self {
            path,
            journal: Arc::new(Mutex::new(journal)),
            coming: RefCell::default(),
            pen: tokio::sync::Mutex::new(Ok(())),
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
                let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
                journal.write(&lines)
            };
            let written = Waiting::Aside.on(write).await;
            *last = written.map_err(|error| (error.kind(), error.to_string()));
        }
        last.clone()
            .map_err(|(kind, why)| io::Error::new(kind, why))
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

fn wrong_record(batch: &Batch, error: &io::Error) -> Problem {
    Problem::destination(format!(
        "The record {} cannot be written: {error}.",
        batch.path.display()
    ))
    .now("No token was asked for.")
}

fn path(state_dir: &Path, operation: OperationId) -> PathBuf {
    state_dir.join("many").join(format!("{operation}.jsonl"))
}
