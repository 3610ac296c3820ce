//! Ctrl-C, SIGTERM and SIGHUP: before the request they stop, during it they wait, after it they
//! come too late. None of them kills the process while it holds a value.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use crate::exit::Exit;
use crate::problem::Problem;
use crate::voice::Voice;

/// How long an answer is still waited for after a signal.
const PATIENCE_INTERRUPT: Duration = Duration::from_secs(30);
const PATIENCE_TERMINATE: Duration = Duration::from_secs(5);

/// The signals that ask the program to end.
pub(crate) struct Signals {
    /// What several are waiting for is said once.
    is_said: Rc<Cell<bool>>,
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

/// Which of them came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Interrupt,
    Terminate,
}

impl Asked {
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Interrupted,
            Self::Terminate => Exit::Terminated,
        }
    }

    pub(crate) fn problem(self) -> Problem {
        let what = match self {
            Self::Interrupt => "Interrupted.",
            Self::Terminate => "Terminated.",
        };
        Problem::new(self.exit(), what)
    }
}

impl Signals {
    /// From now on the signals are ours.
    pub(crate) fn take() -> Result<Self, Problem> {
        Self::with(Rc::default())
    }

    /// For something else that goes on at the same time: each hears of every signal.
    pub(crate) fn another(&self) -> Result<Self, Problem> {
        Self::with(Rc::clone(&self.is_said))
    }

    fn with(is_said: Rc<Cell<bool>>) -> Result<Self, Problem> {
        let listen = |kind| {
            signal(kind).map_err(|e| {
                Problem::new(Exit::Internal, format!("Signals cannot be handled: {e}."))
            })
        };
        Ok(Self {
            is_said,
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for one.
    pub(crate) async fn asked(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
            _ = self.hang_up.recv() => Asked::Terminate,
        }
    }

    /// Runs what may be stopped at any moment.
    pub(crate) async fn stopping<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Asked> {
        tokio::select! {
            // A signal that came with the answer still stops: nothing was asked yet.
            biased;
            asked = self.asked() => Err(asked),
            done = work => Ok(done),
        }
    }

    /// Runs what must not be stopped lightly. `None`: it was given up, and its fate is unknown.
    pub(crate) async fn insisting<T>(
        &mut self,
        work: impl Future<Output = T>,
        voice: &Voice,
    ) -> Option<T> {
        let mut work = pin!(work);
        let mut deadline: Option<Instant> = None;
        loop {
            let patience = deadline.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            tokio::select! {
                // An answer that is there counts, whatever else is.
                biased;
                done = &mut work => return Some(done),
                () = sleep_until(patience), if deadline.is_some() => return None,
                asked = self.asked() => match (asked, deadline) {
                    (Asked::Interrupt, Some(_)) => return None,
                    (Asked::Interrupt, None) => {
                        if !self.is_said.replace(true) {
                            voice.problem(&"A token may be being created. Waiting for Vault's answer for at most 30 s; Ctrl-C again gives up without knowing.");
                        }
                        deadline = Some(Instant::now() + PATIENCE_INTERRUPT);
                    }
                    (Asked::Terminate, _) => {
                        let latest = Instant::now() + PATIENCE_TERMINATE;
                        deadline = Some(deadline.map_or(latest, |earlier| earlier.min(latest)));
                    }
                },
            }
        }
    }
}
