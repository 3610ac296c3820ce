//! Faults: what goes wrong, when, on which request. Rules as data.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use crate::{Edit, Endpoint, ResponseStatus};

/// One rule: which requests it looks at, which of those it strikes, what then happens.
///
/// ```
/// use vault_sandbox_simulator::{Effect, Endpoint, Fault};
///
/// let fault = Fault::new(Effect::CloseAfter)
///     .on(Endpoint::GenerateSandboxToken)
///     .only(1);
/// let same: Fault = serde_json::from_str(
///     r#"{"matches": {"endpoint": "generate_sandbox_token"}, "nth": {"only": 1}, "effect": "close_after"}"#,
/// )?;
/// assert_eq!(fault, same);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fault {
    /// Which requests it looks at; by default all.
    #[serde(default)]
    pub matches: Matches,
    /// Which of those it strikes; by default every one.
    #[serde(default)]
    pub nth: Nth,
    /// What happens.
    pub effect: Effect,
}

impl Fault {
    /// `effect` on every request to every Vault.
    #[must_use]
    pub fn new(effect: Effect) -> Self {
        Self {
            matches: Matches::default(),
            nth: Nth::default(),
            effect,
        }
    }

    /// Only requests to this endpoint.
    #[must_use]
    pub fn on(mut self, endpoint: Endpoint) -> Self {
        self.matches.endpoint = Some(endpoint);
        self
    }

    /// Only requests to the Vault of this name.
    #[must_use]
    pub fn vault(mut self, name: impl Into<String>) -> Self {
        self.matches.vault = Some(name.into());
        self
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.matches.method = Some(method.into());
        self
    }

    /// Only requests whose raw path contains this.
    #[must_use]
    pub fn path(mut self, contains: impl Into<String>) -> Self {
        self.matches.path = Some(contains.into());
        self
    }

    /// Only the first `n` of them.
    #[must_use]
    pub fn first(mut self, n: u32) -> Self {
        self.nth = Nth::First(n);
        self
    }

    /// Only the `n`th of them, counted from 1.
    #[must_use]
    pub fn only(mut self, n: u32) -> Self {
        self.nth = Nth::Only(n);
        self
    }
}

/// Which requests a fault looks at. All that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Matches {
    /// Name of the Vault called.
    pub vault: Option<String>,
    /// HTTP method.
    pub method: Option<String>,
    /// Part of the raw path with its query.
    pub path: Option<String>,
    /// Endpoint called.
    pub endpoint: Option<Endpoint>,
}

impl Matches {
    fn hold(&self, vault: &str, method: &Method, path: &str, endpoint: Option<Endpoint>) -> bool {
        let Self {
            vault: of_vault,
            method: with_method,
            path: in_path,
            endpoint: at,
        } = self;
        of_vault.as_deref().is_none_or(|name| name == vault)
            && with_method
                .as_deref()
                .is_none_or(|name| name == method.as_str())
            && in_path.as_deref().is_none_or(|part| path.contains(part))
            && at.is_none_or(|at| Some(at) == endpoint)
    }
}

/// Which of the requests that match are struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nth {
    /// All of them.
    #[default]
    Every,
    /// The first so many.
    First(u32),
    /// This one, counted from 1.
    Only(u32),
}

impl Nth {
    fn strikes(self, count: u32) -> bool {
        match self {
            Self::Every => true,
            Self::First(n) => count <= n,
            Self::Only(n) => count == n,
        }
    }
}

/// What happens to a request.
///
/// *Carried out* means that the Vault changes as if nothing were wrong: a token exists,
/// whatever the client gets to hear. Unless it says otherwise, an effect carries the
/// request out and spoils only the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Effect {
    /// The true answer comes late.
    Delay {
        /// By how much.
        #[serde(rename = "by_ms", with = "crate::millis")]
        by: Duration,
    },
    /// This answer instead of the true one.
    Reply {
        /// HTTP status.
        status: u16,
        /// Headers by name.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// Body.
        #[serde(default)]
        body: Bytes,
        /// Whether the request is carried out first.
        #[serde(default)]
        carried_out: bool,
    },
    /// Vault's own envelope with these errors. Not carried out.
    Refuse {
        /// HTTP status.
        #[serde(default = "ok")]
        status: u16,
        /// `FAILURE` or `EXCEPTION`.
        #[serde(default = "failure")]
        response_status: ResponseStatus,
        /// Type and message of each entry of `errors`.
        errors: Vec<(String, String)>,
    },
    /// The connection is closed, the request not carried out. With [`Fault::only`] this is
    /// also what a kept-alive connection does that the server has given up.
    CloseBefore,
    /// Carried out, then the connection is closed without an answer.
    CloseAfter,
    /// The connection is reset (TCP RST) without an answer.
    Reset {
        /// Whether the request is carried out first.
        carried_out: bool,
    },
    /// Nothing is answered; the connection stays open for a while.
    Silence {
        /// Whether the request is carried out first.
        carried_out: bool,
        /// When the connection is closed at last.
        #[serde(rename = "for_ms", with = "crate::millis")]
        bound: Duration,
    },
    /// The body ends after so many bytes, although `Content-Length` promised all of it.
    CutAfter {
        /// Bytes that are sent.
        bytes: usize,
    },
    /// The body comes in small pieces.
    Drip {
        /// Bytes per piece.
        bytes: usize,
        /// Time between two pieces.
        #[serde(rename = "every_ms", with = "crate::millis")]
        every: Duration,
    },
    /// The body never ends: a beginning, then spaces until the client hangs up.
    Endless {
        /// Sent first.
        #[serde(default)]
        prefix: Bytes,
        /// Whether the true body follows the prefix.
        #[serde(default)]
        with_answer: bool,
    },
    /// True head, another body.
    ReplaceBody {
        /// The body.
        body: Bytes,
    },
    /// Something before the true body, such as a byte order mark.
    PrefixBody {
        /// What.
        prefix: Bytes,
    },
    /// These bytes on the wire, which need not be HTTP, then the connection is closed.
    Raw {
        /// What is sent.
        bytes: Bytes,
        /// Whether the request is carried out first.
        #[serde(default)]
        carried_out: bool,
    },
    /// Sent elsewhere. Not carried out.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// The `Location` header.
        location: String,
    },
    /// As a Vault whose burst limit is used up: late, and with the headers that say so.
    Throttled {
        /// By how much; also `X-VaultAPI-ResponseDelay`.
        #[serde(rename = "delay_ms", with = "crate::millis")]
        delay: Duration,
        /// `X-VaultAPI-BurstLimitRemaining`.
        remaining: u32,
    },
    /// True answer with these headers added; those of the same name are replaced.
    SetHeaders {
        /// Headers by name.
        headers: Vec<(String, String)>,
    },
    /// True answer with a changed envelope.
    Edit(Edit),
}

