use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::payload::{Form, Payload};
use crate::types::{TokenId, TokenName, UserId};
use crate::validation::ValidationError;
use crate::wire;

/// Finds API access tokens of the Vault called: their records, never their values.
///
/// `POST /api/{version}/query` on `api_access_token__sys`, answered with a [`TokenPage`]. Safe to
/// repeat. A user sees their own tokens; an administrator with the permission sees everybody's.
/// A sandbox's tokens are found in the sandbox's own Vault.
///
/// [Veeva: API access tokens as a query target][page].
///
/// [page]: https://general.veevavault.dev/vql/query-targets/api-access-tokens/
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct FindTokens {
    id: Option<TokenId>,
    name: Option<TokenName>,
    user: Option<UserId>,
    page: Option<String>,
}

impl FindTokens {
    /// All that the caller may see.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only the one with this ID.
    pub fn id(mut self, id: TokenId) -> Self {
        self.id = Some(id);
        self
    }

    /// Only those with this name.
    pub fn name(mut self, name: TokenName) -> Self {
        self.name = Some(name);
        self
    }

    /// Only those of this user.
    pub fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// The page after one that was answered, if there is one.
    pub fn after(page: &TokenPage) -> Option<Self> {
        let next = page.next_page.clone()?;
        Some(Self {
            page: Some(next),
            ..Self::default()
        })
    }

    fn query(&self) -> String {
        let mut query = String::from(
            "SELECT id, name__v, user__sys, status__v, expiry_date__sys, last_used_date__sys \
             FROM api_access_token__sys",
        );
        let user = self.user.map(|user| user.to_string());
        let conditions = [
            ("id", self.id.as_ref().map(TokenId::as_str)),
            ("name__v", self.name.as_ref().map(TokenName::as_str)),
            ("user__sys", user.as_deref()),
        ];
        let mut word = "WHERE";
        for (field, value) in conditions {
            if let Some(value) = value {
                // Writing to a String cannot fail.
                let _ = write!(query, " {word} {field} = '{}'", escaped(value));
                word = "AND";
            }
        }
        query
    }
}

impl Endpoint for FindTokens {
    type Output = TokenPage;
    const NAME: &'static str = "find_tokens";
    const METHOD: http::Method = http::Method::POST;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        match &self.page {
            None => Ok(ApiPath::versioned().literal("query")),
            Some(page) => next_page(page),
        }
    }

    fn payload(&self) -> Payload {
        match self.page {
            None => Payload::form(Form::new().field("q", &self.query())),
            Some(_) => Payload::empty(),
        }
    }

    fn read(answer: &Answer<'_>) -> Result<TokenPage, ProtocolProblem> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "responseDetails", default)]
            details: Option<Details>,
            #[serde(default, deserialize_with = "wire::list")]
            data: Vec<TokenRecord>,
        }
        #[derive(Deserialize)]
        struct Details {
            #[serde(default, deserialize_with = "wire::text")]
            next_page: Option<String>,
            #[serde(default, deserialize_with = "wire::parsed")]
            total: Option<usize>,
        }
        let wire: Wire = answer.whole()?;
        let (next_page, total) = wire
            .details
            .map_or((None, None), |details| (details.next_page, details.total));
        Ok(TokenPage {
            records: wire.data,
            total,
            next_page,
        })
    }
}

/// Records of tokens, at most a thousand at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenPage {
    /// The records.
    pub records: Vec<TokenRecord>,
    /// How many there are on all pages.
    pub total: Option<usize>,
    next_page: Option<String>,
}

