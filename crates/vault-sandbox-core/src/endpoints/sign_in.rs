use serde::Deserialize;
use thiserror::Error;

use crate::endpoint::{Answer, Caller, Endpoint, Repeat};
use crate::error::ProtocolProblem;
use crate::escape::escape;
use crate::path::ApiPath;
use crate::payload::{Form, Payload};
use crate::types::{Password, SessionId, UserId, UserName, VaultDns, VaultId};
use crate::validation::ValidationError;
use crate::wire;

/// Signs in with a user name and a password.
///
/// `POST /api/{version}/auth`, answered with a [`Session`]. **Not to be repeated** when Vault has
/// refused the password: five bad tries lock the account.
///
/// Vault signs in to *another* Vault where the one asked for cannot be used, without saying so:
/// check [`Session::check`].
///
/// [Veeva: user name and password][page].
///
/// [page]: https://general.veevavault.dev/vault-api/api-reference/26.2/authentication/user-name-and-password/
#[derive(Debug, Clone)]
#[must_use]
pub struct SignIn {
    user: UserName,
    password: Password,
    vault_dns: Option<VaultDns>,
}

impl SignIn {
    /// As this user.
    pub fn new(user: UserName, password: Password) -> Self {
        Self {
            user,
            password,
            vault_dns: None,
        }
    }

    /// To another Vault than the one called.
    pub fn vault_dns(mut self, dns: VaultDns) -> Self {
        self.vault_dns = Some(dns);
        self
    }
}

impl Endpoint for SignIn {
    type Output = Session;
    const NAME: &'static str = "sign_in";
    const METHOD: http::Method = http::Method::POST;
    const REPEAT: Repeat = Repeat::Once;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned().literal("auth"))
    }

    fn payload(&self) -> Payload {
        let dns = self.vault_dns.as_ref().map(VaultDns::authority);
        Payload::form(
            Form::new()
                .field("username", self.user.as_str())
                .password("password", &self.password)
                .optional("vaultDNS", dns.as_deref()),
        )
    }

    fn caller(&self) -> Caller<'_> {
        Caller::Anonymous
    }

    fn read(answer: &Answer<'_>) -> Result<Session, ProtocolProblem> {
        Session::read(answer)
    }
}

/// A session, and the Vaults that can be reached with it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Session {
    /// The credential.
    pub session_id: SessionId,
    /// The user who signed in.
    pub user_id: Option<UserId>,
    /// The Vaults that the user belongs to.
    pub vaults: Vec<VaultEntry>,
    /// The one that was signed in to: not always the one asked for.
    pub vault_id: VaultId,
}

/// A Vault in the answer to a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct VaultEntry {
    /// Its number.
    pub id: VaultId,
    /// Its name.
    #[serde(default, deserialize_with = "wire::text_or_empty")]
    pub name: String,
    /// Where its API is, such as `https://veepharm.veevavault.com/api`.
    #[serde(default, deserialize_with = "wire::text_or_empty")]
    pub url: String,
}

/// Sign-in led to another Vault than the one asked for. The session has to be ended, not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WrongVault {
    /// The Vault signed in to is not among those listed, so nothing says where it is.
    #[error("signed in to Vault {landed}, which the answer does not describe")]
    NotListed {
        /// The Vault signed in to.
        landed: VaultId,
    },
    /// The Vault signed in to is reached at another host.
    #[error("asked for {asked}, but signed in to Vault {landed} at {host}")]
    OtherHost {
        /// The DNS asked for.
        asked: VaultDns,
        /// The Vault signed in to.
        landed: VaultId,
        /// Its host, or what stands in its place.
        host: String,
    },
    /// The Vault signed in to does not have the number expected.
    #[error("expected Vault {expected}, but signed in to Vault {landed}")]
    OtherId {
        /// The number expected.
        expected: VaultId,
        /// The Vault signed in to.
        landed: VaultId,
    },
    /// Another Vault than the one expected answers.
    #[error("expected Vault {expected}, but Vault {served} answers")]
    OtherServes {
        /// The number expected.
        expected: VaultId,
        /// The Vault that served the call.
        served: VaultId,
    },
    /// The parent Vault answers where a sandbox's own was called.
    #[error("the parent Vault {parent} answers, not the sandbox's own")]
    ParentServes {
        /// The parent.
        parent: VaultId,
    },
}

/// Compares the Vault that served a call, by [`Facts::vault_id`](crate::Facts::vault_id), with the
/// one expected. What is not known on either side contradicts nothing.
///
/// # Errors
///
/// Both are known, and they differ.
pub fn check_served_by(
    expected: Option<VaultId>,
    served: Option<VaultId>,
) -> Result<(), WrongVault> {
    match (expected, served) {
        (Some(expected), Some(served)) if expected != served => {
            Err(WrongVault::OtherServes { expected, served })
        }
        _ => Ok(()),
    }
}

