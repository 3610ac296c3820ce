//! What the simulator saw and what it holds, for tests to look at.

use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, header};
use serde_json::{Map, Value, json};

/// A request as it arrived.
///
/// `Debug` shows neither the body nor the value of any header that could hold a credential,
/// nor a query: logs of failed tests are read by many.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Name of the Vault that was called.
    pub vault: String,
    /// HTTP method.
    pub method: Method,
    /// Path and query, byte for byte as received.
    pub path: String,
    /// Headers, repeated ones too.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl RecordedRequest {
    /// What `Debug` shows, as JSON.
    pub(crate) fn shown(&self) -> Value {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| {
                let shown = if SHOWN.contains(name) {
                    String::from_utf8_lossy(value.as_bytes())
                } else {
                    "[hidden]".into()
                };
                (name.to_string(), shown.into())
            })
            .collect();
        json!({
            "vault": self.vault,
            "method": self.method.as_str(),
            "path": self.path.split('?').next(),
            "headers": headers,
            "body_bytes": self.body.len(),
        })
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        f.debug_struct("RecordedRequest")
            .field("vault", &self.vault)
            .field("method", &self.method)
            .field("path", &path)
            .field("headers", &HarmlessHeaders(&self.headers))
            .field("body", &format_args!("[{} bytes]", self.body.len()))
            .finish()
    }
}

/// An allow-list: a header that nobody thought of stays hidden.
const SHOWN: [header::HeaderName; 5] = [
    header::ACCEPT,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::USER_AGENT,
];

/// Shows the values of those only.
struct HarmlessHeaders<'a>(&'a HeaderMap);

impl fmt::Debug for HarmlessHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.0 {
            if SHOWN.contains(name) {
                map.entry(name, value);
            } else {
                map.entry(name, &format_args!("[hidden]"));
            }
        }
        map.finish()
    }
}

/// A token as the Vault holds it. `Debug` does not show its value.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRecord {
    /// Record id.
    pub id: String,
    /// Name given by the client.
    pub name: String,
    /// The value, which Vault itself shows only once.
    pub value: String,
    /// When it expires; `None` for never.
    pub expiry: Option<DateTime<Utc>>,
    /// Whether it has expired.
    pub status: TokenStatus,
    /// Name of the user it belongs to.
    pub user: String,
    /// When it last authenticated a call.
    pub last_used: Option<DateTime<Utc>>,
}

impl fmt::Debug for TokenRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRecord")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("value", &format_args!("[hidden]"))
            .field("expiry", &self.expiry)
            .field("status", &self.status)
            .field("user", &self.user)
            .field("last_used", &self.last_used)
            .finish()
    }
}

/// Whether a token can be used. Deleted tokens are gone altogether.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStatus {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn debug_shows_what_is_harmless_and_nothing_else() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_static("canary-header"),
        );
        let request = RecordedRequest {
            vault: "VeePharm".into(),
            method: Method::POST,
            path: "/api/v26.2/auth?p=canary-query".into(),
            headers,
            body: Bytes::from_static(b"canary-body"),
        };
        let shown = format!("{request:?}");
        assert!(!shown.contains("canary"), "{shown}");
        for part in [
            "VeePharm",
            "POST",
            "/api/v26.2/auth",
            "application/json",
            "[11 bytes]",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }

    #[test]
    fn debug_of_a_token_hides_its_value() {
        let token = TokenRecord {
            id: "V8T1".into(),
            name: "ci".into(),
            value: "canary-value".into(),
            expiry: None,
            status: TokenStatus::Active,
            user: "jane".into(),
            last_used: None,
        };
        let shown = format!("{token:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(
            shown.contains("V8T1") && shown.contains("ci") && shown.contains("jane"),
            "{shown}"
        );
    }
}
