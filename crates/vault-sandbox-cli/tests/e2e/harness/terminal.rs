//! The program on a terminal of its own.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::Run;

const WATCHDOG: Duration = Duration::from_secs(60);

/// What a person sees: stdout and stderr as they come.
pub(crate) struct Seen {
    pub(crate) code: i32,
    pub(crate) text: String,
    /// As the terminal gets it.
    pub(crate) bytes: Vec<u8>,
}

/// A run that has not ended yet.
pub(crate) struct OnTerminal {
    child: Child,
    ours: File,
    seen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Run {
    /// Runs it with a terminal of this width as stdin, stdout and stderr.
    pub(crate) fn in_terminal(self, columns: u16) -> Seen {
        self.on_terminal(columns).end()
    }

    /// The same, to be spoken to.
    pub(crate) fn on_terminal(self, columns: u16) -> OnTerminal {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs: OwnedFd = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let size = Winsize {
            ws_row: 40,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&theirs, size).unwrap();
        let mut command = self.command();
        command
            .stdin(theirs.try_clone().unwrap())
            .stdout(theirs.try_clone().unwrap())
            .stderr(theirs);
        let child = command.spawn().expect("the program starts");
        // It holds the other side too, and the end is only seen when nobody does.
        drop(command);
        let ours = File::from(ours);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (mut from, to) = (ours.try_clone().unwrap(), Arc::clone(&seen));
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of a terminal is an error.
            while let Ok(n @ 1..) = from.read(&mut bytes) {
                to.lock().unwrap().extend(&bytes[..n]);
            }
        });
        OnTerminal {
            child,
            ours,
            seen,
            reader,
        }
    }
}

impl OnTerminal {
    /// Waits until this is on the terminal.
    pub(crate) fn wait_for(&self, words: &str) {
        let end = Instant::now() + WATCHDOG;
        while !self.so_far().contains(words) {
            assert!(
                Instant::now() < end,
                "{words:?} never came: {}",
                self.so_far()
            );
            std::thread::sleep(Duration::from_millis(4));
        }
    }

    pub(crate) fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    pub(crate) fn type_in(&mut self, keys: &str) {
        self.ours.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, signal);
    }

    pub(crate) fn end(mut self) -> Seen {
        let end = Instant::now() + WATCHDOG;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > end {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(4));
        };
        self.reader.join().unwrap();
        let bytes = self.seen.lock().unwrap().clone();
        Seen {
            code: status.code().expect("it ends by itself"),
            text: String::from_utf8(bytes.clone()).unwrap().replace('\r', ""),
            bytes,
        }
    }
}

impl Seen {
    /// Without colours.
    pub(crate) fn bare(&self) -> String {
        let mut bare = String::new();
        let mut rest = self.text.as_str();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            bare.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        bare + rest
    }
}
