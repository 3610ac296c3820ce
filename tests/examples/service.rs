//! A service that keeps a token for a sandbox in a store of its own, whatever happens to it.
//!
//! `cargo run -p vault-sandbox-tests --example service`

#![allow(clippy::print_stdout, reason = "an example shows what came of it")]

use std::error::Error;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::path::PathBuf;

use tokio::time::Duration;
use vault_sandbox_core::chrono::Utc;
use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::issuance::{Intent, Issuance, Outcome, Storage as _};
use vault_sandbox_core::{AccessToken, Expiry, OperationId, SandboxName, SessionId, VaultDns};
use vault_sandbox_issuer::access::{Access, Credential};
use vault_sandbox_issuer::destinations::{
    BoxFuture, Destination, DestinationError, Destinations, Identity, Report, Reserved,
};
use vault_sandbox_issuer::issuing::Driver;
use vault_sandbox_issuer::state::{OpenedRecord, PendingRecord, State};
use vault_sandbox_issuer::stop::Stopper;

type Failure = Box<dyn Error + Send + Sync>;

/// What the service works with.
pub(crate) struct Service {
    pub(crate) access: Access,
    pub(crate) state: State,
    pub(crate) sandbox: SandboxName,
    pub(crate) sandbox_dns: VaultDns,
    pub(crate) store: Store,
    pub(crate) stopper: Stopper,
    /// The longest wait for an answer, and for a token to show.
    pub(crate) timeout: Duration,
}

impl Service {
    /// Sees to it that the store has a token: goes on with what an earlier process left open, and asks for
    /// one if there is none then.
    pub(crate) async fn keep_a_token(&self) -> Result<(), Failure> {
        let pending = self.state.pending();
        for operation in pending.operations()? {
            self.go_on_with(operation).await?;
        }
        if self.store.read()?.is_some() {
            return Ok(());
        }
        let operation =
            OperationId::from_bytes((RandomState::new().hash_one(0) as u32).to_be_bytes());
        let record = pending.reserve(operation)?;
        let vault = self.access.vault().clone();
        let name = "service #{operation}".parse()?;
        let expiry = Expiry::at(Utc::now() + Duration::from_secs(90 * 24 * 3600))?;
        let intent = Intent::new(
            operation,
            Utc::now(),
            vault,
            self.sandbox.clone(),
            name,
            expiry,
        )
        .sandbox_dns(Some(self.sandbox_dns.clone()))
        .destinations(["store:"]);
        match self.driver(record).run(Issuance::new(intent)).await.outcome {
            Outcome::Issued => Ok(()),
            other => Err(format!("{operation}: {other:?}").into()),
        }
    }

    /// Closes what is open, or says that it cannot: then no other token is asked for.
    async fn go_on_with(&self, operation: OperationId) -> Result<(), Failure> {
        let mut is_lost = false;
        loop {
            let (record, file) = match self.state.pending().open(operation)? {
                None => return Ok(()),
                Some(OpenedRecord::Open(record, file)) => (record, file),
                Some(OpenedRecord::Blank(mut file)) => return Ok(file.remove()?),
                Some(other) => return Err(format!("{operation}: {other:?}").into()),
            };
            let issuance = Issuance::resume(*record);
            // A token whose value nobody will ever have is deleted.
            let issuance = if is_lost {
                issuance.revoking()
            } else {
                issuance
            };
            match self.driver(file).run(issuance).await.outcome {
                Outcome::Issued | Outcome::NotIssued(_) => return Ok(()),
                Outcome::ValueLost(Some(_)) if !is_lost => is_lost = true,
                other => return Err(format!("{operation}: {other:?}").into()),
            }
        }
    }

    fn driver(&self, record: PendingRecord) -> Driver {
        let store = self.store.clone();
        let open = move |_: &str| Ok(Box::new(store.clone()) as Box<dyn Destination>);
        let destinations = Destinations::standard().with("store", open);
        let stop = self.stopper.stop();
        Driver::new(self.access.clone(), stop, record, destinations)
            .sandbox(Some(self.sandbox_dns.clone()))
            .ledger(Some(self.state.ledger()))
            .timeout(self.timeout)
    }
}

/// Stands for your secret store. What counts: `put` returns `Ok` only once the value is there for good.
#[derive(Clone)]
pub(crate) struct Store(pub(crate) PathBuf);

impl Store {
    pub(crate) fn read(&self) -> std::io::Result<Option<String>> {
        match std::fs::read_to_string(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn put(&self, value: &AccessToken) -> std::io::Result<()> {
        let new = self.0.with_extension("new");
        let mut file = std::fs::File::create(&new)?;
        file.write_all(value.expose().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(new, &self.0)
    }
}

impl Destination for Store {
    fn reserve(&self) -> BoxFuture<'_, Result<Box<dyn Reserved>, DestinationError>> {
        // Here it is seen whether the store can be reached, before a token is asked for.
        Box::pin(async { Ok(Box::new(self.clone()) as Box<dyn Reserved>) })
    }

    fn holds<'a>(&'a self, value: &'a AccessToken) -> BoxFuture<'a, Option<bool>> {
        Box::pin(async { Some(self.read().ok()?.as_deref() == Some(value.expose())) })
    }
}

impl Reserved for Store {
    fn commit<'a>(
        self: Box<Self>,
        token: &'a IssuedToken,
        _: &'a Report,
    ) -> BoxFuture<'a, Result<(), DestinationError>> {
        Box::pin(async move {
            let put = self.put(token.value());
            put.map_err(|error| DestinationError::new("the store", error))
        })
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::new(*b"store"))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let vault = vault_sandbox_simulator::Simulator::start()?;
    let directory = tempfile::tempdir()?;
    let dns: VaultDns = format!("http://{}", vault.dns()).parse()?;
    let sandbox = "VeePharm Sandbox";
    let own = vault.sandbox_dns(sandbox).ok_or("no such sandbox")?;
    let session = Credential::Session(SessionId::parse(vault.session())?);
    let service = Service {
        access: Access::to(dns.clone(), session)
            .over(vault_sandbox_reqwest::ReqwestTransport::new()?),
        state: State::at(directory.path().join("state")),
        sandbox: sandbox.parse()?,
        sandbox_dns: dns.sibling(&own)?,
        store: Store(directory.path().join("store")),
        stopper: Stopper::new(),
        timeout: Duration::from_secs(30),
    };
    service.keep_a_token().await?;
    println!("the store has a token: {}", service.store.read()?.is_some());
    Ok(())
}
