use crate::error::Error;
use crate::vault_error::VaultErrorKind;

/// What sort of failure an [`Error`] is: what somebody has to see to before the call is made again.
///
/// It does not say whether anything was done: ask
/// [`may_have_been_applied`](Error::may_have_been_applied).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The input was refused before anything was sent. Mend it.
    Input,
    /// Vault does not let the caller in: the credential, or the account behind it
    /// ([`VaultErrorKind::is_about_the_caller`]). Never repeat it by itself: accounts lock.
    SignIn,
    /// Vault says that the same call may succeed later ([`VaultErrorKind::says_later`]). Wait.
    Later,
    /// Vault refused, or failed, for another reason, and said so. Mend the request, or ask for the
    /// permission.
    Refused,
    /// There is no answer, or none of Vault's: the network, or what stands before Vault.
    Unreachable,
}

impl Error {
    /// What sort of failure it is.
    ///
    /// | error | class |
    /// | --- | --- |
    /// | refused before it was sent | [`Input`](ErrorClass::Input) |
    /// | Vault's, and one of its entries is about the caller | [`SignIn`](ErrorClass::SignIn) |
    /// | Vault's, and one of its entries says later | [`Later`](ErrorClass::Later) |
    /// | any other of Vault's | [`Refused`](ErrorClass::Refused) |
    /// | the transport's, or an answer that is none of Vault's | [`Unreachable`](ErrorClass::Unreachable) |
    ///
    /// The codes are those of [Veeva: error types][page].
    ///
    /// ```
    /// use vault_sandbox_core::{Error, ErrorClass, SandboxName};
    ///
    /// let error = Error::from(SandboxName::parse("").unwrap_err());
    /// assert_eq!(error.class(), ErrorClass::Input);
    /// ```
    ///
    /// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/errors/error-types/
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Validation(_) => ErrorClass::Input,
            Self::Vault { errors, .. } => {
                let any = |test: fn(&VaultErrorKind) -> bool| errors.iter().any(|e| test(&e.kind));
                if any(VaultErrorKind::is_about_the_caller) {
                    ErrorClass::SignIn
                } else if any(VaultErrorKind::says_later) {
                    ErrorClass::Later
                } else {
                    ErrorClass::Refused
                }
            }
            Self::Transport { .. } | Self::Protocol { .. } => ErrorClass::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::error::{Failure, ProtocolProblem};
    use crate::transport::{TransportError, TransportErrorKind};
    use crate::validation::ValidationError;
    use crate::vault_error::VaultMessage;

    fn vault(outcome: Failure, codes: &[&str]) -> Error {
        let errors = codes.iter().map(|code| VaultMessage::new(*code, ""));
        Error::Vault {
            operation: "x",
            status: StatusCode::OK,
            outcome,
            errors: errors.collect(),
            facts: Box::default(),
        }
    }

    #[test]
    fn the_whole_table() {
        use ErrorClass::{Input, Later, Refused, SignIn, Unreachable};
        for (codes, class) in [
            (&["INVALID_SESSION_ID"][..], SignIn),
            (&["USERNAME_OR_PASSWORD_INCORRECT"], SignIn),
            (&["NO_PASSWORD_PROVIDED"], SignIn),
            (&["PASSWORD_CHANGE_REQUIRED"], SignIn),
            (&["USER_LOCKED_OUT"], SignIn),
            (&["INACTIVE_USER"], SignIn),
            (&["API_LIMIT_EXCEEDED"], Later),
            (&["CONFIGURATION_MODE_ENABLED"], Later),
            (&["OPERATION_IN_PROGRESS"], Later),
            (&["RACE_CONDITION"], Later),
            (&["INVALID_DATA"], Refused),
            (&["INSUFFICIENT_ACCESS"], Refused),
            (&["UNEXPECTED_ERROR"], Refused),
            (&["SOMETHING_NEW"], Refused),
            (&["INVALID_DATA", "API_LIMIT_EXCEEDED"], Later),
            (&["API_LIMIT_EXCEEDED", "INVALID_SESSION_ID"], SignIn),
            (&["INVALID_DATA", "INACTIVE_USER"], SignIn),
            (&[], Refused),
        ] {
            for outcome in [Failure::Failure, Failure::Exception] {
                assert_eq!(vault(outcome, codes).class(), class, "{codes:?}");
            }
        }
        let input = Error::from(ValidationError::new("name", "is empty"));
        assert_eq!(input.class(), Input);
        for kind in [TransportErrorKind::Connect, TransportErrorKind::Unsendable] {
            let transport = Error::Transport {
                operation: "x",
                source: TransportError::without_cause(kind),
            };
            assert_eq!(transport.class(), Unreachable);
        }
        let page = Error::Protocol {
            operation: "x",
            status: StatusCode::UNAUTHORIZED,
            problem: ProtocolProblem::new("page"),
            facts: Box::default(),
        };
        assert_eq!(page.class(), Unreachable);
    }
}
