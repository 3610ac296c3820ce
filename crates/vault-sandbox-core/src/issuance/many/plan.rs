//! What a run was asked for, and its line: the first of the record.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::RunError;
use crate::endpoints::Encoding;
use crate::issuance::intent::VerifyRule;
use crate::types::{ApiVersion, Expiry, OperationId, SandboxName, TokenName, VaultDns, VaultId};
use crate::validation::ValidationError;

const SCHEMA: &str = "vault-sandbox/many/1";
const NEVER: &str = "never";

/// What a run was asked for. Holds no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunPlan {
    /// The number of the run, for people and records.
    pub operation: OperationId,
    /// When it began.
    pub started: DateTime<Utc>,
    /// The parent Vault.
    pub vault: VaultDns,
    /// The parent Vault's ID, if it is known.
    pub vault_id: Option<VaultId>,
    /// The API version of the requests.
    pub api_version: ApiVersion,
    /// The tokens' name, as it was given. `None`: each token gets a name of its own.
    pub name: Option<TokenName>,
    /// When the tokens shall expire.
    pub expiry: Expiry,
    /// How the requests' bodies are written.
    pub encoding: Encoding,
    /// Whether the tokens are tried out.
    pub verify: VerifyRule,
    /// The sandboxes, each once, in the order of their turns.
    pub sandboxes: Vec<PlannedSandbox>,
}

/// A sandbox of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedSandbox {
    /// Its name.
    pub name: SandboxName,
    /// Where its token's value goes, in words that the driver understands.
    pub destinations: Vec<String>,
}

impl RunPlan {
    /// A plan for these sandboxes of this Vault, in API version [26.2](ApiVersion::V26_2).
    #[must_use]
    pub fn new(
        operation: OperationId,
        started: DateTime<Utc>,
        vault: VaultDns,
        expiry: Expiry,
        sandboxes: Vec<PlannedSandbox>,
    ) -> Self {
        Self {
            operation,
            started,
            vault,
            vault_id: None,
            api_version: ApiVersion::V26_2,
            name: None,
            expiry,
            encoding: Encoding::default(),
            verify: VerifyRule::default(),
            sandboxes,
        }
    }

    /// Sets [`vault_id`](Self::vault_id).
    #[must_use]
    pub fn vault_id(mut self, id: Option<VaultId>) -> Self {
        self.vault_id = id;
        self
    }

    /// Sets [`api_version`](Self::api_version).
    #[must_use]
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = version;
        self
    }

    /// Sets [`name`](Self::name).
    #[must_use]
    pub fn name(mut self, name: Option<TokenName>) -> Self {
        self.name = name;
        self
    }

    /// Sets [`encoding`](Self::encoding).
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets [`verify`](Self::verify).
    #[must_use]
    pub fn verify(mut self, rule: VerifyRule) -> Self {
        self.verify = rule;
        self
    }
}

impl PlannedSandbox {
    /// This sandbox, with these destinations.
    #[must_use]
    pub fn new(name: SandboxName, destinations: impl IntoIterator<Item = String>) -> Self {
        Self {
            name,
            destinations: destinations.into_iter().collect(),
        }
    }
}

impl RunPlan {
    /// Reads a whole line.
    pub(super) fn read(line: &[u8]) -> Result<Self, RunError> {
        let value: Value = serde_json::from_slice(line).map_err(|_| RunError::Damaged)?;
        let schema = value.get("schema").and_then(Value::as_str);
        match schema {
            Some(SCHEMA) => {}
            Some(_) => return Err(RunError::Newer),
            None => return Err(RunError::Damaged),
        }
        // A whole line of this schema that is not understood: whoever wrote it knew more.
        let line: PlanLine = serde_json::from_value(value).map_err(|_| RunError::Newer)?;
        line.plan().map_err(|_| RunError::Newer)
    }

    /// The line, without its line feed.
    pub(super) fn line(&self) -> impl Serialize {
        PlanLine::of(self)
    }
}

#[derive(Serialize, Deserialize)]
struct PlanLine {
    schema: String,
    operation: String,
    started: String,
    vault: String,
    vault_id: Option<String>,
    api_version: String,
    name: Option<String>,
    /// An instant, a date, or `never`.
    expiry: String,
    json: bool,
    verify: String,
    sandboxes: Vec<SandboxLine>,
}

#[derive(Serialize, Deserialize)]
struct SandboxLine {
    name: String,
    destinations: Vec<String>,
}

impl PlanLine {
    fn of(plan: &RunPlan) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            operation: plan.operation.to_string(),
            started: plan.started.to_rfc3339_opts(SecondsFormat::Secs, true),
            vault: plan.vault.to_string(),
            vault_id: plan.vault_id.map(|id| id.to_string()),
            api_version: plan.api_version.to_string(),
            name: plan.name.as_ref().map(ToString::to_string),
            expiry: plan.expiry.to_string(),
            json: plan.encoding == Encoding::Json,
            verify: plan.verify.as_str().to_owned(),
            sandboxes: plan.sandboxes.iter().map(SandboxLine::of).collect(),
        }
    }

    fn plan(self) -> Result<RunPlan, ValidationError> {
        let wrong = |reason: &str| ValidationError::new("record", reason);
        let expiry = Some(self.expiry.as_str()).filter(|text| *text != NEVER);
        let started = self.started.parse();
        let sandboxes = self.sandboxes.into_iter().map(SandboxLine::sandbox);
        let plan = RunPlan::new(
            self.operation.parse()?,
            started.map_err(|_| wrong("has a start that is no instant"))?,
            self.vault.parse()?,
            Expiry::from_wire(expiry)?,
            sandboxes.collect::<Result<_, _>>()?,
        );
        let rule = VerifyRule::from_word(&self.verify);
        Ok(plan
            .vault_id(self.vault_id.map(|id| id.parse()).transpose()?)
            .api_version(self.api_version.parse()?)
            .name(self.name.map(|name| name.parse()).transpose()?)
            .verify(rule.ok_or_else(|| wrong("has a verify rule that is not known"))?)
            .encoding(match self.json {
                true => Encoding::Json,
                false => Encoding::Form,
            }))
    }
}

impl SandboxLine {
    fn of(planned: &PlannedSandbox) -> Self {
        Self {
            name: planned.name.as_str().to_owned(),
            destinations: planned.destinations.clone(),
        }
    }

    fn sandbox(self) -> Result<PlannedSandbox, ValidationError> {
        Ok(PlannedSandbox::new(self.name.parse()?, self.destinations))
    }
}