fn ok() -> u16 {
    200
}

fn failure() -> ResponseStatus {
    ResponseStatus::Failure
}

/// The rules in force and how often each has matched.
#[derive(Default)]
pub(crate) struct Faults(Vec<(Fault, u32)>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push((fault, 0));
    }

    /// The rules and how often each has matched.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let rule = |(fault, matched): &(Fault, u32)| serde_json::json!({"fault": fault, "matched": matched});
        self.0.iter().map(rule).collect()
    }

    /// Counts a request in every rule that matches it. The oldest rule that strikes is played.
    pub(crate) fn strike(
        &mut self,
        vault: &str,
        method: &Method,
        path: &str,
        endpoint: Option<Endpoint>,
    ) -> Option<Effect> {
        let mut struck = None;
        for (fault, count) in &mut self.0 {
            if fault.matches.hold(vault, method, path, endpoint) {
                *count += 1;
                if struck.is_none() && fault.nth.strikes(*count) {
                    struck = Some(fault.effect.clone());
                }
            }
        }
        struck
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self(faults.into_iter().map(|fault| (fault, 0)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(faults: &mut Faults, times: usize) -> Vec<bool> {
        (0..times)
            .map(|_| {
                faults
                    .strike("V", &Method::GET, "/api/", Some(Endpoint::Versions))
                    .is_some()
            })
            .collect()
    }

    #[test]
    fn nth_counts_matching_requests() {
        let fault = Fault::new(Effect::CloseBefore);
        let mut every = Faults::from_iter([fault.clone()]);
        let mut first = Faults::from_iter([fault.clone().first(2)]);
        let mut only = Faults::from_iter([fault.only(2)]);
        assert_eq!(strikes(&mut every, 3), [true, true, true]);
        assert_eq!(strikes(&mut first, 3), [true, true, false]);
        assert_eq!(strikes(&mut only, 3), [false, true, false]);
    }

    #[test]
    fn all_that_is_given_must_match() {
        let rule = || Fault::new(Effect::CloseBefore);
        for (fault, struck) in [
            (rule().vault("V").method("GET").path("/api"), true),
            (rule().on(Endpoint::Versions), true),
            (rule().vault("W"), false),
            (rule().vault("V").method("POST"), false),
            (rule().path("/auth"), false),
            (rule().on(Endpoint::Query), false),
        ] {
            let mut faults = Faults::from_iter([fault.clone()]);
            assert_eq!(strikes(&mut faults, 1), [struck], "{fault:?}");
        }
    }

    #[test]
    fn the_oldest_rule_that_strikes_is_played() {
        let mut faults = Faults::from_iter([
            Fault::new(Effect::CloseBefore).only(2),
            Fault::new(Effect::CloseAfter),
        ]);
        let mut next = || faults.strike("V", &Method::GET, "/", None);
        assert_eq!(next(), Some(Effect::CloseAfter));
        assert_eq!(next(), Some(Effect::CloseBefore));
        assert_eq!(next(), Some(Effect::CloseAfter));
    }

    #[test]
    fn a_rule_counts_also_when_another_is_played() {
        let mut faults = Faults::from_iter([
            Fault::new(Effect::CloseBefore).first(1),
            Fault::new(Effect::CloseAfter).only(2),
        ]);
        let mut next = || faults.strike("V", &Method::GET, "/", None);
        assert_eq!(next(), Some(Effect::CloseBefore));
        assert_eq!(next(), Some(Effect::CloseAfter));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_misspelt_rule_is_an_error() {
        for json in [
            r#"{"effect": "close_befor"}"#,
            r#"{"effect": {"cut_after": {"bytes": 1, "byte": 2}}}"#,
            r#"{"effect": "close_before", "nht": "every"}"#,
            r#"{"effect": "close_before", "matches": {"vualt": "V"}}"#,
        ] {
            assert!(serde_json::from_str::<Fault>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn bytes_may_be_text_or_numbers_in_a_file() {
        for json in [
            r#"{"effect": {"prefix_body": {"prefix": " "}}}"#,
            r#"{"effect": {"prefix_body": {"prefix": [32]}}}"#,
        ] {
            let fault: Fault = serde_json::from_str(json).unwrap();
            let prefix = Bytes::from_static(b" ");
            assert_eq!(fault, Fault::new(Effect::PrefixBody { prefix }));
        }
    }
}
