//! Who may depend on whom, and how much: the rules that keep the core small and without I/O.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;
use vault_sandbox_tests::{sources_of, sources_of_core, workspace};

/// Runs cargo without the network, and without changing the lock file where there is one.
fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(workspace())
        .args(arguments)
        .arg("--offline");
    if workspace().join("Cargo.lock").exists() {
        command.arg("--locked");
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Name and version of every crate that `package` is built from, itself included.
fn tree(package: &str, edges: &str) -> BTreeSet<String> {
    let lines = cargo(&["tree", "-p", package, "-e", edges, "--prefix", "none"]);
    let name_and_version = |line: &str| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?))
    };
    lines.lines().filter_map(name_and_version).collect()
}

fn has(tree: &BTreeSet<String>, name: &str) -> bool {
    tree.iter().any(|one| one.split(' ').next() == Some(name))
}

#[test]
fn the_core_is_small_and_knows_no_runtime_and_no_client() {
    let tree = tree("vault-sandbox-core", "normal");
    assert!(
        has(&tree, "vault-sandbox-core") && has(&tree, "http"),
        "{tree:?}"
    );
    assert!(tree.len() <= 21, "{} crates: {tree:#?}", tree.len());
    for never in [
        "tokio",
        "reqwest",
        "hyper",
        "url",
        "ring",
        "rustls",
        "futures",
        "async-trait",
    ] {
        assert!(!has(&tree, never), "{never} is below the core");
    }
    assert!(
        !tree.iter().any(|one| one.starts_with("aws-lc")),
        "{tree:?}"
    );
}

#[test]
fn core_and_reqwest_together_stay_within_their_budget() {
    let tree = tree("vault-sandbox-reqwest", "normal");
    assert!(
        has(&tree, "vault-sandbox-core") && has(&tree, "reqwest"),
        "{tree:?}"
    );
    assert!(tree.len() <= 95, "{} crates: {tree:#?}", tree.len());
    assert!(
        !tree.iter().any(|one| one.starts_with("aws-lc")),
        "{tree:#?}"
    );
    for never in [
        "openssl",
        "openssl-sys",
        "native-tls",
        "vault-sandbox-simulator",
    ] {
        assert!(!has(&tree, never), "{never} is below the transport");
    }
}

/// Whoever builds on it brings a transport, and a way to speak with people, if there are any.
#[test]
fn the_issuer_knows_no_client_no_program_and_no_terminal() {
    let tree = tree("vault-sandbox-issuer", "normal");
    assert!(has(&tree, "vault-sandbox-core"), "{tree:?}");
    assert!(tree.len() <= 45, "{} crates: {tree:#?}", tree.len());
    for never in [
        "clap",
        "indicatif",
        "rpassword",
        "reqwest",
        "hyper",
        "rustls",
        "vault-sandbox-cli",
        "vault-sandbox-reqwest",
        "vault-sandbox-simulator",
    ] {
        assert!(!has(&tree, never), "{never} is below the issuer");
    }
}

/// It is told what it needs, and tells what it finds; what is a platform's own has few places, named here.
#[test]
fn the_issuer_prints_nothing_reads_no_environment_and_knows_platforms_in_few_places() {
    let sources = sources_of("vault-sandbox-issuer");
    assert!(sources.iter().any(|(path, _)| path == "platform/unix.rs"));
    for (path, text) in sources {
        for never in [
            "print!",
            "println!",
            "eprint!",
            "eprintln!",
            "dbg!",
            "stdout()",
            "stderr()",
            "stdin()",
            "std::env",
            "env::var",
            "process::exit",
        ] {
            assert!(!text.contains(never), "{path}: {never}");
        }
        for (system, own) in [
            ("std::os::unix", &UNIX[..]),
            ("std::os::windows", &["platform/windows.rs"][..]),
            ("rustix::", &UNIX[..]),
        ] {
            let is_its_place = own.iter().any(|own| path.starts_with(own));
            let is_its_place = is_its_place || path.ends_with("tests.rs");
            assert!(is_its_place || !text.contains(system), "{path}: {system}");
        }
    }
}

