//! Trying a new token out, and what that shows.

use chrono::{DateTime, Utc};

use super::intent::Intent;
use crate::endpoints::{FindTokens, IssuedToken, TokenPage};
use crate::error::Error;
use crate::reply::Reply;
use crate::types::{Expiry, TokenId, VaultId};
use crate::vault_error::VaultErrorKind;

/// A token that is to be tried out: the call to make with it in the sandbox, and what the answer
/// shows. One call shows whether it works, in which Vault, and what Vault stored as its expiry.
///
/// | answer | shows |
/// | --- | --- |
/// | from another Vault than the sandbox's, or from the parent | [`OtherVault`](Verification::OtherVault); if it is a refusal, only [`Unconfirmed`](Verification::Unconfirmed): the sandbox was not asked |
/// | the token's own record, with the expiry that was asked for | [`Confirmed`](Verification::Confirmed) |
/// | the token's own record, with another expiry | [`ExpiryDiffers`](Verification::ExpiryDiffers) |
/// | without the token's record, or a refusal for want of a permission | [`Works`](Verification::Works) |
/// | a refusal of the caller | [`Refused`](Verification::Refused) |
/// | anything else, or none | [`Unconfirmed`](Verification::Unconfirmed) |
#[derive(Debug, Clone, Copy)]
pub struct TryOut<'a> {
    intent: &'a Intent,
    token: &'a IssuedToken,
}

impl<'a> TryOut<'a> {
    pub(super) fn new(intent: &'a Intent, token: &'a IssuedToken) -> Self {
        Self { intent, token }
    }

    /// The token to make the call with.
    #[must_use]
    pub fn token(&self) -> &'a IssuedToken {
        self.token
    }

    /// The expiry that was asked for.
    #[must_use]
    pub fn expiry(&self) -> Expiry {
        self.intent.expiry
    }

    /// The call to make, with the token as its credential, in the sandbox's own Vault.
    pub fn request(&self) -> FindTokens {
        match self.token.id() {
            Some(id) => FindTokens::new().id(id.clone()),
            None => FindTokens::new(),
        }
    }

    /// What the answer shows. A new token may need some seconds to become known: unless what is shown
    /// [is final](Verification::is_final), the call is worth repeating for a while.
    #[must_use]
    pub fn judge(&self, answer: &Result<Reply<TokenPage>, Error>) -> Verification {
        match answer {
            Ok(reply) if self.is_elsewhere(reply.facts.vault_id) => Verification::OtherVault,
            Ok(reply) => self.judge_page(&reply.value),
            Err(error) => {
                let served_by = error.facts().and_then(|facts| facts.vault_id);
                match error.vault_kind() {
                    _ if self.is_elsewhere(served_by) => Verification::Unconfirmed,
                    Some(kind) if kind.is_about_the_caller() => Verification::Refused,
                    Some(VaultErrorKind::InsufficientAccess) => Verification::Works,
                    _ => Verification::Unconfirmed,
                }
            }
        }
    }

    fn judge_page(&self, page: &TokenPage) -> Verification {
        let own = |id: &TokenId| page.records.iter().find(|record| record.id == *id);
        match self.token.id().and_then(own) {
            None => Verification::Works,
            Some(record) if self.intent.expiry.is_met_by(record.expiry) => {
                Verification::Confirmed {
                    expiry: record.expiry,
                }
            }
            Some(record) => Verification::ExpiryDiffers {
                stored: record.expiry,
            },
        }
    }

    /// Whether the Vault that answered is known not to be the sandbox's. One that does not say which
    /// it is, is taken for the one that was asked.
    fn is_elsewhere(&self, served_by: Option<VaultId>) -> bool {
        let is_other = |expected| served_by.is_some() && served_by != Some(expected);
        let is_parent = served_by.is_some() && served_by == self.intent.vault_id;
        self.intent.sandbox_vault_id.is_some_and(is_other) || is_parent
    }
}

/// What trying out a new token showed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verification {
    /// It works, in the right Vault, and expires as asked.
    Confirmed {
        /// The expiry that Vault stored; `None`: never.
        expiry: Option<DateTime<Utc>>,
    },
    /// It works, but may not read its own record: its expiry is not confirmed.
    Works,
    /// It could not be tried out.
    Unconfirmed,
    /// Vault stored another expiry than the one asked for.
    ExpiryDiffers {
        /// The expiry that Vault stored; `None`: never.
        stored: Option<DateTime<Utc>>,
    },
    /// The sandbox does not accept it.
    Refused,
    /// It works in another Vault than the sandbox's.
    OtherVault,
}

