use std::time::Duration;

use futures_util::future::join_all;

use super::*;

fn begun_batch(state_dir: &Path) -> Batch {
    Batch::begin(state_dir, operation(0), &plan(&[])).unwrap()
}

async fn begin_many(batch: &Batch) -> Vec<bool> {
    let each = (0..20u8).map(|number| async move {
        let sandbox = format!("Sandbox {number}").parse().unwrap();
        let operation = OperationId::from_bytes([0, 0, 0, number]);
        batch.begun(&sandbox, operation).await.is_ok()
    });
    join_all(each).await
}

#[tokio::test(flavor = "current_thread")]
async fn lines_that_come_meanwhile_are_synced_together_and_all_of_them_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let batch = begun_batch(directory.path());
    assert_eq!(begin_many(&batch).await, [true; 20]);
    assert_eq!(batch.coming.borrow().round, 2, "the first, then the others");
    let text = std::fs::read_to_string(&batch.path).unwrap();
    let lines: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(lines.len(), 20);
    let progress = progress_in(lines.iter().map(|line| line.as_bytes())).unwrap();
    assert_eq!(progress.len(), 20);
}

#[tokio::test(flavor = "current_thread")]
async fn who_is_not_written_down_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let batch = begun_batch(directory.path());
    let writable = {
        let mut journal = batch.journal.lock().unwrap();
        std::mem::replace(&mut journal.file, File::open(&batch.path).unwrap())
    };
    assert_eq!(begin_many(&batch).await, [false; 20]);
    batch.journal.lock().unwrap().file = writable;
    assert_eq!(begin_many(&batch).await, [true; 20], "no failure stays");
    let bytes = std::fs::read(&batch.path).unwrap();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').skip(1);
    assert_eq!(progress_in(lines).unwrap().len(), 20);
}

fn operation(n: u8) -> OperationId {
    OperationId::from_bytes([n; 4])
}

fn plan(names: &[&str]) -> Plan {
    let sandboxes = names.iter().map(|name| PlannedSandbox {
        name: (*name).to_owned(),
        destinations: vec![format!("file:/t/{name}")],
    });
    Plan {
        schema: Plan::schema(),
        operation: operation(0).to_string(),
        started: "2026-11-23T18:04:11Z".to_owned(),
        vault: "veepharm.veevavault.com".to_owned(),
        vault_id: None,
        api_version: "v26.2".to_owned(),
        name: None,
        expiry: "never".to_owned(),
        json: false,
        verify: "auto".to_owned(),
        sandboxes: sandboxes.collect(),
    }
}

/// Opens it once it is free: a program that another test starts has a copy of every descriptor, locks
/// included, until it is the program.
fn open(state_dir: &Path, run: OperationId) -> Option<Found> {
    for _ in 0..1_000 {
        match Batch::open(state_dir, run).unwrap() {
            Some(Found::UnderWay) => std::thread::sleep(Duration::from_millis(5)),
            found => return found,
        }
    }
    panic!("it is never free");
}

/// Every prefix of a record says what its whole lines say, and what is appended to it afterwards
/// is read back.
#[tokio::test(flavor = "current_thread")]
async fn torn_at_every_byte() {
    let state = tempfile::tempdir().unwrap();
    let run = operation(0);
    let names = ["Größe", "サンド", "C"];
    let sandboxes: Vec<SandboxName> = names.iter().map(|n| n.parse().unwrap()).collect();
    let batch = Batch::begin(state.path(), run, &plan(&names)).unwrap();
    let begins = std::fs::metadata(&batch.path).unwrap().len();
    let mut ends = vec![(begins, BTreeMap::new())];
    let mut known = BTreeMap::new();
    for (at, sandbox) in (1..).zip(&sandboxes) {
        for outcome in [None, Some("not_issued"), None, Some("undelivered")] {
            let how = match outcome {
                None => {
                    batch.begun(sandbox, operation(at)).await.unwrap();
                    Progress::Begun(operation(at))
                }
                Some(outcome) => {
                    batch.ended(sandbox, operation(at), outcome).await.unwrap();
                    match outcome {
                        "not_issued" => Progress::NotIssued,
                        _ => Progress::Ended(operation(at), Exit::Undelivered),
                    }
                }
            };
            known.insert(sandbox.to_string(), how);
            let length = std::fs::metadata(&batch.path).unwrap().len();
            ends.push((length, known.clone()));
        }
    }
    let whole = std::fs::read(&batch.path).unwrap();
    assert_eq!(whole.len() as u64, ends.last().unwrap().0);
    drop(batch);
    let path = path(state.path(), run);
    for cut in 0..=whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let found = open(state.path(), run);
        if (cut as u64) < begins {
            assert!(found.is_none() && !path.exists(), "{cut}");
            continue;
        }
        let Some(Found::Open(opened)) = found else {
            panic!("{cut}: it is open");
        };
        // A line but for its end is a line too.
        let said = ends.iter().rev().find(|(end, _)| *end <= cut as u64 + 1);
        let (_, mut expected) = said.unwrap().clone();
        assert_eq!(opened.progress, expected, "{cut}");
        assert_eq!(opened.plan.sandboxes.len(), 3);
        let begun = opened.batch.begun(&sandboxes[2], operation(9));
        begun.await.unwrap();
        drop(opened);
        let Some(Found::Open(opened)) = open(state.path(), run) else {
            panic!("{cut}: it is open still");
        };
        expected.insert(names[2].to_owned(), Progress::Begun(operation(9)));
        assert_eq!(opened.progress, expected, "{cut}, appended to");
    }
}

#[test]
fn one_process_at_a_time() {
    let state = tempfile::tempdir().unwrap();
    let run = operation(0);
    let batch = Batch::begin(state.path(), run, &plan(&["A"])).unwrap();
    let open = || Batch::open(state.path(), run).unwrap();
    assert!(matches!(open(), Some(Found::UnderWay)));
    assert_eq!(operations(state.path()), [run]);
    drop(batch);
    let Some(Found::Open(opened)) = self::open(state.path(), run) else {
        panic!("it is open");
    };
    assert!(matches!(open(), Some(Found::UnderWay)));
    opened.batch.close();
    assert!(open().is_none() && operations(state.path()).is_empty());
}
