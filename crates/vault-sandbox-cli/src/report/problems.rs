//! What went wrong with an issuance, in words: what failed, what is true now, what to type next.

use vault_sandbox_core::issuance::{DeliveryState, NotIssued, Outcome, Removal, Verification};
use vault_sandbox_core::{Error, TokenId, TransportErrorKind};

use super::{Report, candidate_for_people, instant};
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
            Outcome::NotIssued(why) => self.not_issued(exit, why),
            Outcome::Undelivered => self.undelivered(exit, &recover),
            Outcome::Mismatch => self.mismatch(exit),
            Outcome::ValueLost(id) => self.value_lost(exit, id.as_ref(), &recover),
            _ => self.unknown(exit, &recover),
        };
        Some(problem)
    }

    fn not_issued(&self, exit: Exit, why: &NotIssued) -> Problem {
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

    /// A token may exist.
    fn unknown(&self, exit: Exit, recover: &str) -> Problem {
        let intent = self.issuance.intent();
        let what = match (&self.progress.unseen, &self.progress.revoked) {
            (Some(id), None | Some(Removal::WasGone)) => {
                format!("The token {id} is not there, or not for you to see. Nothing was revoked.")
            }
            _ => self.what_happened(),
        };
        let may_exist = format!(
            "A token named {:?} may exist in {}. It was not asked for again.",
            intent.name.as_str(),
            intent.sandbox
        );
        let problem = Problem::new(exit, what).now(match self.candidates() {
            None => may_exist,
            Some(candidates) => format!("{may_exist} {candidates}"),
        });
        self.or_by_id(problem.next("Find out", recover), recover)
    }

    /// Tokens that may be it, for people.
    fn candidates(&self) -> Option<String> {
        let candidates = self.issuance.candidates();
        let each: Vec<_> = candidates.iter().map(candidate_for_people).collect();
        let (words, it) = match each.len() {
            0 => return None,
            1 => ("This token has", "Whether it is the one"),
            _ => ("These tokens have", "Whether one of them is the one"),
        };
        Some(format!(
            "{words} its name: {}. {it} that was asked for is not certain, so nothing is done about it.",
            each.join("; ")
        ))
    }

    /// What a person may type who knows which token it is.
    fn or_by_id(&self, problem: Problem, recover: &str) -> Problem {
        if self.issuance.candidates().is_empty() || self.typed().is_simulated() {
            return problem;
        }
        problem.next(
            "If you know which it is, revoke it",
            format!("{recover} --revoke --id ID"),
        )
    }

    /// A new token that did not do, in the place of one that still does.
    fn unfit(&self, exit: Exit) -> Problem {
        let what = self.mismatch_in_words();
        let advice = match self.issuance.verification() {
            Some(Verification::ExpiryDiffers { stored: Some(_) }) => {
                " If Vault allows no later expiry, ask for one that it allows: --expires."
            }
            _ => "",
        };
        Problem::new(exit, what).now(format!(
            "The new token was deleted again. The old one {} stays as it was, and no destination was touched.{advice}",
            self.old()
        ))
    }

    fn old_remains(&self, exit: Exit) -> Problem {
        let old = self.old();
        let (what, until) = match self.issuance.replaced() {
            Some(Removal::Unknown) => (
                format!("Nobody knows whether the old token {old} was deleted."),
                "If it was not, it works until it is deleted or expires.",
            ),
            _ => (
                format!("The old token {old} was not deleted."),
                "The old one works too, until it is deleted or expires.",
            ),
        };
        Problem::new(exit, what)
            .now(format!(
                "The new one, {}, is in its place and works. {until}",
                self.token_name()
            ))
            .next("Delete the old one", self.revoke_command(self.old()))
    }

    fn old(&self) -> &str {
        let old = self.issuance.intent().replaces.as_ref();
        old.map_or("", TokenId::as_str)
    }

    fn undelivered(&self, exit: Exit, recover: &str) -> Problem {
        if let Some(old) = &self.issuance.intent().replaces {
            return self.not_in_its_place(exit, old, recover);
        }
        let problem = self.somewhere(exit);
        if !self.issuance.is_kept() {
            return problem.now("Its value could not be kept in the pending record: it is only where it was delivered.");
        }
        let (words, command) = self.revoking("Or revoke it", recover);
        problem
            .now(format!("{} Do not ask for another.", self.kept()))
            .next("Deliver it", format!("{recover} --out PATH"))
            .next(words, command)
    }

    /// A new token that shall take another's place, and has not.
    fn not_in_its_place(&self, exit: Exit, old: &TokenId, recover: &str) -> Problem {
        use Verification::{ExpiryDiffers, OtherVault, Refused, Unconfirmed};
        let old = format!("The old token {old} stays as it was.");
        let is_kept = self.issuance.is_kept();
        let (words, command) = self.revoking("Revoke it", recover);
        let go_on = || recover.to_owned();
        match self.issuance.verification() {
            // It was to be deleted again, and could not be.
            Some(Refused | OtherVault | ExpiryDiffers { .. }) => {
                let what = format!(
                    "{} It could not be deleted again.",
                    self.mismatch_in_words()
                );
                Problem::new(exit, what)
                    .now(format!(
                        "The new token {} still exists, and was not delivered. {old} No destination was touched.",
                        self.token_name()
                    ))
                    .next(words, command)
            }
            Some(Unconfirmed | Verification::Works) if is_kept && !self.is_anywhere() => {
                let what = format!(
                    "The token {} was issued, but nobody knows whether it will do, so it was not delivered.",
                    self.token_name()
                );
                Problem::new(exit, what)
                    .now(format!("{} {old}", self.kept()))
                    .next("Try it out again, and go on", go_on())
                    .next("Or revoke it", command)
            }
            _ if is_kept => {
                let problem = self.somewhere(exit).now(format!("{} {old}", self.kept()));
                let problem = match self.is_to_be_served() {
                    true => problem.next("Go on", go_on()),
                    false => problem,
                };
                problem
                    .next("Deliver it here", format!("{recover} --out PATH"))
                    .next("Or revoke it", command)
            }
            _ => self.somewhere(exit).now(format!(
                "Its value could not be kept in the pending record: it is only where it was delivered. {old}"
            )),
        }
    }

    fn kept(&self) -> String {
        let record = &self.frame.record;
        format!("Its value is safe in the pending record {record}.")
    }

    /// Whether a destination has the value, or may have it.
    fn is_anywhere(&self) -> bool {
        use DeliveryState::{Committed, Uncertain};
        let mut deliveries = self.issuance.deliveries().iter();
        deliveries.any(|delivery| matches!(delivery.state, Committed | Uncertain))
    }

    /// Whether a later run would try a destination of this one again.
    fn is_to_be_served(&self) -> bool {
        use DeliveryState::{Failed, Planned};
        let mut deliveries = self.issuance.deliveries().iter();
        deliveries.any(|delivery| matches!(delivery.state, Planned | Failed))
    }

    /// Where a token is missing that was issued.
    fn somewhere(&self, exit: Exit) -> Problem {
        let mut missing = Vec::new();
        for (index, delivery) in self.issuance.deliveries().iter().enumerate() {
            let shown = self.shown(index, &delivery.destination);
            match (delivery.state, self.progress.failures.get(&index)) {
                (DeliveryState::Committed, _) => {}
                (DeliveryState::Uncertain, _) => {
                    let why = match self.issuance.intent().replaces {
                        Some(_) => {
                            "an earlier run may have written to it, or began to delete the token instead"
                        }
                        None => "an interrupted run may have written to it",
                    };
                    missing.push(format!("{shown} ({why})"));
                }
                (_, Some(why)) => missing.push(format!("{shown} ({why})")),
                (_, None) => missing.push(shown.to_owned()),
            }
        }
        Problem::new(
            exit,
            format!(
                "The token {} was issued, but is not where it should be: {}.",
                self.token_name(),
                missing.join("; ")
            ),
        )
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

    fn value_lost(&self, exit: Exit, id: Option<&TokenId>, recover: &str) -> Problem {
        let intent = self.issuance.intent();
        let what = match id {
            None => format!(
                "A token named {:?} exists in {}, but its value is lost.",
                intent.name.as_str(),
                intent.sandbox
            ),
            Some(id) => format!(
                "The token {id} exists in {}, but its value is lost.",
                intent.sandbox
            ),
        };
        let no_use = "It is of no use to anybody; revoke it, then ask for a new one.";
        let happened = self.what_happened();
        match (id, self.candidates()) {
            (None, Some(candidates)) => {
                let problem =
                    Problem::new(exit, what).now(format!("{happened} {no_use} {candidates}"));
                self.or_by_id(problem, recover)
                    .next("Or close this", format!("{recover} --forget"))
            }
            _ => {
                let (words, command) = self.revoking("Revoke it", recover);
                Problem::new(exit, what)
                    .now(format!("{happened} {no_use}"))
                    .next(words, command)
            }
        }
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
        &self.frame.typed
    }

    /// What became of the request, as far as anybody knows.
    fn what_happened(&self) -> String {
        match self.progress.call.as_deref() {
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
