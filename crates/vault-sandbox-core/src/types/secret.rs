use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::redact::Scrubber;
use crate::validation::{ValidationError, refuse_empty_or_control};
use crate::wire;

/// Longest credential that fits in a header without upsetting servers.
const MAX_CREDENTIAL_LENGTH: usize = 16 * 1024;

/// A secret type: no `Display`, no `Serialize`, no `Deref`, a fixed `Debug`, wiped when dropped,
/// and one function that exposes it.
macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// The secret, to hand it over. What is made from it, and copies of it, are not wiped.
            ///
            /// The one function that exposes it.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }

            /// Makes `scrubber` hide this secret wherever it turns up in text.
            pub fn hide_in(&self, scrubber: &mut Scrubber) {
                scrubber.hide(self.0.expose_secret());
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([hidden])"))
            }
        }
    };
}

secret! {
    /// A Vault session ID, as sign-in returns it.
    SessionId
}

secret! {
    /// The value of an API access token: shown by Vault once, when it is generated.
    AccessToken
}

secret! {
    /// A user's password.
    Password
}

secret! {
    /// An identity provider's access token, exchanged for a session by
    /// [`OauthSignIn`](crate::endpoints::OauthSignIn).
    IdentityToken
}

impl SessionId {
    /// Checks a session ID: visible ASCII only.
    ///
    /// # Errors
    ///
    /// Empty, or a character that cannot stand in a header. The value is never in the error.
    pub fn parse(text: impl Into<String>) -> Result<Self, ValidationError> {
        credential("session_id", text.into()).map(Self)
    }
}

impl AccessToken {
    /// Checks a token's value given by a person or a file: visible ASCII only.
    ///
    /// # Errors
    ///
    /// Empty, or a character that cannot stand in a header. The value is never in the error.
    pub fn parse(text: impl Into<String>) -> Result<Self, ValidationError> {
        credential("access_token", text.into()).map(Self)
    }

    /// A value from an answer of Vault, kept whatever it looks like: it cannot be had again.
    pub(crate) fn from_wire(text: String) -> Option<Self> {
        (!text.is_empty() && text != wire::NULL_TEXT).then(|| Self(text.into()))
    }

    /// Whether the value is printable ASCII without spaces, as every documented one is. Another
    /// one can be kept, but not handed on as a line of text or a header.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        is_plain(self.0.expose_secret())
    }
}

impl Password {
    /// Checks a password: not empty, no control characters.
    ///
    /// # Errors
    ///
    /// As said. The value is never in the error.
    pub fn parse(text: impl Into<String>) -> Result<Self, ValidationError> {
        let text = SecretString::from(text.into());
        refuse_empty_or_control("password", text.expose_secret())?;
        Ok(Self(text))
    }
}

impl IdentityToken {
    /// Checks an identity provider's token: visible ASCII only.
    ///
    /// # Errors
    ///
    /// Empty, or a character that cannot stand in a header. The value is never in the error.
    pub fn parse(text: impl Into<String>) -> Result<Self, ValidationError> {
        credential("oauth_token", text.into()).map(Self)
    }

    pub(crate) fn header(&self) -> Result<HeaderValue, ValidationError> {
        header_of("oauth_token", "Bearer ", self.0.expose_secret())
    }
}

/// How a request proves who makes it.
///
/// [Veeva: authentication](https://general.veevavault.dev/vault-api/api-reference/26.2/authentication/).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Authorization {
    /// `Authorization: {session ID}`.
    Session(SessionId),
    /// `Authorization: Bearer {API access token}`.
    Bearer(AccessToken),
}

impl Authorization {
    /// The header's value, marked sensitive.
    ///
    /// # Errors
    ///
    /// A token that came from Vault with characters that cannot stand in a header.
    pub fn header(&self) -> Result<HeaderValue, ValidationError> {
        match self {
            Self::Session(session) => header_of("session_id", "", session.0.expose_secret()),
            Self::Bearer(token) => header_of("access_token", "Bearer ", token.0.expose_secret()),
        }
    }

    /// Makes `scrubber` hide the credential wherever it turns up in text.
    pub fn hide_in(&self, scrubber: &mut Scrubber) {
        match self {
            Self::Session(session) => session.hide_in(scrubber),
            Self::Bearer(token) => token.hide_in(scrubber),
        }
    }
}

impl From<SessionId> for Authorization {
    fn from(session: SessionId) -> Self {
        Self::Session(session)
    }
}

impl From<AccessToken> for Authorization {
    fn from(token: AccessToken) -> Self {
        Self::Bearer(token)
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

fn credential(field: &'static str, text: String) -> Result<SecretString, ValidationError> {
    let text = SecretString::from(text);
    let exposed = text.expose_secret();
    if exposed.is_empty() {
        return Err(ValidationError::new(field, "is empty"));
    }
    if !is_plain(exposed) {
        return Err(ValidationError::new(
            field,
            "holds white space, a control character or a character outside ASCII",
        ));
    }
    if exposed.len() > MAX_CREDENTIAL_LENGTH {
        return Err(ValidationError::new(field, "is longer than 16 KiB"));
    }
    Ok(text)
}

fn header_of(
    field: &'static str,
    scheme: &str,
    secret: &str,
) -> Result<HeaderValue, ValidationError> {
    let header = || {
        if scheme.is_empty() {
            return HeaderValue::from_str(secret).ok();
        }
        let text = SecretString::from(format!("{scheme}{secret}"));
        HeaderValue::from_str(text.expose_secret()).ok()
    };
    let plain = is_plain(secret).then(header).flatten();
    let mut value = plain.ok_or_else(|| ValidationError::new(field, "cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_nothing_of_itself() {
        let session = SessionId::parse("CANARY-session").unwrap();
        let token = AccessToken::parse("veeva-vault-CANARY").unwrap();
        let password = Password::parse("CANARY pass").unwrap();
        let identity = IdentityToken::parse("CANARY.jwt").unwrap();
        let authorization = Authorization::from(token.clone());
        let shown = format!("{session:?} {token:?} {password:?} {identity:?} {authorization:?}");
        assert!(!shown.contains("CANARY"), "{shown}");
        assert!(shown.contains("SessionId([hidden])"), "{shown}");
    }

    #[test]
    fn headers_are_sensitive_and_have_the_documented_form() {
        let raw = Authorization::from(SessionId::parse("SID").unwrap())
            .header()
            .unwrap();
        let bearer = Authorization::from(AccessToken::parse("veeva-vault-x").unwrap())
            .header()
            .unwrap();
        assert_eq!(raw, "SID");
        assert_eq!(bearer, "Bearer veeva-vault-x");
        assert!(raw.is_sensitive() && bearer.is_sensitive());
    }

    #[test]
    fn credentials_with_anything_invisible_are_refused_without_being_quoted() {
        for text in ["", "a b", "a\n", "a\0", "é-CANARY", "a\u{a0}b"] {
            let error = SessionId::parse(text).unwrap_err().to_string();
            assert!(!error.contains("CANARY"), "{error}");
        }
        assert!(AccessToken::from_wire("NULL".into()).is_none());
        assert!(!AccessToken::from_wire("a b".into()).unwrap().is_plain());
        assert!(
            Authorization::from(AccessToken::from_wire("a\nb".into()).unwrap())
                .header()
                .is_err()
        );
    }
}
