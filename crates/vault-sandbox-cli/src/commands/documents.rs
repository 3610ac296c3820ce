//! `completions` and `man`: both made from the definition of the arguments.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Cli;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::problem::Problem;

pub(crate) fn completions(shell: Shell) -> Result<Exit, Problem> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vault-sandbox", &mut text);
    stdout::show(&text).map(|()| Exit::Done)
}

pub(crate) fn man() -> Result<Exit, Problem> {
    let mut text = Vec::new();
    let failed =
        |e: std::io::Error| Problem::destination(format!("The man page cannot be written: {e}."));
    render(&Cli::command(), &mut text).map_err(failed)?;
    stdout::show(&text).map(|()| Exit::Done)
}

/// One page for the program and all its commands: what is looked for is found by searching.
fn render(command: &clap::Command, text: &mut Vec<u8>) -> std::io::Result<()> {
    let page = clap_mangen::Man::new(command.clone());
    page.render(text)?;
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        render_sub("vault-sandbox", sub, text)?;
    }
    Ok(())
}

fn render_sub(parent: &str, command: &clap::Command, text: &mut Vec<u8>) -> std::io::Result<()> {
    use std::io::Write as _;
    let name = format!("{parent} {}", command.get_name());
    writeln!(text, ".SH \"{}\"", name.to_uppercase())?;
    let page = clap_mangen::Man::new(command.clone());
    page.render_description_section(text)?;
    if !command.has_subcommands() {
        page.render_options_section(text)?;
    }
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        render_sub(&name, sub, text)?;
    }
    Ok(())
}
