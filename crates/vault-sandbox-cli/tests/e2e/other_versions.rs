//! Pending records that another version wrote: read, passed over, or left alone byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::harness::{Lines, World, assert_untouched, sample};
use crate::recover::{kept, recover};

/// What a later version might do to a record, all of it intact.
pub(crate) type Change = fn(&Lines) -> Lines;

fn unknown() -> Value {
    json!({"entry": "shredded", "at": "2031-01-01T00:00:00Z", "why": ["a", {"b": 1}]})
}

fn edited(lines: &Lines, edit: impl Fn(&mut Value)) -> Lines {
    let mut lines = lines.clone();
    lines.0.iter_mut().for_each(edit);
    lines
}

/// What this version cannot know what to do about.
pub(crate) const NEWER: &[(&str, Change)] = &[
    ("a line of another type before the token", |l| {
        l.with(1, unknown())
    }),
    ("one behind the token", |l| l.with(2, unknown())),
    ("one at the end", |l| l.with(l.0.len(), unknown())),
    ("a line without a type", |l| {
        l.with(2, json!({"schema": "x"}))
    }),
    ("a line that is no object", |l| {
        l.with(2, json!(["shredded"]))
    }),
    ("another version of the whole", |l| {
        edited(l, |line| {
            if line["entry"] == "intent" {
                line["schema"] = "vault-sandbox/record/2".into();
            }
        })
    }),
    ("another rule of trying it out", |l| {
        edited(l, |line| {
            if line["entry"] == "intent" {
                line["verify"] = "twice".into();
            }
        })
    }),
    ("another first line", |l| {
        edited(l, |line| {
            if line["entry"] == "intent" {
                line["entry"] = "intent_of_many".into();
            }
        })
    }),
    ("one before the first line", |l| l.with(0, unknown())),
    ("another way to be delivered", |l| {
        edited(l, |line| {
            if line["entry"] == "deliveries" {
                line["all"][0]["state"] = "half".into();
            }
        })
    }),
    ("one that says that it is not optional", |l| {
        let mut line = unknown();
        line["optional"] = false.into();
        l.with(2, line)
    }),
];

/// A record of ours whose value is kept and whose first destination failed; its lines.
fn of_ours() -> (World, String, PathBuf, Lines) {
    let (world, operation) = kept();
    let path = world.records().remove(0);
    let lines = Lines::of(&path);
    assert_eq!(lines.0[1]["entry"], "token");
    assert!(lines.0.iter().any(|line| line["entry"] == "deliveries"));
    (world, operation, path, lines)
}

