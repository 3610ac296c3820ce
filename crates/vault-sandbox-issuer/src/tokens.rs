//! The records of tokens in a sandbox.

use vault_sandbox_core::endpoints::{FindTokens, TokenPage, TokenRecord};
use vault_sandbox_core::{Error, VaultDns};

use crate::access::Access;

/// A thousand tokens a page: a server that always names a further one is not followed for ever.
const MOST_PAGES: usize = 100;

/// The tokens of every page, each asked for with `call`.
///
/// # Errors
///
/// That of `call`.
pub async fn all_pages<E>(
    query: FindTokens,
    call: impl AsyncFn(&FindTokens) -> Result<TokenPage, E>,
) -> Result<Vec<TokenRecord>, E> {
    let mut records = Vec::new();
    let mut next = Some(query);
    for _ in 0..MOST_PAGES {
        let Some(query) = next else { break };
        let page = call(&query).await?;
        next = FindTokens::after(&page);
        records.extend(page.records);
    }
    Ok(records)
}

/// The tokens of every page, in the sandbox's own Vault.
///
/// # Errors
///
/// See [`Error`].
pub async fn all_pages_at(
    access: &Access,
    sandbox: &VaultDns,
    query: FindTokens,
) -> Result<Vec<TokenRecord>, Error> {
    // A loop of its own: what a closure like that gives back is not seen to be `Send`.
    let mut records = Vec::new();
    let mut next = Some(query);
    for _ in 0..MOST_PAGES {
        let Some(query) = next else { break };
        let page = access.call_at(sandbox, None, &query).await?.value;
        next = FindTokens::after(&page);
        records.extend(page.records);
    }
    Ok(records)
}
