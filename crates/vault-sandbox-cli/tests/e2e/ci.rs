//! In a CI system: the value is hidden from the log before it can get there, or does not go there by
//! accident.

use crate::harness::{Ran, Run, SANDBOX, World, check_all, row, value_places};

const MASK: &str = "::add-mask::";

fn github(run: Run) -> Run {
    run.env("CI", "true").env("GITHUB_ACTIONS", "true")
}

fn gitlab(run: Run) -> Run {
    run.env("CI", "true").env("GITLAB_CI", "true")
}

/// `token create` with the value on stdout, since nobody says where else.
fn implicit(world: &World) -> Run {
    world.run(&["token", "create", SANDBOX])
}

/// One line, before anything that is said about the token; the value stands nowhere else.
fn is_masked_once(world: &World, ran: &Ran) {
    let value = world.value().unwrap();
    let said = ran.said();
    let lines: Vec<_> = said.lines().collect();
    let at = lines.iter().position(|line| line.contains(&value)).unwrap();
    assert_eq!(lines[at], format!("{MASK}{value}"));
    assert_eq!(said.matches(&value).count(), 1, "{said}");
    let created = lines.iter().position(|line| line.starts_with("Created"));
    assert!(created.is_none_or(|created| at < created), "{said}");
}

#[test]
fn the_value_is_hidden_from_the_log() {
    check_all(&[
        row("implicit stdout", 0, |w| github(implicit(w)))
            .value_in(&["stdout"])
            .then(|world, ran| {
                assert_eq!(ran.printed(), format!("{}\n", world.value().unwrap()));
                is_masked_once(world, ran);
            }),
        row("a file", 0, |w| github(w.create(&[]))).then(is_masked_once),
        row("two files", 0, |w| github(w.create(&["-o", "other"])))
            .value_in(&["work/token", "work/other"])
            .then(is_masked_once),
        row("inside JSON", 0, |w| {
            github(w.run(&["token", "create", SANDBOX, "--format", "json"]))
        })
        .value_in(&["stdout"])
        .then(is_masked_once),
        row("quiet", 0, |w| github(w.create(&["-q"]))).then(is_masked_once),
        row("captured by a shell", 0, |w| {
            github(implicit(w)).shell("T=$(\"$0\" \"$@\") && umask 077 && printf %s \"$T\" > token")
        })
        .then(is_masked_once),
        row("a program that repeats it", 0, |w| {
            let leaky = "exec:sh -c 'cat >&2'";
            github(w.run(&["token", "create", SANDBOX, "-o", leaky]))
        })
        .value_in(&[])
        .then(is_masked_once),
        row("not delivered", 20, |w| {
            github(w.run(&["token", "create", SANDBOX, "-o", "exec:false"]))
        })
        .then(is_masked_once),
        row("Azure Pipelines", 0, |w| {
            implicit(w).env("TF_BUILD", "True")
        })
        .value_in(&["stdout"])
        .then(|world, ran| {
            let line = format!("##vso[task.setsecret]{}\n", world.value().unwrap());
            assert_eq!(ran.said().matches(&line).count(), 1, "{}", ran.said());
        }),
    ]);
}

/// Where no runner reads stderr, the line would only be a copy of the value.
#[test]
fn stderr_that_no_runner_reads() {
    check_all(&[
        row("implicit stdout, stderr in a file", 10, |w| {
            github(implicit(w)).shell("\"$0\" \"$@\" 2>err; c=$?; cat err >&2; rm err; exit $c")
        })
        .value_in(&[])
        .says(&["stderr goes to a file", "--out file:PATH"]),
        row("implicit stdout, no stderr", 10, |w| {
            github(implicit(w)).shell("\"$0\" \"$@\" 2>/dev/null")
        })
        .value_in(&[]),
        row("implicit stdout, stderr closed", 10, |w| {
            github(implicit(w)).shell("\"$0\" \"$@\" 2>&-")
        })
        .value_in(&[]),
        row("a file, stderr in a file", 0, |w| {
            github(w.create(&[])).shell("\"$0\" \"$@\" 2>err; c=$?; cat err >&2; rm err; exit $c")
        })
        .says(&["GitHub Actions does not hide the value: stderr goes to a file"])
        .then(|_, ran| assert!(!ran.said().contains(MASK), "{}", ran.said())),
    ]);
}

#[test]
fn a_log_that_cannot_hide_it() {
    check_all(&[
        row("implicit stdout", 10, |w| gitlab(implicit(w)))
            .value_in(&[])
            .says(&["GitLab CI", "--out file:PATH", "exec:PROGRAM", "--out -"])
            .then(|world, ran| {
                assert_eq!(world.vault.requests().len(), 0, "nothing is sent");
                assert_eq!(ran.printed(), "");
            }),
        row("implicit stdout, JSON", 10, |w| {
            gitlab(w.run(&["token", "create", SANDBOX, "--format", "json"]))
        })
        .value_in(&[]),
        row("implicit stdout, dry run", 10, |w| {
            gitlab(w.run(&["token", "create", SANDBOX, "--dry-run"]))
        })
        .value_in(&[]),
        row("some other CI", 10, |w| implicit(w).env("CI", "true")).value_in(&[]),
        row("a false CI", 0, |w| implicit(w).env("CI", "false")).value_in(&["stdout"]),
        row("stdout by name", 0, |w| {
            gitlab(w.run(&["token", "create", SANDBOX, "-o", "-"]))
        })
        .value_in(&["stdout"])
        .then(|world, ran| assert_eq!(ran.printed(), format!("{}\n", world.value().unwrap()))),
        row("a file", 0, |w| {
            gitlab(w.run(&["token", "create", SANDBOX, "-o", "token"]))
        })
        .then(|_, ran| assert_eq!(ran.printed(), "")),
    ]);
}

/// `CI` alone, on a terminal, is somebody's habit; a system that is known may give its jobs one.
#[test]
fn on_a_terminal() {
    let world = World::new();
    let seen = implicit(&world).env("CI", "true").in_terminal(80);
    assert_eq!(seen.code, 0, "{}", seen.text);
    let seen = implicit(&world).env("BUILDKITE", "true").in_terminal(80);
    assert_eq!(seen.code, 10, "{}", seen.text);
}

/// What is recovered is hidden as well.
#[test]
fn a_kept_value() {
    let world = World::new();
    let failed = github(world.run(&["token", "create", SANDBOX, "-o", "exec:false"])).go();
    assert_eq!(failed.code(), 20, "{}", failed.said());
    let operation = world.operations()[0].clone();
    let run = world.run(&["token", "recover", &operation, "-o", "-"]);
    let ran = github(run).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    is_masked_once(&world, &ran);
    let places: Vec<_> = value_places(&world, &ran).into_iter().collect();
    assert_eq!(places, ["stdout"]);
}

/// With a simulated Vault the pipeline can be tried; what a real run would be told is said.
#[test]
fn simulated() {
    let world = World::new();
    let run = || world.run(&["--simulate", "token", "create", SANDBOX]);
    let ran = gitlab(run()).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(
        ran.said().contains("a real run would be refused"),
        "{}",
        ran.said()
    );
    let ran = github(run()).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(ran.said().contains(&format!("{MASK}{}", ran.printed())));
}
