//! The program `vault-sandbox`: API access tokens for Veeva Vault sandboxes.
//!
//! `main` reads the arguments and ends with the exit code; what lies between is in the modules.

mod args;
mod ci;
mod commands;
mod config;
mod connection;
mod credentials;
mod destinations;
mod exit;
mod hygiene;
mod inside;
mod issue;
mod json;
mod ledger;
mod own_files;
mod page;
mod problem;
mod programs;
mod report;
mod sandbox;
mod selection;
mod settings;
mod signals;
mod state_errors;
mod tokens;
mod typed;
mod voice;
mod words;
mod wrap;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use crate::args::{AuthCommand, Cli, Command, Format, SandboxCommand, TokenCommand};
use crate::commands::{
    Context, auth, create, documents, list, recover, revoke, sandboxes, simulate, verify,
};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::typed::Typed;
use crate::voice::{Level, Voice};

fn main() -> ExitCode {
    hygiene::set_up();
    let words: Vec<OsString> = std::env::args_os().collect();
    let code = match secret_among(&words) {
        Some(problem) => complain(
            &Voice::new(Level::Normal, false),
            &problem,
            is_json_asked(&words),
            "",
            false,
        ),
        None => match Cli::try_parse_from(&words) {
            Ok(cli) => run(&cli),
            Err(error) => usage(&error, is_json_asked(&words), &command_among(&words)),
        },
    };
    ExitCode::from(code)
}

fn run(cli: &Cli) -> u8 {
    let mut voice = Voice::new(settings::level(&cli.global), settings::color(&cli.global));
    if cli.global.plain {
        voice = voice.unwrapped();
    }
    hygiene::quiet_panics(voice.clone());
    let json = settings::format(&cli.global).is_ok_and(|format| format != Format::Human);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| dispatch(cli, &voice)));
    match ended {
        Ok(Ok(code)) => code,
        Ok(Err(problem)) => complain(
            &voice,
            &problem,
            json,
            name_of(&cli.command),
            cli.global.simulate,
        ),
        Err(_) => {
            let problem = Problem::new(Exit::Internal, "The program ended by a defect of its own.")
                .next(
                    "See whether it left something open",
                    Typed::of(&cli.global).command("token recover"),
                );
            complain(
                &voice,
                &problem,
                json,
                name_of(&cli.command),
                cli.global.simulate,
            )
        }
    }
}

fn dispatch(cli: &Cli, voice: &Voice) -> Result<u8, Problem> {
    let speaks_with_vault = matches!(
        cli.command,
        Command::Token(_) | Command::Sandbox(_) | Command::Auth(_)
    );
    let settings = Settings::resolve(&cli.global, speaks_with_vault)?;
    let context = Context {
        global: &cli.global,
        settings: &settings,
        voice,
    };
    let exit = match &cli.command {
        Command::Token(TokenCommand::Create(args)) => create::run(&context, args)?,
        Command::Token(TokenCommand::List(args)) => list::run(&context, args)?,
        Command::Token(TokenCommand::Verify(args)) => verify::run(&context, args)?,
        Command::Token(TokenCommand::Rotate(args)) => create::rotate(&context, args)?,
        Command::Token(TokenCommand::Revoke(args)) => revoke::run(&context, args)?,
        Command::Token(TokenCommand::Recover(args)) => recover::run(&context, args)?,
        Command::Sandbox(SandboxCommand::List) => sandboxes::list(&context)?,
        Command::Sandbox(SandboxCommand::Show { sandbox }) => sandboxes::show(&context, sandbox)?,
        Command::Auth(AuthCommand::Login) => auth::login::run(&context)?,
        Command::Auth(AuthCommand::Status) => auth::status::run(&context)?,
        Command::Auth(AuthCommand::Logout) => auth::logout::run(&context)?,
        Command::Simulate(args) => match simulate::run(&context, args)? {
            simulate::Ended::Here(exit) => exit,
            simulate::Ended::Command(code) => return Ok(code),
        },
        Command::Completions { shell } => documents::completions(*shell)?,
        Command::Man => documents::man()?,
    };
    Ok(exit.code())
}

