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
mod endpoint;
mod envelope;
mod error;
mod error_class;
mod path;
mod payload;
mod reply;
mod salvage;
mod transport;
mod types;
mod vault;
mod vault_error;
mod wire;

pub use body::Body;
pub use client::Client;
pub use codec::{decode, decode_failed, encode};
pub use endpoint::{Answer, Caller, Endpoint, Repeat};
pub use error::{Error, Failure, ProtocolProblem, ValidationError};
pub use error_class::ErrorClass;
pub use http::Method;
pub use path::ApiPath;
pub use payload::{Form, Payload};
pub use reply::{Facts, Reply};
pub use transport::{
    BlockingHttpTransport, HttpRequest, HttpResponse, HttpTransport, SharedTransport,
    TransportError, TransportErrorKind,
};
pub use types::{
    AccessToken, ApiVersion, Authorization, ClientId, Expiry, IdentityToken, LOGIN_HOST,
    MAX_CLIENT_ID_LENGTH, MAX_YEAR, OauthProfileId, OperationId, OwnDnsError, Password,
    SandboxName, SessionId, TOKEN_PREFIX, TokenId, TokenName, UserId, UserName, VaultDns, VaultId,
    looks_like_access_token,
};
pub use vault::Vault;
pub use vault_error::{VaultErrorKind, VaultMessage};
