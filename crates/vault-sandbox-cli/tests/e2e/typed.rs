//! Commands that are printed to be typed next: each is pasted into a shell, and does what it says,
//! though everything was given by flags.

use std::fs;

use vault_sandbox_simulator::{Effect, Simulator};

use crate::harness::{Ran, Run, SANDBOX, World, fault_on_create};

/// All that the program was told by flags; the environment says nothing but where home is.
pub(crate) fn flags(world: &World) -> Vec<String> {
    let vault = &world.vault;
    let password = world.input("password", vault.password().as_bytes());
    let state = world.root().join("state of mine");
    [
        "--dns",
        &format!("http://{}", vault.dns()),
        "--user",
        vault.user_name(),
        "--password-file",
        &password,
        "--state-dir",
        state.to_str().unwrap(),
    ]
    .map(str::to_owned)
    .to_vec()
}

/// With nothing but the flags.
pub(crate) fn by_flags(world: &World, flags: &[String], args: &[&str]) -> Run {
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    bare(world, world.run_without_login(&[args, &flags].concat()))
}

pub(crate) fn bare(world: &World, run: Run) -> Run {
    run.without("VAULT_SANDBOX_DNS")
        .without("XDG_STATE_HOME")
        .env("HOME", world.root().join("home"))
        .hastily()
}

/// The commands at the end, without the words before them.
pub(crate) fn to_type(ran: &Ran) -> Vec<String> {
    let said = ran.said();
    let commands = said
        .lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.split_once(":  "))
        .map(|(_, command)| command.to_owned());
    commands.collect()
}

/// Types the command of this number, with what a person puts in for a word in capitals.
#[track_caller]
pub(crate) fn paste(world: &World, ran: &Ran, at: usize, put: &[(&str, &str)]) -> Ran {
    let mut command = to_type(ran)
        .get(at)
        .unwrap_or_else(|| panic!("no command in {}", ran.said()))
        .clone();
    assert!(command.starts_with("vault-sandbox "), "{command}");
    for (word, with) in put {
        assert!(command.contains(word), "no {word} in {command}");
        command = command.replace(word, with);
    }
    let home = world.root().join("home");
    world.shell(&command).env("HOME", home).go()
}

#[track_caller]
pub(crate) fn succeeds(ran: &Ran) {
    assert_eq!(ran.code(), 0, "{}", ran.said());
}

#[test]
fn delivering_and_revoking_what_was_kept() {
    let world = World::new();
    let flags = flags(&world);
    let create = ["token", "create", SANDBOX, "-o", "exec:false"];
    let failed = by_flags(&world, &flags, &create).go();
    assert_eq!(failed.code(), 20, "{}", failed.said());
    succeeds(&paste(&world, &failed, 0, &[("PATH", "there")]));
    let there = fs::read_to_string(world.work("there")).unwrap();
    assert_eq!(Some(there), world.value());

    let failed = by_flags(&world, &flags, &create).go();
    succeeds(&paste(
        &world,
        &failed,
        1,
        &[("--revoke", "--revoke --yes")],
    ));
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
    // JSON names the same commands.
    let json = by_flags(
        &world,
        &flags,
        &[&create[..], &["--format", "json"]].concat(),
    )
    .go();
    let next = json.json()["error"]["next"].as_array().unwrap().len();
    assert_eq!(next, to_type(&json).len());
    // The same again, with the same result.
    let listed = by_flags(&world, &flags, &["token", "recover"]).go();
    assert_eq!(paste(&world, &listed, 0, &[]).code(), 20);
}

#[test]
fn finding_out_what_became_of_a_request() {
    let world = World::new();
    world.fault(fault_on_create(Effect::Silence {
        carried_out: false,
        bound: std::time::Duration::from_secs(60),
    }));
    let flags = flags(&world);
    let unknown = by_flags(&world, &flags, &["token", "create", SANDBOX, "-o", "t"]).go();
    assert_eq!(unknown.code(), 23, "{}", unknown.said());
    let command = to_type(&unknown)[0].clone() + " --timeout 2s";
    let ran = world
        .shell(&command)
        .env("HOME", world.root().join("home"))
        .go();
    assert_eq!(
        ran.code(),
        23,
        "it is found, and still unknown: {}",
        ran.said()
    );
}

/// Where the list may not be read, the sandbox's address is repeated too.
#[test]
fn revoking_what_is_not_as_asked() {
    let world = World::new();
    world.vault.switches(|switches| {
        switches.expiry_ignored = true;
        switches.may_list_sandboxes = false;
    });
    let name = "read.only@veepharm.com";
    let password = world.input("password", world.vault.password().as_bytes());
    let (dns, there) = (
        format!("http://{}", world.vault.dns()),
        world.vault.sandbox_dns(SANDBOX).unwrap(),
    );
    let create = [
        "token",
        "create",
        SANDBOX,
        "-o",
        "t",
        "--sandbox-dns",
        &there,
        "--dns",
        &dns,
        "--user",
        name,
        "--password-file",
        &password,
    ];
    let differs = bare(&world, world.run_without_login(&create)).go();
    assert_eq!(differs.code(), 21, "{}", differs.said());
    let id = world.vault.tokens(SANDBOX)[0].id.clone();
    let revoked = paste(
        &world,
        &differs,
        0,
        &[(id.as_str(), &format!("{id} --yes"))],
    );
    succeeds(&revoked);
    assert_eq!(world.vault.tokens(SANDBOX).len(), 0);
}

