//! The ledger: which tokens were issued, and where they went. It never holds a value.
//!
//! One line of JSON per fact, `ledger.jsonl` in the state directory, only ever appended to.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use rustix::fs::{Mode, OFlags, fchmod};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use vault_sandbox_core::issuance::{DeliveryState, Issuance};
use vault_sandbox_core::{OperationId, SandboxName, TokenId, VaultDns};

use crate::destinations::Destination;
use crate::problem::Problem;
use crate::{hygiene, lock};

/// How long another writer is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Held by the one thread that writes. Whether another program was waited for in vain: the others of a
/// run then do not wait for it one after the other.
static WRITING: Mutex<bool> = Mutex::new(false);
const SCHEMA: &str = "vault-sandbox/ledger/1";

/// The ledger of one state directory.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    path: PathBuf,
}

/// A token that was issued by this program.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) sandbox: SandboxName,
    pub(crate) id: TokenId,
    /// As in a record: `file:/home/jane/token`.
    pub(crate) destinations: Vec<String>,
    pub(crate) sandbox_dns: Option<VaultDns>,
    /// When it expires for certain; not known of a date, which ends in the user's time zone.
    pub(crate) expiry: Option<DateTime<Utc>>,
    /// It is known to be deleted.
    pub(crate) is_gone: bool,
}

#[derive(Serialize, Deserialize)]
struct Line {
    schema: String,
    /// When the line was written.
    at: String,
    vault: String,
    sandbox: String,
    id: String,
    #[serde(flatten)]
    fact: Fact,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
enum Fact {
    Issued {
        operation: String,
        vault_id: Option<String>,
        sandbox_dns: Option<String>,
        name: String,
        /// As it was asked for: an instant, a date, or `never`.
        expiry: String,
        destinations: Vec<String>,
    },
    Revoked,
}

impl Listed {
    /// Whether it went to this place, by whichever path that was named.
    pub(crate) fn went_to(&self, place: &Destination) -> bool {
        let (text, place) = (place.for_record(), place.resolved());
        let is_it = |other: &String| *other == text || resolved(other) == place;
        self.destinations.iter().any(is_it)
    }
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
        let Some(id) = issuance.token().and_then(|token| token.id()) else {
            return Ok(());
        };
        let intent = issuance.intent();
        let delivered = issuance.deliveries().iter();
        let fact = Fact::Issued {
            operation: intent.operation.to_string(),
            vault_id: intent.vault_id.map(|id| id.to_string()),
            sandbox_dns: intent.sandbox_dns.as_ref().map(ToString::to_string),
            name: intent.name.to_string(),
            expiry: intent.expiry.to_string(),
            destinations: delivered
                .filter(|delivery| delivery.state == DeliveryState::Committed)
                .map(|delivery| delivery.destination.clone())
                .collect(),
        };
        self.append(&[line(&intent.vault, &intent.sandbox, id, fact, now)])
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
            .map(|id| line(vault, sandbox, id, Fact::Revoked, now))
            .collect();
        // Of tokens that this program did not issue, only that is known: no ledger for them alone.
        if lines.is_empty() || self.path.symlink_metadata().is_err() {
            return Ok(());
        }
        self.append(&lines)
    }

    /// The tokens of a sandbox, deleted ones too, the newest first.
    pub(crate) fn of(&self, vault: &VaultDns, sandbox: &SandboxName) -> io::Result<Vec<Listed>> {
        let mut listed = self.all(vault)?;
        listed.retain(|token| token.sandbox == *sandbox);
        Ok(listed)
    }

    /// The tokens of all sandboxes of a Vault, deleted ones too, the newest first.
    pub(crate) fn all(&self, vault: &VaultDns) -> io::Result<Vec<Listed>> {
        let mut gone = BTreeSet::new();
        let mut listed = Vec::new();
        for line in self.lines(vault)?.into_iter().rev() {
            let token = (line.sandbox, line.id);
            match line.fact {
                Fact::Revoked => {
                    gone.insert(token);
                }
                Fact::Issued {
                    destinations,
                    sandbox_dns,
                    expiry,
                    ..
                } => {
                    let is_gone = gone.contains(&token);
                    let (sandbox, id) = token;
                    let parsed = (SandboxName::parse(sandbox), TokenId::parse(id));
                    let (Ok(sandbox), Ok(id)) = parsed else {
                        continue;
                    };
                    listed.push(Listed {
                        sandbox,
                        id,
                        destinations,
                        sandbox_dns: sandbox_dns.and_then(|dns| dns.parse().ok()),
                        expiry: expiry.parse().ok(),
                        is_gone,
                    });
                }
            }
        }
        Ok(listed)
    }

