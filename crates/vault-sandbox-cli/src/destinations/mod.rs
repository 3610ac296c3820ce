//! The places that values go to: those of the issuer, and stdout and the result object, which are this
//! program's own.

mod json_file;
mod problems;
pub(crate) mod stdout;

use std::fmt;
use std::path::PathBuf;
use std::sync::LazyLock;

use vault_sandbox_core::{AccessToken, SandboxName};
use vault_sandbox_issuer::destinations::{
    self, Destinations, Identity, InvalidReason, Place, Reserved, Round,
};

use crate::problem::Problem;
use crate::programs;

pub(crate) use problems::{invalid, problem, words};

/// The kinds that this program knows.
static KINDS: LazyLock<Destinations> = LazyLock::new(|| {
    Destinations::standard()
        .programs(programs::known().clone())
        .with("json", json_file::open)
        .with("-", |_| Ok::<_, InvalidReason>(stdout::open()))
});

/// The kinds that this program knows, for whoever reads the words for one.
pub(crate) fn kinds() -> Destinations {
    KINDS.clone()
}

/// A destination as it was written. A path alone is a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination(Place);

impl Destination {
    /// Reads what was given to `--out`, or stands in a record.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let place = KINDS.parse(text);
        place.map(Self).map_err(|error| invalid(&error))
    }

    /// The file of this path.
    pub(crate) fn file(path: impl Into<PathBuf>) -> Self {
        Self(Place::file(path))
    }

    /// The same destination, wherever it is read again.
    pub(crate) fn for_record(&self) -> String {
        self.0.for_record()
    }

    /// As [`for_record`](Self::for_record), by whichever path it was named: to tell whether two are
    /// one place.
    pub(crate) fn resolved(&self) -> String {
        self.0.resolved()
    }

    /// Checks that the value could be handed over now, and reserves nothing. Which file it is, if it
    /// is one.
    pub(crate) async fn check(&self, round: &Round) -> Result<Option<Identity>, Problem> {
        let identity = self.0.destination().check(round).await;
        identity.map_err(|error| problem(&error))
    }

    /// A file that is not there yet, or has nothing in it that a new value would take the place of.
    pub(crate) async fn is_vacant(&self) -> bool {
        self.0.destination().is_vacant().await
    }

    /// The token that lies there now, whichever it is. `None`: there is none, or it is nowhere to be
    /// read. Says what is wrong as the end of a sentence.
    pub(crate) async fn token(&self) -> Result<Option<AccessToken>, String> {
        let token = self.0.destination().read().await;
        token.map_err(|error| words(error.reason()))
    }

    pub(crate) fn is_stdout(&self) -> bool {
        self.0.kind() == "-"
    }

    /// The file that it is, if it is one.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.0.destination().file()
    }

    /// What two tokens may not share, although it is no file.
    pub(crate) fn is_program(&self) -> bool {
        self.0.kind() == "exec"
    }

    /// Whether it is told the result around the value, so that the token is tried out first.
    pub(crate) fn takes_an_object(&self, stdout_is_json: bool) -> bool {
        self.0.destination().wants_result() || (self.is_stdout() && stdout_is_json)
    }

    /// It is named twice.
    pub(crate) fn named_twice(&self) -> Problem {
        problem(&self.0.named_twice())
    }
}

/// As it was written, a path always with its kind.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reserves all, or none. Two that are one are refused: one would overwrite the other.
pub(crate) async fn reserve_all(
    destinations: &[Destination],
) -> Result<Vec<Box<dyn Reserved>>, Problem> {
    let reserved = destinations::reserve_all(&places(destinations)).await;
    reserved.map_err(|error| problem(&error))
}

/// Checks that the value could be handed over to all of them now; reserves nothing.
pub(crate) async fn check_all(destinations: &[Destination]) -> Result<(), Problem> {
    let checked = destinations::check_all(&places(destinations)).await;
    checked.map_err(|error| problem(&error))
}

/// Removes what runs that were killed may have left beside them.
pub(crate) fn sweep<'a>(destinations: impl IntoIterator<Item = &'a Destination>) {
    destinations::sweep_all(destinations.into_iter().map(|destination| &destination.0));
}

fn places(destinations: &[Destination]) -> Vec<Place> {
    let places = destinations.iter();
    places.map(|destination| destination.0.clone()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_meant() {
        for (text, shown) in [
            ("-", "-"),
            ("a/b", "file:a/b"),
            ("file:a/b", "file:a/b"),
            ("file:-", "file:-"),
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
