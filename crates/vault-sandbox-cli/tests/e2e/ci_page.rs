//! The examples of `docs/ci.md`, run as their systems would, with the environment that they name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use vault_sandbox_simulator::{Effect, ResponseStatus};
use yaml_rust2::{Yaml, YamlLoader};

use crate::harness::{Ran, Run, SANDBOX, World, fault_on_create};

const PROGRAM: &str = "/usr/local/bin/vault-sandbox";

/// The fenced blocks of a language below a heading.
fn blocks(heading: &str, language: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ci.md");
    let page = fs::read_to_string(page).unwrap();
    let section = page
        .split("\n## ")
        .find(|s| s.starts_with(heading))
        .unwrap();
    let fence = format!("```{language}\n");
    let found = section.split(&fence).skip(1);
    found
        .map(|rest| rest.split("\n```").next().unwrap().to_owned())
        .collect()
}

fn yaml(heading: &str) -> Yaml {
    let text = blocks(heading, "yaml").remove(0);
    YamlLoader::load_from_str(&text).unwrap().remove(0)
}

fn text(yaml: &Yaml) -> &str {
    yaml.as_str().unwrap_or_else(|| panic!("no text: {yaml:?}"))
}

/// What stands under each name that a page may give an environment variable. One that is not known
/// here has no business in an example.
fn value(world: &World, name: &str) -> String {
    match name {
        "VAULT_SANDBOX_DNS" => format!("http://{}", world.vault.dns()),
        "VAULT_SANDBOX_USER" => world.vault.user_name().to_owned(),
        "VAULT_SANDBOX_PASSWORD" => world.vault.password().to_owned(),
        "SANDBOX_URL" => format!("http://{}", world.vault.sandbox_dns(SANDBOX).unwrap()),
        other => panic!("{other} is not known"),
    }
}

/// A step of a pipeline: `sh -eu`, the program found by its name.
fn step(world: &World, script: &str, env: &BTreeMap<String, String>) -> Ran {
    let mut run = world
        .shell(&format!("set -eu\n{script}"))
        .env("HOME", world.root().join("home"));
    for (name, value) in env {
        run = run.env(name, value);
    }
    run.go()
}

fn is_here(program: &str) -> bool {
    let here = Command::new(program).arg("--version").output().is_ok();
    if !here {
        eprintln!("skipped: {program} is not here");
    }
    here
}

fn is_told_who_it_is(world: &World) {
    let me = fs::read_to_string(world.work("me.json")).unwrap();
    assert!(me.contains("\"SUCCESS\""), "{me}");
}

#[track_caller]
fn is_not_in_the_log(value: &str, ran: &Ran) {
    let log = [ran.stdout.clone(), ran.stderr_in_the_log()].concat();
    assert!(
        !String::from_utf8(log).unwrap().contains(value),
        "{}",
        ran.said()
    );
}

#[test]
fn github_actions() {
    if !is_here("curl") {
        return;
    }
    let world = World::new();
    let job = &yaml("GitHub Actions")["jobs"]["use"];
    let mut env = BTreeMap::new();
    for (name, given) in job["env"].as_hash().unwrap() {
        let name = text(name);
        let is_secret = text(given).contains("${{ secrets.");
        assert_eq!(is_secret, name == "VAULT_SANDBOX_PASSWORD", "{name}");
        env.insert(name.to_owned(), value(&world, name));
    }
    let temp = world.work("runner");
    fs::create_dir(&temp).unwrap();
    for (name, value) in [
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_RUN_ID", "7001"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("RUNNER_TEMP", temp.to_str().unwrap()),
    ] {
        env.insert(name.to_owned(), value.to_owned());
    }
    let steps = job["steps"].as_vec().unwrap();
    let run = |at: usize| step(&world, text(&steps[at]["run"]), &env);
    let ran = run(0);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let token = world.vault.tokens(SANDBOX).remove(0);
    assert_eq!(token.name, "ci 7001.2");
    assert_eq!(ran.said().matches("::add-mask::").count(), 1);
    is_not_in_the_log(&token.value, &ran);
    let ran = run(1);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    is_told_who_it_is(&world);
    is_not_in_the_log(&token.value, &ran);
    assert_eq!(text(&steps[2]["if"]), "always()");
    // Also where there is nothing to give back.
    for _ in 0..2 {
        let ran = run(2);
        assert_eq!(ran.code(), 0, "{}", ran.said());
        assert_eq!(world.vault.tokens(SANDBOX).len(), 0);
    }
    assert_eq!(steps.len(), 3);
}

