//! What other versions write into a record, and what must become of it.

use vault_sandbox_core::TokenId;
use vault_sandbox_core::issuance::{Entry, Record};

/// A member that says of a line that it may not be passed over. As long as the one that says the
/// opposite, for [`pass_over_unknown`].
const BINDING: &[u8] = br#""optional":false"#;
const OPTIONAL: &[u8] = br#""optional":true "#;

/// What another version does between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// A later one adds a line that may be passed over.
    OptionalLine,
    /// A later one adds a line that may not.
    UnknownLine,
    /// A later one says what the record says already, with more members.
    UnknownMembers,
    /// The one of 2026-11-28 wrote down every token of the name that it found.
    LostUncertain,
}

impl Other {
    /// Every one.
    pub const ALL: [Self; 4] = [
        Self::OptionalLine,
        Self::UnknownLine,
        Self::UnknownMembers,
        Self::LostUncertain,
    ];

    /// The lines that it writes. `found` are the tokens of the name.
    #[must_use]
    pub fn lines(self, record: &Record, found: &[TokenId]) -> Option<Vec<u8>> {
        match self {
            Self::OptionalLine => Some(line(br#"{"entry":"receipt","of":"0PI1","optional":true}"#)),
            Self::UnknownLine => Some(unknown()),
            Self::UnknownMembers => {
                let known = Entry::Deliveries(record.deliveries.clone()).to_line();
                let known = String::from_utf8(known.as_bytes().to_vec()).unwrap();
                let json = known.trim_end().split_once(' ').unwrap().1;
                let more = format!("{},\"colour\":\"red\"}}", &json[..json.len() - 1]);
                Some(line(more.as_bytes()))
            }
            Self::LostUncertain if record.token.is_none() && record.lost.is_none() => {
                let ids: Vec<_> = found.iter().map(|id| format!("\"{id}\"")).collect();
                let json = format!(r#"{{"entry":"lost","ids":[{}]}}"#, ids.join(","));
                Some(line(json.as_bytes()))
            }
            Self::LostUncertain => None,
        }
    }
}

/// A flaw of a reader: an unknown line is read as if it might be passed over.
pub fn pass_over_unknown(content: &mut [u8]) {
    let Some(at) = position(content, &unknown()) else {
        return;
    };
    let text = String::from_utf8(unknown()).unwrap();
    let json = text.trim_end().split_once(' ').unwrap().1;
    let from = position(json.as_bytes(), BINDING).unwrap();
    let mut json = json.as_bytes().to_vec();
    json[from..from + OPTIONAL.len()].copy_from_slice(OPTIONAL);
    let line = line(&json);
    content[at..at + line.len()].copy_from_slice(&line);
}

/// A flaw of a reader: what stands from an unknown line on is taken for torn.
pub fn cut_at_unknown(content: &mut Vec<u8>) {
    if let Some(at) = position(content, &unknown()) {
        content.truncate(at);
    }
}

fn unknown() -> Vec<u8> {
    // By hand, for the order of its members.
    line(br#"{"entry":"escrow","with":"jane","optional":false}"#)
}

fn position(content: &[u8], what: &[u8]) -> Option<usize> {
    content.windows(what.len()).position(|part| part == what)
}

/// A line behind its checksum, written without the code that is under test.
fn line(json: &[u8]) -> Vec<u8> {
    let sum = json.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut line = format!("{sum:016x} ").into_bytes();
    line.extend_from_slice(json);
    line.push(b'\n');
    line
}
