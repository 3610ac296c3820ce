//! Deleting a token, and whether it is gone.

use crate::endpoints::{DeleteTokens, Deletion, Deletions, FindTokens, TokenPage, User};
use crate::error::Error;
use crate::reply::Reply;
use crate::types::TokenId;
use crate::vault_error::VaultErrorKind;

/// What is known of a token that Vault was asked to delete: fed with every answer, it says
/// [what became of the token](Self::judge).
///
/// A deletion may be asked for again: a token that is gone is refused as not existing. So a refusal,
/// or an answer that never came, says little; whether the token can still be seen, and whether its
/// value, where it is at hand, still lets somebody in, says more.
///
/// | Vault said *deleted* | it can be seen | its value lets in | an answer was lost | judged |
/// | --- | --- | --- | --- | --- |
/// | yes | | | | [`Deleted`](Removal::Deleted) |
/// | no | yes | | | [`Remains`](Removal::Remains) |
/// | no | | yes | | [`Remains`](Removal::Remains): it is another user's, and not for us to see |
/// | no | no | no, or not at hand | yes | [`Deleted`](Removal::Deleted) |
/// | no | no | no, or not at hand | no | [`WasGone`](Removal::WasGone) |
/// | no | no | tried, not known | | [`Unknown`](Removal::Unknown) |
/// | no | not known | no, or not known | yes | [`Unknown`](Removal::Unknown) |
/// | no | not known | no, or not known | no | [`Remains`](Removal::Remains) |
///
/// That a value is refused proves nothing by itself: a new token may need some seconds to work.
#[derive(Debug, Clone)]
pub struct RemovalEvidence {
    id: TokenId,
    is_deleted: bool,
    may_be_deleted: bool,
    is_seen: Option<bool>,
    value: Value,
}

/// What is known of the token's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    NotTried,
    LetsIn,
    IsRefused,
    NotKnown,
}

/// What became of a token that was to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Removal {
    /// Vault deleted it.
    Deleted,
    /// It is not there, and nothing that was asked here can have deleted it: it was deleted before,
    /// there never was such a token, or it is so new that it does not show yet.
    WasGone,
    /// It is still there.
    Remains,
    /// It may be deleted: Vault was asked, and its answer was lost.
    Unknown,
}

impl RemovalEvidence {
    /// Nothing is known yet of the token with this ID.
    #[must_use]
    pub fn new(id: TokenId) -> Self {
        Self {
            id,
            is_deleted: false,
            may_be_deleted: false,
            is_seen: None,
            value: Value::NotTried,
        }
    }

    /// Which token it is about.
    #[must_use]
    pub fn id(&self) -> &TokenId {
        &self.id
    }

    /// The call that deletes it, in the sandbox's own Vault.
    pub fn request(&self) -> DeleteTokens {
        DeleteTokens::one(self.id.clone())
    }

    /// Takes note of the answer to [`request`](Self::request), and says what Vault said of this token.
    pub fn asked(&mut self, answer: &Result<Reply<Deletions>, Error>) -> Deletion {
        let said = match answer {
            Ok(reply) => {
                let outcomes = self.request().outcomes(&reply.value).into_iter();
                outcomes.map(|(_, deletion)| deletion).next()
            }
            Err(error) => {
                self.may_be_deleted |= error.may_have_been_applied();
                Some(Deletion::Refused(error.vault_errors().to_vec()))
            }
        };
        let said = said.unwrap_or(Deletion::Unsaid);
        match said {
            Deletion::Deleted => self.is_deleted = true,
            Deletion::Refused(_) => {}
            // Vault did what it was asked, and did not say so of this one.
            Deletion::Unsaid => self.may_be_deleted = true,
        }
        said
    }

    /// The call that looks whether it can be seen, in the sandbox's own Vault.
    pub fn look(&self) -> FindTokens {
        FindTokens::new().id(self.id.clone())
    }

    /// Takes note of a look for this token, by its ID, after the deletion was asked for.
    pub fn looked(&mut self, answer: &Result<Reply<TokenPage>, Error>) {
        self.is_seen = match answer {
            Ok(reply) => {
                let mut records = reply.value.records.iter();
                Some(records.any(|record| record.id == self.id))
            }
            Err(_) => None,
        };
    }

