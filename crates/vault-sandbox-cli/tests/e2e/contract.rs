//! What the program promises to people and scripts: flags, help, JSON, exit codes.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use vault_sandbox_simulator::Simulator;

use crate::harness::{Ran, SANDBOX, World};

const COMMANDS: [&[&str]; 14] = [
    &[],
    &["token"],
    &["token", "create"],
    &["token", "recover"],
    &["token", "revoke"],
    &["sandbox", "list"],
    &["sandbox", "show"],
    &["auth"],
    &["auth", "login"],
    &["auth", "status"],
    &["auth", "logout"],
    &["simulate"],
    &["completions"],
    &["man"],
];

fn plain(args: &[&str]) -> Ran {
    let world = World::new();
    let ran = world.run_without_login(args).without_timeout().go();
    assert_eq!(world.vault.requests().len(), 0, "{args:?} sent something");
    assert_eq!(world.files().len(), 0, "{args:?} wrote something");
    ran
}

#[test]
fn help_begins_with_examples_and_fits() {
    for command in COMMANDS {
        for flag in ["--help", "-h"] {
            let world = World::new();
            let args = [command, &[flag]].concat();
            let run = world.run_without_login(&args).without_timeout();
            let ran = run.env("COLUMNS", "60").go();
            let help = ran.printed();
            assert_eq!(ran.code(), 0, "{args:?}");
            assert_eq!(ran.said(), "", "help goes to stdout");
            assert!(help.contains("Usage: vault-sandbox"), "{help}");
            assert!(!help.contains('\u{1b}'), "no colour into a pipe");
            let too_long = |line: &&str| {
                line.chars().count() > 60
                    && !line.starts_with("Usage:")
                    && line.trim().contains(' ')
            };
            assert_eq!(help.lines().find(too_long), None, "{args:?}");
            if !matches!(command, ["token" | "auth"]) {
                assert!(help.starts_with("Examples:\n  "), "{args:?}: {help}");
            }
        }
    }
}

#[test]
fn without_arguments_it_says_what_it_can() {
    let ran = plain(&[]);
    assert_eq!(ran.code(), 2);
    assert_eq!(ran.printed(), "", "stdout is data");
    assert!(ran.said().contains("Usage:"), "{}", ran.said());
}

#[test]
fn help_into_a_pipe_that_closes() {
    let world = World::new();
    for args in [&["--help"][..], &["man"], &["completions", "bash"]] {
        let run = world.run_without_login(args).without_timeout();
        let ran = run.shell("\"$0\" \"$@\" 2>err | head -c 10; cat err").go();
        assert!(!ran.printed().contains("panic"), "{}", ran.printed());
        assert_eq!(ran.printed().len(), 10, "{}", ran.printed());
    }
}

#[test]
fn version() {
    assert_eq!(
        plain(&["--version"]).printed(),
        format!("vault-sandbox {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_are_understood_by_their_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = plain(&["completions", shell]);
        assert_eq!(ran.code(), 0);
        assert!(
            ran.printed().contains("--expires") || ran.printed().contains("-l expires"),
            "{shell}"
        );
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), &ran.stdout).unwrap();
        match Command::new(shell).arg("-n").arg(path.path()).output() {
            Ok(checked) => assert!(checked.status.success(), "{shell}: {checked:?}"),
            Err(_) => eprintln!("skipped: {shell} is not here to check its completions"),
        }
    }
    assert_eq!(plain(&["completions", "tcsh"]).code(), 2);
}

#[test]
fn the_man_page_tells_of_every_command_and_flag() {
    let ran = plain(&["man"]);
    assert_eq!(ran.code(), 0);
    let page = ran.printed().replace('\\', "");
    for word in [
        "--expires",
        "--out",
        "--dry-run",
        "--verify",
        "--session-file",
        "--revoke",
        "--forget",
        "SANDBOX LIST",
        "TOKEN CREATE",
        "TOKEN RECOVER",
    ] {
        assert!(page.contains(word), "{word}");
    }
}

/// Arguments, environment, exit code, and the flag or variable that is named.
type BadInput = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    i32,
    &'static str,
);

