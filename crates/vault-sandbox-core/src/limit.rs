//! The limit of active tokens: Veeva documents it, but not the error that it leads to. So a refusal
//! is only a reason to look, and the tokens that are there say whether it was that.
//!
//! ```
//! use vault_sandbox_core::endpoints::TokenPage;
//! use vault_sandbox_core::{Error, Reply, limit};
//!
//! /// After a token was refused: what could make room, the first first.
//! fn make_room<'a>(refused: &Error, found: &'a Reply<TokenPage>) -> Vec<&'a str> {
//!     let active = limit::to_revoke(&found.value.records, found.facts.user_id);
//!     if !refused.may_be_about_the_limit() || active.len() < limit::MAX_ACTIVE_TOKENS {
//!         return Vec::new();
//!     }
//!     active.into_iter().map(|record| record.id.as_str()).collect()
//! }
//! ```

use crate::endpoints::{TokenRecord, TokenStatus};
use crate::error::Error;
use crate::types::UserId;
use crate::vault_error::VaultErrorKind;

/// How many active tokens a user may have.
/// [Veeva: generate my API access token](https://general.veevavault.dev/vault-api/api-reference/26.2/users/api-access-tokens/generate-my-api-access-token/).
pub const MAX_ACTIVE_TOKENS: usize = 25;

impl Error {
    /// Whether the refusal of a token may be about the [limit](MAX_ACTIVE_TOKENS) of active ones.
    ///
    /// Veeva names no code for it. So it may be where Vault's first code says that a rule is not met
    /// (`OPERATION_NOT_ALLOWED`), that the request does not fit (`INVALID_DATA`), or something that
    /// is not known; and only where it is certain that nothing was done.
    #[must_use]
    pub fn may_be_about_the_limit(&self) -> bool {
        let fits = matches!(
            self.vault_kind(),
            Some(
                VaultErrorKind::OperationNotAllowed
                    | VaultErrorKind::InvalidData
                    | VaultErrorKind::Unknown(_)
            )
        );
        fits && !self.may_have_been_applied()
    }
}

/// The active tokens of a user, in the order in which they are the least missed: those that were
/// never used first, then the one that was not used for longest. Vault's order stays among equals.
///
/// An administrator sees everybody's tokens, but the limit is a user's: a token that is known to be
/// somebody else's does not count. Who the `user` is, [`Facts::user_id`](crate::Facts::user_id) says
/// of whoever called.
#[must_use]
pub fn to_revoke(records: &[TokenRecord], user: Option<UserId>) -> Vec<&TokenRecord> {
    let is_others = |record: &TokenRecord| match (record.user, user) {
        (Some(theirs), Some(user)) => theirs != user,
        _ => false,
    };
    let mut active: Vec<_> = records
        .iter()
        .filter(|record| record.status == TokenStatus::Active && !is_others(record))
        .collect();
    active.sort_by_key(|record| record.last_used);
    active
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::error::Failure;
    use crate::validation::ValidationError;
    use crate::vault_error::VaultMessage;

    fn refused(status: u16, outcome: Failure, codes: &[&str]) -> Error {
        let errors = codes.iter().map(|code| VaultMessage::new(*code, ""));
        Error::Vault {
            operation: "x",
            status: StatusCode::from_u16(status).unwrap(),
            outcome,
            errors: errors.collect(),
            facts: Box::default(),
        }
    }

    #[test]
    fn which_refusals_may_be_about_it() {
        use Failure::{Exception, Failure as Failed};
        for (status, outcome, codes, may) in [
            (200, Failed, &["OPERATION_NOT_ALLOWED"][..], true),
            (200, Failed, &["INVALID_DATA"], true),
            (200, Failed, &["TOO_MANY_TOKENS"], true),
            (200, Failed, &["INVALID_DATA", "INACTIVE_USER"], true),
            (500, Failed, &["INVALID_DATA"], true),
            (500, Failed, &["TOO_MANY_TOKENS"], false),
            (200, Exception, &["OPERATION_NOT_ALLOWED"], false),
            (200, Failed, &["API_LIMIT_EXCEEDED"], false),
            (200, Failed, &["INSUFFICIENT_ACCESS"], false),
            (200, Failed, &["UNEXPECTED_ERROR"], false),
            (200, Failed, &["INACTIVE_USER", "INVALID_DATA"], false),
            (200, Failed, &[], false),
        ] {
            let error = refused(status, outcome, codes);
            assert_eq!(error.may_be_about_the_limit(), may, "{status} {error}");
        }
        let input = Error::from(ValidationError::new("name", "is empty"));
        assert!(!input.may_be_about_the_limit());
    }

    fn ids(records: &[TokenRecord], user: Option<u64>) -> Vec<&str> {
        let active = to_revoke(records, user.map(UserId::new)).into_iter();
        active.map(|record| record.id.as_str()).collect()
    }

    #[test]
    fn never_used_first_then_unused_for_longest() {
        let records: Vec<TokenRecord> = serde_json::from_str(
            r#"[
                {"id":"V1","status__v":"active__v","last_used_date__sys":"2026-11-22T00:00:00Z"},
                {"id":"V2","status__v":"active__v","last_used_date__sys":null},
                {"id":"V3","status__v":"inactive__v","last_used_date__sys":null},
                {"id":"V4","status__v":["active__v"],"last_used_date__sys":"2026-11-21T23:59:59Z"},
                {"id":"V5","last_used_date__sys":null},
                {"id":"V6","status__v":"active__v","user__sys":8},
                {"id":"V7","status__v":"active__v","user__sys":"7","last_used_date__sys":"2026-11-23T00:00:00Z"}
            ]"#,
        )
        .unwrap();
        assert_eq!(ids(&records, None), ["V2", "V6", "V4", "V1", "V7"]);
        assert_eq!(ids(&records, Some(7)), ["V2", "V4", "V1", "V7"]);
        assert_eq!(ids(&records, Some(8)), ["V2", "V6", "V4", "V1"]);
        assert!(ids(&[], None).is_empty());
    }
}