/// Compares the Vault that served a call to a sandbox's own Vault with the one that its parent's list
/// names ([`Sandbox::vault_id`](super::Sandbox::vault_id)). The parent itself is never right: what is
/// meant for a sandbox must not happen there. What is not known contradicts nothing.
///
/// # Errors
///
/// The parent answers, or another Vault than the one named.
pub fn check_served_by_sandbox(
    parent: Option<VaultId>,
    named: Option<VaultId>,
    served: Option<VaultId>,
) -> Result<(), WrongVault> {
    match parent {
        Some(parent) if served == Some(parent) => Err(WrongVault::ParentServes { parent }),
        _ => check_served_by(named, served),
    }
}

impl VaultEntry {
    /// A Vault with this number whose API is at this URL, for tests, and for what plays a Vault.
    #[must_use]
    pub fn new(id: VaultId, url: impl Into<String>) -> Self {
        Self {
            id,
            name: String::new(),
            url: url.into(),
        }
    }
}

impl Session {
    /// A session in this Vault, for tests, and for what plays a Vault.
    #[must_use]
    pub fn new(session_id: SessionId, vault: VaultEntry) -> Self {
        Self {
            session_id,
            user_id: None,
            vault_id: vault.id,
            vaults: vec![vault],
        }
    }

    /// Compares the Vault signed in to with the one asked for: by its URL's scheme and host and,
    /// if it is known, by its number. A port counts on loopback only, where each simulated Vault
    /// has its own, and where `localhost`, `127.0.0.1` and `[::1]` are one host; Vault's real URLs
    /// have none.
    ///
    /// [Veeva: authentication defaulting][page] says how one ends up elsewhere.
    ///
    /// # Errors
    ///
    /// The session belongs to another Vault, or nothing shows that it does not.
    ///
    /// [page]: https://limited.veevavault.dev/qualityone/vault-api/explanation/auth-defaulting/
    pub fn check(&self, asked: &VaultDns, expected: Option<VaultId>) -> Result<(), WrongVault> {
        let landed = self.vault_id;
        if let Some(expected) = expected
            && expected != landed
        {
            return Err(WrongVault::OtherId { expected, landed });
        }
        let entry = self.vaults.iter().find(|vault| vault.id == landed);
        let entry = entry.ok_or(WrongVault::NotListed { landed })?;
        if is_at(&entry.url, asked) {
            return Ok(());
        }
        let host = escape(&entry.url);
        Err(WrongVault::OtherHost {
            asked: asked.clone(),
            landed,
            host,
        })
    }

    pub(crate) fn read(answer: &Answer<'_>) -> Result<Self, ProtocolProblem> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            #[serde(default, deserialize_with = "wire::text")]
            session_id: Option<String>,
            #[serde(default, deserialize_with = "wire::parsed")]
            user_id: Option<UserId>,
            #[serde(default, deserialize_with = "wire::list")]
            vault_ids: Vec<VaultEntry>,
            vault_id: VaultId,
        }
        let wire: Wire = answer.whole()?;
        let session_id = wire.session_id.and_then(|text| SessionId::parse(text).ok());
        Ok(Self {
            session_id: session_id
                .ok_or_else(|| ProtocolProblem::new("the answer has no usable sessionId"))?,
            user_id: wire.user_id,
            vaults: wire.vault_ids,
            vault_id: wire.vault_id,
        })
    }
}

/// Whether a URL that Vault gave leads to this DNS.
pub(crate) fn is_at(url: &str, dns: &VaultDns) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Ok(found) = VaultDns::parse(&format!("{}://{authority}", scheme.to_ascii_lowercase()))
    else {
        return false;
    };
    let port_matters = dns.is_loopback();
    let is_same_host =
        found.host() == dns.host() || (is_this_machine(&found) && is_this_machine(dns));
    found.scheme() == dns.scheme() && is_same_host && (!port_matters || found.port() == dns.port())
}

