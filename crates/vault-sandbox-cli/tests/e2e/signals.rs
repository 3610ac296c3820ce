//! Signals and the process: reliability.md, section E.

use std::time::Duration;

use rustix::process::Signal;
use vault_sandbox_simulator::{Effect, Endpoint, Fault};

use crate::delivery::wait_for_the_request;
use crate::harness::{Ran, Running, SANDBOX, World, fault_on_create, value_places};

fn late(world: &World) -> Running {
    world.fault(fault_on_create(Effect::Delay {
        by: Duration::from_millis(1500),
    }));
    let running = world.create(&[]).start();
    wait_for_the_request(world);
    running
}

fn silent(world: &World, carried_out: bool) -> Running {
    world.fault(fault_on_create(Effect::Silence {
        carried_out,
        bound: Duration::from_secs(90),
    }));
    let run = world.create(&["--timeout", "60s"]).without_timeout();
    let running = run.start();
    wait_for_the_request(world);
    running
}

fn assert_delivered(world: &World, ran: &Ran) {
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(value_places(world, ran), ["work/token".to_owned()].into());
    assert_eq!((world.records().len(), world.creates().len()), (0, 1));
}

fn assert_nothing_left(world: &World) {
    assert_eq!(world.creates().len(), 0);
    let left: Vec<_> = world.files().into_iter().map(|f| f.path).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn before_the_request_they_stop_and_clean_up() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 143)] {
        let world = World::new();
        world.fault(
            Fault::new(Effect::Silence {
                carried_out: false,
                bound: Duration::from_secs(60),
            })
            .on(Endpoint::ListSandboxes),
        );
        let running = world.create(&[]).start();
        while !world
            .vault
            .requests()
            .iter()
            .any(|r| r.path.ends_with("/objects/sandbox"))
        {
            std::thread::sleep(Duration::from_millis(2));
        }
        running.signal(signal);
        let ran = running.end();
        assert_eq!(ran.code(), code, "{signal:?}: {}", ran.said());
        assert!(
            ran.said().contains("No token was asked for"),
            "{}",
            ran.said()
        );
        let json = ran.json();
        assert_eq!(
            (&json["outcome"], &json["exit_code"]),
            (&"not_issued".into(), &code.into())
        );
        assert_nothing_left(&world);
    }
}

#[test]
fn during_the_request_they_wait_for_the_answer() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::PIPE] {
        let world = World::new();
        let running = late(&world);
        running.signal(signal);
        let ran = running.end();
        assert_delivered(&world, &ran);
        if signal == Signal::INT {
            assert!(
                ran.said().contains("A token may be being created"),
                "{}",
                ran.said()
            );
        }
    }
}

#[test]
fn twice_during_the_request_gives_up_as_unknown() {
    for carried_out in [true, false] {
        let world = World::new();
        let running = silent(&world, carried_out);
        running.signal(Signal::INT);
        // Two signals at once are one to the kernel.
        std::thread::sleep(Duration::from_millis(300));
        running.signal(Signal::INT);
        std::thread::sleep(Duration::from_millis(300));
        running.signal(Signal::INT);
        let ran = running.end();
        assert!(
            matches!((ran.code(), carried_out), (23, _) | (22, true)),
            "{}: {}",
            ran.code(),
            ran.said()
        );
        assert!(ran.said().contains("token recover"), "{}", ran.said());
        assert_eq!((world.records().len(), world.creates().len()), (1, 1));
    }
}

#[test]
fn terminated_during_the_request_waits_five_seconds() {
    let world = World::new();
    let running = silent(&world, true);
    running.signal(Signal::TERM);
    let ran = running.end();
    assert!(
        [22, 23].contains(&ran.code()),
        "{}: {}",
        ran.code(),
        ran.said()
    );
    assert_eq!((world.records().len(), world.creates().len()), (1, 1));
}

