//! Runs over many sandboxes that were cut off, and what resumes them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use vault_sandbox_simulator::{Effect, Fault, SandboxStatus};

use crate::harness::{
    Crowd, assert_ends, fault_on_create, file_of, in_rounds, only_for, refuse, slowly,
};

pub(crate) fn refusing(name: &str) -> Fault {
    only_for(name, refuse("OPERATION_NOT_ALLOWED"))
}

/// The record of the one run.
pub(crate) fn record(crowd: &Crowd) -> PathBuf {
    let files = crowd.world.files().into_iter();
    let mut records = files.filter(|file| file.place.contains("/many/"));
    records.next().expect("there is a record").path
}

/// A run that is not finished: of six, the fourth was refused.
pub(crate) fn unfinished() -> Crowd {
    let crowd = Crowd::new(6);
    crowd.world.fault(refusing("Sandbox 0004"));
    assert_ends(&crowd.create(&[]).go(), 24);
    crowd.world.vault.clear_faults();
    crowd
}

/// SIGKILL at any moment of a run over forty; then all that is open is closed, and the run resumed:
/// every sandbox has one token, or is named; none has two, and no value is lost that was kept.
#[test]
fn killed_at_any_moment() {
    let mut reached = in_rounds(9, 3, kill_and_resume);
    reached.sort();
    println!("{}", reached.join("\n"));
}

fn kill_and_resume(round: u64) -> String {
    let crowd = Crowd::new(40);
    crowd.world.fault(slowly(50));
    let running = crowd.create(&["-j", "4"]).start();
    // Spread over the run, and never twice at the same moment of it.
    std::thread::sleep(Duration::from_millis(60 + round * 86));
    running.signal(Signal::KILL);
    let killed = running.end();
    let issued = crowd.tokens();
    // What is open is gone on with by its own record.
    let mut lost = BTreeSet::new();
    for operation in crowd.world.operations() {
        let recover = || {
            crowd
                .world
                .run(&["token", "recover", &operation])
                .hastily()
                .go()
        };
        let ran = recover();
        match ran.code() {
            0 | 2 => {}
            // A look-up that found it: nobody has its value.
            22 => {
                let revoke = ["token", "recover", &operation, "--revoke", "--yes"];
                assert_ends(&crowd.world.run(&revoke).go(), 0);
                lost.insert(operation);
            }
            23 => {
                let forget = ["token", "recover", &operation, "--forget", "--yes"];
                assert_ends(&crowd.world.run(&forget).go(), 0);
                lost.insert(operation);
            }
            code => panic!("round {round}: {code}: {}", ran.said()),
        }
    }
    let runs = crowd.runs();
    let mut named = BTreeSet::new();
    if let Some(run) = runs.first() {
        let resume = [
            "token", "create", "--yes", "--format", "json", "--resume", run,
        ];
        let ran = crowd.world.run(&resume).go();
        // The ledger knows those that ended; what was closed by hand is named.
        if !matches!(ran.code(), 0 | 24 | 23 | 2) {
            panic!("round {round}: {}: {}", ran.code(), ran.said());
        }
        if ran.code() == 2 {
            // Killed before the plan was on disk.
            assert!(crowd.world.creates().is_empty(), "round {round}");
            return format!("killed {}: nothing was begun", killed.code());
        }
        crowd.check(&ran);
        let summary = ran.jsonl().pop().unwrap();
        for one in summary["results"].as_array().into_iter().flatten() {
            if one["outcome"] != "issued" {
                named.insert(one["sandbox"]["name"].as_str().unwrap().to_owned());
            }
        }
        let again = crowd.world.run(&resume).go();
        assert_ends(&again, 2);
        assert!(crowd.runs().is_empty(), "round {round}: {}", again.said());
    } else {
        // It had not begun, or was done.
        assert!(issued == 0 || issued == 40, "round {round}: {issued}");
    }
    assert!(crowd.world.records().is_empty(), "round {round}");
    for (name, (tokens, _)) in crowd.issued() {
        let has_file = crowd.world.work("t").join(file_of(name)).exists();
        assert_eq!(has_file, tokens == 1, "round {round}: {name}");
        let is_accounted_for = tokens == 1 || named.contains(name) || runs.is_empty();
        assert!(is_accounted_for, "round {round}: {name} was forgotten");
    }
    assert!(named.len() <= 8, "round {round}: {named:?}");
    format!(
        "killed {}: {issued} issued, {} lost, {} named",
        killed.code(),
        lost.len(),
        named.len()
    )
}

