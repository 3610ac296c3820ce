//! What may be asked for again, and what never.

use super::record::{Progress, TurnEnd};
use crate::issuance::journal::{FILLER, RESERVED};
use crate::types::OperationId;

/// What the own record of a turn's operation says, and what else is known of it: for a driver to find
/// out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OwnRecord {
    /// It is there, with all of its reserved space and nothing else: nothing was asked of Vault. Only
    /// [`of_content`](Self::of_content) tells: one that was emptied before it was removed, and is back
    /// after a loss of power, is not it.
    Blank,
    /// It is there. One that another process has, or that cannot be read, counts as this.
    Open,
    /// It is not there, and the ledger says that the operation issued a token.
    GoneAndInLedger,
    /// It is not there.
    Gone,
}

impl OwnRecord {
    /// What a record with this content is, if it is there and no other process has it.
    #[must_use]
    pub fn of_content(content: &[u8]) -> Self {
        let is_whole = content.len() >= RESERVED;
        match is_whole && content.iter().all(|byte| *byte == FILLER) {
            true => Self::Blank,
            false => Self::Open,
        }
    }
}

/// How a sandbox of a run stands, by the record of the run and that of its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// It certainly has no token of the run: it may be asked for.
    ToDo,
    /// Nothing is left to be done for it.
    Done,
    /// A token of the run was issued for it, or may have been: it is never asked for again. The
    /// operation, where it is known, and how it ended, as far as that is known.
    LeftAlone(Option<OperationId>, TurnEnd),
}

impl Standing {
    /// How it stands.
    ///
    /// | on record | its own record | standing |
    /// | --- | --- | --- |
    /// | nothing, or ended *not issued* | | to do |
    /// | ended *issued* | | done |
    /// | ended otherwise | is there | left alone |
    /// | ended otherwise | is gone: somebody closed it | done |
    /// | its turn came | blank: nothing was asked | to do |
    /// | its turn came | is there | left alone |
    /// | its turn came | is gone, and in the ledger: it ended well | done |
    /// | its turn came | is gone | left alone |
    /// | something that is not understood | | left alone |
    #[must_use]
    pub fn of(progress: Progress, own_record: impl FnOnce(OperationId) -> OwnRecord) -> Self {
        match progress {
            Progress::NotBegun | Progress::Ended(_, TurnEnd::NotIssued) => Self::ToDo,
            Progress::Ended(_, TurnEnd::Issued) => Self::Done,
            Progress::Ended(operation, end) => match own_record(operation) {
                OwnRecord::Gone | OwnRecord::GoneAndInLedger => Self::Done,
                OwnRecord::Open | OwnRecord::Blank => Self::LeftAlone(Some(operation), end),
            },
            Progress::Begun(operation) => match own_record(operation) {
                OwnRecord::Blank => Self::ToDo,
                OwnRecord::GoneAndInLedger => Self::Done,
                OwnRecord::Open | OwnRecord::Gone => {
                    Self::LeftAlone(Some(operation), TurnEnd::Unknown)
                }
            },
            Progress::NotUnderstood => Self::LeftAlone(None, TurnEnd::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_was_emptied_is_not_blank() {
        let reserved = vec![FILLER; RESERVED];
        let mut written = reserved.clone();
        written[0] = b'0';
        for (content, is) in [
            (&reserved[..], OwnRecord::Blank),
            (&reserved[1..], OwnRecord::Open),
            (&[], OwnRecord::Open),
            (&written, OwnRecord::Open),
        ] {
            assert_eq!(OwnRecord::of_content(content), is, "{}", content.len());
        }
    }

    #[test]
    fn the_whole_table() {
        use OwnRecord::{Blank, Gone, GoneAndInLedger, Open};
        use Standing::{Done, LeftAlone, ToDo};
        use TurnEnd::{Issued, Mismatch, NotIssued, OldRemains, Undelivered, Unknown, ValueLost};
        let operation = OperationId::from_bytes([1, 2, 3, 4]);
        let ended = |end| Progress::Ended(operation, end);
        let alone = |end| LeftAlone(Some(operation), end);
        for (progress, [blank, open, in_ledger, gone]) in [
            (Progress::NotBegun, [ToDo; 4]),
            (ended(NotIssued), [ToDo; 4]),
            (ended(Issued), [Done; 4]),
            (
                ended(Undelivered),
                [alone(Undelivered), alone(Undelivered), Done, Done],
            ),
            (
                ended(Mismatch),
                [alone(Mismatch), alone(Mismatch), Done, Done],
            ),
            (
                ended(OldRemains),
                [alone(OldRemains), alone(OldRemains), Done, Done],
            ),
            (
                ended(ValueLost),
                [alone(ValueLost), alone(ValueLost), Done, Done],
            ),
            (ended(Unknown), [alone(Unknown), alone(Unknown), Done, Done]),
            (
                Progress::Begun(operation),
                [ToDo, alone(Unknown), Done, alone(Unknown)],
            ),
            (Progress::NotUnderstood, [LeftAlone(None, Unknown); 4]),
        ] {
            for (own, standing) in [
                (Blank, blank),
                (Open, open),
                (GoneAndInLedger, in_ledger),
                (Gone, gone),
            ] {
                let of = Standing::of(progress, |asked| {
                    assert_eq!(asked, operation);
                    own
                });
                assert_eq!(of, standing, "{progress:?} {own:?}");
            }
        }
    }
}
