//! What came of an issuance: for people on stderr, for scripts on stdout.

use chrono::{DateTime, SecondsFormat, Utc};
use vault_sandbox_core::issuance::{DeliveryState, Issuance, NotIssued, Outcome, Verification};
use vault_sandbox_core::{Error, Expiry, TokenId, TransportErrorKind};

use crate::exit::Exit;
use crate::issue::{Progress, SandboxFacts};
use crate::json::{CreateObject, DestinationObject, SandboxRef, TokenObject, VaultObject};
use crate::problem::{Problem, sentence};
use crate::typed::Typed;
use crate::voice::Voice;

/// An issuance and all that is known around it.
pub(crate) struct Report<'a> {
    pub(crate) issuance: &'a Issuance,
    pub(crate) outcome: &'a Outcome,
    pub(crate) progress: &'a Progress,
    pub(crate) sandbox: &'a SandboxFacts,
    pub(crate) vault: VaultFacts,
    /// Destinations as they were written on the command line.
    pub(crate) shown: &'a [String],
    /// The path of the pending record.
    pub(crate) record: String,
    pub(crate) typed: &'a Typed,
}

/// The parent Vault, for people and scripts.
#[derive(Debug, Clone)]
pub(crate) struct VaultFacts {
    pub(crate) dns: String,
    pub(crate) id: Option<String>,
    pub(crate) api_version: String,
}

impl VaultFacts {
    pub(crate) fn object(&self) -> VaultObject {
        VaultObject {
            dns: self.dns.clone(),
            id: self.id.clone(),
            api_version: self.api_version.clone(),
        }
    }
}