#[test]
fn what_a_newer_version_wrote_is_listed_and_left_as_it_is() {
    for (what, change) in NEWER {
        let (world, operation, path, lines) = of_ours();
        let bytes = change(&lines).bytes();
        world.plant(&operation, &bytes);
        // Another beside it is shown all the same.
        let other = Lines::sample("lost");
        world.plant(&other.operation(), &other.bytes());
        let before = world.state();
        let ran = recover(&world, &[]);
        assert_untouched(&world, &before, what);
        assert_eq!(ran.code(), 0, "{what}: {}", ran.said());
        let listed = ran.printed();
        let line = |of: &str| listed.lines().find(|l| l.contains(of)).unwrap_or_default();
        let shown = line(&operation);
        assert!(shown.contains("newer version"), "{what}: {listed}");
        assert!(
            line(&other.operation()).contains("lost"),
            "{what}: {listed}"
        );
        let ran = recover(&world, &["--format", "json"]);
        assert_untouched(&world, &before, what);
        let listed = ran.json();
        let of = |operation: &str| {
            let all = listed["operations"].as_array().unwrap();
            let found = all.iter().find(|one| one["operation"] == operation);
            found.unwrap_or_else(|| panic!("{what}: {listed}"))["state"].clone()
        };
        assert_eq!(of(&other.operation()), "value_lost", "{what}");
        let ours = ["kept", "delivered", "value_lost", "unknown", "unreadable"];
        let state = of(&operation);
        assert!(ours.iter().all(|known| state != *known), "{what}: {state}");
        // What goes on with it does not.
        let asked = world.vault.requests().len();
        for more in [
            &[][..],
            &["--out", "elsewhere"],
            &["--out", "-"],
            &["--revoke", "--yes"],
        ] {
            let ran = recover(&world, &[&[operation.as_str()], more].concat());
            let when = format!("{what}: {more:?}: {}", ran.said());
            assert_eq!(ran.code(), 23, "{when}");
            assert!(ran.said().contains("newer version"), "{when}");
            assert_untouched(&world, &before, &when);
            assert!(ran.stdout.is_empty(), "{when}");
            assert!(!world.work("elsewhere").exists(), "{when}");
        }
        assert_eq!(world.token_ids().len(), 1, "{what}: nothing was deleted");
        let since = world.vault.requests().split_off(asked);
        assert!(
            since.iter().all(|r| !r.path.contains("api_access_token")),
            "{what}"
        );
        // Only a person may put it away.
        let ran = recover(&world, &[&operation, "--forget"]);
        assert_eq!(ran.code(), 3, "{what}: {}", ran.said());
        assert_untouched(&world, &before, what);
        let ran = recover(&world, &[&operation, "--forget", "--yes"]);
        assert_eq!(ran.code(), 0, "{what}: {}", ran.said());
        assert!(!path.exists(), "{what}");
    }
}

