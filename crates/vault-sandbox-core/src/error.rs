use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;

use crate::escape::escape;
use crate::redact::Scrubber;
use crate::reply::Facts;
use crate::transport::{TransportError, TransportErrorKind};
use crate::types::TokenId;
use crate::validation::ValidationError;
use crate::vault_error::{VaultErrorKind, VaultMessage};

/// Why a call has no answer to give, in the order in which things can go wrong.
///
/// `{}` is one line of facts: the operation, what happened, Vault's code and message. `{:#}` adds
/// every cause. Bodies are never quoted, Vault's words are shown with control characters escaped.
///
/// The question to ask of it is [`may_have_been_applied`](Self::may_have_been_applied): where it
/// says yes, look (with [`FindTokens`](crate::endpoints::FindTokens), say) instead of sending again.
/// Whether a repetition makes sense is for [`retry::Policy`](crate::retry::Policy) to say.
///
/// ```
/// use vault_sandbox_core::{Error, TransportError, TransportErrorKind};
///
/// let error = Error::Transport {
///     operation: "who_am_i",
///     source: TransportError::new(TransportErrorKind::Connect, "connection refused"),
/// };
/// assert!(!error.may_have_been_applied());
/// assert_eq!(error.to_string(), "who_am_i: no connection");
/// assert_eq!(format!("{error:#}"), "who_am_i: no connection: connection refused");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Nothing was sent. Mend the input.
    Validation(ValidationError),
    /// There is no complete answer. [`TransportError::kind`] says how far the request got, and so
    /// what can be done about it.
    Transport {
        /// [`Endpoint::NAME`](crate::Endpoint::NAME).
        operation: &'static str,
        /// What the transport said.
        source: TransportError,
    },
    /// There is an answer, but it is not one of Vault's (a proxy's page, a redirect), or not one to
    /// this operation. Look whether it was carried out, and at what stands before Vault;
    /// [`created_id`](Self::created_id) is the record that the answer says was made.
    Protocol {
        /// [`Endpoint::NAME`](crate::Endpoint::NAME).
        operation: &'static str,
        /// The HTTP status.
        status: StatusCode,
        /// What is wrong with the answer.
        problem: ProtocolProblem,
        /// What the headers said.
        facts: Box<Facts>,
    },
    /// Vault refused, or failed, and said so. Go by [`vault_kind`](Self::vault_kind); after an
    /// `EXCEPTION`, look.
    Vault {
        /// [`Endpoint::NAME`](crate::Endpoint::NAME).
        operation: &'static str,
        /// The HTTP status: often 200.
        status: StatusCode,
        /// `FAILURE` or `EXCEPTION`.
        outcome: Failure,
        /// Every entry of `errors`; never empty.
        errors: Vec<VaultMessage>,
        /// What the headers said.
        facts: Box<Facts>,
    },
}

impl Error {
    /// Whether Vault may have carried the request out, so that repeating it could do it twice.
    ///
    /// Conservative: `false` only where that is certain. A transport that failed before it sent
    /// anything, and a `FAILURE` in Vault's own words, are certain; an `EXCEPTION`, a page of some
    /// middlebox, a cut answer and a timeout are not.
    #[must_use]
    pub fn may_have_been_applied(&self) -> bool {
        match self {
            Self::Validation(_) => false,
            Self::Transport { source, .. } => source.kind().may_have_been_sent(),
            Self::Protocol { .. } => true,
            Self::Vault {
                outcome,
                status,
                errors,
                ..
            } => {
                *outcome == Failure::Exception
                    || errors
                        .iter()
                        .any(|e| e.kind.leaves_doubt(status.is_server_error()))
            }
        }
    }

    /// The kind of the transport's failure, if it is one.
    #[must_use]
    pub fn transport_kind(&self) -> Option<TransportErrorKind> {
        match self {
            Self::Transport { source, .. } => Some(source.kind()),
            _ => None,
        }
    }

    /// The kind of Vault's first error, if Vault answered.
    #[must_use]
    pub fn vault_kind(&self) -> Option<&VaultErrorKind> {
        self.vault_errors().first().map(|e| &e.kind)
    }

    /// Vault's errors; empty if Vault did not answer.
    #[must_use]
    pub fn vault_errors(&self) -> &[VaultMessage] {
        match self {
            Self::Vault { errors, .. } => errors,
            _ => &[],
        }
    }

    /// What Vault warned of in an answer that cannot be used for another reason.
    #[must_use]
    pub fn vault_warnings(&self) -> &[VaultMessage] {
        match self {
            Self::Protocol { problem, .. } => &problem.warnings,
            _ => &[],
        }
    }

    /// What the headers of the answer said, if there was one.
    #[must_use]
    pub fn facts(&self) -> Option<&Facts> {
        match self {
            Self::Protocol { facts, .. } | Self::Vault { facts, .. } => Some(facts),
            _ => None,
        }
    }

