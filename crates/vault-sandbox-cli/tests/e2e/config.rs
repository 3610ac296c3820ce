//! The configuration file: what it sets, what is refused in it.

use std::fs;

use crate::harness::{Ran, Run, SANDBOX, World};

/// `token create` with this as the configuration file.
fn create_with(world: &World, config: &str) -> Run {
    let path = world.input("config.toml", config.as_bytes());
    world
        .run(&["token", "create", SANDBOX, "--format", "json"])
        .arg("--config")
        .arg(path)
}

fn assert_code(ran: &Ran, code: i32) {
    assert_eq!(ran.code(), code, "{}", ran.said());
}

#[test]
fn a_profile_gives_what_is_not_said() {
    let world = World::new();
    let password = world.input("password", world.vault.password().as_bytes());
    let config = format!(
        "default_profile = 'sim'
[profile.sim]
dns = 'http://{}'
vault_id = {}
user = {:?}
password_command = ['cat', {password:?}]
expires = '30d'
max_expires = '60d'
[profile.sim.sandbox.{SANDBOX:?}]
out = ['file:~/token']
",
        world.vault.dns(),
        world.vault.vault_id(),
        world.vault.user_name()
    );
    let directory = world.root().join("home/.config/vault-sandbox");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("config.toml"), config).unwrap();
    let run = |args: &[&str]| world.run_without_login(args).without("VAULT_SANDBOX_DNS");
    let ran = run(&["token", "create", SANDBOX, "--format", "json"]).go();
    assert_code(&ran, 0);
    let value = fs::read_to_string(world.root().join("home/token")).unwrap();
    assert_eq!(Some(value), world.value());
    let asked = ran.json()["token"]["requested_expiry"].clone();
    let asked: chrono::DateTime<chrono::Utc> = asked.as_str().unwrap().parse().unwrap();
    assert_eq!((asked - chrono::Utc::now()).num_days(), 29);

    // A flag wins; the limit holds.
    let args = ["token", "create", SANDBOX, "-o", "token", "-e", "61d"];
    let ran = run(&args).go();
    assert_code(&ran, 2);
    assert!(ran.said().contains("max_expires"), "{}", ran.said());
    let args = ["token", "create", SANDBOX, "-o", "token", "-e", "60d"];
    assert_code(&run(&args).go(), 0);
    assert!(world.work("token").exists());

    // What it says about one Vault is of no concern to another.
    let ran = run(&["auth", "status", "--dns", "http://127.0.0.1:1"]).go();
    assert_code(&ran, 4);
    assert!(ran.said().contains("Nothing was sent"), "{}", ran.said());
}

#[test]
fn a_wrong_number_stops_before_the_request() {
    let world = World::new();
    let config = "default_profile = 'p'\n[profile.p]\nvault_id = 7\n";
    let ran = create_with(&world, config).go();
    assert_code(&ran, 4);
    let session = world.vault.session();
    let ran = create_with(&world, config)
        .without("VAULT_SANDBOX_PASSWORD")
        .env("VAULT_SANDBOX_SESSION_ID", &session)
        .go();
    assert_code(&ran, 4);
    assert!(ran.said().contains("Vault 7"), "{}", ran.said());
    assert_eq!(world.creates().len(), 0);
}

#[test]
fn mistakes_are_named_and_nothing_is_sent() {
    for (config, says) in [
        ("[profile.p]\nexpire = '1d'", "Did you mean expires?"),
        ("[profile.p]\npassword = 'hunter2'", "secret"),
        (
            "[profile.p]\nuser = 'veeva-vault-hunter2'",
            "looks like an API access token",
        ),
        ("default_profile = 'q'\n[profile.p]", "no profile \"q\""),
        ("password = hunter2", "line 1 is not TOML"),
    ] {
        let world = World::new();
        let ran = create_with(&world, config).go();
        assert_code(&ran, 3);
        assert!(ran.said().contains(says), "{config}: {}", ran.said());
        assert!(!ran.said().contains("hunter2"), "{}", ran.said());
        assert!(!ran.printed().contains("hunter2"), "{}", ran.printed());
        assert_eq!(world.vault.requests().len(), 0);
        // Where nothing is asked of a Vault, it is not read.
        let ran = create_with(&world, config).arg("--simulate").go();
        assert_code(&ran, 0);
    }
}

#[test]
fn a_file_that_was_named_has_to_be_there() {
    let world = World::new();
    for args in [&["--config", "nowhere.toml"][..], &["--profile", "prod"]] {
        let ran = world.run(&[&["sandbox", "list"], args].concat()).go();
        assert_code(&ran, 3);
    }
    assert_eq!(world.vault.requests().len(), 0);
    assert_code(&world.run(&["sandbox", "list"]).go(), 0);
}
