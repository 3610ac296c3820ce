use std::time::Duration;

use futures_util::future::join_all;
use vault_sandbox_core::Expiry;
use vault_sandbox_core::issuance::many::{PlannedSandbox, Progress};

use super::*;

fn operation(n: u8) -> OperationId {
    OperationId::from_bytes([n; 4])
}

fn plan(names: &[&str]) -> RunPlan {
    let sandboxes = names
        .iter()
        .map(|name| PlannedSandbox::new(name.parse().unwrap(), [format!("file:/t/{name}")]));
    RunPlan::new(
        operation(0),
        "2026-11-23T18:04:11Z".parse().unwrap(),
        "veepharm.veevavault.com".parse().unwrap(),
        Expiry::never(),
        sandboxes.collect(),
    )
}

fn begun(number: u8) -> RunFact {
    let sandbox = format!("Sandbox {number}").parse().unwrap();
    RunFact::Begun(sandbox, OperationId::from_bytes([0, 0, 0, number]))
}

async fn begin_many(file: &RunFile) -> Vec<bool> {
    let each = (0..20u8).map(|number| async move { file.append(begun(number)).await.is_ok() });
    join_all(each).await
}

fn read(file: &RunFile) -> (RunRecord, usize) {
    let bytes = std::fs::read(file.path()).unwrap();
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    (RunRecord::read(&bytes).unwrap(), lines)
}

#[tokio::test(flavor = "current_thread")]
async fn lines_that_come_meanwhile_are_synced_together_and_all_of_them_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let file = RunFile::begin(directory.path(), &plan(&["A"])).unwrap();
    assert_eq!(begin_many(&file).await, [true; 20]);
    assert_eq!(file.coming.borrow().round, 2, "the first, then the others");
    let (record, lines) = read(&file);
    assert_eq!(lines, 21);
    for number in 0..20u8 {
        let sandbox = format!("Sandbox {number}").parse().unwrap();
        let operation = OperationId::from_bytes([0, 0, 0, number]);
        assert_eq!(record.progress(&sandbox), Progress::Begun(operation));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn who_is_not_written_down_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = RunFile::begin(directory.path(), &plan(&["A"])).unwrap();
    let path = file.path();
    let make_journal = |options: &mut std::fs::OpenOptions| {
        let opened = options.read(true).open(&path).unwrap();
        match RunJournal::open(RecordFile::of(&path, opened)).unwrap() {
            RunOpened::Open(_, journal) => journal,
            closed => panic!("{closed:?}"),
        }
    };
    let unwritable = make_journal(&mut std::fs::OpenOptions::new());
    let writable = std::mem::replace(&mut *file.journal.lock().unwrap(), unwritable);
    assert_eq!(begin_many(&file).await, [false; 20]);
    *file.journal.lock().unwrap() = writable;
    assert_eq!(begin_many(&file).await, [true; 20], "no failure stays");
    assert_eq!(read(&file).1, 21);
}

/// Opens it once it is free: a program that another test starts has a copy of every descriptor, locks
/// included, until it is the program.
fn open(state_dir: &Path, run: OperationId) -> Option<Found> {
    for _ in 0..1_000 {
        match RunFile::open(state_dir, run).unwrap() {
            Some(Found::UnderWay) => std::thread::sleep(Duration::from_millis(5)),
            found => return found,
        }
    }
    panic!("it is never free");
}

#[test]
fn one_process_at_a_time() {
    let state = tempfile::tempdir().unwrap();
    let run = operation(0);
    let file = RunFile::begin(state.path(), &plan(&["A"])).unwrap();
    let is_under_way = || {
        let found = RunFile::open(state.path(), run).unwrap();
        matches!(found, Some(Found::UnderWay))
    };
    assert!(is_under_way());
    assert_eq!(operations(state.path()).unwrap(), [run]);
    drop(file);
    let Some(Found::Open(record, file)) = open(state.path(), run) else {
        panic!("it is open");
    };
    assert_eq!(record.plan, plan(&["A"]));
    assert!(is_under_way());
    file.close();
    assert!(open(state.path(), run).is_none() && operations(state.path()).unwrap().is_empty());
}

#[test]
fn what_cannot_be_gone_on_with_is_left_as_it_is() {
    let state = tempfile::tempdir().unwrap();
    let run = operation(0);
    drop(RunFile::begin(state.path(), &plan(&["A"])).unwrap());
    let path = path(state.path(), run);
    for content in [
        "{\"schema\":\"vault-sandbox/many/2\"}\n",
        "odd\n",
        "cut off",
    ] {
        std::fs::write(&path, content).unwrap();
        match open(state.path(), run) {
            Some(Found::Closed(RunError::Newer)) => assert!(content.contains("many/2")),
            Some(Found::Closed(RunError::Damaged)) => assert_eq!(content, "odd\n"),
            Some(Found::Nothing(_)) => assert_eq!(content, "cut off"),
            _ => panic!("{content}"),
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}
