//! The way to a Vault: a transport, the credential found, a session, and whose Vault it is.

mod logged;
mod sign_in;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use vault_sandbox_core::retry::{Decision, Policy};
use vault_sandbox_core::{
    ApiVersion, Authorization, Client, Endpoint, Error, HttpRequest, Password, Reply, UserName,
    ValidationError, Vault, VaultDns, VaultId,
};
use vault_sandbox_simulator::Simulator;

use crate::args::Global;
use crate::credentials::{self, Found, Means};
use crate::exit::Exit;
use crate::pace::Gate;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::typed::Typed;
use crate::voice::Voice;
use logged::Logged;
pub(crate) use sign_in::{Arrived, discover};

/// A call that only looks is made again after this long at most; a longer wait is the caller's.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A Vault that can be called, by many at once.
pub(crate) struct Connection {
    transport: Logged,
    dns: VaultDns,
    version: ApiVersion,
    /// Never borrowed while anything is waited for.
    entry: RefCell<Entry>,
    gate: Arc<Gate>,
    /// Held while signing in: whoever comes meanwhile waits for what comes of it.
    door: tokio::sync::Mutex<()>,
    /// Lives as long as it is called.
    simulator: Option<Simulator>,
    settings: Settings,
    voice: Voice,
}

/// How we are let in, at present.
struct Entry {
    found: Found,
    authorization: Option<Authorization>,
    /// The number of the Vault signed in to.
    vault_id: Option<VaultId>,
    /// Vault refused to let us in: not to be tried again, because accounts lock.
    was_refused: bool,
    /// Goes up with every sign-in: a call that was refused knows by it whether it came too late.
    visit: Visit,
}

/// Which sign-in a call was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Visit(u32);

/// The Vault that the flags, the environment or the profile name.
pub(crate) fn which_vault(settings: &Settings) -> Result<VaultDns, Problem> {
    let named = settings.dns.as_ref().or(settings.profile.dns.as_ref());
    named.cloned().ok_or_else(|| {
        Problem::configuration(
            "Which Vault? Give --dns or VAULT_SANDBOX_DNS, such as veepharm.veevavault.com, or name it in a profile.",
        )
        .next("Or try it without one", "vault-sandbox --simulate token create \"VeePharm Sandbox\"")
    })
}

impl Connection {
    /// Finds the Vault and the credential; nothing is sent.
    pub(crate) fn prepare(
        global: &Global,
        settings: &Settings,
        dns: Option<&VaultDns>,
        voice: &Voice,
    ) -> Result<Self, Problem> {
        let (dns, found, simulator) = if settings.simulate {
            let simulator = start_simulator(Simulator::builder())?;
            let (dns, found) = simulated(&simulator)?;
            voice.fact(
                "Simulated",
                &"a Vault on this machine; nothing here is real",
            );
            (dns, found, Some(simulator))
        } else {
            let dns = match settings.dns.as_ref().or(dns) {
                Some(dns) => dns.clone(),
                None => which_vault(settings)?,
            };
            let found = credentials::find(global, settings, &dns, voice)
                .map_err(|problem| problem.or_now("Nothing was sent."))?;
            (dns, found, None)
        };
        voice.verbose(&format!("Credential from {}.", found.source));
        Self::open(settings, dns, found, simulator, voice)
    }

    /// To a Vault with what was found for it; nothing is sent.
    pub(crate) fn with(
        settings: &Settings,
        dns: VaultDns,
        found: Found,
        voice: &Voice,
    ) -> Result<Self, Problem> {
        Self::open(settings, dns, found, None, voice)
    }

    fn open(
        settings: &Settings,
        dns: VaultDns,
        found: Found,
        simulator: Option<Simulator>,
        voice: &Voice,
    ) -> Result<Self, Problem> {
        // Wherever it was found: from here on it is used.
        credentials::learn(&found.means, voice);
        let authorization = match &found.means {
            Means::Session(session) => Some(session.clone().into()),
            Means::Token(token) => Some(token.clone().into()),
            Means::Kept(kept) => Some(kept.session.clone().into()),
            Means::Password { .. } | Means::Oauth { .. } => None,
        };
        let gate = Arc::new(Gate::new(1));
        Ok(Self {
            transport: Logged::new(settings, voice, &gate)?,
            gate,
            dns,
            version: settings.api_version,
            entry: RefCell::new(Entry {
                found,
                authorization,
                vault_id: None,
                was_refused: false,
                visit: Visit(0),
            }),
            door: tokio::sync::Mutex::default(),
            settings: settings.clone(),
            simulator,
            voice: voice.clone(),
        })
    }

