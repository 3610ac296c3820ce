//! Which token a new one replaces.

use chrono::Utc;
use vault_sandbox_core::endpoints::{FindTokens, TokenRecord, User, WhoAmI};
use vault_sandbox_core::ledger::{Contents, ListedToken, ToReplace};
use vault_sandbox_core::{SandboxName, TokenId, VaultDns};
use vault_sandbox_issuer::state::Ledger;

use super::Replacing;
use super::item::Item;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::Destination;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::ledger::{self, resolved};
use crate::problem::Problem;

/// The old token: the one that was named, else the newest that the ledger has for one of the
/// destinations. `None`: nothing there works any more, or there never was anything.
pub(super) async fn find(
    context: &Context<'_>,
    connection: &Connection,
    item: &Item,
    sandbox: &SandboxFacts,
    replacing: &Replacing,
) -> Result<Option<TokenId>, Problem> {
    let Some(dns) = &sandbox.dns else {
        return Err(Problem::configuration(format!(
            "A token cannot be rotated where it cannot be tried out: where the sandbox {} itself is, is not known. Give --sandbox-dns.",
            item.sandbox
        )));
    };
    let look = Look {
        connection,
        dns,
        sandbox: &item.sandbox,
        is_given: sandbox.is_given,
    };
    let ledger = context.settings.state()?.ledger();
    let (contents, unreadable) = match ledger.read(connection.dns()) {
        Ok(contents) => (contents, None),
        Err(error) => (Contents::default(), Some(error)),
    };
    let old = if let Some(old) = &replacing.old {
        let Some(record) = look.record(old).await? else {
            return Err(look.see_yours(Problem::new(
                Exit::Refused,
                format!(
                    "There is no token {old} in {}, or it is not for you to see.",
                    item.sandbox
                ),
            )));
        };
        look.check_whose(&record).await?;
        record.id
    } else {
        // Only who names it can do without the ledger.
        if let Some(error) = unreadable {
            return Err(error.into());
        }
        let Some(old) = newest(context, &contents, &ledger, &look, item).await? else {
            return Ok(None);
        };
        match (look.record(&old.id).await?, place_of(old, item)) {
            (Some(record), _) => look.check_whose(&record).await?,
            (None, Some(place)) => look.check_dead(context, &old.id, place).await?,
            (None, None) => {}
        }
        old.id.clone()
    };
    let listed: Vec<_> = contents.of(&item.sandbox).collect();
    mention_other_places(context, &listed, item, &old);
    mention_others(context, &look, &listed, item, &old);
    Ok(Some(old))
}

/// What works there stops working once the old token is deleted.
fn mention_other_places(
    context: &Context<'_>,
    listed: &[&ListedToken],
    item: &Item,
    old: &TokenId,
) {
    let Some(token) = listed.iter().find(|token| token.id == *old) else {
        return;
    };
    let new = item.destinations.iter().map(Destination::resolved);
    let new: Vec<_> = new.collect();
    let others: Vec<_> = token
        .destinations
        .iter()
        .filter(|text| !new.contains(&resolved(text)))
        .map(|text| match text.as_str() {
            "-" => "stdout",
            text => text,
        })
        .collect();
    if !others.is_empty() {
        context.voice.warning(&format!(
            "the old token {old} also went to {}, where the new one does not go: what is there will stop working.",
            others.join(", ")
        ));
    }
}

/// Tokens that went to the same places before, and that nobody deleted: they are easily forgotten.
fn mention_others(
    context: &Context<'_>,
    look: &Look<'_>,
    listed: &[&ListedToken],
    item: &Item,
    old: &TokenId,
) {
    let now = Utc::now();
    let others: Vec<_> = listed
        .iter()
        .filter(|token| token.id != *old && !token.is_gone)
        .filter(|token| token.expiry.is_none_or(|at| at > now))
        .filter(|token| place_of(token, item).is_some())
        .map(|token| token.id.as_str())
        .collect();
    if !others.is_empty() {
        context.voice.say(&format!(
            "Note: tokens that lay there before were not deleted, as far as is known: {}.\n  See yours:  {}",
            others.join(", "),
            look.list()
        ));
    }
}

/// The newest that went to one of the destinations. `None`: what was there is deleted, or there never
/// was anything.
async fn newest<'a>(
    context: &Context<'_>,
    contents: &'a Contents,
    ledger: &Ledger,
    look: &Look<'_>,
    item: &Item,
) -> Result<Option<&'a ListedToken>, Problem> {
    let is_there = |text: &str| places_of(item).any(|place| ledger::is_at(text, place));
    match contents.to_replace(&item.sandbox, is_there) {
        ToReplace::Token(token) => {
            if contents.may_hide_newer(token) {
                context.voice.warning(&format!(
                    "the ledger {} has later lines that this version of the program does not understand. A newer token may have gone there; it is not replaced.\n  See yours:  {}",
                    ledger.path().display(),
                    look.list()
                ));
            }
            Ok(Some(token))
        }
        ToReplace::AllGone => Ok(None),
        ToReplace::NotKnown => {
            for destination in &item.destinations {
                if !destination.is_vacant().await {
                    return Err(nothing_to_go_by(ledger, look, item));
                }
            }
            Ok(None)
        }
        _ => Err(look.see_yours(Problem::configuration(format!(
            "Which token is to be replaced? The ledger {} has lines that this version of the program does not understand, and one of them may be about it. Say which it is with --old ID.",
            ledger.path().display()
        )))),
    }
}

