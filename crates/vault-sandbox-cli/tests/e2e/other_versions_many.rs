//! Records of runs over many sandboxes that another version wrote.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::{Crowd, assert_ends, assert_untouched, sample};
use crate::many_resume::{record, refusing};

/// A run over six, of which the second and the fourth were refused; its record and its name.
fn unfinished() -> (Crowd, PathBuf, String) {
    let crowd = Crowd::new(6);
    for name in ["Sandbox 0002", "Sandbox 0004"] {
        crowd.world.fault(refusing(name));
    }
    assert_ends(&crowd.create(&[]).go(), 24);
    crowd.world.vault.clear_faults();
    let (path, run) = (record(&crowd), crowd.runs().remove(0));
    (crowd, path, run)
}

/// Puts a line behind the others.
fn append(path: &PathBuf, line: &Value) {
    let mut text = fs::read_to_string(path).unwrap();
    text.push_str(&format!("{line}\n"));
    fs::write(path, text).unwrap();
}

/// Changes the plan, which is the first line.
fn change_plan(path: &PathBuf, change: impl Fn(&mut Value)) {
    let text = fs::read_to_string(path).unwrap();
    let (plan, facts) = text.split_once('\n').unwrap();
    let mut plan: Value = serde_json::from_str(plan).unwrap();
    change(&mut plan);
    fs::write(path, format!("{plan}\n{facts}")).unwrap();
}

#[test]
fn a_sandbox_of_which_something_unknown_is_said_is_left_alone() {
    let facts = [
        json!({"fact": "handed_on", "sandbox": "Sandbox 0004", "operation": "0000000a"}),
        json!({"fact": "asked_by_job", "sandbox": "Sandbox 0004", "job": {"id": 7}}),
        json!({"fact": "ended", "sandbox": "Sandbox 0004", "operation": "0000000a", "outcome": "postponed"}),
    ];
    for fact in facts {
        let (crowd, path, _) = unfinished();
        append(&path, &fact);
        let before = crowd.world.state();
        assert_ends(&crowd.world.run(&["token", "recover"]).go(), 0);
        assert_untouched(&crowd.world, &before, "listing");
        let ran = crowd.resume(&["--format", "json"]);
        let said = ran.said();
        assert!(matches!(ran.code(), 0 | 23 | 24), "{fact}: {said}");
        let issued = crowd.issued();
        assert_eq!(
            issued["Sandbox 0004"],
            (0, 1),
            "{fact}: never asked again: {said}"
        );
        assert_eq!(
            issued["Sandbox 0002"],
            (1, 2),
            "{fact}: the others go on: {said}"
        );
        crowd.check(&ran);
        // It is not forgotten either, as often as it is tried.
        if crowd.runs().is_empty() {
            continue;
        }
        let now = fs::read_to_string(&path).unwrap();
        assert!(
            now.contains(&fact.to_string()),
            "{fact}: it still stands there"
        );
        crowd.resume(&["--format", "json"]);
        assert_eq!(crowd.issued()["Sandbox 0004"], (0, 1), "{fact}");
    }
}

/// One that is not certain is named, and keeps the run open: what a newer version knows of it stands in
/// no other place.
#[test]
fn a_fact_of_another_kind_is_not_taken_for_an_end() {
    let (crowd, path, run) = unfinished();
    append(
        &path,
        &json!({"fact": "handed_on", "sandbox": "Sandbox 0004", "operation": "0000000a"}),
    );
    let ran = crowd.resume(&["--format", "json"]);
    assert_ends(&ran, 24);
    let counts = json!({"issued": 1, "unknown": 1});
    assert_eq!(ran.json()["counts"], counts, "{}", ran.said());
    assert!(ran.said().contains("Sandbox 0004"), "{}", ran.said());
    assert_eq!(crowd.runs(), [run]);
}

#[test]
fn a_fact_that_may_be_passed_over_is() {
    let (crowd, path, _) = unfinished();
    let mut fact = json!({"fact": "seen", "sandbox": "Sandbox 0004", "optional": true});
    append(&path, &fact);
    fact["sandbox"] = Value::Null;
    append(&path, &fact);
    let ran = crowd.resume(&["--format", "json"]);
    assert_ends(&ran, 0);
    assert_eq!(crowd.tokens(), 6);
    assert!(crowd.runs().is_empty());
}

