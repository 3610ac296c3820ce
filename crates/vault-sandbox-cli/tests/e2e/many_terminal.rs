//! Runs over many sandboxes as they are watched.

use std::time::Duration;

use rustix::process::Signal;
use vault_sandbox_simulator::{Effect, ResponseStatus};

use crate::harness::{Crowd, OnTerminal, Screen, Seen, fault_on_create};

const COLUMNS: [u16; 3] = [80, 40, 24];

fn slowly(crowd: &Crowd, by: u64) {
    crowd.world.fault(fault_on_create(Effect::Delay {
        by: Duration::from_millis(by),
    }));
}

fn start(crowd: &Crowd, columns: u16, words: &[&str]) -> OnTerminal {
    let run = crowd.run(words).env("TERM", "xterm-256color");
    run.on_terminal(columns)
}

/// What stays on the terminal: no trace of the line that was redrawn, which never ran over.
#[track_caller]
fn screen(columns: u16, seen: &Seen) -> Screen {
    let screen = Screen::of(columns, &seen.bytes);
    for line in &screen.redrawn {
        assert!(line.chars().count() <= usize::from(columns), "{line}");
    }
    for line in &screen.ran_over {
        assert!(!line.contains("left,"), "{line}");
    }
    for line in &screen.lines {
        let is_rubbish = line.contains("under way") && line.contains("/s") || line.contains("=>");
        assert!(!is_rubbish, "{line}: {:#?}", screen.lines);
    }
    screen
}

/// Two hundred, watched, interrupted half way and resumed: what was reported is what the server has.
#[test]
fn watched_interrupted_and_resumed() {
    for columns in COLUMNS {
        let crowd = Crowd::new(200);
        slowly(&crowd, 25);
        let mut running = start(&crowd, columns, &["--all", "-j", "8"]);
        running.wait_for("[y/N]");
        assert_eq!(crowd.world.creates().len(), 0, "before the answer");
        running.type_in("y\n");
        while crowd.world.creates().len() < 95 {
            std::thread::sleep(Duration::from_millis(5));
        }
        running.signal(Signal::INT);
        let seen = running.end();
        assert_eq!(seen.code, 24, "{}", seen.text);
        let shown = screen(columns, &seen);
        assert!(!shown.redrawn.is_empty());
        let text = shown.words();
        let issued = crowd.tokens();
        assert!((90..150).contains(&issued), "{issued}");
        assert!(
            text.contains(&format!("{issued} issued, {} not issued.", 200 - issued)),
            "{text}"
        );
        for (name, (tokens, asked)) in crowd.issued() {
            assert_eq!(tokens, asked, "{name}");
            let words = if tokens == 1 {
                "issued,"
            } else {
                "not issued."
            };
            let said = |words: &str| text.matches(&format!("{name}: {words}")).count();
            assert_eq!(said(words), 1, "{name}: {text}");
            assert_eq!(said("issued,") + said("not issued."), 1, "{name}: {text}");
        }
        let run = crowd.runs().pop().unwrap();
        let mut running = crowd
            .world
            .run(&["token", "create", "--resume", &run])
            .env("TERM", "xterm-256color")
            .on_terminal(columns);
        running.wait_for("[y/N]");
        running.type_in("y\n");
        let seen = running.end();
        assert_eq!(seen.code, 0, "{}", seen.text);
        let text = screen(columns, &seen).words();
        assert!(
            text.contains(&format!("Done: {} issued.", 200 - issued)),
            "{text}"
        );
        for (name, (tokens, asked)) in crowd.issued() {
            assert_eq!((tokens, asked), (1, 1), "{name}");
        }
        assert!(crowd.runs().is_empty() && crowd.world.records().is_empty());
    }
}

