//! The value on stdout, for `$(…)` and pipes.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::io::Errno;

use vault_sandbox_core::AccessToken;
use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_issuer::destinations::{
    BoxFuture, Destination, DestinationError, Reason, Report, Reserved, plain,
};

use crate::problem::Problem;
use crate::report::ResultObject;

/// The value, or the result object with it where the result goes to stdout.
struct Stdout;

/// What is written to stdout would be lost.
#[derive(Debug)]
pub(super) struct Swallowed(&'static str);

impl fmt::Display for Swallowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stdout {}", self.0)
    }
}

impl std::error::Error for Swallowed {}

pub(super) fn open() -> Box<dyn Destination> {
    Box::new(Stdout)
}

impl Destination for Stdout {
    /// Refuses a stdout that would swallow the value: closed or `/dev/null` (which a closed one
    /// becomes before a program starts), not open for writing, or a pipe that nobody reads.
    fn reserve(&self) -> BoxFuture<'_, Result<Box<dyn Reserved>, DestinationError>> {
        Box::pin(async {
            match swallows(io::stdout()) {
                None => Ok(Box::new(Self) as Box<dyn Reserved>),
                Some(why) => Err(wrong(Reason::other(Swallowed(why)))),
            }
        })
    }

    /// What was read from there is gone: nobody can tell.
    fn holds<'a>(&'a self, _: &'a AccessToken) -> BoxFuture<'a, Option<bool>> {
        Box::pin(async { None })
    }
}

impl Reserved for Stdout {
    /// Not on a thread beside: what is said and what is shown on a terminal comes from one thread.
    fn commit<'a>(
        self: Box<Self>,
        token: &'a IssuedToken,
        report: &'a Report,
    ) -> BoxFuture<'a, Result<(), DestinationError>> {
        Box::pin(async move {
            let bytes = match ResultObject::goes_to_stdout(report) {
                true => ResultObject::line(report),
                false => plain(token).map(|value| format!("{value}\n").into_bytes()),
            };
            let written = bytes.and_then(|bytes| write(&bytes).map_err(Reason::from));
            written.map_err(wrong)
        })
    }
}

fn wrong(why: Reason) -> DestinationError {
    DestinationError::new("-", why)
}

/// Why nobody would ever see what is written there.
pub(crate) fn swallows(stream: impl AsFd) -> Option<&'static str> {
    let Ok(flags) = fcntl_getfl(&stream) else {
        return Some("is closed");
    };
    if !flags.intersects(OFlags::WRONLY | OFlags::RDWR) {
        return Some("is not open for writing");
    }
    let Ok(stat) = fstat(&stream) else {
        return Some("is closed");
    };
    let null = std::fs::metadata("/dev/null").ok();
    let is_null =
        null.is_some_and(|null| null.file_type().is_char_device() && null.rdev() == stat.st_rdev);
    if FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && is_null {
        return Some("is /dev/null, or was closed");
    }
    let mut polled = [PollFd::new(&stream, PollFlags::OUT)];
    let at_once = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let has_gone = poll(&mut polled, Some(&at_once)).is_ok()
        && polled[0]
            .revents()
            .intersects(PollFlags::ERR | PollFlags::NVAL);
    has_gone.then_some("is a pipe that nobody reads")
}

/// Shows what can be had again: a reader that has seen enough (`| head`) is no mistake.
pub(crate) fn show(text: &[u8]) -> Result<(), Problem> {
    match write(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Problem::destination(
            format!("stdout cannot be written: {error}."),
        )),
        _ => Ok(()),
    }
}

/// Writes all of it, however slowly it is taken, and has a file keep it.
///
/// Not `println!`: that panics where the reader has gone, and buffers.
pub(crate) fn write(bytes: &[u8]) -> io::Result<()> {
    let stdout = io::stdout();
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::io::write(&stdout, rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => rest = &rest[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                // Somebody made it non-blocking, and it is full: wait until it takes more.
                let _ = poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let is_file = fstat(&stdout)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
    if is_file {
        rustix::fs::fsync(stdout.as_fd()).map_err(io::Error::from)
    } else {
        Ok(())
    }
}