#[test]
fn gitlab_ci() {
    if !is_here("curl") {
        return;
    }
    let world = World::new();
    let page = yaml("GitLab CI");
    let mut env = BTreeMap::new();
    for (name, _) in page["variables"].as_hash().unwrap() {
        env.insert(text(name).to_owned(), value(&world, text(name)));
    }
    // Kept in the project's settings, as the page says.
    let password = value(&world, "VAULT_SANDBOX_PASSWORD");
    env.insert("VAULT_SANDBOX_PASSWORD".to_owned(), password);
    for (name, value) in [("CI", "true"), ("GITLAB_CI", "true"), ("CI_JOB_ID", "99")] {
        env.insert(name.to_owned(), value.to_owned());
    }
    let script = |job: &Yaml, part: &str| {
        let lines = job[part].as_vec().unwrap().iter().map(text);
        lines.collect::<Vec<_>>().join("\n")
    };
    let codes = |yaml: &Yaml| -> Vec<_> {
        yaml["exit_codes"]
            .as_vec()
            .unwrap()
            .iter()
            .filter_map(Yaml::as_i64)
            .collect()
    };

    let expires = &page["what expires"];
    let job = &page["use a token"];
    let ran = step(&world, &script(expires, "script"), &env);
    assert_eq!(ran.code(), 0, "nothing expires yet: {}", ran.said());
    let ran = step(&world, &script(job, "script"), &env);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    is_told_who_it_is(&world);
    let token = world.vault.tokens(SANDBOX).remove(0);
    is_not_in_the_log(&token.value, &ran);
    let ran = step(&world, &script(expires, "script"), &env);
    assert_eq!(
        vec![i64::from(ran.code())],
        codes(&expires["allow_failure"])
    );
    let ran = step(&world, &script(job, "after_script"), &env);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 0);
    assert!(!world.work("veepharm.token").exists());

    // What is tried again is what says so itself.
    world.fault(fault_on_create(later()));
    let later = step(&world, &script(job, "script"), &env).code();
    env.insert(
        "VAULT_SANDBOX_DNS".to_owned(),
        "http://127.0.0.1:9".to_owned(),
    );
    let unreachable = step(&world, &script(job, "script"), &env).code();
    let tried_again = [i64::from(unreachable), i64::from(later)];
    assert_eq!(codes(&job["retry"]), tried_again);
}

/// Vault's own word for "not now".
fn later() -> Effect {
    Effect::Refuse {
        status: 200,
        response_status: ResponseStatus::Failure,
        errors: vec![("API_LIMIT_EXCEEDED".to_owned(), "later".to_owned())],
    }
}

/// What a row changes before the script runs.
type Given = fn(&World, &mut BTreeMap<String, String>);

/// Each way to end leads to its own advice, and leaves neither a token nor a record behind that the
/// exit code does not tell of.
#[test]
fn acting_on_each_exit_code() {
    let script = blocks("Acting on each exit code", "sh").remove(0);
    let set = |env: &mut BTreeMap<String, String>, name: &str, value: &str| {
        env.insert(name.to_owned(), value.to_owned());
    };
    let rows: [(i32, &str, usize, Given); 10] = [
        (0, "Verified", 1, |_, _| {}),
        (3, "Mend the job", 0, |_, env| {
            env.remove("VAULT_SANDBOX_PASSWORD");
        }),
        (4, "Mend the credential", 0, |_, env| {
            env.insert("VAULT_SANDBOX_PASSWORD".to_owned(), "wrong".to_owned());
        }),
        (5, "Mend the job", 0, |_, env| {
            env.insert("SANDBOX".to_owned(), "Nowhere".to_owned());
        }),
        (7, "Again later", 0, |_, env| {
            env.insert(
                "VAULT_SANDBOX_DNS".to_owned(),
                "http://127.0.0.1:9".to_owned(),
            );
        }),
        (8, "Again later", 0, |world, _| {
            world.fault(fault_on_create(later()));
        }),
        (10, "Mend the job", 0, |_, env| {
            env.insert("TOKEN_FILE".to_owned(), "no/such/place".to_owned());
        }),
        (20, "Revoked", 0, |_, env| {
            env.insert("TOKEN_FILE".to_owned(), "exec:false".to_owned());
        }),
        (21, "Look at the token", 1, |world, _| {
            world
                .vault
                .switches(|switches| switches.expiry_ignored = true);
        }),
        (22, "Revoked", 0, |world, _| {
            world.fault(fault_on_create(Effect::CloseAfter));
        }),
    ];
    for (code, says, tokens, given) in rows {
        let world = World::new();
        let mut env = BTreeMap::new();
        for name in [
            "VAULT_SANDBOX_DNS",
            "VAULT_SANDBOX_USER",
            "VAULT_SANDBOX_PASSWORD",
        ] {
            env.insert(name.to_owned(), value(&world, name));
        }
        set(&mut env, "SANDBOX", SANDBOX);
        set(&mut env, "TOKEN_FILE", "token");
        given(&world, &mut env);
        let ran = step(&world, &script, &env);
        assert_eq!(ran.code(), code, "{}", ran.said());
        assert!(ran.said().contains(says), "{code}: {}", ran.said());
        assert_eq!(world.vault.tokens(SANDBOX).len(), tokens, "{code}");
        assert_eq!(world.records().len(), 0, "{code}: {}", ran.said());
    }
}

