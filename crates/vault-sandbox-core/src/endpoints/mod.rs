//! Vault's calls as values, one file each.
//!
//! | value | call |
//! | --- | --- |
//! | [`GenerateSandboxToken`] | an API access token for oneself in a sandbox |
//! | [`GenerateMyToken`], [`GenerateUserToken`] | one in the Vault called, for oneself or another user |
//! | [`SignIn`], [`OauthSignIn`], [`Discover`] | a session; which ways of signing in a user has |
//! | [`KeepAlive`], [`EndSession`], [`WhoAmI`] | the life of a session |
//! | [`ListVersions`] | the API versions of a Vault |
//! | [`ListSandboxes`], [`ShowSandbox`] | sandboxes of the Vault called |
//! | [`FindTokens`], [`DeleteTokens`] | token records, in the Vault they belong to |

mod delete_tokens;
mod discover;
mod end_session;
mod find_tokens;
mod generate_my_token;
mod generate_sandbox_token;
mod generate_user_token;
mod keep_alive;
mod list_sandboxes;
mod list_versions;
mod oauth_sign_in;
mod salvage;
mod show_sandbox;
mod sign_in;
mod token_request;
mod who_am_i;

pub use delete_tokens::{DeleteTokens, Deletion, Deletions, MAX_DELETED_AT_ONCE};
pub use discover::{AuthProfile, AuthType, Discover, Discovery};
pub use end_session::EndSession;
pub use find_tokens::{FindTokens, TokenPage, TokenRecord, TokenStatus};
pub use generate_my_token::GenerateMyToken;
pub use generate_sandbox_token::GenerateSandboxToken;
pub use generate_user_token::GenerateUserToken;
pub use keep_alive::KeepAlive;
pub use list_sandboxes::{Entitlement, ListSandboxes, Sandbox, SandboxStatus, Sandboxes};
pub use list_versions::{ListVersions, Versions};
pub use oauth_sign_in::OauthSignIn;
pub use show_sandbox::{Limit, SandboxDetails, ShowSandbox};
pub use sign_in::{
    Session, SignIn, VaultEntry, WrongVault, check_served_by, check_served_by_sandbox,
};
pub use token_request::{Encoding, IssuedToken};
pub use who_am_i::{User, WhoAmI};
