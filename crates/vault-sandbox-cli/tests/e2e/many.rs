//! Many sandboxes at once: reliability.md, section F, and which sandboxes are meant.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use vault_sandbox_simulator::{Effect, Endpoint, Fault, ResponseStatus, SandboxStatus};

use crate::harness::{Crowd, Ran, Relay, fault_on_create, file_of, raw_server};

fn refuse(kind: &str) -> Effect {
    Effect::Refuse {
        status: 200,
        response_status: ResponseStatus::Failure,
        errors: vec![(kind.to_owned(), "No.".to_owned())],
    }
}

/// A fault on the requests for a token of one sandbox.
fn only_for(name: &str, effect: Effect) -> Fault {
    let name = name.replace(' ', "%20");
    fault_on_create(effect).path(format!("/objects/sandbox/{name}/"))
}

fn slowly(by: u64) -> Fault {
    fault_on_create(Effect::Delay {
        by: Duration::from_millis(by),
    })
}

#[track_caller]
fn assert_ends(ran: &Ran, code: i32) {
    assert_eq!(ran.code(), code, "{}", ran.said());
}

/// Waits until so many requests for a token have come.
fn wait_for(crowd: &Crowd, requests: usize) {
    for _ in 0..2000 {
        if crowd.world.creates().len() >= requests {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{requests} requests never came");
}

#[test]
fn each_has_its_own_token_in_its_own_place() {
    for format in ["human", "json", "jsonl"] {
        let crowd = Crowd::new(10);
        let ran = crowd.create(&["--format", format]).go();
        assert_ends(&ran, 0);
        crowd.check(&ran);
        assert_eq!(crowd.tokens(), 10);
        for name in &crowd.names {
            let value = fs::read_to_string(crowd.world.work("t").join(file_of(name))).unwrap();
            assert_eq!(value, crowd.world.vault.tokens(name)[0].value);
        }
        assert_eq!(crowd.sign_ins(), 1);
        assert!(crowd.runs().is_empty(), "it is done");
        assert!(ran.said().contains("Done: 10 issued."), "{}", ran.said());
    }
}

#[test]
fn some_refuse_and_the_others_are_delivered() {
    let crowd = Crowd::new(10);
    for name in ["Sandbox 0002", "Sandbox 0005", "Sandbox 0010"] {
        crowd
            .world
            .fault(only_for(name, refuse("OPERATION_NOT_ALLOWED")));
    }
    let ran = crowd.create(&["--format", "json"]).go();
    assert_ends(&ran, 24);
    crowd.check(&ran);
    assert_eq!(crowd.tokens(), 7);
    let summary = ran.json();
    assert_eq!(summary["outcome"], "partial");
    assert_eq!(summary["counts"]["not_issued"], 3);
    // In the order of the list, whoever finished first.
    let results = summary["results"].as_array().unwrap();
    let names: Vec<_> = results.iter().map(|one| &one["sandbox"]["name"]).collect();
    assert_eq!(names, crowd.names.iter().collect::<Vec<_>>());
    for (at, one) in results.iter().enumerate() {
        let code = if [1, 4, 9].contains(&at) { 5 } else { 0 };
        assert_eq!(one["exit_code"], code, "{one}");
    }
    assert!(summary["resume"].as_str().unwrap().contains("--resume"));
    assert_eq!(crowd.runs().len(), 1, "it can be resumed");
}

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

#[test]
fn a_refused_password_is_tried_once() {
    let crowd = Crowd::new(12);
    let ran = crowd
        .create(&["--format", "json"])
        .env("VAULT_SANDBOX_PASSWORD", "wrong")
        .go();
    assert_ends(&ran, 4);
    crowd.check(&ran);
    assert_eq!((crowd.sign_ins(), crowd.world.creates().len()), (1, 0));
    assert!(crowd.runs().is_empty());
}

/// As when the password was changed while the run went on.
#[test]
fn a_session_that_cannot_be_renewed_ends_the_run() {
    let crowd = Crowd::new(12);
    crowd.world.fault(
        Fault::new(refuse("USERNAME_OR_PASSWORD_INCORRECT"))
            .on(Endpoint::SignIn)
            .only(2),
    );
    crowd
        .world
        .fault(fault_on_create(refuse("INVALID_SESSION_ID")));
    let ran = crowd.create(&["--format", "jsonl", "-j", "2"]).go();
    assert_ends(&ran, 4);
    crowd.check(&ran);
    assert_eq!(crowd.sign_ins(), 2, "the second was refused: no third");
    assert!(crowd.world.creates().len() <= 4, "worked on at a time");
    assert_eq!(ran.jsonl().len(), 13, "each is named");
    assert_eq!(crowd.tokens(), 0);
}

#[test]
fn a_session_that_dies_midway_is_renewed_once() {
    let crowd = Crowd::new(40);
    crowd.world.fault(slowly(30));
    let running = crowd.create(&["--format", "jsonl", "-j", "4"]).start();
    wait_for(&crowd, 12);
    crowd.world.vault.expire_sessions();
    let ran = running.end();
    assert_ends(&ran, 0);
    crowd.check(&ran);
    assert_eq!(crowd.tokens(), 40);
    assert_eq!(crowd.sign_ins(), 2);
}

/// With a session ID there is nothing to renew it with: the rest is not even begun.
#[test]
fn a_session_that_was_given_ends_the_run() {
    let crowd = Crowd::new(40);
    crowd.world.fault(slowly(30));
    let dns = crowd.world.vault.dns().to_owned();
    let running = crowd
        .run_at(&dns, &["--all", "--yes", "--format", "jsonl", "-j", "2"])
        .start();
    wait_for(&crowd, 6);
    crowd.world.vault.expire_sessions();
    let ran = running.end();
    assert_ends(&ran, 24);
    crowd.check(&ran);
    assert!(crowd.world.creates().len() < 20);
    assert_eq!(ran.jsonl().len(), 41);
    assert!(ran.said().contains("--resume"), "{}", ran.said());
}

/// A Vault that says "later" means everybody.
#[test]
fn later_means_all_of_them() {
    let crowd = Crowd::new(40);
    crowd
        .world
        .fault(fault_on_create(refuse("API_LIMIT_EXCEEDED")));
    let ran = crowd.create(&["--format", "jsonl", "-j", "2"]).go();
    assert_ends(&ran, 8);
    crowd.check(&ran);
    assert!(crowd.world.creates().len() <= 4);
    assert_eq!(ran.jsonl().pop().unwrap()["error"]["retry"], "later");
}

/// Whoever cannot be reached again and again is left alone.
#[test]
fn a_vault_that_has_gone_is_not_asked_forty_times() {
    let crowd = Crowd::new(40);
    crowd.world.fault(slowly(20));
    let relay = Relay::start(crowd.world.vault.dns(), None);
    let ran = {
        let running = crowd
            .run_at(
                &relay.dns,
                &["--all", "--yes", "--format", "jsonl", "-j", "1"],
            )
            .start();
        wait_for(&crowd, 3);
        relay.close();
        running.end()
    };
    assert_ends(&ran, 24);
    crowd.check(&ran);
    let objects = ran.jsonl();
    let code = |code: i32| {
        objects
            .iter()
            .filter(|one| one["exit_code"] == code)
            .count()
    };
    assert_eq!(code(7) + code(0) + code(23), 40, "each is named");
    let tried = objects.iter().filter(|one| {
        let message = one["error"]["message"].as_str().unwrap_or_default();
        one["exit_code"] == 7 && !message.contains("Not begun")
    });
    assert!(tried.count() <= 5, "{}", ran.said());
}

#[test]
fn interrupted_midway() {
    for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 143)] {
        let crowd = Crowd::new(40);
        crowd.world.fault(slowly(60));
        let running = crowd.create(&["--format", "jsonl", "-j", "3"]).start();
        wait_for(&crowd, 7);
        running.signal(signal);
        let ran = running.end();
        assert_ends(&ran, 24);
        crowd.check(&ran);
        let asked = crowd.world.creates().len();
        assert!((7..20).contains(&asked), "{asked}");
        assert_eq!(crowd.tokens(), asked, "those under way were finished");
        let objects = ran.jsonl();
        let stopped = objects.iter().filter(|one| one["exit_code"] == exit);
        assert_eq!(stopped.count(), 40 - asked);
        assert!(
            ran.said().contains("the rest is not begun"),
            "{}",
            ran.said()
        );
        let again = crowd.resume(&[]);
        assert_ends(&again, 0);
        crowd.check(&again);
        assert_eq!(crowd.tokens(), 40);
    }
}

