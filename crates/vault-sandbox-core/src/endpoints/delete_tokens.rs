use serde::{Deserialize, Serialize};

use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::envelope::WireMessage;
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::payload::Payload;
use crate::redact::Scrubber;
use crate::types::TokenId;
use crate::validation::ValidationError;
use crate::vault_error::VaultMessage;
use crate::wire;

/// Most records that one call deletes.
///
/// [Veeva: delete object records](https://general.veevavault.dev/vault-api/api-reference/26.2/vault-objects/delete-object-records/).
pub const MAX_DELETED_AT_ONCE: usize = 500;

/// Deletes API access tokens of the Vault called: they stop working at once.
///
/// `DELETE /api/{version}/vobjects/api_access_token__sys`, answered with one [`Deletion`] per ID, in
/// their order: success of the call does not mean that every row went. Safe to repeat: a token that
/// is gone is refused as not existing.
///
/// [Veeva: delete object records][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/vault-objects/delete-object-records/
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct DeleteTokens {
    ids: Vec<TokenId>,
}

impl DeleteTokens {
    /// These tokens.
    ///
    /// # Errors
    ///
    /// None, or more than [`MAX_DELETED_AT_ONCE`].
    pub fn new(ids: impl IntoIterator<Item = TokenId>) -> Result<Self, ValidationError> {
        let ids: Vec<_> = ids.into_iter().collect();
        if ids.is_empty() || ids.len() > MAX_DELETED_AT_ONCE {
            let reason = format!(
                "are {} IDs; one call deletes 1 to {MAX_DELETED_AT_ONCE}",
                ids.len()
            );
            return Err(ValidationError::new("ids", reason));
        }
        Ok(Self { ids })
    }
}

impl Endpoint for DeleteTokens {
    type Output = Vec<Deletion>;
    const NAME: &'static str = "delete_tokens";
    const METHOD: http::Method = http::Method::DELETE;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned().literal("vobjects/api_access_token__sys"))
    }

    fn payload(&self) -> Payload {
        #[derive(Serialize)]
        struct Row<'a> {
            id: &'a str,
        }
        let rows: Vec<_> = self.ids.iter().map(|id| Row { id: id.as_str() }).collect();
        Payload::json(&rows)
    }

    fn read(answer: &Answer<'_>) -> Result<Self::Output, ProtocolProblem> {
        #[derive(Deserialize)]
        struct Row {
            #[serde(rename = "responseStatus", default, deserialize_with = "wire::text")]
            status: Option<String>,
            #[serde(default, deserialize_with = "wire::list")]
            errors: Vec<WireMessage>,
        }
        let rows: Vec<Row> = answer.data()?;
        let read = |row: Row| match row.status.as_deref() {
            Some("SUCCESS" | "WARNING") => Deletion::Deleted,
            _ => Deletion::Refused(row.errors.into_iter().map(WireMessage::said).collect()),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    fn scrub(rows: &mut Self::Output, scrubber: &Scrubber) {
        for row in rows {
            if let Deletion::Refused(reasons) = row {
                reasons.iter_mut().for_each(|reason| reason.scrub(scrubber));
            }
        }
    }
}

/// What became of one ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletion {
    /// The token is gone.
    Deleted,
    /// It is not; Vault's reasons.
    Refused(Vec<VaultMessage>),
}
