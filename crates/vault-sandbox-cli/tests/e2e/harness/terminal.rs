//! The program on a terminal of its own.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
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
}

impl Run {
    /// Runs it with a terminal of this width as stdin, stdout and stderr.
    pub(crate) fn in_terminal(self, columns: u16) -> Seen {
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
        let mut child = command.spawn().expect("the program starts");
        // It holds the other side too, and the end is only seen when nobody does.
        drop(command);
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // The end of a terminal is an error.
            let _ = File::from(ours).read_to_end(&mut bytes);
            bytes
        });
        let end = Instant::now() + WATCHDOG;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > end {
                let _ = child.kill();
            }
            std::thread::sleep(Duration::from_millis(4));
        };
        let bytes = reader.join().unwrap();
        Seen {
            code: status.code().expect("it ends by itself"),
            text: String::from_utf8(bytes).unwrap().replace('\r', ""),
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
