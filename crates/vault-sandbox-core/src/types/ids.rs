use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use crate::escape::escape;
use crate::redact::Scrubber;
use crate::token_prefix::looks_like_access_token;
use crate::validation::ValidationError;
use crate::wire;

/// Longest record ID that is taken from a person; Vault's own have 15 characters.
const MAX_TYPED_ID_LENGTH: usize = 128;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The ID with this number.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// Reads decimal digits.
            ///
            /// # Errors
            ///
            /// The text is not a number.
            pub fn parse(text: &str) -> Result<Self, ValidationError> {
                if text.bytes().all(|b| b.is_ascii_digit()) {
                    if let Ok(number) = text.parse() {
                        return Ok(Self(number));
                    }
                }
                Err(ValidationError::new($field, "is not a number"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ValidationError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        /// Vault writes it as a number, sometimes as a string of digits.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = wire::Text::deserialize(deserializer)?;
                Self::parse(&text.0).map_err(serde::de::Error::custom)
            }
        }
    };
}

number_id! {
    /// The number of a Vault, such as `1000660`.
    VaultId, "vault_id"
}

number_id! {
    /// The number of a user.
    UserId, "user_id"
}

/// The record ID of an API access token, such as `0PI00000000C003`. Not a secret.
///
/// Opaque: Veeva's samples have several prefixes, which mean nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(String);

impl TokenId {
    /// Checks an ID given by a person: ASCII letters, digits, `-`, `_` and `.`.
    ///
    /// # Errors
    ///
    /// The text cannot be a record ID; a pasted token value is named as what it is.
    pub fn parse(text: impl Into<String>) -> Result<Self, ValidationError> {
        let text = text.into();
        if looks_like_access_token(&text) {
            return Err(ValidationError::new(
                "token_id",
                "is a token's value, not its ID",
            ));
        }
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if text.is_empty() || text.len() > MAX_TYPED_ID_LENGTH || !plain {
            return Err(ValidationError::new(
                "token_id",
                "is not a record ID such as 0PI00000000C003",
            ));
        }
        Ok(Self(text))
    }

    /// An ID from an answer of Vault, whatever it looks like: it is needed to revoke.
    pub(crate) fn from_wire(text: String) -> Option<Self> {
        (!text.is_empty() && text != wire::NULL_TEXT).then_some(Self(text))
    }

    /// The ID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// For people: an ID that a server made up cannot act on a terminal, or show a secret.
impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&Scrubber::new().scrub(&self.0)))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

impl FromStr for TokenId {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The ID of an OAuth 2.0 / OpenID Connect profile of a Vault.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OauthProfileId(String);

impl OauthProfileId {
    /// Checks an ID: ASCII letters, digits, `-` and `_`.
    ///
    /// # Errors
    ///
    /// The text holds anything else, or nothing.
    pub fn parse(text: impl Into<String>) -> Result<Self, ValidationError> {
        let text = text.into();
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if text.is_empty() || !plain {
            return Err(ValidationError::new("oauth_profile", "is not a profile ID"));
        }
        Ok(Self(text))
    }

    /// The ID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of one issuing operation, such as `3f9a1c22`: what links a token's name, its pending
/// record and the messages about it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(u32);

impl OperationId {
    /// An ID from four bytes, which the caller draws at random.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(bytes))
    }

    /// Reads eight hexadecimal digits in lower case.
    ///
    /// # Errors
    ///
    /// The text is anything else.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let plain = text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        u32::from_str_radix(text, 16)
            .ok()
            .filter(|_| plain)
            .map(Self)
            .ok_or_else(|| {
                ValidationError::new(
                    "operation",
                    "is not eight hexadecimal digits such as 3f9a1c22",
                )
            })
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperationId({self})")
    }
}

impl FromStr for OperationId {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_value_is_not_taken_for_an_id() {
        let error = TokenId::parse("veeva-vault-0c0ffee0example").unwrap_err();
        assert!(error.to_string().contains("not its ID"), "{error}");
        assert!(!error.to_string().contains("0c0ffee0"), "{error}");
        assert!(TokenId::parse("V8T000000009001").is_ok());
        assert!(TokenId::parse("x' OR 'a'='a").is_err());
    }

    #[test]
    fn an_id_from_a_server_is_shown_harmless() {
        let id = TokenId::from_wire("\u{1b}[31mveeva-vault-0c0ffee0example".into()).unwrap();
        assert_eq!(id.to_string(), "\\u{1b}[31mveeva-vault-[hidden]");
        assert!(id.as_str().contains("0c0ffee0"), "it is sent as it is");
    }

    #[test]
    fn numbers_as_numbers_and_as_strings() {
        assert_eq!(
            serde_json::from_str::<VaultId>("4101").unwrap(),
            VaultId::new(4101)
        );
        assert_eq!(
            serde_json::from_str::<VaultId>("\"4101\"").unwrap(),
            VaultId::new(4101)
        );
        assert!(serde_json::from_str::<VaultId>("-1").is_err());
        assert!(VaultId::parse("").is_err());
    }

    #[test]
    fn operations_read_back() {
        let operation = OperationId::from_bytes([0, 0x9a, 0x1c, 0x22]);
        assert_eq!(operation.to_string(), "009a1c22");
        assert_eq!(OperationId::parse("009a1c22").unwrap(), operation);
        assert!(OperationId::parse("009A1C22").is_err());
        assert!(OperationId::parse("9a1c22").is_err());
    }
}
