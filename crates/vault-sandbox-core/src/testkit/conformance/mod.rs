mod cases;
mod contract;
mod heard;
mod report;
mod run;
mod scene;
mod server;
mod waiting;

use std::time::Duration;

use run::{Blocking, Sender, WithFutures, play};
use scene::Limits;
use waiting::block_on;

pub use report::{Finding, Report};

use crate::transport::{BlockingHttpTransport, HttpTransport};

/// The conformance suite: whether a transport keeps the contract of [`HttpTransport`].
///
/// Set your transport up with a short time and a small body for the suite, tell it both, and run it:
///
/// ```no_run
/// # use std::time::Duration;
/// # use vault_sandbox_core::testkit::{Conformance, NeverAnswers};
/// # struct Mine;
/// # impl Mine { fn new(_: Duration, _: usize) -> NeverAnswers { NeverAnswers } }
/// # // Not run: what stands here for your transport would not pass.
/// # async fn conforms() {
/// let (time, body) = (Duration::from_millis(500), 64 * 1024);
/// let transport = Mine::new(time, body);
/// Conformance::new(time, body).run(&transport).await.assert_passed();
/// # }
/// ```
///
/// Without futures, the last line is `Conformance::new(time, body).run_blocking(&transport)…`.
///
/// It takes some five times the time limit, if all is well. Half a second is a good one: far below,
/// a busy machine lets a good transport fail.
///
/// The servers are threads on 127.0.0.1, speak plain http, and misbehave as the case says. Let no
/// proxy stand between. The suite knows no runtime: yours drives it, and while it waits for a server
/// or for time, it gives way.
///
/// # What it cannot see
///
/// Logs; TLS; what happens before a connection is refused or stands (name look-up, a host that
/// swallows packets: it is to end as [`Connect`](crate::TransportErrorKind::Connect)); what a
/// transport does on its own once it has given its result.
///
/// # The cases
///
#[doc = include_str!("cases.md")]
#[derive(Debug, Clone)]
pub struct Conformance {
    limits: Limits,
    only: Option<String>,
}

impl Conformance {
    /// For a transport with these limits: the time of a whole exchange, and the bytes of a body.
    #[must_use]
    pub fn new(timeout: Duration, body_limit: usize) -> Self {
        Self {
            limits: Limits {
                timeout,
                body: body_limit,
                grace: Duration::from_secs(5),
            },
            only: None,
        }
    }

    /// How long the servers wait beyond the time limit before they give a transport up: 5 s. Only
    /// a transport that fails makes use of it.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.limits.grace = grace;
        self
    }

    /// Only the cases whose names have this in them, while you work on one.
    #[must_use]
    pub fn only(mut self, case: impl Into<String>) -> Self {
        self.only = Some(case.into());
        self
    }

    /// Tries a transport with futures. Whatever the futures need (a runtime with I/O and time) has
    /// to be there where this one is awaited.
    pub async fn run<T: HttpTransport>(&self, transport: &T) -> Report {
        self.play_all(&WithFutures(transport), true).await
    }

    /// Tries a transport without futures; what is said of dropped ones is left out.
    pub fn run_blocking<T: BlockingHttpTransport>(&self, transport: &T) -> Report {
        block_on(self.play_all(&Blocking(transport), false))
    }

    async fn play_all(&self, sender: &impl Sender, can_drop: bool) -> Report {
        let mut findings = Vec::new();
        let mut seen = Vec::new();
        for scene in cases::all() {
            let wanted = |case: &str| self.only.as_ref().is_none_or(|only| case.contains(only));
            if (scene.drops && !can_drop) || !scene.checks.iter().any(|c| wanted(c.case)) {
                continue;
            }
            let before = if scene.sees_all { 0 } else { seen.len() };
            let mut broken = None;
            for exchange in (scene.exchanges)(&self.limits) {
                match play(sender, exchange, &self.limits).await {
                    Ok(one) => seen.push(one),
                    Err(error) => broken = Some(error),
                }
            }
            for check in scene.checks.iter().filter(|check| wanted(check.case)) {
                let outcome = match &broken {
                    None => (check.passes)(&seen[before..], &self.limits),
                    Some(error) => Err(format!("the suite itself has no loopback: {error}")),
                };
                findings.push(Finding::of(check, outcome));
            }
        }
        Report::new(findings)
    }
}