impl Report<'_> {
    /// The facts, one a line.
    pub(crate) fn tell(&self, voice: &Voice) {
        let intent = self.issuance.intent();
        if let Some(token) = self.issuance.token() {
            let id = token.id().map_or("a token without an ID", TokenId::as_str);
            voice.fact("Created", &format!("{id}, {:?}", intent.name.as_str()));
            voice.fact("Expires", &expiry_for_people(intent.expiry, Utc::now()));
        }
        for (index, delivery) in self.issuance.deliveries().iter().enumerate() {
            if delivery.state == DeliveryState::Committed {
                let shown = self.shown(index, &delivery.destination);
                let saved =
                    |path: &str| voice.fact("Saved", &format!("{path}, readable only by you"));
                match shown.split_once(':') {
                    Some(("file" | "json" | "env-file", path)) => saved(path),
                    Some(("exec", line)) => voice.fact("Handed", &format!("to {line}")),
                    _ => voice.fact("Written", &"to stdout"),
                }
            }
        }
        if let Some(Verification::Confirmed { .. }) = self.issuance.verification() {
            let at = self
                .sandbox
                .dns
                .as_ref()
                .map_or_else(String::new, |dns| format!("in {}, ", dns.authority()));
            voice.fact("Verified", &format!("works {at}expiry confirmed"));
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
            .map(|token| String::from_utf8_lossy(token.value().expose().as_bytes()).into_owned());
        let verification = self.issuance.verification();
        CreateObject {
            operation: intent.operation.to_string(),
            vault: self.vault.object(),
            sandbox: SandboxRef {
                name: intent.sandbox.to_string(),
                dns: self.sandbox.dns.as_ref().map(|dns| dns.authority()),
                status: self.sandbox.status.clone(),
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
                Verification::Unconfirmed => "unconfirmed",
                Verification::ExpiryDiffers { .. } => "expiry_differs",
                Verification::Refused => "refused",
                Verification::OtherVault => "other_vault",
            }),
        }
    }

    /// The word of JSON's `outcome`.
    pub(crate) fn outcome_word(&self) -> &'static str {
        match self.outcome {
            Outcome::Issued => "issued",
            Outcome::NotIssued(_) => "not_issued",
            Outcome::Undelivered => "undelivered",
            Outcome::Mismatch => "mismatch",
            Outcome::ValueLost(_) => "value_lost",
            Outcome::Unknown => "unknown",
        }
    }

    /// Why it is not simply done: what failed, what is true now, what to type.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let exit = Exit::of(self.outcome, self.progress.refusal());
        let operation = self.issuance.intent().operation;
        let recover = self.typed.command(&format!("token recover {operation}"));
        let problem = match self.outcome {
            Outcome::Issued | Outcome::NotIssued(NotIssued::Revoked) => return None,
            Outcome::NotIssued(why) => self.not_issued(exit, *why),
            Outcome::Undelivered => self.undelivered(exit, &recover),
            Outcome::Mismatch => self.mismatch(exit),
            Outcome::ValueLost(ids) => self.value_lost(exit, ids, &recover),
            Outcome::Unknown => Problem::new(exit, self.what_happened())
                .now(format!(
                    "A token named {:?} may exist in {}. It was not asked for again.",
                    self.issuance.intent().name.as_str(),
                    self.issuance.intent().sandbox
                ))
                .next("Find out", recover),
        };
        Some(problem)
    }

    fn not_issued(&self, exit: Exit, why: NotIssued) -> Problem {
        let nothing = "No token was issued.";
        if let Some(problem) = &self.progress.sign_in {
            return problem.clone().now(nothing);
        }
        match (why, &self.progress.call, &self.progress.record) {
            (NotIssued::NoTrace, _, Some(what)) => {
                Problem::new(exit, format!("{}.", capitalised(what)))
                    .now("Without a record a token could be lost, so none was asked for.")
            }
            (_, Some(error), _) => {
                let mut problem = Problem::of_call("The token was not issued", error).now(nothing);
                problem.exit = exit;
                if self.progress.is_full {
                    problem = problem.next("Make room", self.revoke_command("ID"));
                }
                problem
            }
            _ => Problem::new(exit, "Interrupted.").now("No token was asked for."),
        }
    }

    fn undelivered(&self, exit: Exit, recover: &str) -> Problem {
        let mut missing = Vec::new();
        for (index, delivery) in self.issuance.deliveries().iter().enumerate() {
            let shown = self.shown(index, &delivery.destination);
            match (delivery.state, self.progress.failures.get(&index)) {
                (DeliveryState::Committed, _) => {}
                (DeliveryState::Uncertain, _) => {
                    missing.push(format!(
                        "{shown} (an interrupted run may have written to it)"
                    ));
                }
                (_, Some(why)) => missing.push(format!("{shown} ({why})")),
                (_, None) => missing.push(shown.to_owned()),
            }
        }
        let problem = Problem::new(
            exit,
            format!(
                "The token {} was issued, but is not where it should be: {}.",
                self.token_name(),
                missing.join("; ")
            ),
        );
        if self.issuance.is_kept() {
            let (words, command) = self.revoking("Or revoke it", recover);
            problem
                .now(format!(
                    "Its value is safe in the pending record {}. Do not ask for another.",
                    self.record
                ))
                .next("Deliver it", format!("{recover} --out PATH"))
                .next(words, command)
        } else {
            problem.now("Its value could not be kept in the pending record: it is only where it was delivered.")
        }
    }

    fn mismatch(&self, exit: Exit) -> Problem {
        let intent = self.issuance.intent();
        let what = match self.issuance.verification() {
            Some(Verification::ExpiryDiffers { stored }) => format!(
                "The token expires at another time than asked: asked {}, Vault stored {}.",
                intent.expiry,
                instant(*stored)
            ),
            Some(Verification::Refused) => "The sandbox does not accept the token.".to_owned(),
            Some(Verification::OtherVault) => {
                "The token works in another Vault than the sandbox's.".to_owned()
            }
            _ => "The token could not be verified.".to_owned(),
        };
        let problem = Problem::new(exit, what).now(format!(
            "The token {} exists and was delivered. Keep it if that will do; else revoke it.",
            self.token_name()
        ));
        match self.issuance.token().and_then(|token| token.id()) {
            // A simulated one ends with its Vault.
            Some(id) if !self.typed.is_simulated() => {
                problem.next("Revoke it", self.revoke_command(id.as_str()))
            }
            _ => problem,
        }
    }

    fn value_lost(&self, exit: Exit, ids: &[TokenId], recover: &str) -> Problem {
        let intent = self.issuance.intent();
        let named: Vec<_> = ids.iter().map(TokenId::as_str).collect();
        let what = match named.as_slice() {
            [] => format!(
                "A token named {:?} exists in {}, but its value is lost.",
                intent.name.as_str(),
                intent.sandbox
            ),
            [id] => format!(
                "The token {id} exists in {}, but its value is lost.",
                intent.sandbox
            ),
            many => format!(
                "A token exists in {}, but its value is lost. It is one of these, which have its name: {}.",
                intent.sandbox,
                many.join(", ")
            ),
        };
        let problem = Problem::new(exit, what).now(format!(
            "{} It is of no use to anybody; revoke it, then ask for a new one.",
            self.what_happened()
        ));
        if ids.len() > 1 {
            return problem
                .next(
                    "Revoke the one that is not in use",
                    self.revoke_command("ID"),
                )
                .next("Then close this", format!("{recover} --forget"));
        }
        let (words, command) = self.revoking("Revoke it", recover);
        problem.next(words, command)
    }

    /// A simulated Vault is gone, and the token with it: its record can only be closed.
    fn revoking(&self, words: &'static str, recover: &str) -> (&'static str, String) {
        match self.typed.is_simulated() {
            true => (
                "The token is gone with its Vault: close this",
                format!("{recover} --forget --yes"),
            ),
            false => (words, format!("{recover} --revoke")),
        }
    }

    fn revoke_command(&self, id: &str) -> String {
        let intent = self.issuance.intent();
        let sandbox = shell_words::quote(intent.sandbox.as_str());
        let mut words = format!("token revoke {sandbox} {id}");
        if let (true, Some(dns)) = (self.sandbox.is_given, &self.sandbox.dns) {
            words.push_str(&format!(" --sandbox-dns {}", dns.authority()));
        }
        self.typed.at(&intent.vault, &words)
    }

    /// What became of the request, as far as anybody knows.
    fn what_happened(&self) -> String {
        match &self.progress.call {
            Some(Error::Transport { source, .. })
                if source.kind() == TransportErrorKind::Timeout =>
            {
                "Vault did not answer after the request was sent.".to_owned()
            }
            Some(error) => sentence("After the request was sent", error),
            None if self.issuance.token().is_some() => {
                "The value could neither be kept nor delivered.".to_owned()
            }
            None => "Nobody knows what became of the request.".to_owned(),
        }
    }

    fn token_name(&self) -> String {
        let id = self.issuance.token().and_then(|token| token.id());
        id.map_or_else(
            || format!("{:?}", self.issuance.intent().name.as_str()),
            ToString::to_string,
        )
    }

    fn shown<'a>(&'a self, index: usize, recorded: &'a str) -> &'a str {
        self.shown.get(index).map_or(recorded, String::as_str)
    }
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
    let Some(at) = expiry.instant() else {
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

pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
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
