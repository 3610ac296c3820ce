//! Arguments of `vault-sandbox token …`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration;

/// Which sandboxes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Sandboxes {
    /// The sandboxes' names as they stand on the My Vaults page
    #[arg(value_name = "SANDBOX")]
    pub(crate) names: Vec<String>,
    /// Every active sandbox of the Vault
    #[arg(long, conflicts_with_all = ["names", "matching", "from"], help_heading = "Many sandboxes")]
    pub(crate) all: bool,
    /// Every active sandbox whose name matches, such as "VeePharm *"
    #[arg(long = "match", id = "matching", value_name = "GLOB", conflicts_with_all = ["names", "from"], help_heading = "Many sandboxes")]
    pub(crate) matching: Option<String>,
    /// The sandboxes named in this file, one a line ("-": stdin); empty lines and lines that begin with # are passed over
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "names",
        help_heading = "Many sandboxes"
    )]
    pub(crate) from: Option<PathBuf>,
    /// How many are worked on at a time; a throttled Vault makes it fewer
    #[arg(short, long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Many sandboxes")]
    pub(crate) jobs: u16,
}

impl Sandboxes {
    /// Nothing was said of which.
    pub(crate) fn says_nothing(&self) -> bool {
        self.names.is_empty() && !self.all && self.matching.is_none() && self.from.is_none()
    }
}

/// Where a sandbox itself is, and what to use there.
#[derive(Debug, Clone, Args)]
pub(crate) struct SandboxAccess {
    /// Where the sandbox itself is, if the list of sandboxes may not be read
    #[arg(long, value_name = "HOST")]
    pub(crate) sandbox_dns: Option<String>,
    /// Read an API access token of the sandbox itself from this file ("-": stdin), to use there instead of the parent's session [env: VAULT_SANDBOX_SANDBOX_TOKEN]
    #[arg(long, value_name = "PATH")]
    pub(crate) sandbox_token_file: Option<PathBuf>,
}

/// What is asked for, by `token create` and `token rotate`.
#[derive(Debug, Clone, Args)]
pub(crate) struct IssueArgs {
    #[command(flatten)]
    pub(crate) sandboxes: Sandboxes,
    /// The token's name (default: vault-sandbox USER@HOST DATE #OPERATION). {operation} in it becomes
    /// the operation's number: only such a name makes it certain which token it is, if no answer comes
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// 90d, 12w, 3mo, 1y, 36h; 2027-02-21T18:00:00Z; 2027-02-21 (the end of that day in the user's time zone); never [default: the profile's, else 90d]
    #[arg(short, long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(crate) expires: Option<String>,
    /// Where the value goes: "-" for stdout, file:PATH or a path, env-file:PATH#VAR, json:PATH, exec:PROGRAM ARGS (on its stdin); {sandbox} in it stands for the sandbox's name; may be repeated [default: the profile's, else -]
    #[arg(short, long, value_name = "DEST")]
    pub(crate) out: Vec<String>,
    /// How the request's body is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) encoding: BodyEncoding,
    /// Where the sandbox itself is, if the list of sandboxes may not be read
    #[arg(long, value_name = "HOST")]
    pub(crate) sandbox_dns: Option<String>,
}

/// `vault-sandbox token create`
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    pub(crate) issue: IssueArgs,
    /// Check everything, show the request without the credential, ask for nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Try the new token out in the sandbox and read its expiry back
    #[arg(long, value_enum, default_value_t)]
    pub(crate) verify: Verify,
    /// Go on with an interrupted run over many sandboxes: do what was certainly not issued
    #[arg(long, value_name = "OPERATION", conflicts_with_all = ["names", "all", "matching", "from", "name", "out", "encoding", "sandbox_dns", "dry_run", "verify"], help_heading = "Many sandboxes")]
    pub(crate) resume: Option<String>,
}

/// `vault-sandbox token rotate`
#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    pub(crate) issue: IssueArgs,
    /// The token to replace [default: the one that the ledger has for this destination]
    #[arg(long, value_name = "ID")]
    pub(crate) old: Option<String>,
    /// How long the old token keeps working once the new one is in place, such as 5m
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(crate) grace: Option<Duration>,
    /// What trying the new token out has to show: that it works (auto), or its expiry too (always)
    #[arg(long, value_enum, default_value_t)]
    pub(crate) verify: Proof,
}

/// `vault-sandbox token recover`
#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// The operation, such as 3f9a1c22; without it, all that is open is listed
    #[arg(value_name = "OPERATION")]
    pub(crate) operation: Option<String>,
    /// Deliver a kept value here instead of where it was meant to go; may be repeated
    #[arg(short, long, value_name = "DEST", requires = "operation", conflicts_with_all = ["revoke", "forget"])]
    pub(crate) out: Vec<String>,
    /// Delete the token instead
    #[arg(long, requires = "operation", conflicts_with = "forget")]
    pub(crate) revoke: bool,
    /// With --revoke: which token it is, where a look-up cannot know; it is deleted on your word
    #[arg(long, value_name = "ID", requires = "revoke", conflicts_with_all = ["out", "forget"])]
    pub(crate) id: Option<String>,
    /// Close the operation by hand; a value that was kept is lost
    #[arg(long, requires = "operation")]
    pub(crate) forget: bool,
    /// Where the sandbox itself is, if the record does not say
    #[arg(long, value_name = "HOST")]
    pub(crate) sandbox_dns: Option<String>,
}

/// `vault-sandbox token list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) sandboxes: Sandboxes,
    /// Only what expires within --within; exit 31 if there is something
    #[arg(long)]
    pub(crate) expiring: bool,
    /// What counts as soon
    #[arg(long, value_name = "D", default_value = "14d", value_parser = duration)]
    pub(crate) within: Duration,
    #[command(flatten)]
    pub(crate) access: SandboxAccess,
}

/// `vault-sandbox token verify`
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) sandboxes: Sandboxes,
    /// The token's ID, if its expiry cannot be told otherwise
    #[arg(long, value_name = "ID", conflicts_with = "delivered")]
    pub(crate) id: Option<String>,
    /// Look at the tokens that this program delivered to files, as its ledger knows them
    #[arg(long, conflicts_with_all = ["sandbox_token_file", "sandbox_dns"])]
    pub(crate) delivered: bool,
    #[command(flatten)]
    pub(crate) access: SandboxAccess,
}

/// `vault-sandbox token revoke`
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The sandbox's name as it stands on the My Vaults page
    #[arg(value_name = "SANDBOX")]
    pub(crate) sandbox: String,
    /// The tokens' IDs, such as V8T000000009001
    #[arg(value_name = "ID", required_unless_present_any = ["name", "expired"], conflicts_with_all = ["name", "expired"])]
    pub(crate) ids: Vec<String>,
    /// Your tokens of this name
    #[arg(short, long, value_name = "NAME", conflicts_with = "expired")]
    pub(crate) name: Option<String>,
    /// Your tokens that have expired
    #[arg(long)]
    pub(crate) expired: bool,
    #[command(flatten)]
    pub(crate) access: SandboxAccess,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum BodyEncoding {
    #[default]
    Form,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Verify {
    /// Where it can be done; else a warning says what is unconfirmed
    #[default]
    Auto,
    /// Or else exit 21
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Proof {
    /// It works in the sandbox
    #[default]
    Auto,
    /// It works, and expires as asked
    Always,
}
