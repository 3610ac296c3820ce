//! Every flag, once. Help, man page and completions are made from this.

mod token;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use token::{
    BodyEncoding, CreateArgs, IssueArgs, ListArgs, Proof, RecoverArgs, RevokeArgs, RotateArgs,
    SandboxAccess, Sandboxes, Verify, VerifyArgs,
};

/// API access tokens for Veeva Vault sandboxes: never lost, never minted twice, never leaked
#[derive(Debug, Parser)]
#[command(
    name = "vault-sandbox",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    before_help = "Examples:
  vault-sandbox --simulate token create \"VeePharm Sandbox\"
      try it in a simulated Vault: nothing is needed, nothing is real
  vault-sandbox --dns veepharm.veevavault.com \\
    token create \"VeePharm Sandbox\" --out .secrets/token
      a token for a real sandbox, into a file that only you can read",
    after_help = "Exit codes: 0 done; 2 to 11 and 130, 143 nothing was issued; 20 to 23 a token was, or may have been, \
issued: the last lines say what is true and what to type next. See the man page: vault-sandbox man"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The parent Vault's DNS, such as veepharm.veevavault.com [env: VAULT_SANDBOX_DNS]
    #[arg(long, global = true, value_name = "HOST", help_heading = "Vault")]
    pub(crate) dns: Option<String>,
    /// Use a fresh simulated Vault on this machine; no credential of yours is read or sent
    #[arg(long, global = true, help_heading = "Vault")]
    pub(crate) simulate: bool,
    /// The profile of the configuration file [env: VAULT_SANDBOX_PROFILE] [default: its default_profile]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Vault")]
    pub(crate) profile: Option<String>,
    /// The configuration file [env: VAULT_SANDBOX_CONFIG] [default: $XDG_CONFIG_HOME/vault-sandbox/config.toml]
    #[arg(long, global = true, value_name = "PATH", help_heading = "Vault")]
    pub(crate) config: Option<PathBuf>,
    /// User name, to sign in with a password [env: VAULT_SANDBOX_USER]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Vault")]
    pub(crate) user: Option<String>,
    /// API version [env: VAULT_SANDBOX_API_VERSION] [default: v26.2]
    #[arg(long, global = true, value_name = "V", help_heading = "Vault")]
    pub(crate) api_version: Option<String>,

    /// Read a session ID from this file ("-": stdin)
    #[arg(long, global = true, value_name = "PATH", help_heading = "Credentials")]
    pub(crate) session_file: Option<PathBuf>,
    /// Read an API access token from this file ("-": stdin)
    #[arg(long, global = true, value_name = "PATH", help_heading = "Credentials")]
    pub(crate) token_file: Option<PathBuf>,
    /// Read the password of --user from this file ("-": stdin)
    #[arg(long, global = true, value_name = "PATH", help_heading = "Credentials")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read an identity provider's token from this file ("-": stdin), to exchange it for a session
    #[arg(long, global = true, value_name = "PATH", help_heading = "Credentials")]
    pub(crate) oauth_token_file: Option<PathBuf>,
    /// The Vault's OAuth profile by which it is exchanged [env: VAULT_SANDBOX_OAUTH_PROFILE]
    #[arg(long, global = true, value_name = "ID", help_heading = "Credentials")]
    pub(crate) oauth_profile: Option<String>,
    /// The client ID at the identity provider, if the profile asks for one
    #[arg(long, global = true, value_name = "ID", help_heading = "Credentials")]
    pub(crate) oauth_client_id: Option<String>,

    /// How the result is written [env: VAULT_SANDBOX_FORMAT] [default: human]
    #[arg(long, global = true, value_enum, help_heading = "Output")]
    pub(crate) format: Option<Format>,
    /// Say only what went wrong
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Output"
    )]
    pub(crate) quiet: bool,
    /// Say more; twice: each request line, status, time and execution ID, never a body
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
    /// Colour (NO_COLOR is honoured)
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        help_heading = "Output"
    )]
    pub(crate) color: Color,
    /// No colour, no redrawing, one fact per line
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) plain: bool,

    /// Never prompt (implied without a terminal)
    #[arg(long, global = true, help_heading = "Behaviour")]
    pub(crate) no_input: bool,
    /// Confirm what the command names
    #[arg(short, long, global = true, help_heading = "Behaviour")]
    pub(crate) yes: bool,
    /// Where records of operations are kept [env: VAULT_SANDBOX_STATE_DIR] [default: $XDG_STATE_HOME/vault-sandbox]
    #[arg(long, global = true, value_name = "PATH", help_heading = "Behaviour")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Longest wait for an answer; a throttled Vault delays its answers, so a short one is wrong
    #[arg(long, global = true, value_name = "D", default_value = "120s", value_parser = duration, allow_hyphen_values = true, help_heading = "Network")]
    pub(crate) timeout: Duration,
    /// Longest wait for a connection
    #[arg(long, global = true, value_name = "D", default_value = "10s", value_parser = duration, allow_hyphen_values = true, help_heading = "Network")]
    pub(crate) connect_timeout: Duration,
    /// Certificates (PEM) to trust besides the platform's
    #[arg(long, global = true, value_name = "PATH", help_heading = "Network")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Generate, list, revoke and recover API access tokens
    #[command(
        subcommand,
        before_help = "Examples:
  vault-sandbox token create \"VeePharm Sandbox\" \\
    --expires 90d --out .secrets/veepharm.token
      a token, into a file that only you can read
  vault-sandbox token list \"VeePharm Sandbox\"
      which there are, and until when they work"
    )]
    Token(TokenCommand),
    /// Look at the sandboxes of the signed-in Vault
    #[command(
        subcommand,
        before_help = "Examples:
  vault-sandbox sandbox list
  vault-sandbox sandbox show \"VeePharm Sandbox\""
    )]
    Sandbox(SandboxCommand),
    /// Sign in for the commands to come, see as whom, and sign out
    #[command(
        subcommand,
        before_help = "Examples:
  vault-sandbox --dns veepharm.veevavault.com auth login
      asks for user name and password
  vault-sandbox --dns veepharm.veevavault.com auth status
      who is signed in, and by what"
    )]
    Auth(AuthCommand),
    /// Run a simulated Vault on this machine until Ctrl-C, or for a command
    #[command(before_help = "Examples:
  vault-sandbox simulate
      a simulated Vault, with what to type in another terminal
  vault-sandbox simulate -- sh -c \\
    'vault-sandbox token create \"VeePharm Sandbox\"'
      run a command against one; VAULT_SANDBOX_DNS and the credential are set for it
  vault-sandbox simulate --https --ca-out simulated-ca.pem
      the same over https, for clients that insist on it")]
    Simulate(SimulateArgs),
    /// Write completions for a shell to stdout
    #[command(before_help = "Examples:
  vault-sandbox completions bash > \\
    ~/.local/share/bash-completion/completions/vault-sandbox
  vault-sandbox completions fish > \\
    ~/.config/fish/completions/vault-sandbox.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the man page to stdout
    #[command(before_help = "Examples:
  vault-sandbox man | man -l -
  vault-sandbox man > \\
    ~/.local/share/man/man1/vault-sandbox.1")]
    Man,
}

