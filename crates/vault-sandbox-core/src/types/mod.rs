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

pub use api_version::ApiVersion;
pub use dns::{LOGIN_HOST, VaultDns};
pub use expiry::{Expiry, MAX_YEAR};
pub use ids::{OauthProfileId, OperationId, TokenId, UserId, VaultId};
pub use names::{ClientId, MAX_CLIENT_ID_LENGTH, SandboxName, TokenName, UserName};
pub use own_dns::OwnDnsError;
pub use secret::{
    AccessToken, Authorization, IdentityToken, Password, SessionId, TOKEN_PREFIX,
    looks_like_access_token,
};

use crate::error::ValidationError;

/// The words every parser here uses for the two things no name may hold.
pub(crate) fn refuse_empty_or_control(
    field: &'static str,
    text: &str,
) -> Result<(), ValidationError> {
    if text.is_empty() {
        return Err(ValidationError::new(field, "is empty"));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return Err(ValidationError::new(
            field,
            format!("holds the control character U+{:04X}", u32::from(control)),
        ));
    }
    Ok(())
}
