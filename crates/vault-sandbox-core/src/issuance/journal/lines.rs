//! Lines of JSON behind a checksum, in space that was reserved beforehand: a crash in the middle of a
//! write leaves a last line that is not intact, and everything before it as it was.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::body::Body;

/// What reserved space is to be filled with. No line begins with it.
pub const FILLER: u8 = b'\n';

/// The member that says of a line that whoever does not know it may pass it over.
const OPTIONAL: &str = "optional";

/// The value as one line, with its line feed.
pub(super) fn to_line(value: &impl Serialize) -> Body {
    // Structs of strings and lists: writing them as JSON cannot fail.
    let json = serde_json::to_string(value).unwrap_or_default();
    Body::from(format!("{:016x} {json}\n", checksum(json.as_bytes())))
}

/// What an intact line says to a reader that knows lines of the form `T`.
pub(super) enum Said<T> {
    /// This.
    Known(T),
    /// Something that a later version added, and that may be passed over.
    Optional,
    /// Something that this version does not know, as it stands there.
    Unknown(Value),
}

/// Intact lines, until the first that is not.
pub(super) struct IntactLines<'a> {
    rest: &'a [u8],
    read: usize,
}

impl<'a> IntactLines<'a> {
    pub(super) fn of(journal: &'a [u8]) -> Self {
        Self {
            rest: journal,
            read: 0,
        }
    }

    /// Length in bytes of the lines so far.
    pub(super) fn read(&self) -> usize {
        self.read
    }

    /// The next line. `None`: there is none, or it is not intact.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> Option<Said<T>> {
        let (json, length) = intact(self.rest)?;
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.read += length;
        Some(meaning(json))
    }

    /// Skips to the next intact line behind one that is not. `None`: there is none.
    pub(super) fn next_behind_damage<T: DeserializeOwned>(&mut self) -> Option<Said<T>> {
        loop {
            if let Some(said) = self.next() {
                return Some(said);
            }
            let end = self.rest.iter().position(|byte| *byte == b'\n')?;
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            self.read += end + 1;
        }
    }
}

/// The JSON of the line that the bytes begin with, and the line's length.
fn intact(bytes: &[u8]) -> Option<(&str, usize)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let (sum, json) = line.split_once(' ')?;
    (sum == format!("{:016x}", checksum(json.as_bytes()))).then_some((json, end + 1))
}

fn meaning<T: DeserializeOwned>(json: &str) -> Said<T> {
    if let Ok(known) = serde_json::from_str(json) {
        return Said::Known(known);
    }
    let value = serde_json::from_str(json).unwrap_or(Value::Null);
    match value.get(OPTIONAL) {
        Some(Value::Bool(true)) => Said::Optional,
        _ => Said::Unknown(value),
    }
}

/// FNV-1a, 64 bits: against a torn write, not against an adversary.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By [the authors' test vectors](http://www.isthe.com/chongo/tech/comp/fnv/).
    #[test]
    fn the_checksum_is_the_one_that_records_were_written_with() {
        assert_eq!(checksum(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(checksum(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(checksum(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn what_is_not_known_is_passed_over_only_if_it_says_so() {
        let line = |json: &str| {
            let value: Value = serde_json::from_str(json).unwrap();
            to_line(&value).as_bytes().to_vec()
        };
        for (json, is_optional) in [
            (r#"{"a":1,"optional":true}"#, true),
            (r#"{"a":1,"optional":false}"#, false),
            (r#"{"a":1,"optional":"true"}"#, false),
            (r#"{"a":1}"#, false),
            (r"[1]", false),
        ] {
            let bytes = line(json);
            let mut lines = IntactLines::of(&bytes);
            let said = lines.next::<u8>().unwrap();
            assert_eq!(matches!(said, Said::Optional), is_optional, "{json}");
            assert_eq!(matches!(said, Said::Unknown(_)), !is_optional, "{json}");
            assert_eq!(lines.read(), bytes.len());
            assert!(lines.next::<u8>().is_none());
        }
        assert!(matches!(
            IntactLines::of(&line("7")).next::<u8>(),
            Some(Said::Known(7))
        ));
    }

    #[test]
    fn lines_behind_one_that_is_not_intact_are_found_only_when_asked_for() {
        let (one, two) = (to_line(&1), to_line(&2));
        let bytes = [one.as_bytes(), b"torn\n\n", two.as_bytes()].concat();
        let mut lines = IntactLines::of(&bytes);
        assert!(matches!(lines.next::<u8>(), Some(Said::Known(1))));
        assert!(lines.next::<u8>().is_none());
        assert_eq!(lines.read(), one.len());
        assert!(matches!(
            lines.next_behind_damage::<u8>(),
            Some(Said::Known(2))
        ));
        assert_eq!(lines.read(), bytes.len());
        assert!(lines.next_behind_damage::<u8>().is_none());
    }
}
