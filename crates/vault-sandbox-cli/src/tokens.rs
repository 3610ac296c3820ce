//! The user's own tokens in a sandbox.

use chrono::{DateTime, Utc};
use vault_sandbox_core::endpoints::{FindTokens, TokenRecord, TokenStatus, WhoAmI};
use vault_sandbox_core::{Error, TokenId, TokenName, VaultDns};

use crate::connection::Connection;
use crate::problem::Problem;

/// A thousand tokens a page: a server that always names a further one is not followed for ever.
const MOST_PAGES: usize = 100;

/// The caller's own tokens, all or those of a name. An administrator may see everybody's: those are
/// not meant.
pub(crate) async fn mine(
    connection: &Connection,
    dns: &VaultDns,
    name: Option<&TokenName>,
) -> Result<Vec<TokenRecord>, Problem> {
    let me = connection
        .call_at(dns, None, &WhoAmI::new())
        .await
        .map_err(|e| failed(&e))?;
    let query = FindTokens::new().user(me.value.id);
    let query = match name {
        Some(name) => query.name(name.clone()),
        None => query,
    };
    read(connection, dns, query).await
}

/// The tokens with these IDs that the caller may see, whosever they are.
pub(crate) async fn with_ids(
    connection: &Connection,
    dns: &VaultDns,
    ids: &[TokenId],
) -> Result<Vec<TokenRecord>, Problem> {
    let mut records = read(connection, dns, FindTokens::new()).await?;
    records.retain(|record| ids.contains(&record.id));
    Ok(records)
}

/// Whether a token has expired: Vault says so, or its time has come.
pub(crate) fn has_expired(record: &TokenRecord, now: DateTime<Utc>) -> bool {
    record.status() == TokenStatus::Inactive || record.expiry.is_some_and(|at| at <= now)
}

async fn read(
    connection: &Connection,
    dns: &VaultDns,
    query: FindTokens,
) -> Result<Vec<TokenRecord>, Problem> {
    let mut records = Vec::new();
    let mut next = Some(query);
    for _ in 0..MOST_PAGES {
        let Some(query) = next else { break };
        let page = connection
            .call_at(dns, None, &query)
            .await
            .map_err(|e| failed(&e))?
            .value;
        next = FindTokens::after(&page);
        records.extend(page.records);
    }
    Ok(records)
}

fn failed(error: &Error) -> Problem {
    Problem::of_call("Looking at the tokens in the sandbox", error)
}
