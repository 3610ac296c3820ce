//! Programs that are run: found, bounded, and told no more than they are meant to be.

#[cfg_attr(not(unix), path = "child/other.rs")]
#[cfg_attr(unix, path = "child/unix.rs")]
mod system;

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub(crate) use system::is_empty;

const LONGEST_OUTPUT: u64 = 64 * 1024;
const POLL: Duration = Duration::from_millis(10);

/// Where programs are looked for, and what of this process's environment they do not get.
///
/// ```
/// use vault_sandbox_issuer::child::Programs;
///
/// let programs = Programs::new()
///     .search(["/usr/bin".into(), "/bin".into()])
///     .without(["MY_PASSWORD"]);
/// # #[cfg(unix)]
/// assert!(programs.find("sh").is_some_and(|path| path.is_absolute()));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Programs {
    search: Vec<PathBuf>,
    removed: Vec<OsString>,
}

impl Programs {
    /// Only programs that are named by their path; they get the whole environment.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks for programs without a path in these directories. One that is empty or relative is left
    /// out: it would mean whatever directory one happens to be in.
    #[must_use]
    pub fn search(mut self, directories: impl IntoIterator<Item = PathBuf>) -> Self {
        let directories = directories.into_iter();
        self.search = directories.filter(|one| one.is_absolute()).collect();
        self
    }

    /// Takes these variables from the environment of programs, because they hold secrets of ours.
    #[must_use]
    pub fn without<N: Into<OsString>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.removed.extend(names.into_iter().map(Into::into));
        self
    }

    /// The program of this name that one may run.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        if Path::new(name).components().count() > 1 || name.contains('/') {
            let path = std::path::absolute(name).ok()?;
            return system::is_runnable(&path).then_some(path);
        }
        let paths = self.search.iter().map(|directory| directory.join(name));
        paths.into_iter().find(|path| system::is_runnable(path))
    }

    /// A command that runs this program, without what was [taken out](Self::without).
    #[must_use]
    pub fn command(&self, path: &Path) -> Command {
        let mut command = Command::new(path);
        for name in &self.removed {
            command.env_remove(name);
        }
        command
    }
}

/// Has the child begin a group of its own, so that what it starts can be ended with it.
pub fn in_its_own_group(command: &mut Command) {
    system::in_its_own_group(command);
}

/// Waits for the child, and kills it and its group at the limit. `None`: it had to be killed.
///
/// # Errors
///
/// If it cannot be waited for.
pub fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(POLL);
    }
    system::kill_group(child);
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// Collects what is written to the pipe, up to 64 KiB of it, and reads the rest: the writer never
/// waits for a reader. The output is sent once the pipe is closed or so much was read.
pub fn listen(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
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

/// What was written, as far as it is there: something that the child started may still hold the pipe,
/// and is not waited for.
#[must_use]
pub fn heard(said: &mpsc::Receiver<Vec<u8>>) -> Vec<u8> {
    said.recv_timeout(Duration::from_millis(200))
        .unwrap_or_default()
}
