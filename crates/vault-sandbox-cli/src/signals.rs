//! Ctrl-C, SIGTERM and SIGHUP: before the request they stop, during it they wait, after it they
//! come too late. None of them kills the process while it holds a value.

use std::future::Future;
use std::io;
use std::task::{Context, Poll};

use tokio::signal::unix::{Signal, SignalKind, signal};
use vault_sandbox_issuer::stop::{Stop, StopRequest, StopSource};

use crate::exit::Exit;
use crate::problem::Problem;

/// The signals that ask the program to end.
pub(crate) struct Signals(Stop);

/// Which of them came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked(StopRequest);

impl Asked {
    pub(crate) fn is_interrupt(self) -> bool {
        self.0 == StopRequest::Interrupt
    }

    pub(crate) fn exit(self) -> Exit {
        match self.0 {
            StopRequest::Interrupt => Exit::Interrupted,
            StopRequest::Terminate => Exit::Terminated,
        }
    }

    pub(crate) fn problem(self) -> Problem {
        let what = match self.0 {
            StopRequest::Interrupt => "Interrupted.",
            StopRequest::Terminate => "Terminated.",
        };
        Problem::new(self.exit(), what)
    }
}

impl From<StopRequest> for Asked {
    fn from(request: StopRequest) -> Self {
        Self(request)
    }
}

impl Signals {
    /// From now on the signals are ours.
    pub(crate) fn take() -> Result<Self, Problem> {
        let source = UnixSignals::listen().map_err(|e| cannot(&e))?;
        Ok(Self(Stop::from_source(source)))
    }

    /// For something else that goes on at the same time: each hears of every signal.
    pub(crate) fn another(&self) -> Result<Self, Problem> {
        self.0.another().map(Self).map_err(|e| cannot(&e))
    }

    /// As the library hears of them.
    pub(crate) fn into_stop(self) -> Stop {
        self.0
    }

    /// Waits for one.
    pub(crate) async fn asked(&mut self) -> Asked {
        Asked(self.0.asked().await)
    }

    /// Runs what may be stopped at any moment.
    pub(crate) async fn stopping<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Asked> {
        self.0.stopping(work).await.map_err(Asked)
    }
}

struct UnixSignals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl UnixSignals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

impl StopSource for UnixSignals {
    fn poll_asked(&mut self, context: &mut Context<'_>) -> Poll<StopRequest> {
        if self.interrupt.poll_recv(context).is_ready() {
            return Poll::Ready(StopRequest::Interrupt);
        }
        let terminated = self.terminate.poll_recv(context).is_ready();
        if terminated || self.hang_up.poll_recv(context).is_ready() {
            return Poll::Ready(StopRequest::Terminate);
        }
        Poll::Pending
    }

    fn another(&self) -> io::Result<Box<dyn StopSource>> {
        Ok(Box::new(Self::listen()?))
    }
}

fn cannot(error: &io::Error) -> Problem {
    Problem::new(
        Exit::Internal,
        format!("Signals cannot be handled: {error}."),
    )
}
