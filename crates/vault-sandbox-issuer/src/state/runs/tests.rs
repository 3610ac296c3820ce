use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::task::{JoinHandle, yield_now};
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

/// Each in a task of its own, as a service has them.
fn spawn_many(file: &Arc<RunFile>) -> Vec<JoinHandle<bool>> {
    let each = (0..20u8).map(|number| {
        let file = Arc::clone(file);
        tokio::spawn(async move { file.append(begun(number)).await.is_ok() })
    });
    each.collect()
}

async fn ended(each: Vec<JoinHandle<bool>>) -> Vec<bool> {
    let mut ended = Vec::new();
    for one in each {
        ended.push(one.await.unwrap());
    }
    ended
}

/// Keeps the disk busy until the function is called.
fn keep_busy(file: &RunFile) -> impl FnOnce() + use<> {
    let journal = Arc::clone(&file.journal);
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let busy = thread::spawn(move || {
        let _held = lock(&journal);
        begin.send(()).unwrap();
        let _ = released.recv();
    });
    begun.recv().unwrap();
    move || {
        drop(release);
        busy.join().unwrap();
    }
}

fn runs(directory: &tempfile::TempDir) -> Runs {
    crate::state::State::at(directory.path()).runs()
}

fn read(file: &RunFile) -> (RunRecord, usize) {
    let bytes = std::fs::read(file.path()).unwrap();
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    (RunRecord::read(&bytes).unwrap(), lines)
}

#[tokio::test(flavor = "current_thread")]
async fn lines_that_come_meanwhile_are_synced_together_and_all_of_them_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let file = Arc::new(runs(&directory).begin(&plan(&["A"])).unwrap());
    let release = keep_busy(&file);
    let each = spawn_many(&file);
    while lock(&file.queue).len() < 19 {
        yield_now().await;
    }
    release();
    assert_eq!(ended(each).await, [true; 20]);
    assert_eq!(*file.turn.lock().await, 2, "the first, then the others");
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
    let file = Arc::new(runs(&directory).begin(&plan(&["A"])).unwrap());
    let path = file.path();
    let make_journal = |options: &mut std::fs::OpenOptions| {
        let opened = options.read(true).open(path).unwrap();
        match RunJournal::open(RecordFile::of(path, opened)).unwrap() {
            RunOpened::Open(_, journal) => journal,
            closed => panic!("{closed:?}"),
        }
    };
    let unwritable = make_journal(&mut std::fs::OpenOptions::new());
    let writable = file.journal.lock().unwrap().replace(unwritable);
    assert_eq!(ended(spawn_many(&file)).await, [false; 20]);
    *file.journal.lock().unwrap() = writable;
    assert_eq!(
        ended(spawn_many(&file)).await,
        [true; 20],
        "no failure stays"
    );
    assert_eq!(read(&file).1, 21);
}

/// Opens it once it is free: a program that another test starts has a copy of every descriptor, locks
/// included, until it is the program.
fn open(runs: &Runs, run: OperationId) -> Option<OpenedRun> {
    for _ in 0..1_000 {
        match runs.open(run).unwrap() {
            Some(OpenedRun::UnderWay) => thread::sleep(Duration::from_millis(5)),
            found => return found,
        }
    }
    panic!("it is never free");
}

#[test]
fn one_process_at_a_time() {
    let state = tempfile::tempdir().unwrap();
    let (runs, run) = (runs(&state), operation(0));
    let file = runs.begin(&plan(&["A"])).unwrap();
    let is_under_way = || {
        let found = runs.open(run).unwrap();
        matches!(found, Some(OpenedRun::UnderWay))
    };
    assert!(is_under_way());
    assert_eq!(runs.operations().unwrap(), [run]);
    drop(file);
    let Some(OpenedRun::Open(record, file)) = open(&runs, run) else {
        panic!("it is open");
    };
    assert_eq!(record.plan, plan(&["A"]));
    assert!(is_under_way());
    file.close().unwrap();
    assert!(open(&runs, run).is_none() && runs.operations().unwrap().is_empty());
}

#[test]
fn what_cannot_be_gone_on_with_is_left_as_it_is() {
    let state = tempfile::tempdir().unwrap();
    let (runs, run) = (runs(&state), operation(0));
    drop(runs.begin(&plan(&["A"])).unwrap());
    let path = runs.path(run);
    for content in [
        "{\"schema\":\"vault-sandbox/many/2\"}\n",
        "odd\n",
        "cut off",
    ] {
        std::fs::write(&path, content).unwrap();
        match open(&runs, run) {
            Some(OpenedRun::Closed(RunError::Newer)) => assert!(content.contains("many/2")),
            Some(OpenedRun::Closed(RunError::Damaged)) => assert_eq!(content, "odd\n"),
            Some(OpenedRun::Nothing(_)) => assert_eq!(content, "cut off"),
            _ => panic!("{content}"),
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

/// Of a future that is dropped, what was begun goes on, and others are told the truth about theirs.
#[tokio::test(flavor = "current_thread")]
async fn who_stops_waiting_takes_nothing_from_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let file = Arc::new(runs(&directory).begin(&plan(&["A"])).unwrap());
    let release = keep_busy(&file);
    let first = tokio::spawn({
        let file = Arc::clone(&file);
        async move { file.append(begun(20)).await }
    });
    // It has the turn, and its thread waits for the disk.
    yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    release();
    assert_eq!(ended(spawn_many(&file)).await, [true; 20]);
    let (record, lines) = read(&file);
    assert_eq!(lines, 22);
    let sandbox = "Sandbox 20".parse().unwrap();
    assert_ne!(record.progress(&sandbox), Progress::NotBegun);
}

/// Whoever was told can close it, and it is gone: no thread of ours still has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_all_is_written_it_can_be_closed() {
    let directory = tempfile::tempdir().unwrap();
    let runs = runs(&directory);
    for round in 0..100 {
        let file = Arc::new(runs.begin(&plan(&["A"])).unwrap());
        assert_eq!(ended(spawn_many(&file)).await, [true; 20]);
        let file = Arc::into_inner(file).unwrap();
        if round % 2 == 0 {
            file.close().unwrap();
        } else {
            drop(file);
            let found = runs.open(operation(0)).unwrap();
            let Some(OpenedRun::Open(_, file)) = found else {
                panic!("{round}: {found:?}");
            };
            file.close().unwrap();
        }
        assert!(runs.open(operation(0)).unwrap().is_none(), "{round}");
    }
}
