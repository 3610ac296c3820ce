//! The handle of a running simulator.

use std::{
    fmt,
    sync::{Arc, Mutex, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::{
    Builder, Fault, RecordedRequest, SandboxStatus, StartError, Switches, TokenRecord,
    fault::Faults,
    server::{self, Shared, Stage, lock},
    world::{At, Who},
};

/// A running Vault with its sandboxes, on a thread of its own.
///
/// Every method may be called from sync and from async code. Dropping it closes all
/// connections and waits for the thread to end.
pub struct Simulator {
    setup: Arc<Builder>,
    /// The addresses that never change.
    parent_dns: String,
    other_dns: String,
    stage: Shared,
    /// Dropping it stops the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts the sample world on free ports.
    ///
    /// # Errors
    ///
    /// [`StartError`] if ports or a thread cannot be had.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// Options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Address of the parent Vault, `127.0.0.1:PORT`.
    #[must_use]
    pub fn dns(&self) -> &str {
        &self.parent_dns
    }

    /// The parent Vault as a URL: `http://127.0.0.1:PORT`, or `https://…`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.setup.https { "https" } else { "http" };
        format!("{scheme}://{}", self.parent_dns)
    }

    /// The certificate, in PEM, of the authority that [`Builder::https`] made; `None` without
    /// https. Clients have to trust it.
    #[cfg(feature = "https")]
    #[must_use]
    pub fn ca_certificate(&self) -> Option<String> {
        let stage = lock(&self.stage);
        stage.tls.as_ref().map(|tls| tls.authority().to_owned())
    }

    /// Address of a sandbox, whatever its status.
    #[must_use]
    pub fn sandbox_dns(&self, name: &str) -> Option<String> {
        let world = &lock(&self.stage).world;
        let at = world.sandbox_named(name)?;
        Some(world.vault(at).dns.clone())
    }

    /// Address of the other Vault, where signing in lands if
    /// [`sign_in_lands_elsewhere`](Switches::sign_in_lands_elsewhere) says so.
    #[must_use]
    pub fn other_dns(&self) -> &str {
        &self.other_dns
    }

    /// Id of the parent Vault.
    #[must_use]
    pub fn vault_id(&self) -> u64 {
        lock(&self.stage).world.vault(At::PARENT).id
    }

    /// A session ID of the sample user that works now.
    #[must_use]
    pub fn session(&self) -> String {
        lock(&self.stage).world.session_of(Who::SAMPLE)
    }

    /// Name of the sample user.
    #[must_use]
    pub fn user_name(&self) -> &str {
        &self.setup.users[Who::SAMPLE.0].name
    }

    /// Password of the sample user.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.setup.users[Who::SAMPLE.0].password
    }

    /// Every request that arrived complete, in order, whatever became of it.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.stage).requests.clone()
    }

    /// Tokens in a sandbox, oldest first; none if there is no such sandbox.
    #[must_use]
    pub fn tokens(&self, sandbox: &str) -> Vec<TokenRecord> {
        let stage = lock(&self.stage);
        let at = stage.world.sandbox_named(sandbox);
        at.map(|at| stage.world.token_records(at))
            .unwrap_or_default()
    }

    /// Tokens in the parent Vault, oldest first.
    #[must_use]
    pub fn parent_tokens(&self) -> Vec<TokenRecord> {
        lock(&self.stage).world.token_records(At::PARENT)
    }

    /// What time it is there.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        lock(&self.stage).world.now()
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        lock(&self.stage).world.clock.advance(by);
    }

    /// Sets the clock; one that runs goes on running from there.
    pub fn set_now(&self, now: DateTime<Utc>) {
        lock(&self.stage).world.clock.set(now);
    }

    /// Adds a fault. It counts requests from now on.
    pub fn fault(&self, fault: Fault) {
        lock(&self.stage).faults.add(fault);
    }

    /// Removes all faults. Those that are being played go on.
    pub fn clear_faults(&self) {
        lock(&self.stage).faults = Faults::default();
    }

    /// Changes switches.
    pub fn switches(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut lock(&self.stage).world.switches);
    }

    /// Ends all sessions.
    pub fn expire_sessions(&self) {
        lock(&self.stage).world.sessions.clear();
    }

    /// Locks a user out, as five wrong passwords do.
    ///
    /// # Errors
    ///
    /// [`UnknownName`] if there is no such user.
    pub fn lock_user(&self, name: &str) -> Result<(), UnknownName> {
        lock(&self.stage).world.lock_user(name)
    }

    /// Gives a sandbox another status.
    ///
    /// # Errors
    ///
    /// [`UnknownName`] if there is no such sandbox.
    pub fn set_sandbox_status(&self, name: &str, status: SandboxStatus) -> Result<(), UnknownName> {
        lock(&self.stage).world.set_sandbox_status(name, status)
    }

    /// Back to how it started: world, clock, switches, faults and the list of requests. The
    /// addresses stay.
    pub fn reset(&self) {
        lock(&self.stage).open(&self.setup);
    }

    pub(crate) fn launch(setup: Builder) -> Result<Self, StartError> {
        if setup.users.is_empty() {
            return Err(StartError::NoUser);
        }
        let setup = Arc::new(setup);
        #[cfg(feature = "https")]
        let tls = setup
            .https
            .then(crate::tls::Acceptor::new)
            .transpose()
            .map_err(StartError::Certificate)?;
        #[cfg(not(feature = "https"))]
        let tls = None;
        // The parent, the other Vault, one more for each sandbox, and one to spare.
        let others = 2 + setup.sandboxes.len();
        let ports = std::iter::once(setup.port).chain(std::iter::repeat_n(0, others));
        let (listeners, dns): (Vec<_>, Vec<_>) = ports
            .map(|port| server::listen(port).map_err(|source| StartError::Bind { port, source }))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        let (parent_dns, other_dns) = (dns[At::PARENT.0].clone(), dns[At::OTHER.0].clone());
        let stage = Arc::new(Mutex::new(Stage::new(Arc::clone(&setup), dns, tls)));

        let (stop, stopped) = oneshot::channel();
        let (report, started) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("vault-simulator".into())
            .spawn({
                let stage = Arc::clone(&stage);
                move || server::run(listeners, &stage, stopped, &report)
            })
            .map_err(StartError::Thread)?;
        // No report at all means a panic, which has told its own message.
        if let Ok(Err(source)) = started.recv() {
            return Err(StartError::Thread(source));
        }
        Ok(Self {
            setup,
            parent_dns,
            other_dns,
            stage,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("dns", &self.dns())
            .finish_non_exhaustive()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by its own hook; a second one here would abort.
            let _ = thread.join();
        }
    }
}

/// Nobody and nothing in this simulator has this name: it knows those given to the [`Builder`], or
/// those of the sample world on the crate's front page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the simulator knows no {name:?}")]
pub struct UnknownName {
    name: String,
}

impl UnknownName {
    pub(crate) fn of(name: &str) -> Self {
        Self { name: name.into() }
    }
}
