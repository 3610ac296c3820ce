//! The value on stdout, for `$(…)` and pipes.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use rustix::io::Errno;

use crate::problem::Problem;

/// Refuses a stdout that would swallow the value: closed or `/dev/null` (which a closed one becomes
/// before a program starts), not open for writing, or a pipe that nobody reads.
pub(crate) fn check() -> Result<(), Problem> {
    let lost = |why: &str| {
        Problem::destination(format!("stdout {why}: the token would be lost.")).now(
            "No token was asked for. Name a file with --out PATH, or let something read stdout.",
        )
    };
    let stdout = io::stdout();
    let flags = fcntl_getfl(&stdout).map_err(|_| lost("is closed"))?;
    if !flags.intersects(OFlags::WRONLY | OFlags::RDWR) {
        return Err(lost("is not open for writing"));
    }
    let stat = fstat(&stdout).map_err(|_| lost("is closed"))?;
    let null = std::fs::metadata("/dev/null").ok();
    let is_null =
        null.is_some_and(|null| null.file_type().is_char_device() && null.rdev() == stat.st_rdev);
    if FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && is_null {
        return Err(lost("is /dev/null, or was closed"));
    }
    let mut polled = [PollFd::new(&stdout, PollFlags::OUT)];
    let nobody = match poll(
        &mut polled,
        Some(&rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        }),
    ) {
        Ok(_) => polled[0]
            .revents()
            .intersects(PollFlags::ERR | PollFlags::NVAL),
        Err(_) => false,
    };
    if nobody {
        Err(lost("is a pipe that nobody reads"))
    } else {
        Ok(())
    }
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