    /// Takes note of a call that was made with the token's own value after the deletion was asked for.
    pub fn tried(&mut self, answer: &Result<Reply<User>, Error>) {
        self.value = match answer {
            Ok(_) => Value::LetsIn,
            Err(error) => match error.vault_kind() {
                Some(kind) if kind.is_about_the_caller() => Value::IsRefused,
                // The caller was let in, and not allowed to do this.
                Some(VaultErrorKind::InsufficientAccess) => Value::LetsIn,
                _ => Value::NotKnown,
            },
        };
    }

    /// What became of it, as far as is known.
    #[must_use]
    pub fn judge(&self) -> Removal {
        let gone = match self.may_be_deleted {
            true => Removal::Deleted,
            false => Removal::WasGone,
        };
        match (self.is_seen, self.value) {
            _ if self.is_deleted => Removal::Deleted,
            (Some(true), _) | (_, Value::LetsIn) => Removal::Remains,
            (Some(false), Value::IsRefused | Value::NotTried) => gone,
            (Some(false), Value::NotKnown) => Removal::Unknown,
            (None, _) if self.may_be_deleted => Removal::Unknown,
            (None, _) => Removal::Remains,
        }
    }
}

impl Removal {
    /// Whether the token certainly works no longer.
    #[must_use]
    pub fn is_gone(self) -> bool {
        matches!(self, Self::Deleted | Self::WasGone)
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::endpoints::TokenRecord;
    use crate::error::Failure;
    use crate::reply::Facts;
    use crate::transport::{TransportError, TransportErrorKind};
    use crate::vault_error::VaultMessage;

    fn id(text: &str) -> TokenId {
        text.parse().unwrap()
    }

    fn transport(kind: TransportErrorKind) -> Error {
        Error::Transport {
            operation: "delete_tokens",
            source: TransportError::without_cause(kind),
        }
    }

    fn vault(code: &str) -> Error {
        Error::Vault {
            operation: "delete_tokens",
            status: StatusCode::OK,
            outcome: Failure::Failure,
            errors: vec![VaultMessage::new(code, "")],
            facts: Box::default(),
        }
    }

    fn page(ids: &[&str]) -> Result<Reply<TokenPage>, Error> {
        let records = ids.iter().map(|text| TokenRecord::new(id(text)));
        Ok(Reply::new(
            TokenPage::new(records.collect()),
            Facts::default(),
        ))
    }

    /// The answer of Vault to deleting one token.
    fn row(status: &str) -> Result<Reply<Deletions>, Error> {
        let row = serde_json::json!({"responseStatus": status});
        let body = serde_json::json!({"responseStatus": "SUCCESS", "data": [row]});
        let response = http::Response::new(body.to_string().into());
        crate::decode::<DeleteTokens>(&response)
    }

    fn user() -> Result<Reply<User>, Error> {
        let user = serde_json::json!({"users": [{"user": {"id": 7}}]});
        let body = serde_json::json!({"responseStatus": "SUCCESS", "users": user["users"]});
        let response = http::Response::new(body.to_string().into());
        crate::decode::<crate::endpoints::WhoAmI>(&response)
    }

    fn evidence() -> RemovalEvidence {
        RemovalEvidence::new(id("A"))
    }

    /// Refused once, and what else was heard.
    fn judged(lost: bool, seen: Option<bool>, value: Value) -> Removal {
        let mut evidence = evidence();
        evidence.asked(&row("FAILURE"));
        if lost {
            evidence.asked(&Err(transport(TransportErrorKind::Timeout)));
        }
        evidence.looked(&match seen {
            Some(true) => page(&["B", "A"]),
            Some(false) => page(&["B"]),
            None => Err(transport(TransportErrorKind::Connect)),
        });
        match value {
            Value::NotTried => {}
            Value::LetsIn => evidence.tried(&user()),
            Value::IsRefused => evidence.tried(&Err(vault("INVALID_SESSION_ID"))),
            Value::NotKnown => evidence.tried(&Err(transport(TransportErrorKind::Connect))),
        }
        assert_eq!(evidence.value, value);
        evidence.judge()
    }

    #[test]
    fn the_whole_table() {
        use Removal::{Deleted, Remains, Unknown, WasGone};
        use Value::{IsRefused, LetsIn, NotKnown, NotTried};
        const YES: Option<bool> = Some(true);
        const NO: Option<bool> = Some(false);
        for (seen, value, lost, not_lost) in [
            (YES, LetsIn, Remains, Remains),
            (YES, IsRefused, Remains, Remains),
            (YES, NotKnown, Remains, Remains),
            (YES, NotTried, Remains, Remains),
            (NO, LetsIn, Remains, Remains),
            (NO, IsRefused, Deleted, WasGone),
            (NO, NotKnown, Unknown, Unknown),
            (NO, NotTried, Deleted, WasGone),
            (None, LetsIn, Remains, Remains),
            (None, IsRefused, Unknown, Remains),
            (None, NotKnown, Unknown, Remains),
            (None, NotTried, Unknown, Remains),
        ] {
            assert_eq!(judged(true, seen, value), lost, "{seen:?} {value:?}");
            assert_eq!(judged(false, seen, value), not_lost, "{seen:?} {value:?}");
        }
        assert_eq!(evidence().judge(), Remains, "nothing was asked");
    }

    #[test]
    fn vaults_word_settles_it() {
        let mut evidence = evidence();
        assert_eq!(evidence.asked(&row("SUCCESS")), Deletion::Deleted);
        assert_eq!(evidence.judge(), Removal::Deleted);
        // A list may be a little behind.
        evidence.looked(&page(&["A"]));
        assert_eq!(evidence.judge(), Removal::Deleted);
        assert_eq!(evidence.id(), &id("A"));
        assert_eq!(evidence.request(), DeleteTokens::one(id("A")));
        assert_eq!(evidence.look(), FindTokens::new().id(id("A")));
    }

    #[test]
    fn what_was_not_sent_or_was_refused_deletes_nothing() {
        for error in [
            transport(TransportErrorKind::Connect),
            vault("INSUFFICIENT_ACCESS"),
        ] {
            let mut evidence = evidence();
            let shown = error.to_string();
            evidence.asked(&Err(error));
            assert_eq!(evidence.judge(), Removal::Remains, "{shown}");
            evidence.looked(&page(&[]));
            assert_eq!(evidence.judge(), Removal::WasGone, "{shown}");
        }
        let mut evidence = self::evidence();
        let silent = Ok(Reply::new(Deletions::default(), Facts::default()));
        assert_eq!(evidence.asked(&silent), Deletion::Unsaid);
        assert_eq!(evidence.judge(), Removal::Unknown);
        // An answer that was lost once stays lost, whatever the next one says.
        let mut evidence = self::evidence();
        evidence.asked(&Err(transport(TransportErrorKind::Interrupted)));
        evidence.asked(&Err(transport(TransportErrorKind::Connect)));
        assert_eq!(evidence.judge(), Removal::Unknown);
    }

    #[test]
    fn a_caller_that_is_refused_something_else_was_let_in() {
        for (error, judged) in [
            (vault("INSUFFICIENT_ACCESS"), Removal::Remains),
            (vault("INVALID_SESSION_ID"), Removal::WasGone),
            (vault("API_LIMIT_EXCEEDED"), Removal::Unknown),
            (transport(TransportErrorKind::Timeout), Removal::Unknown),
        ] {
            let mut evidence = evidence();
            evidence.looked(&page(&[]));
            evidence.tried(&Err(error));
            assert_eq!(evidence.judge(), judged);
        }
    }

    #[test]
    fn gone_is_what_was_seen_to_be_gone() {
        use Removal::{Deleted, Remains, Unknown, WasGone};
        let gone = [Deleted, WasGone, Remains, Unknown].map(Removal::is_gone);
        assert_eq!(gone, [true, true, false, false]);
    }
}
