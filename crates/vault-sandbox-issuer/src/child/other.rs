//! Programs where there are no process groups.

use std::io;
use std::path::Path;
use std::process::{Child, Command};

pub(super) fn in_its_own_group(_: &mut Command) {}

pub(super) fn kill_group(_: &Child) {}

pub(super) fn is_runnable(path: &Path) -> bool {
    path.is_file()
}

/// What is left in a pipe cannot be asked here, so its having been written has to do.
pub(crate) fn is_empty(_: &io::PipeReader) -> io::Result<bool> {
    Ok(true)
}