    /// Whether an operation is known to have issued a token, whatever became of it since.
    pub(crate) fn has(&self, vault: &VaultDns, sandbox: &SandboxName, asked: OperationId) -> bool {
        let is_it = |line: &Line| match &line.fact {
            Fact::Issued { operation, .. } => {
                line.sandbox == sandbox.as_str() && *operation == asked.to_string()
            }
            Fact::Revoked => false,
        };
        self.lines(vault).is_ok_and(|lines| lines.iter().any(is_it))
    }

    /// A line that a crash tore, or that a later version wrote, is passed over.
    fn lines(&self, vault: &VaultDns) -> io::Result<Vec<Line>> {
        let mut text = Vec::new();
        match self.open(OpenOptions::new().read(true)) {
            Ok(mut file) => file.read_to_end(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let vault = vault.to_string();
        let is_of = |line: &Line| line.schema == SCHEMA && line.vault == vault;
        let lines = text.split(|byte| *byte == b'\n');
        let lines = lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        Ok(lines.filter(is_of).collect())
    }

    fn append(&self, lines: &[Line]) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            hygiene::private_directory(directory)?;
        }
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
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
            text.insert(0, b'\n');
        }
        file.write_all(&text)?;
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

/// A destination as the ledger has it, by the path that leads there now.
pub(crate) fn resolved(text: &str) -> String {
    Destination::parse(text).map_or_else(|_| text.to_owned(), |d| d.resolved())
}

fn line(
    vault: &VaultDns,
    sandbox: &SandboxName,
    id: &TokenId,
    fact: Fact,
    now: DateTime<Utc>,
) -> Line {
    Line {
        schema: SCHEMA.to_owned(),
        at: now.to_rfc3339_opts(SecondsFormat::Secs, true),
        vault: vault.to_string(),
        sandbox: sandbox.to_string(),
        id: id.to_string(),
        fact,
    }
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

    fn issued(id: &str, sandbox: &str, destination: &str) -> Line {
        let fact = Fact::Issued {
            operation: "3f9a1c22".to_owned(),
            vault_id: None,
            sandbox_dns: Some("http://127.0.0.1:4001".to_owned()),
            name: "ci".to_owned(),
            expiry: "never".to_owned(),
            destinations: vec![destination.to_owned()],
        };
        let id = TokenId::parse(id).unwrap();
        line(
            &vault(),
            &sandbox.parse().unwrap(),
            &id,
            fact,
            DateTime::UNIX_EPOCH,
        )
    }

    fn vault() -> VaultDns {
        "veepharm.veevavault.com".parse().unwrap()
    }

    #[test]
    fn the_newest_first_and_nothing_that_is_gone() {
        let state = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(&state.path().join("state"));
        let of = |sandbox: &str| -> Vec<String> {
            let mut listed = ledger.of(&vault(), &sandbox.parse().unwrap()).unwrap();
            listed.retain(|token| !token.is_gone);
            listed.iter().map(|token| token.id.to_string()).collect()
        };
        assert!(of("A").is_empty());
        let gone = |id: &str| {
            let id = TokenId::parse(id).unwrap();
            let sandbox = "A".parse().unwrap();
            ledger.revoked(&vault(), &sandbox, [&id], DateTime::UNIX_EPOCH)
        };
        gone("V0").unwrap();
        assert!(!ledger.path.exists(), "nothing to say of strangers");
        for (id, sandbox) in [("V1", "A"), ("V2", "A"), ("V3", "B"), ("V4", "A")] {
            ledger.append(&[issued(id, sandbox, "file:/t")]).unwrap();
        }
        gone("V4").unwrap();
        // As a crash leaves it.
        let mut file = OpenOptions::new().append(true).open(&ledger.path).unwrap();
        file.write_all(b"{\"schema\":\"vault-sandbox/led").unwrap();
        ledger.append(&[issued("V5", "A", "file:/t")]).unwrap();
        assert_eq!(of("A"), ["V5", "V2", "V1"]);
        assert_eq!(of("B"), ["V3"]);
        let other = "other.veevavault.com".parse().unwrap();
        let sandbox = "A".parse().unwrap();
        assert!(ledger.of(&other, &sandbox).unwrap().is_empty());
    }

    #[test]
    fn many_threads_write_each_their_line_and_another_program_is_not_waited_for_by_each() {
        let state = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(&state.path().join("state"));
        let append =
            |number: usize| ledger.append(&[issued(&format!("V{number}"), "A", "file:/t")]);
        std::thread::scope(|scope| {
            for number in 0..32 {
                scope.spawn(move || append(number).unwrap());
            }
        });
        let count = || ledger.of(&vault(), &"A".parse().unwrap()).unwrap().len();
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
