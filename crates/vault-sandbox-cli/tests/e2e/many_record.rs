//! The record of a run over many sandboxes: torn, foreign, out of date, and on a disk that refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, prlimit};

use crate::harness::{Crowd, Relay, assert_ends, slowly};
use crate::many_resume::{record, refusing, unfinished};

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

/// As SIGKILL leaves it: one was killed before anything was asked for it, and another, whose record
/// is gone, nobody knows how late. A resumed run knows the first, and so does `recover` by its name.
#[test]
fn what_was_never_asked_is_certain() {
    for recover in [None, Some(&[][..]), Some(&["0000000a"][..])] {
        let reserved = "\n".repeat(96 * 1024);
        let (crowd, summary) = resumed_with_own_record(&reserved, recover, 24);
        assert_eq!(summary, serde_json::json!({"issued": 1, "unknown": 1}));
        assert_eq!(crowd.tokens(), 6);
    }
}

/// Once it was whole, a record is never empty: whatever emptied it, a token may have been on it.
#[test]
fn what_was_on_an_emptied_record_is_not_certain() {
    for recover in [None, Some(&[][..]), Some(&["0000000a"][..])] {
        for content in ["", "\n\n"] {
            let (crowd, summary) = resumed_with_own_record(content, recover, 23);
            assert_eq!(summary, serde_json::json!({"unknown": 2}));
            assert_eq!(crowd.tokens(), 5);
        }
    }
}

/// A run that is resumed with two turns begun, after `recover` with these words. One of them has a
/// record with this content, the other none. Gives what the resumed run counted; `exit` is its code.
fn resumed_with_own_record(
    content: &str,
    recover: Option<&[&str]>,
    exit: i32,
) -> (Crowd, serde_json::Value) {
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
    fs::write(&pending, content).unwrap();
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
        let is_listed = words.is_empty();
        assert_eq!(pending.exists(), is_listed, "listing changes nothing");
    }
    let ran = crowd.resume(&["--format", "json"]);
    assert_ends(&ran, exit);
    crowd.check(&ran);
    assert!(
        ran.said().contains("token list 'Sandbox 0002'"),
        "{}",
        ran.said()
    );
    let counts = ran.json()["counts"].clone();
    (crowd, counts)
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
