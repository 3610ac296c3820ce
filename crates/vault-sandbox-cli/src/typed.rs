//! Commands for people to type next. They say again what was said by flag, so that they do the same
//! when they are pasted; the environment and the profile are still there.

use std::path::Path;

use vault_sandbox_core::VaultDns;

use crate::args::Global;

/// The flags of this run that a next command needs too. None of them holds a secret: credentials are
/// named by their files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    simulate: bool,
    dns: Option<String>,
    /// The Vault that a command finds without further words.
    pub(crate) found: Option<VaultDns>,
    /// Each flag with its value, ready for a shell.
    others: Vec<String>,
}

impl Typed {
    pub(crate) fn of(global: &Global) -> Self {
        let mut others = Vec::new();
        // Nothing else of ours is read there.
        let real = (!global.simulate).then_some(global);
        let mut add = |flag: &str, value: Option<&str>| {
            if let Some(value) = value {
                others.push(format!("{flag} {}", shell_words::quote(value)));
            }
        };
        if let Some(real) = real {
            add("--profile", real.profile.as_deref());
            add("--config", absolute(real.config.as_deref()).as_deref());
            add("--user", real.user.as_deref());
            add("--api-version", real.api_version.as_deref());
            for (flag, path) in [
                ("--session-file", &real.session_file),
                ("--token-file", &real.token_file),
                ("--password-file", &real.password_file),
                ("--oauth-token-file", &real.oauth_token_file),
            ] {
                // What came from stdin is gone.
                let path = path.as_deref().filter(|path| *path != Path::new("-"));
                add(flag, absolute(path).as_deref());
            }
            add("--oauth-profile", real.oauth_profile.as_deref());
            add("--oauth-client-id", real.oauth_client_id.as_deref());
            add("--ca-file", absolute(real.ca_file.as_deref()).as_deref());
        }
        add(
            "--state-dir",
            absolute(global.state_dir.as_deref()).as_deref(),
        );
        Self {
            simulate: global.simulate,
            dns: real.and_then(|real| real.dns.clone()),
            found: None,
            others,
        }
    }

    /// `vault-sandbox`, the flags of this run, and these words.
    pub(crate) fn command(&self, words: &str) -> String {
        self.with(self.dns.as_deref(), words)
    }

    /// The same for this Vault, whichever the flags name.
    pub(crate) fn at(&self, dns: &VaultDns, words: &str) -> String {
        if self.found.as_ref() == Some(dns) || self.simulate {
            return self.command(words);
        }
        self.with(Some(&dns.to_string()), words)
    }

    /// Whether a simulated Vault is meant, which is gone when the next command is typed.
    pub(crate) fn is_simulated(&self) -> bool {
        self.simulate
    }

    fn with(&self, dns: Option<&str>, words: &str) -> String {
        let mut command = vec!["vault-sandbox".to_owned()];
        if self.simulate {
            command.push("--simulate".to_owned());
        }
        if let Some(dns) = dns {
            command.push(format!("--dns {}", shell_words::quote(dns)));
        }
        command.extend_from_slice(&self.others);
        command.push(words.to_owned());
        command.join(" ")
    }
}

/// Wherever the command is typed.
fn absolute(path: Option<&Path>) -> Option<String> {
    let path = path?;
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Some(path.to_string_lossy().into_owned())
}