/// The second Ctrl-C gives up on those under way: they are not known, and the exit says so.
#[test]
fn interrupted_twice() {
    let crowd = Crowd::new(20);
    crowd.world.fault(slowly(4000));
    let running = crowd.create(&["--format", "jsonl", "-j", "3"]).start();
    wait_for(&crowd, 3);
    running.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    running.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    // What is looked up now finds them, or is given up too.
    running.signal(Signal::INT);
    let ran = running.end();
    assert_ends(&ran, 24);
    crowd.check(&ran);
    assert_eq!(crowd.world.creates().len(), 3);
    let objects = ran.jsonl();
    let unsure = objects.iter().filter(|one| {
        let code = one["exit_code"].as_i64().unwrap();
        code == 22 || code == 23
    });
    // The summary is neither.
    assert_eq!(unsure.count(), 3, "{}", ran.printed());
    assert_eq!(crowd.world.records().len(), 3);
    let again = crowd.resume(&["--format", "json"]);
    assert_ends(&again, 24);
    assert_eq!(crowd.world.creates().len(), 20, "the three are left alone");
    assert!(
        again.said().contains("3 are not certain"),
        "{}",
        again.said()
    );
}

/// Counted where the requests arrive.
#[test]
fn never_more_at_a_time_than_asked_for() {
    let crowd = Crowd::new(60);
    crowd.world.fault(slowly(25));
    let relay = Relay::start(crowd.world.vault.dns(), None);
    let ran = crowd
        .run_at(
            &relay.dns,
            &["--all", "--yes", "--verify", "never", "-j", "5"],
        )
        .go();
    assert_ends(&ran, 0);
    crowd.check(&ran);
    assert_eq!(crowd.tokens(), 60);
    assert_eq!(relay.most_at_a_time(), 5);
}