/// Each has its own sentence, which names the flag or variable; nothing is sent, nothing written.
#[test]
fn bad_input() {
    let create = ["token", "create", SANDBOX];
    let rows: [BadInput; 36] = [
        (&["token", "create"], &[], 2, "<SANDBOX>"),
        (&["token", "creat"], &[], 2, "create"),
        (&["tokn"], &[], 2, "token"),
        (&["--frobnicate"], &[], 2, "--frobnicate"),
        (&["--expire", "90d"], &[], 2, "--expires"),
        (&["--timeout", "0s"], &[], 2, "--timeout"),
        (&["--timeout", "5"], &[], 2, "--timeout"),
        (&["--timeout=-5s"], &[], 2, "--timeout"),
        (&["--timeout", ""], &[], 2, "--timeout"),
        (&["--connect-timeout", "soon"], &[], 2, "--connect-timeout"),
        (&["--format", "xml"], &[], 2, "--format"),
        (&["--color", "pink"], &[], 2, "--color"),
        (&["--encoding", "xml"], &[], 2, "--encoding"),
        (&["--verify", "maybe"], &[], 2, "--verify"),
        (&["--name", ""], &[], 2, "--name"),
        (&["--name", " "], &[], 2, "--name"),
        (&["--name", "a\tb"], &[], 2, "--name"),
        (&["--api-version", "v26"], &[], 2, "--api-version"),
        (&["--api-version", "latest"], &[], 2, "--api-version"),
        (&["--api-version", "v26.2/../x"], &[], 2, "--api-version"),
        (&["--user", ""], &[], 2, "--user"),
        (&["--user", "a\nb"], &[], 2, "--user"),
        (&["--sandbox-dns", "a/b"], &[], 2, "--sandbox-dns"),
        (&["--sandbox-dns", ""], &[], 2, "--sandbox-dns"),
        (&["--out", ""], &[], 2, "--out"),
        (&["-q", "-v"], &[], 2, "--verbose"),
        (&[SANDBOX], &[], 2, "named twice"),
        (
            &["--sandbox-dns", "127.0.0.1:1", "two"],
            &[],
            2,
            "--sandbox-dns",
        ),
        (&["--jobs", "0"], &[], 2, "--jobs"),
        (&["--all"], &[], 2, "--all"),
        (
            &[],
            &[("VAULT_SANDBOX_API_VERSION", "latest")],
            3,
            "VAULT_SANDBOX_API_VERSION",
        ),
        (
            &[],
            &[("VAULT_SANDBOX_FORMAT", "xml")],
            3,
            "VAULT_SANDBOX_FORMAT",
        ),
        (
            &[],
            &[("VAULT_SANDBOX_USER", "a\tb")],
            3,
            "VAULT_SANDBOX_USER",
        ),
        (
            &[],
            &[("VAULT_SANDBOX_PASSWORD_FILE", "/nowhere")],
            3,
            "VAULT_SANDBOX_PASSWORD",
        ),
        (&["--password-file", "/nowhere"], &[], 3, "--password-file"),
        (&["--ca-file", "/nowhere"], &[], 3, "--ca-file"),
    ];
    let world = World::new();
    let mut sentences = BTreeSet::new();
    for (more, env, exit, names) in rows {
        let starts_anew = more
            .first()
            .is_some_and(|word| ["token", "tokn"].contains(word));
        let args = if starts_anew {
            more.to_vec()
        } else {
            [&create[..], more].concat()
        };
        let mut run = world.run(&args).without_timeout();
        for (name, value) in env {
            run = run.env(name, value);
        }
        let ran = run.go();
        let said = ran.said();
        assert_eq!(ran.code(), exit, "{args:?} {env:?}: {said}");
        assert!(
            said.contains(names),
            "{args:?} {env:?} does not name {names}: {said}"
        );
        assert_eq!(ran.printed(), "", "stdout is data: {args:?}");
        assert!(!said.contains("panicked"), "{said}");
        sentences.insert(said);
    }
    assert!(
        sentences.len() >= 28,
        "each has its own sentence: {}",
        sentences.len()
    );
    assert_eq!(world.vault.requests().len(), 0);
    assert_eq!(world.files().len(), 0);
}

#[test]
fn arguments_that_are_not_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::new();
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let ran = world.run(&["token", "create"]).arg(odd).go();
    assert_eq!(ran.code(), 2, "{}", ran.said());
    for name in [
        "VAULT_SANDBOX_DNS",
        "VAULT_SANDBOX_PASSWORD",
        "VAULT_SANDBOX_FORMAT",
    ] {
        let ran = world
            .run(&["token", "create", SANDBOX, "-o", "token"])
            .env(name, odd)
            .go();
        assert_eq!(ran.code(), 3, "{}", ran.said());
        assert!(ran.said().contains(name), "{}", ran.said());
    }
    assert_eq!(world.vault.requests().len(), 0);
}

#[test]
fn simulated() {
    let world = World::new();
    let run = world.run(&["--simulate", "token", "create", SANDBOX]);
    let ran = run.env("VAULT_SANDBOX_DNS", "veepharm.veevavault.com").go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(ran.printed().starts_with("veeva-vault-SIMULATED"));
    assert!(
        ran.said().to_lowercase().contains("simulated"),
        "{}",
        ran.said()
    );
    let json = world
        .run(&["--simulate", "sandbox", "list", "--format", "json"])
        .go()
        .json();
    assert_eq!(json["simulated"], true);
    // Its Vaults are gone when it ends: there is nothing to resume.
    let many = [
        "--simulate",
        "token",
        "create",
        "--all",
        "-y",
        "--format",
        "jsonl",
    ];
    let ran = world.run(&many).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(!ran.said().contains("--resume"), "{}", ran.said());
    assert_eq!(world.vault.requests().len(), 0, "the real one is not asked");
    assert_eq!(world.files().len(), 0);
}