/// What can be read of a token once it exists.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TokenRecord {
    /// Its ID, by which it is deleted.
    #[serde(deserialize_with = "token_id")]
    pub id: TokenId,
    /// Its name.
    #[serde(rename = "name__v", default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// Whose it is.
    #[serde(rename = "user__sys", default, deserialize_with = "wire::parsed")]
    pub user: Option<UserId>,
    /// Whether it can be used.
    #[serde(rename = "status__v", default, deserialize_with = "status")]
    pub status: TokenStatus,
    /// When it expires; `None`: never.
    #[serde(rename = "expiry_date__sys", default, deserialize_with = "instant")]
    pub expiry: Option<DateTime<Utc>>,
    /// When it was last used; `None`: never, as far as Vault shows.
    #[serde(
        rename = "last_used_date__sys",
        default,
        deserialize_with = "wire::parsed"
    )]
    pub last_used: Option<DateTime<Utc>>,
}

impl TokenPage {
    /// The only page there is, with these records: for tests, and for what plays a Vault.
    #[must_use]
    pub fn new(records: Vec<TokenRecord>) -> Self {
        Self {
            total: Some(records.len()),
            records,
            next_page: None,
        }
    }
}

impl TokenRecord {
    /// A record of which nothing but the ID is known, for tests, and for what plays a Vault: it
    /// never expires and was never used.
    #[must_use]
    pub fn new(id: TokenId) -> Self {
        Self {
            id,
            name: None,
            user: None,
            status: TokenStatus::default(),
            expiry: None,
            last_used: None,
        }
    }

    /// Whether the token has expired: Vault says that it cannot be used, or its time has come.
    #[must_use]
    pub fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.status == TokenStatus::Inactive || self.expiry.is_some_and(|at| at <= now)
    }

    /// With this name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Of this user.
    #[must_use]
    pub fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// In this status.
    #[must_use]
    pub fn status(mut self, status: TokenStatus) -> Self {
        self.status = status;
        self
    }

    /// With this expiry; `None`: never.
    #[must_use]
    pub fn expiry(mut self, expiry: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.expiry = expiry.into();
        self
    }

    /// Last used at this time; `None`: never.
    #[must_use]
    pub fn last_used(mut self, last_used: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.last_used = last_used.into();
        self
    }
}

/// Whether a token can be used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenStatus {
    /// `active__v`.
    Active,
    /// `inactive__v`: expired, we assume; Veeva does not document it.
    Inactive,
    /// Any other; the text as Vault wrote it.
    Unknown(String),
}

impl TokenStatus {
    /// The word that Vault uses.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "active__v",
            Self::Inactive => "inactive__v",
            Self::Unknown(text) => text,
        }
    }
}

impl Default for TokenStatus {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}

/// `\` and `'` by [Veeva: VQL syntax](https://general.veevavault.dev/vql/references/syntax-basics/).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TokenStatus, D::Error> {
    let text = wire::text_or_empty(deserializer)?;
    Ok(match text.as_str() {
        "active__v" => TokenStatus::Active,
        "inactive__v" => TokenStatus::Inactive,
        _ => TokenStatus::Unknown(text),
    })
}

fn token_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TokenId, D::Error> {
    let text = wire::Text::deserialize(deserializer)?;
    TokenId::from_wire(text.0).ok_or_else(|| serde::de::Error::custom("empty id"))
}

/// Not lenient: an expiry that cannot be read must not be taken for "never".
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let parse = |text: wire::Text| {
        let instant = text.0.parse();
        instant.map_err(|_| serde::de::Error::custom("not an instant"))
    };
    Option::<wire::Text>::deserialize(deserializer)?
        .filter(|text| !text.0.is_empty() && text.0 != wire::NULL_TEXT)
        .map(parse)
        .transpose()
}