/// To which of the destinations a token went.
fn place_of<'a>(token: &ListedToken, item: &'a Item) -> Option<&'a Destination> {
    let went_to = |place: &&Destination| {
        let mut destinations = token.destinations.iter();
        destinations.any(|text| ledger::is_at(text, place))
    };
    places_of(item).find(went_to)
}

/// The destinations that can be gone by. What went to stdout may be anywhere by now.
fn places_of(item: &Item) -> impl Iterator<Item = &Destination> {
    let places = item.destinations.iter();
    places.filter(|place| !place.is_stdout())
}

fn nothing_to_go_by(ledger: &Ledger, look: &Look<'_>, item: &Item) -> Problem {
    let shown: Vec<_> = item.destinations.iter().map(ToString::to_string).collect();
    let shown = shown.join(", ");
    if look.connection.is_simulated() {
        return Problem::configuration(format!(
            "A simulated Vault is gone when its command ends, so nothing is known of what lies at {shown}."
        ))
        .next("Try it with one that stays", "vault-sandbox simulate -- sh");
    }
    let why = match item.destinations.as_slice() {
        [only] if only.is_stdout() => {
            "Of one that went to stdout, nobody knows. Say where it is with --out, or which it is"
                .to_owned()
        }
        _ => format!(
            "The ledger {} has none that went to {shown}. Say which it is",
            ledger.path().display()
        ),
    };
    look.see_yours(Problem::configuration(format!(
        "Which token is to be replaced? {why} with --old ID. A first token is made with token create.",
    )))
}

/// Looking into the sandbox.
struct Look<'a> {
    connection: &'a Connection,
    dns: &'a VaultDns,
    sandbox: &'a SandboxName,
    /// Somebody said where it is; the next command has to be told again.
    is_given: bool,
}

impl Look<'_> {
    async fn record(&self, id: &TokenId) -> Result<Option<TokenRecord>, Problem> {
        let find = FindTokens::new().id(id.clone());
        let reply = self.connection.call_at(self.dns, None, &find).await;
        let reply = reply.map_err(|e| {
            let doing = format!("Looking for the old token in {}", self.sandbox);
            Problem::of_call(&doing, &e)
        })?;
        let mut records = reply.value.records.into_iter();
        Ok(records.find(|record| record.id == *id))
    }

    /// An administrator sees everybody's tokens, but a new one is the administrator's own: whoever
    /// used the old one would be somebody else from then on.
    async fn check_whose(&self, record: &TokenRecord) -> Result<(), Problem> {
        let Some(owner) = record.user else {
            return Ok(());
        };
        // Who may not ask who they are sees no tokens of others either.
        match self.connection.call_at(self.dns, None, &WhoAmI::new()).await {
            Ok(me) if me.value.id != owner => Err(self.see_yours(Problem::new(
                Exit::Refused,
                format!(
                    "The token {} in {} belongs to user {owner}, not to you{}. A new one would be yours: rotate it as that user.",
                    record.id,
                    self.sandbox,
                    named(&me.value)
                ),
            ))),
            _ => Ok(()),
        }
    }

    /// A token that cannot be seen is deleted, or another user's. If what lies at its destination
    /// still works, it is the latter, and would go on working.
    async fn check_dead(
        &self,
        context: &Context<'_>,
        old: &TokenId,
        destination: &Destination,
    ) -> Result<(), Problem> {
        let Ok(Some(token)) = destination.token().await else {
            return Ok(());
        };
        context.voice.learn(|scrubber| token.hide_in(scrubber));
        let who = WhoAmI::new();
        let answer = self.connection.call_at(self.dns, Some(token.into()), &who);
        let Ok(them) = answer.await else {
            return Ok(());
        };
        Err(self.see_yours(Problem::new(
            Exit::Refused,
            format!(
                "The ledger has the token {old} for {destination}, but in {} it is not there, or not for you to see; and what lies at {destination} still works{}. So which token is to be replaced? Say it with --old ID, or rotate as that user.",
                self.sandbox,
                named(&them.value)
            ),
        )))
    }

    fn see_yours(&self, problem: Problem) -> Problem {
        problem.next("See yours", self.list())
    }

    /// The command that lists the user's tokens.
    fn list(&self) -> String {
        let mut words = format!("token list {}", shell_words::quote(self.sandbox.as_str()));
        if self.is_given {
            words.push_str(&format!(" --sandbox-dns {}", self.dns.authority()));
        }
        self.connection.typed().command(&words)
    }
}

fn named(user: &User) -> String {
    let name = user.name.as_deref();
    name.map_or_else(String::new, |name| {
        format!(" ({})", vault_sandbox_core::redact::escape(name))
    })
}
