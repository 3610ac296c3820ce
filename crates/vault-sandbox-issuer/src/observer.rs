//! What happens, for whoever wants to show it.

use std::fmt;
use std::time::Duration;

use vault_sandbox_core::redact::Scrubber;
use vault_sandbox_core::{
    AccessToken, OperationId, SessionId, TokenId, TokenName, TransportError, UserName, VaultDns,
};

/// Is told what happens. Called from whichever task it happens in; it must not wait.
pub trait Observer: Send + Sync {
    /// Something happens, or has happened.
    fn notice(&self, notice: Notice<'_>);
}

/// Tells nobody.
impl Observer for () {
    fn notice(&self, _: Notice<'_>) {}
}

/// Something that happens, or has happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// A secret is known from now on: whatever is shown, it must not be in it. Told before anything
    /// else is done with the secret.
    Secret(Secret<'a>),
    /// A user is being signed in.
    SigningIn {
        /// The Vault.
        vault: &'a VaultDns,
        /// The user.
        user: &'a UserName,
    },
    /// An identity provider's token is being exchanged for a session.
    ExchangingToken {
        /// Where it is sent.
        login: &'a VaultDns,
        /// The Vault that the session is for.
        vault: &'a VaultDns,
    },
    /// Vault did not say which Vault it is, so that could not be compared with the ID that is expected.
    VaultNotCompared,
    /// A request was answered, or was not.
    Exchange(Exchange<'a>),
    /// A token is being looked for by its name.
    LookingUp(&'a TokenName),
    /// A token was issued, and its value is on record: told before the first destination is served.
    ValueArrived {
        /// The operation.
        operation: OperationId,
        /// The value.
        value: &'a AccessToken,
    },
    /// The new token has its place; the old one keeps working for so long.
    Grace {
        /// The old token.
        old: &'a TokenId,
        /// How long.
        grace: Duration,
    },
    /// It was asked to stop while a request is under way that may make a token: the answer is waited
    /// for.
    WaitingForAnswer,
}

/// A secret that must not be shown.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Secret<'a> {
    /// A session ID, for as long as the program runs.
    Session(&'a SessionId),
    /// The value of a token, for as long as its operation goes on.
    Token(OperationId, &'a AccessToken),
}

impl Secret<'_> {
    /// Has it hidden.
    pub fn hide_in(&self, scrubber: &mut Scrubber) {
        match self {
            Self::Session(session) => session.hide_in(scrubber),
            Self::Token(_, token) => token.hide_in(scrubber),
        }
    }
}

/// A request and what came of it: never a header, never a body.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exchange<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The URI.
    pub uri: &'a str,
    /// The HTTP status, or why there is none.
    pub status: Result<u16, &'a TransportError>,
    /// Vault's ID of the call.
    pub execution_id: Option<&'a str>,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> ", self.method, self.uri)?;
        match self.status {
            Ok(status) => write!(f, "HTTP {status}")?,
            Err(error) => write!(f, "{error}")?,
        }
        if let Some(id) = self.execution_id {
            write!(f, ", execution {id}")?;
        }
        write!(f, " ({} ms)", self.took.as_millis())
    }
}
