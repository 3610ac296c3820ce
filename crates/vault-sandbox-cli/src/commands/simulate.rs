//! `simulate`: a Vault on loopback, until Ctrl-C or for a command.

use std::process::Command;

use vault_sandbox_simulator::Simulator;

use super::Context;
use crate::args::SimulateArgs;
use crate::connection::start_simulator;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::signals::{Asked, Signals};

/// What a simulated run ends with: our own exit, or the command's.
pub(crate) enum Ended {
    Here(Exit),
    Command(u8),
}

pub(crate) fn run(context: &Context<'_>, args: &SimulateArgs) -> Result<Ended, Problem> {
    let simulator = start_simulator(Simulator::builder().port(args.port))?;
    match args.command.split_first() {
        Some((program, rest)) => run_command(&simulator, program, rest),
        None => wait(context, &simulator),
    }
}

fn wait(context: &Context<'_>, simulator: &Simulator) -> Result<Ended, Problem> {
    let voice = context.voice;
    voice.say(
        &"A simulated Vault is running on this machine. Nothing in it is real. Ctrl-C ends it.",
    );
    voice.say(&"In another terminal:");
    voice.say(&"");
    voice.say(&format!(
        "  export VAULT_SANDBOX_DNS=http://{}",
        simulator.dns()
    ));
    voice.say(&format!(
        "  export VAULT_SANDBOX_USER={}",
        simulator.user_name()
    ));
    voice.say(&format!(
        "  export VAULT_SANDBOX_PASSWORD={}",
        simulator.password()
    ));
    voice.say(&"  vault-sandbox sandbox list");
    voice.say(&"  vault-sandbox token create \"VeePharm Sandbox\"");
    voice.say(&"");
    crate::runtime()?.block_on(async {
        let asked = Signals::take()?.asked().await;
        voice.say(&"Ended.");
        // Ctrl-C is how it is meant to end.
        Ok(Ended::Here(if asked == Asked::Interrupt {
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
        .env("VAULT_SANDBOX_DNS", format!("http://{}", simulator.dns()))
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
