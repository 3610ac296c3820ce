use std::fs::File;

use vault_sandbox_core::issuance::Storage as _;

use super::*;
use crate::platform::FileRefusal;
use crate::state::State;

fn operation(n: u8) -> OperationId {
    OperationId::from_bytes([n; 4])
}

/// Once it is free: a program that another test starts has a copy of every descriptor, locks included,
/// until it is the program.
fn open_when_free(pending: &Pending, operation: OperationId) -> Option<OpenedRecord> {
    for _ in 0..1_000 {
        match pending.open(operation).unwrap() {
            Some(OpenedRecord::UnderWay) => std::thread::yield_now(),
            found => return found,
        }
    }
    panic!("it is never free");
}

#[test]
fn a_record_is_reserved_under_way_and_gone() {
    let directory = tempfile::tempdir().unwrap();
    let pending = State::at(directory.path().join("state")).pending();
    assert_eq!(pending.operations().unwrap(), [], "nothing is there");
    assert!(pending.open(operation(1)).unwrap().is_none());
    let record = pending.reserve(operation(1)).unwrap();
    assert_eq!(record.path(), pending.path(operation(1)));
    assert!(record.path().metadata().unwrap().len() > 0, "it has space");
    assert_eq!(pending.operations().unwrap(), [operation(1)]);
    assert!(matches!(
        pending.open(operation(1)).unwrap(),
        Some(OpenedRecord::UnderWay)
    ));
    let twice = pending.reserve(operation(1)).unwrap_err();
    assert_eq!(twice.cause().kind(), io::ErrorKind::AlreadyExists);
    drop(record);
    assert_eq!(pending.operations().unwrap(), [], "nothing was written");
}

#[test]
fn one_without_a_word_is_told_from_one_that_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let pending = State::at(directory.path().join("state")).pending();
    let record = pending.reserve(operation(1)).unwrap();
    let blank = std::fs::read(record.path()).unwrap();
    drop(record);
    std::fs::write(pending.path(operation(1)), blank).unwrap();
    std::fs::write(pending.path(operation(2)), "odd\n").unwrap();
    let found = open_when_free(&pending, operation(1));
    let Some(OpenedRecord::Blank(mut file)) = found else {
        panic!("{found:?}");
    };
    file.remove().unwrap();
    drop(file);
    for emptied in ["", "\n"] {
        std::fs::write(pending.path(operation(1)), emptied).unwrap();
        let found = open_when_free(&pending, operation(1));
        assert!(matches!(found, Some(OpenedRecord::Empty(_))), "{found:?}");
    }
    pending.discard(operation(1)).unwrap();
    let found = open_when_free(&pending, operation(2));
    assert!(matches!(found, Some(OpenedRecord::Broken(_))), "{found:?}");
    assert_eq!(pending.operations().unwrap(), [operation(2)]);
    pending.discard(operation(2)).unwrap();
    assert_eq!(pending.operations().unwrap(), []);
}

/// Only what is not there is nothing.
#[test]
fn what_cannot_be_looked_at_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let pending = State::at(&file).pending();
    let error = pending.operations().unwrap_err();
    assert!(matches!(error, StateError::ListRecords { .. }), "{error:?}");
    assert_eq!(error.path(), file.join("pending"));
    let error = pending.open(operation(1)).unwrap_err();
    assert!(matches!(error, StateError::ReadRecord { .. }), "{error:?}");
    let error = pending.reserve(operation(1)).unwrap_err();
    assert!(
        matches!(error, StateError::ReserveRecord { .. }),
        "{error:?}"
    );
    assert!(std::error::Error::source(&error).is_some());

    let pending = State::at(directory.path().join("state")).pending();
    drop(pending.reserve(operation(1)).unwrap());
    std::fs::create_dir(pending.path(operation(1))).unwrap();
    let long = File::create(pending.path(operation(2))).unwrap();
    long.set_len(300 << 30).unwrap();
    let both = [operation(1), operation(2)];
    assert_eq!(pending.operations().unwrap(), both, "others are not hidden");
    for operation in both {
        assert!(pending.open(operation).is_err());
    }
    let error = pending.open(operation(2)).unwrap_err();
    let refusal = error
        .cause()
        .get_ref()
        .and_then(|inner| inner.downcast_ref());
    assert!(
        matches!(refusal, Some(FileRefusal::TooLong { .. })),
        "{error:?}"
    );
}
