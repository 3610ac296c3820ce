use super::*;
use crate::endpoints::IssuedToken;
use crate::issuance::{Delivery, DeliveryState, Intent};
use crate::types::{Expiry, OperationId};

/// A file in memory: what was written, what survives a loss of power, and what goes wrong.
#[derive(Debug, Default)]
struct Memory {
    seen: Vec<u8>,
    safe: Vec<u8>,
    fails_to_write: bool,
    fails_to_sync: bool,
    is_removed: bool,
    /// Writes and syncs, in their order.
    calls: Vec<String>,
}

impl Storage for Memory {
    type Error = &'static str;

    fn read(&mut self) -> Result<Vec<u8>, Self::Error> {
        Ok(self.seen.clone())
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Self::Error> {
        self.calls
            .push(format!("write {} at {offset}", bytes.len()));
        let written = match self.fails_to_write {
            true => bytes.len() / 2,
            false => bytes.len(),
        };
        let end = offset + written;
        let length = self.seen.len().max(end);
        self.seen.resize(length, 0);
        self.seen[offset..end].copy_from_slice(&bytes[..written]);
        if self.fails_to_write {
            return Err("full");
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Self::Error> {
        self.calls.push("sync".into());
        if self.fails_to_sync {
            return Err("broken");
        }
        self.safe.clone_from(&self.seen);
        Ok(())
    }

    fn can_be_found(&mut self) -> Result<bool, Self::Error> {
        Ok(!self.is_removed)
    }

    fn remove(&mut self) -> Result<(), Self::Error> {
        self.is_removed = true;
        Ok(())
    }
}

fn intent() -> Entry {
    Entry::Intent(
        Intent::new(
            OperationId::from_bytes([1, 2, 3, 4]),
            "2026-11-23T18:04:11Z".parse().unwrap(),
            "veepharm.veevavault.com".parse().unwrap(),
            "VeePharm Sandbox".parse().unwrap(),
            "ci".parse().unwrap(),
            Expiry::never(),
        )
        .destinations(["-"]),
    )
}

fn value(text: &str) -> AccessToken {
    AccessToken::parse(text).unwrap()
}

fn token(text: &str) -> Entry {
    Entry::Token(IssuedToken::new(None, value(text)))
}

fn mark(state: DeliveryState) -> Entry {
    Entry::Deliveries(vec![Delivery::new("-", state)])
}

fn open(storage: Memory) -> (Record, Journal<Memory>) {
    match Journal::open(storage).unwrap() {
        Opened::Open(record, journal) => (*record, journal),
        closed @ Opened::Closed(..) => panic!("{closed:?}"),
    }
}

#[test]
fn space_is_reserved_and_synced_before_anything_is_written() {
    let mut journal = Journal::reserve(Memory::default()).unwrap();
    assert!(journal.is_blank());
    assert_eq!(journal.storage().safe, [FILLER; RESERVED]);
    // A value of ten kilobytes, each character of it written as six.
    const { assert!(RESERVED > 60 * 1024 + 16 * 1024) };
    journal.append(&intent()).unwrap();
    assert!(!journal.is_blank());
    let memory = journal.storage();
    assert_eq!(
        memory.safe.len(),
        RESERVED,
        "in the space that was reserved"
    );
    let length = intent().to_line().len();
    assert_eq!(
        memory.calls,
        [
            format!("write {RESERVED} at 0"),
            "sync".into(),
            format!("write {length} at 0"),
            "sync".into()
        ]
    );
    let full = Memory {
        fails_to_write: true,
        ..Memory::default()
    };
    assert_eq!(Journal::reserve(full).unwrap_err(), "full");
    let broken = Memory {
        fails_to_sync: true,
        ..Memory::default()
    };
    assert_eq!(Journal::reserve(broken).unwrap_err(), "broken");
}

#[test]
fn nothing_of_a_torn_line_stays_behind_a_new_one() {
    let intent = intent().to_line();
    // As long as the new line, and longer by one and by many.
    let new = mark(DeliveryState::Started).to_line();
    for longer in [0, 1, 40] {
        let torn = vec![b'x'; new.len() + longer];
        let content = [intent.as_bytes(), &torn].concat();
        let (_, mut journal) = open(Memory {
            seen: content,
            ..Memory::default()
        });
        journal.append(&mark(DeliveryState::Started)).unwrap();
        let written = intent.len() + new.len();
        let behind = &journal.storage().seen[written..];
        assert!(
            behind.iter().all(|byte| *byte == FILLER),
            "{longer}: {behind:?}"
        );
    }
}

#[test]
fn what_could_not_be_synced_is_written_again_with_the_next_line() {
    let mut journal = Journal::reserve(Memory::default()).unwrap();
    journal.append(&intent()).unwrap();
    journal.storage.fails_to_sync = true;
    journal
        .append(&token("veeva-vault-0c0ffee0example"))
        .unwrap_err();
    let shown = format!("{journal:?}");
    assert!(shown.starts_with("Journal { synced: "), "{shown}");
    assert!(!shown.contains("0c0ffee0"), "{shown}");
    // The power goes, and comes back with the disk as it was.
    journal.storage.seen.clone_from(&journal.storage.safe);
    journal.storage.fails_to_sync = false;
    journal.append(&mark(DeliveryState::Started)).unwrap();
    let record = Record::read(&journal.storage.safe).unwrap();
    assert!(record.token.is_some(), "no hole where it should stand");
    assert_eq!(record.deliveries[0].state, DeliveryState::Started);
    // Once it is there, it is not written once more.
    journal.append(&mark(DeliveryState::Committed)).unwrap();
    let record = Record::read(&journal.storage.safe).unwrap();
    assert_eq!(record.deliveries[0].state, DeliveryState::Committed);
    let text = String::from_utf8_lossy(&journal.storage.safe).into_owned();
    assert_eq!(text.matches("0c0ffee0").count(), 1);
}

#[test]
fn a_line_that_was_not_written_is_not_counted() {
    let mut journal = Journal::reserve(Memory::default()).unwrap();
    journal.storage.fails_to_write = true;
    journal.append(&intent()).unwrap_err();
    assert!(journal.is_blank());
    journal.storage.fails_to_write = false;
    journal.append(&intent()).unwrap();
    assert!(Record::read(&journal.storage.safe).is_ok());
}

/// As a crash leaves it: a torn line, and behind it one that a lost write had overtaken.
fn torn() -> Memory {
    let (stale, first) = (mark(DeliveryState::Uncertain).to_line(), intent().to_line());
    let mut seen = [first.as_bytes(), b"torn\n", stale.as_bytes()].concat();
    seen.resize(RESERVED, FILLER);
    Memory {
        safe: seen.clone(),
        seen,
        ..Memory::default()
    }
}

#[test]
fn looking_changes_nothing_and_what_is_not_intact_goes_before_anything_is_added() {
    let (record, mut journal) = open(torn());
    assert_eq!(record.intact, intent().to_line().len());
    assert_eq!(journal.storage.seen, torn().seen);
    assert!(
        journal.storage.calls.is_empty(),
        "{:?}",
        journal.storage.calls
    );

    journal.append(&Entry::Lost(None)).unwrap();
    let memory = &journal.storage;
    assert_eq!(memory.calls[1], "sync", "gone for certain, before the line");
    assert_eq!(memory.calls.len(), 4);
    let text = String::from_utf8_lossy(&memory.safe).into_owned();
    assert!(
        !text.contains("torn") && !text.contains("uncertain"),
        "{text}"
    );
    assert_eq!(memory.safe.len(), RESERVED);
    let intact = Record::read(&memory.safe).unwrap().intact;
    let length = journal.storage.seen.len();
    journal.append(&Entry::Lost(None)).unwrap();
    assert_eq!(journal.storage.calls.len(), 6, "once");
    assert!(Record::read(&journal.storage.safe).unwrap().intact > intact);
    assert_eq!(journal.storage.seen.len(), length);
}

#[test]
fn nothing_is_added_before_what_is_not_intact_is_gone_for_certain() {
    let (_, mut journal) = open(torn());
    journal.storage.fails_to_sync = true;
    journal.append(&Entry::Lost(None)).unwrap_err();
    assert_eq!(
        journal.storage.calls.len(),
        2,
        "{:?}",
        journal.storage.calls
    );
    journal.storage.fails_to_sync = false;
    journal.append(&Entry::Lost(None)).unwrap();
    let text = String::from_utf8_lossy(&journal.storage.safe).into_owned();
    assert!(!text.contains("uncertain"), "{text}");
}

#[test]
fn a_record_without_anything_stale_is_only_appended_to() {
    let mut journal = Journal::reserve(Memory::default()).unwrap();
    journal.append(&intent()).unwrap();
    let (_, mut journal) = open(journal.storage);
    journal.storage.calls.clear();
    journal
        .append(&token("veeva-vault-0c0ffee0example"))
        .unwrap();
    assert_eq!(journal.storage.calls.len(), 2);
    assert!(!journal.is_blank());
}

#[test]
fn a_record_of_another_version_is_handed_back_as_it_is() {
    let newer = b"not intact\n".to_vec();
    let memory = Memory {
        seen: newer.clone(),
        ..Memory::default()
    };
    let Opened::Closed(error, memory) = Journal::open(memory).unwrap() else {
        panic!("it cannot be read");
    };
    assert_eq!(error, JournalError::Damaged);
    assert_eq!(memory.seen, newer);
    assert!(memory.calls.is_empty());
}

#[test]
fn a_value_is_held_only_where_the_record_can_be_found_and_read() {
    let mut journal = Journal::reserve(Memory::default()).unwrap();
    journal.append(&intent()).unwrap();
    let kept = value("veeva-vault-0c0ffee0example");
    assert_eq!(journal.holds(&kept), Ok(false));
    journal
        .append(&token("veeva-vault-0c0ffee0example"))
        .unwrap();
    assert_eq!(journal.holds(&kept), Ok(true));
    assert_eq!(journal.holds(&value("veeva-vault-another")), Ok(false));
    let whole = std::mem::take(&mut journal.storage.seen);
    assert_eq!(journal.holds(&kept), Ok(false), "emptied");
    journal.storage.seen = whole;
    journal.forget().unwrap();
    assert_eq!(journal.holds(&kept), Ok(false), "removed");
}