/// One thread: this program waits for one thing at a time.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Problem> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // The thread that a destination was checked on is still there when it is to be served.
        .thread_keep_alive(Duration::from_secs(24 * 60 * 60))
        .build()
        .map_err(|e| Problem::new(Exit::Internal, format!("The runtime does not start: {e}.")))
}

/// Says what went wrong, to people and, if asked, to scripts.
fn complain(voice: &Voice, problem: &Problem, json: bool, command: &str, simulated: bool) -> u8 {
    voice.problem(problem);
    if json {
        let ending = json::Ending {
            command,
            outcome: None,
            simulated,
            warnings: &[],
            problem: Some(problem),
            voice,
        };
        // Where stdout cannot be written, the exit code and stderr still say it.
        let _ = json::print(&ending, json::Empty {});
    }
    problem.exit.code()
}

/// A secret on the command line has been seen by every process, and by the shell's history.
fn secret_among(words: &[OsString]) -> Option<Problem> {
    let secret = |word: &OsString| {
        let word = word.to_string_lossy();
        let mut found = word.split(vault_sandbox_core::TOKEN_PREFIX).skip(1);
        found.any(|tail| tail.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    words.iter().skip(1).any(secret).then(|| {
        Problem::usage("A word on the command line looks like an API access token. It is now exposed: other users and the shell's history can see it.")
            .now("Nothing was done. Delete that token in Vault, and give the next one by a file or the environment: --token-file PATH, VAULT_SANDBOX_TOKEN.")
    })
}

fn usage(error: &clap::Error, json: bool, command: &str) -> u8 {
    let text = error.render();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        // `vault-sandbox --help | head` is no mistake.
        let _ = destinations::stdout::write(text.to_string().as_bytes());
        return Exit::Done.code();
    }
    let voice = Voice::new(Level::Normal, false);
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        voice.say(&text);
        return Exit::Usage.code();
    }
    let text = text.to_string();
    let problem = Problem::usage(text.trim().trim_start_matches("error: ").to_owned());
    complain(&voice, &problem, json, command, false)
}

/// The command that was meant, where the arguments as a whole were not understood.
fn command_among(words: &[OsString]) -> String {
    let mut command = Cli::command();
    let mut names = Vec::new();
    for word in words.iter().skip(1) {
        if let Some(sub) = command.find_subcommand(word).cloned() {
            names.push(sub.get_name().to_owned());
            command = sub;
        }
    }
    names.join(" ")
}

/// Whether the result is asked for as JSON, before the arguments are understood.
fn is_json_asked(words: &[OsString]) -> bool {
    let texts: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let by_flag = texts.iter().enumerate().any(|(at, word)| {
        let value = match word.strip_prefix("--format") {
            Some("") => texts.get(at + 1).map(|next| next.to_string()),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        matches!(value.as_deref(), Some("json" | "jsonl"))
    });
    by_flag
        || std::env::var("VAULT_SANDBOX_FORMAT")
            .is_ok_and(|format| matches!(format.as_str(), "json" | "jsonl"))
}

fn name_of(command: &Command) -> &'static str {
    match command {
        Command::Token(TokenCommand::Create(_)) => "token create",
        Command::Token(TokenCommand::List(_)) => "token list",
        Command::Token(TokenCommand::Verify(_)) => "token verify",
        Command::Token(TokenCommand::Rotate(_)) => "token rotate",
        Command::Token(TokenCommand::Revoke(_)) => "token revoke",
        Command::Token(TokenCommand::Recover(_)) => "token recover",
        Command::Sandbox(SandboxCommand::List) => "sandbox list",
        Command::Sandbox(SandboxCommand::Show { .. }) => "sandbox show",
        Command::Auth(AuthCommand::Login) => "auth login",
        Command::Auth(AuthCommand::Status) => "auth status",
        Command::Auth(AuthCommand::Logout) => "auth logout",
        Command::Simulate(_) => "simulate",
        Command::Completions { .. } => "completions",
        Command::Man => "man",
    }
}
