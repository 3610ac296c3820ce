//! Where a value goes. Every destination is checked, and its space reserved, before a token is
//! asked for; handing the value over is confirmed, or it did not happen.

mod env_file;
mod env_text;
mod exec;
pub(crate) mod reserved_file;
pub(crate) mod stdout;

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::{AccessToken, SandboxName, looks_like_access_token};

use crate::problem::Problem;
use crate::voice::Voice;

use env_file::EnvFile;
use exec::Program;
pub(crate) use reserved_file::Tried;
use reserved_file::{Identity, ReservedFile};

/// The kinds, for messages.
const KINDS: &str =
    "\"-\" for stdout, file:PATH, env-file:PATH#VAR, json:PATH or exec:PROGRAM ARGS";

/// No file that a value was written to is longer.
const LONGEST: u64 = 1024 * 1024;

/// Room for the object around the value, which is mostly names.
const OBJECT: usize = 64 * 1024;

/// A destination as it was written. A path alone is a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    Stdout,
    File(PathBuf),
    EnvFile { path: PathBuf, variable: String },
    Json(PathBuf),
    Exec(String),
}

impl Destination {
    /// Reads what was given to `--out`, or stands in a record.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        if text == "-" {
            return Ok(Self::Stdout);
        }
        let refused = |why: String| Problem::usage(format!("--out {text}: {why}."));
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) if is_kind(kind) => (kind, rest),
            _ => ("file", text),
        };
        let path = |path: &str| match path.is_empty() || path.contains('\0') {
            true => Err(refused("there is no path in it".to_owned())),
            false => Ok(PathBuf::from(path)),
        };
        match kind {
            "file" => Ok(Self::File(path(rest)?)),
            "json" => Ok(Self::Json(path(rest)?)),
            "env-file" => {
                let (file, variable) = rest
                    .rsplit_once('#')
                    .ok_or_else(|| refused("which variable? Write env-file:PATH#VAR".to_owned()))?;
                if !env_text::is_variable(variable) {
                    return Err(refused(format!("{variable:?} cannot name a variable")));
                }
                Ok(Self::EnvFile {
                    path: path(file)?,
                    variable: variable.to_owned(),
                })
            }
            "exec" => match words(rest) {
                Some(words) if !words.is_empty() => Ok(Self::Exec(rest.to_owned())),
                Some(_) => Err(refused("there is no program in it".to_owned())),
                None => Err(refused("it has a quote that does not end".to_owned())),
            },
            other => Err(refused(format!(
                "there is no destination of the kind {other:?}. Write {KINDS}, or ./{text} for a file of that name"
            ))),
        }
    }

    /// The same destination, wherever it is read again.
    pub(crate) fn for_record(&self) -> String {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        match self {
            Self::File(path) => Self::File(absolute(path)).to_string(),
            Self::Json(path) => Self::Json(absolute(path)).to_string(),
            Self::EnvFile { path, variable } => Self::EnvFile {
                path: absolute(path),
                variable: variable.clone(),
            }
            .to_string(),
            Self::Stdout | Self::Exec(_) => self.to_string(),
        }
    }

    /// As [`for_record`](Self::for_record), by whichever path it was named: to tell whether two are
    /// one place.
    pub(crate) fn resolved(&self) -> String {
        let real = |path: &Path| {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let parent = path.parent().and_then(|p| p.canonicalize().ok());
            match (parent, path.file_name()) {
                (Some(parent), Some(name)) => parent.join(name),
                _ => path,
            }
        };
        match self {
            Self::File(path) => Self::File(real(path)).to_string(),
            Self::Json(path) => Self::Json(real(path)).to_string(),
            Self::EnvFile { path, variable } => Self::EnvFile {
                path: real(path),
                variable: variable.clone(),
            }
            .to_string(),
            Self::Stdout | Self::Exec(_) => self.to_string(),
        }
    }

    /// Checks that the value can be handed over, and reserves what that needs.
    pub(crate) fn open(&self) -> Result<OpenDestination, Problem> {
        Ok(match self {
            Self::Stdout => {
                stdout::check()?;
                OpenDestination::Stdout
            }
            Self::File(path) => OpenDestination::File(Box::new(ReservedFile::reserve(path, 0)?)),
            Self::Json(path) => {
                OpenDestination::Json(Box::new(ReservedFile::reserve(path, OBJECT)?))
            }
            Self::EnvFile { path, variable } => {
                OpenDestination::EnvFile(Box::new(EnvFile::reserve(path, variable)?))
            }
            Self::Exec(line) => {
                OpenDestination::Exec(Program::find(&words(line).unwrap_or_default())?)
            }
        })
    }

    /// Checks that the value could be handed over now, and reserves nothing. Which file it is, if it
    /// is one.
    pub(crate) fn check(&self, tried: &mut Tried) -> Result<Option<Identity>, Problem> {
        Ok(match self {
            Self::File(path) | Self::Json(path) => Some(ReservedFile::check(path, tried)?),
            Self::EnvFile { path, variable } => Some(EnvFile::check(path, variable, tried)?),
            Self::Stdout | Self::Exec(_) => self.open()?.identity(),
        })
    }

    /// A file that is not there yet, or has nothing in it that a new value would take the place of.
    pub(crate) fn is_vacant(&self) -> bool {
        let Some(path) = self.path() else {
            return false;
        };
        match path.symlink_metadata() {
            Err(_) => true,
            Ok(metadata) if metadata.is_file() && metadata.len() == 0 => true,
            Ok(_) => {
                matches!(self, Self::EnvFile { path, variable } if env_file::lacks(path, variable))
            }
        }
    }

    /// The file that it is, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Json(path) | Self::EnvFile { path, .. } => Some(path),
            Self::Stdout | Self::Exec(_) => None,
        }
    }

    /// Whether a run that was interrupted had handed the value over. `None`: nobody can tell.
    pub(crate) fn holds(&self, value: &AccessToken) -> Option<bool> {
        let value = value.expose();
        match self {
            Self::Stdout | Self::Exec(_) => None,
            Self::File(path) => {
                Some(std::fs::read(path).is_ok_and(|content| content == value.as_bytes()))
            }
            Self::EnvFile { path, variable } => Some(env_file::holds(path, variable, value)),
            Self::Json(path) => {
                let content = std::fs::read(path).unwrap_or_default();
                let object =
                    serde_json::from_slice::<serde_json::Value>(&content).unwrap_or_default();
                Some(object["token"]["value"] == value)
            }
        }
    }

    /// The token that lies there now, whichever it is. `None`: there is none, or it is nowhere to be
    /// read. What does not look like a token is some other secret, and nobody's to send anywhere. Says
    /// what is wrong as the end of a sentence.
    pub(crate) fn token(&self) -> Result<Option<AccessToken>, String> {
        let Some(text) = self.text().map_err(|e| e.to_string())? else {
            return Ok(None);
        };
        let text = text.trim_end_matches(['\r', '\n']);
        let token =
            AccessToken::parse(text).map_err(|e| format!("what lies there {}", e.reason()))?;
        if !looks_like_access_token(text) {
            return Err("what lies there does not look like a token".to_owned());
        }
        Ok(Some(token))
    }

    fn text(&self) -> std::io::Result<Option<String>> {
        match self {
            Self::Stdout | Self::Exec(_) => Ok(None),
            Self::File(path) => {
                let text = String::from_utf8(read_regular(path)?);
                // What it says of the text is not for people.
                let text = text.map_err(|_| std::io::Error::other("it is not UTF-8"))?;
                Ok((!text.is_empty()).then_some(text))
            }
            Self::EnvFile { path, variable } => Ok(env_text::value(&read_regular(path)?, variable)),
            Self::Json(path) => {
                let object: serde_json::Value = serde_json::from_slice(&read_regular(path)?)
                    .map_err(|_| std::io::Error::other("it is not JSON"))?;
                Ok(object["token"]["value"].as_str().map(str::to_owned))
            }
        }
    }

    /// Whether it is told the result around the value, so that the token is tried out first.
    pub(crate) fn takes_an_object(&self, stdout_is_json: bool) -> bool {
        matches!(self, Self::Json(_)) || (*self == Self::Stdout && stdout_is_json)
    }
}

