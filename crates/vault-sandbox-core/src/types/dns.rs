use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::validation::ValidationError;

/// The host that serves OAuth sign-in and discovery for every Vault.
///
/// [Veeva: OAuth 2.0 / OpenID Connect](https://general.veevavault.dev/vault-api/api-reference/26.2/authentication/oauth-2-0-openid-connect/).
pub const LOGIN_HOST: &str = "login.veevavault.com";

const FIELD: &str = "dns";
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;
/// RFC 1035 §2.3.4.
const MAX_HOST_LENGTH: usize = 253;
const MAX_LABEL_LENGTH: usize = 63;

/// Where a Vault is reached: its DNS, `{subdomain}.veevavault.com`, and how.
///
/// Always https, except that `http://` may be written before a loopback host (`127.0.0.0/8`,
/// `[::1]`, `localhost`), for a simulated Vault. Nothing else fits in it: no path, no user, no
/// query, no other scheme, so that a credential cannot be talked into going elsewhere.
///
/// ```
/// use vault_sandbox_core::VaultDns;
///
/// assert!(VaultDns::parse("veepharm.veevavault.com").is_ok());
/// assert!(VaultDns::parse("http://127.0.0.1:8080").is_ok());
/// assert!(VaultDns::parse("http://veepharm.veevavault.com").is_err());
/// assert!(VaultDns::parse("veepharm.veevavault.com@example.com").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VaultDns {
    plain: bool,
    host: String,
    port: Option<u16>,
}

impl VaultDns {
    /// Reads `host`, `host:port`, `https://host` or, for loopback only, `http://host:port`.
    ///
    /// # Errors
    ///
    /// Anything else; the reason says what is in the way.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let (plain, authority) = match text.split_once("://") {
            None => (false, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (false, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (true, rest),
            Some(_) => {
                return Err(wrong(
                    "has a scheme that is neither https nor loopback http",
                ));
            }
        };
        let (host, port) = split_authority(authority)?;
        let dns = Self::new(plain, host, port);
        if dns.plain && !dns.is_loopback() {
            return Err(wrong(
                "is plain http to another machine, which would show the credential to the network; write https",
            ));
        }
        Ok(dns)
    }

    /// The host that serves OAuth sign-in and discovery ([`LOGIN_HOST`]).
    #[must_use]
    pub fn login() -> Self {
        Self {
            plain: false,
            host: LOGIN_HOST.to_owned(),
            port: None,
        }
    }

    /// Another Vault's DNS as *this* Vault names it, such as a sandbox's `dns` field.
    ///
    /// It is reached with this Vault's scheme, plain http again only where it is loopback too.
    ///
    /// # Errors
    ///
    /// It is not a plain `host` or `host:port`, or it would leave loopback for the network.
    pub fn sibling(&self, text: &str) -> Result<Self, ValidationError> {
        let (host, port) = split_authority(text)?;
        let dns = Self::new(self.plain, host, port);
        if dns.plain && !dns.is_loopback() {
            return Err(wrong(
                "was named by a Vault on loopback, but lies on another machine",
            ));
        }
        Ok(dns)
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.plain { "http" } else { "https" }
    }

    /// The host in lower case, without port; an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if it is not the scheme's own.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// `host` or `host:port`, as it stands in a URL and in the `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            None => self.host.clone(),
            Some(port) => format!("{}:{port}", self.host),
        }
    }

    /// Without a port that is the scheme's own: with it or without, it is the same Vault.
    fn new(plain: bool, host: String, port: Option<u16>) -> Self {
        let usual = if plain { HTTP_PORT } else { HTTPS_PORT };
        Self {
            plain,
            host,
            port: port.filter(|port| *port != usual),
        }
    }

    /// What a URL begins with, up to the path; with room for `more`.
    pub(crate) fn origin(&self, more: usize) -> String {
        let scheme = self.scheme();
        let mut origin = String::with_capacity(scheme.len() + 3 + self.host.len() + 6 + more);
        origin.push_str(scheme);
        origin.push_str("://");
        origin.push_str(&self.host);
        if let Some(port) = self.port {
            origin.push_str(&format!(":{port}"));
        }
        origin
    }

    /// Whether the host is this machine by name: `127.0.0.0/8`, `[::1]` or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host == "[::1]"
            || self
                .host
                .parse::<Ipv4Addr>()
                .is_ok_and(|ip| ip.is_loopback())
    }
}

/// As it may be given to [`VaultDns::parse`] again: the scheme is written only where it is http.
impl fmt::Display for VaultDns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.plain { "http://" } else { "" })?;
        f.write_str(&self.authority())
    }
}

impl fmt::Debug for VaultDns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultDns({self})")
    }
}

impl FromStr for VaultDns {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

fn wrong(reason: impl Into<String>) -> ValidationError {
    ValidationError::new(FIELD, reason)
}

fn split_authority(text: &str) -> Result<(String, Option<u16>), ValidationError> {
    if text.is_empty() {
        return Err(wrong(
            "is empty; write the host, such as veepharm.veevavault.com",
        ));
    }
    if text.contains('@') {
        return Err(wrong(
            "has a user name before the host; write the host alone",
        ));
    }
    if text.contains(['/', '?', '#', '\\']) {
        return Err(wrong(
            "has more than a host; leave out the path and everything after it",
        ));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest
                .split_once(']')
                .ok_or_else(|| wrong("has a [ without its ]"))?;
            let ip: Ipv6Addr = inner
                .parse()
                .map_err(|_| wrong("has no IPv6 address in its brackets"))?;
            let port = match after {
                "" => None,
                _ => Some(
                    after
                        .strip_prefix(':')
                        .ok_or_else(|| wrong("has text after its ]"))?,
                ),
            };
            (format!("[{ip}]"), port)
        }
        None => {
            let (host, port) = match text.split_once(':') {
                None => (text, None),
                Some((host, port)) => (host, Some(port)),
            };
            (check_host(host)?, port)
        }
    };
    Ok((host, port.map(check_port).transpose()?))
}

