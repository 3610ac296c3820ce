//! What came of an issuance: for people on stderr, for scripts on stdout.

pub(crate) mod problems;

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use vault_sandbox_core::endpoints::TokenRecord;
use vault_sandbox_core::issuance::many::TurnEnd;
use vault_sandbox_core::issuance::{
    DeliveryState, Issuance, NotIssued, Outcome, Removal, Verification,
};
use vault_sandbox_core::redact::escape;
use vault_sandbox_core::{Expiry, TokenId};
use vault_sandbox_issuer::destinations::{self, Reason};

use crate::connection::Connection;
use crate::exit::Exit;
use crate::issue::{Progress, SandboxFacts};
use crate::json::{
    self, CandidateObject, CreateObject, DestinationObject, Ending, ReplacedObject, SandboxRef,
    TokenObject, VaultObject,
};
use crate::typed::Typed;
use crate::voice::Voice;

/// What is known around an issuance, whatever becomes of it.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) voice: Voice,
    pub(crate) typed: Typed,
    pub(crate) command: &'static str,
    pub(crate) simulated: bool,
    pub(crate) sandbox: SandboxFacts,
    pub(crate) vault: VaultFacts,
    /// Destinations as they were written on the command line.
    pub(crate) shown: Vec<String>,
    /// The path of the pending record.
    pub(crate) record: String,
}

impl Frame {
    pub(crate) fn report<'a>(
        &'a self,
        issuance: &'a Issuance,
        outcome: &'a Outcome,
        progress: &'a Progress,
    ) -> Report<'a> {
        Report {
            frame: self,
            issuance,
            outcome,
            progress,
        }
    }
}

/// An issuance and what came of it.
pub(crate) struct Report<'a> {
    frame: &'a Frame,
    issuance: &'a Issuance,
    outcome: &'a Outcome,
    progress: &'a Progress,
}

/// The parent Vault, for people and scripts.
#[derive(Debug, Clone)]
pub(crate) struct VaultFacts {
    pub(crate) dns: String,
    pub(crate) id: Option<String>,
    pub(crate) api_version: String,
}

impl VaultFacts {
    pub(crate) fn of(connection: &Connection) -> Self {
        Self {
            dns: connection.dns().authority(),
            id: connection.vault_id().map(|id| id.to_string()),
            api_version: connection.version().to_string(),
        }
    }

    pub(crate) fn object(&self) -> VaultObject {
        VaultObject {
            dns: self.dns.clone(),
            id: self.id.clone(),
            api_version: self.api_version.clone(),
        }
    }
}

/// What the result object is made of, for destinations that take it.
pub(crate) struct ResultObject {
    pub(crate) frame: Arc<Frame>,
    pub(crate) progress: Progress,
    /// Whether stdout is one of them.
    pub(crate) stdout_is_json: bool,
}

impl ResultObject {
    /// The object with the value in it, as it will be once the destination has it.
    pub(crate) fn line(report: &destinations::Report) -> Result<Vec<u8>, Reason> {
        let given = report.beside::<Self>();
        let given = given.ok_or_else(|| Reason::other("an internal error"))?;
        let frame = &given.frame;
        let ours = frame.report(&report.issuance, &report.outcome, &given.progress);
        Ok(ours.line(Some(report.index))?)
    }

    pub(crate) fn goes_to_stdout(report: &destinations::Report) -> bool {
        let given = report.beside::<Self>();
        given.is_some_and(|given| given.stdout_is_json)
    }
}

