//! What nobody outside Veeva knows, to be played either way.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ResponseStatus;

/// The open questions about Vault's behaviour, one field each.
///
/// The defaults are the readings held most likely; none is confirmed unless its field says
/// so. A client is done when it copes with every setting. Error types are plain text:
/// Vault's own list is not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Switches {
    /// Body parameters that a token endpoint does not know, `expiry_date__sys` among them.
    pub unknown_parameters: UnknownParameters,
    /// An expiry that has passed already.
    pub past_expiry: PastExpiry,
    /// An expiry beyond [`max_lifetime_days`](Self::max_lifetime_days).
    pub over_ceiling: OverCeiling,
    /// The longest lifetime the security profile allows; `None` for no ceiling. One page of
    /// Vault's documentation speaks of 90 days.
    pub max_lifetime_days: Option<u32>,
    /// Whether the security profile allows tokens that never expire.
    pub never_allowed: bool,
    /// An omitted expiry where [`never_allowed`](Self::never_allowed) is off.
    pub omitted_expiry: OmittedExpiry,
    /// Takes an expiry, answers SUCCESS and stores none: only reading back shows it.
    pub expiry_ignored: bool,
    /// Active tokens per user and Vault (documented: 25); `None` for no limit.
    pub token_limit: Option<usize>,
    /// Error type for a token beyond the limit.
    pub token_limit_error: String,
    /// Whether a user's tokens in one Vault must have different names (`ITEM_NAME_EXISTS`).
    pub unique_token_names: bool,
    /// The longest token name in characters; `None` for any.
    pub max_token_name: Option<usize>,
    /// Error type for a sandbox name nobody knows.
    pub unknown_sandbox_error: String,
    /// Error type for a sandbox that is inactive or being deleted.
    pub inactive_sandbox_error: String,
    /// Error type for a sandbox that is being built.
    pub building_sandbox_error: String,
    /// How long a sandbox is built or refreshed.
    #[serde(rename = "build_time_ms", with = "crate::millis")]
    pub build_time: Duration,
    /// Whether a refreshed sandbox keeps its tokens (documented: it does).
    pub refresh_keeps_tokens: bool,
    /// How long a sandbox cannot be refreshed again (one page: 24 hours; another: depends on
    /// its size).
    #[serde(rename = "refresh_interval_ms", with = "crate::millis")]
    pub refresh_interval: Duration,
    /// How long an unused session lives; an administrator sets it, 20 minutes is the default.
    #[serde(rename = "session_idle_ms", with = "crate::millis")]
    pub session_idle: Duration,
    /// Whether upper and lower case differ in sandbox names.
    pub sandbox_case_sensitive: bool,
    /// Whether users who are not administrators may read the list of sandboxes.
    pub may_list_sandboxes: bool,
    /// Whether a token of the parent Vault may create tokens for its sandboxes.
    pub token_may_create: bool,
    /// Error type for an access token that is expired, deleted or another Vault's.
    pub refused_token_error: String,
    /// HTTP status that goes with it; `None` for that of any other failure.
    pub refused_token_status: Option<u16>,
    /// Whether a token is accepted without `Bearer` before it.
    pub raw_token_accepted: bool,
    /// Whether answers to a token carry `X-VaultAPI-UserId` and `…-TruncatedSessionId`.
    pub token_identity_headers: bool,
    /// How long a new token is refused although it exists.
    #[serde(rename = "token_usable_after_ms", with = "crate::millis")]
    pub token_usable_after: Duration,
    /// How long VQL does not see a new token.
    #[serde(rename = "token_visible_after_ms", with = "crate::millis")]
    pub token_visible_after: Duration,
    /// Answers a new token with WARNING, not SUCCESS.
    pub new_token_warning: bool,
    /// Error type for the token endpoints before v26.2.
    pub old_version_error: String,
    /// HTTP status of failures (documented: always 200; seen: also others).
    pub failure_status: FailureStatus,
    /// `responseStatus` of a wrong password (seen: FAILURE and EXCEPTION).
    pub wrong_password_status: ResponseStatus,
    /// Whether signing in lands in another Vault than the one asked for (documented as
    /// authentication defaulting; the switch brings it about).
    pub sign_in_lands_elsewhere: bool,
    /// Whether the list of API versions needs a session.
    pub versions_need_auth: bool,
    /// JSON type of `user__sys` in VQL rows and records.
    pub user_sys: UserSys,
    /// `status__v` of an expired token.
    pub expired_status: String,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            unknown_parameters: UnknownParameters::Ignore,
            past_expiry: PastExpiry::Refuse,
            over_ceiling: OverCeiling::Refuse,
            max_lifetime_days: None,
            never_allowed: true,
            omitted_expiry: OmittedExpiry::Refuse,
            expiry_ignored: false,
            token_limit: Some(25),
            token_limit_error: "OPERATION_NOT_ALLOWED".into(),
            unique_token_names: false,
            max_token_name: None,
            unknown_sandbox_error: "INVALID_DATA".into(),
            inactive_sandbox_error: "OPERATION_NOT_ALLOWED".into(),
            building_sandbox_error: "OPERATION_IN_PROGRESS".into(),
            build_time: Duration::from_secs(60),
            refresh_keeps_tokens: true,
            refresh_interval: Duration::from_secs(24 * 60 * 60),
            session_idle: Duration::from_secs(20 * 60),
            sandbox_case_sensitive: true,
            may_list_sandboxes: true,
            token_may_create: true,
            refused_token_error: "INVALID_SESSION_ID".into(),
            refused_token_status: None,
            raw_token_accepted: false,
            token_identity_headers: true,
            token_usable_after: Duration::ZERO,
            token_visible_after: Duration::ZERO,
            new_token_warning: false,
            old_version_error: "METHOD_NOT_SUPPORTED".into(),
            failure_status: FailureStatus::Ok,
            wrong_password_status: ResponseStatus::Failure,
            sign_in_lands_elsewhere: false,
            versions_need_auth: true,
            user_sys: UserSys::Number,
            expired_status: "inactive__v".into(),
        }
    }
}