#[test]
fn answers_to_the_question() {
    for (answer, exit) in [("n\n", 11), ("\n", 11), ("yes please\n", 11), ("\u{4}", 11)] {
        let crowd = Crowd::new(5);
        let mut running = start(&crowd, 80, &["--all"]);
        running.wait_for("[y/N]");
        running.type_in(answer);
        let seen = running.end();
        assert_eq!(seen.code, exit, "{answer:?}: {}", seen.text);
        assert!(seen.text.contains("Nothing was changed") || seen.text.contains("No token was"));
        assert_eq!(crowd.world.creates().len(), 0);
        assert!(crowd.runs().is_empty() && crowd.world.records().is_empty());
    }
    for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let crowd = Crowd::new(5);
        let running = start(&crowd, 80, &["--all"]);
        running.wait_for("[y/N]");
        running.signal(signal);
        let seen = running.end();
        assert_eq!(seen.code, exit, "{}", seen.text);
        assert_eq!(crowd.world.creates().len(), 0);
        assert!(crowd.runs().is_empty());
    }
    for yes in ["y\n", "Y\n", "yes\n"] {
        let crowd = Crowd::new(3);
        let mut running = start(&crowd, 80, &["--all"]);
        running.wait_for("[y/N]");
        running.type_in(yes);
        assert_eq!(running.end().code, 0);
        assert_eq!(crowd.tokens(), 3);
    }
}

/// Asked once, whatever stands in the plan.
#[test]
fn the_plan_comes_before_the_question() {
    let crowd = Crowd::new(12);
    let mut running = start(&crowd, 80, &["--all", "-e", "30d"]);
    running.wait_for("[y/N]");
    let plan = running.so_far();
    for words in [
        "12: Sandbox 0001",
        "and 2 more",
        "in 30 days",
        "t/sandbox-0001, and so on",
    ] {
        assert!(plan.contains(words), "{words}: {plan}");
    }
    assert!(plan.contains("in each of these 12 sandboxes?"), "{plan}");
    running.type_in("y\n");
    let seen = running.end();
    assert_eq!(seen.text.matches("[y/N]").count(), 1);
    assert_eq!((seen.code, crowd.sign_ins()), (0, 1));
}

/// What went wrong is on the line that is redrawn, and named in the end.
#[test]
fn what_went_wrong_is_seen() {
    let crowd = Crowd::new(30);
    let refuse = Effect::Refuse {
        status: 200,
        response_status: ResponseStatus::Failure,
        errors: vec![(
            "OPERATION_NOT_ALLOWED".to_owned(),
            "\u{1b}[2J::add-mask::x".to_owned(),
        )],
    };
    crowd
        .world
        .fault(fault_on_create(refuse).path("Sandbox%200002/"));
    slowly(&crowd, 15);
    let seen = start(&crowd, 40, &["--all", "--yes"]).end();
    assert_eq!(seen.code, 24, "{}", seen.text);
    let shown = screen(40, &seen);
    let first = |line: &String| line.contains("/30 1 not issued, ");
    assert!(shown.redrawn.iter().any(first), "{:#?}", shown.redrawn);
    let text = shown.words();
    assert!(
        text.contains("Sandbox 0002: not issued. Vault refused"),
        "{text}"
    );
    assert!(!text.contains("::add-mask::"), "{text}");
}

/// A terminal that cannot redraw, or shall not, has a line for each.
#[test]
fn nothing_is_redrawn() {
    for (term, more) in [
        ("dumb", &[][..]),
        ("xterm", &["--plain"]),
        ("xterm", &["-q"]),
    ] {
        let crowd = Crowd::new(12);
        let words = [&["--all", "--yes"], more].concat();
        let seen = crowd.run(&words).env("TERM", term).on_terminal(80).end();
        assert_eq!(seen.code, 0, "{}", seen.text);
        assert!(!seen.text.contains('\u{1b}'), "{:?}", seen.text);
        let lines = if more == ["-q"] { 0 } else { 12 };
        assert_eq!(
            seen.text.matches("/12] Sandbox ").count(),
            lines,
            "{}",
            seen.text
        );
    }
}

/// Objects that are written to the same terminal stand on lines of their own.
#[test]
fn lines_of_json_between() {
    let crowd = Crowd::new(20);
    slowly(&crowd, 10);
    let seen = start(&crowd, 80, &["--all", "--yes", "--format", "jsonl"]).end();
    assert_eq!(seen.code, 0, "{}", seen.text);
    let bare = Screen::of(4000, &seen.bytes);
    let objects = bare.lines.iter().filter(|line| line.starts_with('{'));
    let mut parsed = objects.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    assert_eq!(parsed.by_ref().count(), 21, "{:#?}", bare.lines);
}
