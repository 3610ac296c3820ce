//! Which kinds of destinations there are, and destinations as words.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::files::TargetFile;
use super::{
    Destination, DestinationError, InvalidDestination, InvalidReason, Reason, Reserved, Round,
    env_file, exec, files, sweep,
};
use crate::child::Programs;

/// The kind of a path that is written without one.
const FILE: &str = "file";

type Open = dyn Fn(&str) -> Result<Box<dyn Destination>, InvalidReason> + Send + Sync;

/// The kinds of destinations, by the word before the colon.
#[derive(Clone)]
pub struct Destinations(BTreeMap<String, Arc<Open>>);

impl Destinations {
    /// `file:PATH` (or a path alone), `env-file:PATH#VAR` and `exec:PROGRAM ARGS`, where a program is
    /// named by its path.
    #[must_use]
    pub fn standard() -> Self {
        Self(BTreeMap::new())
            .with(FILE, files::open)
            .with("env-file", env_file::open)
            .programs(Programs::new())
    }

    /// Finds the programs of `exec:` by these rules.
    #[must_use]
    pub fn programs(self, programs: Programs) -> Self {
        self.with("exec", move |text| exec::open(text, &programs))
    }

    /// With a kind of one's own, or another one in place of one that is there. `open` is given what
    /// follows the colon. Kinds are at least two characters long, of `a` to `z`, `0` to `9` and `-`;
    /// `-` alone is a kind without a colon, and is given nothing.
    #[must_use]
    pub fn with(
        mut self,
        kind: impl Into<String>,
        open: impl Fn(&str) -> Result<Box<dyn Destination>, InvalidReason> + Send + Sync + 'static,
    ) -> Self {
        self.0.insert(kind.into(), Arc::new(open));
        self
    }

    /// Reads a destination as a person writes it, or as it stands in a record.
    ///
    /// # Errors
    ///
    /// If there is no such kind, or if its words say nothing to it.
    pub fn parse(&self, text: &str) -> Result<Place, InvalidDestination> {
        let refused = |reason| InvalidDestination {
            text: text.to_owned(),
            reason,
        };
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) if is_kind(kind) => (kind, rest),
            _ if text == "-" && self.0.contains_key("-") => ("-", ""),
            _ => (FILE, text),
        };
        let open = self.0.get(kind);
        let open = open.ok_or_else(|| refused(InvalidReason::UnknownKind(kind.to_owned())))?;
        let destination = open(rest).map_err(refused)?;
        Ok(Place {
            kind: kind.to_owned(),
            words: words_of(kind, rest),
            destination: destination.into(),
        })
    }
}

impl Default for Destinations {
    fn default() -> Self {
        Self::standard()
    }
}

impl fmt::Debug for Destinations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A destination and the words for it.
#[derive(Clone)]
pub struct Place {
    kind: String,
    words: String,
    destination: Arc<dyn Destination>,
}

impl Place {
    /// The file of this path.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let target = TargetFile::new(path);
        Self {
            kind: FILE.to_owned(),
            words: words_of(FILE, &target.path().display().to_string()),
            destination: files::at(target).into(),
        }
    }

    /// The word before the colon.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The destination itself.
    #[must_use]
    pub fn destination(&self) -> &dyn Destination {
        &*self.destination
    }

    /// The same destination, wherever it is read again.
    #[must_use]
    pub fn for_record(&self) -> String {
        let words = self.destination.for_record();
        words.map_or_else(|| self.words.clone(), |rest| words_of(&self.kind, &rest))
    }

    /// As [`for_record`](Self::for_record), by whichever path it was named: to tell whether two are
    /// one place.
    #[must_use]
    pub fn resolved(&self) -> String {
        let words = self.destination.resolved();
        words.map_or_else(|| self.words.clone(), |rest| words_of(&self.kind, &rest))
    }

    /// It is named twice.
    #[must_use]
    pub fn named_twice(&self) -> DestinationError {
        DestinationError::new(self.to_string(), Reason::NamedTwice)
    }
}

/// As it was written, a path always with its kind.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.words).finish()
    }
}

/// By their words.
impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words
    }
}

impl Eq for Place {}

/// Reserves all, or none.
///
/// # Errors
///
/// If one cannot be used, or if two are one: one would overwrite the other.
pub async fn reserve_all(places: &[Place]) -> Result<Vec<Box<dyn Reserved>>, DestinationError> {
    let mut reserved: Vec<Box<dyn Reserved>> = Vec::with_capacity(places.len());
    for (at, place) in places.iter().enumerate() {
        if places[..at].contains(place) {
            return Err(place.named_twice());
        }
        let next = place.destination.reserve().await?;
        let identity = next.identity();
        let mut known = reserved.iter().map(|other| other.identity());
        if identity.is_some() && known.any(|other| other == identity) {
            return Err(place.named_twice());
        }
        reserved.push(next);
    }
    Ok(reserved)
}

/// Checks that the value could be handed over to all of them now; reserves nothing.
///
/// # Errors
///
/// As [`reserve_all`].
pub async fn check_all(places: &[Place]) -> Result<(), DestinationError> {
    let round = Round::new();
    let mut identities = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let identity = place.destination.check(&round).await?;
        let is_known = identity.as_ref().is_some_and(|it| identities.contains(it));
        if is_known || places[..at].contains(place) {
            return Err(place.named_twice());
        }
        identities.extend(identity);
    }
    Ok(())
}

/// Removes what runs that were killed may have left beside the files among them. It may hold a value.
pub fn sweep_all<'a>(places: impl IntoIterator<Item = &'a Place>) {
    let files = places
        .into_iter()
        .filter_map(|place| place.destination.file());
    let files: Vec<_> = files.collect();
    sweep(files.iter().map(PathBuf::as_path));
}

fn words_of(kind: &str, rest: &str) -> String {
    match kind {
        "-" => kind.to_owned(),
        _ => format!("{kind}:{rest}"),
    }
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
        let destinations = Destinations::standard();
        for (text, shown) in [
            ("-", "file:-"),
            ("a/b", "file:a/b"),
            ("file:a/b", "file:a/b"),
            ("./x:y", "file:./x:y"),
            ("A:b", "file:A:b"),
            ("env-file:a#b/.env#TOKEN", "env-file:a#b/.env#TOKEN"),
            ("exec:kubectl create 'a b'", "exec:kubectl create 'a b'"),
        ] {
            let place = destinations.parse(text).unwrap();
            assert_eq!(place.to_string(), shown);
            let again = destinations.parse(shown).unwrap();
            assert_eq!(again, place, "a record reads back");
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
            assert!(destinations.parse(text).is_err(), "{text}");
        }
    }
}
