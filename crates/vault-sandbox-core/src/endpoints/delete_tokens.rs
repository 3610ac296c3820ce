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
/// `DELETE /api/{version}/vobjects/api_access_token__sys`, answered with [`Deletions`], which
/// [`outcomes`](Self::outcomes) pairs with the IDs: success of the call does not mean that every token
/// went. Safe to repeat: a token that is gone is refused as not existing.
///
/// ```
/// use vault_sandbox_core::decode;
/// use vault_sandbox_core::endpoints::{DeleteTokens, Deletion};
/// # use vault_sandbox_core::{Body, HttpResponse, TokenId};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let response = HttpResponse::new(Body::from(
/// #     r#"{"responseStatus":"SUCCESS","data":[{"responseStatus":"SUCCESS","data":{"id":"V8T2"}}]}"#,
/// # ));
///
/// let delete = DeleteTokens::new([TokenId::parse("V8T1")?, TokenId::parse("V8T2")?])?;
/// let reply = decode::<DeleteTokens>(&response)?; // an answer with a row for V8T2 alone
/// let outcomes = delete.outcomes(&reply.value);
/// assert_eq!(outcomes[0].1, Deletion::Unsaid);
/// assert_eq!(outcomes[1].1, Deletion::Deleted);
/// # Ok(())
/// # }
/// ```
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

    /// This token alone.
    pub fn one(id: TokenId) -> Self {
        Self { ids: vec![id] }
    }

    /// The IDs, in the order in which they are sent.
    #[must_use]
    pub fn ids(&self) -> &[TokenId] {
        &self.ids
    }

    /// What became of each ID, in their order, by the answer to this call: by the row that names it,
    /// else by the row in its place. An ID without a row is [`Deletion::Unsaid`].
    #[must_use]
    pub fn outcomes(&self, answer: &Deletions) -> Vec<(TokenId, Deletion)> {
        let deletions = paired(&self.ids, &answer.rows);
        self.ids.iter().cloned().zip(deletions).collect()
    }
}

impl Endpoint for DeleteTokens {
    type Output = Deletions;
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

    fn read(answer: &Answer<'_>) -> Result<Deletions, ProtocolProblem> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "responseStatus", default, deserialize_with = "wire::text")]
            status: Option<String>,
            #[serde(default, deserialize_with = "wire::list")]
            errors: Vec<WireMessage>,
            #[serde(default)]
            data: serde_json::Value,
        }
        // A row that cannot be read keeps its place, and takes no other row with it.
        let read = |row: serde_json::Value| match serde_json::from_value::<Wire>(row) {
            Ok(row) => Row {
                id: named(row.data),
                deletion: match row.status.as_deref() {
                    Some("SUCCESS" | "WARNING") => Deletion::Deleted,
                    _ => Deletion::Refused(row.errors.into_iter().map(WireMessage::said).collect()),
                },
            },
            Err(_) => Row {
                id: None,
                deletion: Deletion::Unsaid,
            },
        };
        let rows: Vec<serde_json::Value> = answer.data()?;
        Ok(Deletions {
            rows: rows.into_iter().map(read).collect(),
        })
    }

    fn scrub(answer: &mut Deletions, scrubber: &Scrubber) {
        for row in &mut answer.rows {
            if let Deletion::Refused(reasons) = &mut row.deletion {
                reasons.iter_mut().for_each(|reason| reason.scrub(scrubber));
            }
        }
    }
}

/// What Vault says became of the tokens, row by row; [`DeleteTokens::outcomes`] tells whose each is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deletions {
    rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    id: Option<TokenId>,
    deletion: Deletion,
}

impl Deletions {
    /// An answer with these rows, each with the ID that it names: for tests, and for what plays a
    /// Vault.
    #[must_use]
    pub fn new(rows: impl IntoIterator<Item = (Option<TokenId>, Deletion)>) -> Self {
        let rows = rows.into_iter();
        let rows = rows.map(|(id, deletion)| Row { id, deletion });
        Self {
            rows: rows.collect(),
        }
    }

    /// The rows as Vault wrote them, each with the ID that it names.
    pub fn rows(&self) -> impl Iterator<Item = (Option<&TokenId>, &Deletion)> {
        self.rows.iter().map(|row| (row.id.as_ref(), &row.deletion))
    }
}

/// What became of one token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deletion {
    /// The token is gone.
    Deleted,
    /// It is not; Vault's reasons.
    Refused(Vec<VaultMessage>),
    /// Vault did not say: it may be gone. Look, or ask for it to be deleted again.
    Unsaid,
}

