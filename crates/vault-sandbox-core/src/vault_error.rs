use std::fmt;

use crate::escape::escape;
use crate::redact::Scrubber;

/// One entry of `errors` or `warnings` in an answer.
///
/// `{}` is one line, `CODE: message`, with control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VaultMessage {
    /// What the code means.
    pub kind: VaultErrorKind,
    /// The `type`, as Vault wrote it.
    pub code: String,
    /// The `message`, as Vault wrote it, less any secret. Its wording is not contractual.
    pub message: String,
}

impl VaultMessage {
    /// A message with this `type` and text.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        let code = code.into();
        let mut new = Self {
            kind: VaultErrorKind::from_code(&code),
            code,
            message: message.into(),
        };
        new.scrub(&Scrubber::new());
        new
    }

    pub(crate) fn scrub(&mut self, scrubber: &Scrubber) {
        self.code = scrubber.scrub(&self.code).into_owned();
        self.message = scrubber.scrub(&self.message).into_owned();
        if let VaultErrorKind::Unknown(code) = &mut self.kind {
            code.clone_from(&self.code);
        }
    }
}

impl fmt::Display for VaultMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", message) => f.write_str(&escape(message)),
            (code, "") => f.write_str(&escape(code)),
            (code, message) => write!(f, "{}: {}", escape(code), escape(message)),
        }
    }
}

macro_rules! vault_error_kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal $(| $also:literal)*,)*) => {
        /// The `type` of an error, by [Veeva's list of 25][page]. The list is not closed: live
        /// answers carry others, which are kept as text.
        ///
        /// [`is_about_the_caller`](Self::is_about_the_caller): stop, a person has to see to the
        /// credential or the account (for [`InvalidSessionId`](Self::InvalidSessionId), signing in
        /// again will do). [`says_later`](Self::says_later): wait. Any other: mend the request, or
        /// ask for the permission.
        ///
        /// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/errors/error-types/
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum VaultErrorKind {
            $($(#[$doc])* $kind,)*
            /// Any other; the text as Vault wrote it.
            Unknown(String),
        }

        impl VaultErrorKind {
            /// The kind for a `type` as Vault writes it.
            #[must_use]
            pub fn from_code(code: &str) -> Self {
                match code {
                    $($code $(| $also)* => Self::$kind,)*
                    _ => Self::Unknown(code.to_owned()),
                }
            }
        }
    };
}

vault_error_kinds! {
    /// Catch-all of Vault; what was done is not certain.
    UnexpectedError = "UNEXPECTED_ERROR",
    /// No such resource.
    MalformedUrl = "MALFORMED_URL",
    /// No such method, or call, in this API version.
    MethodNotSupported = "METHOD_NOT_SUPPORTED",
    /// The user is inactive or unknown.
    InactiveUser = "INACTIVE_USER",
    /// Sign-in without a password.
    NoPasswordProvided = "NO_PASSWORD_PROVIDED",
    /// Bad credentials. Never try again by itself: five bad tries lock the account.
    UsernameOrPasswordIncorrect = "USERNAME_OR_PASSWORD_INCORRECT",
    /// The account is locked.
    UserLockedOut = "USER_LOCKED_OUT",
    /// The user has to choose a new password first.
    PasswordChangeRequired = "PASSWORD_CHANGE_REQUIRED",
    /// The session is bad or has expired; nothing was done.
    InvalidSessionId = "INVALID_SESSION_ID",
    /// A parameter is missing.
    ParameterRequired = "PARAMETER_REQUIRED",
    /// A parameter has a bad value; also an unknown record.
    InvalidData = "INVALID_DATA",
    /// The user lacks a permission.
    InsufficientAccess = "INSUFFICIENT_ACCESS",
    /// A rule of Vault is not met.
    OperationNotAllowed = "OPERATION_NOT_ALLOWED",
    /// The resource has no such attribute.
    AttributeNotSupported = "ATTRIBUTE_NOT_SUPPORTED",
    /// Unknown filter.
    InvalidFilter = "INVALID_FILTER",
    /// Bad VQL. Documented with `_ERROR`, seen without.
    IncorrectQuerySyntax = "INCORRECT_QUERY_SYNTAX_ERROR" | "INCORRECT_QUERY_SYNTAX",
    /// Another call changed the same record.
    RaceCondition = "RACE_CONDITION",
    /// A file is too large.
    ExceedsFileMaxSize = "EXCEEDS_FILE_MAX_SIZE",
    /// Too many calls; later.
    ApiLimitExceeded = "API_LIMIT_EXCEEDED",
    /// Vault is being configured and lets only administrators in; later.
    ConfigurationModeEnabled = "CONFIGURATION_MODE_ENABLED",
    /// The customer's own code in Vault failed; what was done is not certain.
    SdkError = "SDK_ERROR",
    /// The item is busy; later.
    OperationInProgress = "OPERATION_IN_PROGRESS",
    /// The name is taken.
    ItemNameExists = "ITEM_NAME_EXISTS",
    /// No such user.
    UserNotFound = "USER_NOT_FOUND",
    /// The federated ID is taken.
    FederatedIdAlreadyExists = "FEDERATED_ID_ALREADY_EXISTS",
}

impl VaultErrorKind {
    /// Whether Vault itself says that the same request may succeed later.
    #[must_use]
    pub fn says_later(&self) -> bool {
        matches!(
            self,
            Self::ApiLimitExceeded
                | Self::ConfigurationModeEnabled
                | Self::OperationInProgress
                | Self::RaceCondition
        )
    }

    /// Whether it is about who is calling: the credential, or the account behind it.
    #[must_use]
    pub fn is_about_the_caller(&self) -> bool {
        matches!(
            self,
            Self::InactiveUser
                | Self::NoPasswordProvided
                | Self::UsernameOrPasswordIncorrect
                | Self::UserLockedOut
                | Self::PasswordChangeRequired
                | Self::InvalidSessionId
        )
    }

    /// A known refusal is Vault's word, whatever the HTTP status; a catch-all is not, and an
    /// unknown type is not where the status says that the server broke.
    pub(crate) fn leaves_doubt(&self, server_error: bool) -> bool {
        match self {
            Self::UnexpectedError | Self::SdkError => true,
            Self::Unknown(_) => server_error,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_types_keep_their_text() {
        assert_eq!(
            VaultErrorKind::from_code("X_Y"),
            VaultErrorKind::Unknown("X_Y".into())
        );
        assert_eq!(
            VaultErrorKind::from_code("INCORRECT_QUERY_SYNTAX"),
            VaultErrorKind::IncorrectQuerySyntax
        );
    }
}
