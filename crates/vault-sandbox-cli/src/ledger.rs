//! The file of the ledger, `ledger.jsonl` in the state directory: appended to under a lock, and read.
//! What its lines are and mean, [core](vault_sandbox_core::ledger) says.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::fs::{Mode, OFlags, fchmod};
use rustix::io::Errno;
use vault_sandbox_core::issuance::Issuance;
use vault_sandbox_core::ledger::{Contents, Line};
use vault_sandbox_core::{OperationId, SandboxName, TokenId, VaultDns};

use crate::destinations::Destination;
use crate::problem::Problem;
use crate::{hygiene, lock};

/// How long another writer is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Held by the one thread that writes. Whether another program was waited for in vain: the others of a
/// run then do not wait for it one after the other.
static WRITING: Mutex<bool> = Mutex::new(false);

/// The ledger of one state directory.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    path: PathBuf,
}

impl Ledger {
    pub(crate) fn new(state_dir: &Path) -> Self {
        Self {
            path: state_dir.join("ledger.jsonl"),
        }
    }

    /// Where it is, for people.
    pub(crate) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Why a command that needs it cannot go on.
    pub(crate) fn unreadable(&self, error: &io::Error) -> Problem {
        let path = self.path();
        Problem::configuration(format!("The ledger {path} cannot be read: {error}."))
    }

    /// Writes down where a token is. One without an ID cannot be told from others later.
    pub(crate) fn issued(&self, issuance: &Issuance, now: DateTime<Utc>) -> io::Result<()> {
        match Line::issued(issuance, now) {
            Some(line) => self.append(&[line]),
            None => Ok(()),
        }
    }

    /// Writes down that tokens are gone.
    pub(crate) fn revoked<'a>(
        &self,
        vault: &VaultDns,
        sandbox: &SandboxName,
        ids: impl IntoIterator<Item = &'a TokenId>,
        now: DateTime<Utc>,
    ) -> io::Result<()> {
        let ids = ids.into_iter();
        let lines: Vec<_> = ids
            .map(|id| Line::revoked(vault, sandbox, id, now))
            .collect();
        // Of tokens that this program did not issue, only that is known: no ledger for them alone.
        if lines.is_empty() || self.path.symlink_metadata().is_err() {
            return Ok(());
        }
        self.append(&lines)
    }

    /// What it says of the tokens of a Vault and its sandboxes. Where there is none, nothing.
    pub(crate) fn read(&self, vault: &VaultDns) -> io::Result<Contents> {
        let mut text = Vec::new();
        match self.open(OpenOptions::new().read(true)) {
            Ok(mut file) => file.read_to_end(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::default()),
            Err(error) => return Err(error),
        };
        Ok(Contents::read(&text, vault))
    }

    /// Whether an operation is known to have issued a token, whatever became of it since.
    pub(crate) fn has(&self, vault: &VaultDns, sandbox: &SandboxName, asked: OperationId) -> bool {
        self.read(vault).is_ok_and(|all| all.has(sandbox, asked))
    }

    fn append(&self, lines: &[Line]) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            hygiene::private_directory(directory)?;
        }
        let mut text: String = lines.iter().map(Line::to_text).collect();
        let mut options = OpenOptions::new();
        let mut file = self.open(options.append(true).read(true).create(true).mode(0o600))?;
        // The threads of one run wait their turn here: the file's lock is for other processes. Whoever
        // has that writes a line; a program that was suspended meanwhile is not waited for.
        let mut is_held = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = if *is_held {
            Duration::ZERO
        } else {
            LONGEST_WAIT
        };
        *is_held = !lock::within(&file, limit)?;
        if *is_held {
            return Err(io::Error::other("another program holds it"));
        }
        // A copy that was put back need not be as it was.
        fchmod(&file, Mode::RUSR | Mode::WUSR)?;
        if !ends_a_line(&file)? {
            text.insert(0, '\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_data()
    }

    fn open(&self, options: &mut OpenOptions) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let file = options
            .custom_flags(flags)
            .open(&self.path)
            .map_err(|error| match error.raw_os_error() {
                Some(code) if code == Errno::LOOP.raw_os_error() => {
                    io::Error::other("it is a symbolic link, which this program does not follow")
                }
                _ => error,
            })?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        Ok(file)
    }
}