/// A Vault that delays is asked less at a time; one that no longer does, more again.
#[test]
fn throttled() {
    let crowd = Crowd::new(120);
    crowd.world.fault(
        fault_on_create(Effect::Throttled {
            delay: Duration::from_millis(40),
            remaining: 0,
        })
        .first(20),
    );
    crowd.world.fault(slowly(15));
    let relay = Relay::start(crowd.world.vault.dns(), None);
    let running = crowd
        .run_at(
            &relay.dns,
            &["--all", "--yes", "--verify", "never", "-j", "8"],
        )
        .start();
    wait_for(&crowd, 14);
    let at_first = relay.most_at_a_time();
    wait_for(&crowd, 19);
    let slowed = relay.most_at_a_time();
    let ran = running.end();
    let recovered = relay.most_at_a_time();
    assert_ends(&ran, 0);
    crowd.check(&ran);
    assert_eq!((at_first, slowed), (8, 1));
    assert!((3..=8).contains(&recovered), "{recovered}");
    assert_eq!(crowd.tokens(), 120);
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
    crowd.world.fault(slowly(30));
    let words = [
        "token", "create", "--all", "--yes", "--format", "jsonl", "-j", "1",
    ];
    let ran = crowd
        .world
        .run(&words)
        .shell("{ \"$0\" \"$@\"; echo $? >&2; } | head -1")
        .go();
    assert!(ran.said().ends_with("24\n"), "{}", ran.said());
    assert_eq!(
        crowd.tokens() - crowd.world.records().len(),
        ran.jsonl().len()
    );
}

#[test]
fn names_of_every_kind() {
    let names = [
        "Qualität ÄÖÜ",
        "サンドボックス",
        "  two  spaces ",
        "a/b\\c",
        "100% #1; ?x=y&z",
        ".hidden",
        "-rf",
        "--all",
        "..a",
        "'quoted' \"twice\" $HOME `id`",
        "::add-mask::nothing",
        "a:b",
    ];
    let crowd = Crowd::named(&names);
    let words = [
        &["token", "create", "--yes", "-o", "t/{sandbox}", "--"],
        &names[..],
    ]
    .concat();
    let ran = crowd.world.run(&words).without_timeout().go();
    assert_ends(&ran, 0);
    crowd.check(&ran);
    assert_eq!(crowd.tokens(), names.len());
    // What a CI system's runner obeys is not said.
    assert!(!ran.said().contains("::add-mask::"), "{}", ran.said());
    let crowd = Crowd::named(&names);
    let ran = crowd.create(&["--format", "jsonl"]).go();
    assert_ends(&ran, 0);
    crowd.check(&ran);
}