/// A later version may say more of what this one knows: that changes nothing.
#[test]
fn fields_that_are_not_known_are_passed_over() {
    let (world, operation, path, lines) = of_ours();
    let more = edited(&lines, |line| {
        line["since_version_9"] = json!({"deep": [1, null]});
        for delivery in line["all"].as_array_mut().into_iter().flatten() {
            delivery["tries"] = 3.into();
        }
    });
    world.plant(&operation, &more.bytes());
    let before = world.state();
    let listed = recover(&world, &["--format", "json"]).json();
    assert_untouched(&world, &before, "listing");
    assert_eq!(listed["operations"][0]["state"], "kept");
    let ran = recover(&world, &[&operation, "--out", "token"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let there = fs::read_to_string(world.work("token")).unwrap();
    assert_eq!(Some(there), world.value());
    assert!(!path.exists());
}

/// A line that says itself that it may be passed over is, and stays where it is.
#[test]
fn an_optional_line_is_passed_over_and_kept() {
    let mut line = unknown();
    line["optional"] = true.into();
    for at in 1..=3 {
        let (world, operation, path, lines) = of_ours();
        let planted = lines.with(at, line.clone());
        world.plant(&operation, &planted.bytes());
        let before = world.state();
        let listed = recover(&world, &["--format", "json"]).json();
        assert_untouched(&world, &before, "listing");
        assert_eq!(listed["operations"][0]["state"], "kept", "{at}");
        // It is gone on with, in vain, and then written to.
        let ran = recover(&world, &[&operation, "--out", "exec:false"]);
        assert_eq!(ran.code(), 20, "{at}: {}", ran.said());
        let now = Lines::of(&path);
        assert_eq!(now.0[..planted.0.len()], planted.0[..], "{at}: as it was");
        assert!(
            now.0.len() > planted.0.len(),
            "{at}: more was written behind it"
        );
        let ran = recover(&world, &[&operation, "--out", "token"]);
        assert_eq!(ran.code(), 0, "{at}: {}", ran.said());
        let there = fs::read_to_string(world.work("token")).unwrap();
        assert_eq!(Some(there), world.value(), "{at}");
        assert!(!path.exists(), "{at}");
    }
}

/// An intact line behind a torn one may be of a write that was overtaken; a record that is torn says
/// what comes before, as ever. Listing leaves that as it is too.
#[test]
fn listing_leaves_a_torn_record_as_it_is() {
    let (world, operation, _, lines) = of_ours();
    let mut bytes = Lines(lines.0[..2].to_vec()).bytes();
    bytes.extend_from_slice(b"0123456789abcdef {\"entry\":\"deliv\n");
    let stale = json!({"entry": "lost", "ids": ["STALE"]});
    bytes.extend_from_slice(&Lines(vec![stale]).bytes());
    world.plant(&operation, &bytes);
    let before = world.state();
    let listed = recover(&world, &["--format", "json"]).json();
    assert_untouched(&world, &before, "listing");
    assert_eq!(listed["operations"][0]["state"], "kept");
    let ran = recover(&world, &[&operation, "--out", "token"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
}

/// Everything that 34f2561 could leave, at once: looked at, shown, and byte for byte the same after.
#[test]
fn listing_writes_nothing() {
    let world = World::new();
    let states: BTreeMap<_, _> = SAMPLES.iter().copied().collect();
    for (name, _) in SAMPLES {
        let lines = Lines::sample(name);
        let operation = lines.operation();
        // As they lay there: with what was reserved behind them, and torn where they were.
        world.plant(&operation, &sample(&format!("pending/{name}.journal")));
    }
    world.plant("0badf00d", &[]);
    let mut runs = Vec::new();
    for name in ["plan", "begun", "ended", "torn"] {
        let bytes = sample(&format!("many/{name}.jsonl"));
        let plan: Value = serde_json::Deserializer::from_slice(&bytes)
            .into_iter()
            .next()
            .unwrap()
            .unwrap();
        world.plant_run(plan["operation"].as_str().unwrap(), &bytes);
        runs.push(plan["operation"].clone());
    }
    // Cut off before its plan was whole, and nothing at all.
    world.plant_run("0badf00e", b"{\"schema\":\"vault-sand");
    world.plant_run("0badf00f", b"");
    let before = world.state();
    for words in [&[][..], &["--format", "json"], &["--format", "jsonl"]] {
        let ran = recover(&world, words);
        assert_untouched(&world, &before, &format!("{words:?}"));
        assert_eq!(ran.code(), 0, "{words:?}: {}", ran.said());
    }
    let listed = recover(&world, &["--format", "json"]).json();
    for (name, state) in states {
        let operation = Lines::sample(name).operation();
        let all = listed["operations"].as_array().unwrap();
        let found = all
            .iter()
            .find(|one| one["operation"] == operation.as_str());
        let found = found.unwrap_or_else(|| panic!("{name} is not listed"));
        assert!(
            state.contains(&found["state"].as_str().unwrap()),
            "{name}: {found}"
        );
    }
    for run in runs {
        let all = listed["runs"].as_array().unwrap();
        let found = all.iter().find(|one| one["operation"] == run);
        assert_eq!(found.unwrap()["state"], "open", "{run}: {listed}");
    }
    assert_eq!(world.vault.requests().len(), 0);
}

/// The samples, and what the list may call each. One that a look-up by a shared name blamed need not
/// be called lost any more.
const SAMPLES: &[(&str, &[&str])] = &[
    ("intent", &["unknown"]),
    ("intent-default-name", &["unknown"]),
    ("intent-replaces", &["unknown"]),
    ("kept", &["kept"]),
    ("committed-started-planned", &["kept"]),
    ("failed-committed", &["kept"]),
    ("uncertain", &["kept"]),
    ("redirected", &["kept"]),
    ("renounced", &["kept"]),
    ("lost", &["value_lost"]),
    ("lost-by-name", &["value_lost", "unknown"]),
    ("lost-of-several", &["value_lost", "unknown"]),
    ("unkept-started", &["unknown", "value_lost", "kept"]),
    ("unsynced-token", &["kept"]),
    ("torn-token", &["unknown"]),
    ("replaces-kept", &["kept"]),
    ("replaces-settled", &["delivered"]),
    (
        "replaces-settled-unkept",
        &["delivered", "unknown", "value_lost"],
    ),
];
