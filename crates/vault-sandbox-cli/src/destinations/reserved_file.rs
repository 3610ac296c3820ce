//! Files of this program's own that are replaced as a whole, in its words.

use std::io;
use std::path::Path;

use vault_sandbox_issuer::destinations;

use super::problems::{problem, words};
use crate::problem::Problem;

pub(crate) use destinations::sweep;

/// A file that is ready to take its content.
pub(crate) struct ReservedFile(destinations::ReservedFile);

impl ReservedFile {
    /// Checks the target and fills a temporary beside it, with room for `besides` bytes more than a
    /// value.
    pub(crate) fn reserve(path: &Path, besides: usize) -> Result<Self, Problem> {
        let file = destinations::ReservedFile::reserve(path, besides);
        file.map(Self).map_err(|error| problem(&error))
    }

    /// Makes the file hold exactly this, and puts it in its place.
    pub(crate) fn commit(&mut self, content: &[u8]) -> io::Result<()> {
        let committed = self.0.commit(content);
        committed.map_err(|why| io::Error::other(words(&why)))
    }
}