#[test]
fn names_from_a_file() {
    let crowd = Crowd::named(&["Q & A", "VeePharm", "last", "#1"]);
    let list = "\u{feff}# of the team\r\nVeePharm\r\n\r\n   \r\n# more\r\nQ & A\r\nlast";
    fs::write(crowd.world.work("list"), list).unwrap();
    crowd.world.settle();
    let ran = crowd
        .run(&["--from", "list", "--yes", "--format", "json"])
        .go();
    assert_ends(&ran, 0);
    crowd.check(&ran);
    let results = ran.json()["results"].clone();
    let names = results.as_array().unwrap().iter();
    let names: Vec<_> = names.map(|one| one["sandbox"]["name"].clone()).collect();
    assert_eq!(
        names,
        ["VeePharm", "Q & A", "last"],
        "in the order of the file"
    );
    // From stdin.
    let crowd = Crowd::named(&["A", "B", "C"]);
    let ran = crowd.run(&["--from", "-", "--yes"]).stdin(b"C\nA\n").go();
    assert_ends(&ran, 0);
    crowd.check(&ran);
    assert_eq!(crowd.tokens(), 2);
}

#[test]
fn lists_that_are_none() {
    let crowd = Crowd::named(&["A", "B"]);
    let work = |name: &str| crowd.world.work(name);
    fs::write(work("empty"), "").unwrap();
    fs::write(work("comments"), "# A\n\n").unwrap();
    fs::write(work("twice"), "A\nB\nA\n").unwrap();
    fs::write(work("binary"), b"A\n\xff\xfe\n").unwrap();
    fs::write(work("nul"), "A\nB\0\n").unwrap();
    let long = fs::File::create(work("long")).unwrap();
    long.set_len(16 * 1024 * 1024 + 1).unwrap();
    crowd.world.settle();
    for (file, exit, says) in [
        ("empty", 2, "there is no name in it"),
        ("comments", 2, "there is no name in it"),
        ("twice", 2, "\"A\" is named twice"),
        ("binary", 3, "UTF-8"),
        ("nul", 2, "sandbox name"),
        ("long", 3, "longer than 16 MiB"),
        ("missing", 3, "No such file"),
        ("t", 3, "directory"),
    ] {
        let ran = crowd.run(&["--from", file, "--yes"]).go();
        assert_ends(&ran, exit);
        assert!(ran.said().contains(says), "{file}: {}", ran.said());
    }
    let twice = ["--from", "-", "--yes", "--password-file", "-"];
    let ran = crowd
        .run(&twice)
        .without("VAULT_SANDBOX_PASSWORD")
        .stdin(b"A\n")
        .go();
    assert_ends(&ran, 2);
    assert!(
        ran.said().contains("stdin is asked for twice"),
        "{}",
        ran.said()
    );
    // Two ways of saying which.
    for words in [
        &["A", "--all"][..],
        &["--all", "--match", "A"],
        &["A", "--from", "twice"],
        &["A", "B", "-j", "0"],
        &["A", "B", "--sandbox-dns", "127.0.0.1:1"],
        &["--match", "[", "--yes"],
    ] {
        let ran = crowd.run(words).go();
        assert_ends(&ran, 2);
    }
    assert_eq!(crowd.world.vault.requests().len(), 0);
}