impl Report<'_> {
    /// The object as one line; with the value where it is itself handed to a destination.
    pub(crate) fn line(&self, handed_to: Option<usize>) -> io::Result<Vec<u8>> {
        let problem = self.problem();
        let ending = Ending {
            command: self.frame.command,
            outcome: Some(self.outcome_word()),
            simulated: self.frame.simulated,
            warnings: &self.progress.warnings,
            problem: problem.as_ref(),
            voice: &self.frame.voice,
        };
        json::line(&ending, self.object(handed_to))
    }

    /// `0PI00000000C003, file:…`.
    pub(crate) fn in_brief(&self) -> String {
        let token = self.issuance.token();
        let id = token.and_then(|token| token.id());
        let id = id.map_or("a token without an ID", TokenId::as_str);
        let deliveries = self.issuance.deliveries().iter().enumerate();
        let places: Vec<_> = deliveries
            .map(
                |(index, delivery)| match self.shown(index, &delivery.destination) {
                    "-" => "stdout",
                    shown => shown,
                },
            )
            .collect();
        format!("{id}, {}", places.join(", "))
    }

    /// The facts, one a line.
    pub(crate) fn tell(&self, voice: &Voice) {
        let intent = self.issuance.intent();
        if let Some(token) = self.issuance.token() {
            let id = token.id().map_or("a token without an ID", TokenId::as_str);
            voice.fact("Created", &format!("{id}, {:?}", intent.name.as_str()));
            // What is stored counts, where it is known to be something else.
            let expires = match self.issuance.verification() {
                Some(Verification::ExpiryDiffers { stored }) => {
                    stored_for_people(*stored, Utc::now())
                }
                _ => expiry_for_people(intent.expiry, Utc::now()),
            };
            voice.fact("Expires", &expires);
        }
        for (index, delivery) in self.issuance.deliveries().iter().enumerate() {
            if delivery.state == DeliveryState::Committed {
                let shown = self.shown(index, &delivery.destination);
                let saved = |path: &str, readable_by: &str| {
                    voice.fact("Saved", &format!("{path}, readable {readable_by}"));
                };
                match shown.split_once(':') {
                    Some(("file" | "json", path)) => saved(path, ONLY_BY_YOU),
                    Some(("env-file", path)) => saved(path, readable_by(path)),
                    Some(("exec", line)) => voice.fact("Handed", &format!("to {line}")),
                    _ => voice.fact("Written", &"to stdout"),
                }
            }
        }
        if let Some(Verification::Confirmed { .. }) = self.issuance.verification() {
            let at = self
                .frame
                .sandbox
                .dns
                .as_ref()
                .map_or_else(String::new, |dns| format!("in {}, ", dns.authority()));
            voice.fact("Verified", &format!("works {at}expiry confirmed"));
        }
        match (&intent.replaces, self.issuance.replaced()) {
            (Some(old), Some(Removal::Deleted)) => {
                voice.fact("Replaced", &format!("{old}, which is deleted"));
            }
            (Some(old), Some(Removal::WasGone)) => {
                voice.fact("Replaced", &format!("{old}, which was not there any more"));
            }
            _ => {}
        }
        for warning in &self.progress.warnings {
            voice.warning(&format!("{}.", warning.trim_end_matches('.')));
        }
    }

    /// The object for scripts; with the value where it is itself handed to a destination, which is
    /// then as good as committed.
    pub(crate) fn object(&self, handed_to: Option<usize>) -> CreateObject {
        let intent = self.issuance.intent();
        let token = self.issuance.token();
        let value = token
            .filter(|_| handed_to.is_some())
            .map(|token| token.value().expose().to_owned());
        let verification = self.issuance.verification();
        CreateObject {
            operation: intent.operation.to_string(),
            vault: self.frame.vault.object(),
            sandbox: SandboxRef {
                name: intent.sandbox.to_string(),
                dns: self.frame.sandbox.dns.as_ref().map(|dns| dns.authority()),
                status: self.frame.sandbox.status.clone(),
            },
            token: TokenObject {
                id: token.and_then(|t| t.id()).map(ToString::to_string),
                name: intent.name.to_string(),
                value,
                requested_expiry: intent.expiry.to_string(),
                confirmed_expiry: match verification {
                    Some(
                        Verification::Confirmed { expiry: stored }
                        | Verification::ExpiryDiffers { stored },
                    ) => Some(instant(*stored)),
                    _ => None,
                },
            },
            destinations: self
                .issuance
                .deliveries()
                .iter()
                .enumerate()
                .map(|(index, delivery)| DestinationObject {
                    destination: self.shown(index, &delivery.destination).to_owned(),
                    state: if handed_to == Some(index) {
                        DeliveryState::Committed
                    } else {
                        delivery.state
                    },
                    reason: self.progress.failures.get(&index).cloned(),
                })
                .collect(),
            verification: verification.map(|verification| match verification {
                Verification::Confirmed { .. } => "ok",
                Verification::Works | Verification::Unconfirmed => "unconfirmed",
                Verification::ExpiryDiffers { .. } => "expiry_differs",
                Verification::Refused => "refused",
                Verification::OtherVault => "other_vault",
                _ => "unconfirmed",
            }),
            candidates: self.issuance.candidates().iter().map(candidate).collect(),
            replaced: intent.replaces.as_ref().map(|old| ReplacedObject {
                id: old.to_string(),
                state: match (self.issuance.replaced(), self.outcome) {
                    (Some(Removal::Deleted), _) => "deleted",
                    (Some(Removal::WasGone), _) => "not_found",
                    (Some(Removal::Unknown), _) => "unknown",
                    // The value goes first, and takes this object with it.
                    (None, _) if handed_to.is_some() => "to_be_deleted",
                    (_, Outcome::OldRemains) => "not_deleted",
                    (_, _) => "in_place",
                },
            }),
        }
    }

    /// The word of JSON's `outcome`.
    pub(crate) fn outcome_word(&self) -> &'static str {
        match self.outcome {
            Outcome::NotIssued(NotIssued::Unfit) => TurnEnd::Mismatch.as_str(),
            outcome => TurnEnd::of(outcome).as_str(),
        }
    }

    /// How it ends, for the one table.
    pub(crate) fn exit(&self) -> Exit {
        Exit::of(self.outcome, self.progress.refusal())
    }

    fn shown<'a>(&'a self, index: usize, recorded: &'a str) -> &'a str {
        self.frame.shown.get(index).map_or(recorded, String::as_str)
    }
}

