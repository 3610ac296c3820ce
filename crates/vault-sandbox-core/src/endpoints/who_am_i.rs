use serde::Deserialize;

use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::types::UserId;
use crate::validation::ValidationError;
use crate::wire;

/// Asks who a session or access token belongs to, and so whether it works.
///
/// `GET /api/{version}/objects/users/me`, answered with a [`User`]. Safe to repeat; does not keep
/// the session alive.
///
/// [Veeva: validate session user][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/users/validate-session-user/
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
#[non_exhaustive]
pub struct WhoAmI;

impl WhoAmI {
    /// For the Vault's authorization.
    pub fn new() -> Self {
        Self
    }
}

impl Endpoint for WhoAmI {
    type Output = User;
    const NAME: &'static str = "who_am_i";
    const METHOD: http::Method = http::Method::GET;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned().literal("objects/users/me"))
    }

    fn read(answer: &Answer<'_>) -> Result<User, ProtocolProblem> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(deserialize_with = "wire::list")]
            users: Vec<Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            user: User,
        }
        let first = answer.whole::<Wire>()?.users.into_iter().next();
        first
            .map(|entry| entry.user)
            .ok_or_else(|| ProtocolProblem::new("the answer names no user"))
    }
}

/// The user behind a credential.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The user's number.
    pub id: UserId,
    /// The name that signs in, such as `jane.doe@veepharm.com`.
    #[serde(rename = "user_name__v", default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// The time zone, such as `America/Denver`: where a date without a time ends.
    #[serde(rename = "user_timezone__v", default, deserialize_with = "wire::text")]
    pub time_zone: Option<String>,
    /// The security profile: it sets the longest lifetime of a token.
    #[serde(
        rename = "security_profile__v",
        default,
        deserialize_with = "wire::text"
    )]
    pub security_profile: Option<String>,
}

impl User {
    /// A user of whom nothing but the number is known, for tests, and for what plays a Vault: set
    /// the fields to know more.
    #[must_use]
    pub fn new(id: UserId) -> Self {
        Self {
            id,
            name: None,
            time_zone: None,
            security_profile: None,
        }
    }
}