/// The whole of a file, as long as it can be one that a value was written to: reading anything else
/// might not end.
fn read_regular(path: &Path) -> std::io::Result<Vec<u8>> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    let flags = i32::try_from(flags).map_err(std::io::Error::other)?;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut content = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST {
        return Err(std::io::Error::other("it is too long to hold a token"));
    }
    Ok(content)
}

/// As it was written, a path always with its kind.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("-"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::EnvFile { path, variable } => write!(f, "env-file:{}#{variable}", path.display()),
            Self::Json(path) => write!(f, "json:{}", path.display()),
            Self::Exec(line) => write!(f, "exec:{line}"),
        }
    }
}

/// A destination that was checked.
pub(crate) enum OpenDestination {
    Stdout,
    File(Box<ReservedFile>),
    EnvFile(Box<EnvFile>),
    Json(Box<ReservedFile>),
    Exec(Program),
}

impl OpenDestination {
    /// Hands the value over and makes sure that it is there. Says what went wrong as the end of a
    /// sentence. `object` is the result with the value in it; on stdout it stands in place of the
    /// value where `stdout_is_json`.
    pub(crate) fn commit(
        &mut self,
        token: &IssuedToken,
        object: impl FnOnce() -> std::io::Result<Vec<u8>>,
        stdout_is_json: bool,
        voice: &Voice,
    ) -> Result<(), String> {
        let value = token.value().expose();
        // JSON can hold anything. Elsewhere it would not be what Vault sent, or more than one line.
        let plain = || match token.value().is_plain() {
            true => Ok(value),
            false => Err(std::io::Error::other(
                "the value has characters that no token is documented to have",
            )),
        };
        let committed = match self {
            Self::Stdout if stdout_is_json => object().and_then(|object| stdout::write(&object)),
            Self::Stdout => {
                plain().and_then(|value| stdout::write(format!("{value}\n").as_bytes()))
            }
            Self::File(file) => plain().and_then(|value| file.commit(value.as_bytes())),
            Self::EnvFile(file) => plain().and_then(|value| file.commit(value)),
            Self::Json(file) => object().and_then(|object| file.commit(&object)),
            Self::Exec(program) => {
                plain().and_then(|value| program.commit(value.as_bytes(), voice))
            }
        };
        committed.map_err(|error| error.to_string())
    }

