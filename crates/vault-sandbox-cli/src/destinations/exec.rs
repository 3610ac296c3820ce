//! The value on the standard input of a program, and nowhere else.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::child;
use crate::problem::Problem;
use crate::voice::Voice;

const LIMIT: Duration = Duration::from_secs(60);
/// Writing into a pipe that somebody reads, or that has room, takes no time.
const WRITING: Duration = Duration::from_secs(5);

/// A program that was found, with its arguments.
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<String>,
}

impl Program {
    /// Finds the program: now, so that it cannot be missing later.
    pub(crate) fn find(words: &[String]) -> Result<Self, Problem> {
        let Some((name, arguments)) = words.split_first() else {
            return Err(Problem::usage("--out exec: names no program."));
        };
        let path = child::resolve(name).ok_or_else(|| {
            Problem::destination(format!(
                "exec:{name}: there is no such program that you may run."
            ))
        })?;
        Ok(Self {
            path,
            arguments: arguments.to_vec(),
        })
    }

    /// Runs it and hands it the value. It has done its part if it read all of it and ended with 0.
    pub(crate) fn commit(&self, value: &[u8], voice: &Voice) -> io::Result<()> {
        let (ours, theirs) = io::pipe()?;
        let (reader, mut writer) = (ours, theirs);
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .stdin(reader.try_clone()?)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        // A group of its own, so that what it starts can be ended with it.
        command.process_group(0);
        child::without_our_secrets(&mut command);
        let mut child = command.spawn()?;
        // The command holds a copy of the reading end: gone, or the child would never be alone with it.
        drop(command);
        let said = child::listen(child.stderr.take());
        let value = value.to_vec();
        let (written, all_written) = mpsc::channel();
        std::thread::spawn(move || {
            // A child that does not read is found by what is left in the pipe.
            let _ = written.send(writer.write_all(&value));
        });
        let status = child::wait(&mut child, LIMIT);
        child::show(&said, voice);
        let status =
            status?.ok_or_else(|| io::Error::other("it did not end within 60 s and was killed"))?;
        // It may have ended before the value was in the pipe: an empty pipe alone proves nothing.
        let is_written = matches!(all_written.recv_timeout(WRITING), Ok(Ok(())));
        if !is_written || rustix::io::ioctl_fionread(&reader)? > 0 {
            return Err(io::Error::other("it did not read the value"));
        }
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("it failed: {status}")))
        }
    }
}