#[test]
fn patterns_and_what_is_left_out() {
    let crowd = Crowd::named(&[
        "VeePharm QA",
        "VeePharm UAT",
        "Other",
        "Veepharm x",
        "Old",
        "New",
    ]);
    crowd
        .world
        .vault
        .set_sandbox_status("Old", SandboxStatus::Inactive)
        .unwrap();
    crowd
        .world
        .vault
        .set_sandbox_status("New", SandboxStatus::Building)
        .unwrap();
    let chosen = |words: &[&str]| -> (Ran, Vec<String>) {
        let ran = crowd
            .run(&[words, &["--dry-run", "--format", "jsonl"]].concat())
            .go();
        let objects = ran.jsonl();
        let names = objects
            .iter()
            .filter_map(|one| one["sandbox"]["name"].as_str());
        let names = names.map(str::to_owned).collect();
        (ran, names)
    };
    let (ran, names) = chosen(&["--match", "VeePharm *"]);
    assert_ends(&ran, 0);
    assert_eq!(names, ["VeePharm QA", "VeePharm UAT"]);
    let (_, names) = chosen(&["--match", "?e[ew]*"]);
    assert_eq!(names, ["VeePharm QA", "VeePharm UAT", "Veepharm x"]);
    let (ran, names) = chosen(&["--all"]);
    assert_eq!(
        names,
        ["VeePharm QA", "VeePharm UAT", "Other", "Veepharm x"]
    );
    assert!(
        ran.said().contains("Old is left out: it is inactive."),
        "{}",
        ran.said()
    );
    assert!(
        ran.said().contains("New is left out: it is building."),
        "{}",
        ran.said()
    );
    for none in ["nothing*", "", "Old"] {
        let (ran, _) = chosen(&["--match", none]);
        assert_ends(&ran, 5);
        assert!(ran.said().contains("matches"), "{}", ran.said());
        assert!(ran.said().contains("sandbox list"), "{}", ran.said());
    }
    // Named, they are no courtesy but a mistake: all of them are named, and nothing is sent.
    let ran = crowd.run(&["Other", "Old", "New", "Nowhere", "--yes"]).go();
    assert_ends(&ran, 5);
    for words in [
        "3 of 4 sandboxes cannot",
        "Old is inactive",
        "New is building",
        "\"Nowhere\"",
    ] {
        assert!(ran.said().contains(words), "{words}: {}", ran.said());
    }
    assert_eq!(crowd.world.creates().len(), 0);
    assert!(crowd.runs().is_empty());
}

#[test]
fn users_who_may_not_see_the_list() {
    let crowd = Crowd::named(&["A", "B", "C"]);
    crowd.world.vault.switches(|s| s.may_list_sandboxes = false);
    let ran = crowd.run(&["A", "C", "--yes", "--format", "jsonl"]).go();
    assert_ends(&ran, 0);
    crowd.check(&ran);
    assert_eq!(crowd.tokens(), 2);
    for words in [&["--all"][..], &["--match", "*"]] {
        let ran = crowd.run(&[words, &["--yes"]].concat()).go();
        assert_ends(&ran, 5);
        assert!(ran.said().contains("Name them"), "{}", ran.said());
    }
    let ran = crowd.run(&["A", "B", "--yes", "--verify", "always"]).go();
    assert_ends(&ran, 3);
    assert_eq!(crowd.world.creates().len(), 2);
}

