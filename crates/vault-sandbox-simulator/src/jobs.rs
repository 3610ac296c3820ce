//! Work that Vault does in the background: building and refreshing sandboxes.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    SandboxStatus, Switches,
    world::{At, Kind, Vault, Who, World},
};

/// Time between two looks at a job. Source: Job Status in Vault's reference.
pub(crate) const POLL_INTERVAL: TimeDelta = TimeDelta::seconds(10);
/// How long a job waits for its turn.
const QUEUE: TimeDelta = TimeDelta::seconds(2);

pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) sandbox: At,
    pub(crate) asked_by: Who,
    pub(crate) created: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    /// When its status was last told.
    pub(crate) told: Option<DateTime<Utc>>,
    /// Whether its sandbox has been made active, or given another status by hand.
    pub(crate) is_settled: bool,
}

impl Job {
    /// When it began, if it has.
    pub(crate) fn start(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let start = self.end.min(self.created + QUEUE);
        (start <= now).then_some(start)
    }

    pub(crate) fn status(&self, now: DateTime<Utc>) -> &'static str {
        match self.start(now) {
            _ if self.end <= now => "SUCCESS",
            Some(_) => "RUNNING",
            None => "QUEUED",
        }
    }
}

impl World {
    /// Starts building what stands `at`.
    pub(crate) fn start_job(&mut self, sandbox: At, asked_by: Who) -> u64 {
        const FIRST_JOB: u64 = 70_701;
        let now = self.now();
        let time = TimeDelta::from_std(self.switches.build_time).unwrap_or(TimeDelta::MAX);
        let end = now
            .checked_add_signed(time)
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        let id = FIRST_JOB + self.jobs.len() as u64;
        self.jobs.push(Job {
            id,
            sandbox,
            asked_by,
            created: now,
            end,
            told: None,
            is_settled: false,
        });
        let vault = self.vault_mut(sandbox);
        vault.built = Some(now);
        vault.set_status(SandboxStatus::Building);
        id
    }

    /// What has been built by now can be used.
    pub(crate) fn settle_jobs(&mut self) {
        let now = self.now();
        let Self { jobs, vaults, .. } = self;
        for job in jobs
            .iter_mut()
            .filter(|job| !job.is_settled && job.end <= now)
        {
            job.is_settled = true;
            vaults[job.sandbox.0].set_status(SandboxStatus::Active);
        }
    }
}

impl Vault {
    pub(crate) fn set_status(&mut self, status: SandboxStatus) {
        if let Kind::Sandbox(sandbox) = &mut self.kind {
            sandbox.status = status;
        }
    }
}

/// From when on a sandbox can be refreshed, if it has been built or refreshed here.
pub(crate) fn refresh_available(vault: &Vault, switches: &Switches) -> Option<DateTime<Utc>> {
    let interval = TimeDelta::from_std(switches.refresh_interval).unwrap_or(TimeDelta::MAX);
    let built = vault.built?;
    Some(
        built
            .checked_add_signed(interval)
            .unwrap_or(DateTime::<Utc>::MAX_UTC),
    )
}