/// A page's URL is relative, `/api/{version}/query/{uuid}?pagesize=…&pageoffset=…`. Only its parts
/// are used, so that a server cannot send the credential to another path or host.
fn next_page(url: &str) -> Result<ApiPath, ValidationError> {
    let wrong = || ValidationError::new("next_page", "is not the URL of a further page");
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut segments = path.strip_prefix("/api/").ok_or_else(wrong)?.split('/');
    let (_version, word) = (segments.next(), segments.next());
    let id = segments
        .next()
        .filter(|id| id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    let (Some("query"), Some(id), None) = (word, id, segments.next()) else {
        return Err(wrong());
    };
    let mut page = ApiPath::versioned().literal("query").segment(id)?;
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "pagesize" => page = page.query("pagesize", value),
            "pageoffset" => page = page.query("pageoffset", value),
            _ => {}
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ApiVersion;

    #[test]
    fn a_name_cannot_leave_its_literal() {
        let name = TokenName::parse(r"x' OR name__v != '\").unwrap();
        let query = FindTokens::new().name(name).user(UserId::new(7)).query();
        assert!(
            query.ends_with(r"WHERE name__v = 'x\' OR name__v != \'\\' AND user__sys = '7'"),
            "{query}"
        );
    }

    #[test]
    fn a_record_that_was_made_is_the_one_that_vault_writes() {
        let at = "2027-02-21T18:00:00.000Z";
        let written = serde_json::json!({
            "id": "0PI1", "name__v": "ci", "user__sys": 7, "status__v": ["active__v"],
            "expiry_date__sys": at, "last_used_date__sys": null,
        });
        let read: TokenRecord = serde_json::from_value(written).unwrap();
        let at: DateTime<Utc> = at.parse().unwrap();
        let made = TokenRecord::new(TokenId::parse("0PI1").unwrap())
            .name("ci")
            .user(UserId::new(7))
            .status(TokenStatus::Active)
            .expiry(at)
            .last_used(None);
        assert_eq!(made, read);
        let page = TokenPage::new(vec![made]);
        assert_eq!(page.total, Some(1));
        assert_eq!(FindTokens::after(&page), None);
    }

    #[test]
    fn a_token_has_expired_by_vaults_word_or_by_the_clock() {
        let now = "2026-11-23T18:00:00Z".parse().unwrap();
        for (status, expiry, expired) in [
            ("active__v", r#""2026-11-23T18:00:01Z""#, false),
            ("active__v", r#""2026-11-23T18:00:00Z""#, true),
            ("active__v", r#""2026-11-23T17:59:59Z""#, true),
            ("active__v", "null", false),
            ("inactive__v", r#""2026-11-23T18:00:01Z""#, true),
            ("inactive__v", "null", true),
            ("paused__v", "null", false),
            ("paused__v", r#""2026-11-23T18:00:00Z""#, true),
        ] {
            let record: TokenRecord = serde_json::from_str(&format!(
                r#"{{"id":"V1","status__v":"{status}","expiry_date__sys":{expiry}}}"#
            ))
            .unwrap();
            assert_eq!(record.has_expired(now), expired, "{status} {expiry}");
        }
    }

    #[test]
    fn the_next_page_is_asked_for_as_it_was_named() {
        let mut page = TokenPage {
            records: Vec::new(),
            total: None,
            next_page: Some("/api/v26.2/query/0a1b?pagesize=9".to_owned()),
        };
        let path = FindTokens::after(&page).unwrap().path().unwrap();
        assert_eq!(
            path.in_version(ApiVersion::V26_2),
            "/api/v26.2/query/0a1b?pagesize=9"
        );
        page.next_page = None;
        assert_eq!(FindTokens::after(&page), None);
    }

    #[test]
    fn a_next_page_stays_on_the_query_resource() {
        let page = next_page("/api/v26.2/query/0a1b-2c?pagesize=1000&pageoffset=1000&x=y").unwrap();
        assert_eq!(
            page.in_version(ApiVersion::V26_2),
            "/api/v26.2/query/0a1b-2c?pagesize=1000&pageoffset=1000"
        );
        for url in [
            "https://evil.com/api/v26.2/query/1",
            "//evil.com/query/1",
            "/api/v26.2/objects/users/me",
            "/api/v26.2/query/..",
            "/api/v26.2/query/1/2",
            "/api/v26.2/query/",
            "query/1",
            "",
        ] {
            assert!(next_page(url).is_err(), "{url}");
        }
    }
}