/// `vault-sandbox token …`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Generate an API access token for yourself in a sandbox
    #[command(before_help = "Examples:
  vault-sandbox token create \"VeePharm Sandbox\" \\
    --expires 90d --out .secrets/veepharm.token
      into a file that only you can read; whatever it held before is replaced at once
  TOKEN=$(vault-sandbox token create \"VeePharm Sandbox\")
      stdout carries the value and nothing else
  vault-sandbox token create --match \"VeePharm *\" \\
    --out \".secrets/{sandbox}.token\"
      a token for each of many sandboxes, after a question")]
    Create(CreateArgs),
    /// List your tokens in sandboxes
    #[command(before_help = "Examples:
  vault-sandbox token list \"VeePharm Sandbox\"
  vault-sandbox token list --all --expiring --within 14d
      exit 31 if something expires within two weeks: for cron")]
    List(ListArgs),
    /// See whether a token works in its sandbox, and until when; exit 4 if not
    #[command(before_help = "Examples:
  vault-sandbox token verify \"VeePharm Sandbox\" \\
    --sandbox-token-file .secrets/veepharm.token
      the token in this file
  vault-sandbox token verify --all --delivered
      every token that this program delivered to a file")]
    Verify(VerifyArgs),
    /// Put a new token in the place of an old one, which is deleted last
    #[command(before_help = "Examples:
  vault-sandbox token rotate \"VeePharm Sandbox\" \\
    --out .secrets/veepharm.token
      the old token works until the new one is in the file and was seen to work
  vault-sandbox token rotate \"VeePharm Sandbox\" \\
    --out .secrets/veepharm.token --grace 5m
      the old one works for five more minutes")]
    Rotate(RotateArgs),
    /// Delete tokens in a sandbox; they stop working at once
    #[command(before_help = "Examples:
  vault-sandbox token revoke \"VeePharm Sandbox\" \\
    V8T000000009001
      one token, after a question
  vault-sandbox token revoke \"VeePharm Sandbox\" \\
    --expired --yes
      your tokens that have expired, without one")]
    Revoke(RevokeArgs),
    /// Finish, hand over, revoke or forget what an interrupted run left
    #[command(before_help = "Examples:
  vault-sandbox token recover
      what is open
  vault-sandbox token recover 3f9a1c22 \\
    --out .secrets/veepharm.token
      deliver a value that was kept")]
    Recover(RecoverArgs),
}