/// The rows that say something of each ID, in the order of the IDs.
///
/// A row is about the ID that it names. One that names none is about the ID in its place, as long as
/// every row that does name one stands in the place of that ID: else their order says nothing.
fn paired(ids: &[TokenId], rows: &[Row]) -> Vec<Deletion> {
    let mut found: Vec<Option<Deletion>> = vec![None; ids.len()];
    for row in rows {
        let Some(named) = &row.id else { continue };
        let mut places = (0..ids.len()).filter(|at| ids[*at] == *named);
        let first = places.clone().next();
        if let Some(free) = places.find(|at| found[*at].is_none()) {
            found[free] = Some(row.deletion.clone());
        } else if let Some(first) = first
            && found[first].as_ref() != Some(&row.deletion)
        {
            // Two rows of which one must be wrong.
            found[first] = Some(Deletion::Unsaid);
        }
    }
    let is_in_place = |(at, row): (usize, &Row)| row.id.is_none() || row.id.as_ref() == ids.get(at);
    if rows.iter().enumerate().all(is_in_place) {
        for (slot, row) in found.iter_mut().zip(rows) {
            slot.get_or_insert_with(|| row.deletion.clone());
        }
    }
    let said = |one: Option<Deletion>| one.unwrap_or(Deletion::Unsaid);
    found.into_iter().map(said).collect()
}

/// The ID in the `data` of a row.
fn named(data: serde_json::Value) -> Option<TokenId> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(default, deserialize_with = "wire::text")]
        id: Option<String>,
    }
    let wire = serde_json::from_value::<Wire>(data).ok()?;
    wire.id.and_then(TokenId::from_wire)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Deletion = Deletion::Refused(Vec::new());

    fn id(text: &str) -> TokenId {
        TokenId::parse(text).unwrap()
    }

    #[test]
    fn each_id_has_the_row_that_is_about_it() {
        use Deletion::{Deleted, Unsaid};
        let named = |name: &str, deletion| (Some(id(name)), deletion);
        let bare = |deletion| (None, deletion);
        for (what, rows, expected) in [
            (
                "in their order",
                vec![named("a", Deleted), bare(REFUSED), named("c", Deleted)],
                [Deleted, REFUSED, Deleted],
            ),
            (
                "in another order",
                vec![
                    named("c", Deleted),
                    named("a", REFUSED),
                    named("b", Deleted),
                ],
                [REFUSED, Deleted, Deleted],
            ),
            (
                "short",
                vec![named("a", Deleted)],
                [Deleted, Unsaid, Unsaid],
            ),
            (
                "short, and not the first",
                vec![named("c", Deleted)],
                [Unsaid, Unsaid, Deleted],
            ),
            ("none", vec![], [Unsaid, Unsaid, Unsaid]),
            (
                "no names",
                vec![bare(Deleted), bare(REFUSED)],
                [Deleted, REFUSED, Unsaid],
            ),
            (
                "another order, and no name: whose it is nobody knows",
                vec![named("b", Deleted), bare(Deleted), named("c", Deleted)],
                [Unsaid, Deleted, Deleted],
            ),
            (
                "somebody else's",
                vec![named("x", Deleted), bare(Deleted)],
                [Unsaid, Unsaid, Unsaid],
            ),
            (
                "two that contradict each other",
                vec![
                    named("a", Deleted),
                    named("a", REFUSED),
                    named("c", Deleted),
                ],
                [Unsaid, Unsaid, Deleted],
            ),
            (
                "too many",
                vec![
                    named("a", Deleted),
                    named("b", Deleted),
                    named("c", Deleted),
                    named("x", REFUSED),
                ],
                [Deleted, Deleted, Deleted],
            ),
        ] {
            let delete = DeleteTokens::new(["a", "b", "c"].map(id)).unwrap();
            let outcomes = delete.outcomes(&Deletions::new(rows));
            let (ids, deletions): (Vec<_>, Vec<_>) = outcomes.into_iter().unzip();
            assert_eq!(ids, ["a", "b", "c"].map(id), "{what}");
            assert_eq!(deletions, expected, "{what}");
        }
    }

    #[test]
    fn an_id_given_twice_is_answered_twice() {
        let delete = DeleteTokens::new(["a", "a"].map(id)).unwrap();
        let rows = [(Some(id("a")), Deletion::Deleted), (None, REFUSED)];
        let outcomes = delete.outcomes(&Deletions::new(rows));
        let expected = [(id("a"), Deletion::Deleted), (id("a"), REFUSED)];
        assert_eq!(outcomes, expected);
    }
}
