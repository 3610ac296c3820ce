//! The way to a Vault: a transport, the credential found, a session, and whose Vault it is.

use std::time::{Duration, Instant};

use vault_sandbox_core::endpoints::{EndSession, Session, SignIn};
use vault_sandbox_core::retry::{Decision, Policy};
use vault_sandbox_core::{
    ApiVersion, Authorization, Client, Endpoint, Error, HttpRequest, HttpResponse, HttpTransport,
    Password, Reply, TransportError, UserName, ValidationError, Vault, VaultDns, VaultId,
};
use vault_sandbox_reqwest::ReqwestTransport;
use vault_sandbox_simulator::Simulator;

use crate::args::Global;
use crate::credentials::{self, Found, Means};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::voice::Voice;

/// A call that only looks is made again after this long at most; a longer wait is the caller's.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A Vault that can be called.
pub(crate) struct Connection {
    transport: Logged,
    dns: VaultDns,
    version: ApiVersion,
    found: Found,
    authorization: Option<Authorization>,
    /// The number of the Vault signed in to.
    pub(crate) vault_id: Option<VaultId>,
    /// Lives as long as it is called.
    simulator: Option<Simulator>,
    voice: Voice,
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
            credentials::learn(&found.means, voice);
            voice.fact(
                "Simulated",
                &"a Vault on this machine; nothing here is real",
            );
            (dns, found, Some(simulator))
        } else {
            let dns = settings.dns.as_ref().or(dns).cloned().ok_or_else(|| {
                Problem::configuration(
                    "Which Vault? Give --dns or VAULT_SANDBOX_DNS, such as veepharm.veevavault.com.",
                )
                .next("Or try it without one", "vault-sandbox --simulate token create \"VeePharm Sandbox\"")
            })?;
            (dns, credentials::find(global, settings, voice)?, None)
        };
        let transport = Logged {
            inner: transport(settings)?,
            voice: voice.clone(),
        };
        let authorization = match &found.means {
            Means::Session(session) => Some(session.clone().into()),
            Means::Token(token) => Some(token.clone().into()),
            Means::Password { .. } => None,
        };
        voice.verbose(&format!("Credential from {}.", found.source));
        let version = settings.api_version;
        Ok(Self {
            transport,
            dns,
            version,
            found,
            authorization,
            vault_id: None,
            simulator,
            voice: voice.clone(),
        })
    }

    pub(crate) fn dns(&self) -> &VaultDns {
        &self.dns
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

    /// Takes note of which Vault served a call: not another than the one signed in to.
    pub(crate) fn check_served_by(&mut self, served: Option<VaultId>) -> Result<(), Problem> {
        match (self.vault_id, served) {
            (Some(expected), Some(served)) if expected != served => Err(Problem::new(
                Exit::SignIn,
                format!(
                    "Signed in to Vault {expected}, but Vault {served} answers at {}.",
                    self.dns
                ),
            )),
            (known, served) => {
                self.vault_id = known.or(served);
                Ok(())
            }
        }
    }

    /// Makes sure that there is something to call with: signs in, if a password was found.
    pub(crate) async fn sign_in(&mut self) -> Result<(), Problem> {
        let Means::Password { user, password } = &self.found.means else {
            return Ok(());
        };
        let (user, password) = (user.clone(), password.clone());
        self.sign_in_as(user, password).await
    }

    /// Signs in again after Vault said that the session is invalid. `false`: there is no password.
    pub(crate) async fn sign_in_again(&mut self) -> Result<bool, Problem> {
        if !matches!(self.found.means, Means::Password { .. }) {
            return Ok(false);
        }
        self.sign_in().await.map(|()| true)
    }

    /// Calls the Vault asked for, once.
    pub(crate) async fn call<E: Endpoint>(&self, endpoint: &E) -> Result<Reply<E::Output>, Error> {
        self.client(&self.dns, self.authorization.clone())
            .call(endpoint)
            .await
    }

    /// Calls another Vault, which this one's own list names, as the same user or with a token.
    pub(crate) async fn call_at<E: Endpoint>(
        &self,
        dns: &VaultDns,
        token: Option<Authorization>,
        endpoint: &E,
    ) -> Result<Reply<E::Output>, Error> {
        self.client(dns, token.or_else(|| self.authorization.clone()))
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
        vault_sandbox_core::encode(endpoint, &self.vault(&self.dns, self.authorization.clone()))
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

    async fn sign_in_as(&mut self, user: UserName, password: Password) -> Result<(), Problem> {
        self.voice
            .verbose(&format!("Signing in to {} as {user}.", self.dns));
        let sign_in = SignIn::new(user, password).vault_dns(self.dns.clone());
        let session = match self.call(&sign_in).await {
            Ok(reply) => reply.value,
            Err(error) => {
                let mut problem =
                    Problem::of_call(&format!("Signing in to {}", self.dns.authority()), &error);
                // Whatever Vault calls it: at sign-in, a refusal is about who wants to come in.
                if problem.exit == Exit::Refused {
                    problem.exit = Exit::SignIn;
                }
                return Err(problem);
            }
        };
        self.voice
            .learn(|scrubber| session.session_id.hide_in(scrubber));
        self.check_vault(&session).await?;
        self.vault_id = Some(session.vault_id);
        self.authorization = Some(session.session_id.into());
        Ok(())
    }

    async fn check_vault(&self, session: &Session) -> Result<(), Problem> {
        let Err(wrong) = session.check(&self.dns, None) else {
            return Ok(());
        };
        let authorization = session.session_id.clone().into();
        // Whatever becomes of that: it is not used.
        let _ = self
            .client(&self.dns, Some(authorization))
            .call(&EndSession::new())
            .await;
        Err(Problem::new(
            Exit::SignIn,
            format!(
                "Vault signed you in to another Vault: {wrong}. It does so where you may not use the one asked for, or where there is none of that name: check --dns."
            ),
        ))
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

fn transport(settings: &Settings) -> Result<ReqwestTransport, Problem> {
    let mut builder = ReqwestTransport::builder()
        .timeout(settings.timeout)
        .connect_timeout(settings.connect_timeout);
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

/// Says what goes over the wire: request line, status, time and execution ID. Never a header, never
/// a body.
pub(crate) struct Logged {
    inner: ReqwestTransport,
    voice: Voice,
}

impl HttpTransport for Logged {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let line = format!("{} {}", request.method(), request.uri());
        let start = Instant::now();
        let answer = self.inner.send(request).await;
        let took = start.elapsed().as_millis();
        let came = match &answer {
            Ok(response) => {
                let facts = vault_sandbox_core::Facts::from_headers(response.headers());
                let id = facts
                    .execution_id
                    .map(|id| format!(", execution {id}"))
                    .unwrap_or_default();
                format!("HTTP {}{id}", response.status().as_u16())
            }
            Err(error) => error.to_string(),
        };
        self.voice.wire(&format!("{line} -> {came} ({took} ms)"));
        answer
    }
}