impl Global {
    /// A credential is read from stdin, which can be read once.
    pub(crate) fn reads_stdin(&self) -> bool {
        let files = [
            &self.session_file,
            &self.token_file,
            &self.password_file,
            &self.oauth_token_file,
        ];
        files
            .into_iter()
            .flatten()
            .any(|path| path.as_os_str() == "-")
    }
}

/// `vault-sandbox sandbox …`
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// List the sandboxes
    #[command(before_help = "Examples:
  vault-sandbox sandbox list
  vault-sandbox sandbox list --format json")]
    List,
    /// Show one sandbox
    #[command(before_help = "Examples:
  vault-sandbox sandbox show \"VeePharm Sandbox\"
  vault-sandbox sandbox show \"VeePharm Sandbox\" \\
    --format json")]
    Show {
        /// The sandbox's name as it stands on the My Vaults page
        #[arg(value_name = "SANDBOX")]
        sandbox: String,
    },
}

/// `vault-sandbox auth …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Sign in and keep the session, so that later commands need no password
    #[command(before_help = "Examples:
  vault-sandbox --dns veepharm.veevavault.com \\
    --user jane.doe@veepharm.com auth login
      asks for the password; the session is kept in a file that only you can read
  vault-sandbox auth login --oauth-profile _9ad0a091 \\
    --oauth-token-file idp.token
      exchanges an identity provider's token for a session")]
    Login,
    /// Say who is signed in to which Vault, and by what; exit 4 if nobody is
    #[command(before_help = "Examples:
  vault-sandbox auth status
      which credential wins, whether Vault accepts it, how long it lives
  vault-sandbox auth status --format json")]
    Status,
    /// End the kept session at Vault and delete it here
    #[command(before_help = "Examples:
  vault-sandbox auth logout
  vault-sandbox --dns veepharm.veevavault.com auth logout")]
    Logout,
}

/// `vault-sandbox simulate`
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The port of the parent Vault; any free one unless given
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,
    /// Speak https, with a certificate of a throw-away CA
    #[arg(long, requires = "ca_out")]
    pub(crate) https: bool,
    /// Where to write the CA's certificate (PEM), for clients to trust; it holds no key
    #[arg(long, value_name = "PATH", requires = "https")]
    pub(crate) ca_out: Option<std::path::PathBuf>,
    /// A command to run against it; its exit code becomes ours
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// One JSON object on stdout, also for errors
    Json,
    /// As json; a line for each sandbox where there are many
    Jsonl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("a wait of nothing".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err("write a number with a unit, such as 120s, 2m or 500ms".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
