//! Where settings come from: flag, then environment, then profile, then what is built in.

use std::env::VarError;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use clap::ValueEnum as _;
use vault_sandbox_core::{ApiVersion, OauthProfileId, UserName, ValidationError, VaultDns};
use vault_sandbox_issuer::state::State;

use crate::args::{Color, Format, Global};
use crate::config::Profile;
use crate::exit::Exit;
use crate::page::Page;
use crate::problem::Problem;
use crate::typed::Typed;
use crate::voice::Level;

/// Where the state of simulated runs is, below that of real ones.
const SIMULATED: &str = "simulated";

/// What holds for the whole run.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// As given for this run: not the profile's.
    pub(crate) dns: Option<VaultDns>,
    pub(crate) simulate: bool,
    user: Option<UserName>,
    oauth_profile: Option<OauthProfileId>,
    pub(crate) oauth_client_id: Option<String>,
    pub(crate) profile: Profile,
    pub(crate) api_version: ApiVersion,
    pub(crate) format: Format,
    pub(crate) plain: bool,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether somebody is there to be asked.
    pub(crate) may_prompt: bool,
    pub(crate) yes: bool,
    state_dir: Option<PathBuf>,
    state: OnceLock<State>,
    /// How commands are written that people shall type next.
    pub(crate) typed: Typed,
}

impl Settings {
    /// `with_profile`: for commands that speak with a Vault; the others need no configuration.
    pub(crate) fn resolve(global: &Global, with_profile: bool) -> Result<Self, Problem> {
        let mut settings = Self::given(global, with_profile)?;
        settings.typed.found = settings.dns.clone().or(settings.profile.dns.clone());
        Ok(settings)
    }

    fn given(global: &Global, with_profile: bool) -> Result<Self, Problem> {
        let there = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Ok(Self {
            dns: parsed(
                "--dns",
                global.dns.as_deref(),
                "VAULT_SANDBOX_DNS",
                VaultDns::parse,
            )?,
            simulate: global.simulate,
            user: parsed(
                "--user",
                global.user.as_deref(),
                "VAULT_SANDBOX_USER",
                |text| UserName::parse(text),
            )?,
            oauth_profile: parsed(
                "--oauth-profile",
                global.oauth_profile.as_deref(),
                "VAULT_SANDBOX_OAUTH_PROFILE",
                |text| OauthProfileId::parse(text),
            )?,
            oauth_client_id: global.oauth_client_id.clone(),
            // A simulated Vault is nobody's: nothing of a real one is read.
            profile: if with_profile && !global.simulate {
                Profile::load(global)?
            } else {
                Profile::default()
            },
            api_version: parsed(
                "--api-version",
                global.api_version.as_deref(),
                "VAULT_SANDBOX_API_VERSION",
                ApiVersion::parse,
            )?
            .unwrap_or_default(),
            format: format(global)?,
            timeout: global.timeout,
            connect_timeout: global.connect_timeout.min(global.timeout),
            ca_file: global.ca_file.clone(),
            may_prompt: there && !global.no_input,
            yes: global.yes,
            plain: global.plain,
            state_dir: global.state_dir.clone(),
            state: OnceLock::new(),
            typed: Typed::of(global),
        })
    }

    /// The profile, where it is about this Vault: its user, its password and its number are of no
    /// concern to another one.
    pub(crate) fn profile_for(&self, dns: &VaultDns) -> Option<&Profile> {
        let profile = &self.profile;
        let is_about = profile.dns.as_ref().is_none_or(|own| own == dns);
        is_about.then_some(profile)
    }

    /// Who signs in with a password to this Vault.
    pub(crate) fn user(&self, dns: &VaultDns) -> Option<UserName> {
        let profile = || self.profile_for(dns)?.user.clone();
        self.user.clone().or_else(profile)
    }

    /// The profile of the Vault by which an identity provider's token is exchanged.
    pub(crate) fn oauth_profile(&self, dns: &VaultDns) -> Option<OauthProfileId> {
        let profile = || self.profile_for(dns)?.oauth_profile.clone();
        self.oauth_profile.clone().or_else(profile)
    }

