use futures_util::future::join_all;

use super::*;

fn begun_batch(state_dir: &Path) -> Batch {
    let plan = Plan {
        schema: Plan::schema(),
        operation: "01020304".to_owned(),
        started: "2026-11-23T18:04:11Z".to_owned(),
        vault: "veepharm.veevavault.com".to_owned(),
        vault_id: None,
        api_version: "v26.2".to_owned(),
        name: None,
        expiry: "never".to_owned(),
        json: false,
        verify: "never".to_owned(),
        sandboxes: Vec::new(),
    };
    Batch::begin(state_dir, OperationId::from_bytes([1, 2, 3, 4]), &plan).unwrap()
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