    /// Whether it is told the result around the value.
    pub(crate) fn takes_an_object(&self, stdout_is_json: bool) -> bool {
        matches!(self, Self::Json(_)) || (self.is_stdout() && stdout_is_json)
    }

    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout)
    }

    /// Which file it is, to find two destinations that are one.
    fn identity(&self) -> Option<Identity> {
        match self {
            Self::Stdout | Self::Exec(_) => None,
            Self::File(file) | Self::Json(file) => Some(file.identity()),
            Self::EnvFile(file) => Some(file.file().identity()),
        }
    }
}

/// Opens all, or none. Two that are one are refused: one would overwrite the other.
pub(crate) fn open_all(destinations: &[Destination]) -> Result<Vec<OpenDestination>, Problem> {
    let twice = |destination| Problem::usage(format!("--out {destination}: named twice."));
    let mut opened: Vec<OpenDestination> = Vec::with_capacity(destinations.len());
    for (at, destination) in destinations.iter().enumerate() {
        if destinations[..at].contains(destination) {
            return Err(twice(destination));
        }
        let next = destination.open()?;
        if next.identity().is_some()
            && opened
                .iter()
                .any(|other| other.identity() == next.identity())
        {
            return Err(twice(destination));
        }
        opened.push(next);
    }
    Ok(opened)
}

/// Checks that the value could be handed over to all of them now; reserves nothing.
pub(crate) fn check_all(destinations: &[Destination]) -> Result<(), Problem> {
    let mut tried = Tried::default();
    let mut files = Vec::new();
    for (at, destination) in destinations.iter().enumerate() {
        let file = destination.check(&mut tried)?;
        let is_known = file.as_ref().is_some_and(|file| files.contains(file));
        if is_known || destinations[..at].contains(destination) {
            return Err(Problem::usage(format!("--out {destination}: named twice.")));
        }
        files.extend(file);
    }
    Ok(())
}

/// A sandbox's name as part of a path or of a command's words: `[a-z0-9._-]` only, so that it cannot
/// leave its directory, nor mean anything to a program.
pub(crate) fn file_name_of(sandbox: &SandboxName) -> String {
    let reduced = sandbox.as_str().to_lowercase();
    let reduced = reduced.chars().map(|c| match c {
        'a'..='z' | '0'..='9' | '.' | '_' | '-' => c,
        _ => '-',
    });
    let reduced: String = reduced.collect();
    // Hidden, or an option, it would not be found, or be misunderstood.
    match reduced.strip_prefix(['.', '-']) {
        Some(rest) => format!("_{rest}"),
        None => reduced,
    }
}

/// Removes what runs that were killed may have left beside them.
pub(crate) fn sweep<'a>(destinations: impl IntoIterator<Item = &'a Destination>) {
    reserved_file::sweep(destinations.into_iter().filter_map(Destination::path));
}

/// A program and its arguments, with quotes as in a shell; nothing is expanded.
fn words(line: &str) -> Option<Vec<String>> {
    shell_words::split(line).ok()
}

/// Letters, digits and dashes before a colon: a kind, known or not. A single letter is not.
fn is_kind(text: &str) -> bool {
    text.len() > 1
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_meant() {
        for (text, shown) in [
            ("-", "-"),
            ("a/b", "file:a/b"),
            ("file:a/b", "file:a/b"),
            ("./x:y", "file:./x:y"),
            ("A:b", "file:A:b"),
            ("env-file:a#b/.env#TOKEN", "env-file:a#b/.env#TOKEN"),
            ("json:out.json", "json:out.json"),
            ("exec:kubectl create 'a b'", "exec:kubectl create 'a b'"),
        ] {
            let destination = Destination::parse(text).unwrap();
            assert_eq!(destination.to_string(), shown);
            assert_eq!(
                Destination::parse(shown).unwrap(),
                destination,
                "a record reads back"
            );
        }
        for text in [
            "",
            "file:",
            "keyring:x",
            "s3:bucket",
            "env-file:x",
            "env-file:x#",
            "env-file:#A",
            "env-file:x#1A",
            "exec:",
            "exec:'a",
            "json:",
        ] {
            assert!(Destination::parse(text).is_err(), "{text}");
        }
    }
}