    /// What is known from earlier runs, and for later ones.
    pub(crate) fn state(&self) -> Result<&State, Problem> {
        match self.state.get() {
            Some(state) => Ok(state),
            None => Ok(self.state.get_or_init({
                let directory = self.state_dir()?;
                move || State::at(directory)
            })),
        }
    }

    /// Whether a file is one of this program's own, in the state of real or of simulated runs.
    pub(crate) fn owns(&self, path: &Path) -> bool {
        // Without a state directory there are none.
        self.state_root().is_ok_and(|root| {
            let simulated = State::at(root.join(SIMULATED));
            simulated.owns(path) || State::at(root).owns(path)
        })
    }

    /// The directory for records.
    ///
    /// Those of simulated runs lie apart: their Vault is gone, and whoever listens at its address
    /// now must not be sent a real credential by `token recover`.
    pub(crate) fn state_dir(&self) -> Result<PathBuf, Problem> {
        let root = self.state_root()?;
        Ok(if self.simulate {
            root.join(SIMULATED)
        } else {
            root
        })
    }

    /// Flag, environment, `$XDG_STATE_HOME`, `~/.local/state`.
    fn state_root(&self) -> Result<PathBuf, Problem> {
        let below = |variable: &str, path: &str| {
            let base = std::env::var_os(variable).map(PathBuf::from)?;
            base.is_absolute().then(|| base.join(path))
        };
        let named = || {
            std::env::var_os("VAULT_SANDBOX_STATE_DIR")
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        self.state_dir
            .clone()
            .or_else(named)
            .or_else(|| below("XDG_STATE_HOME", "vault-sandbox"))
            .or_else(|| below("HOME", ".local/state/vault-sandbox"))
            .ok_or_else(|| {
                Problem::configuration(
                    "There is no place for the record of this operation: neither VAULT_SANDBOX_STATE_DIR, XDG_STATE_HOME nor HOME is set. Set one of them, or give --state-dir.",
                )
            })
    }

    /// How a command begins that goes on from the records of this run.
    pub(crate) fn recover(&self) -> String {
        self.typed.command("token recover")
    }

    /// What stdout shows to people.
    pub(crate) fn page(&self) -> Page {
        Page::of_stdout(self.plain)
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format != Format::Human
    }
}

/// The format alone, which is needed to report that anything else is wrong.
pub(crate) fn format(global: &Global) -> Result<Format, Problem> {
    if let Some(format) = global.format {
        return Ok(format);
    }
    let Some(text) = variable("VAULT_SANDBOX_FORMAT")? else {
        return Ok(Format::Human);
    };
    Format::from_str(&text, false)
        .map_err(|_| Problem::configuration("VAULT_SANDBOX_FORMAT is not human, json or jsonl."))
}

pub(crate) fn level(global: &Global) -> Level {
    match (global.quiet, global.verbose) {
        (true, _) => Level::Quiet,
        (_, 0) => Level::Normal,
        (_, 1) => Level::Verbose,
        _ => Level::Wire,
    }
}

pub(crate) fn color(global: &Global) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match global.color {
        _ if global.plain => false,
        Color::Always => true,
        Color::Never => false,
        Color::Auto => std::io::stderr().is_terminal() && !set("NO_COLOR") && !dumb,
    }
}

/// The text of a variable; one that is empty counts as not set.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Problem> {
    match std::env::var(name) {
        Ok(text) => Ok((!text.is_empty()).then_some(text)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(Problem::configuration(format!("{name} is not UTF-8.")))
        }
    }
}

fn parsed<T>(
    flag: &str,
    given: Option<&str>,
    name: &str,
    parse: impl Fn(&str) -> Result<T, ValidationError>,
) -> Result<Option<T>, Problem> {
    if let Some(text) = given {
        return parse(text)
            .map(Some)
            .map_err(|error| Problem::invalid(Exit::Usage, flag, &error));
    }
    let Some(text) = variable(name)? else {
        return Ok(None);
    };
    parse(&text)
        .map(Some)
        .map_err(|error| Problem::invalid(Exit::Configuration, name, &error))
}
