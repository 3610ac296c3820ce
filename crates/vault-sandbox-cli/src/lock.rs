//! Files that one process at a time writes to.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

const POLL: Duration = Duration::from_millis(5);

/// Locks the file, waiting so long at most. `false`: somebody else holds it.
pub(crate) fn within(file: &File, limit: Duration) -> io::Result<bool> {
    let end = Instant::now() + limit;
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::AGAIN) if Instant::now() < end => std::thread::sleep(POLL),
            Err(Errno::AGAIN) => return Ok(false),
            done => return done.map(|()| true).map_err(Into::into),
        }
    }
}
