//! What became of one sandbox of many.

use vault_sandbox_core::issuance::DeliveryState;
use vault_sandbox_core::redact::escape;
use vault_sandbox_core::{OperationId, SandboxName, TokenId, VaultDns};

use super::issue_one::{Ended, Issuing};
use super::item::Item;
use super::summary::About;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::json::{
    self, CreateObject, DestinationObject, Ending, LeftAloneObject, SandboxRef, TokenObject,
    VaultObject,
};
use crate::problem::Problem;
use crate::report::VaultFacts;
use crate::report::problems::{NOT_ISSUED, capitalised};
use crate::voice::Voice;

/// What became of it, for people and for scripts.
pub(super) struct Row {
    pub(super) sandbox: SandboxName,
    pub(super) exit: Exit,
    /// The word of JSON's `outcome`.
    pub(super) outcome: &'static str,
    pub(super) problem: Option<Problem>,
    pub(super) warnings: Vec<String>,
    /// `0PI00000000C003, file:…`.
    pub(super) what: String,
    /// The object, unless it was written to stdout already.
    pub(super) line: Option<Vec<u8>>,
}

impl Row {
    pub(super) fn of(item: &Item, ended: &Ended, is_json: bool) -> Self {
        let report = ended.report();
        let problem = report.problem();
        let what = match &problem {
            Some(problem) => in_brief(&problem.what),
            None => report.in_brief(),
        };
        Self {
            sandbox: item.sandbox.clone(),
            exit: report.exit(),
            outcome: report.outcome_word(),
            warnings: ended.progress.warnings.clone(),
            what,
            line: match is_json && !ended.progress.reported {
                true => report.line(None).ok(),
                false => None,
            },
            problem,
        }
    }

    /// Of one for which no token was asked.
    pub(super) fn not_asked(
        issuing: &Issuing<'_>,
        item: &Item,
        sandbox: &SandboxFacts,
        problem: Problem,
    ) -> Self {
        let (terms, connection) = (issuing.terms, issuing.connection);
        let ending = Ending {
            command: terms.command,
            outcome: Some("not_issued"),
            simulated: connection.is_simulated(),
            warnings: &[],
            problem: Some(&problem),
            voice: issuing.context.voice,
        };
        let destinations = item
            .destinations
            .iter()
            .map(|destination| DestinationObject {
                destination: destination.to_string(),
                state: DeliveryState::Planned,
                reason: None,
            });
        let object = CreateObject {
            operation: item.operation.to_string(),
            vault: VaultFacts::of(connection).object(),
            sandbox: SandboxRef {
                name: item.sandbox.to_string(),
                dns: sandbox.dns.as_ref().map(VaultDns::authority),
                status: sandbox.status.clone(),
            },
            token: TokenObject {
                id: None,
                name: item.name.to_string(),
                value: None,
                requested_expiry: terms.expiry.to_string(),
                confirmed_expiry: None,
            },
            destinations: destinations.collect(),
            verification: None,
            candidates: Vec::new(),
            replaced: item
                .replaces
                .as_ref()
                .map(|old: &TokenId| json::ReplacedObject {
                    id: old.to_string(),
                    state: "in_place",
                }),
        };
        Self {
            sandbox: item.sandbox.clone(),
            exit: problem.exit,
            outcome: "not_issued",
            what: problem.what.clone(),
            warnings: Vec::new(),
            line: match issuing.context.settings.is_json() {
                true => json::line(&ending, object).ok(),
                false => None,
            },
            problem: Some(problem),
        }
    }

    /// Of one that a resumed run leaves alone: an earlier run issued a token, or may have.
    pub(super) fn left_alone(
        about: &About<'_>,
        vault: VaultObject,
        sandbox: SandboxName,
        operation: Option<OperationId>,
        problem: Problem,
    ) -> Self {
        let outcome = problem.exit.outcome();
        let ending = Ending {
            command: about.command,
            outcome: Some(outcome),
            simulated: about.simulated,
            warnings: &[],
            problem: Some(&problem),
            voice: about.context.voice,
        };
        let object = LeftAloneObject {
            operation: operation.map(|operation| operation.to_string()),
            vault,
            sandbox: SandboxRef {
                name: sandbox.to_string(),
                dns: None,
                status: None,
            },
        };
        Self {
            exit: problem.exit,
            outcome,
            what: problem.what.clone(),
            warnings: Vec::new(),
            line: match about.context.settings.is_json() {
                true => json::line(&ending, object).ok(),
                false => None,
            },
            problem: Some(problem),
            sandbox,
        }
    }

    /// With its secrets out of the words for people; the object has them where they belong.
    pub(super) fn scrubbed(self, voice: &Voice) -> Self {
        Self {
            what: voice.scrub(&self.what),
            warnings: self.warnings.iter().map(|w| voice.scrub(w)).collect(),
            problem: self.problem.map(|problem| problem.scrubbed(voice)),
            ..self
        }
    }

    /// Why it was not done, for those that are not begun because of it.
    pub(super) fn reason(&self) -> Problem {
        Problem::new(self.exit, self.what.clone())
    }

    /// The sandbox's name, which may be Vault's word.
    pub(super) fn shown(&self) -> String {
        escape(self.sandbox.as_str())
    }

    /// `VeePharm Sandbox: issued, 0PI00000000C003, file:…`, or why not.
    pub(super) fn in_words(&self) -> String {
        let (outcome, what) = (self.outcome.replace('_', " "), &self.what);
        match self.problem {
            None => format!("{}: {outcome}, {what}", self.shown()),
            Some(_) => format!("{}: {outcome}. {}", self.shown(), capitalised(what)),
        }
    }
}

/// That it was not issued is said beside it.
fn in_brief(what: &str) -> String {
    let rest = what.strip_prefix(NOT_ISSUED);
    let rest = rest.and_then(|rest| rest.strip_prefix(": "));
    rest.unwrap_or(what).to_owned()
}
