//! A Vault, a home directory and a place for files, all fresh.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use vault_sandbox_simulator::{Effect, Endpoint, Fault, RecordedRequest, Simulator, TokenRecord};

use super::{Run, Secret};

pub(crate) const SANDBOX: &str = "VeePharm Sandbox";

pub(crate) struct World {
    /// Searched for secrets after the run.
    root: tempfile::TempDir,
    /// For files that hold a credential on purpose.
    inputs: tempfile::TempDir,
    pub(crate) vault: Simulator,
    /// Other values than the server's own that may turn up.
    values: Mutex<Vec<String>>,
    /// Further credentials that must not.
    credentials: Mutex<Vec<String>>,
    /// What exists before the program runs.
    present: Mutex<Vec<String>>,
    /// The token that a rotation is to replace.
    old: Mutex<Option<TokenRecord>>,
    /// How often a token was asked for before the program runs.
    asked_before: Mutex<usize>,
}

/// Something that was found below the root.
pub(crate) struct Found {
    /// As rows name it: `work/token`; `record` for any pending record, `ledger` for the ledger.
    pub(crate) place: String,
    pub(crate) path: PathBuf,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Simulator::start().unwrap())
    }

    pub(crate) fn with(vault: Simulator) -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["home", "state", "tmp", "work"] {
            fs::create_dir(root.path().join(name)).unwrap();
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(root.path().join(name), mode).unwrap();
        }
        Self {
            root,
            inputs: tempfile::tempdir().unwrap(),
            vault,
            values: Mutex::default(),
            credentials: Mutex::default(),
            present: Mutex::default(),
            old: Mutex::default(),
            asked_before: Mutex::default(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// A path below the working directory of the program.
    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.root().join("work").join(name)
    }

    /// Writes a file that holds a credential on purpose; its path.
    pub(crate) fn input(&self, name: &str, content: &[u8]) -> String {
        let path = self.inputs.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The program with a user name and password for the simulated Vault.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_without_login(args)
            .env("VAULT_SANDBOX_USER", self.vault.user_name())
            .env("VAULT_SANDBOX_PASSWORD", self.vault.password())
    }

    /// The program with a session ID, for another address than the simulated Vault's own too.
    pub(crate) fn run_with_session(&self, dns: &str, args: &[&str]) -> Run {
        let session = self.vault.session();
        self.credentials.lock().unwrap().push(session.clone());
        self.run_without_login(args)
            .env("VAULT_SANDBOX_DNS", format!("http://{dns}"))
            .env("VAULT_SANDBOX_SESSION_ID", &session)
    }

    pub(crate) fn run_without_login(&self, args: &[&str]) -> Run {
        let at = |name: &str| self.root().join(name).to_str().unwrap().to_owned();
        Run::new(self.root().join("work"), args)
            .env("HOME", at("home"))
            .env("XDG_STATE_HOME", at("state"))
            .env("TMPDIR", at("tmp"))
            .env("VAULT_SANDBOX_DNS", format!("http://{}", self.vault.dns()))
    }

    /// A shell that finds the program by its name, as a person's does; nothing else is set.
    pub(crate) fn shell(&self, script: &str) -> Run {
        let directory = self.inputs.path().join("bin");
        if !directory.exists() {
            fs::create_dir(&directory).unwrap();
            let program = env!("CARGO_BIN_EXE_vault-sandbox");
            std::os::unix::fs::symlink(program, directory.join("vault-sandbox")).unwrap();
        }
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", directory.display());
        Run::new(self.root().join("work"), &[])
            .shell(script)
            .without_timeout()
            .env("PATH", path)
    }

    /// `token create` into the file `token`, with the result as JSON.
    pub(crate) fn create(&self, more: &[&str]) -> Run {
        self.run(&with(
            &[
                "token", "create", SANDBOX, "--format", "json", "-o", "token",
            ],
            more,
        ))
    }

    /// The same, not waiting long: where an answer will not come.
    pub(crate) fn create_hastily(&self, more: &[&str]) -> Run {
        self.create(more).hastily()
    }

    /// The same through another address.
    pub(crate) fn create_at(&self, dns: &str) -> Run {
        let args = [
            "token", "create", SANDBOX, "--format", "json", "-o", "token",
        ];
        self.run_with_session(dns, &args).hastily()
    }

    pub(crate) fn fault(&self, fault: Fault) -> &Self {
        self.vault.fault(fault);
        self
    }

    /// A value that Vault did not make, but the program may be told.
    pub(crate) fn expect_value(&self, value: &str) {
        self.values.lock().unwrap().push(value.to_owned());
    }

    pub(crate) fn must_hide(&self, credential: &str) {
        self.credentials.lock().unwrap().push(credential.to_owned());
    }

    /// Issues a token into the file `token`: the old one, from now on.
    pub(crate) fn with_old(&self) -> TokenRecord {
        let ran = self.create(&[]).go();
        assert_eq!(ran.code(), 0, "{}", ran.said());
        let old = self.vault.tokens(SANDBOX).pop().unwrap();
        *self.old.lock().unwrap() = Some(old.clone());
        old
    }

    pub(crate) fn old(&self) -> Option<TokenRecord> {
        self.old.lock().unwrap().clone()
    }

    /// The token that is there besides the old one.
    pub(crate) fn new_token(&self) -> Option<TokenRecord> {
        let old = self.old().map(|old| old.id);
        let mut tokens = self.vault.tokens(SANDBOX);
        tokens.retain(|token| Some(&token.id) != old.as_ref());
        tokens.pop()
    }

    /// Where the ledger is.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.root().join("state/vault-sandbox/ledger.jsonl")
    }

    /// How often a token was asked for since [`settle`](Self::settle).
    pub(crate) fn asked(&self) -> usize {
        self.creates().len() - *self.asked_before.lock().unwrap()
    }

    /// The requests that ask for a token.
    pub(crate) fn creates(&self) -> Vec<RecordedRequest> {
        let is_create = |request: &RecordedRequest| {
            request.method == "POST"
                && request.path.contains("/objects/sandbox/")
                && request.path.ends_with("/users/me/api_access_token__sys")
        };
        self.vault
            .requests()
            .into_iter()
            .filter(is_create)
            .collect()
    }

    /// The value that the program was told last.
    pub(crate) fn value(&self) -> Option<String> {
        let told = self.values.lock().unwrap().last().cloned();
        told.or_else(|| self.vault.tokens(SANDBOX).last().map(|t| t.value.clone()))
    }

    /// Everything that must be in the places named only.
    pub(crate) fn values(&self) -> Vec<Secret> {
        let told = self.values.lock().unwrap().clone();
        let made = self.vault.tokens(SANDBOX).into_iter().map(|t| t.value);
        let old = self.old().map(|old| old.value);
        made.chain(told)
            .chain(old)
            .map(|value| Secret::new(&value))
            .collect()
    }

    /// Everything that was let in with, or would have been.
    pub(crate) fn credentials(&self) -> Vec<Secret> {
        let mut all = self.credentials.lock().unwrap().clone();
        all.push(self.vault.password().to_owned());
        let made = self.vault.tokens(SANDBOX).into_iter().chain(self.old());
        let values: Vec<_> = made.map(|t| t.value).collect();
        for request in self.vault.requests() {
            let Some(header) = request.headers.get("authorization") else {
                continue;
            };
            let text = String::from_utf8_lossy(header.as_bytes()).into_owned();
            let bare = text.strip_prefix("Bearer ").unwrap_or(&text).to_owned();
            if !values.contains(&bare) {
                all.push(bare);
            }
        }
        all.sort();
        all.dedup();
        all.iter().map(|text| Secret::new(text)).collect()
    }

    /// From now on, what is there is no trace of the program's.
    pub(crate) fn settle(&self) {
        *self.present.lock().unwrap() = self.files().into_iter().map(|f| f.place).collect();
        *self.asked_before.lock().unwrap() = self.creates().len();
    }

    pub(crate) fn is_new(&self, found: &Found) -> bool {
        !self.present.lock().unwrap().contains(&found.place)
    }

    /// All that is below the root, but no directories.
    pub(crate) fn files(&self) -> Vec<Found> {
        let mut found = Vec::new();
        let mut directories = vec![self.root().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.symlink_metadata().unwrap().is_dir() {
                    directories.push(path);
                    continue;
                }
                let relative = path.strip_prefix(self.root()).unwrap();
                let is_record = path.extension().is_some_and(|end| end == "journal");
                let is_ledger = path.ends_with("ledger.jsonl");
                let place = match (is_record, is_ledger) {
                    (true, _) => "record".to_owned(),
                    (_, true) => "ledger".to_owned(),
                    _ => relative.to_string_lossy().into_owned(),
                };
                found.push(Found { place, path });
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    pub(crate) fn records(&self) -> Vec<PathBuf> {
        let records = self.files().into_iter().filter(|f| f.place == "record");
        records.map(|f| f.path).collect()
    }

    /// The operations that are open, as their records are named.
    pub(crate) fn operations(&self) -> Vec<String> {
        let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        self.records().iter().map(stem).collect()
    }
}

/// `effect` on every request for a token.
pub(crate) fn fault_on_create(effect: Effect) -> Fault {
    Fault::new(effect).on(Endpoint::GenerateSandboxToken)
}

/// A row's `given`: `token create` while every request for a token meets this.
pub(crate) fn create(world: &World, effect: Effect) -> Run {
    world.fault(fault_on_create(effect)).create_hastily(&[])
}

fn with<'a>(first: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    first.iter().chain(more).copied().collect()
}
