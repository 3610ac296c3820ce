//! The limit of active tokens, in words.

use vault_sandbox_core::endpoints::FindTokens;
use vault_sandbox_core::limit::{self, MAX_ACTIVE_TOKENS};

use crate::connection::Connection;
use crate::issue::SandboxFacts;

const CANDIDATES: usize = 5;

/// Whether the user's places are all taken, and by what: in words for a warning.
pub(super) async fn full_house(connection: &Connection, sandbox: &SandboxFacts) -> Option<String> {
    let dns = sandbox.dns.as_ref()?;
    let reply = connection
        .call_at(dns, None, &FindTokens::new())
        .await
        .ok()?;
    let active = limit::to_revoke(&reply.value.records, reply.facts.user_id);
    if active.len() < MAX_ACTIVE_TOKENS {
        return None;
    }
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
        "you have {} active tokens in this sandbox, and a user may have {MAX_ACTIVE_TOKENS}. Candidates to revoke: {}",
        active.len(),
        candidates.join("; ")
    ))
}