/// Reaction to a body parameter that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownParameters {
    /// As if it were not there.
    Ignore,
    /// `ATTRIBUTE_NOT_SUPPORTED`.
    Refuse,
}

/// Reaction to an expiry in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastExpiry {
    /// `INVALID_DATA`.
    Refuse,
    /// The token is made and has expired already.
    Keep,
    /// As if no expiry had been sent.
    Ignore,
}

/// Reaction to an expiry beyond the ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverCeiling {
    /// `INVALID_DATA`.
    Refuse,
    /// The longest lifetime instead, without a word.
    Shorten,
    /// As if no expiry had been sent.
    Ignore,
}

/// Reaction to no expiry where "never" is barred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OmittedExpiry {
    /// `PARAMETER_REQUIRED`.
    Refuse,
    /// The longest lifetime, or 90 days where there is no ceiling.
    Ceiling,
}

/// HTTP status of answers that say FAILURE or EXCEPTION.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureStatus {
    /// 200 (but 404 for an unknown path, as was seen).
    Ok,
    /// The 4xx that fits the error type.
    Fitting,
}

/// JSON type of a user id in `user__sys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserSys {
    /// `61603`
    Number,
    /// `"61603"`
    String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_only_what_differs() {
        let switches: Switches = serde_json::from_str(
            r#"{"past_expiry": "keep", "token_limit": null, "token_usable_after_ms": 1500}"#,
        )
        .unwrap();
        let expected = Switches {
            past_expiry: PastExpiry::Keep,
            token_limit: None,
            token_usable_after: Duration::from_millis(1500),
            ..Switches::default()
        };
        assert_eq!(switches, expected);
    }

    #[test]
    fn a_misspelt_switch_is_an_error() {
        assert!(serde_json::from_str::<Switches>(r#"{"past_expirey": "keep"}"#).is_err());
    }

    #[test]
    fn switches_survive_json() {
        let switches = Switches::default();
        let json = serde_json::to_string(&switches).unwrap();
        assert_eq!(serde_json::from_str::<Switches>(&json).unwrap(), switches);
    }
}