    /// The ID of a record that was created although its answer could not be used.
    #[must_use]
    pub fn created_id(&self) -> Option<&TokenId> {
        match self {
            Self::Protocol { problem, .. } => problem.created.as_ref(),
            _ => None,
        }
    }

    /// The same error with secrets removed from Vault's messages.
    ///
    /// [`Client`](crate::Client) does this by itself; with [`decode`](crate::decode) it is the
    /// caller's part, because an answer does not know what it was an answer to.
    #[must_use]
    pub fn scrubbed(mut self, scrubber: &Scrubber) -> Self {
        let messages = match &mut self {
            Self::Vault { errors, .. } => errors,
            Self::Protocol { problem, .. } => &mut problem.warnings,
            _ => return self,
        };
        messages.iter_mut().for_each(|one| one.scrub(scrubber));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Validation(error) => write!(f, "{error}"),
            Self::Transport { operation, source } => {
                write!(f, "{operation}: {source}")?;
                if f.alternate() {
                    let mut cause = source.source();
                    while let Some(error) = cause {
                        write!(f, ": {}", escape(&error.to_string()))?;
                        cause = error.source();
                    }
                }
                Ok(())
            }
            Self::Protocol {
                operation,
                status,
                problem,
                ..
            } => {
                write!(f, "{operation}: {problem} (HTTP {})", status.as_u16())
            }
            Self::Vault {
                operation,
                outcome,
                errors,
                ..
            } => {
                write!(f, "{operation}: Vault answered {outcome}: ")?;
                for (at, error) in errors.iter().enumerate() {
                    write!(f, "{}{error}", if at == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Transport { source, .. } => source.source(),
            _ => None,
        }
    }
}

impl From<ValidationError> for Error {
    fn from(error: ValidationError) -> Self {
        Self::Validation(error)
    }
}

/// What is wrong with an answer that cannot be used. Holds nothing of the answer's text but Vault's
/// own warnings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolProblem {
    what: String,
    created: Option<TokenId>,
    warnings: Vec<VaultMessage>,
}

impl ProtocolProblem {
    /// A problem, described without quoting the answer.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            created: None,
            warnings: Vec::new(),
        }
    }

    /// Adds the ID of a record that the answer says was created.
    #[must_use]
    pub fn created(mut self, id: Option<TokenId>) -> Self {
        self.created = id;
        self
    }

    /// Adds what Vault itself said in the answer.
    #[must_use]
    pub fn warned(mut self, warnings: Vec<VaultMessage>) -> Self {
        self.warnings = warnings;
        self
    }

    /// What Vault itself said, taken out.
    pub(crate) fn take_warnings(&mut self) -> Vec<VaultMessage> {
        std::mem::take(&mut self.warnings)
    }
}

impl fmt::Display for ProtocolProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.what))?;
        for (at, warning) in self.warnings.iter().enumerate() {
            let before = if at == 0 { "; Vault warned: " } else { "; " };
            write!(f, "{before}{warning}")?;
        }
        Ok(())
    }
}

/// How Vault says that something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure {
    /// `FAILURE`: the request could not be carried out as it is. Mend it, or the right to make it.
    Failure,
    /// `EXCEPTION`: something broke in Vault; what was done is not certain. Look, and quote
    /// [`Facts::execution_id`] to Veeva Support.
    Exception,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failure => "FAILURE",
            Self::Exception => "EXCEPTION",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(status: u16, outcome: Failure, code: &str) -> Error {
        Error::Vault {
            operation: "generate_sandbox_token",
            status: StatusCode::from_u16(status).unwrap(),
            outcome,
            errors: vec![VaultMessage::new(code, "said\nso")],
            facts: Box::default(),
        }
    }

    #[test]
    fn a_refusal_in_vaults_own_words_is_certain_and_nothing_else_is() {
        for code in ["INVALID_DATA", "API_LIMIT_EXCEEDED", "SOMETHING_NEW"] {
            assert!(
                !vault(200, Failure::Failure, code).may_have_been_applied(),
                "{code}"
            );
        }
        assert!(!vault(503, Failure::Failure, "API_LIMIT_EXCEEDED").may_have_been_applied());
        assert!(vault(503, Failure::Failure, "SOMETHING_NEW").may_have_been_applied());
        assert!(vault(200, Failure::Failure, "UNEXPECTED_ERROR").may_have_been_applied());
        assert!(vault(200, Failure::Exception, "INVALID_DATA").may_have_been_applied());
        assert!(!Error::from(ValidationError::new("name", "is empty")).may_have_been_applied());
    }

    #[test]
    fn one_line_of_facts() {
        assert_eq!(
            vault(200, Failure::Failure, "INVALID_DATA").to_string(),
            "generate_sandbox_token: Vault answered FAILURE: INVALID_DATA: said\\nso"
        );
    }
}