fn check_host(host: &str) -> Result<String, ValidationError> {
    if !host.is_ascii() {
        return Err(wrong(
            "has characters outside ASCII; a Vault's DNS has none",
        ));
    }
    if host.is_empty() || host.len() > MAX_HOST_LENGTH {
        return Err(wrong("has no host, or one that is too long"));
    }
    for label in host.split('.') {
        let plain = label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let bounded = (1..=MAX_LABEL_LENGTH).contains(&label.len());
        if !plain || !bounded || label.starts_with('-') || label.ends_with('-') {
            return Err(wrong(
                "is not a host name; write it as in veepharm.veevavault.com",
            ));
        }
    }
    // What ends in a number is read as an IPv4 address by URL parsers, in many disguises
    // (0x7f.1, 2130706433): only the plain form is let through.
    let last = host.rsplit('.').next().unwrap_or(host);
    let numeric = last.bytes().all(|b| b.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .or(last.strip_prefix("0X"))
            .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err(wrong(
            "looks like an IP address but is not written as a plain one",
        ));
    }
    Ok(host.to_ascii_lowercase())
}

fn check_port(text: &str) -> Result<u16, ValidationError> {
    let plain =
        !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|_| plain)
        .ok_or_else(|| wrong("has a port that is not a number from 1 to 65535"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_people_write() {
        for (text, shown) in [
            ("veepharm.veevavault.com", "veepharm.veevavault.com"),
            ("https://VeePharm.VeevaVault.com", "veepharm.veevavault.com"),
            (
                "veepharm.veevavault.com:8443",
                "veepharm.veevavault.com:8443",
            ),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.9.9.9:1", "http://127.9.9.9:1"),
            ("http://localhost", "http://localhost"),
            (
                "https://veepharm.veevavault.com:443",
                "veepharm.veevavault.com",
            ),
            ("veepharm.veevavault.com:443", "veepharm.veevavault.com"),
            ("veepharm.veevavault.com:80", "veepharm.veevavault.com:80"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://127.0.0.1:443", "http://127.0.0.1:443"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://[::1]:9", "http://[::1]:9"),
            ("HTTP://[0:0:0:0:0:0:0:1]:9", "http://[::1]:9"),
        ] {
            let dns = VaultDns::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(dns.to_string(), shown);
            assert_eq!(
                VaultDns::parse(shown).unwrap(),
                dns,
                "shown form reads back"
            );
        }
    }

    #[test]
    fn hosts_that_would_take_a_credential_elsewhere() {
        for text in [
            "",
            "http://veepharm.veevavault.com",
            "http://10.0.0.1",
            "http://127.0.0.1.evil.com",
            "ftp://veepharm.veevavault.com",
            "https://",
            "https:///x",
            "veepharm.veevavault.com/",
            "veepharm.veevavault.com/api",
            "user@evil.com",
            "https://127.0.0.1@evil.com",
            "a?b",
            "a#b",
            "a\\b",
            "vee pharm.com",
            "veepharm..com",
            ".com",
            "com.",
            "-a.com",
            "a-.com",
            "vé.com",
            "a:0",
            "a:080",
            "a:65536",
            "a:+1",
            "a:",
            "a:1:2",
            "a:b@c",
            "[::1",
            "[::1]x",
            "[zz]",
            "::1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0x7f000001",
            "127.0.0.01",
            "http://127.1",
            "a\n.com",
            "a%2fb",
        ] {
            assert!(VaultDns::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_port_of_the_scheme_is_no_other_place() {
        let parse = |text| VaultDns::parse(text).unwrap();
        assert_eq!(parse("https://a.com:443"), parse("https://a.com"));
        assert_eq!(parse("http://localhost:80"), parse("http://localhost"));
        assert_ne!(parse("https://a.com:80"), parse("https://a.com"));
        assert_eq!(parse("a.com:443").authority(), "a.com");
        let sibling = |of, text| parse(of).sibling(text).unwrap();
        assert_eq!(sibling("a.com", "b.com:443"), parse("b.com"));
        assert_eq!(
            sibling("http://127.0.0.1:1", "localhost:80"),
            parse("http://localhost")
        );
    }

    #[test]
    fn a_sibling_keeps_the_scheme_and_never_leaves_loopback() {
        let real = VaultDns::parse("veepharm.veevavault.com").unwrap();
        assert_eq!(real.sibling("sbx.vaultdev.com").unwrap().scheme(), "https");
        assert!(real.sibling("http://sbx.vaultdev.com").is_err());
        let local = VaultDns::parse("http://127.0.0.1:1").unwrap();
        assert_eq!(
            local.sibling("127.0.0.1:2").unwrap().to_string(),
            "http://127.0.0.1:2"
        );
        assert!(local.sibling("sbx.vaultdev.com").is_err());
    }
}