/// The plan is shown, and without a terminal nobody can say yes.
#[test]
fn nobody_to_ask() {
    let crowd = Crowd::new(12);
    let ran = crowd.run(&["--all", "--format", "json"]).go();
    assert_ends(&ran, 3);
    crowd.check(&ran);
    assert_eq!(crowd.world.creates().len(), 0);
    let said = ran.said();
    for words in [
        "12: Sandbox 0001,",
        "and 2 more",
        "t/sandbox-0001, and so on",
        "--yes",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(crowd.runs().is_empty());
}

#[test]
fn a_dry_run_of_many() {
    let crowd = Crowd::new(5);
    let ran = crowd.create(&["--dry-run", "--format", "json"]).go();
    assert_ends(&ran, 0);
    let object = ran.json();
    assert_eq!(object["requests"].as_array().unwrap().len(), 5, "{object}");
    let ran = crowd.create(&["--dry-run", "--format", "jsonl"]).go();
    assert_eq!(ran.jsonl().len(), 5);
    let ran = crowd.create(&["--dry-run"]).go();
    assert_eq!(ran.printed().matches("POST http").count(), 5);
    assert_eq!(crowd.world.creates().len(), 0);
    assert!(crowd.runs().is_empty() && crowd.world.files().iter().all(|f| !crowd.world.is_new(f)));
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

/// The same outcome everywhere is the outcome, and its exit code the exit code.
#[test]
fn mixtures() {
    let lost = Effect::Reset { carried_out: true };
    let cases: [(&str, Vec<Option<Effect>>, i32, &str); 7] = [
        (
            "refused",
            vec![Some(refuse("OPERATION_NOT_ALLOWED")); 3],
            5,
            "not_issued",
        ),
        ("lost", vec![Some(lost.clone()); 3], 22, "value_lost"),
        (
            "unknown",
            vec![Some(Effect::Reset { carried_out: false }); 3],
            23,
            "unknown",
        ),
        ("some", vec![None, Some(lost.clone()), None], 24, "partial"),
        (
            "both",
            vec![Some(lost), Some(refuse("OPERATION_NOT_ALLOWED")), None],
            24,
            "partial",
        ),
        (
            "later",
            vec![
                Some(refuse("OPERATION_IN_PROGRESS")),
                Some(refuse("OPERATION_NOT_ALLOWED")),
                Some(refuse("OPERATION_NOT_ALLOWED")),
            ],
            8,
            "not_issued",
        ),
        ("none", vec![None, None, None], 0, "issued"),
    ];
    for (what, effects, exit, outcome) in cases {
        let crowd = Crowd::new(3);
        for (name, effect) in crowd.names.iter().zip(&effects) {
            if let Some(effect) = effect {
                crowd.world.fault(only_for(name, effect.clone()));
            }
        }
        let ran = crowd.create(&["--format", "json"]).hastily().go();
        assert_eq!(ran.code(), exit, "{what}: {}", ran.said());
        crowd.check(&ran);
        assert_eq!(ran.json()["outcome"], outcome, "{what}");
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

/// `token list`, over many and in their order, with those that could not be looked at named.
#[test]
fn a_list_over_many() {
    let crowd = Crowd::new(9);
    assert_ends(&crowd.create(&[]).go(), 0);
    let list = |more: &[&str]| {
        let words = ["token", "list", "--all", "--format", "json"];
        crowd.world.run(&[&words[..], more].concat()).go()
    };
    let ran = list(&[]);
    assert_ends(&ran, 0);
    let order = |ran: &Ran| -> Vec<String> {
        let tokens = ran.json()["tokens"].as_array().unwrap().clone();
        let names = tokens
            .iter()
            .map(|one| one["sandbox"].as_str().unwrap().to_owned());
        names.collect()
    };
    assert_eq!(order(&ran), crowd.names);
    crowd
        .world
        .fault(Fault::new(refuse("INSUFFICIENT_ACCESS")).vault("Sandbox 0004"));
    let ran = list(&[]);
    assert_ends(&ran, 24);
    assert_eq!(order(&ran).len(), 8);
    assert!(
        ran.said()
            .contains("1 of 9 sandboxes could not be looked at"),
        "{}",
        ran.said()
    );
    assert!(ran.said().contains("Sandbox 0004"), "{}", ran.said());
}

/// `token rotate` of many: the old ones go, one by one, as the new ones have their places.
#[test]
fn a_rotation_of_many() {
    let crowd = Crowd::new(8);
    assert_ends(&crowd.create(&[]).go(), 0);
    let old: BTreeMap<_, _> = crowd
        .names
        .iter()
        .map(|name| (name.clone(), crowd.world.vault.tokens(name)[0].clone()))
        .collect();
    crowd
        .world
        .fault(only_for("Sandbox 0003", refuse("OPERATION_NOT_ALLOWED")));
    let words = ["token", "rotate", "--all", "--yes", "-o", "t/{sandbox}"];
    let ran = crowd
        .world
        .run(&[&words[..], &["--format", "json"]].concat())
        .go();
    assert_ends(&ran, 24);
    crowd.check_places(&ran);
    let summary = ran.json();
    assert_eq!(summary["counts"]["issued"], 7, "{summary}");
    for name in &crowd.names {
        let tokens = crowd.world.vault.tokens(name);
        assert_eq!(tokens.len(), 1, "{name}");
        let is_old = tokens[0].id == old[name].id;
        assert_eq!(is_old, name == "Sandbox 0003", "{name}");
        let value = fs::read_to_string(crowd.world.work("t").join(file_of(name))).unwrap();
        assert_eq!(value, tokens[0].value);
    }
    assert!(
        crowd.runs().is_empty(),
        "a rotation is run again, not resumed"
    );
}

/// A server that is nobody's answers nothing: all stays bounded, and nothing is asked twice.
#[test]
fn nothing_answers() {
    let crowd = Crowd::new(3);
    let dns = raw_server(drop);
    let ran = crowd
        .run_at(&dns, &["A", "B", "--yes", "--format", "json"])
        .hastily()
        .go();
    assert_ends(&ran, 7);
    crowd.check(&ran);
}
