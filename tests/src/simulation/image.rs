//! The content of a record's file at one moment.

use std::cell::OnceCell;

use vault_sandbox_core::issuance::{FILLER, JournalError, Record};

/// Bytes up to the last that is not reserved space, and what they say: read once, because invariants ask
/// after every step.
#[derive(Debug, Default)]
pub(super) struct Image {
    pub(super) bytes: Vec<u8>,
    /// No space is reserved behind the bytes: there never was, or they were cut off.
    pub(super) is_plain: bool,
    pub(super) record: OnceCell<Result<Record, JournalError>>,
}

impl Image {
    /// Empty, without space that is reserved.
    pub(super) fn plain() -> Self {
        Self {
            is_plain: true,
            ..Self::default()
        }
    }

    pub(super) fn with(&self, at: usize, what: &[u8]) -> Self {
        let mut bytes = self.bytes.clone();
        let end = at + what.len();
        if bytes.len() < end {
            // What was cut off comes back as zeros.
            bytes.resize(end, if self.is_plain { 0 } else { FILLER });
        }
        bytes[at..end].copy_from_slice(what);
        if !self.is_plain {
            let last = bytes.iter().rposition(|byte| *byte != FILLER);
            bytes.truncate(last.map_or(0, |last| last + 1));
        }
        Self {
            bytes,
            is_plain: self.is_plain,
            record: OnceCell::new(),
        }
    }

    pub(super) fn read(&self) -> &Result<Record, JournalError> {
        self.record.get_or_init(|| {
            // Reserved space follows what was written.
            let mut journal = self.bytes.clone();
            if !self.is_plain {
                journal.push(FILLER);
            }
            Record::read(&journal)
        })
    }
}
