use std::fmt;
use std::str::FromStr;

use crate::validation::{ValidationError, refuse_empty_or_control};

/// Longest client ID that Vault logs as given.
///
/// [Veeva: client ID](https://limited.veevavault.dev/medical/vault-api/references/client-id/).
pub const MAX_CLIENT_ID_LENGTH: usize = 100;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks the text and keeps it exactly as given.
            ///
            /// # Errors
            ///
            /// The text breaks a rule named in the documentation of the type.
            pub fn parse(text: impl Into<String>) -> Result<Self, ValidationError> {
                let text = text.into();
                let check: fn(&str) -> Result<(), ValidationError> = $check;
                check(&text)?;
                Ok(Self(text))
            }

            /// The name, exactly as given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = ValidationError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
    };
}

name! {
    /// A sandbox's name as it stands on the My Vaults page; names with spaces are normal.
    ///
    /// Refused: empty, `.`, `..` (URL normalisation would turn the request into one for another
    /// resource, and encoding cannot prevent it) and control characters. Everything else is sent
    /// as one percent-encoded path segment; Veeva documents neither an alphabet nor a length.
    SandboxName, |text| {
        refuse_empty_or_control("sandbox", text)?;
        if matches!(text, "." | "..") {
            return Err(ValidationError::new("sandbox", "is a dot segment, which would change what the request is for"));
        }
        Ok(())
    }
}

name! {
    /// The name or description of a token (`name__v`), sent exactly as given.
    ///
    /// Refused: empty or blank (Vault requires it), and control characters (the name must be
    /// findable by a query, and VQL documents no way to write them in a literal).
    TokenName, |text| {
        refuse_empty_or_control("name", text)?;
        if text.trim().is_empty() {
            return Err(ValidationError::new("name", "is blank"));
        }
        Ok(())
    }
}

name! {
    /// A Vault user name such as `jane.doe@veepharm.com`. Refused: empty, control characters.
    UserName, |text| refuse_empty_or_control("user", text)
}

name! {
    /// The client ID that Vault logs with a call (`X-VaultAPI-ClientID`).
    ///
    /// ASCII letters, digits, `.`, `_`, `-`; at most [`MAX_CLIENT_ID_LENGTH`]. Vault logs any
    /// other as `invalid_client_id`.
    ClientId, |text| {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if text.is_empty() || text.len() > MAX_CLIENT_ID_LENGTH || !plain {
            return Err(ValidationError::new("client_id", "is not 1 to 100 letters, digits, '.', '_' or '-'"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_name_cannot_leave_its_path_segment() {
        for wrong in ["", ".", "..", "a\0b", "a\nb", "a\u{7f}b", "a\u{85}b"] {
            assert!(SandboxName::parse(wrong).is_err(), "{wrong:?}");
        }
        for right in [
            "VeePharm Sandbox",
            "a/b",
            "x?y",
            "x#y",
            "50%",
            "...",
            "%2e%2e",
            "é",
            "😀",
            " ",
        ] {
            assert_eq!(SandboxName::parse(right).unwrap().as_str(), right);
        }
    }

    #[test]
    fn token_names_and_client_ids() {
        assert!(TokenName::parse("  ").is_err());
        assert!(TokenName::parse("ci\tpipeline").is_err());
        assert!(TokenName::parse("CI & more = 100%").is_ok());
        assert!(ClientId::parse("acme-it-tokens-client-vault_sandbox.1").is_ok());
        assert!(ClientId::parse("a b").is_err());
        assert!(ClientId::parse("a".repeat(101)).is_err());
    }
}
