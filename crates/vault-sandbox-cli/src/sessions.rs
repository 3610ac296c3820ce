//! The session that `auth login` keeps: one file per Vault, readable by its owner only.

use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use vault_sandbox_core::{SessionId, UserName, VaultDns, VaultId};

use crate::destinations::reserved_file::{self, ReservedFile};
use crate::hygiene;
use crate::problem::Problem;
use crate::typed::Typed;

const SCHEMA: &str = "vault-sandbox/session/1";
/// What the schema of every version begins with.
const FAMILY: &str = "vault-sandbox/session/";
const MAX_LENGTH: u64 = 64 * 1024;
/// No session outlives this.
/// [Veeva](https://general.veevavault.dev/vault-api/api-reference/26.2/authentication/session-keep-alive/).
pub(crate) const LONGEST: TimeDelta = TimeDelta::hours(48);

/// A session and what it is bound to.
#[derive(Debug, Clone)]
pub(crate) struct KeptSession {
    pub(crate) vault: VaultDns,
    pub(crate) vault_id: VaultId,
    /// Unknown where an identity provider's token was exchanged and Vault would not say.
    pub(crate) user: Option<UserName>,
    pub(crate) session: SessionId,
    pub(crate) signed_in: DateTime<Utc>,
}

/// The sessions of one state directory.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    directory: PathBuf,
    typed: Typed,
}

/// A place that is ready to take a session.
pub(crate) struct ReservedSession {
    file: ReservedFile,
    path: PathBuf,
}

/// Why a file holds no session that can be used.
#[derive(Debug, PartialEq, Eq)]
enum Unusable {
    Damaged,
    /// A newer version of this program wrote it, in a format of its own.
    Newer,
}

/// As it lies on disk. Fields that are not known are a later version's, which may add some.
#[derive(Serialize, Deserialize)]
struct Wire {
    schema: String,
    vault: String,
    vault_id: String,
    user: Option<String>,
    signed_in: String,
    session_id: String,
}

impl Sessions {
    pub(crate) fn new(state_dir: &Path, typed: &Typed) -> Self {
        Self {
            directory: state_dir.join("sessions"),
            typed: typed.clone(),
        }
    }

    /// The session kept for this Vault. One that cannot be trusted, or not be read, is an error, not an
    /// absence; the file stays as it is.
    pub(crate) fn find(&self, vault: &VaultDns) -> Result<Option<KeptSession>, Problem> {
        let path = self.path(vault);
        let unusable = |why: String| {
            Problem::configuration(format!(
                "The kept session {} cannot be used: {why}.",
                path.display()
            ))
        };
        let sign_in = || self.typed.at(vault, "auth login");
        let wrong = |why: String| {
            unusable(why)
                .next("Delete it", self.typed.at(vault, "auth logout"))
                .next("Sign in", sign_in())
        };
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let kept = KeptSession::read(&text).map_err(|why| match why {
            Unusable::Damaged => wrong("it is damaged".to_owned()),
            Unusable::Newer => {
                unusable("it was written by a newer version of this program".to_owned())
                    .now("It is left alone: the newer version can use it.")
                    .next("Sign in with this version, which replaces it", sign_in())
            }
        })?;
        if kept.vault != *vault {
            return Err(wrong(format!("it belongs to {}", kept.vault)));
        }
        Ok(Some(kept))
    }

    /// Finds out whether one can be kept, before somebody signs in for it.
    pub(crate) fn reserve(&self, vault: &VaultDns) -> Result<ReservedSession, Problem> {
        hygiene::private_directory(&self.directory).map_err(|e| {
            Problem::destination(format!(
                "The state directory {}: {e}.",
                self.directory.display()
            ))
        })?;
        let path = self.path(vault);
        reserved_file::sweep([path.as_path()]);
        let file = ReservedFile::reserve(&path, 0)?;
        Ok(ReservedSession { file, path })
    }

