//! The value on the standard input of a program, and nowhere else.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::fs::{Access, access};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::problem::Problem;
use crate::voice::Voice;

const LIMIT: Duration = Duration::from_secs(60);
/// Writing into a pipe that somebody reads, or that has room, takes no time.
const WRITING: Duration = Duration::from_secs(5);
const LONGEST_STDERR: u64 = 64 * 1024;
const POLL: Duration = Duration::from_millis(10);

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
        let path = resolve(name).ok_or_else(|| {
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
        for (name, _) in std::env::vars_os() {
            if is_secret(&name) {
                command.env_remove(name);
            }
        }
        let mut child = command.spawn()?;
        // The command holds a copy of the reading end: gone, or the child would never be alone with it.
        drop(command);
        let said = listen(&mut child);
        let value = value.to_vec();
        let (written, all_written) = mpsc::channel();
        std::thread::spawn(move || {
            // A child that does not read is found by what is left in the pipe.
            let _ = written.send(writer.write_all(&value));
        });
        let status = wait(&mut child);
        show(&said, voice);
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

/// Ends with the child, or ends the child. `None`: it had to be killed.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + LIMIT;
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(POLL);
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    child.wait()?;
    Ok(None)
}

/// Collects its stderr while it runs, so that it never waits for a reader.
fn listen(child: &mut Child) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(mut stderr) = child.stderr.take() {
        std::thread::spawn(move || {
            let mut said = Vec::new();
            let _ = stderr.by_ref().take(LONGEST_STDERR).read_to_end(&mut said);
            let _ = sender.send(said);
            let _ = io::copy(&mut stderr, &mut io::sink());
        });
    }
    receiver
}

fn show(said: &mpsc::Receiver<Vec<u8>>, voice: &Voice) {
    // Something it started may still hold its stderr: not waited for.
    let Ok(said) = said.recv_timeout(Duration::from_millis(200)) else {
        return;
    };
    for line in voice.scrub(&String::from_utf8_lossy(&said)).lines() {
        voice.say(&format!("  {}", vault_sandbox_core::redact::escape(line)));
    }
}

/// What of our environment holds, or names, a credential.
fn is_secret(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    let Some(ours) = name.strip_prefix("VAULT_SANDBOX_") else {
        return false;
    };
    [
        "SESSION_ID",
        "TOKEN",
        "PASSWORD",
        "OAUTH_TOKEN",
        "SANDBOX_TOKEN",
    ]
    .iter()
    .any(|secret| ours.starts_with(secret))
}

fn resolve(name: &str) -> Option<PathBuf> {
    let runnable = |path: &Path| path.is_file() && access(path, Access::EXEC_OK).is_ok();
    if name.as_bytes().contains(&b'/') {
        let path = std::path::absolute(name).ok()?;
        return runnable(&path).then_some(path);
    }
    let directories = std::env::var_os("PATH")?;
    std::env::split_paths(&directories)
        // An empty or relative entry means whatever directory one happens to be in.
        .filter(|directory| directory.is_absolute() && !directory.as_os_str().as_bytes().is_empty())
        .map(|directory| directory.join(name))
        .find(|path| runnable(path))
}
