//! The text of a file of variables, `VAR=value`: setting one line and keeping every other byte.

use super::EnvTextError;
use super::words::first_word;

/// Some editors begin a file with it; it belongs to no line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether a word can name a variable.
pub(crate) fn is_variable(word: &str) -> bool {
    !word.starts_with(|c: char| c.is_ascii_digit())
        && !word.is_empty()
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The content with the one line set: in its place if there is one, else at the end.
pub(crate) fn with_variable(
    content: &[u8],
    variable: &str,
    value: &str,
) -> Result<Vec<u8>, EnvTextError> {
    let mut new = Vec::with_capacity(content.len() + variable.len() + value.len() + 2);
    match find(content, variable)? {
        Some(found) => {
            new.extend_from_slice(&content[..found.start]);
            new.extend_from_slice(&content[found.start..found.name_from]);
            new.extend_from_slice(assignment(variable, value)?.as_bytes());
            new.extend_from_slice(&content[found.end..]);
        }
        None => {
            let ending: &[u8] = if content.windows(2).any(|two| two == b"\r\n") {
                b"\r\n"
            } else {
                b"\n"
            };
            new.extend_from_slice(content);
            if !content.is_empty() && !content.ends_with(b"\n") {
                new.extend_from_slice(ending);
            }
            new.extend_from_slice(assignment(variable, value)?.as_bytes());
            new.extend_from_slice(ending);
        }
    }
    // Text that goes on (a last line that ends with a backslash) would swallow the line.
    if holds(&new, variable, value) {
        Ok(new)
    } else {
        Err(EnvTextError::GoesOn)
    }
}

/// Whether one line can be set in this content.
pub(crate) fn check(content: &[u8], variable: &str) -> Result<(), EnvTextError> {
    // Any value without blanks and quotes will do: whether it can be set does not depend on it.
    with_variable(content, variable, "x").map(drop)
}

/// Whether the content has the variable set to this value.
pub(crate) fn holds(content: &[u8], variable: &str, value: &str) -> bool {
    let Ok(line) = assignment(variable, value) else {
        return false;
    };
    let wanted = &line.as_bytes()[variable.len() + 1..];
    matches!(find(content, variable), Ok(Some(found)) if content[found.value_from..found.end] == *wanted)
}

/// What the variable is set to, if it is one word.
pub(crate) fn value(content: &[u8], variable: &str) -> Option<String> {
    let found = find(content, variable).ok()??;
    let text = std::str::from_utf8(&content[found.value_from..found.end]).ok()?;
    let is_comment = |rest: &str| rest.starts_with([' ', '\t']) && blank(rest).starts_with('#');
    let (word, rest) = first_word(text).ok()?.filter(|_| !is_comment(text))?;
    (blank(rest).is_empty() || is_comment(rest)).then_some(word)
}

/// Whether there is no assignment to the variable.
pub(crate) fn lacks(content: &[u8], variable: &str) -> bool {
    matches!(find(content, variable), Ok(None))
}

/// The text without the blanks before it.
fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// Where the one assignment stands, without its line ending.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    /// Where the line's first word begins, which may be `export`.
    start: usize,
    name_from: usize,
    value_from: usize,
    end: usize,
}

/// Walks the file as a shell would, so that a line inside a quoted value is not taken for an
/// assignment. Other readers also take blanks around the `=`.
fn find(content: &[u8], variable: &str) -> Result<Option<Found>, EnvTextError> {
    let blanks = |from: usize, end: usize| {
        let line = content[from..end].iter();
        from + line.take_while(|b| matches!(b, b' ' | b'\t')).count()
    };
    let mut found = None;
    let mut at = match content.starts_with(BYTE_ORDER_MARK) {
        true => BYTE_ORDER_MARK.len(),
        false => 0,
    };
    while at < content.len() {
        let end = line_end(content, at)?;
        let start = blanks(at, end);
        let exported = content[start..end]
            .strip_prefix(b"export")
            .filter(|rest| rest.starts_with(b" ") || rest.starts_with(b"\t"));
        let name_from = exported.map_or(start, |rest| blanks(end - rest.len(), end));
        let named = content[name_from..end].starts_with(variable.as_bytes());
        let sign = named.then(|| blanks(name_from + variable.len(), end));
        if let Some(sign) = sign.filter(|sign| content[*sign..end].starts_with(b"=")) {
            if found.is_some() {
                return Err(EnvTextError::SetTwice);
            }
            let is_crlf = content[at..end].ends_with(b"\r");
            found = Some(Found {
                start,
                name_from,
                value_from: sign + 1,
                end: if is_crlf { end - 1 } else { end },
            });
        }
        at = end + 1;
    }
    Ok(found)
}

/// The line feed that ends the line, or the end of the file. One inside quotes ends nothing.
fn line_end(content: &[u8], start: usize) -> Result<usize, EnvTextError> {
    let first_newline = content[start..]
        .iter()
        .position(|b| *b == b'\n')
        .map_or(content.len(), |n| start + n);
    let trimmed = content[start..first_newline]
        .iter()
        .find(|b| !matches!(b, b' ' | b'\t'));
    if trimmed == Some(&b'#') {
        return Ok(first_newline);
    }
    let mut quote = None;
    let mut at = start;
    while at < content.len() {
        match (content[at], quote) {
            (b'\n', None) => return Ok(at),
            (b'\\', None | Some(b'"')) => at += 1,
            // A comment goes to the end of the line, whatever quotes it holds.
            (b'#', None) if at > start && matches!(content[at - 1], b' ' | b'\t') => {
                return Ok(content[at..]
                    .iter()
                    .position(|b| *b == b'\n')
                    .map_or(content.len(), |n| at + n));
            }
            (b @ (b'"' | b'\''), None) => quote = Some(b),
            (b, Some(open)) if b == open => quote = None,
            _ => {}
        }
        at += 1;
    }
    if quote.is_some() {
        Err(EnvTextError::OpenQuote)
    } else {
        Ok(content.len())
    }
}

