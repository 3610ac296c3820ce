//! Where the values of many go, and what is said of each.

use std::fs;

use crate::harness::{Crowd, assert_ends, file_of, only_for, refuse, slowly};

/// What went wrong is said even to those who want to hear nothing else.
#[test]
fn quiet_names_what_went_wrong_only() {
    let crowd = Crowd::new(6);
    crowd
        .world
        .fault(only_for("Sandbox 0002", refuse("OPERATION_NOT_ALLOWED")));
    let ran = crowd.create(&["--quiet"]).go();
    assert_ends(&ran, 24);
    crowd.check(&ran);
    let said = ran.said();
    assert!(said.contains("Sandbox 0002: not issued"), "{said}");
    assert!(said.contains("--resume"), "{said}");
    assert!(!said.contains("Sandbox 0003"), "{said}");
    let ran = Crowd::new(6).create(&["--quiet"]).go();
    assert_eq!(
        (ran.code(), ran.said().as_str(), ran.printed().as_str()),
        (0, "", "")
    );
}

/// However many there are, a few files are open at a time; and no more than may be.
#[test]
fn few_files_are_open() {
    for (limit, jobs, destinations) in [(64, "4", 1), (64, "64", 1), (48, "16", 3)] {
        let crowd = Crowd::new(120);
        fs::create_dir(crowd.world.work("e")).unwrap();
        let others = [
            "-o",
            "json:e/{sandbox}.json",
            "-o",
            "env-file:e/{sandbox}.env#T",
        ];
        let others = &others[..(destinations - 1) * 2];
        let words = [&["--format", "jsonl", "-j", jobs], others].concat();
        let script = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
        let ran = crowd.create(&words).shell(&script).go();
        assert_ends(&ran, 0);
        assert_eq!(crowd.tokens(), 120);
        let warned = ran.said().contains("ulimit -n");
        assert_eq!(warned, jobs != "4", "{}", ran.said());
    }
}

/// One bad place among fifty, and nothing is sent.
#[test]
fn every_place_is_checked_before_anything_is_sent() {
    let crowd = Crowd::new(50);
    fs::create_dir(crowd.world.work("t").join("sandbox-0049")).unwrap();
    let mut named: Vec<_> = crowd.names.iter().map(String::as_str).collect();
    named.push("--yes");
    let ran = crowd.run(&named).go();
    assert_ends(&ran, 10);
    assert!(ran.said().contains("sandbox-0049"), "{}", ran.said());
    assert_eq!(crowd.world.vault.requests().len(), 0, "not even a password");
    let ran = crowd.create(&["--format", "json"]).go();
    assert_ends(&ran, 10);
    assert_eq!(crowd.world.creates().len(), 0);
    assert!(crowd.runs().is_empty() && crowd.world.records().is_empty());
    fs::remove_dir(crowd.world.work("t").join("sandbox-0049")).unwrap();
    crowd.check(&ran);
}

/// In every kind of place.
#[test]
fn the_name_in_each_kind_of_place() {
    let crowd = Crowd::new(3);
    fs::create_dir(crowd.world.work("e")).unwrap();
    let script = "exec:/bin/sh -c 'umask 77; cat > e/by-program-$0' {sandbox}";
    let ran = crowd
        .create(&[
            "-o",
            "env-file:e/{sandbox}.env#TOKEN",
            "-o",
            "json:e/{sandbox}.json",
            "-o",
            script,
        ])
        .go();
    assert_ends(&ran, 0);
    for name in &crowd.names {
        let value = &crowd.world.vault.tokens(name)[0].value;
        let file = file_of(name);
        let read = |place: String| fs::read_to_string(crowd.world.work(&place)).unwrap();
        assert_eq!(read(format!("t/{file}")), *value);
        assert_eq!(read(format!("e/{file}.env")), format!("TOKEN={value}\n"));
        assert_eq!(read(format!("e/by-program-{file}")), *value);
        let object: serde_json::Value =
            serde_json::from_str(&read(format!("e/{file}.json"))).unwrap();
        assert_eq!(object["token"]["value"], *value);
    }
}

/// What cannot be told apart is refused before anything is sent, and the words say why.
#[test]
fn places_that_are_one() {
    let one =
        |names: &'static [&'static str], out: &'static str, says: &'static str| (names, out, says);
    for (names, out, says) in [
        one(
            &["Q/A", "Q?A"],
            "x/{sandbox}",
            "\"Q/A\" and \"Q?A\" would both go there",
        ),
        one(&["A", "a"], "x/{sandbox}", "of these two the same is left"),
        one(&["A", "B"], "x/token", "Write {sandbox}"),
        one(&["A", "B"], "env-file:x/.env#TOKEN", "Write {sandbox}"),
        one(&["A", "B"], "json:x/t.json", "Write {sandbox}"),
        one(&["A", "B"], "exec:/bin/cat", "Write {sandbox}"),
        one(&["A", "B"], "-", "ask for --format jsonl"),
        one(&["A", "A"], "x/{sandbox}", "named twice"),
    ] {
        let crowd = Crowd::named(&["A", "a", "B", "Q/A", "Q?A"]);
        fs::create_dir(crowd.world.work("x")).unwrap();
        let words = [&["token", "create", "--yes", "-o", out], names].concat();
        let ran = crowd.world.run(&words).go();
        assert_ends(&ran, 2);
        assert!(ran.said().contains(says), "{out}: {}", ran.said());
        assert_eq!(crowd.world.vault.requests().len(), 0, "{out}");
        crowd.check(&ran);
    }
    // Twice for one sandbox is another mistake.
    for out in ["t/{sandbox}", "-", "exec:/bin/cat"] {
        let crowd = Crowd::named(&["A", "B"]);
        let words = ["token", "create", "A", "B", "--yes", "--format", "jsonl"];
        let ran = crowd
            .world
            .run(&[&words[..], &["-o", out, "-o", out]].concat())
            .go();
        assert_ends(&ran, 2);
        assert_eq!(crowd.world.vault.requests().len(), 0, "{}", ran.said());
    }
}

