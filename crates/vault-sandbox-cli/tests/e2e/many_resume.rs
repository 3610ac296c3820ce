//! Runs over many sandboxes that were cut off, and what resumes them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, prlimit};
use vault_sandbox_simulator::{Effect, Fault, ResponseStatus, SandboxStatus};

use crate::harness::{Crowd, Ran, Relay, fault_on_create, file_of};

fn slowly(by: u64) -> Fault {
    fault_on_create(Effect::Delay {
        by: Duration::from_millis(by),
    })
}

fn refusing(name: &str) -> Fault {
    let name = name.replace(' ', "%20");
    fault_on_create(Effect::Refuse {
        status: 200,
        response_status: ResponseStatus::Failure,
        errors: vec![("OPERATION_NOT_ALLOWED".to_owned(), "No.".to_owned())],
    })
    .path(format!("/objects/sandbox/{name}/"))
}

#[track_caller]
fn assert_ends(ran: &Ran, code: i32) {
    assert_eq!(ran.code(), code, "{}", ran.said());
}

/// The record of the one run.
fn record(crowd: &Crowd) -> PathBuf {
    let files = crowd.world.files().into_iter();
    let mut records = files.filter(|file| file.place.contains("/many/"));
    records.next().expect("there is a record").path
}

/// A run that is not finished: of six, the fourth was refused.
fn unfinished() -> Crowd {
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
    const ROUNDS: u64 = 9;
    let round = AtomicU64::new(0);
    let reached = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let at = round.fetch_add(1, Ordering::SeqCst);
                    if at >= ROUNDS {
                        break;
                    }
                    let line = kill_and_resume(at);
                    reached.lock().unwrap().push(line);
                }
            });
        }
    });
    println!("{}", reached.into_inner().unwrap().join("\n"));
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

/// Cut off at any byte, it says less, but nothing that is not so.
#[test]
fn a_record_that_is_torn() {
    let names = ["Größe 1", "サンド", "C", "D"];
    let crowd = Crowd::named(&names);
    crowd.world.fault(refusing("C"));
    let ran = crowd.create(&["--verify", "never", "-j", "1"]).go();
    assert_ends(&ran, 24);
    let (path, run) = (record(&crowd), crowd.runs().pop().unwrap());
    let whole = fs::read(&path).unwrap();
    let plan = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in (0..plan)
        .step_by(97)
        .chain((plan..=whole.len()).step_by(11))
    {
        fs::write(&path, &whole[..cut]).unwrap();
        let resume = ["token", "create", "--format", "json", "--resume", &run];
        let ran = crowd.world.run(&resume).go();
        let said = ran.said();
        if cut < plan {
            // It was never begun: there is nothing to be resumed, and it is gone.
            assert_eq!(ran.code(), 2, "{cut}: {said}");
            assert!(!path.exists(), "{cut}");
            continue;
        }
        // Nobody confirms. What is left is said before.
        let facts = whole[plan..cut].split_inclusive(|byte| *byte == b'\n');
        let facts = facts.filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok());
        let mut last = std::collections::BTreeMap::new();
        for fact in facts {
            last.insert(fact["sandbox"].to_string(), fact);
        }
        let is_left = |fact: &&serde_json::Value| fact["outcome"] == "not_issued";
        // One that has begun and is in the ledger is done; one that is not there is not certain.
        let is_uncertain =
            |fact: &&serde_json::Value| fact["fact"] == "begun" && fact["sandbox"] == "C";
        let uncertain = last.values().filter(is_uncertain).count();
        let to_do = names.len() - last.len() + last.values().filter(is_left).count();
        let done = names.len() - to_do - uncertain;
        let expected = format!("Of 4 sandboxes, {done} are done and {to_do} are left to do");
        assert!(said.contains(&expected), "{cut}: {expected}: {said}");
        assert_eq!(uncertain > 0, said.contains("not certain"), "{cut}: {said}");
        assert!(
            matches!(ran.code(), 3 | 23),
            "{cut}: {}: {said}",
            ran.code()
        );
    }
    assert_eq!(crowd.world.creates().len(), 4);
    // Torn, it is still appended to so that nothing is swallowed.
    fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    crowd.world.fault(refusing("D"));
    crowd.world.vault.clear_faults();
    let ran = crowd.resume(&[]);
    assert_eq!(
        crowd.tokens(),
        4 - usize::from(ran.said().contains("not certain"))
    );
}