/// Only one at a time.
#[test]
fn resumed_while_it_goes_on() {
    let crowd = Crowd::new(12);
    crowd.world.fault(slowly(300));
    let running = crowd.create(&["-j", "2"]).start();
    let run = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(5));
        crowd.runs().pop()
    })
    .take(1000)
    .flatten()
    .next()
    .expect("it begins");
    let ran = crowd.resume(&[]);
    assert_ends(&ran, 23);
    assert!(
        ran.said().contains("under way in another process"),
        "{}",
        ran.said()
    );
    for words in [
        &["token", "recover", &run, "--forget", "--yes"][..],
        &["token", "recover", &run],
    ] {
        let ran = crowd.world.run(words).go();
        assert_ends(&ran, 23);
    }
    let listed = crowd
        .world
        .run(&["token", "recover", "--format", "json"])
        .go();
    assert_eq!(listed.json()["runs"][0]["state"], "under_way");
    let ran = running.end();
    assert_ends(&ran, 0);
    crowd.check(&ran);
    assert_eq!(crowd.world.creates().len(), 12);
}

#[test]
fn resumed_twice() {
    let crowd = unfinished();
    let run = crowd.runs().pop().unwrap();
    let ran = crowd.resume(&["--format", "json"]);
    assert_ends(&ran, 0);
    crowd.check(&ran);
    assert_eq!(ran.json()["total"], 1);
    assert_eq!(crowd.tokens(), 6);
    let again = crowd.world.run(&["token", "create", "--resume", &run]).go();
    assert_ends(&again, 2);
    assert!(
        again.said().contains("it is done, or was never begun"),
        "{}",
        again.said()
    );
    assert_eq!(crowd.world.creates().len(), 7);
}

/// As long as it is refused, it can be tried again; and what is done stays done.
#[test]
fn resumed_until_it_works() {
    let crowd = unfinished();
    crowd.world.fault(refusing("Sandbox 0004"));
    for _ in 0..3 {
        let ran = crowd.resume(&["--format", "jsonl"]);
        assert_ends(&ran, 5);
        crowd.check_places(&ran);
    }
    crowd.world.vault.clear_faults();
    assert_ends(&crowd.resume(&[]), 0);
    assert_eq!((crowd.tokens(), crowd.world.creates().len()), (6, 10));
}

/// One that can no longer have a token does not keep the others from theirs.
#[test]
fn one_that_has_gone_meanwhile() {
    let crowd = Crowd::new(6);
    for name in ["Sandbox 0002", "Sandbox 0004"] {
        crowd.world.fault(refusing(name));
    }
    assert_ends(&crowd.create(&[]).go(), 24);
    crowd.world.vault.clear_faults();
    crowd
        .world
        .vault
        .set_sandbox_status("Sandbox 0002", SandboxStatus::Inactive)
        .unwrap();
    let ran = crowd.resume(&["--format", "json"]);
    assert_ends(&ran, 24);
    crowd.check(&ran);
    assert_eq!(crowd.tokens(), 5);
    assert!(
        ran.said().contains("Sandbox 0002 is inactive"),
        "{}",
        ran.said()
    );
    // It can be let be.
    let run = crowd.runs().pop().unwrap();
    assert_ends(
        &crowd
            .world
            .run(&["token", "recover", &run, "--forget", "--yes"])
            .go(),
        0,
    );
    assert!(crowd.runs().is_empty());
    assert_ends(&crowd.world.run(&["token", "recover"]).go(), 0);
}

