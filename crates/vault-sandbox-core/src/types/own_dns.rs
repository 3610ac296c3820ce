use thiserror::Error;

use super::VaultDns;
use crate::validation::ValidationError;

/// Why a text does not say where a sandbox's own Vault is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OwnDnsError {
    /// The list says nothing.
    #[error("where the sandbox's own Vault is, is not said")]
    Missing,
    /// What is said is no DNS of a Vault that may be reached from the parent.
    #[error("{0}")]
    Invalid(ValidationError),
    /// It is the parent Vault itself. What is meant for a sandbox must not happen there.
    #[error("dns is the parent Vault's own, not the sandbox's")]
    IsParent,
}

impl VaultDns {
    /// Where a sandbox's own Vault is, as somebody says to this one, its parent: a person, or the
    /// parent's list. It is reached as [`sibling`](Self::sibling) says, and never is the parent.
    ///
    /// ```
    /// use vault_sandbox_core::{OwnDnsError, VaultDns};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let parent = VaultDns::parse("veepharm.veevavault.com")?;
    /// assert!(parent.of_sandbox("veepharm-sandbox.vaultdev.com").is_ok());
    /// let itself = parent.of_sandbox("VeePharm.veevavault.com:443");
    /// assert_eq!(itself, Err(OwnDnsError::IsParent));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// It is something else than a DNS that may be reached from the parent, or the parent's own.
    pub fn of_sandbox(&self, text: &str) -> Result<Self, OwnDnsError> {
        let dns = self.sibling(text).map_err(OwnDnsError::Invalid)?;
        if dns.leads_to(self) {
            return Err(OwnDnsError::IsParent);
        }
        Ok(dns)
    }

    /// Whether both lead to one place, however they are written: the scheme's own port may be
    /// written or not, and this machine has several names for itself.
    #[must_use]
    pub fn leads_to(&self, other: &Self) -> bool {
        self.scheme() == other.scheme()
            && effective_port(self) == effective_port(other)
            && canonical_host(self) == canonical_host(other)
    }
}

fn effective_port(dns: &VaultDns) -> u16 {
    let own = if dns.scheme() == "https" { 443 } else { 80 };
    dns.port().unwrap_or(own)
}

fn canonical_host(dns: &VaultDns) -> &str {
    match dns.host() {
        "localhost" | "[::1]" => "127.0.0.1",
        host => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_sandboxs_own() {
        use OwnDnsError::{Invalid, IsParent};
        let real = "veepharm.veevavault.com";
        let local = "http://127.0.0.1:4180";
        for (parent, text, expected) in [
            (
                real,
                "veepharm-sandbox.vaultdev.com",
                Ok("veepharm-sandbox.vaultdev.com"),
            ),
            (
                real,
                "veepharm.veevavault.com:8443",
                Ok("veepharm.veevavault.com:8443"),
            ),
            (
                real,
                "veepharm.veevavault.com:80",
                Ok("veepharm.veevavault.com:80"),
            ),
            (local, "127.0.0.1:4181", Ok("http://127.0.0.1:4181")),
            (local, "127.0.0.2:4180", Ok("http://127.0.0.2:4180")),
            (
                "http://127.0.0.1",
                "127.0.0.1:443",
                Ok("http://127.0.0.1:443"),
            ),
            (real, "veepharm.veevavault.com", Err(IsParent)),
            (real, "VEEPHARM.veevavault.com", Err(IsParent)),
            (real, "veepharm.veevavault.com:443", Err(IsParent)),
            (
                "veepharm.veevavault.com:443",
                "veepharm.veevavault.com",
                Err(IsParent),
            ),
            (local, "127.0.0.1:4180", Err(IsParent)),
            (local, "localhost:4180", Err(IsParent)),
            (local, "[::1]:4180", Err(IsParent)),
            ("http://[::1]:4180", "localhost:4180", Err(IsParent)),
            ("http://127.0.0.1", "localhost:80", Err(IsParent)),
            ("127.0.0.1:443", "localhost", Err(IsParent)),
        ] {
            let parent: VaultDns = parent.parse().unwrap();
            let found = parent.of_sandbox(text).map(|dns| dns.to_string());
            assert_eq!(found, expected.map(str::to_owned), "{parent} {text}");
        }
        let parent: VaultDns = real.parse().unwrap();
        for text in [
            "https://a.veevavault.com",
            "a.veevavault.com/api",
            "jane@a.com",
            "",
            " ",
        ] {
            let reason = parent.sibling(text).unwrap_err();
            assert_eq!(
                parent.of_sandbox(text),
                Err(Invalid(reason.clone())),
                "{text}"
            );
            assert_eq!(Invalid(reason.clone()).to_string(), reason.to_string());
        }
        let local: VaultDns = local.parse().unwrap();
        assert!(matches!(
            local.of_sandbox("a.veevavault.com"),
            Err(Invalid(_))
        ));
    }

    #[test]
    fn the_scheme_is_part_of_the_place() {
        let https: VaultDns = "127.0.0.1:80".parse().unwrap();
        let http: VaultDns = "http://127.0.0.1".parse().unwrap();
        assert!(!https.leads_to(&http));
        assert!(https.leads_to(&https) && http.leads_to(&http));
    }
}
