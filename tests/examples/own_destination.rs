//! A service of your own that issues tokens with the guarantees of the program: it drives the
//! issuing protocol, with a journal in a file and a destination that is its own.
//!
//! `cargo run -p vault-sandbox-tests --example own_destination`

#![allow(clippy::print_stdout, reason = "an example shows what came of it")]

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use vault_sandbox_core::endpoints::FindTokens;
use vault_sandbox_core::issuance::{
    Event, Intent, Issuance, Journal, Outcome, RemovalEvidence, Step, Storage, VerifyRule,
};
use vault_sandbox_core::{
    AccessToken, Client, Expiry, OperationId, SessionId, TokenId, Vault, VaultDns,
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

/// What the journal lies on. A file that others can reach has to be locked as well, and readable by
/// its owner only.
struct JournalFile {
    file: File,
    path: PathBuf,
}

impl JournalFile {
    fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(path)?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Storage for JournalFile {
    type Error = io::Error;

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut content)?;
        Ok(content)
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset as u64))?;
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        // The name has to survive too.
        self.sync_directory()
    }

    fn can_be_found(&mut self) -> io::Result<bool> {
        self.path.try_exists()
    }

    fn remove(&mut self) -> io::Result<()> {
        std::fs::remove_file(&self.path)?;
        self.sync_directory()
    }
}

/// Everything that steps are carried out with.
struct Driver {
    client: Client<ReqwestTransport>,
    /// The sandbox's own Vault.
    sandbox: VaultDns,
    journal: Journal<JournalFile>,
    store: SecretStore,
}

impl Driver {
    async fn issue(&mut self, mut issuance: Issuance) -> Result<Outcome, Box<dyn Error>> {
        loop {
            let event = match issuance.step() {
                Step::Persist(entry) | Step::Keep(entry) => {
                    Event::from_success(self.journal.append(&entry).is_ok())
                }
                Step::Send(request) => Event::from_call(&self.client.call(&request).await),
                Step::Deliver {
                    destination, value, ..
                } => Event::from_success(self.store.put(destination, value).is_ok()),
                Step::Check {
                    destination, value, ..
                } => Event::from_success(self.store.has(destination, value)),
                Step::Verify(token) => {
                    let own = token.token().value().clone();
                    let vault = Vault::new(self.sandbox.clone()).authorized(own);
                    let answer = self.client.at(vault).call(&token.request()).await;
                    Event::Verified(token.judge(&answer))
                }
                Step::LookUp(look_up) => match self.in_sandbox().call(&look_up.request()).await {
                    Ok(reply) => Event::Found(reply.value.records),
                    Err(_) => Event::Failed,
                },
                Step::LookFor(id) => {
                    let find = FindTokens::new().id(id.clone());
                    match self.in_sandbox().call(&find).await {
                        Ok(reply) => Event::Found(reply.value.records),
                        Err(_) => Event::Failed,
                    }
                }
                Step::Revoke(id) | Step::Retire(id) => self.delete(id.clone()).await,
                Step::Confirm(value) => {
                    Event::from_success(self.journal.holds(value).unwrap_or(false))
                }
                Step::Forget => Event::from_success(self.journal.forget().is_ok()),
                Step::Done(outcome) => return Ok(outcome.clone()),
                // Signing in again is declined here: the outcome says what stands.
                _ => Event::Failed,
            };
            issuance.tell(event)?;
        }
    }

    async fn delete(&self, id: TokenId) -> Event {
        let mut evidence = RemovalEvidence::new(id);
        evidence.asked(&self.in_sandbox().call(&evidence.request()).await);
        evidence.looked(&self.in_sandbox().call(&evidence.look()).await);
        Event::Removed(evidence.judge())
    }

    /// The sandbox's own Vault, as the same user.
    fn in_sandbox(&self) -> Client<&ReqwestTransport> {
        let vault = Vault::new(self.sandbox.clone());
        self.client.at(match self.client.vault().authorization() {
            Some(authorization) => vault.authorized(authorization.clone()),
            None => vault,
        })
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
    let now = chrono::Utc::now();

    let intent = Intent::new(
        OperationId::from_bytes([0x3f, 0x9a, 0x1c, 0x22]), // draw these at random
        now,
        dns,
        sandbox_name.parse()?,
        "nightly import #{operation}".parse()?,
        Expiry::parse("90d", now)?,
    )
    .sandbox_dns(Some(sandbox.clone()))
    .destinations(["secrets/nightly-import"])
    .verify(VerifyRule::Always);

    let name = format!("own-destination-{}.journal", std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut driver = Driver {
        client: Client::new(ReqwestTransport::new()?, vault),
        sandbox,
        // Before anything is asked: a full disk is found now.
        journal: Journal::reserve(JournalFile::create(&path)?)?,
        store: SecretStore::default(),
    };
    let outcome = driver.issue(Issuance::new(intent)).await?;

    assert_eq!(outcome, Outcome::Issued);
    assert_eq!(driver.store.secrets.len(), 1);
    assert!(!path.exists(), "nothing is left to recover");
    println!("{outcome:?}, in {}", driver.store.secrets[0].0);
    Ok(())
}