/// What an earlier run left uncertain is named every time, is never done again, and the exit says
/// so.
#[test]
fn what_is_not_certain_is_left_alone() {
    let crowd = Crowd::new(4);
    let path = "/objects/sandbox/Sandbox%200002/";
    crowd
        .world
        .fault(fault_on_create(Effect::Reset { carried_out: false }).path(path));
    crowd.world.fault(refusing("Sandbox 0003"));
    assert_ends(&crowd.create(&[]).hastily().go(), 24);
    crowd.world.vault.clear_faults();
    let run = crowd.runs().pop().unwrap();
    let ran = crowd.resume(&["--format", "json"]);
    assert_ends(&ran, 24);
    crowd.check(&ran);
    let summary = ran.json();
    assert_eq!(summary["counts"]["unknown"], 1, "{summary}");
    let left = &summary["results"][0];
    assert_eq!(left["sandbox"]["name"], "Sandbox 0002");
    let next = left["error"]["next"][0].as_str().unwrap();
    let operation = &crowd.world.operations()[0];
    assert_eq!(next, format!("vault-sandbox token recover {operation}"));
    assert_eq!(crowd.world.creates().len(), 5);
    // Nothing is left that was certainly not issued: the run is over, the operation is not.
    assert_ends(
        &crowd.world.run(&["token", "create", "--resume", &run]).go(),
        2,
    );
    assert_eq!(crowd.world.records().len(), 1);
}

/// Values that went to stdout as lines are not poured out without their names.
#[test]
fn stdout_is_told_apart_again() {
    let crowd = Crowd::new(4);
    crowd.world.fault(refusing("Sandbox 0003"));
    let words = [
        "token", "create", "--all", "--yes", "--format", "jsonl", "-o", "-",
    ];
    let ran = crowd.world.run(&words).go();
    assert_ends(&ran, 24);
    crowd.world.vault.clear_faults();
    let objects = ran.jsonl();
    let resume = objects.last().unwrap()["resume"].as_str().unwrap();
    assert!(resume.ends_with(" --format jsonl"), "{resume}");
    let ran = crowd.resume(&[]);
    assert_ends(&ran, 2);
    assert!(ran.said().contains("--format jsonl"), "{}", ran.said());
    let ran = crowd.resume(&["--format", "jsonl"]);
    assert_ends(&ran, 0);
    crowd.check(&ran);
    let value = &crowd.world.vault.tokens("Sandbox 0003")[0].value;
    assert_eq!(ran.jsonl()[0]["token"]["value"], *value);
}

/// `token recover` names what can be gone on with, to people and to scripts; and other commands
/// mention it.
#[test]
fn recover_names_runs() {
    let crowd = unfinished();
    let run = crowd.runs().pop().unwrap();
    let ran = crowd.world.run(&["token", "recover"]).go();
    assert_ends(&ran, 0);
    assert!(
        ran.printed().starts_with(&format!("{run}  ")),
        "{}",
        ran.printed()
    );
    assert!(ran.printed().contains("1 of 6"), "{}", ran.printed());
    let resume = format!("vault-sandbox token create --resume {run}");
    assert!(ran.said().contains(&resume), "{}", ran.said());
    let object = crowd
        .world
        .run(&["token", "recover", "--format", "json"])
        .go()
        .json();
    assert_eq!(object["operations"].as_array().unwrap().len(), 0);
    let listed = &object["runs"][0];
    assert_eq!((&listed["total"], &listed["left"]), (&6.into(), &1.into()));
    assert_eq!(listed["resume"], resume);
    let ran = crowd.world.run(&["token", "recover", &run]).go();
    assert_ends(&ran, 2);
    assert!(ran.said().contains(&resume), "{}", ran.said());
    assert!(ran.said().contains("--forget"), "{}", ran.said());
    let ran = crowd.run(&["Sandbox 0001"]).go();
    assert_ends(&ran, 0);
    assert!(ran.said().contains(&format!(
        "the run {run} over many sandboxes is not finished"
    )));
}
