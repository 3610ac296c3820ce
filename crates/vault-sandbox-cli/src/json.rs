//! The objects that `--format json` writes. Fields are only ever added; `docs/cli.md` describes them.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde_json::value::RawValue;
use vault_sandbox_core::issuance::DeliveryState;

use crate::destinations::stdout;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::voice::Voice;

pub(crate) const SCHEMA: &str = "vault-sandbox/result/1";
pub(crate) const SUMMARY_SCHEMA: &str = "vault-sandbox/summary/1";

/// What every command's object has, around what is its own.
#[derive(Serialize)]
pub(crate) struct Envelope<'a, T: Serialize> {
    schema: &'static str,
    command: &'a str,
    outcome: &'static str,
    exit_code: u8,
    simulated: bool,
    #[serde(flatten)]
    body: T,
    warnings: Vec<String>,
    error: Option<ErrorObject>,
}

#[derive(Serialize)]
pub(crate) struct ErrorObject {
    code: &'static str,
    message: String,
    retry: &'static str,
    vault: Option<Vec<MessageObject>>,
    next: Vec<String>,
}

#[derive(Serialize)]
struct MessageObject {
    #[serde(rename = "type")]
    code: String,
    message: String,
}

#[derive(Serialize)]
pub(crate) struct Empty {}

#[derive(Serialize)]
pub(crate) struct CreateObject {
    pub(crate) operation: String,
    pub(crate) vault: VaultObject,
    pub(crate) sandbox: SandboxRef,
    pub(crate) token: TokenObject,
    pub(crate) destinations: Vec<DestinationObject>,
    pub(crate) verification: Option<&'static str>,
    /// Tokens that may be the one that was asked for, or may not, where that is not certain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) candidates: Vec<CandidateObject>,
    /// Of `token rotate` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replaced: Option<ReplacedObject>,
}

/// One of many that was left alone, because of what an earlier run did.
#[derive(Serialize)]
pub(crate) struct LeftAloneObject {
    /// Missing where a newer version wrote of it in a way that is not understood.
    pub(crate) operation: Option<String>,
    pub(crate) vault: VaultObject,
    pub(crate) sandbox: SandboxRef,
}

#[derive(Serialize)]
pub(crate) struct ReplacedObject {
    pub(crate) id: String,
    /// `deleted`, `not_deleted`, or `in_place` where the new token did not get its place.
    pub(crate) state: &'static str,
}

#[derive(Serialize)]
pub(crate) struct VaultObject {
    pub(crate) dns: String,
    pub(crate) id: Option<String>,
    pub(crate) api_version: String,
}

