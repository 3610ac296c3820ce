//! The file of the ledger, `ledger.jsonl`: appended to under a lock, and read. What its lines are and
//! mean, [core](vault_sandbox_core::ledger) says.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use vault_sandbox_core::chrono::{DateTime, Utc};
use vault_sandbox_core::issuance::Issuance;
use vault_sandbox_core::ledger::{Contents, Line};
use vault_sandbox_core::{OperationId, SandboxName, TokenId, VaultDns};

use super::StateError;
use crate::platform::{self, FileRefusal};

/// Half a million tokens and more; what is longer is no ledger, and would not fit into memory.
const LONGEST: u64 = 256 * 1024 * 1024;
/// How long another writer is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Held by the one thread that writes to a ledger. Whether another program was waited for in vain: the
/// others of a run then do not wait for it one after the other.
pub(super) type Turn = Arc<Mutex<bool>>;

/// The ledger of one state directory: which token went where.
///
/// It is for convenience, to find again what was delivered: nothing is lost without it.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
    turn: Turn,
}

impl Ledger {
    pub(super) fn at(path: PathBuf, turn: Turn) -> Self {
        Self { path, turn }
    }

    /// Where it is, if it is there.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down where a token is. One without an ID cannot be told from others later.
    ///
    /// # Errors
    ///
    /// [`StateError::WriteLedger`].
    pub fn issued(&self, issuance: &Issuance, now: DateTime<Utc>) -> Result<(), StateError> {
        match Line::issued(issuance, now) {
            Some(line) => self.append(&[line]),
            None => Ok(()),
        }
    }

    /// Writes down that tokens are gone. Of tokens that are in no ledger only that would be known: where
    /// there is none, none is made.
    ///
    /// # Errors
    ///
    /// [`StateError::WriteLedger`].
    pub fn revoked<'a>(
        &self,
        vault: &VaultDns,
        sandbox: &SandboxName,
        ids: impl IntoIterator<Item = &'a TokenId>,
        now: DateTime<Utc>,
    ) -> Result<(), StateError> {
        let ids = ids.into_iter();
        let lines: Vec<_> = ids
            .map(|id| Line::revoked(vault, sandbox, id, now))
            .collect();
        let is_absent = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
        if lines.is_empty() || self.path.symlink_metadata().is_err_and(is_absent) {
            return Ok(());
        }
        self.append(&lines)
    }

    /// What it says of the tokens of a Vault and its sandboxes. Where there is none, nothing.
    ///
    /// # Errors
    ///
    /// [`StateError::ReadLedger`].
    pub fn read(&self, vault: &VaultDns) -> Result<Contents, StateError> {
        match platform::read_regular(&self.path, LONGEST) {
            Ok(text) => Ok(Contents::read(&text, vault)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Contents::default()),
            Err(source) => Err(StateError::ReadLedger {
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// Whether an operation is known to have issued a token, whatever became of it since.
    #[must_use]
    pub fn has(&self, vault: &VaultDns, sandbox: &SandboxName, asked: OperationId) -> bool {
        self.read(vault).is_ok_and(|all| all.has(sandbox, asked))
    }

    fn append(&self, lines: &[Line]) -> Result<(), StateError> {
        let text: String = lines.iter().map(Line::to_text).collect();
        let written = self.write(text);
        written.map_err(|source| StateError::WriteLedger {
            path: self.path.clone(),
            source,
        })
    }

    fn write(&self, mut text: String) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            platform::owner_only_directory(directory)?;
        }
        let mut file = platform::append_owner_only(&self.path)?;
        // The threads of one process wait their turn here: the file's lock is for other processes.
        // Whoever has that writes a line; a program that was suspended meanwhile is not waited for.
        let mut is_held = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = if *is_held {
            Duration::ZERO
        } else {
            LONGEST_WAIT
        };
        *is_held = !platform::lock_within(&file, limit)?;
        if *is_held {
            return Err(io::Error::other(FileRefusal::Held));
        }
        // A copy that was put back need not be as it was.
        platform::restrict_to_owner(&file)?;
        if !ends_a_line(&mut file)? {
            text.insert(0, '\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_data()
    }
}

/// A line that a crash tore must not swallow the next. What is appended goes to the end all the same.
fn ends_a_line(file: &mut File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
    }
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests;
