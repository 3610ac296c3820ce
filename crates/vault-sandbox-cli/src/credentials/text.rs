//! The text of a secret, as files, variables and programs give it.

use std::io::Read as _;
use std::path::Path;

use crate::problem::Problem;

/// No credential is longer; what is, is some other file.
const MAX_LENGTH: u64 = 64 * 1024;

pub(super) fn of_file(path: &Path, source: &str) -> Result<String, Problem> {
    let failed = |error: std::io::Error| {
        Problem::configuration(format!("{source} cannot be read: {error}."))
    };
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin()
            .take(MAX_LENGTH + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(MAX_LENGTH + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    if bytes.len() as u64 > MAX_LENGTH {
        return Err(Problem::configuration(format!(
            "{source} is too long to be a credential."
        )));
    }
    trimmed(&bytes, source)
}

/// One line feed, or carriage return and line feed, at the end is an editor's, not the secret's.
pub(super) fn trimmed(bytes: &[u8], source: &str) -> Result<String, Problem> {
    let bytes = bytes
        .strip_suffix(b"\n")
        .map_or(bytes, |rest| rest.strip_suffix(b"\r").unwrap_or(rest));
    if bytes.is_empty() {
        return Err(Problem::configuration(format!("{source} is empty.")));
    }
    if bytes.contains(&b'\n') {
        return Err(Problem::configuration(format!(
            "{source} holds more than one line."
        )));
    }
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Problem::configuration(format!("{source} is not UTF-8.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_ending_is_trimmed_and_nothing_else() {
        for (bytes, text) in [
            (&b"abc"[..], "abc"),
            (b"abc\n", "abc"),
            (b"abc\r\n", "abc"),
            (b" abc ", " abc "),
        ] {
            assert_eq!(trimmed(bytes, "f").unwrap(), text);
        }
        for bytes in [&b""[..], b"\n", b"\r\n", b"a\nb", b"a\n\n", b"\xff"] {
            assert!(trimmed(bytes, "f").is_err(), "{bytes:?}");
        }
    }
}
