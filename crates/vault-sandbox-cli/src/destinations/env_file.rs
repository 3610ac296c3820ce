//! The value as one line of a file of variables, `VAR=value`; every other byte stays as it is.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::env_text;
use super::reserved_file::{Identity, ReservedFile, Tried};
use crate::problem::Problem;

/// No file of variables is longer; what is, is some other file.
const MAX_LENGTH: u64 = 1024 * 1024;

/// A file and the variable in it, ready to be set.
pub(crate) struct EnvFile {
    path: PathBuf,
    variable: String,
    file: ReservedFile,
}

impl EnvFile {
    pub(crate) fn reserve(path: &Path, variable: &str) -> Result<Self, Problem> {
        let length =
            std::fs::symlink_metadata(path).map_or(0, |metadata| metadata.len().min(MAX_LENGTH));
        // Before it is read: this refuses what is no regular file, and reading a fifo would not end.
        let file = ReservedFile::reserve(path, usize::try_from(length).unwrap_or(0))?;
        check_content(path, variable)?;
        Ok(Self {
            path: path.to_owned(),
            variable: variable.to_owned(),
            file,
        })
    }

    /// As [`reserve`](Self::reserve), but nothing is reserved yet.
    pub(crate) fn check(
        path: &Path,
        variable: &str,
        tried: &mut Tried,
    ) -> Result<Identity, Problem> {
        let identity = ReservedFile::check(path, tried)?;
        check_content(path, variable)?;
        Ok(identity)
    }

    /// Sets the variable in the file as it is now, which may not be as it was when it was checked.
    pub(crate) fn commit(&mut self, value: &str) -> io::Result<()> {
        let content = env_text::with_variable(&read(&self.path)?, &self.variable, value)
            .map_err(io::Error::other)?;
        self.file.commit(&content)
    }

    pub(crate) fn file(&self) -> &ReservedFile {
        &self.file
    }
}

/// The variable can be set in what is there.
fn check_content(path: &Path, variable: &str) -> Result<(), Problem> {
    let refused = |why: String| Problem::destination(format!("{}: {why}.", path.display()));
    let present = read(path).map_err(|e| refused(e.to_string()))?;
    env_text::check(&present, variable).map_err(|why| refused(why.to_owned()))
}

/// Whether the file has the variable set to this value.
pub(crate) fn holds(path: &Path, variable: &str, value: &str) -> bool {
    read(path).is_ok_and(|content| env_text::holds(&content, variable, value))
}

/// Whether the file says nothing of the variable.
pub(crate) fn lacks(path: &Path, variable: &str) -> bool {
    read(path).is_ok_and(|content| env_text::lacks(&content, variable))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut content = Vec::new();
    file.take(MAX_LENGTH + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_LENGTH {
        return Err(io::Error::other("it is too long to be a file of variables"));
    }
    Ok(content)
}
