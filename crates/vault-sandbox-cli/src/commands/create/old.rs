//! Which token a new one replaces.

use vault_sandbox_core::endpoints::{FindTokens, TokenRecord, User, WhoAmI};
use vault_sandbox_core::{SandboxName, TokenId, VaultDns};

use super::Replacing;
use super::item::Item;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::Destination;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::ledger::{Ledger, Listed};
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
    };
    let ledger = Ledger::new(&context.settings.state_dir()?);
    let listed = ledger.all(connection.dns());
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
        let listed = listed.as_ref().map_err(|e| ledger.unreadable(e))?;
        let Some((old, destination)) = newest(listed, &ledger, &look, item)? else {
            return Ok(None);
        };
        match look.record(&old).await? {
            Some(record) => look.check_whose(&record).await?,
            None => look.check_dead(context, &old, &destination).await?,
        }
        old
    };
    mention_other_places(context, &listed.unwrap_or_default(), item, &old);
    Ok(Some(old))
}

/// What works there stops working once the old token is deleted.
fn mention_other_places(context: &Context<'_>, listed: &[Listed], item: &Item, old: &TokenId) {
    let is_it = |token: &&Listed| token.id == *old && token.sandbox == item.sandbox;
    let Some(token) = listed.iter().find(is_it) else {
        return;
    };
    let new: Vec<_> = item
        .destinations
        .iter()
        .map(Destination::for_record)
        .collect();
    let others: Vec<_> = token
        .destinations
        .iter()
        .filter(|text| !new.contains(text))
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

/// The newest that is not known to be deleted, and where it went.
fn newest(
    listed: &[Listed],
    ledger: &Ledger,
    look: &Look<'_>,
    item: &Item,
) -> Result<Option<(TokenId, Destination)>, Problem> {
    // What went to stdout may be anywhere by now.
    let wanted: Vec<_> = item
        .destinations
        .iter()
        .filter(|destination| **destination != Destination::Stdout)
        .map(|destination| (destination.for_record(), destination))
        .collect();
    let went_to = |destinations: &[String]| {
        let found = wanted.iter().find(|(text, _)| destinations.contains(text));
        found.map(|(_, destination)| (*destination).clone())
    };
    let listed = listed.iter().filter(|token| token.sandbox == item.sandbox);
    let listed: Vec<_> = listed
        .filter_map(|token| Some((token, went_to(&token.destinations)?)))
        .collect();
    if let Some((found, destination)) = listed.iter().find(|(token, _)| !token.is_gone) {
        return Ok(Some((found.id.clone(), destination.clone())));
    }
    // What was there is deleted already.
    if !listed.is_empty() || item.destinations.iter().all(Destination::is_vacant) {
        return Ok(None);
    }
    let shown: Vec<_> = item.destinations.iter().map(ToString::to_string).collect();
    Err(look
        .see_yours(Problem::configuration(format!(
            "Which token is to be replaced? The ledger {} has none that went to {}. Say it with --old ID; for a first token there is token create.",
            ledger.path(),
            shown.join(", ")
        ))))
}

/// Looking into the sandbox.
struct Look<'a> {
    connection: &'a Connection,
    dns: &'a VaultDns,
    sandbox: &'a SandboxName,
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
                    "The token {} in {} belongs to user {owner}, not to you{}, whose the new one would be. Rotate it as that user.",
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
        let Ok(Some(token)) = destination.token() else {
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
        let sandbox = shell_words::quote(self.sandbox.as_str());
        let typed = self.connection.typed();
        problem.next("See yours", typed.command(&format!("token list {sandbox}")))
    }
}

fn named(user: &User) -> String {
    let name = user.name.as_deref();
    name.map_or_else(String::new, |name| {
        format!(" ({})", vault_sandbox_core::redact::escape(name))
    })
}
