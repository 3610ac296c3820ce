//! `file:`: a file that holds the value and nothing else. And what all destinations that are files
//! have in common.

use std::path::{Path, PathBuf};

use vault_sandbox_core::AccessToken;
use vault_sandbox_core::endpoints::IssuedToken;

use super::reserved_file::ReservedFile;
use super::{
    BoxFuture, Destination, DestinationError, Identity, InvalidReason, Reason, Report, Reserved,
    Round, blocking, token_of,
};
use crate::platform::{FileRefusal, read_regular};

/// No file that a value was written to is longer.
pub(super) const LONGEST: u64 = 1024 * 1024;

/// The file that a destination writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFile(PathBuf);

impl TargetFile {
    /// The file of this path, whichever it is.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// What follows the kind in a destination's words.
    ///
    /// # Errors
    ///
    /// If it is empty, or holds a NUL.
    pub fn parse(text: &str) -> Result<Self, InvalidReason> {
        match text.is_empty() || text.contains('\0') {
            true => Err(InvalidReason::NoPath),
            false => Ok(Self::new(text)),
        }
    }

    /// The path, as it was written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path, wherever it is read again.
    #[must_use]
    pub fn absolute(&self) -> PathBuf {
        std::path::absolute(&self.0).unwrap_or_else(|_| self.0.clone())
    }

    /// The path by which two that lead to one place are the same.
    #[must_use]
    pub fn resolved(&self) -> PathBuf {
        let path = self.absolute();
        let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
        match (parent, path.file_name()) {
            (Some(parent), Some(name)) => parent.join(name),
            _ => path,
        }
    }

    /// The whole of it, as long as it can be one that a value was written to: reading anything else
    /// might not end.
    ///
    /// # Errors
    ///
    /// If it is no regular file, is too long or cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, Reason> {
        read_regular(&self.0, LONGEST).map_err(|error| {
            let inner = error.get_ref();
            match inner.and_then(|inner| inner.downcast_ref::<FileRefusal>()) {
                Some(FileRefusal::TooLong { .. }) => Reason::TooLong("hold a token"),
                _ => error.into(),
            }
        })
    }

    /// It is not there yet, or is empty.
    #[must_use]
    pub fn is_vacant(&self) -> bool {
        match self.0.symlink_metadata() {
            Err(_) => true,
            Ok(metadata) => metadata.is_file() && metadata.len() == 0,
        }
    }

    /// This is wrong with it.
    #[must_use]
    pub fn wrong(&self, why: impl Into<Reason>) -> DestinationError {
        DestinationError::new(self.0.display().to_string(), why)
    }
}

/// The value as it may be written where only its bytes are: on one line, and as Vault sent it.
///
/// # Errors
///
/// If it has characters that would not come out as they went in.
pub fn plain(token: &IssuedToken) -> Result<&str, Reason> {
    match token.value().is_plain() {
        true => Ok(token.value().expose()),
        false => Err(Reason::OddValue),
    }
}

/// A file that holds the value alone.
#[derive(Debug, Clone)]
struct ValueFile(TargetFile);

pub(super) fn open(text: &str) -> Result<Box<dyn Destination>, InvalidReason> {
    Ok(at(TargetFile::parse(text)?))
}

pub(super) fn at(target: TargetFile) -> Box<dyn Destination> {
    Box::new(ValueFile(target))
}

struct ReservedValueFile(ReservedFile);

impl Destination for ValueFile {
    fn check<'a>(
        &'a self,
        round: &'a Round,
    ) -> BoxFuture<'a, Result<Option<Identity>, DestinationError>> {
        let (target, round) = (self.0.clone(), round.clone());
        blocking(move || ReservedFile::check(target.path(), &round).map(Some))
    }

    fn reserve(&self) -> BoxFuture<'_, Result<Box<dyn Reserved>, DestinationError>> {
        let target = self.0.clone();
        blocking(move || {
            let file = ReservedFile::reserve(target.path(), 0)?;
            Ok(Box::new(ReservedValueFile(file)) as Box<dyn Reserved>)
        })
    }

    fn read(&self) -> BoxFuture<'_, Result<Option<AccessToken>, DestinationError>> {
        let target = self.0.clone();
        blocking(move || {
            let read = || {
                // What the conversion says of the text is not for people.
                let text = String::from_utf8(target.read()?).map_err(|_| Reason::NotUtf8)?;
                match text.is_empty() {
                    true => Ok(None),
                    false => token_of(&text).map(Some),
                }
            };
            read().map_err(|why: Reason| target.wrong(why))
        })
    }

    fn holds<'a>(&'a self, value: &'a AccessToken) -> BoxFuture<'a, Option<bool>> {
        let (target, value) = (self.0.clone(), value.clone());
        blocking(move || {
            let content = target.read();
            Some(content.is_ok_and(|content| content == value.expose().as_bytes()))
        })
    }

    fn is_vacant(&self) -> BoxFuture<'_, bool> {
        let target = self.0.clone();
        blocking(move || target.is_vacant())
    }

    fn for_record(&self) -> Option<String> {
        Some(self.0.absolute().display().to_string())
    }

    fn resolved(&self) -> Option<String> {
        Some(self.0.resolved().display().to_string())
    }

    fn file(&self) -> Option<PathBuf> {
        Some(self.0.path().to_owned())
    }
}

impl Reserved for ReservedValueFile {
    fn commit<'a>(
        mut self: Box<Self>,
        token: &'a IssuedToken,
        _: &'a Report,
    ) -> BoxFuture<'a, Result<(), DestinationError>> {
        let token = token.clone();
        blocking(move || {
            let committed = plain(&token).and_then(|value| self.0.commit(value.as_bytes()));
            committed.map_err(|why| self.0.wrong(why))
        })
    }

    fn identity(&self) -> Option<Identity> {
        Some(self.0.identity())
    }
}