/// `VAR=value`, quoted where a shell would read anything into it.
fn assignment(variable: &str, value: &str) -> Result<String, EnvTextError> {
    let bare = value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.~+/=:@%,".contains(&b));
    if bare {
        return Ok(format!("{variable}={value}"));
    }
    if value.contains('\'') {
        return Err(EnvTextError::QuoteInValue);
    }
    Ok(format!("{variable}='{value}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(content: &str) -> String {
        String::from_utf8(with_variable(content.as_bytes(), "TOKEN", "veeva-vault-new").unwrap())
            .unwrap()
    }

    #[test]
    fn one_line_changes_and_nothing_else() {
        for (before, after) in [
            ("", "TOKEN=veeva-vault-new\n"),
            ("A=1", "A=1\nTOKEN=veeva-vault-new\n"),
            ("A=1\n", "A=1\nTOKEN=veeva-vault-new\n"),
            ("A=1\r\n", "A=1\r\nTOKEN=veeva-vault-new\r\n"),
            ("A=1\nTOKEN=old\nB=2", "A=1\nTOKEN=veeva-vault-new\nB=2"),
            ("TOKEN=old\r\nB=2\r\n", "TOKEN=veeva-vault-new\r\nB=2\r\n"),
            (
                "  export TOKEN='old # x'  # why\n",
                "  export TOKEN=veeva-vault-new\n",
            ),
            (
                "# TOKEN=old isn't\nTOKENS=x\n",
                "# TOKEN=old isn't\nTOKENS=x\nTOKEN=veeva-vault-new\n",
            ),
            (
                "A='x\nTOKEN=inside\n'\n",
                "A='x\nTOKEN=inside\n'\nTOKEN=veeva-vault-new\n",
            ),
            (
                "TOKEN=\"two\nlines\"\nB=2\n",
                "TOKEN=veeva-vault-new\nB=2\n",
            ),
            (
                "A=x # it's\nTOKEN=old\n",
                "A=x # it's\nTOKEN=veeva-vault-new\n",
            ),
            ("TOKEN=\n", "TOKEN=veeva-vault-new\n"),
            // As other readers than a shell take it.
            (
                "export\tTOKEN=old\n  export  TOKENS=x",
                "export\tTOKEN=veeva-vault-new\n  export  TOKENS=x",
            ),
            ("A = 1\nTOKEN = old\n", "A = 1\nTOKEN=veeva-vault-new\n"),
            ("TOKEN\t='a b'\r\n", "TOKEN=veeva-vault-new\r\n"),
            ("\u{feff}TOKEN=old\n", "\u{feff}TOKEN=veeva-vault-new\n"),
            (
                "\u{feff}# it's\n",
                "\u{feff}# it's\nTOKEN=veeva-vault-new\n",
            ),
            (
                "exported=1\nexportTOKEN=2\n",
                "exported=1\nexportTOKEN=2\nTOKEN=veeva-vault-new\n",
            ),
        ] {
            assert_eq!(set(before), after, "{before:?}");
            assert_eq!(set(after), after, "setting it again changes nothing");
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        for content in [
            "TOKEN=a\nTOKEN=b\n",
            "TOKEN=a\nexport\tTOKEN = b\n",
            "A='open\nTOKEN=x\n",
            "A=1\\",
            "A=1\\\n",
        ] {
            assert!(
                with_variable(content.as_bytes(), "TOKEN", "v").is_err(),
                "{content:?}"
            );
        }
        assert_eq!(with_variable(b"", "T", "a$b").unwrap(), b"T='a$b'\n");
        assert!(with_variable(b"", "T", "a'$b").is_err());
        assert!(
            is_variable("_A1") && !is_variable("1A") && !is_variable("") && !is_variable("A-B")
        );
    }

    #[test]
    fn one_word_is_read_back() {
        for (content, value) in [
            ("TOKEN=a\n", Some("a")),
            ("TOKEN='a b' # why", Some("a b")),
            ("TOKEN=a\t# why\r\n", Some("a")),
            ("TOKEN = a", Some("a")),
            ("TOKEN=#a", Some("#a")),
            ("TOKEN=a#b", Some("a#b")),
            ("TOKEN=", None),
            ("TOKEN= # a", None),
            ("TOKEN=a b", None),
            ("TOKENS=a", None),
        ] {
            let read = super::value(content.as_bytes(), "TOKEN");
            assert_eq!(read.as_deref(), value, "{content:?}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_kept(content in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Ok(new) = with_variable(&content, "TOKEN", "veeva-vault-new") {
                let found = find(&new, "TOKEN").unwrap().unwrap();
                prop_assert_eq!(&new[found.value_from..found.end], b"veeva-vault-new");
                if find(&content, "TOKEN").unwrap().is_none() {
                    prop_assert!(new.starts_with(&content));
                }
            }
        }

        #[test]
        fn lines_around_it_are_kept(before in "([A-Z]{1,3}=[a-z'\" #]{0,5}\n){0,4}", after in "([A-Z]{1,3}=[a-z]{0,5}\n){0,4}") {
            let content = format!("{before}TOKEN=old\n{after}");
            if let Ok(new) = with_variable(content.as_bytes(), "TOKEN", "new") {
                let inside = find(content.as_bytes(), "TOKEN").unwrap().is_none();
                let expected = if inside { content.clone() } else { format!("{before}TOKEN=new\n{after}") };
                prop_assert!(String::from_utf8(new).unwrap().starts_with(&expected));
            }
        }
    }
}
