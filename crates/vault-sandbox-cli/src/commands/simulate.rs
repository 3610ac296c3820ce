//! `simulate`: a Vault on loopback, until Ctrl-C or for a command.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use vault_sandbox_simulator::Simulator;

use super::Context;
use crate::args::SimulateArgs;
use crate::connection::start_simulator;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::signals::Signals;

/// What a simulated run ends with: our own exit, or the command's.
pub(crate) enum Ended {
    Here(Exit),
    Command(u8),
}

pub(crate) fn run(context: &Context<'_>, args: &SimulateArgs) -> Result<Ended, Problem> {
    let mut builder = Simulator::builder().port(args.port).control();
    if args.https {
        builder = builder.https();
    }
    let simulator = start_simulator(builder)?;
    let ca = args.ca_out.as_deref();
    if let (Some(path), Some(certificate)) = (ca, simulator.ca_certificate()) {
        write_certificate(path, &certificate)?;
    }
    match args.command.split_first() {
        Some((program, rest)) => run_command(&simulator, program, rest),
        None => wait(context, &simulator, ca),
    }
}

/// For anyone to read: it is what a server shows to whoever connects.
fn write_certificate(path: &Path, certificate: &str) -> Result<(), Problem> {
    if holds_something_else(path) {
        return Err(Problem::usage(format!(
            "{} is there already and is not a certificate. Give another path to --ca-out.",
            path.display()
        )));
    }
    let is_new = !path.exists();
    let written = std::fs::write(path, certificate).and_then(|()| {
        // Our own files are for nobody else; this one is.
        if is_new {
            std::fs::set_permissions(path, Permissions::from_mode(0o644))?;
        }
        Ok(())
    });
    written.map_err(|error| {
        Problem::usage(format!(
            "The certificate cannot be written to {}: {error}.",
            path.display()
        ))
    })
}

/// A slip of the finger must not cost a key.
fn holds_something_else(path: &Path) -> bool {
    path.is_file()
        && std::fs::read(path)
            .is_ok_and(|old| !old.is_empty() && !old.starts_with(b"-----BEGIN CERTIFICATE-----"))
}

fn wait(context: &Context<'_>, simulator: &Simulator, ca: Option<&Path>) -> Result<Ended, Problem> {
    let voice = context.voice;
    let url = simulator.url();
    voice.say(
        &"A simulated Vault is running on this machine. Nothing in it is real. Ctrl-C ends it.",
    );
    voice.say(&"In another terminal:");
    voice.say(&"");
    voice.say(&format!("  export VAULT_SANDBOX_DNS={url}"));
    voice.say(&format!(
        "  export VAULT_SANDBOX_USER={}",
        simulator.user_name()
    ));
    voice.say(&format!(
        "  export VAULT_SANDBOX_PASSWORD={}",
        simulator.password()
    ));
    let (ca_file, cacert) = match ca {
        Some(path) => {
            let path = path.to_string_lossy();
            let path = shell_words::quote(&path);
            (format!(" --ca-file {path}"), format!(" --cacert {path}"))
        }
        None => (String::new(), String::new()),
    };
    voice.say(&format!("  vault-sandbox{ca_file} sandbox list"));
    voice.say(&format!(
        "  vault-sandbox{ca_file} token create \"VeePharm Sandbox\""
    ));
    voice.say(&"");
    voice.say(&"Or with curl (the session ID stands in the first answer):");
    voice.say(&"");
    voice.say(&format!(
        "  curl{cacert} -d username={} -d password={} {url}/api/v26.2/auth",
        simulator.user_name(),
        simulator.password()
    ));
    voice.say(&"  export SESSION=...");
    voice.say(&format!(
        "  curl{cacert} -H \"Authorization: $SESSION\" {url}/api/v26.2/objects/sandbox"
    ));
    voice.say(&format!(
        "  curl{cacert} -H \"Authorization: $SESSION\" -d name__v=try {url}/api/v26.2/objects/sandbox/VeePharm%20Sandbox/users/me/api_access_token__sys"
    ));
    voice.say(&"");
    voice.say(&format!(
        "Anyone on this machine can drive it below {url}/simulator/ (clock, faults, reset):"
    ));
    voice.say(&"");
    voice.say(&format!("  curl{cacert} {url}/simulator/"));
    voice.say(&format!(
        "  curl{cacert} -d '{{\"advance_s\": 1200}}' {url}/simulator/clock"
    ));
    voice.say(&"");
    crate::runtime()?.block_on(async {
        let asked = Signals::take()?.asked().await;
        voice.say(&"Ended.");
        // Ctrl-C is how it is meant to end.
        Ok(Ended::Here(if asked.is_interrupt() {
            Exit::Done
        } else {
            asked.exit()
        }))
    })
}

/// The command finds the simulated Vault where it would find a real one, and no credential of ours.
fn run_command(
    simulator: &Simulator,
    program: &std::ffi::OsStr,
    arguments: &[std::ffi::OsString],
) -> Result<Ended, Problem> {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("VAULT_SANDBOX_") && name != "VAULT_SANDBOX_STATE_DIR"
        {
            command.env_remove(name);
        }
    }
    let status = command
        .args(arguments)
        // What is configured is about real Vaults.
        .env("VAULT_SANDBOX_CONFIG", "/dev/null")
        .env("VAULT_SANDBOX_DNS", simulator.url())
        .env("VAULT_SANDBOX_USER", simulator.user_name())
        .env("VAULT_SANDBOX_PASSWORD", simulator.password())
        .status()
        .map_err(|e| {
            Problem::usage(format!("{} cannot be run: {e}.", program.to_string_lossy()))
        })?;
    use std::os::unix::process::ExitStatusExt as _;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(1);
    Ok(Ended::Command(u8::try_from(code).unwrap_or(1)))
}
