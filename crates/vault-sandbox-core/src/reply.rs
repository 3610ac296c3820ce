use std::time::Duration;

use http::HeaderMap;

use crate::types::{UserId, VaultId};
use crate::vault_error::VaultMessage;

/// What the names of Vault's headers begin with.
const PREFIX: &str = "x-vaultapi-";

/// A usable answer: its value, what Vault warned of, and what the headers said.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reply<T> {
    /// What was asked for.
    pub value: T,
    /// Vault's warnings, and oddities of the answer that did not keep the value from being read.
    pub warnings: Vec<VaultMessage>,
    /// What the headers said.
    pub facts: Facts,
}

impl<T> Reply<T> {
    /// A reply without warnings.
    pub fn new(value: T, facts: Facts) -> Self {
        Self {
            value,
            warnings: Vec::new(),
            facts,
        }
    }

    /// The same reply with another value made from this one's.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reply<U> {
        Reply {
            value: f(self.value),
            warnings: self.warnings,
            facts: self.facts,
        }
    }
}

/// What Vault says about a call in its [`X-VaultAPI-*` headers][page]. A header that is absent or
/// makes no sense is `None`.
///
/// [page]: https://limited.veevavault.dev/safety/vault-api/references/response-headers/
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The call's unique ID; quote it to Veeva Support.
    pub execution_id: Option<String>,
    /// Calls allowed to the whole Vault in a window of five minutes.
    pub burst_limit: Option<u32>,
    /// Calls left in the window. At zero, Vault delays every answer.
    pub burst_remaining: Option<u32>,
    /// How long Vault held this answer back.
    pub response_delay: Option<Duration>,
    /// The Vault that served the call.
    pub vault_id: Option<VaultId>,
    /// The user who called.
    pub user_id: Option<UserId>,
    /// How long Vault expects to be down.
    pub expected_downtime: Option<Duration>,
}

impl Facts {
    /// Reads the headers of an answer.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut facts = Self::default();
        // In one go: looking up seven names costs more than reading the few headers there are.
        for (name, value) in headers {
            let Some(name) = name.as_str().strip_prefix(PREFIX) else {
                continue;
            };
            let Ok(text) = value.to_str().map(str::trim) else {
                continue;
            };
            let number = || text.parse::<u32>().ok();
            let milliseconds = |ms: u32| Duration::from_millis(ms.into());
            let minutes = |minutes: u32| Duration::from_secs(u64::from(minutes) * 60);
            match name {
                "executionid" if is_harmless(text) => {
                    first(&mut facts.execution_id, || Some(text.to_owned()));
                }
                "burstlimit" => first(&mut facts.burst_limit, number),
                "burstlimitremaining" => first(&mut facts.burst_remaining, number),
                "responsedelay" => first(&mut facts.response_delay, || number().map(milliseconds)),
                "vaultid" => first(&mut facts.vault_id, || text.parse().ok()),
                "userid" => first(&mut facts.user_id, || text.parse().ok()),
                "downtimeexpecteddurationminutes" => {
                    first(&mut facts.expected_downtime, || number().map(minutes));
                }
                _ => {}
            }
        }
        facts
    }
}

/// Of a header that is repeated, the first that makes sense counts.
fn first<T>(fact: &mut Option<T>, read: impl FnOnce() -> Option<T>) {
    if fact.is_none() {
        *fact = read();
    }
}

/// IDs end up in logs: one that is not an ID is left out. Vault's have the form of a UUID.
fn is_harmless(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_make_no_sense_are_left_out() {
        let mut headers = HeaderMap::new();
        headers.insert("X-VaultAPI-BurstLimit", "2000".parse().unwrap());
        headers.insert("X-VaultAPI-BurstLimitRemaining", "many".parse().unwrap());
        headers.insert("X-VaultAPI-ResponseDelay", "500".parse().unwrap());
        headers.insert("X-VaultAPI-VaultId", "4101".parse().unwrap());
        headers.insert("X-VaultAPI-ExecutionId", "::add-mask::".parse().unwrap());
        let facts = Facts::from_headers(&headers);
        assert_eq!(facts.burst_limit, Some(2000));
        assert_eq!(facts.burst_remaining, None);
        assert_eq!(facts.response_delay, Some(Duration::from_millis(500)));
        assert_eq!(facts.vault_id, Some(VaultId::new(4101)));
        assert_eq!(facts.execution_id, None);
    }
}