#[test]
fn a_run_of_another_version_is_left_alone() {
    let changes: [fn(&mut Value); 2] = [
        |plan| plan["schema"] = "vault-sandbox/many/2".into(),
        |plan| *plan = json!({"schema": "vault-sandbox/many/2", "what": "all of it is new"}),
    ];
    for change in changes {
        let (crowd, path, run) = unfinished();
        change_plan(&path, change);
        let before = crowd.world.state();
        let ran = crowd.world.run(&["token", "recover"]).go();
        assert_ends(&ran, 0);
        assert_untouched(&crowd.world, &before, "listing");
        let listed = ran.printed();
        let line = listed
            .lines()
            .find(|l| l.contains(&run))
            .unwrap_or_default();
        assert!(line.contains("newer version"), "{listed}");
        let asked = crowd.world.creates().len();
        let ran = crowd.resume(&["--format", "json"]);
        assert!((2..=23).contains(&ran.code()), "{}", ran.said());
        assert!(ran.said().contains("newer version"), "{}", ran.said());
        assert_untouched(&crowd.world, &before, "resuming");
        let ran = crowd.world.run(&["token", "recover", &run]).go();
        assert_ends(&ran, 23);
        assert_untouched(&crowd.world, &before, "going on");
        assert_eq!(crowd.world.creates().len(), asked, "nothing was asked for");
        let forget = ["token", "recover", &run, "--forget", "--yes"];
        assert_ends(&crowd.world.run(&forget).go(), 0);
        assert!(!path.exists());
    }
}

#[test]
fn fields_that_are_not_known_are_passed_over() {
    let (crowd, path, _) = unfinished();
    change_plan(&path, |plan| {
        plan["why"] = json!({"ticket": 1});
        plan["sandboxes"][0]["size"] = "Full".into();
    });
    let text = fs::read_to_string(&path).unwrap();
    let more = text.replace("{\"fact\":", "{\"at\":\"2031-01-01\",\"fact\":");
    fs::write(&path, more).unwrap();
    let before = crowd.world.state();
    let listed = crowd.world.run(&["token", "recover", "--format", "json"]);
    let listed = listed.go().json();
    assert_untouched(&crowd.world, &before, "listing");
    assert_eq!(listed["runs"][0]["state"], "open", "{listed}");
    assert_eq!(listed["runs"][0]["left"], 2, "{listed}");
    let ran = crowd.resume(&["--format", "json"]);
    assert_ends(&ran, 0);
    assert_eq!(crowd.tokens(), 6);
    assert!(crowd.runs().is_empty());
}

/// A run that was killed before it asked for one: the list says so without writing it down, and it is
/// as certain afterwards.
#[test]
fn listing_one_that_was_never_asked_for_writes_nothing() {
    let (crowd, path, _) = unfinished();
    append(
        &path,
        &json!({"fact": "begun", "sandbox": "Sandbox 0004", "operation": "0000000a"}),
    );
    crowd.world.plant("0000000a", &[]);
    let before = crowd.world.state();
    for _ in 0..2 {
        assert_ends(&crowd.world.run(&["token", "recover"]).go(), 0);
        assert_untouched(&crowd.world, &before, "listing");
    }
    let ran = crowd.resume(&["--format", "json"]);
    assert_ends(&ran, 0);
    assert_eq!(crowd.tokens(), 6);
}

/// What 34f2561 left is gone on with: certain is what it said was not issued, and what was not begun.
#[test]
fn what_34f2561_left_is_resumed() {
    for (name, all, asked) in [
        ("plan", &["A", "B", "C"][..], &["A", "B", "C"][..]),
        ("begun", &["A", "B", "C"], &["C"]),
        ("torn", &["A", "B", "C"], &["C"]),
        (
            "ended",
            &[
                "Issued",
                "Refused",
                "Undelivered",
                "Mismatch",
                "Value lost",
                "Unknown",
                "Not reached",
            ],
            &["Refused"],
        ),
    ] {
        let crowd = Crowd::named(all);
        let vault = format!("http://{}", crowd.world.vault.dns());
        let work = crowd.world.root().join("work");
        let text = String::from_utf8(sample(&format!("many/{name}.jsonl"))).unwrap();
        let text = text
            .replace("http://127.0.0.1:18480", &vault)
            .replace("/srv/example/work", work.to_str().unwrap());
        let plan: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let run = plan["operation"].as_str().unwrap();
        crowd.world.plant_run(run, text.as_bytes());
        // Those dates pass.
        let expires: &[&str] = match name {
            "ended" => &[],
            _ => &["--expires", "30d"],
        };
        let ran = crowd.resume(&[&["--format", "json"], expires].concat());
        assert!(matches!(ran.code(), 0 | 23 | 24), "{name}: {}", ran.said());
        let issued = crowd.issued();
        let were: Vec<_> = issued
            .iter()
            .filter(|(_, (_, n))| *n > 0)
            .map(|(s, _)| *s)
            .collect();
        assert_eq!(were, asked, "{name}: {}", ran.said());
        assert_eq!(crowd.tokens(), asked.len(), "{name}: {}", ran.said());
    }
}
