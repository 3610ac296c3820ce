//! Files that take a value, where nothing is known yet of how to do that safely: all are refused.

use std::path::Path;

use super::{DestinationError, Identity, Reason, Round};

/// A file that is ready to take its content.
#[derive(Debug)]
pub struct ReservedFile(std::convert::Infallible);

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(std::convert::Infallible);

/// Whose a file is, and what they may do with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ownership;

impl Ownership {
    pub(super) fn is_foreign(self) -> bool {
        false
    }
}

pub(super) type Present = (Option<Vec<u8>>, Ownership);

impl ReservedFile {
    /// Refuses it.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn reserve(path: &Path, _: usize) -> Result<Self, DestinationError> {
        Err(DestinationError::new(
            path.display().to_string(),
            Reason::Unsupported,
        ))
    }

    /// Refuses it.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn check(path: &Path, _: &Round) -> Result<Identity, DestinationError> {
        Self::reserve(path, 0).map(|file| file.identity())
    }

    /// Makes the file hold exactly this.
    ///
    /// # Errors
    ///
    /// None: there is no such file.
    pub fn commit(&mut self, _: &[u8]) -> Result<(), Reason> {
        match self.0 {}
    }

    pub(super) fn replace(&mut self, _: &[u8], _: Option<Ownership>) -> Result<(), Reason> {
        match self.0 {}
    }

    pub(super) fn give(&self, _: Ownership) -> Result<(), Reason> {
        match self.0 {}
    }

    pub(super) fn present(&self, _: u64) -> Result<Option<Present>, Reason> {
        match self.0 {}
    }

    pub(super) fn lock(&self) -> Result<Lock, Reason> {
        match self.0 {}
    }

    /// This is wrong with it.
    pub fn wrong(&self, _: impl Into<Reason>) -> DestinationError {
        match self.0 {}
    }

    /// Which file it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        match self.0 {}
    }
}

pub(super) fn prepare(_: &Path) -> Result<ReservedFile, Reason> {
    Err(Reason::Unsupported)
}

pub(super) fn present(_: &Path, _: u64) -> Result<Option<Present>, Reason> {
    Err(Reason::Unsupported)
}

/// Nothing was left by any.
pub fn sweep<'a>(_: impl IntoIterator<Item = &'a Path>) {}