    /// What we are let in with.
    pub(crate) fn found(&self) -> Found {
        self.entry.borrow().found.clone()
    }

    /// The number of the Vault signed in to.
    pub(crate) fn vault_id(&self) -> Option<VaultId> {
        self.entry.borrow().vault_id
    }

    /// The sign-in that calls are made with now.
    pub(crate) fn visit(&self) -> Visit {
        self.entry.borrow().visit
    }

    pub(crate) fn dns(&self) -> &VaultDns {
        &self.dns
    }

    /// How commands are written that people shall type next.
    pub(crate) fn typed(&self) -> &Typed {
        &self.settings.typed
    }

    pub(crate) fn voice(&self) -> &Voice {
        &self.voice
    }

    pub(crate) fn is_simulated(&self) -> bool {
        self.simulator.is_some()
    }

    pub(crate) fn version(&self) -> ApiVersion {
        self.version
    }

    /// Calls the Vault asked for, once.
    pub(crate) async fn call<E: Endpoint>(&self, endpoint: &E) -> Result<Reply<E::Output>, Error> {
        self.client(&self.dns, self.authorization())
            .call(endpoint)
            .await
    }

    /// Lets so many requests be under way at a time; one, unless this is called.
    pub(crate) fn at_a_time(&mut self, most: usize) {
        self.gate = Arc::new(Gate::new(most));
        self.transport.obey(&self.gate);
    }

    /// Lets requests through. Who calls with [`call`](Self::call) waits for their turn themselves.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Calls another Vault, which this one's own list names, as the same user or with a token, once
    /// it is its turn.
    pub(crate) async fn call_at<E: Endpoint>(
        &self,
        dns: &VaultDns,
        token: Option<Authorization>,
        endpoint: &E,
    ) -> Result<Reply<E::Output>, Error> {
        let _turn = self.gate.turn().await;
        self.client(dns, token.or_else(|| self.authorization()))
            .call(endpoint)
            .await
    }

    /// Calls the Vault asked for with something that only looks, a few times if it has to be.
    pub(crate) async fn look<E: Endpoint>(&self, endpoint: &E) -> Result<Reply<E::Output>, Error> {
        let policy = Policy::default();
        let mut attempt = 1;
        loop {
            let error = match self.call(endpoint).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            match policy.decide(attempt, E::REPEAT, &error) {
                Decision::After(pause) if pause <= LONGEST_PAUSE => tokio::time::sleep(pause).await,
                _ => return Err(error),
            }
            attempt += 1;
        }
    }

    /// The exact request, to be shown: without the credential.
    pub(crate) fn request<E: Endpoint>(
        &self,
        endpoint: &E,
    ) -> Result<HttpRequest, ValidationError> {
        vault_sandbox_core::encode(endpoint, &self.vault(&self.dns, self.authorization()))
    }

    fn authorization(&self) -> Option<Authorization> {
        self.entry.borrow().authorization.clone()
    }

    fn client(&self, dns: &VaultDns, authorization: Option<Authorization>) -> Client<&Logged> {
        Client::new(&self.transport, self.vault(dns, authorization))
    }

    fn vault(&self, dns: &VaultDns, authorization: Option<Authorization>) -> Vault {
        let vault = Vault::new(dns.clone()).version(self.version);
        match authorization {
            Some(authorization) => vault.authorized(authorization),
            None => vault,
        }
    }
}

/// The sample user of a simulated Vault, found like any other credential.
fn simulated(simulator: &Simulator) -> Result<(VaultDns, Found), Problem> {
    let ours = |error: ValidationError| {
        Problem::new(Exit::Internal, format!("The simulated Vault: {error}."))
    };
    let dns = VaultDns::parse(&format!("http://{}", simulator.dns())).map_err(ours)?;
    let user = UserName::parse(simulator.user_name()).map_err(ours)?;
    let password = Password::parse(simulator.password()).map_err(ours)?;
    Ok((
        dns,
        Found {
            means: Means::Password { user, password },
            source: "the simulated Vault".to_owned(),
        },
    ))
}

pub(crate) fn start_simulator(
    builder: vault_sandbox_simulator::Builder,
) -> Result<Simulator, Problem> {
    builder.start().map_err(|error| {
        Problem::new(
            Exit::Internal,
            format!("The simulated Vault does not start: {error}."),
        )
    })
}