/// What cannot be understood is never acted on, and can be put away.
#[test]
fn a_record_of_something_else() {
    let crowd = unfinished();
    let (path, run) = (record(&crowd), crowd.runs().pop().unwrap());
    let whole = fs::read_to_string(&path).unwrap();
    for wrong in [
        "{}\n".to_owned(),
        "nonsense\n".to_owned(),
        whole.replacen("many/1", "many/2", 1),
        whole.replacen("\"verify\":\"auto\"", "\"verify\":\"perhaps\"", 1),
        whole.replacen("\"expiry\":\"2", "\"expiry\":\"x", 1),
        whole.replacen("\"vault\":\"http://", "\"vault\":\"ftp://", 1),
        whole.replacen("Sandbox 0004", "..", 1),
    ] {
        fs::write(&path, wrong.as_bytes()).unwrap();
        let ran = crowd.resume(&["--format", "json"]);
        assert!(matches!(ran.code(), 2 | 10), "{}: {wrong}", ran.said());
        assert_eq!(ran.json()["outcome"], "not_issued");
    }
    fs::write(&path, "nonsense\n").unwrap();
    let listed = crowd.world.run(&["token", "recover"]).go();
    assert!(
        listed.printed().contains("cannot be understood"),
        "{}",
        listed.printed()
    );
    assert_ends(&crowd.world.run(&["token", "recover", &run]).go(), 23);
    assert_ends(
        &crowd
            .world
            .run(&["token", "recover", &run, "--forget"])
            .go(),
        3,
    );
    assert_ends(
        &crowd
            .world
            .run(&["token", "recover", &run, "--forget", "--yes"])
            .go(),
        0,
    );
    assert!(crowd.runs().is_empty());
    // Nor is a link followed.
    let elsewhere = crowd.world.work("elsewhere");
    fs::write(&elsewhere, whole).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert_ends(&crowd.resume(&[]), 10);
    assert_eq!(crowd.tokens(), 5);
}

/// The expiry that was asked for has passed: nothing is asked for, until another one is said.
#[test]
fn an_expiry_that_has_passed() {
    let crowd = unfinished();
    let path = record(&crowd);
    let text = fs::read_to_string(&path).unwrap();
    let expiry = text.split("\"expiry\":\"").nth(1).unwrap();
    let expiry = expiry.split('"').next().unwrap();
    fs::write(&path, text.replace(expiry, "2020-01-01T00:00:00Z")).unwrap();
    let ran = crowd.resume(&["--format", "json"]);
    assert_ends(&ran, 2);
    let next = ran.json()["error"]["next"][0].as_str().unwrap().to_owned();
    assert!(next.ends_with("--expires WHEN"), "{next}");
    assert_eq!(crowd.tokens(), 5);
    let ran = crowd.resume(&["--expires", "30d", "--format", "json"]);
    assert_ends(&ran, 0);
    crowd.check(&ran);
    let expiry = crowd.world.vault.tokens("Sandbox 0004")[0].expiry.unwrap();
    assert!(expiry > crowd.world.vault.now() + chrono::TimeDelta::days(29));
}