/// Whether a destination of the ledger is this place, by whichever path it was named.
pub(crate) fn is_at(text: &str, place: &Destination) -> bool {
    text == place.for_record() || resolved(text) == place.resolved()
}

/// A destination as the ledger has it, by the path that leads there now.
pub(crate) fn resolved(text: &str) -> String {
    Destination::parse(text).map_or_else(|_| text.to_owned(), |d| d.resolved())
}

/// A line that a crash tore must not swallow the next.
fn ends_a_line(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::FileExt as _;
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use rustix::fs::{FlockOperation, flock};

    use super::*;

    fn revoked(id: &str) -> Line {
        let id = TokenId::parse(id).unwrap();
        Line::revoked(&vault(), &sandbox(), &id, DateTime::UNIX_EPOCH)
    }

    fn sandbox() -> SandboxName {
        "VeePharm Sandbox".parse().unwrap()
    }

    fn vault() -> VaultDns {
        "veepharm.veevavault.com".parse().unwrap()
    }

    #[test]
    fn lines_are_appended_also_after_a_torn_one() {
        let state = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(&state.path().join("state"));
        assert_eq!(ledger.read(&vault()).unwrap(), Contents::default());
        let id = TokenId::parse("V0").unwrap();
        let gone = || ledger.revoked(&vault(), &sandbox(), [&id], DateTime::UNIX_EPOCH);
        gone().unwrap();
        assert!(!ledger.path.exists(), "nothing to say of strangers");
        ledger.append(&[revoked("V1"), revoked("V2")]).unwrap();
        // As a crash leaves it.
        let torn = "{\"schema\":\"vault-sandbox/led";
        let mut file = OpenOptions::new().append(true).open(&ledger.path).unwrap();
        file.write_all(torn.as_bytes()).unwrap();
        gone().unwrap();
        let expected: [String; 5] = [
            revoked("V1").to_text(),
            revoked("V2").to_text(),
            torn.to_owned(),
            "\n".to_owned(),
            revoked("V0").to_text(),
        ];
        let text = std::fs::read_to_string(&ledger.path).unwrap();
        assert_eq!(text, expected.concat());
    }

    #[test]
    fn what_an_earlier_version_wrote_is_read_and_kept() {
        let written = include_bytes!("../../../tests/fixtures/state/34f2561/ledger.jsonl");
        let state = tempfile::tempdir().unwrap();
        let directory = state.path().join("state");
        hygiene::private_directory(&directory).unwrap();
        let ledger = Ledger::new(&directory);
        std::fs::write(&ledger.path, written).unwrap();
        let local = "http://127.0.0.1:4180".parse().unwrap();
        assert_eq!(ledger.read(&local).unwrap().tokens().len(), 9);
        assert!(ledger.has(&local, &sandbox(), "09b308d9".parse().unwrap()));
        ledger.append(&[revoked("V1")]).unwrap();
        let text = std::fs::read(&ledger.path).unwrap();
        assert!(text.starts_with(written));
    }

    #[test]
    fn many_threads_write_each_their_line_and_another_program_is_not_waited_for_by_each() {
        let state = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(&state.path().join("state"));
        let append = |number: usize| ledger.append(&[revoked(&format!("V{number}"))]);
        std::thread::scope(|scope| {
            for number in 0..32 {
                scope.spawn(move || append(number).unwrap());
            }
        });
        let count = || {
            let text = std::fs::read_to_string(&ledger.path).unwrap();
            let written: std::collections::BTreeSet<_> = text.lines().collect();
            let is_whole = |number: &usize| {
                let line = revoked(&format!("V{number}")).to_text();
                written.contains(line.trim_end())
            };
            assert_eq!(written.len(), text.lines().count());
            (0..65).filter(is_whole).count()
        };
        assert_eq!(count(), 32);

        let other = File::open(&ledger.path).unwrap();
        flock(&other, FlockOperation::LockExclusive).unwrap();
        for number in 32..64 {
            assert!(
                append(number).is_err(),
                "the test would take a minute if each waited"
            );
        }
        drop(other);
        append(64).unwrap();
        assert_eq!(count(), 33);
    }
}
