use crate::endpoint::{Answer, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::validation::ValidationError;

/// Keeps a session from ending for want of use.
///
/// `POST /api/{version}/keep-alive`, answered with nothing but success. Safe to repeat. A session
/// ends after 48 hours all the same.
///
/// [Veeva: session keep alive][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/authentication/session-keep-alive/
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
#[non_exhaustive]
pub struct KeepAlive;

impl KeepAlive {
    /// For the session of the Vault's authorization.
    pub fn new() -> Self {
        Self
    }
}

impl Endpoint for KeepAlive {
    type Output = ();
    const NAME: &'static str = "keep_alive";
    const METHOD: http::Method = http::Method::POST;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned().literal("keep-alive"))
    }

    fn read(_answer: &Answer<'_>) -> Result<(), ProtocolProblem> {
        Ok(())
    }
}