/// The token is delivered; what is left is trying it out.
#[test]
fn after_the_request_the_outcome_counts() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let world = World::new();
        world.fault(
            Fault::new(Effect::Delay {
                by: Duration::from_secs(2),
            })
            .vault(SANDBOX),
        );
        let running = world.create(&[]).start();
        while !world.vault.requests().iter().any(|r| r.vault == SANDBOX) {
            std::thread::sleep(Duration::from_millis(2));
        }
        running.signal(signal);
        let ran = running.end();
        assert!(
            [0, 20, 21].contains(&ran.code()),
            "{signal:?}: {} {}",
            ran.code(),
            ran.said()
        );
        let places = value_places(&world, &ran);
        let whole =
            places == ["work/token".to_owned()].into() || places == ["record".to_owned()].into();
        assert!(whole, "{signal:?}: {places:?} {}", ran.said());
        assert_eq!(world.creates().len(), 1);
    }
}

#[test]
fn suspended_and_resumed() {
    let world = World::new();
    let running = late(&world);
    running.signal(Signal::STOP);
    std::thread::sleep(Duration::from_millis(1800));
    running.signal(Signal::CONT);
    assert_delivered(&world, &running.end());
}

#[test]
fn two_runs_at_once_on_one_target() {
    let world = World::new();
    world.fault(fault_on_create(Effect::Delay {
        by: Duration::from_millis(200),
    }));
    let runs = [0; 6].map(|_| world.create(&[]).start());
    for running in runs {
        let ran = running.end();
        assert_eq!(ran.code(), 0, "{}", ran.said());
    }
    let content = std::fs::read_to_string(world.work("token")).unwrap();
    let values: Vec<_> = world
        .vault
        .tokens(SANDBOX)
        .into_iter()
        .map(|t| t.value)
        .collect();
    assert_eq!(values.len(), 6);
    assert!(values.contains(&content), "one whole value, whosever it is");
    let places: Vec<_> = world.files().into_iter().map(|f| f.place).collect();
    assert_eq!(places.len(), 2, "the token and the ledger: {places:?}");
}

/// Whatever is opened first must not land on the number of a stream that was closed.
#[test]
fn streams_that_are_closed_at_the_start() {
    for redirect in ["<&-", "2>&-", "<&- 2>&-", ">&-", "<&- >&- 2>&-"] {
        let world = World::new();
        let script = format!("exec \"$0\" \"$@\" {redirect}");
        let ran = world
            .run(&["token", "create", SANDBOX, "-o", "token"])
            .shell(&script)
            .go();
        assert_delivered(&world, &ran);
    }
    let world = World::new();
    let ran = world
        .run(&["token", "create", SANDBOX])
        .shell("exec \"$0\" \"$@\" <&- >&- 2>&-")
        .go();
    assert_eq!(ran.code(), 10);
    assert_nothing_left(&world);
}

#[test]
fn a_terminal_that_is_asked_for_the_password() {
    let typed = |answer: &str| {
        let world = World::new();
        let mut run = world
            .run(&["token", "create", SANDBOX, "-o", "token"])
            .without("VAULT_SANDBOX_PASSWORD");
        run = run.shell("command -v script >/dev/null || exit 99; { sleep 1; echo \"$ANSWER\"; sleep 2; } | script -qefc \"$0 $(printf \"'%s' \" \"$@\")\" /dev/null");
        let ran = run.env("ANSWER", answer).go();
        (world, ran)
    };
    let (world, ran) = typed("simulated-password");
    if ran.code() == 99 {
        eprintln!("skipped: there is no program `script` to make a terminal");
        return;
    }
    let shown = ran.printed();
    assert_eq!(ran.code(), 0, "{shown}{}", ran.said());
    assert!(
        shown.contains("Password of jane.doe@veepharm.com"),
        "{shown}"
    );
    assert_eq!(
        std::fs::read_to_string(world.work("token")).unwrap(),
        world.value().unwrap()
    );
    let (world, ran) = typed("wrong");
    assert_eq!(ran.code(), 4, "{}{}", ran.printed(), ran.said());
    assert_eq!(world.creates().len(), 0);
}

#[test]
fn no_image_of_the_memory_and_no_loose_file() {
    let world = World::new();
    let running = late(&world);
    let pid = running.child.id();
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    if let Some(line) = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
    {
        assert_eq!(line.split_whitespace().nth(4), Some("0"), "{line}");
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    if let Some(line) = status.lines().find(|line| line.starts_with("Umask")) {
        assert!(line.ends_with("0077"), "{line}");
    }
    // Neither arguments nor environment of others' making: the credential is in the environment.
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&words).contains("simulated-password"));
    assert_delivered(&world, &running.end());
}
