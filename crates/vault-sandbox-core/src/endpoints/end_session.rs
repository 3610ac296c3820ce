use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::validation::ValidationError;

/// Ends a session.
///
/// `DELETE /api/{version}/session`, answered with nothing but success. Safe to repeat: a session
/// that has ended is refused as such.
///
/// [Veeva: end session][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/authentication/end-session/
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
#[non_exhaustive]
pub struct EndSession;

impl EndSession {
    /// For the session of the Vault's authorization.
    pub fn new() -> Self {
        Self
    }
}

impl Endpoint for EndSession {
    type Output = ();
    const NAME: &'static str = "end_session";
    const METHOD: http::Method = http::Method::DELETE;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned().literal("session"))
    }

    fn read(_answer: &Answer<'_>) -> Result<(), ProtocolProblem> {
        Ok(())
    }
}
