//! The examples that help begins with, and the completions: each is really tried.

use std::fs;
use std::process::Command;

use vault_sandbox_simulator::{OAUTH_PROFILE, OAUTH_TOKEN};

use crate::harness::{Run, SANDBOX, World};

/// The words of every command, those of groups too, as help itself lists them.
fn commands() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let help = help(&words);
        let listed = help.split("\nCommands:\n").nth(1).unwrap_or_default();
        let names = listed
            .lines()
            .take_while(|line| line.starts_with("  "))
            .filter(|line| !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next());
        for name in names.filter(|name| *name != "help") {
            open.push([&words[..], &[name.to_owned()]].concat());
        }
        found.push(words);
    }
    found
}

fn help(words: &[String]) -> String {
    let world = World::new();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let args = [&words[..], &["--help"]].concat();
    let run = world.run_without_login(&args).without_timeout();
    run.env("COLUMNS", "60").go().printed()
}

/// The commands of the examples, as they would be pasted.
fn examples(help: &str) -> Vec<String> {
    let block = help.strip_prefix("Examples:\n").unwrap_or_default();
    let block = block.split("\n\n").next().unwrap();
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in block.lines() {
        if goes_on {
            let last = commands.last_mut().unwrap();
            last.push('\n');
            last.push_str(line);
        } else if line.starts_with("  ") && !line.starts_with("   ") {
            commands.push(line.to_owned());
        }
        goes_on = line.ends_with('\\');
    }
    commands
}

/// Where an example would go to a real Vault, or needs something to be there.
fn prepared(world: &World, example: &str) -> (String, Run, i32) {
    for directory in [".secrets", "home/.local/share/bash-completion/completions"] {
        let at = match directory.strip_prefix("home/") {
            Some(rest) => world.root().join("home").join(rest),
            None => world.work(directory),
        };
        fs::create_dir_all(at).unwrap();
    }
    for directory in [".config/fish/completions", ".local/share/man/man1"] {
        fs::create_dir_all(world.root().join("home").join(directory)).unwrap();
    }
    fs::write(world.work("idp.token"), OAUTH_TOKEN).unwrap();
    let dns = format!("http://{}", world.vault.dns());
    let mut script = example
        .replace("veepharm.veevavault.com", &dns)
        .replace("_9ad0a091", OAUTH_PROFILE);
    let mut exit = 0;
    let is_endless = script.contains(" simulate") && !script.contains(" -- ");
    if is_endless {
        script.push_str(" -- true");
    }
    if script.contains("token revoke") {
        world.run(&["token", "create", SANDBOX, "-o", "token"]).go();
        assert_eq!(world.vault.tokens(SANDBOX)[0].id, "V8T000000009001");
        if !script.contains("--yes") {
            // A person says so.
            script.push_str(" --yes");
        }
    }
    if script.contains("--match") {
        script.push_str(" --yes");
    }
    if script.contains("token verify") {
        world
            .run(&["token", "create", SANDBOX, "-o", ".secrets/veepharm.token"])
            .go();
    }
    if script.contains("token recover") {
        let run = world.run(&["token", "create", SANDBOX, "-o", "exec:false"]);
        assert_eq!(run.go().code(), 20);
        script = script.replace("3f9a1c22", &world.operations()[0]);
    }
    if script.contains("--expiring") {
        world
            .run(&["token", "create", SANDBOX, "-o", "token", "-e", "5d"])
            .go();
        exit = 31;
    }
    if script.contains("auth logout") {
        assert_eq!(world.run(&["auth", "login"]).go().code(), 0);
    }
    let run = world
        .shell(&script)
        .env("HOME", world.root().join("home"))
        .env("XDG_STATE_HOME", world.root().join("state"))
        .env("VAULT_SANDBOX_DNS", dns);
    let by_idp = script.contains("oauth");
    let run = match by_idp {
        true => run,
        false => run
            .env("VAULT_SANDBOX_USER", world.vault.user_name())
            .env("VAULT_SANDBOX_PASSWORD", world.vault.password()),
    };
    (script, run, exit)
}

#[test]
fn help_begins_with_two_examples_that_work() {
    let commands = commands();
    assert!(commands.len() >= 16, "{commands:?}");
    let mut tried = 0;
    for words in commands {
        let help = help(&words);
        let examples = examples(&help);
        assert!(examples.len() >= 2, "{words:?}: {help}");
        for example in examples {
            let begins = ["  vault-sandbox ", "  TOKEN=$(vault-sandbox "];
            assert!(begins.iter().any(|b| example.starts_with(b)), "{example:?}");
            // It waits for a person.
            if example.contains("man -l") {
                continue;
            }
            let world = World::new();
            let (script, run, exit) = prepared(&world, &example);
            let ran = run.go();
            assert_eq!(ran.code(), exit, "{script}\n{}", ran.said());
            tried += 1;
        }
    }
    assert!(tried >= 28, "{tried}");
}

/// Sources the completions in the real shell and asks for what follows `vault-sandbox tok`. (zsh only
/// says whether it would ask.)
#[test]
fn completions_complete() {
    for (shell, args, script) in [
        (
            "bash",
            &["--norc", "-c"][..],
            "source \"$0\" && COMP_WORDS=(vault-sandbox tok) COMP_CWORD=1 && \
             $(complete -p vault-sandbox | sed 's/.*-F \\([^ ]*\\).*/\\1/') vault-sandbox tok vault-sandbox && \
             printf '%s\\n' \"${COMPREPLY[@]}\"",
        ),
        (
            "zsh",
            &["-f", "-c"],
            "autoload -U compinit && compinit -D -u && source \"$0\" && \
             [[ ${_comps[vault-sandbox]} == _vault-sandbox ]] && print token",
        ),
        (
            "fish",
            &["--no-config", "-c"],
            "source $argv[1]; complete -C 'vault-sandbox tok'",
        ),
    ] {
        let world = World::new();
        let ran = world
            .run_without_login(&["completions", shell])
            .without_timeout()
            .go();
        let file = world.work("completions");
        fs::write(&file, &ran.stdout).unwrap();
        let mut command = Command::new(shell);
        match command.args(args).arg(script).arg(&file).output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let offered = String::from_utf8_lossy(&output.stdout);
                assert!(output.status.success(), "{shell}: {said}");
                assert_eq!(said, "", "{shell}");
                let words = offered.split_whitespace();
                assert!(
                    words.into_iter().any(|w| w == "token"),
                    "{shell}: {offered}"
                );
            }
            Err(_) => eprintln!("skipped: {shell} is not here to load its completions"),
        }
    }
}
