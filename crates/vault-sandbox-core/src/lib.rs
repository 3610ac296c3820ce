#![doc = include_str!("../README.md")]

pub mod endpoints;
pub mod issuance;
pub mod ledger;
pub mod limit;
pub mod pace;
pub mod redact;
pub mod retry;
pub mod selection;
#[cfg(feature = "testkit")]
pub mod testkit;

mod body;
mod client;
mod codec;
mod encoding;
mod endpoint;
mod envelope;
mod error;
mod error_class;
mod escape;
mod path;
mod payload;
mod reply;
mod token_prefix;
mod transport;
mod types;
mod validation;
mod vault;
mod vault_error;
mod wire;

pub use body::Body;
pub use client::Client;
pub use codec::{decode, decode_failed, encode};
pub use endpoint::{Answer, Caller, Endpoint, Repeat};
pub use error::{Error, Failure, ProtocolProblem};
pub use error_class::ErrorClass;
pub use http::Method;
pub use path::ApiPath;
pub use payload::{Form, Payload};
pub use reply::{Facts, Reply};
pub use token_prefix::{TOKEN_PREFIX, looks_like_access_token};
pub use transport::{
    BlockingHttpTransport, HttpRequest, HttpResponse, HttpTransport, SharedTransport,
    TransportError, TransportErrorKind,
};
pub use types::{
    AccessToken, ApiVersion, Authorization, ClientId, Expiry, IdentityToken, LOGIN_HOST,
    MAX_CLIENT_ID_LENGTH, MAX_YEAR, OauthProfileId, OperationId, OwnDnsError, Password,
    SandboxName, SessionId, TokenId, TokenName, UserId, UserName, VaultDns, VaultId,
};
pub use validation::ValidationError;
pub use vault::Vault;
pub use vault_error::{VaultErrorKind, VaultMessage};
/// The crates whose types stand in signatures here, in the versions that they are of: `http` in
/// requests and answers, `bytes` in bodies, `chrono` in times.
pub use {bytes, chrono, http};
