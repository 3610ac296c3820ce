use std::fs::OpenOptions;

use super::*;
use crate::state::State;

fn revoked(id: &str) -> Line {
    let id = TokenId::parse(id).unwrap();
    Line::revoked(&vault(), &sandbox(), &id, DateTime::UNIX_EPOCH)
}

fn sandbox() -> SandboxName {
    "VeePharm Sandbox".parse().unwrap()
}

fn vault() -> VaultDns {
    "veepharm.veevavault.com".parse().unwrap()
}

#[test]
fn lines_are_appended_also_after_a_torn_one() {
    let state = tempfile::tempdir().unwrap();
    let ledger = State::at(state.path().join("state")).ledger();
    assert_eq!(ledger.read(&vault()).unwrap(), Contents::default());
    let id = TokenId::parse("V0").unwrap();
    let gone = || ledger.revoked(&vault(), &sandbox(), [&id], DateTime::UNIX_EPOCH);
    gone().unwrap();
    assert!(!ledger.path.exists(), "nothing to say of strangers");
    ledger.append(&[revoked("V1"), revoked("V2")]).unwrap();
    // As a crash leaves it.
    let torn = "{\"schema\":\"vault-sandbox/led";
    let mut file = OpenOptions::new().append(true).open(&ledger.path).unwrap();
    file.write_all(torn.as_bytes()).unwrap();
    gone().unwrap();
    let expected: [String; 5] = [
        revoked("V1").to_text(),
        revoked("V2").to_text(),
        torn.to_owned(),
        "\n".to_owned(),
        revoked("V0").to_text(),
    ];
    let text = std::fs::read_to_string(&ledger.path).unwrap();
    assert_eq!(text, expected.concat());
}

#[test]
fn what_an_earlier_version_wrote_is_read_and_kept() {
    let written = include_bytes!("../../../../../tests/fixtures/state/34f2561/ledger.jsonl");
    let state = tempfile::tempdir().unwrap();
    let directory = state.path().join("state");
    platform::owner_only_directory(&directory).unwrap();
    let ledger = State::at(&directory).ledger();
    std::fs::write(&ledger.path, written).unwrap();
    let local = "http://127.0.0.1:4180".parse().unwrap();
    assert_eq!(ledger.read(&local).unwrap().tokens().len(), 9);
    assert!(ledger.has(&local, &sandbox(), "09b308d9".parse().unwrap()));
    ledger.append(&[revoked("V1")]).unwrap();
    let text = std::fs::read(&ledger.path).unwrap();
    assert!(text.starts_with(written));
}

#[test]
fn many_threads_write_each_their_line_and_another_program_is_not_waited_for_by_each() {
    let state = tempfile::tempdir().unwrap();
    let ledger = State::at(state.path().join("state")).ledger();
    let append = |number: usize| ledger.append(&[revoked(&format!("V{number}"))]);
    std::thread::scope(|scope| {
        for number in 0..32 {
            scope.spawn(move || append(number).unwrap());
        }
    });
    let count = || {
        let text = std::fs::read_to_string(&ledger.path).unwrap();
        let written: std::collections::BTreeSet<_> = text.lines().collect();
        let is_whole = |number: &usize| {
            let line = revoked(&format!("V{number}")).to_text();
            written.contains(line.trim_end())
        };
        assert_eq!(written.len(), text.lines().count());
        (0..65).filter(is_whole).count()
    };
    assert_eq!(count(), 32);

    let other = File::open(&ledger.path).unwrap();
    other.lock().unwrap();
    for number in 32..64 {
        assert!(
            append(number).is_err(),
            "the test would take a minute if each waited"
        );
    }
    drop(other);
    append(64).unwrap();
    assert_eq!(count(), 33);
}

/// Directories of one process do not wait for each other, and what is long is not read.
#[test]
fn ledgers_have_turns_of_their_own_and_a_longest_length() {
    let directory = tempfile::tempdir().unwrap();
    let one = State::at(directory.path().join("one")).ledger();
    let other = State::at(directory.path().join("other")).ledger();
    let held = one.turn.lock().unwrap();
    other.append(&[revoked("V1")]).unwrap();
    drop(held);
    one.append(&[revoked("V1")]).unwrap();
    let file = OpenOptions::new().write(true).open(one.path()).unwrap();
    file.set_len(300 << 30).unwrap();
    let error = one.read(&vault()).unwrap_err();
    assert!(matches!(error, StateError::ReadLedger { .. }), "{error:?}");
    assert!(error.cause().to_string().contains("longer"), "{error:?}");
    std::fs::remove_file(one.path()).unwrap();
    std::fs::create_dir(one.path()).unwrap();
    let error = one.append(&[revoked("V1")]).unwrap_err();
    assert!(matches!(error, StateError::WriteLedger { .. }), "{error:?}");
    assert_eq!(error.path(), one.path());
    // Only what is not there is nothing.
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let lost = State::at(&file).ledger();
    let id = TokenId::parse("V1").unwrap();
    let gone = lost.revoked(&vault(), &sandbox(), [&id], DateTime::UNIX_EPOCH);
    assert!(gone.is_err() && lost.read(&vault()).is_err());
}
