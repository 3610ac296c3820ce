use chrono::{DateTime, Utc};

use crate::endpoints::{Encoding, GenerateSandboxToken};
use crate::types::{
    ApiVersion, Expiry, OperationId, SandboxName, TokenId, TokenName, VaultDns, VaultId,
};

/// In the name that a person gives a token, this stands for the number of the operation that makes
/// it: see [`Intent::named`].
pub const OPERATION_PLACEHOLDER: &str = "{operation}";

/// What is asked for, and where its value shall go. Holds no credential.
///
/// ```
/// use vault_sandbox_core::issuance::{Intent, VerifyRule};
/// use vault_sandbox_core::{Expiry, OperationId};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let intent = Intent::new(
///     OperationId::from_bytes([0x3f, 0x9a, 0x1c, 0x22]), // drawn at random
///     "2026-11-23T18:04:11Z".parse()?,
///     "veepharm.veevavault.com".parse()?,
///     "VeePharm Sandbox".parse()?,
///     "ci {operation}".parse()?,
///     Expiry::never(),
/// )
/// .sandbox_dns(Some("veepharm-sandbox.veevavault.com".parse()?))
/// .destinations(["file:/run/secrets/veepharm.token"])
/// .verify(VerifyRule::Always);
/// assert_eq!(intent.name.as_str(), "ci 3f9a1c22");
/// assert!(intent.has_own_name());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Intent {
    /// The number of this operation, for people and records.
    pub operation: OperationId,
    /// When it began.
    pub started: DateTime<Utc>,
    /// The parent Vault.
    pub vault: VaultDns,
    /// The parent Vault's ID, if it is known.
    pub vault_id: Option<VaultId>,
    /// The API version of the request.
    pub api_version: ApiVersion,
    /// The sandbox that the token is for.
    pub sandbox: SandboxName,
    /// The DNS of the sandbox's own Vault, if it is known: needed to verify, look up and revoke.
    pub sandbox_dns: Option<VaultDns>,
    /// The ID of the sandbox's own Vault, if it is known: tells whether a token works in the right one.
    pub sandbox_vault_id: Option<VaultId>,
    /// The token's name. A look-up can be certain only of [a name of its own](Self::has_own_name).
    pub name: TokenName,
    /// When the token shall expire.
    pub expiry: Expiry,
    /// How the request's body is written.
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
    /// A token of this name for this sandbox of this Vault, in API version
    /// [26.2](ApiVersion::V26_2). `operation` is drawn at random; [`OPERATION_PLACEHOLDER`] in the
    /// name becomes its number.
    #[must_use]
    pub fn new(
        operation: OperationId,
        started: DateTime<Utc>,
        vault: VaultDns,
        sandbox: SandboxName,
        name: TokenName,
        expiry: Expiry,
    ) -> Self {
        Self {
            operation,
            started,
            vault,
            vault_id: None,
            api_version: ApiVersion::V26_2,
            sandbox,
            sandbox_dns: None,
            sandbox_vault_id: None,
            name: Self::named(name, operation),
            expiry,
            encoding: Encoding::default(),
            destinations: Vec::new(),
            verify: VerifyRule::default(),
            order: Order::default(),
            replaces: None,
        }
    }

    /// Sets [`vault_id`](Self::vault_id).
    #[must_use]
    pub fn vault_id(mut self, id: Option<VaultId>) -> Self {
        self.vault_id = id;
        self
    }

    /// Sets [`api_version`](Self::api_version).
    #[must_use]
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = version;
        self
    }

    /// Sets [`sandbox_dns`](Self::sandbox_dns). The parent's own DNS is not taken for a sandbox's,
    /// whoever names it: what is done in a sandbox must not happen in its parent.
    #[must_use]
    pub fn sandbox_dns(mut self, dns: Option<VaultDns>) -> Self {
        self.sandbox_dns = dns.filter(|dns| !dns.leads_to(&self.vault));
        self
    }

    /// Sets [`sandbox_vault_id`](Self::sandbox_vault_id).
    #[must_use]
    pub fn sandbox_vault_id(mut self, id: Option<VaultId>) -> Self {
        self.sandbox_vault_id = id;
        self
    }

    /// Sets [`encoding`](Self::encoding).
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets [`destinations`](Self::destinations).
    #[must_use]
    pub fn destinations<D: Into<String>>(
        mut self,
        destinations: impl IntoIterator<Item = D>,
    ) -> Self {
        self.destinations = destinations.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`verify`](Self::verify).
    #[must_use]
    pub fn verify(mut self, rule: VerifyRule) -> Self {
        self.verify = rule;
        self
    }

    /// Sets [`order`](Self::order).
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Sets [`replaces`](Self::replaces).
    #[must_use]
    pub fn replaces(mut self, old: Option<TokenId>) -> Self {
        self.replaces = old;
        self
    }

    /// The one request that this intent stands for.
    pub fn request(&self) -> GenerateSandboxToken {
        GenerateSandboxToken::new(self.sandbox.clone(), self.name.clone(), self.expiry)
            .encoding(self.encoding)
    }

    /// The name with the operation's number in place of [`OPERATION_PLACEHOLDER`].
    #[must_use]
    pub fn named(name: TokenName, operation: OperationId) -> TokenName {
        let numbered = name.as_str();
        let numbered = numbered.replace(OPERATION_PLACEHOLDER, &operation.to_string());
        // Only digits took the place of other visible characters.
        TokenName::parse(numbered).unwrap_or(name)
    }

    /// Whether the token's name holds the operation's number, which was drawn for this operation
    /// alone. Nothing else may be called this operation's because of its name.
    #[must_use]
    pub fn has_own_name(&self) -> bool {
        self.name.as_str().contains(&self.operation.to_string())
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

impl VerifyRule {
    /// The word for it in records and on command lines: `auto`, `always` or `never`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }

    /// The rule that [this word](Self::as_str) is for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Auto, Self::Always, Self::Never];
        all.into_iter().find(|rule| rule.as_str() == word)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Intent {
        Intent::new(
            OperationId::from_bytes([0x3f, 0x9a, 0x1c, 0x22]),
            "2026-11-23T18:04:11Z".parse().unwrap(),
            "veepharm.veevavault.com".parse().unwrap(),
            "VeePharm Sandbox".parse().unwrap(),
            name.parse().unwrap(),
            Expiry::never(),
        )
    }

    #[test]
    fn a_name_is_its_own_only_with_the_operations_number_in_it() {
        for (name, becomes, is_own) in [
            ("ci {operation}", "ci 3f9a1c22", true),
            ("{operation}-{operation}", "3f9a1c22-3f9a1c22", true),
            ("jane@laptop #3f9a1c22", "jane@laptop #3f9a1c22", true),
            ("ci", "ci", false),
            ("ci 3f9a1c23", "ci 3f9a1c23", false),
            ("ci {Operation}", "ci {Operation}", false),
            ("ci 3F9A1C22", "ci 3F9A1C22", false),
        ] {
            let intent = named(name);
            assert_eq!(intent.name.as_str(), becomes);
            assert_eq!(intent.has_own_name(), is_own, "{name}");
        }
    }

    #[test]
    fn the_words_of_rules_read_back() {
        for rule in [VerifyRule::Auto, VerifyRule::Always, VerifyRule::Never] {
            assert_eq!(VerifyRule::from_word(rule.as_str()), Some(rule));
        }
        assert_eq!(VerifyRule::from_word("sometimes"), None);
    }

    #[test]
    fn the_parents_own_dns_is_no_sandboxs() {
        for dns in ["VeePharm.veevavault.com", "veepharm.veevavault.com:443"] {
            let intent = named("ci").sandbox_dns(Some(dns.parse().unwrap()));
            assert_eq!(intent.sandbox_dns, None, "{dns}");
        }
    }

    #[test]
    fn every_option_is_kept_and_asked_for() {
        let old = TokenId::parse("0PI0").unwrap();
        let dns: VaultDns = "veepharm-sandbox.veevavault.com".parse().unwrap();
        let intent = named("ci")
            .vault_id(Some(VaultId::new(1)))
            .api_version(ApiVersion::parse("v27.1").unwrap())
            .sandbox_dns(Some(dns.clone()))
            .sandbox_vault_id(Some(VaultId::new(2)))
            .encoding(Encoding::Json)
            .destinations(["-", "file:a"])
            .verify(VerifyRule::Always)
            .order(Order::VerifyFirst)
            .replaces(Some(old.clone()));
        assert_eq!(intent.vault_id, Some(VaultId::new(1)));
        assert_eq!(intent.api_version, ApiVersion::parse("v27.1").unwrap());
        assert_eq!(intent.sandbox_dns, Some(dns));
        assert_eq!(intent.sandbox_vault_id, Some(VaultId::new(2)));
        assert_eq!(intent.destinations, ["-", "file:a"]);
        assert_eq!(intent.verify, VerifyRule::Always);
        assert_eq!(intent.order, Order::VerifyFirst);
        assert_eq!(intent.replaces, Some(old));
        let request = intent.request();
        assert_eq!(
            request,
            GenerateSandboxToken::new(intent.sandbox, intent.name, intent.expiry)
                .encoding(Encoding::Json)
        );
    }
}