/// Each value in an object on stdout, told apart by its sandbox.
#[test]
fn to_stdout_as_lines() {
    let crowd = Crowd::new(8);
    let words = ["token", "create", "--all", "--yes", "--format", "jsonl"];
    let ran = crowd.world.run(&words).go();
    assert_ends(&ran, 0);
    crowd.check(&ran);
    let objects = ran.jsonl();
    let (summary, objects) = objects.split_last().unwrap();
    assert_eq!(summary["schema"], "vault-sandbox/summary/1");
    for object in objects {
        let name = object["sandbox"]["name"].as_str().unwrap();
        let token = &crowd.world.vault.tokens(name)[0];
        assert_eq!(object["token"]["value"], token.value, "{object}");
        assert_eq!(object["verification"], "ok");
    }
    assert_eq!(objects.len(), 8);
}

/// A reader that leaves takes no value with it, and the exit says what is true.
#[test]
fn a_reader_that_leaves() {
    let crowd = Crowd::new(8);
    crowd.world.fault(slowly(30));
    let ran = crowd
        .create(&["--format", "jsonl", "-j", "1"])
        .shell("{ \"$0\" \"$@\"; echo $? >&2; } | head -1")
        .go();
    assert!(ran.said().ends_with("0\n"), "{}", ran.said());
    assert_eq!(crowd.tokens(), 8);
    // The values themselves: those that nobody took are kept.
    let crowd = Crowd::new(8);
    // Nobody can know of what is in the pipe when the reader leaves: there is only one by then, on a
    // busy machine too.
    crowd.world.fault(slowly(400));
    let words = [
        "token", "create", "--all", "--yes", "--format", "jsonl", "-j", "1", "--verify", "never",
    ];
    let ran = crowd
        .world
        .run(&words)
        .shell("{ \"$0\" \"$@\"; echo $? >&2; } | head -1")
        .go();
    assert!(ran.said().ends_with("24\n"), "{}", ran.said());
    assert_eq!(
        crowd.tokens() - crowd.world.records().len(),
        ran.jsonl().len(),
        "{}",
        ran.said()
    );
}

/// Into a pipe: a line for each as it ends, then what it came to.
#[test]
fn a_line_for_each() {
    for plain in [false, true] {
        let crowd = Crowd::new(25);
        let more: &[&str] = if plain { &["--plain"] } else { &[] };
        let ran = crowd.create(more).go();
        assert_ends(&ran, 0);
        let said = ran.said();
        assert!(!said.contains('\r') && !said.contains('\u{1b}'), "{said}");
        let lines: Vec<_> = said.lines().filter(|line| line.starts_with('[')).collect();
        assert_eq!(lines.len(), 25, "{said}");
        for (at, line) in lines.iter().enumerate() {
            assert!(
                line.starts_with(&format!("[{}/25] Sandbox ", at + 1)),
                "{line}"
            );
        }
        for name in &crowd.names {
            assert_eq!(
                said.matches(&format!("{name}: issued")).count(),
                1,
                "{said}"
            );
        }
    }
}

/// Some cannot take theirs: those values are kept, named, and handed over later.
#[test]
fn places_that_fail_when_the_value_is_there() {
    let crowd = Crowd::new(6);
    let words = [
        "token", "create", "--all", "--yes", "--format", "json", "-o",
    ];
    let script =
        "exec:/bin/sh -c 'cat >/dev/null; case $0 in *-0003|*-0005) exit 1;; esac' {sandbox}";
    let ran = crowd.world.run(&[&words[..], &[script]].concat()).go();
    assert_ends(&ran, 24);
    crowd.check(&ran);
    assert_eq!((crowd.tokens(), crowd.world.records().len()), (6, 2));
    let summary = ran.json();
    assert_eq!(summary["counts"]["undelivered"], 2);
    assert!(
        summary["resume"].is_null(),
        "nothing is left to be asked for"
    );
    assert!(crowd.runs().is_empty());
    for operation in crowd.world.operations() {
        let ran = crowd
            .world
            .run(&["token", "recover", &operation, "-o", "t/late"])
            .go();
        assert_ends(&ran, 0);
        fs::remove_file(crowd.world.work("t/late")).unwrap();
    }
}