impl Verification {
    /// Whether trying again in some seconds would show the same.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Confirmed { .. } | Self::ExpiryDiffers { .. } | Self::OtherVault
        )
    }

    /// Whether the token was seen not to be as asked.
    #[must_use]
    pub fn is_unfit(&self) -> bool {
        matches!(
            self,
            Self::ExpiryDiffers { .. } | Self::Refused | Self::OtherVault
        )
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::endpoints::TokenRecord;
    use crate::error::{Failure, ProtocolProblem};
    use crate::reply::Facts;
    use crate::transport::{TransportError, TransportErrorKind};
    use crate::types::{AccessToken, OperationId};
    use crate::vault_error::VaultMessage;

    const PARENT: u64 = 1;
    const SANDBOX: u64 = 2;

    fn intent() -> Intent {
        Intent::new(
            OperationId::from_bytes([1, 2, 3, 4]),
            "2026-11-23T18:04:11Z".parse().unwrap(),
            "veepharm.veevavault.com".parse().unwrap(),
            "VeePharm Sandbox".parse().unwrap(),
            "ci".parse().unwrap(),
            Expiry::at(asked()).unwrap(),
        )
        .vault_id(Some(VaultId::new(PARENT)))
        .sandbox_vault_id(Some(VaultId::new(SANDBOX)))
    }

    fn asked() -> DateTime<Utc> {
        "2027-02-21T18:04:11Z".parse().unwrap()
    }

    fn token(id: Option<&str>) -> IssuedToken {
        let id = id.map(|id| TokenId::parse(id).unwrap());
        IssuedToken::new(
            id,
            AccessToken::parse("veeva-vault-0c0ffee0example").unwrap(),
        )
    }

    fn facts(served_by: Option<u64>) -> Facts {
        Facts {
            vault_id: served_by.map(VaultId::new),
            ..Facts::default()
        }
    }

    fn page(records: Vec<TokenRecord>, served_by: Option<u64>) -> Result<Reply<TokenPage>, Error> {
        Ok(Reply::new(TokenPage::new(records), facts(served_by)))
    }

    fn own(expiry: Option<DateTime<Utc>>) -> Vec<TokenRecord> {
        let other = TokenRecord::new("0PI2".parse().unwrap()).expiry(None);
        let own = TokenRecord::new("0PI1".parse().unwrap()).expiry(expiry);
        vec![other, own]
    }

    fn refused(code: &str, served_by: Option<u64>) -> Result<Reply<TokenPage>, Error> {
        Err(Error::Vault {
            operation: "find_tokens",
            status: StatusCode::OK,
            outcome: Failure::Failure,
            errors: vec![VaultMessage::new(code, "")],
            facts: Box::new(facts(served_by)),
        })
    }

    #[test]
    fn the_whole_table() {
        use Verification::{Confirmed, ExpiryDiffers, OtherVault, Refused, Unconfirmed, Works};
        let confirmed = || Confirmed {
            expiry: Some(asked()),
        };
        let here = Some(SANDBOX);
        let silent = || {
            Err(Error::Transport {
                operation: "find_tokens",
                source: TransportError::without_cause(TransportErrorKind::Timeout),
            })
        };
        let odd = Err(Error::Protocol {
            operation: "find_tokens",
            status: StatusCode::OK,
            problem: ProtocolProblem::new("a page"),
            facts: Box::default(),
        });
        for (answer, shown) in [
            (page(own(Some(asked())), here), confirmed()),
            (page(own(Some(asked())), None), confirmed()),
            (page(own(None), here), ExpiryDiffers { stored: None }),
            (page(Vec::new(), here), Works),
            (page(own(Some(asked())), Some(3)), OtherVault),
            (page(own(Some(asked())), Some(PARENT)), OtherVault),
            (refused("INVALID_SESSION_ID", here), Refused),
            (refused("INVALID_SESSION_ID", None), Refused),
            (refused("INVALID_SESSION_ID", Some(PARENT)), Unconfirmed),
            (refused("INVALID_SESSION_ID", Some(3)), Unconfirmed),
            (refused("INSUFFICIENT_ACCESS", here), Works),
            (refused("INSUFFICIENT_ACCESS", Some(3)), Unconfirmed),
            (refused("API_LIMIT_EXCEEDED", here), Unconfirmed),
            (silent(), Unconfirmed),
            (odd, Unconfirmed),
        ] {
            let (intent, token) = (intent(), token(Some("0PI1")));
            let judged = TryOut::new(&intent, &token).judge(&answer);
            assert_eq!(judged, shown, "{answer:?}");
        }
    }

    #[test]
    fn without_an_id_its_record_cannot_be_told_from_others() {
        let (intent, nameless) = (intent(), token(None));
        let try_out = TryOut::new(&intent, &nameless);
        assert_eq!(try_out.request(), FindTokens::new());
        let shown = try_out.judge(&page(own(Some(asked())), None));
        assert_eq!(shown, Verification::Works);
        let token = token(Some("0PI1"));
        let try_out = TryOut::new(&intent, &token);
        let id = "0PI1".parse().unwrap();
        assert_eq!(try_out.request(), FindTokens::new().id(id));
        assert_eq!(try_out.expiry(), intent.expiry);
        assert_eq!(try_out.token().id(), token.id());
    }

    #[test]
    fn where_the_sandboxs_vault_is_not_known_only_the_parent_is_the_wrong_one() {
        let intent = intent().sandbox_vault_id(None);
        let token = token(Some("0PI1"));
        let try_out = TryOut::new(&intent, &token);
        let shown = |served_by| try_out.judge(&page(Vec::new(), served_by));
        assert_eq!(shown(Some(3)), Verification::Works);
        assert_eq!(shown(Some(PARENT)), Verification::OtherVault);
        let unknown = intent.vault_id(None);
        let try_out = TryOut::new(&unknown, &token);
        assert_eq!(try_out.judge(&page(Vec::new(), None)), Verification::Works);
    }

    #[test]
    fn what_is_final_and_what_is_unfit() {
        use Verification::{Confirmed, ExpiryDiffers, OtherVault, Refused, Unconfirmed, Works};
        for (shown, is_final, is_unfit) in [
            (Confirmed { expiry: None }, true, false),
            (Works, false, false),
            (Unconfirmed, false, false),
            (ExpiryDiffers { stored: None }, true, true),
            (Refused, false, true),
            (OtherVault, true, true),
        ] {
            assert_eq!(shown.is_final(), is_final, "{shown:?}");
            assert_eq!(shown.is_unfit(), is_unfit, "{shown:?}");
        }
    }
}