/// Issuing has one driver, whoever asks for it: the issuer's.
#[test]
fn the_program_carries_out_no_step_itself() {
    let sources = sources_of("vault-sandbox-cli");
    assert!(sources.iter().any(|(path, _)| path == "issue.rs"));
    for (path, text) in sources {
        // Those of a run over many say whose turn it is.
        let text = text.replace("RunStep::", "");
        assert!(!text.contains("Step::"), "{path}");
    }
}

/// Each has a neighbour for other platforms.
const UNIX: [&str; 3] = [
    "platform/unix.rs",
    "child/unix.rs",
    "destinations/reserved_file",
];

/// Otherwise both could be wrong together, and every test would pass.
#[test]
fn the_simulator_shares_nothing_with_the_core() {
    let tree = tree("vault-sandbox-simulator", "all");
    assert!(has(&tree, "hyper"));
    assert!(!has(&tree, "vault-sandbox-core"));
    assert!(!has(&tree, "vault-sandbox-reqwest"));
}

/// Arrows point down only; the tests are nobody's dependency.
#[test]
fn nothing_below_depends_on_what_is_above() {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("vault-sandbox-core", &[][..]),
        ("vault-sandbox-issuer", &["vault-sandbox-core"][..]),
        ("vault-sandbox-reqwest", &["vault-sandbox-core"][..]),
        ("vault-sandbox-simulator", &[][..]),
        (
            "vault-sandbox-cli",
            &[
                "vault-sandbox-core",
                "vault-sandbox-issuer",
                "vault-sandbox-reqwest",
                "vault-sandbox-simulator",
            ][..],
        ),
        ("vault-sandbox-tests", &["vault-sandbox-core"][..]),
    ]);
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let may = allowed
            .get(name)
            .unwrap_or_else(|| panic!("{name} is new: say what it may use"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let below = dependency["name"].as_str().unwrap();
            // What tests alone need may come from anywhere but the program.
            let ours = below.starts_with("vault-sandbox-") && dependency["kind"].is_null();
            assert!(!ours || may.contains(&below), "{name} depends on {below}");
        }
    }
}

#[test]
fn every_crate_names_the_same_oldest_compiler() {
    let manifest = std::fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let named = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("rust-version"))?;
        line.split('"').nth(1).map(str::to_owned)
    };
    let wanted = named(&manifest).unwrap();
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() >= 6);
    for package in packages {
        assert_eq!(
            package["rust_version"],
            wanted.as_str(),
            "{}",
            package["name"]
        );
        assert_eq!(package["edition"], "2024", "{}", package["name"]);
        let published = package["publish"].is_null();
        assert_eq!(published, package["name"] != "vault-sandbox-tests");
    }
    // Two places would come apart: clippy takes it from the manifest.
    let clippy = std::fs::read_to_string(workspace().join(".clippy.toml")).unwrap();
    assert!(!clippy.contains("msrv"), "{clippy}");
}

#[test]
fn the_core_has_no_files_no_sockets_no_clock() {
    // Addresses are only numbers.
    const ADDRESSES: &str = "use std::net::{Ipv4Addr, Ipv6Addr};";
    for (path, text) in sources_of_core() {
        // Behind its feature, for tests: a server, and threads. Its dependencies are the core's.
        if path.starts_with("testkit/") {
            continue;
        }
        let text = text.replace(ADDRESSES, "");
        for never in [
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "std::thread",
            "std::io",
            "Instant",
            "SystemTime",
            "Utc::now",
            "Local::now",
            "println!",
            "eprintln!",
            "tokio",
            "reqwest::",
        ] {
            assert!(!text.contains(never), "{path}: {never}");
        }
    }
}