/// The names of one place. Another address of `127.0.0.0/8` may be another simulated Vault's.
fn is_this_machine(dns: &VaultDns) -> bool {
    matches!(dns.host(), "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(vault_id: u64, url: &str) -> Session {
        Session {
            session_id: SessionId::parse("SID").unwrap(),
            user_id: None,
            vaults: vec![VaultEntry {
                id: VaultId::new(4101),
                name: "Quality".into(),
                url: url.into(),
            }],
            vault_id: VaultId::new(vault_id),
        }
    }

    #[test]
    fn the_vault_landed_in_must_be_the_one_asked_for() {
        let asked = VaultDns::parse("acme-quality.veevavault.com").unwrap();
        let here = "https://acme-quality.veevavault.com/api";
        session(4101, here).check(&asked, None).unwrap();
        session(4101, "https://ACME-quality.VEEVAVAULT.com/api")
            .check(&asked, Some(VaultId::new(4101)))
            .unwrap();
        for url in [
            "https://acme-clinical.veevavault.com/api",
            "http://acme-quality.veevavault.com/api",
            "https://acme-quality.veevavault.com.evil.com/api",
            "https://acme-quality.veevavault.com@evil.com/api",
            "https://evil.com/acme-quality.veevavault.com",
            "acme-quality.veevavault.com",
            "",
        ] {
            assert!(
                matches!(
                    session(4101, url).check(&asked, None),
                    Err(WrongVault::OtherHost { .. })
                ),
                "{url}"
            );
        }
        assert!(matches!(
            session(4102, here).check(&asked, None),
            Err(WrongVault::NotListed { .. })
        ));
        let pinned = session(4101, here).check(&asked, Some(VaultId::new(1)));
        assert!(matches!(pinned, Err(WrongVault::OtherId { .. })));
    }

    #[test]
    fn the_vault_that_answers_is_the_one_expected() {
        let [one, two] = [1, 2].map(VaultId::new);
        for (expected, served) in [
            (None, None),
            (None, Some(one)),
            (Some(one), None),
            (Some(one), Some(one)),
        ] {
            assert_eq!(check_served_by(expected, served), Ok(()));
        }
        let wrong = check_served_by(Some(one), Some(two)).unwrap_err();
        assert_eq!(wrong.to_string(), "expected Vault 1, but Vault 2 answers");
    }

    #[test]
    fn the_parent_does_not_answer_for_a_sandbox() {
        let [parent, own, other] = [1, 2, 3].map(VaultId::new);
        for (of, named, served, refused) in [
            (None, None, None, None),
            (None, None, Some(own), None),
            (None, Some(own), Some(own), None),
            (Some(parent), None, None, None),
            (Some(parent), Some(own), None, None),
            (Some(parent), None, Some(own), None),
            (Some(parent), Some(own), Some(own), None),
            (
                Some(parent),
                Some(own),
                Some(other),
                Some("expected Vault 2, but Vault 3"),
            ),
            (
                None,
                Some(own),
                Some(parent),
                Some("expected Vault 2, but Vault 1"),
            ),
            (
                Some(parent),
                Some(own),
                Some(parent),
                Some("the parent Vault 1 answers"),
            ),
            (
                Some(parent),
                Some(parent),
                Some(parent),
                Some("the parent Vault 1 answers"),
            ),
            (
                Some(parent),
                None,
                Some(parent),
                Some("the parent Vault 1 answers"),
            ),
        ] {
            let found = check_served_by_sandbox(of, named, served);
            let said = found.err().map(|wrong| wrong.to_string());
            match (said, refused) {
                (None, None) => {}
                (Some(said), Some(refused)) => assert!(said.starts_with(refused), "{said}"),
                (said, refused) => panic!("{said:?} instead of {refused:?}"),
            }
        }
    }

    #[test]
    fn simulated_vaults_differ_by_port() {
        let asked = VaultDns::parse("http://127.0.0.1:4000").unwrap();
        session(4101, "http://127.0.0.1:4000/api")
            .check(&asked, None)
            .unwrap();
        assert!(
            session(4101, "http://127.0.0.1:4001/api")
                .check(&asked, None)
                .is_err()
        );
    }

    #[test]
    fn this_machine_has_several_names() {
        for asked in [
            "http://localhost:4000",
            "http://127.0.0.1:4000",
            "http://[::1]:4000",
        ] {
            let asked = VaultDns::parse(asked).unwrap();
            for url in [
                "http://127.0.0.1:4000/api",
                "http://LOCALHOST:4000/api",
                "http://[::1]:4000/api",
            ] {
                session(4101, url).check(&asked, None).unwrap();
            }
            for url in [
                "http://localhost:4001/api",
                "http://localhost/api",
                "https://localhost:4000/api",
                "http://127.0.0.2:4000/api",
                "http://localhost.example.com:4000/api",
                "https://veepharm.veevavault.com/api",
            ] {
                let checked = session(4101, url).check(&asked, None);
                assert!(checked.is_err(), "{url} is not {asked}");
            }
        }
        let real = VaultDns::parse("veepharm.veevavault.com").unwrap();
        let here = session(4101, "https://localhost/api").check(&real, None);
        assert!(here.is_err());
    }
}
