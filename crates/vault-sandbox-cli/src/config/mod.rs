//! The configuration file: profiles, each with what holds for one Vault.

mod keys;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use vault_sandbox_core::{OauthProfileId, UserName, VaultDns, VaultId};
use vault_sandbox_issuer::platform::is_same_file;

use crate::args::Global;
use crate::problem::Problem;
use crate::settings::variable;
use keys::Section;

/// What a profile says; empty where none was chosen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    /// As it is called, for messages.
    pub(crate) name: String,
    pub(crate) dns: Option<VaultDns>,
    pub(crate) vault_id: Option<VaultId>,
    pub(crate) user: Option<UserName>,
    pub(crate) password_command: Option<Vec<String>>,
    pub(crate) oauth_profile: Option<OauthProfileId>,
    pub(crate) expires: Option<String>,
    pub(crate) max_expires: Option<String>,
    /// Where a token of a sandbox goes, unless it is said.
    pub(crate) out: BTreeMap<String, Vec<String>>,
}

impl Profile {
    /// The profile asked for, or the file's default. No file and no wish: an empty one.
    pub(crate) fn load(global: &Global) -> Result<Self, Problem> {
        let wanted = match &global.profile {
            Some(name) => Some(name.clone()),
            None => variable("VAULT_SANDBOX_PROFILE")?,
        };
        let Some((path, is_named)) = path(global) else {
            return match wanted {
                None => Ok(Self::default()),
                Some(_) => Err(Problem::configuration(
                    "A profile is asked for, but there is no place for a configuration file: neither VAULT_SANDBOX_CONFIG, XDG_CONFIG_HOME nor HOME is set. Give --config.",
                )),
            };
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound
                    && !is_named
                    && wanted.is_none() =>
            {
                return Ok(Self::default());
            }
            Err(error) => return Err(wrong(&path, &format!("it cannot be read: {error}"))),
        };
        check_owner(&path)?;
        read(&text, wanted.as_deref()).map_err(|why| wrong(&path, &why))
    }

    /// The default destinations of a sandbox.
    pub(crate) fn out(&self, sandbox: &str) -> &[String] {
        self.out.get(sandbox).map_or(&[], Vec::as_slice)
    }
}

/// Whether a file is the configuration, by whichever path. It need not exist.
pub(crate) fn is_at(global: &Global, file: &Path) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).ok();
    path(global).is_some_and(|(own, _)| {
        absolute(&own) == absolute(file) || is_same_file(&own, file).unwrap_or(false)
    })
}

/// Where the file is, and whether somebody said so.
fn path(global: &Global) -> Option<(PathBuf, bool)> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let below = |name: &str, path: &str| {
        set(name)
            .filter(|base| base.is_absolute())
            .map(|base| (base.join(path), false))
    };
    global
        .config
        .clone()
        .or_else(|| set("VAULT_SANDBOX_CONFIG"))
        .map(|path| (path, true))
        .or_else(|| below("XDG_CONFIG_HOME", "vault-sandbox/config.toml"))
        .or_else(|| below("HOME", ".config/vault-sandbox/config.toml"))
}

/// It names programs to run and where a password goes: not for everybody to change.
fn check_owner(path: &Path) -> Result<(), Problem> {
    let metadata = std::fs::metadata(path).map_err(|e| wrong(path, &e.to_string()))?;
    if metadata.is_file() && metadata.mode() & 0o002 != 0 {
        return Err(wrong(
            path,
            "every user of this machine can change it; make it yours: chmod o-w",
        ));
    }
    Ok(())
}

fn wrong(path: &Path, why: &str) -> Problem {
    Problem::configuration(format!(
        "The configuration {}: {}.",
        path.display(),
        why.trim_end_matches('.')
    ))
    .now("Nothing was sent.")
}

/// Reads the whole file, so that a mistake in another profile is found too.
fn read(text: &str, wanted: Option<&str>) -> Result<Profile, String> {
    // The error's own text quotes the line, which may hold what must not be shown.
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        format!("line {line} is not TOML")
    })?;
    keys::check_no_tokens(&table)?;
    let top = Section::new("", &table);
    top.allow(&["default_profile", "profile"])?;
    let mut profiles = BTreeMap::new();
    for (name, value) in top.table("profile")?.into_iter().flatten() {
        let at = format!("profile.{name}");
        profiles.insert(name.clone(), read_profile(name, &at, value)?);
    }
    let default = top.text("default_profile")?;
    let Some(name) = wanted.map(str::to_owned).or(default) else {
        return Ok(Profile::default());
    };
    match profiles.remove(&name) {
        Some(profile) => Ok(profile),
        None => Err(format!(
            "it has no profile {name:?}{}",
            keys::suggestion(&name, profiles.keys().map(String::as_str))
        )),
    }
}