#[test]
fn making_room() {
    let world = World::new();
    world
        .vault
        .switches(|switches| switches.token_limit = Some(25));
    for _ in 0..25 {
        world
            .run(&["token", "create", SANDBOX, "-o", "t", "--verify", "never"])
            .go();
    }
    let full = by_flags(
        &world,
        &flags(&world),
        &["token", "create", SANDBOX, "-o", "t"],
    )
    .go();
    assert_eq!(full.code(), 5, "{}", full.said());
    let id = format!("{} --yes", world.vault.tokens(SANDBOX)[3].id);
    succeeds(&paste(&world, &full, 0, &[("ID", &id)]));
    assert_eq!(world.vault.tokens(SANDBOX).len(), 24);
}

#[test]
fn looking_at_the_sandboxes() {
    let world = World::new();
    let flags = flags(&world);
    let list = |ran: &Ran| {
        assert_eq!(ran.code(), 5, "{}", ran.said());
        let listed = paste(&world, ran, 0, &[]);
        succeeds(&listed);
        assert!(listed.printed().contains(SANDBOX), "{}", listed.printed());
    };
    for args in [
        &["token", "create", "Nowhere"][..],
        &["sandbox", "show", "Nowhere"],
        &["token", "list", "Nowhere"],
    ] {
        list(&by_flags(&world, &flags, args).go());
    }
    // What came from stdin cannot come from there again.
    let from_stdin = ["sandbox", "show", "Nowhere", "--password-file", "-"];
    let ran = by_flags(&world, &flags[..4], &from_stdin);
    let ran = ran.stdin(world.vault.password().as_bytes()).go();
    assert_eq!(ran.code(), 5, "{}", ran.said());
    assert!(!to_type(&ran)[0].contains("--password-file"));
    // By a profile of a file that lies elsewhere, named from where one is.
    let config = format!(
        "[profile.sim]\ndns = \"http://{}\"\nuser = \"{}\"\npassword_command = [\"printf\", \"%s\", \"{}\"]\n",
        world.vault.dns(),
        world.vault.user_name(),
        world.vault.password()
    );
    fs::create_dir(world.work("etc")).unwrap();
    fs::write(world.work("etc/my config.toml"), config).unwrap();
    let args = [
        "sandbox",
        "show",
        "Nowhere",
        "--profile",
        "sim",
        "--config",
        "etc/my config.toml",
    ];
    let ran = bare(&world, world.run_without_login(&args)).go();
    list(&ran);
    // Pasted somewhere else.
    let elsewhere = format!("cd / && {}", to_type(&ran)[0]);
    let home = world.root().join("home");
    succeeds(&world.shell(&elsewhere).env("HOME", home).go());
    // Simulated.
    let ran = bare(
        &world,
        world.run_without_login(&["--simulate", "sandbox", "show", "No"]),
    )
    .go();
    list(&ran);
}

#[test]
fn trusting_the_same_authority() {
    let world = World::new();
    let vault = Simulator::builder().https().start().unwrap();
    let ca = world.input("ca.pem", vault.ca_certificate().unwrap().as_bytes());
    let password = world.input("password", vault.password().as_bytes());
    let args = [
        "sandbox",
        "show",
        "Nowhere",
        "--dns",
        vault.dns(),
        "--ca-file",
        &ca,
        "--user",
        vault.user_name(),
        "--password-file",
        &password,
        "--api-version",
        "v26.2",
    ];
    let ran = bare(&world, world.run_without_login(&args)).go();
    assert_eq!(ran.code(), 5, "{}", ran.said());
    succeeds(&paste(&world, &ran, 0, &[]));
}

/// A session is kept for the same Vault, in the same place; a damaged one is deleted there.
#[test]
fn signing_in() {
    let world = World::new();
    let flags = flags(&world);
    let status = |flags: &[String]| by_flags(&world, flags, &["auth", "status"]).go();
    let without_password = [&flags[..4], &flags[6..]].concat();
    let nobody = status(&without_password);
    assert_eq!(nobody.code(), 4, "{}", nobody.said());
    let password = format!("auth login --password-file {}", flags[5]);
    succeeds(&paste(&world, &nobody, 0, &[("auth login", &password)]));
    succeeds(&status(&without_password));

    world.vault.expire_sessions();
    let ended = status(&without_password);
    assert_eq!(ended.code(), 4, "{}", ended.said());
    succeeds(&paste(&world, &ended, 0, &[("auth login", &password)]));
    succeeds(&status(&without_password));

    let kept = world
        .files()
        .into_iter()
        .find(|file| file.place.contains("sessions/"));
    fs::write(kept.unwrap().path, "nonsense").unwrap();
    let damaged = status(&without_password);
    assert_eq!(damaged.code(), 3, "{}", damaged.said());
    succeeds(&paste(&world, &damaged, 0, &[]));
    assert_eq!(status(&without_password).code(), 4);
}

/// A simulated Vault ends with its command. What cannot be done any more is not offered.
#[test]
fn simulated() {
    let world = World::new();
    let create = ["--simulate", "token", "create", SANDBOX, "-o", "exec:false"];
    let failed = bare(&world, world.run_without_login(&create)).go();
    assert_eq!(failed.code(), 20, "{}", failed.said());
    succeeds(&paste(
        &world,
        &failed,
        0,
        &[("PATH", "there --timeout 1s")],
    ));
    let failed = bare(&world, world.run_without_login(&create)).go();
    assert!(
        failed.said().contains("gone with its Vault"),
        "{}",
        failed.said()
    );
    succeeds(&paste(&world, &failed, 1, &[]));
    let open = bare(
        &world,
        world.run_without_login(&["--simulate", "token", "recover"]),
    )
    .go();
    assert!(open.said().contains("Nothing is open"), "{}", open.said());
}
