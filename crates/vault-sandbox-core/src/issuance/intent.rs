use chrono::{DateTime, Utc};

use crate::endpoints::{Encoding, GenerateSandboxToken};
use crate::types::{
    ApiVersion, Expiry, OperationId, SandboxName, TokenId, TokenName, VaultDns, VaultId,
};

/// What is asked for, and where its value shall go. Holds no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The name of this operation, for people and records.
    pub operation: OperationId,
    /// When it began.
    pub started: DateTime<Utc>,
    /// The parent Vault.
    pub vault: VaultDns,
    /// Its number, if it is known.
    pub vault_id: Option<VaultId>,
    /// The API version of the request.
    pub api_version: ApiVersion,
    /// The sandbox that the token is for.
    pub sandbox: SandboxName,
    /// Where the sandbox's own Vault is, if it is known: needed to verify, look up and revoke.
    pub sandbox_dns: Option<VaultDns>,
    /// The token's name. One that no other token has makes a look-up certain.
    pub name: TokenName,
    /// When the token shall expire.
    pub expiry: Expiry,
    /// How the request is written.
    pub encoding: Encoding,
    /// Where the value goes, in words that whoever drives the machine understands.
    pub destinations: Vec<String>,
    /// Whether the token is tried out.
    pub verify: VerifyRule,
    /// Whether it is tried out before or after its value is handed over.
    pub order: Order,
    /// The token whose place it takes. Then it is tried out first, whatever [`verify`](Self::verify)
    /// and [`order`](Self::order) say; one that does not do is deleted again, and the old one is
    /// deleted only once every destination has the new value.
    pub replaces: Option<TokenId>,
}

impl Intent {
    /// The one request that this intent stands for.
    pub fn request(&self) -> GenerateSandboxToken {
        GenerateSandboxToken::new(self.sandbox.clone(), self.name.clone(), self.expiry)
            .encoding(self.encoding)
    }
}

/// Whether a new token is tried out and its expiry read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum VerifyRule {
    /// Yes, where it can be; where it cannot, the token counts as issued all the same.
    #[default]
    Auto,
    /// Yes; where it cannot be, the token counts as not as asked.
    Always,
    /// No.
    Never,
}

/// What comes first, once the value is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Hand the value over, then try it out: the value is safe soonest.
    #[default]
    DeliverFirst,
    /// Try it out, then hand it over: for a destination that is told what trying it out showed.
    VerifyFirst,
}
