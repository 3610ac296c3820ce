//! Programs that are run for us: found, bounded, and never told our secrets.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::fs::{Access, access};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::voice::Voice;

const LONGEST_OUTPUT: u64 = 64 * 1024;
const POLL: Duration = Duration::from_millis(10);

/// Ends with the child, or ends the child. `None`: it had to be killed.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(POLL);
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It need not lead a group of its own.
        let _ = kill_process_group(group, Signal::KILL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// Collects what it writes while it runs, so that it never waits for a reader.
pub(crate) fn listen(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(mut pipe) = pipe {
        std::thread::spawn(move || {
            let mut said = Vec::new();
            let _ = pipe.by_ref().take(LONGEST_OUTPUT).read_to_end(&mut said);
            let _ = sender.send(said);
            let _ = io::copy(&mut pipe, &mut io::sink());
        });
    }
    receiver
}

/// What it said on stderr, scrubbed.
pub(crate) fn show(said: &mpsc::Receiver<Vec<u8>>, voice: &Voice) {
    // Something it started may still hold its stderr: not waited for.
    let Ok(said) = said.recv_timeout(Duration::from_millis(200)) else {
        return;
    };
    for line in voice.scrub(&String::from_utf8_lossy(&said)).lines() {
        voice.say(&format!("  {}", vault_sandbox_core::redact::escape(line)));
    }
}

/// A child is told what it is given, and nothing else of ours.
pub(crate) fn without_our_secrets(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if is_secret(&name) {
            command.env_remove(name);
        }
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

/// The program of this name that one may run: by path, or in an absolute directory of PATH.
pub(crate) fn resolve(name: &str) -> Option<PathBuf> {
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
