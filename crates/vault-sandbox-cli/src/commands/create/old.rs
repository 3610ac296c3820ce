//! Which token a new one replaces.

use vault_sandbox_core::endpoints::FindTokens;
use vault_sandbox_core::{TokenId, VaultDns};

use super::Replacing;
use super::item::Item;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::Destination;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::ledger::Ledger;
use crate::problem::Problem;

/// The old token: the one that was named, else the newest that the ledger has for one of the
/// destinations. `None`: there is nothing there yet, so this is the first.
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
    if let Some(old) = &replacing.old {
        if is_there(connection, dns, item, old).await? {
            return Ok(Some(old.clone()));
        }
        let sandbox = shell_words::quote(item.sandbox.as_str()).into_owned();
        return Err(Problem::new(
            Exit::Refused,
            format!(
                "There is no token {old} in {}, or it is not for you to see.",
                item.sandbox
            ),
        )
        .next(
            "See yours",
            connection.typed().command(&format!("token list {sandbox}")),
        ));
    }
    let Some(old) = listed(context, connection, item)? else {
        return Ok(None);
    };
    if !is_there(connection, dns, item, &old).await? {
        context.voice.warning(&format!(
            "the old token {old} is not there any more: it is replaced all the same."
        ));
    }
    Ok(Some(old))
}

fn listed(
    context: &Context<'_>,
    connection: &Connection,
    item: &Item,
) -> Result<Option<TokenId>, Problem> {
    let ledger = Ledger::new(&context.settings.state_dir()?);
    let listed = ledger
        .of(connection.dns(), &item.sandbox)
        .map_err(|e| Problem::configuration(format!("The ledger cannot be read: {e}.")))?;
    // What went to stdout may be anywhere by now.
    let wanted: Vec<_> = item
        .destinations
        .iter()
        .filter(|destination| **destination != Destination::Stdout)
        .map(Destination::for_record)
        .collect();
    let is_there = |destinations: &[String]| destinations.iter().any(|d| wanted.contains(d));
    if let Some(found) = listed
        .into_iter()
        .find(|token| is_there(&token.destinations))
    {
        return Ok(Some(found.id));
    }
    if item.destinations.iter().all(Destination::is_absent) {
        return Ok(None);
    }
    let sandbox = shell_words::quote(item.sandbox.as_str()).into_owned();
    let shown: Vec<_> = item.destinations.iter().map(ToString::to_string).collect();
    Err(Problem::configuration(format!(
        "Which token is to be replaced? The ledger has none that went to {}. Say it with --old ID.",
        shown.join(", ")
    ))
    .next(
        "See yours",
        connection.typed().command(&format!("token list {sandbox}")),
    ))
}

async fn is_there(
    connection: &Connection,
    dns: &VaultDns,
    item: &Item,
    id: &TokenId,
) -> Result<bool, Problem> {
    let find = FindTokens::new().id(id.clone());
    let reply = connection.call_at(dns, None, &find).await.map_err(|e| {
        Problem::of_call(
            &format!("Looking for the old token in {}", item.sandbox),
            &e,
        )
    })?;
    Ok(reply.value.records.iter().any(|record| record.id == *id))
}
