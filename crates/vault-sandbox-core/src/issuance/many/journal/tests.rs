use super::*;
use crate::issuance::many::{PlannedSandbox, Progress};
use crate::types::{Expiry, OperationId, SandboxName};

#[derive(Debug, Default)]
struct Memory {
    content: Vec<u8>,
    synced: Vec<u8>,
    /// So many bytes of the next write are written, and then it fails.
    tears: Option<usize>,
    fails_to_sync: bool,
    is_removed: bool,
}

impl Storage for Memory {
    type Error = &'static str;

    fn read(&mut self) -> Result<Vec<u8>, Self::Error> {
        Ok(self.content.clone())
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Self::Error> {
        assert_eq!(offset, self.content.len(), "it is only ever appended to");
        let torn = self.tears.take();
        let written = torn.unwrap_or(bytes.len()).min(bytes.len());
        self.content.extend_from_slice(&bytes[..written]);
        match torn {
            Some(_) => Err("full"),
            None => Ok(()),
        }
    }

    fn sync(&mut self) -> Result<(), Self::Error> {
        if self.fails_to_sync {
            return Err("broken");
        }
        self.synced.clone_from(&self.content);
        Ok(())
    }

    fn can_be_found(&mut self) -> Result<bool, Self::Error> {
        Ok(!self.is_removed)
    }

    fn remove(&mut self) -> Result<(), Self::Error> {
        self.is_removed = true;
        match self.fails_to_sync {
            true => Err("broken"),
            false => Ok(()),
        }
    }
}

fn plan() -> RunPlan {
    RunPlan::new(
        operation(0),
        "2026-11-23T18:04:11Z".parse().unwrap(),
        "veepharm.veevavault.com".parse().unwrap(),
        Expiry::never(),
        vec![PlannedSandbox::new(sandbox("A"), ["-".to_owned()])],
    )
}

fn operation(number: u8) -> OperationId {
    OperationId::from_bytes([number; 4])
}

fn sandbox(name: &str) -> SandboxName {
    name.parse().unwrap()
}

fn begun(name: &str, number: u8) -> RunFact {
    RunFact::Begun(sandbox(name), operation(number))
}

fn progress(content: &[u8], name: &str) -> Progress {
    RunRecord::read(content).unwrap().progress(&sandbox(name))
}

fn open(storage: Memory) -> RunJournal<Memory> {
    match RunJournal::open(storage).unwrap() {
        RunOpened::Open(record, journal) => {
            assert_eq!(record.plan, plan());
            journal
        }
        closed @ RunOpened::Closed(..) => panic!("{closed:?}"),
    }
}

#[test]
fn lines_are_on_disk_when_they_are_said_to_be() {
    let mut journal = RunJournal::begin(Memory::default(), &plan()).unwrap();
    assert_eq!(
        RunRecord::read(&journal.storage().synced).unwrap().plan,
        plan()
    );
    journal.append(&[begun("A", 1), begun("B", 2)]).unwrap();
    let synced = &journal.storage().synced;
    assert_eq!(progress(synced, "A"), Progress::Begun(operation(1)));
    assert_eq!(progress(synced, "B"), Progress::Begun(operation(2)));
    assert_eq!(synced.iter().filter(|byte| **byte == b'\n').count(), 3);
    journal.storage.fails_to_sync = true;
    assert_eq!(journal.append(&[begun("A", 3)]), Err("broken"));
    assert_eq!(journal.close(), Err("broken"));
}

#[test]
fn a_plan_that_is_not_on_disk_begins_nothing() {
    let full = Memory {
        tears: Some(9),
        ..Memory::default()
    };
    assert_eq!(RunJournal::begin(full, &plan()).unwrap_err(), "full");
    let broken = Memory {
        fails_to_sync: true,
        ..Memory::default()
    };
    assert_eq!(RunJournal::begin(broken, &plan()).unwrap_err(), "broken");
}

/// At every byte, by a failing disk and by a crash.
#[test]
fn a_torn_line_does_not_swallow_the_next() {
    let length = {
        let mut journal = RunJournal::begin(Memory::default(), &plan()).unwrap();
        let before = journal.storage.content.len();
        journal.append(&[begun("A", 1)]).unwrap();
        journal.storage.content.len() - before
    };
    for cut in 0..=length {
        for is_crash in [false, true] {
            let mut journal = RunJournal::begin(Memory::default(), &plan()).unwrap();
            journal.storage.tears = Some(cut);
            journal.append(&[begun("A", 1)]).unwrap_err();
            if is_crash {
                let content = journal.storage.content;
                journal = open(Memory {
                    content,
                    ..Memory::default()
                });
            }
            journal.append(&[begun("B", 2)]).unwrap();
            journal.append(&[begun("C", 3)]).unwrap();
            let synced = &journal.storage.synced;
            assert_eq!(
                progress(synced, "B"),
                Progress::Begun(operation(2)),
                "{cut}"
            );
            assert_eq!(
                progress(synced, "C"),
                Progress::Begun(operation(3)),
                "{cut}"
            );
            let text = String::from_utf8_lossy(synced);
            assert_eq!(text.matches("\n\n").count(), 0, "{cut}: {text}");
        }
    }
}

#[test]
fn a_record_is_opened_without_a_change_or_handed_back() {
    let journal = RunJournal::begin(Memory::default(), &plan()).unwrap();
    let content = journal.storage.content;
    let journal = open(Memory {
        content: content.clone(),
        ..Memory::default()
    });
    assert_eq!(journal.storage.content, content);
    journal.close().unwrap();
    for (content, error) in [
        (&content[..9], RunError::NothingBegun),
        (b"{\"schema\":\"vault-sandbox/many/2\"}\n", RunError::Newer),
        (b"odd\n", RunError::Damaged),
    ] {
        let memory = Memory {
            content: content.to_vec(),
            ..Memory::default()
        };
        match RunJournal::open(memory).unwrap() {
            RunOpened::Closed(why, memory) => {
                assert_eq!(why, error);
                assert_eq!(memory.content, content);
            }
            open @ RunOpened::Open(..) => panic!("{open:?}"),
        }
    }
}
