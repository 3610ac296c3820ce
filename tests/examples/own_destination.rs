//! A service of your own that issues tokens with the guarantees of the program: it drives the
//! issuing protocol, with a journal in a file and a destination that is its own.
//!
//! `cargo run -p vault-sandbox-tests --example own_destination`

#![allow(clippy::print_stdout, reason = "an example shows what came of it")]

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use vault_sandbox_core::endpoints::{Encoding, FindTokens};
use vault_sandbox_core::issuance::{
    Entry, Event, Intent, Issuance, Order, Outcome, Step, Verification, VerifyRule,
};
use vault_sandbox_core::{
    AccessToken, ApiVersion, Client, Expiry, OperationId, SessionId, Vault, VaultDns,
};
use vault_sandbox_reqwest::ReqwestTransport;
use vault_sandbox_simulator::Simulator;

/// Stands for your secret store. What counts: `put` returns `Ok` only once the value is there.
#[derive(Default)]
struct SecretStore {
    secrets: Vec<(String, AccessToken)>,
}

impl SecretStore {
    fn put(&mut self, name: &str, value: &AccessToken) -> Result<(), Box<dyn Error>> {
        self.secrets.push((name.to_owned(), value.clone()));
        Ok(())
    }

    fn has(&self, name: &str, value: &AccessToken) -> bool {
        let same = |kept: &AccessToken| kept.expose() == value.expose();
        self.secrets.iter().any(|(n, kept)| n == name && same(kept))
    }
}

/// A trace that survives a crash. The program reserves its space beforehand; a service may do with
/// less, as long as a line is on disk before the step counts as done.
struct Journal(PathBuf);

impl Journal {
    fn append(&self, entry: &Entry) -> std::io::Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.0)?;
        file.write_all(entry.to_line().as_bytes())?;
        file.sync_all()?;
        // The name has to survive too.
        File::open(self.0.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    fn remove(&self) -> std::io::Result<()> {
        std::fs::remove_file(&self.0)
    }
}

async fn issue(
    client: &Client<ReqwestTransport>,
    sandbox: &VaultDns,
    journal: &Journal,
    store: &mut SecretStore,
    mut issuance: Issuance,
) -> Result<Outcome, Box<dyn Error>> {
    let at_sandbox = |vault: Vault| client.at(vault);
    loop {
        let event = match issuance.step() {
            Step::Persist(entry) | Step::Keep(entry) => {
                Event::from_success(journal.append(&entry).is_ok())
            }
            Step::Send(request) => Event::from_call(&client.call(&request).await),
            Step::Deliver {
                destination, value, ..
            } => Event::from_success(store.put(destination, value).is_ok()),
            Step::Check {
                destination, value, ..
            } => Event::from_success(store.has(destination, value)),
            Step::Verify { token, expiry } => {
                let vault = Vault::new(sandbox.clone()).authorized(token.value().clone());
                let found = at_sandbox(vault).call(&FindTokens::new()).await;
                let record = found.ok().and_then(|reply| {
                    reply
                        .value
                        .records
                        .into_iter()
                        .find(|r| Some(&r.id) == token.id())
                });
                Event::Verified(match record {
                    Some(record) if expiry.is_met_by(record.expiry) => Verification::Confirmed {
                        expiry: record.expiry,
                    },
                    Some(record) => Verification::ExpiryDiffers {
                        stored: record.expiry,
                    },
                    None => Verification::Unconfirmed,
                })
            }
            Step::Forget => Event::from_success(journal.remove().is_ok()),
            Step::Done(outcome) => return Ok(outcome.clone()),
            // Signing in again, looking up, revoking: declined here; the outcome says what stands.
            _ => Event::Failed,
        };
        issuance.tell(event)?;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let simulated = Simulator::start()?;
    let dns: VaultDns = format!("http://{}", simulated.dns()).parse()?;
    let sandbox_name = "VeePharm Sandbox";
    let sandbox = dns.sibling(
        &simulated
            .sandbox_dns(sandbox_name)
            .ok_or("no such sandbox")?,
    )?;
    let vault = Vault::new(dns.clone()).authorized(SessionId::parse(simulated.session())?);
    let client = Client::new(ReqwestTransport::new()?, vault);
    let mut store = SecretStore::default();
    let now = chrono::Utc::now();

    let operation = OperationId::from_bytes([0x3f, 0x9a, 0x1c, 0x22]); // draw these at random
    let intent = Intent {
        operation,
        started: now,
        vault: dns,
        vault_id: None,
        api_version: ApiVersion::default(),
        sandbox: sandbox_name.parse()?,
        sandbox_dns: Some(sandbox.clone()),
        name: format!("nightly import #{operation}").parse()?,
        expiry: Expiry::parse("90d", now)?,
        encoding: Encoding::Form,
        destinations: vec!["secrets/nightly-import".to_owned()],
        verify: VerifyRule::Always,
        order: Order::DeliverFirst,
        replaces: None,
    };
    let directory = std::env::temp_dir();
    let journal =
        Journal(directory.join(format!("own-destination-{}.journal", std::process::id())));
    let outcome = issue(
        &client,
        &sandbox,
        &journal,
        &mut store,
        Issuance::new(intent),
    )
    .await?;

    assert_eq!(outcome, Outcome::Issued);
    assert_eq!(store.secrets.len(), 1);
    assert!(!journal.0.exists(), "nothing is left to recover");
    println!("{outcome:?}, in {}", store.secrets[0].0);
    Ok(())
}