/// A resumed run goes to its own Vault, and to no other that answers there now.
#[test]
fn another_vault() {
    let crowd = unfinished();
    let run = crowd.runs().pop().unwrap();
    let other = Crowd::new(6);
    let relay = Relay::start(other.world.vault.dns(), None);
    let words = ["token", "create", "--yes", "--resume", &run, "--dns"];
    let dns = format!("http://{}", relay.dns);
    let ran = crowd.world.run(&[&words[..], &[&dns]].concat()).go();
    assert_ends(&ran, 3);
    assert!(ran.said().contains("belongs to"), "{}", ran.said());
    // By the number of the Vault, where the name is the same.
    let path = record(&crowd);
    let text = fs::read_to_string(&path).unwrap();
    let id = crowd.world.vault.vault_id().to_string();
    fs::write(&path, text.replacen(&id, "999", 1)).unwrap();
    let ran = crowd.resume(&["--format", "json"]);
    assert_ends(&ran, 4);
    assert!(ran.said().contains("Vault 999"), "{}", ran.said());
    assert_eq!((crowd.tokens(), other.world.creates().len()), (5, 0));
    // Without a word of --dns it finds its own.
    fs::write(&path, text).unwrap();
    let ran = crowd
        .world
        .run(&words[..5])
        .without("VAULT_SANDBOX_DNS")
        .go();
    assert_ends(&ran, 0);
    assert_eq!(crowd.tokens(), 6);
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

/// As SIGKILL leaves it: one was killed before anything was asked for it, and another, whose record
/// is gone, nobody knows how late. `recover` knows the first, whichever of the two comes first.
#[test]
fn what_was_never_asked_is_certain() {
    for recover in [None, Some(&[][..]), Some(&["0000000a"][..])] {
        let crowd = unfinished();
        let mut text = fs::read_to_string(record(&crowd)).unwrap();
        for (sandbox, operation) in [("Sandbox 0004", "0000000a"), ("Sandbox 0002", "0000000b")] {
            let fact = serde_json::json!({
                "fact": "begun", "sandbox": sandbox, "operation": operation
            });
            text.push_str(&format!("{fact}\n"));
        }
        fs::write(record(&crowd), text).unwrap();
        let state = crowd.world.root().join("state/vault-sandbox");
        let pending = state.join("pending/0000000a.journal");
        fs::write(&pending, "").unwrap();
        fs::set_permissions(&pending, fs::Permissions::from_mode(0o600)).unwrap();
        for name in [
            ".sandbox-0002.0123456789abcdef.tmp",
            ".sandbox-0004.0123456789abcdef.tmp",
        ] {
            fs::write(crowd.world.work("t").join(name), "").unwrap();
        }
        if let Some(words) = recover {
            let ran = crowd
                .world
                .run(&[&["token", "recover"], words].concat())
                .go();
            assert_ends(&ran, 0);
            assert!(!pending.exists(), "it is closed");
        }
        let ran = crowd.resume(&["--format", "json"]);
        assert_ends(&ran, 24);
        crowd.check(&ran);
        let summary = ran.json();
        assert_eq!(
            summary["counts"],
            serde_json::json!({"issued": 1, "unknown": 1})
        );
        assert!(
            ran.said().contains("token list 'Sandbox 0002'"),
            "{}",
            ran.said()
        );
        assert_eq!(crowd.tokens(), 6);
    }
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

/// Where the record of the run cannot be written any more, no further one begins.
#[test]
fn a_record_that_can_no_longer_be_written() {
    // Long names of places make the plan longer than any other file that is written.
    let deep = "d".repeat(200);
    let crowd = Crowd::new(250);
    let place = format!("t/{deep}/{deep}");
    fs::create_dir_all(crowd.world.work(&place)).unwrap();
    crowd.world.fault(slowly(20));
    let out = format!("{place}/{{sandbox}}");
    let words = [
        "token", "create", "--all", "--yes", "--format", "jsonl", "-j", "2", "-o", &out,
    ];
    let running = crowd.world.run(&words).start();
    let path = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(2));
        crowd.world.creates().len() > 5
    })
    .take(4000)
    .find(|begun| *begun)
    .map(|_| record(&crowd))
    .expect("it begins");
    let now = fs::metadata(&path).unwrap().len();
    assert!(now > 100_000, "longer than a pending record: {now}");
    let limit = Rlimit {
        current: Some(now),
        maximum: Some(now),
    };
    prlimit(Some(running.pid()), Resource::Fsize, limit).unwrap();
    let ran = running.end();
    assert_ends(&ran, 24);
    assert!(
        ran.said().contains("The record of this run"),
        "{}",
        ran.said()
    );
    let asked = crowd.world.creates().len();
    assert!(asked < 20, "{asked}");
    assert_eq!(crowd.tokens(), asked);
    let objects = ran.jsonl();
    assert_eq!(objects.len(), 251, "each is named");
    let issued = objects.iter().filter(|one| one["exit_code"] == 0).count();
    assert_eq!(issued, asked);
    let not_begun = objects.iter().filter(|one| {
        let message = one["error"]["message"].as_str().unwrap_or_default();
        message.starts_with("Not begun: The record")
    });
    assert!(not_begun.count() > 220, "the others were not even tried");
    // Those whose end could not be written down are found in the ledger.
    let again = crowd.resume(&["--format", "jsonl"]);
    assert_ends(&again, 0);
    assert_eq!(crowd.world.creates().len(), 250);
    assert_eq!(crowd.tokens(), 250);
}

/// Without a record there is no run.
#[test]
fn a_record_that_cannot_be_made() {
    let crowd = Crowd::new(3);
    let state = crowd.world.root().join("state/vault-sandbox");
    fs::create_dir_all(&state).unwrap();
    fs::write(state.join("many"), "not a directory").unwrap();
    fs::set_permissions(state.join("many"), fs::Permissions::from_mode(0o600)).unwrap();
    let ran = crowd.create(&["--format", "json"]).go();
    assert_ends(&ran, 10);
    assert!(
        ran.said().contains("could not be resumed"),
        "{}",
        ran.said()
    );
    assert_eq!(crowd.tokens(), 0);
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

/// What does not go together is refused before anything is looked at.
#[test]
fn what_cannot_be_resumed() {
    let crowd = unfinished();
    for words in [
        &["--resume", "nonsense"][..],
        &["--resume", "3f9a1c22"],
        &["--resume", "3f9a1c22", "A"],
        &["--resume", "3f9a1c22", "--all"],
        &["--resume", "3f9a1c22", "-o", "t/x"],
        &["--resume", "3f9a1c22", "--name", "x"],
    ] {
        let ran = crowd
            .world
            .run(&[&["token", "create"], words].concat())
            .go();
        assert_ends(&ran, 2);
    }
    let ran = crowd.resume(&["--api-version", "v27.1"]);
    assert_ends(&ran, 3);
    assert!(ran.said().contains("--api-version v26.2"), "{}", ran.said());
    assert_eq!(crowd.tokens(), 5);
}