    /// Deletes it. `false`: there was none.
    pub(crate) fn delete(&self, vault: &VaultDns) -> Result<bool, Problem> {
        let path = self.path(vault);
        let failed = |error: io::Error| {
            Problem::destination(format!("{} cannot be deleted: {error}.", path.display()))
                .now("The session in it may still work: delete the file by hand.")
        };
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(error)),
        }
        std::fs::File::open(&self.directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)?;
        Ok(true)
    }

    pub(crate) fn path(&self, vault: &VaultDns) -> PathBuf {
        let name = vault.authority().replace([':', '[', ']'], "_");
        self.directory.join(format!("{name}.json"))
    }
}

impl ReservedSession {
    pub(crate) fn keep(&mut self, kept: &KeptSession) -> Result<(), Problem> {
        let failed =
            |error: io::Error| Problem::destination(format!("{}: {error}.", self.path.display()));
        let content = kept.write().map_err(failed)?;
        self.file.commit(&content).map_err(failed)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl KeptSession {
    /// When it ends at the latest; unused, it ends sooner.
    pub(crate) fn ends(&self) -> DateTime<Utc> {
        self.signed_in
            .checked_add_signed(LONGEST)
            .unwrap_or(self.signed_in)
    }

    /// Whether it is this user's; a user who is not known is nobody in particular.
    pub(crate) fn is_of(&self, user: &UserName) -> bool {
        let own = self.user.as_ref().map(UserName::as_str);
        own.is_some_and(|own| own.eq_ignore_ascii_case(user.as_str()))
    }

    fn read(text: &str) -> Result<Self, Unusable> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let head: Head = serde_json::from_str(text).map_err(|_| Unusable::Damaged)?;
        match head.schema.as_str() {
            SCHEMA => Self::read_known(text).ok_or(Unusable::Damaged),
            other if other.starts_with(FAMILY) => Err(Unusable::Newer),
            _ => Err(Unusable::Damaged),
        }
    }

    fn read_known(text: &str) -> Option<Self> {
        let wire: Wire = serde_json::from_str(text).ok()?;
        let user = wire.user.map(|user| UserName::parse(user).ok());
        Some(Self {
            vault: VaultDns::parse(&wire.vault).ok()?,
            vault_id: VaultId::parse(&wire.vault_id).ok()?,
            user: match user {
                Some(user) => Some(user?),
                None => None,
            },
            session: SessionId::parse(wire.session_id).ok()?,
            signed_in: wire.signed_in.parse().ok()?,
        })
    }

    fn write(&self) -> io::Result<Vec<u8>> {
        let wire = Wire {
            schema: SCHEMA.to_owned(),
            vault: self.vault.to_string(),
            vault_id: self.vault_id.to_string(),
            user: self.user.as_ref().map(ToString::to_string),
            signed_in: self.signed_in.to_rfc3339_opts(SecondsFormat::Secs, true),
            session_id: self.session.expose().to_owned(),
        };
        let mut content = serde_json::to_vec(&wire).map_err(io::Error::other)?;
        content.push(b'\n');
        Ok(content)
    }
}

/// A regular file of ours that nobody else can read.
fn read(path: &Path) -> io::Result<String> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).map_err(io::Error::other)?)
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it is not a file of yours"));
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(io::Error::other("others may read or change it"));
    }
    let mut text = String::new();
    file.take(MAX_LENGTH).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(vault: &str) -> KeptSession {
        KeptSession {
            vault: VaultDns::parse(vault).unwrap(),
            vault_id: VaultId::new(4101),
            user: Some(UserName::parse("jane.doe@veepharm.com").unwrap()),
            session: SessionId::parse("FAKESESSION0001").unwrap(),
            signed_in: "2026-11-23T18:04:11Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_session_comes_back_for_its_own_vault_only() {
        let state = tempfile::tempdir().unwrap();
        let sessions = Sessions::new(state.path(), &Typed::default());
        let kept = kept("http://127.0.0.1:8080");
        // As `main` has it.
        rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o077));
        sessions.reserve(&kept.vault).unwrap().keep(&kept).unwrap();
        let found = sessions.find(&kept.vault).unwrap().unwrap();
        assert_eq!(found.session.expose(), "FAKESESSION0001");
        assert_eq!(found.signed_in, kept.signed_in);
        assert!(found.is_of(&UserName::parse("Jane.Doe@veepharm.com").unwrap()));
        let path = sessions.path(&kept.vault);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);

        let other = VaultDns::parse("http://127.0.0.1:8081").unwrap();
        assert!(sessions.find(&other).unwrap().is_none());
        // The same name, but https: the session must not be sent where somebody else may answer.
        let other = VaultDns::parse("127.0.0.1:8080").unwrap();
        assert!(sessions.find(&other).is_err());
        std::fs::rename(&path, sessions.path(&VaultDns::parse("a.b").unwrap())).unwrap();
        assert!(sessions.find(&VaultDns::parse("a.b").unwrap()).is_err());
    }

    #[test]
    fn nothing_odd_is_read() {
        let good = String::from_utf8(kept("a.b").write().unwrap()).unwrap();
        assert!(KeptSession::read(&good).is_ok());
        for (part, instead) in [
            ("vault-sandbox/session/1", "somebody/session/1"),
            ("vault-sandbox/session/1", ""),
            ("\"schema\"", "\"format\""),
            ("\"vault-sandbox/session/1\"", "1"),
            ("\"vault\":\"a.b\"", "\"vault\":\"http://a.b\""),
            ("4101", "x"),
            ("2026-11", "2026-13"),
            ("FAKESESSION0001", "a b"),
            ("\"session_id\"", "\"session\""),
            ("jane.doe@veepharm.com", ""),
            ("{", "{\"vault\":\"c.d\","),
            ("}", ""),
        ] {
            let text = good.replacen(part, instead, 1);
            assert_ne!(text, good);
            let read = KeptSession::read(&text);
            assert_eq!(read.err(), Some(Unusable::Damaged), "{text}");
        }
        assert!(KeptSession::read("").is_err());
    }

    #[test]
    fn what_an_earlier_version_wrote_is_read_and_written_the_same() {
        let written =
            include_str!("../../../tests/fixtures/state/34f2561/sessions/127.0.0.1_4180.json");
        let kept = KeptSession::read(written).unwrap();
        assert_eq!(kept.vault.to_string(), "http://127.0.0.1:4180");
        assert_eq!(kept.vault_id, VaultId::new(1_000_660));
        assert!(kept.is_of(&UserName::parse("jane.doe@veepharm.com").unwrap()));
        assert_eq!(
            kept.signed_in,
            "2026-11-28T09:06:40Z".parse::<DateTime<Utc>>().unwrap()
        );
        assert_eq!(String::from_utf8(kept.write().unwrap()).unwrap(), written);
    }

    #[test]
    fn what_a_later_version_wrote_is_used_or_left_alone() {
        let state = tempfile::tempdir().unwrap();
        let sessions = Sessions::new(state.path(), &Typed::default());
        let kept = kept("a.b");
        rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o077));
        sessions.reserve(&kept.vault).unwrap().keep(&kept).unwrap();
        let path = sessions.path(&kept.vault);
        let good = std::fs::read_to_string(&path).unwrap();
        let more = good.replacen('{', "{\"more\":{\"a\":[1]},", 1);
        std::fs::write(&path, &more).unwrap();
        let found = sessions.find(&kept.vault).unwrap().unwrap();
        assert_eq!(found.session.expose().as_bytes(), b"FAKESESSION0001");

        for later in [
            good.replace("session/1", "session/2"),
            good.replace("session/1", "session/10"),
            "{\"schema\":\"vault-sandbox/session/2\"}".to_owned(),
        ] {
            std::fs::write(&path, &later).unwrap();
            let problem = sessions.find(&kept.vault).unwrap_err();
            assert!(problem.what.contains("a newer version"), "{problem}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), later);
        }
    }
}
