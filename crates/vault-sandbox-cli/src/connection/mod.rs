//! A Vault that can be called: the library's [`Access`], with what the program knows around it.

mod problems;
mod renewal;
mod told;

use std::sync::{Arc, Mutex, PoisonError};

use vault_sandbox_core::endpoints::{Discovery, User};
use vault_sandbox_core::{
    ApiVersion, Authorization, Endpoint, Error, HttpRequest, Password, Reply, UserName,
    ValidationError, VaultDns, VaultId,
};
use vault_sandbox_issuer::access::{
    Access, AccessError, Credential, Gate, OpenedSession, SignInNumber,
};
use vault_sandbox_reqwest::ReqwestTransport;
use vault_sandbox_simulator::Simulator;

use crate::args::Global;
use crate::credentials::{self, Found, Means};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::typed::Typed;
use crate::voice::Voice;
pub(crate) use problems::of as problem;
use renewal::ByCommand;

/// The list of sandboxes is not paged: ten thousand of them are some 5 MiB.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// A Vault that can be called, by many at once.
pub(crate) struct Connection {
    access: Access,
    /// What is used to be let in, and where it was found.
    found: Arc<Mutex<Found>>,
    /// Lives as long as it is called.
    simulator: Option<Simulator>,
    settings: Settings,
    voice: Voice,
}

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
        let credential = found.means.credential();
        let found = Arc::new(Mutex::new(found));
        let profile = settings.profile_for(&dns);
        let expected = profile.and_then(|profile| profile.vault_id);
        let renewal = ByCommand::new(settings, &dns, &found, voice);
        let access = Access::to(dns, credential)
            .version(settings.api_version)
            .expected_vault_id(expected)
            .oauth_client_id(settings.oauth_client_id.clone())
            .renewal(Arc::new(renewal))
            .observer(Arc::new(voice.clone()))
            .over(transport(settings)?);
        Ok(Self {
            access,
            found,
            settings: settings.clone(),
            simulator,
            voice: voice.clone(),
        })
    }

    /// The library's part of it.
    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// What we are let in with.
    pub(crate) fn found(&self) -> Found {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.clone()
    }

    /// The number of the Vault signed in to.
    pub(crate) fn vault_id(&self) -> Option<VaultId> {
        self.access.vault_id()
    }

    /// The sign-in that calls are made with now.
    pub(crate) fn sign_in_number(&self) -> SignInNumber {
        self.access.sign_in_number()
    }

    pub(crate) fn dns(&self) -> &VaultDns {
        self.access.vault()
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
        self.access.version()
    }

    /// Makes sure that there is something to call with, and that it is for the Vault asked for.
    pub(crate) async fn sign_in(&self) -> Result<(), Problem> {
        let signed_in = self.access.sign_in().await;
        signed_in.map_err(|error| self.problem(&error))
    }

    /// Signs in again after Vault said, to a call of this sign-in, that the session is invalid.
    pub(crate) async fn sign_in_again(&self, stale: SignInNumber) -> Result<bool, Problem> {
        let again = self.access.sign_in_again(stale).await;
        again.map_err(|error| self.problem(&error))
    }

    /// Opens a session, with what was found for that.
    pub(crate) async fn open_session(&self) -> Result<Option<OpenedSession>, Problem> {
        let opened = self.access.open_session().await;
        opened.map_err(|error| self.problem(&error))
    }

    /// Takes note of which Vault served a call.
    pub(crate) fn check_served_by(&self, served: Option<VaultId>) -> Result<(), Problem> {
        let checked = self.access.check_served_by(served);
        checked.map_err(|error| self.problem(&error))
    }

    /// Whether the Vault's own URLs lead to the DNS asked for.
    pub(crate) async fn check_own_urls(&self) -> Result<(), Problem> {
        let checked = self.access.check_own_urls().await;
        checked.map_err(|error| self.problem(&error))
    }

    /// Who the caller is.
    pub(crate) async fn who(&self) -> Result<Reply<User>, Error> {
        self.access.who().await
    }

    /// Ends the session in use. What becomes of that is the caller's to judge.
    pub(crate) async fn end_session(&self) -> Result<(), Error> {
        self.access.end_session().await
    }

    /// Lets so many requests be under way at a time; one, unless this is called.
    pub(crate) fn at_a_time(&self, most: usize) {
        self.gate().allow(most);
    }

    /// Lets requests through.
    pub(crate) fn gate(&self) -> &Gate {
        self.access.gate()
    }

    /// Calls another Vault, which this one's own list names, as the same user or with a token, once
    /// it is its turn.
    pub(crate) async fn call_at<E: Endpoint>(
        &self,
        dns: &VaultDns,
        token: Option<Authorization>,
        endpoint: &E,
    ) -> Result<Reply<E::Output>, Error> {
        self.access.call_at(dns, token, endpoint).await
    }

    /// Calls the Vault asked for with something that only looks, a few times if it has to be.
    pub(crate) async fn look<E: Endpoint>(&self, endpoint: &E) -> Result<Reply<E::Output>, Error> {
        self.access.look(endpoint).await
    }

    /// The exact request, to be shown: without the credential.
    pub(crate) fn request<E: Endpoint>(
        &self,
        endpoint: &E,
    ) -> Result<HttpRequest, ValidationError> {
        self.access.request(endpoint)
    }

    fn problem(&self, error: &AccessError) -> Problem {
        problem(error, &self.settings)
    }
}

impl Means {
    fn credential(&self) -> Credential {
        match self {
            Self::Session(session) => Credential::Session(session.clone()),
            Self::Token(token) => Credential::Token(token.clone()),
            Self::Password { user, password } => Credential::Password {
                user: user.clone(),
                password: password.clone(),
            },
            Self::Oauth { profile, token } => Credential::Oauth {
                profile: profile.clone(),
                token: token.clone(),
            },
            Self::Kept(kept) => Credential::Kept {
                session: kept.session.clone(),
                vault_id: kept.vault_id,
            },
        }
    }
}

/// How a user signs in, if that can be found out. Needs no credential.
pub(crate) async fn discover(
    settings: &Settings,
    dns: &VaultDns,
    user: &UserName,
    voice: &Voice,
) -> Result<Option<Discovery>, Problem> {
    let access = Access::to(dns.clone(), Credential::None)
        .version(settings.api_version)
        .oauth_client_id(settings.oauth_client_id.clone())
        .observer(Arc::new(voice.clone()))
        .over(transport(settings)?);
    match access.discover(user).await {
        Ok(discovery) => Ok(Some(discovery)),
        Err(error) => {
            voice.verbose(&Problem::of_call("Asking how the user signs in", &error).what);
            Ok(None)
        }
    }
}

fn transport(settings: &Settings) -> Result<ReqwestTransport, Problem> {
    let mut builder = ReqwestTransport::builder()
        .timeout(settings.timeout)
        .connect_timeout(settings.connect_timeout)
        .body_limit(LONGEST_ANSWER);
    if let Some(path) = &settings.ca_file {
        let wrong =
            |why: String| Problem::configuration(format!("--ca-file {}: {why}.", path.display()));
        let pem = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
        builder = builder.extra_ca_pem(&pem);
        return builder.build().map_err(|e| wrong(format!("{e:#}")));
    }
    builder
        .build()
        .map_err(|e| Problem::configuration(format!("{e:#}.")))
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