#[derive(Serialize)]
pub(crate) struct SandboxRef {
    pub(crate) name: String,
    pub(crate) dns: Option<String>,
    pub(crate) status: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct TokenObject {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    /// The secret, and only where this object is the one destination.
    pub(crate) value: Option<String>,
    pub(crate) requested_expiry: String,
    pub(crate) confirmed_expiry: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct DestinationObject {
    pub(crate) destination: String,
    pub(crate) state: DeliveryState,
    pub(crate) reason: Option<String>,
}

/// What a run over many sandboxes came to.
#[derive(Serialize)]
pub(crate) struct SummaryObject {
    /// The name of the whole run, for `--resume`.
    pub(crate) operation: Option<String>,
    pub(crate) total: usize,
    /// How many sandboxes had which outcome.
    pub(crate) counts: BTreeMap<&'static str, usize>,
    /// What to type to do what was certainly not issued.
    pub(crate) resume: Option<String>,
    /// In the order of the sandboxes; only with `--format json`, where they were not written before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) results: Option<Vec<Box<RawValue>>>,
}

#[derive(Serialize)]
pub(crate) struct DryRunsObject {
    pub(crate) vault: VaultObject,
    pub(crate) requests: Vec<SandboxRequestObject>,
}

#[derive(Serialize)]
pub(crate) struct SandboxRequestObject {
    pub(crate) sandbox: SandboxRef,
    pub(crate) request: RequestObject,
}

#[derive(Serialize)]
pub(crate) struct DryRunObject {
    pub(crate) vault: VaultObject,
    pub(crate) sandbox: SandboxRef,
    pub(crate) request: RequestObject,
}

#[derive(Serialize)]
pub(crate) struct RequestObject {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

#[derive(Serialize)]
pub(crate) struct SandboxesObject {
    pub(crate) sandboxes: Vec<SandboxObject>,
}

#[derive(Serialize)]
pub(crate) struct OneSandboxObject {
    pub(crate) sandbox: SandboxObject,
    pub(crate) limits: Vec<LimitObject>,
}

#[derive(Serialize)]
pub(crate) struct SandboxObject {
    pub(crate) name: String,
    pub(crate) vault_id: Option<String>,
    pub(crate) status: String,
    pub(crate) size: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) dns: Option<String>,
    pub(crate) refresh_available: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct LimitObject {
    pub(crate) name: String,
    pub(crate) used: Option<u64>,
    pub(crate) allowed: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct OperationsObject {
    pub(crate) operations: Vec<OperationObject>,
    /// Runs over many sandboxes that are not finished.
    pub(crate) runs: Vec<RunObject>,
}

#[derive(Clone, Serialize)]
pub(crate) struct RunObject {
    pub(crate) operation: String,
    /// `open`, `under_way`, `newer` or `unreadable`.
    pub(crate) state: &'static str,
    pub(crate) started: Option<String>,
    pub(crate) vault: Option<String>,
    pub(crate) total: Option<usize>,
    /// How many certainly have no token.
    pub(crate) left: Option<usize>,
    /// What to type to do those.
    pub(crate) resume: Option<String>,
    pub(crate) record: String,
}

/// A token that may be an operation's, or may not: its facts, for a person or a script to judge by.
#[derive(Clone, Serialize)]
pub(crate) struct CandidateObject {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) expiry: Option<String>,
    pub(crate) last_used: Option<String>,
}

#[derive(Clone, Serialize)]
pub(crate) struct OperationObject {
    pub(crate) operation: String,
    pub(crate) state: &'static str,
    pub(crate) started: Option<String>,
    pub(crate) vault: Option<String>,
    pub(crate) sandbox: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) token_ids: Vec<String>,
    /// Tokens that may be this operation's, or may not, where that is not certain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) candidates: Vec<CandidateObject>,
    /// The old token, whose place the new one is to take: it is still there, as far as is known.
    pub(crate) replaces: Option<String>,
    pub(crate) record: String,
}

#[derive(Serialize)]
pub(crate) struct TokensObject {
    pub(crate) tokens: Vec<ListedToken>,
}

#[derive(Serialize)]
pub(crate) struct ListedToken {
    pub(crate) sandbox: String,
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    /// `active`, `inactive`, or Vault's own word.
    pub(crate) status: String,
    pub(crate) expiry: String,
    pub(crate) last_used: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct VerifiedObject {
    pub(crate) tokens: Vec<VerifiedToken>,
}

#[derive(Serialize)]
pub(crate) struct VerifiedToken {
    pub(crate) sandbox: String,
    /// Whether it works; null where it could not be found out.
    pub(crate) works: Option<bool>,
    /// Where it, or what was used in its place, came from.
    pub(crate) source: String,
    pub(crate) user: Option<UserObject>,
    /// Null where it cannot be told which of the user's tokens it is.
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) expiry: Option<String>,
    pub(crate) last_used: Option<String>,
    /// Why it does not work, or could not be tried.
    pub(crate) reason: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct RevokedObject {
    pub(crate) tokens: Vec<RevokedToken>,
}

#[derive(Serialize)]
pub(crate) struct RevokedToken {
    pub(crate) id: String,
    /// `revoked`, `not_found` or `refused`.
    pub(crate) outcome: &'static str,
}

#[derive(Serialize)]
pub(crate) struct AuthObject {
    /// Null where it could not be found out.
    pub(crate) signed_in: Option<bool>,
    pub(crate) vault: Option<VaultObject>,
    pub(crate) user: Option<UserObject>,
    pub(crate) method: Option<&'static str>,
    pub(crate) source: Option<String>,
    /// Of a kept session only.
    pub(crate) signed_in_at: Option<String>,
    /// Unused, it ends sooner.
    pub(crate) ends_at_latest: Option<String>,
}

impl AuthObject {
    pub(crate) fn nobody() -> Self {
        Self {
            signed_in: Some(false),
            vault: None,
            user: None,
            method: None,
            source: None,
            signed_in_at: None,
            ends_at_latest: None,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct UserObject {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

/// How a run ended, for the envelope.
pub(crate) struct Ending<'a> {
    pub(crate) command: &'a str,
    /// The word of `outcome`; the exit's own unless given.
    pub(crate) outcome: Option<&'static str>,
    pub(crate) simulated: bool,
    pub(crate) warnings: &'a [String],
    pub(crate) problem: Option<&'a Problem>,
    /// Knows the secrets that must not be in what is quoted.
    pub(crate) voice: &'a Voice,
}

/// The object as one line.
pub(crate) fn line<T: Serialize>(ending: &Ending<'_>, body: T) -> io::Result<Vec<u8>> {
    line_of(SCHEMA, ending, body)
}

/// As [`line()`], of another schema.
pub(crate) fn line_of<T: Serialize>(
    schema: &'static str,
    ending: &Ending<'_>,
    body: T,
) -> io::Result<Vec<u8>> {
    let exit = ending.problem.map_or(Exit::Done, |problem| problem.exit);
    let envelope = Envelope {
        schema,
        command: ending.command,
        outcome: ending.outcome.unwrap_or(exit.outcome()),
        exit_code: exit.code(),
        simulated: ending.simulated,
        body,
        warnings: ending
            .warnings
            .iter()
            .map(|w| ending.voice.scrub(w))
            .collect(),
        error: ending
            .problem
            .map(|problem| ErrorObject::of(problem, ending.voice)),
    };
    let mut line = serde_json::to_vec(&envelope).map_err(io::Error::other)?;
    line.push(b'\n');
    Ok(line)
}

/// Shows the object on stdout.
pub(crate) fn print<T: Serialize>(ending: &Ending<'_>, body: T) -> Result<(), Problem> {
    let line =
        line(ending, body).map_err(|e| Problem::new(Exit::Internal, format!("No JSON: {e}.")))?;
    stdout::show(&line)
}

impl ErrorObject {
    fn of(problem: &Problem, voice: &Voice) -> Self {
        let escape = |text: &str| vault_sandbox_core::redact::escape(&voice.scrub(text));
        let message = match &problem.now {
            Some(now) => format!("{} {now}", problem.what),
            None => problem.what.clone(),
        };
        let said = problem.vault.iter().map(|message| MessageObject {
            code: escape(&message.code),
            message: escape(&message.message),
        });
        Self {
            code: problem.exit.word(),
            message: voice.scrub(&message),
            retry: problem.exit.retry(),
            vault: (!problem.vault.is_empty()).then(|| said.collect()),
            next: problem
                .next
                .iter()
                .map(|(_, command)| command.clone())
                .collect(),
        }
    }
}
