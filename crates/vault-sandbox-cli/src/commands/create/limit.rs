//! The limit of 25 active tokens: Veeva documents it, but not the error that it leads to.

use vault_sandbox_core::endpoints::{FindTokens, TokenStatus};
use vault_sandbox_core::{Error, VaultErrorKind};

use crate::connection::Connection;
use crate::issue::SandboxFacts;

/// Most active tokens of a user.
/// [Veeva](https://general.veevavault.dev/vault-api/api-reference/26.2/users/api-access-tokens/generate-my-api-access-token/).
const PLACES: usize = 25;
const CANDIDATES: usize = 5;

/// Whether a refusal may be about the limit.
pub(super) fn may_be_reached(error: &Error) -> bool {
    matches!(
        error.vault_kind(),
        Some(
            VaultErrorKind::OperationNotAllowed
                | VaultErrorKind::InvalidData
                | VaultErrorKind::Unknown(_)
        )
    ) && !error.may_have_been_applied()
}

/// Whether the user's places are all taken, and by what: in words for a warning.
pub(super) async fn full_house(connection: &Connection, sandbox: &SandboxFacts) -> Option<String> {
    let dns = sandbox.dns.as_ref()?;
    let reply = connection
        .call_at(dns, None, &FindTokens::new())
        .await
        .ok()?;
    let mut active: Vec<_> = reply
        .value
        .records
        .iter()
        .filter(|r| r.status == TokenStatus::Active)
        .collect();
    if active.len() < PLACES {
        return None;
    }
    // Never used first, then the one unused for longest.
    active.sort_by_key(|record| record.last_used);
    let candidates: Vec<_> = active
        .iter()
        .take(CANDIDATES)
        .map(|record| {
            let used = record.last_used.map_or("never used".to_owned(), |at| {
                format!("last used {}", at.format("%Y-%m-%d"))
            });
            format!(
                "{} {:?} ({used})",
                record.id,
                record.name.as_deref().unwrap_or_default()
            )
        })
        .collect();
    Some(format!(
        "you have {} active tokens in this sandbox, and a user may have {PLACES}. Candidates to revoke: {}",
        active.len(),
        candidates.join("; ")
    ))
}
