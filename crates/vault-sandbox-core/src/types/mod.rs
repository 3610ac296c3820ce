//! Values that were checked once, where they came in, and never need to be checked again.
//!
//! Only what is certain to be refused by Vault, or unsafe to send, is refused here: where Veeva's
//! documentation gives no limit, neither does this module.

mod api_version;
mod dns;
mod expiry;
mod ids;
mod lifetime;
mod names;
mod own_dns;
mod secret;
#[cfg(feature = "serde")]
mod serialized;

pub use api_version::ApiVersion;
pub use dns::{LOGIN_HOST, VaultDns};
pub use expiry::{Expiry, MAX_YEAR};
pub use ids::{OauthProfileId, OperationId, TokenId, UserId, VaultId};
pub use names::{ClientId, MAX_CLIENT_ID_LENGTH, SandboxName, TokenName, UserName};
pub use own_dns::OwnDnsError;
pub use secret::{AccessToken, Authorization, IdentityToken, Password, SessionId};
