//! How the value of an API access token is known by its look.

/// What every API access token's value begins with.
///
/// [Veeva: generate my API access token](https://general.veevavault.dev/vault-api/api-reference/26.2/users/api-access-tokens/generate-my-api-access-token/).
pub const TOKEN_PREFIX: &str = "veeva-vault-";

/// Whether a word looks like the value of an API access token, so that it can be refused where a
/// secret does not belong.
#[must_use]
pub fn looks_like_access_token(text: &str) -> bool {
    text.trim_start().starts_with(TOKEN_PREFIX)
}
