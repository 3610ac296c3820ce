//! Many sandboxes at once: reliability.md, section F.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use vault_sandbox_simulator::{Effect, Endpoint, Fault};

use crate::harness::{
    Crowd, Ran, Relay, assert_ends, fault_on_create, file_of, only_for, raw_server, refuse, slowly,
    wait_for,
};

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
    assert!(tried.count() <= 10, "{}", ran.said());
}

#[test]
fn interrupted_midway() {
    for (signal, exit, jobs) in [
        (Signal::INT, 130, 3),
        (Signal::TERM, 143, 3),
        (Signal::HUP, 143, 3),
        (Signal::INT, 130, 16),
    ] {
        let crowd = Crowd::new(120);
        crowd.world.fault(slowly(if jobs == 3 { 60 } else { 15 }));
        let many = jobs.to_string();
        let running = crowd.create(&["--format", "jsonl", "-j", &many]).start();
        wait_for(&crowd, jobs * 2 + 1);
        running.signal(signal);
        let before = crowd.world.creates().len();
        let ran = running.end();
        assert_ends(&ran, 24);
        crowd.check(&ran);
        let asked = crowd.world.creates().len();
        assert!(asked <= before + 2 * jobs, "{before}, then {asked}");
        assert_eq!(crowd.tokens(), asked, "those under way were finished");
        let objects = ran.jsonl();
        let stopped = objects.iter().filter(|one| one["exit_code"] == exit);
        assert_eq!(stopped.count(), 120 - asked);
        let said = ran.said();
        assert!(said.contains("the rest is not begun"), "{said}");
        let again = crowd.resume(&[]);
        assert_ends(&again, 0);
        crowd.check(&again);
        assert_eq!(crowd.tokens(), 120);
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
            delay: Duration::from_millis(150),
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
