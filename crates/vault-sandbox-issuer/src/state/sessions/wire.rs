//! A kept session as it lies on disk.

use std::io;

use serde::{Deserialize, Serialize};
use vault_sandbox_core::chrono::SecondsFormat;
use vault_sandbox_core::{SessionId, UserName, VaultDns, VaultId};

use super::KeptSession;

const SCHEMA: &str = "vault-sandbox/session/1";
/// What the schema of every version begins with.
const FAMILY: &str = "vault-sandbox/session/";

/// Why a file holds no session that can be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    Damaged,
    /// A newer version wrote it, in a format of its own.
    Newer,
}

/// Fields that are not known are a later version's, which may add some.
#[derive(Serialize, Deserialize)]
struct Wire {
    schema: String,
    vault: String,
    vault_id: String,
    user: Option<String>,
    signed_in: String,
    session_id: String,
}

pub(super) fn read(text: &[u8]) -> Result<KeptSession, Unusable> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let head: Head = serde_json::from_slice(text).map_err(|_| Unusable::Damaged)?;
    match head.schema.as_str() {
        SCHEMA => read_known(text).ok_or(Unusable::Damaged),
        other if other.starts_with(FAMILY) => Err(Unusable::Newer),
        _ => Err(Unusable::Damaged),
    }
}

pub(super) fn write(kept: &KeptSession) -> io::Result<Vec<u8>> {
    let wire = Wire {
        schema: SCHEMA.to_owned(),
        vault: kept.vault.to_string(),
        vault_id: kept.vault_id.to_string(),
        user: kept.user.as_ref().map(ToString::to_string),
        signed_in: kept.signed_in.to_rfc3339_opts(SecondsFormat::Secs, true),
        session_id: kept.session.expose().to_owned(),
    };
    let mut content = serde_json::to_vec(&wire).map_err(io::Error::other)?;
    content.push(b'\n');
    Ok(content)
}

fn read_known(text: &[u8]) -> Option<KeptSession> {
    let wire: Wire = serde_json::from_slice(text).ok()?;
    let user = wire.user.map(|user| UserName::parse(user).ok());
    Some(KeptSession {
        vault: VaultDns::parse(&wire.vault).ok()?,
        vault_id: VaultId::parse(&wire.vault_id).ok()?,
        user: match user {
            Some(user) => Some(user?),
            None => None,
        },
        session: SessionId::parse(wire.session_id).ok()?,
        signed_in: wire.signed_in.parse().ok()?,
    })
}
