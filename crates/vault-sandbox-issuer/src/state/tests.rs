use super::*;

#[test]
fn all_of_it_can_be_shared_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<(State, Ledger)>();
    check::<(Pending, PendingRecord, OpenedRecord)>();
    check::<(Runs, RunFile, OpenedRun)>();
    check::<(Sessions, KeptSession, ReservedSession)>();
    check::<(StateError, SessionError)>();
}

const OWN: [&str; 8] = [
    "ledger.jsonl",
    "pending/0a0b0c0d.journal",
    "pending/anything",
    "many/0a0b0c0d.jsonl",
    "sessions/a.b.json",
    "sessions/deeper/still",
    "pending/../ledger.jsonl",
    "sessions/../many/x",
];
const NOT_OWN: [&str; 7] = [
    "token",
    "pending.token",
    "pending/../token",
    "ledger.jsonl.old",
    "other/ledger.jsonl",
    "../ledger.jsonl",
    "../pending/0a0b0c0d.journal",
];

#[test]
fn what_is_kept_here_is_known_before_and_after_it_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("state");
    let state = State::at(&place);
    // Where a directory is missing, `..` cannot be followed.
    let plain = |path: &&str| !path.contains("/../") && !path.starts_with("..");
    for path in OWN.iter().filter(|path| plain(path)) {
        assert!(state.owns(&place.join(path)), "{path}");
    }
    for path in NOT_OWN.iter().filter(|path| plain(path)) {
        assert!(!state.owns(&place.join(path)), "{path}");
    }
    for made in [PENDING, RUNS, SESSIONS, "other"] {
        crate::platform::owner_only_directory(&place.join(made)).unwrap();
    }
    std::fs::write(place.join(LEDGER), "").unwrap();
    for path in OWN {
        assert!(state.owns(&place.join(path)), "{path}");
    }
    for path in NOT_OWN {
        assert!(!state.owns(&place.join(path)), "{path}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_kept_here_is_known_by_whichever_path() {
    use std::os::unix::fs::symlink;

    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("state");
    crate::platform::owner_only_directory(&place.join(PENDING)).unwrap();
    std::fs::write(place.join(LEDGER), "").unwrap();
    let link = |name: &str, to: &Path| {
        let path = directory.path().join(name);
        symlink(to, &path).unwrap();
        path
    };
    let to_state = link("to-state", &place);
    let to_pending = link("to-pending", &place.join(PENDING));
    let to_ledger = link("to-ledger", &place.join(LEDGER));
    for state in [State::at(&place), State::at(&to_state)] {
        for own in [
            to_state.join(LEDGER),
            to_state.join("pending/x"),
            place.join("pending/x"),
            to_pending.join("x"),
            to_ledger.clone(),
        ] {
            assert!(state.owns(&own), "{own:?}");
        }
        assert!(!state.owns(&to_state.join("token")));
        assert!(!state.owns(&directory.path().join("x")));
    }
}