const ONLY_BY_YOU: &str = "only by you";

/// A file of variables keeps what its owner and group may do.
fn readable_by(env_file: &str) -> &'static str {
    let path = env_file.rsplit_once('#').map_or(env_file, |(path, _)| path);
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.mode() & 0o070 != 0 => "by its owner and group",
        Ok(metadata) if metadata.uid() != rustix::process::geteuid().as_raw() => "by its owner",
        _ => ONLY_BY_YOU,
    }
}

/// A token that may be an operation's, for scripts.
pub(crate) fn candidate(record: &TokenRecord) -> CandidateObject {
    CandidateObject {
        id: record.id.to_string(),
        name: record.name.clone(),
        expiry: Some(instant(record.expiry)),
        last_used: record.last_used.map(|at| instant(Some(at))),
    }
}

/// A token that may be an operation's, for people: by what it can be told.
pub(crate) fn candidate_for_people(record: &TokenRecord) -> String {
    let name = escape(record.name.as_deref().unwrap_or_default());
    let used = record.last_used.map_or_else(
        || "never used".to_owned(),
        |at| format!("last used {}", instant(Some(at))),
    );
    format!(
        "{}  {name:?}, expires {}, {used}",
        record.id,
        instant(record.expiry)
    )
}

/// A stored expiry for scripts: RFC 3339 in UTC, or `never`.
pub(crate) fn instant(stored: Option<DateTime<Utc>>) -> String {
    stored.map_or_else(
        || "never".to_owned(),
        |at| at.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}

/// `2027-02-21 18:04:11 UTC, in 90 days`.
pub(crate) fn expiry_for_people(expiry: Expiry, now: DateTime<Utc>) -> String {
    if let Some(date) = expiry.date() {
        return format!("{date} 23:59:59 in the user's time zone, which Vault knows");
    }
    stored_for_people(expiry.instant(), now)
}

fn stored_for_people(stored: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let Some(at) = stored else {
        return "never".to_owned();
    };
    format!(
        "{} UTC, {}",
        at.format("%Y-%m-%d %H:%M:%S"),
        time_left(at, now)
    )
}

/// `in 90 days`, `in 36 hours`, `passed`.
pub(crate) fn time_left(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    // Rounded: a moment has passed since "90d" was read.
    let hours = ((at - now).num_minutes() + 30).div_euclid(60);
    match hours {
        _ if at <= now => "passed".to_owned(),
        0..72 => format!("in {hours} hours"),
        _ => format!("in {} days", (hours + 12) / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiries_for_people() {
        let now: DateTime<Utc> = "2026-11-23T18:04:11.9Z".parse().unwrap();
        for (text, shown) in [
            ("90d", "2027-02-21 18:04:11 UTC, in 90 days"),
            ("36h", "2026-11-25 06:04:11 UTC, in 36 hours"),
            ("3h", "2026-11-23 21:04:11 UTC, in 3 hours"),
            (
                "2027-02-21",
                "2027-02-21 23:59:59 in the user's time zone, which Vault knows",
            ),
            ("never", "never"),
        ] {
            assert_eq!(
                expiry_for_people(Expiry::parse(text, now).unwrap(), now),
                shown
            );
        }
    }
}
