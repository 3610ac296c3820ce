//! Programs on Unix: process groups, permissions, pipes.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};

use rustix::fs::{Access, access};
use rustix::process::{Pid, Signal, kill_process_group};

pub(super) fn in_its_own_group(command: &mut Command) {
    command.process_group(0);
}

pub(super) fn kill_group(child: &Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It need not lead a group of its own.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

pub(super) fn is_runnable(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

/// Whether all that was written into the pipe was read.
pub(crate) fn is_empty(pipe: &io::PipeReader) -> io::Result<bool> {
    Ok(rustix::io::ioctl_fionread(pipe)? == 0)
}
