//! The user's own tokens in a sandbox.

use vault_sandbox_core::endpoints::{FindTokens, TokenRecord, WhoAmI};
use vault_sandbox_core::{Endpoint, TokenId, TokenName};
use vault_sandbox_issuer::tokens::all_pages;

use crate::exit::Exit;
use crate::inside::{Inside, Way};
use crate::problem::Problem;

/// The caller's own tokens, all or those of a name. An administrator may see everybody's: those are
/// not meant.
pub(crate) async fn mine(
    way: &Way,
    inside: &Inside,
    name: Option<&TokenName>,
) -> Result<Vec<TokenRecord>, Problem> {
    let me = look(way, inside, &WhoAmI::new()).await?;
    let query = FindTokens::new().user(me.id);
    let query = match name {
        Some(name) => query.name(name.clone()),
        None => query,
    };
    read(way, inside, query).await
}

/// The tokens with these IDs that the caller may see, whosever they are.
pub(crate) async fn with_ids(
    way: &Way,
    inside: &Inside,
    ids: &[TokenId],
) -> Result<Vec<TokenRecord>, Problem> {
    let mut records = read(way, inside, FindTokens::new()).await?;
    records.retain(|record| ids.contains(&record.id));
    Ok(records)
}

/// Where some of many sandboxes could not be looked at: which. Where none could be, the command did
/// not do what it was asked.
pub(crate) fn all_of(many: usize, mut failures: Vec<Problem>) -> Result<Option<Problem>, Problem> {
    if failures.len() == many && !failures.is_empty() {
        return Err(failures.swap_remove(0));
    }
    if failures.is_empty() {
        return Ok(None);
    }
    let each: Vec<_> = failures
        .iter()
        .map(|problem| problem.what.as_str())
        .collect();
    Ok(Some(Problem::new(
        Exit::Mixed,
        format!(
            "{} of {many} sandboxes could not be looked at. {}",
            failures.len(),
            each.join(" ")
        ),
    )))
}

async fn read(way: &Way, inside: &Inside, query: FindTokens) -> Result<Vec<TokenRecord>, Problem> {
    all_pages(query, async |query| look(way, inside, query).await).await
}

/// Looks into the sandbox, and makes sure that it is the sandbox.
async fn look<E: Endpoint>(way: &Way, inside: &Inside, endpoint: &E) -> Result<E::Output, Problem> {
    let reply = way.call(inside, endpoint).await.map_err(|error| {
        Problem::of_call(&format!("Looking at the tokens in {}", inside.name), &error)
    })?;
    way.check_served(inside, reply.facts.vault_id)?;
    Ok(reply.value)
}