fn read_profile(name: &str, at: &str, value: &Value) -> Result<Profile, String> {
    let table = value
        .as_table()
        .ok_or_else(|| format!("{at} is not a table; write [{at}]"))?;
    let section = Section::new(at, table);
    section.allow(&[
        "dns",
        "vault_id",
        "user",
        "password_command",
        "oauth_profile",
        "expires",
        "max_expires",
        "sandbox",
    ])?;
    let mut out = BTreeMap::new();
    for (sandbox, value) in section.table("sandbox")?.into_iter().flatten() {
        let at = format!("{at}.sandbox.{sandbox:?}");
        let table = value
            .as_table()
            .ok_or_else(|| format!("{at} is not a table; write [{at}]"))?;
        let section = Section::new(&at, table);
        section.allow(&["out"])?;
        let destinations = section.list("out")?.unwrap_or_default();
        let expanded = destinations.iter().map(|text| expand(text));
        out.insert(sandbox.clone(), expanded.collect::<Result<_, _>>()?);
    }
    let profile = Profile {
        name: name.to_owned(),
        dns: section.parsed("dns", VaultDns::parse)?,
        vault_id: section.number("vault_id")?.map(VaultId::new),
        user: section.parsed("user", |text| UserName::parse(text))?,
        password_command: section.list("password_command")?,
        oauth_profile: section.parsed("oauth_profile", |text| OauthProfileId::parse(text))?,
        expires: section.expiry("expires")?,
        max_expires: section.expiry("max_expires")?,
        out,
    };
    if profile.password_command.as_ref().is_some_and(Vec::is_empty) {
        return Err(format!("{at}.password_command names no program"));
    }
    Ok(profile)
}

/// No shell reads this file, so that `~/` is left to us.
fn expand(destination: &str) -> Result<String, String> {
    let (kind, path) = match destination.split_once(':') {
        Some((kind @ ("file" | "json" | "env-file"), path)) => (Some(kind), path),
        _ => (None, destination),
    };
    let Some(rest) = path.strip_prefix("~/") else {
        return Ok(destination.to_owned());
    };
    let home = std::env::var("HOME").ok().filter(|home| !home.is_empty());
    let home = home.ok_or_else(|| format!("{destination:?} needs HOME, which is not set"))?;
    let home = home.trim_end_matches('/');
    Ok(match kind {
        Some(kind) => format!("{kind}:{home}/{rest}"),
        None => format!("{home}/{rest}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file() {
        let text = r#"
            default_profile = "prod"
            [profile.prod]
            dns = "veepharm.veevavault.com"
            vault_id = 1000660
            user = "jane.doe@veepharm.com"
            password_command = ["op", "read", "op://Private/Vault/password"]
            oauth_profile = "_9ad0a091"
            expires = "30d"
            max_expires = "1y"
            [profile.prod.sandbox."VeePharm Sandbox"]
            out = ["file:.secrets/t", "-"]
            [profile.session]
        "#;
        let profile = read(text, None).unwrap();
        assert_eq!(profile.name, "prod");
        assert_eq!(profile.vault_id, Some(VaultId::new(1_000_660)));
        assert_eq!(profile.out("VeePharm Sandbox"), ["file:.secrets/t", "-"]);
        assert!(profile.out("Other").is_empty());
        let other = read(text, Some("session")).unwrap();
        assert_eq!(other.dns, None);
    }

    #[test]
    fn what_is_wrong_is_named_but_not_shown() {
        for (text, says) in [
            ("defualt_profile = 'x'", "Did you mean default_profile?"),
            (
                "default_profile = 'prd'\n[profile.prod]",
                "Did you mean prod?",
            ),
            ("[profile.p]\npassword = 'hunter2'", "secret"),
            ("[profile.p]\nsession_id = 'hunter2'", "secret"),
            ("[profile.p]\napi_token = 'hunter2'", "secret"),
            ("[profile.p]\nusr = 'hunter2'", "Did you mean user?"),
            ("[profile.p]\nuser = 'veeva-vault-hunter2'", "looks like"),
            ("[profile.p]\ndns = 'http://a.b'", "profile.p.dns"),
            ("[profile.p]\nvault_id = '7'", "not a number"),
            ("[profile.p]\npassword_command = 'cat hunter2'", "list"),
            ("[profile.p]\npassword_command = []", "no program"),
            ("[profile.p]\nexpires = 'soon hunter2'", "profile.p.expires"),
            ("[profile.p]\npassword = hunter2", "line 2 is not TOML"),
            ("[profile.p.sandbox.S]\nouts = []", "Did you mean out?"),
            ("profile = 1", "not a table"),
        ] {
            let why = read(text, None).map(|_| ()).unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
            assert!(!why.contains("hunter2"), "{text}: {why}");
        }
    }
}
