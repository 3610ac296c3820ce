//! One run of the program: clean environment, everything captured, never for ever.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Schema;

/// Nothing here takes as long; what does hangs.
const WATCHDOG: Duration = Duration::from_secs(100);

pub(crate) struct Run {
    directory: PathBuf,
    args: Vec<OsString>,
    env: Vec<(String, Option<OsString>)>,
    stdin: Option<Vec<u8>>,
    stdout: Option<Stdio>,
    shell: Option<String>,
    program: OsString,
    timeout: Option<&'static str>,
}

/// What came of it.
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) is_json: bool,
    masks: Option<&'static str>,
}

/// A run that has not ended yet.
pub(crate) struct Running {
    pub(crate) child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    is_json: bool,
    masks: Option<&'static str>,
}

/// CI systems whose log is told on stderr what to hide: the variable, and how such a line begins.
const MASKS: [(&str, &str); 2] = [
    ("GITHUB_ACTIONS", "::add-mask::"),
    ("TF_BUILD", "##vso[task.setsecret]"),
];

impl Run {
    pub(crate) fn new(directory: PathBuf, args: &[&str]) -> Self {
        Self {
            directory,
            args: args.iter().map(OsString::from).collect(),
            env: Vec::new(),
            stdin: None,
            stdout: None,
            shell: None,
            program: env!("CARGO_BIN_EXE_vault-sandbox").into(),
            timeout: Some("25s"),
        }
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env
            .push((name.to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.env.push((name.to_owned(), None));
        self
    }

    pub(crate) fn stdin(mut self, bytes: &[u8]) -> Self {
        self.stdin = Some(bytes.to_vec());
        self
    }

    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = Some(stdout.into());
        self
    }

    /// A script that starts the program as `"$0" "$@"`.
    pub(crate) fn shell(mut self, script: &str) -> Self {
        self.shell = Some(script.to_owned());
        self
    }

    /// Another build of the program.
    pub(crate) fn program(mut self, program: impl AsRef<OsStr>) -> Self {
        self.program = program.as_ref().to_owned();
        self
    }

    /// Waits two seconds for an answer.
    pub(crate) fn hastily(mut self) -> Self {
        self.timeout = Some("2s");
        self
    }

    /// The arguments as they are.
    pub(crate) fn without_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// What is run, but not from where it reads and to where it writes.
    pub(super) fn command(&self) -> Command {
        let program = &self.program;
        let mut command = match &self.shell {
            Some(script) => {
                let mut command = Command::new("/bin/sh");
                command.arg("-c").arg(script).arg(program);
                command
            }
            None => Command::new(program),
        };
        command
            .env_clear()
            .current_dir(&self.directory)
            .args(&self.args);
        if let Some(timeout) = self.timeout {
            command.args(["--timeout", timeout]);
        }
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    pub(crate) fn start(self) -> Running {
        let mut command = self.command();
        command.stdin(match self.stdin {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        });
        command.stdout(self.stdout.unwrap_or_else(Stdio::piped));
        command.stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        drop(command);
        if let (Some(bytes), Some(mut stdin)) = (self.stdin, child.stdin.take()) {
            // It need not read it.
            let _ = stdin.write_all(&bytes);
        }
        let is_json = (self.args.iter()).any(|arg| arg == "json" || arg == "jsonl");
        let is_set = |name: &str| {
            self.env
                .iter()
                .any(|(n, value)| n == name && value.is_some())
        };
        let masks = MASKS.iter().find(|(name, _)| is_set(name));
        Running {
            masks: masks.map(|(_, begins)| *begins),
            stdout: child.stdout.take().map(collect),
            stderr: child.stderr.take().map(collect),
            child,
            is_json,
        }
    }

    pub(crate) fn go(self) -> Ran {
        self.start().end()
    }
}

impl Running {
    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let _ = rustix::process::kill_process(self.pid(), signal);
    }

    pub(crate) fn end(mut self) -> Ran {
        let end = Instant::now() + WATCHDOG;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > end {
                let _ = self.child.kill();
                let stderr = self
                    .stderr
                    .take()
                    .map(|t| t.join().unwrap())
                    .unwrap_or_default();
                panic!("it hangs; so far: {}", String::from_utf8_lossy(&stderr));
            }
            thread::sleep(Duration::from_millis(4));
        };
        let text = |thread: Option<JoinHandle<Vec<u8>>>| {
            thread.map(|t| t.join().unwrap()).unwrap_or_default()
        };
        Ran {
            status,
            stdout: text(self.stdout),
            stderr: text(self.stderr),
            is_json: self.is_json,
            masks: self.masks,
        }
    }
}

impl Ran {
    /// What is said, without the lines that a CI system's runner takes out of it. Nothing else may
    /// hold a value.
    pub(crate) fn stderr_in_the_log(&self) -> Vec<u8> {
        let Some(masks) = self.masks else {
            return self.stderr.clone();
        };
        let lines = self.stderr.split_inclusive(|b| *b == b'\n');
        lines
            .filter(|line| !line.starts_with(masks.as_bytes()))
            .flatten()
            .copied()
            .collect()
    }

    /// The exit code; a signal as a shell shows it.
    pub(crate) fn code(&self) -> i32 {
        let signal = || self.status.signal().map(|signal| 128 + signal);
        self.status.code().or_else(signal).unwrap()
    }

    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    pub(crate) fn printed(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The one object on stdout, which is as documented.
    pub(crate) fn json(&self) -> serde_json::Value {
        let mut objects = self.jsonl();
        let text = self.printed();
        assert_eq!(
            objects.len(),
            1,
            "one object on stdout: {text:?} {}",
            self.said()
        );
        objects.remove(0)
    }

    /// The objects on stdout, one a line, all of them as documented.
    pub(crate) fn jsonl(&self) -> Vec<serde_json::Value> {
        let text = self.printed();
        let object = |line: &str| {
            let object: serde_json::Value =
                serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            let schema = Schema::named(object["schema"].as_str().unwrap());
            schema.check(&object).unwrap_or_else(|e| panic!("{e}"));
            object
        };
        text.lines().map(object).collect()
    }
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}
