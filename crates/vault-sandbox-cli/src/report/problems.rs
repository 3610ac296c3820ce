//! What went wrong with an issuance, in words: what failed, what is true now, what to type next.

use vault_sandbox_core::issuance::{DeliveryState, NotIssued, Outcome, Verification};
use vault_sandbox_core::{Error, TokenId, TransportErrorKind};

use super::{Report, instant};
use crate::exit::Exit;
use crate::problem::{Problem, sentence};
use crate::typed::Typed;

/// How it begins where Vault, or the way to it, is the reason.
pub(crate) const NOT_ISSUED: &str = "The token was not issued";

impl Report<'_> {
    /// Why it is not simply done: what failed, what is true now, what to type.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let exit = self.exit();
        let operation = self.issuance.intent().operation;
        let recover = self.typed().command(&format!("token recover {operation}"));
        let problem = match self.outcome {
            Outcome::Issued | Outcome::NotIssued(NotIssued::Revoked) => return None,
            Outcome::NotIssued(NotIssued::Unfit) => self.unfit(exit),
            Outcome::OldRemains => self.old_remains(exit),
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
                let mut problem = Problem::of_call(NOT_ISSUED, error).now(nothing);
                problem.exit = exit;
                if self.progress.is_full {
                    problem = problem.next("Make room", self.revoke_command("ID"));
                }
                problem
            }
            _ => Problem::new(exit, "Interrupted.").now("No token was asked for."),
        }
    }

    /// A new token that did not do, in the place of one that still does.
    fn unfit(&self, exit: Exit) -> Problem {
        let what = self.mismatch_in_words();
        Problem::new(exit, what).now(format!(
            "The new token was deleted again. The old one {} stays as it was, and no destination was touched.",
            self.old()
        ))
    }

    fn old_remains(&self, exit: Exit) -> Problem {
        Problem::new(
            exit,
            format!("The old token {} was not deleted.", self.old()),
        )
        .now(format!(
            "The new one, {}, is in its place and works. Both may be used until the old one is deleted or expires.",
            self.token_name()
        ))
        .next("Delete the old one", self.revoke_command(self.old()))
    }

    fn old(&self) -> &str {
        let old = self.issuance.intent().replaces.as_ref();
        old.map_or("", TokenId::as_str)
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
            let old = match &self.issuance.intent().replaces {
                Some(old) => format!(" The old token {old} stays as it was."),
                None => String::new(),
            };
            let problem = match &self.issuance.intent().replaces {
                Some(_) => problem.next("Try it out again, and go on", recover.to_owned()),
                None => problem,
            };
            let (words, command) = self.revoking("Or revoke it", recover);
            problem
                .now(format!(
                    "Its value is safe in the pending record {}. Do not ask for another.{old}",
                    self.frame.record
                ))
                .next("Deliver it", format!("{recover} --out PATH"))
                .next(words, command)
        } else {
            problem.now("Its value could not be kept in the pending record: it is only where it was delivered.")
        }
    }

    fn mismatch_in_words(&self) -> String {
        let intent = self.issuance.intent();
        match self.issuance.verification() {
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
        }
    }

    fn mismatch(&self, exit: Exit) -> Problem {
        let problem = Problem::new(exit, self.mismatch_in_words()).now(format!(
            "The token {} exists and was delivered. Keep it if that will do; else revoke it.",
            self.token_name()
        ));
        match self.issuance.token().and_then(|token| token.id()) {
            // A simulated one ends with its Vault.
            Some(id) if !self.typed().is_simulated() => {
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
        match self.typed().is_simulated() {
            true => (
                "The token is gone with its Vault: close this",
                format!("{recover} --forget --yes"),
            ),
            false => (words, format!("{recover} --revoke")),
        }
    }

    fn revoke_command(&self, id: &str) -> String {
        let (intent, facts) = (self.issuance.intent(), &self.frame.sandbox);
        let sandbox = shell_words::quote(intent.sandbox.as_str());
        let mut words = format!("token revoke {sandbox} {id}");
        if let (true, Some(dns)) = (facts.is_given, &facts.dns) {
            words.push_str(&format!(" --sandbox-dns {}", dns.authority()));
        }
        self.typed().at(&intent.vault, &words)
    }

    fn typed(&self) -> &Typed {
        &self.frame.context.settings.typed
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
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