/// The units of a section by their file names.
fn units() -> BTreeMap<String, String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ci.md");
    let page = fs::read_to_string(page).unwrap();
    let mut units = BTreeMap::new();
    for part in page.split("`/etc/systemd/system/").skip(1) {
        let (name, rest) = part.split_once("`:\n\n```ini\n").unwrap();
        let unit = rest.split("```").next().unwrap();
        units.insert(name.to_owned(), unit.to_owned());
    }
    units
}

/// A setting of a unit, each time that it is given.
fn settings<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    let given = |line: &'a str| line.strip_prefix(name)?.strip_prefix('=');
    unit.lines().filter_map(given).collect()
}

/// Runs the unit's command as systemd would: its environment and nothing else.
fn start(world: &World, unit: &str) -> Ran {
    let password = world.input("password", world.vault.password().as_bytes());
    let credentials = Path::new(&password)
        .parent()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let state = world.root().join("state");
    let expand = |text: &str| {
        text.replace("%d", &credentials)
            .replace("%S", state.to_str().unwrap())
    };
    let directory = state.join(settings(unit, "StateDirectory")[0]);
    if !directory.exists() {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().mode(0o700).create(directory).unwrap();
    }
    let line = expand(settings(unit, "ExecStart")[0]);
    let line = line.strip_prefix(PROGRAM).unwrap();
    let words = shell_words::split(line).unwrap();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut run = Run::new(PathBuf::from("/"), &words).without_timeout();
    for given in settings(unit, "Environment") {
        let (name, given) = given.split_once('=').unwrap();
        run = match name {
            "VAULT_SANDBOX_PASSWORD_FILE" | "VAULT_SANDBOX_STATE_DIR" => {
                run.env(name, expand(given))
            }
            _ => run.env(name, value(world, name)),
        };
    }
    run.go()
}

#[test]
fn systemd_expiring() {
    let world = World::new();
    let unit = &units()["vault-sandbox-expiring.service"];
    let ran = start(&world, unit);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    for (expires, code) in [("90d", 0), ("13d", 31)] {
        world.create(&["-e", expires]).go();
        let ran = start(&world, unit);
        assert_eq!(ran.code(), code, "{}", ran.said());
    }
    let token = &world.vault.tokens(SANDBOX)[1];
    assert!(start(&world, unit).printed().contains(&token.id));
}

#[test]
fn systemd_rotate() {
    let world = World::new();
    let unit = &units()["vault-sandbox-rotate.service"];
    let stops = settings(unit, "RestartPreventExitStatus")[0].split(' ');
    let stops: Vec<i32> = stops.map(|code| code.parse().unwrap()).collect();
    let again = [7, 8];
    let all = [1, 2, 3, 4, 5, 7, 8, 10, 11, 20, 21, 22, 23, 24, 130, 143];
    let rest: Vec<_> = all
        .into_iter()
        .filter(|code| !again.contains(code))
        .collect();
    assert_eq!(stops, rest, "only what is safe is tried again");
    for runs in 1..=2 {
        let ran = start(&world, unit);
        assert_eq!(ran.code(), 0, "run {runs}: {}", ran.said());
        let tokens = world.vault.tokens(SANDBOX);
        assert_eq!(tokens.len(), 1, "the old one is deleted");
        let path = world.root().join("state/vault-sandbox/veepharm.token");
        assert_eq!(fs::read_to_string(path).unwrap(), tokens[0].value);
    }
}

#[test]
fn systemd_understands_the_units() {
    if !is_here("systemd-analyze") {
        return;
    }
    let world = World::new();
    let units = units();
    assert_eq!(units.len(), 4);
    for (name, unit) in &units {
        let unit = unit.replace(PROGRAM, env!("CARGO_BIN_EXE_vault-sandbox"));
        fs::write(world.work(name), unit).unwrap();
    }
    for name in units.keys() {
        let mut verify = Command::new("systemd-analyze");
        let output = verify
            .args(["verify", "--man=no"])
            .arg(world.work(name))
            .output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{name}: {said}");
    }
}
