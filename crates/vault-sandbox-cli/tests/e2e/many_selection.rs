//! Which sandboxes are meant, and what is shown before anything is done for them.

use std::fs;

use vault_sandbox_simulator::SandboxStatus;

use crate::harness::{Crowd, Ran, assert_ends};

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