/// A command finds the simulated Vault where it would find a real one.
#[test]
fn simulate_runs_a_command() {
    let world = World::new();
    let program = env!("CARGO_BIN_EXE_vault-sandbox");
    let args = [
        "simulate", "--", program, "token", "create", SANDBOX, "-o", "token",
    ];
    let ran = world.run(&args).without_timeout().go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(
        std::fs::read_to_string(world.work("token"))
            .unwrap()
            .starts_with("veeva-vault-SIMULATED")
    );
    let ran = world
        .run(&["simulate", "--", "sh", "-c", "exit 7"])
        .without_timeout()
        .go();
    assert_eq!(ran.code(), 7);
    let ran = world
        .run(&["simulate", "--", "no-such-program"])
        .without_timeout()
        .go();
    assert_eq!(ran.code(), 2, "{}", ran.said());
    assert_eq!(world.vault.requests().len(), 0);
}

/// Over https too, with no trust but in the certificate that was written out.
#[test]
fn simulate_over_https() {
    let world = World::new();
    let program = env!("CARGO_BIN_EXE_vault-sandbox");
    let https = ["simulate", "--https", "--ca-out", "ca.pem", "--", program];
    let create = [
        "token", "create", SANDBOX, "--verify", "always", "-o", "token",
    ];
    let trusting = [&https[..], &["--ca-file", "ca.pem"], &create].concat();
    let ran = world.run(&trusting).without_timeout().go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let token = std::fs::read_to_string(world.work("token")).unwrap();
    assert!(token.starts_with("veeva-vault-SIMULATED"));
    let certificate = std::fs::read_to_string(world.work("ca.pem")).unwrap();
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(!certificate.contains("PRIVATE"), "{certificate}");

    let mode = std::fs::metadata(world.work("ca.pem")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o644, "for other users' clients too");

    let distrusting = [&https[..], &["sandbox", "list"]].concat();
    let ran = world.run(&distrusting).without_timeout().go();
    assert_ne!(ran.code(), 0);
    for args in [
        &["simulate", "--https"][..],
        &["simulate", "--ca-out", "ca.pem"],
        &["simulate", "--https", "--ca-out", "token", "--", "true"],
        &[
            "simulate",
            "--https",
            "--ca-out",
            "none/ca.pem",
            "--",
            "true",
        ],
    ] {
        let ran = world.run(args).without_timeout().go();
        assert_eq!(ran.code(), 2, "{args:?}: {}", ran.said());
    }
    assert_eq!(std::fs::read_to_string(world.work("token")).unwrap(), token);
}

/// The check after sign-in looks at https addresses as at any other.
#[test]
fn another_vault_over_https() {
    let world = World::new();
    let vault = Simulator::builder().https().start().unwrap();
    let ca = world.input("ca.pem", vault.ca_certificate().unwrap().as_bytes());
    let go = || {
        world
            .run(&["--ca-file", &ca, "sandbox", "list"])
            .env("VAULT_SANDBOX_DNS", vault.url())
            .go()
    };
    assert_eq!(go().code(), 0, "{}", go().said());
    vault.switches(|switches| switches.sign_in_lands_elsewhere = true);
    assert_eq!(go().code(), 4, "{}", go().said());
}

#[test]
fn tables_and_facts_at_a_narrow_terminal() {
    let world = World::new();
    for args in [&["sandbox", "list"][..], &["sandbox", "show", SANDBOX]] {
        let ran = world.run(args).env("NO_COLOR", "1").go();
        assert_eq!(ran.code(), 0, "{}", ran.said());
        assert!(ran.printed().contains(SANDBOX) && !ran.printed().contains('\u{1b}'));
        assert!(
            ran.printed().lines().all(|line| line == line.trim_end()),
            "{}",
            ran.printed()
        );
        assert_eq!(ran.said(), "", "nothing but data");
    }
}

#[test]
fn revoking_by_hand() {
    let world = World::new();
    for name in ["a", "a", "b"] {
        world
            .run(&["token", "create", SANDBOX, "-n", name, "-o", "token"])
            .go();
    }
    let asked = world.run(&["token", "revoke", SANDBOX, "--name", "a"]).go();
    assert_eq!(asked.code(), 3, "{}", asked.said());
    assert!(asked.said().contains("--yes"), "{}", asked.said());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 3);
    let ran = world
        .run(&["token", "revoke", SANDBOX, "--name", "a", "--yes"])
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let left: Vec<_> = world
        .vault
        .tokens(SANDBOX)
        .into_iter()
        .map(|t| t.name)
        .collect();
    assert_eq!(left, ["b"]);
    // It is as it should be already.
    let ran = world
        .run(&["token", "revoke", SANDBOX, "--name", "a", "--yes"])
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let ran = world.run(&["token", "revoke", SANDBOX, "--yes"]).go();
    assert_eq!(ran.code(), 2, "which? {}", ran.said());
}
