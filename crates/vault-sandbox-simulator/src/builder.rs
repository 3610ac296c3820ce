//! What a simulator starts with.

use std::io;

use chrono::{DateTime, Utc};

use crate::{Fault, Sandbox, Simulator, Switches, User, seed};

/// Options of a [`Simulator`]. The defaults are the sample world described in the crate's
/// README.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    pub(crate) port: u16,
    pub(crate) users: Vec<User>,
    pub(crate) sandboxes: Vec<Sandbox>,
    pub(crate) switches: Switches,
    pub(crate) faults: Vec<Fault>,
    pub(crate) seed: u64,
    pub(crate) fixed_clock: Option<DateTime<Utc>>,
    pub(crate) control: bool,
    pub(crate) https: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            port: 0,
            users: seed::users(),
            sandboxes: seed::sandboxes(),
            switches: Switches::default(),
            faults: Vec::new(),
            seed: 0,
            fixed_clock: None,
            control: false,
            https: false,
        }
    }
}

impl Builder {
    /// Port of the parent Vault; 0, the default, takes a free one. The other Vaults always
    /// take free ones.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The users. The first is the sample user whom [`Simulator::session`] belongs to.
    pub fn users(mut self, users: impl IntoIterator<Item = User>) -> Self {
        self.users = users.into_iter().collect();
        self
    }

    /// The sandboxes of the parent Vault.
    pub fn sandboxes(mut self, sandboxes: impl IntoIterator<Item = Sandbox>) -> Self {
        self.sandboxes = sandboxes.into_iter().collect();
        self
    }

    /// How to play what is not known of Vault.
    pub fn switches(mut self, switches: Switches) -> Self {
        self.switches = switches;
        self
    }

    /// Active tokens per user and Vault; `None` for no limit. Short for the switch of that
    /// name.
    pub fn token_limit(mut self, limit: Option<usize>) -> Self {
        self.switches.token_limit = limit;
        self
    }

    /// Adds a fault that is in force from the start.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Where ids and values start. Equal seeds give equal ones.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A clock that stands still at this time until it is moved.
    pub fn fixed_clock(mut self, now: DateTime<Utc>) -> Self {
        self.fixed_clock = Some(now);
        self
    }

    /// Lets it be driven over HTTP too, below `/simulator/`: a path that no Vault has. For tests
    /// in other languages; whoever can open a port can then do what this handle can.
    pub fn control(mut self) -> Self {
        self.control = true;
        self
    }

    /// Every Vault of it speaks https, with a certificate for 127.0.0.1, localhost and `::1` of
    /// a throw-away authority: [`Simulator::ca_certificate`]. Its key never leaves memory.
    #[cfg(feature = "https")]
    pub fn https(mut self) -> Self {
        self.https = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// [`StartError`] if there is no user, a port cannot be taken or a thread cannot be had.
    pub fn start(self) -> Result<Simulator, StartError> {
        Simulator::launch(self)
    }
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The list of users is empty. [`User::new`] makes one.
    #[error("a simulated Vault needs at least one user")]
    NoUser,
    /// A port could not be taken: something else has it. [`Builder::port`] 0 takes a free one.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Bind {
        /// The port asked for; 0 for any.
        port: u16,
        /// The system's reason.
        source: io::Error,
    },
    /// There is no certificate to be had.
    #[error("cannot make a certificate")]
    Certificate(#[source] io::Error),
    /// The thread or its runtime could not be had.
    #[error("cannot start the simulator's thread")]
    Thread(#[source] io::Error),
}
