//! The text of a file of variables, `VAR=value`: setting one line and keeping every other byte.

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
) -> Result<Vec<u8>, &'static str> {
    let mut new = Vec::with_capacity(content.len() + variable.len() + value.len() + 2);
    match find(content, variable)? {
        Some(found) => {
            new.extend_from_slice(&content[..found.start]);
            let prefix = if found.exported { "export " } else { "" };
            new.extend_from_slice(assignment(prefix, variable, value)?.as_bytes());
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
            new.extend_from_slice(assignment("", variable, value)?.as_bytes());
            new.extend_from_slice(ending);
        }
    }
    // Text that goes on (a last line that ends with a backslash) would swallow the line.
    if holds(&new, variable, value) {
        Ok(new)
    } else {
        Err("its last line goes on, so nothing can be added to it")
    }
}

/// Whether one line can be set in this content.
pub(crate) fn check(content: &[u8], variable: &str) -> Result<(), &'static str> {
    find(content, variable).map(drop)
}

/// Whether the content has the variable set to this value.
pub(crate) fn holds(content: &[u8], variable: &str, value: &str) -> bool {
    let Ok(line) = assignment("", variable, value) else {
        return false;
    };
    let wanted = &line.as_bytes()[variable.len() + 1..];
    matches!(find(content, variable), Ok(Some(found)) if content[found.value_from..found.end] == *wanted)
}

/// What the variable is set to, if it is one word.
pub(crate) fn value(content: &[u8], variable: &str) -> Option<String> {
    let found = find(content, variable).ok()??;
    let text = std::str::from_utf8(&content[found.value_from..found.end]).ok()?;
    let mut words = shell_words::split(text).ok()?;
    let word = words.pop()?;
    words.is_empty().then_some(word)
}

/// Whether there is no assignment to the variable.
pub(crate) fn lacks(content: &[u8], variable: &str) -> bool {
    matches!(find(content, variable), Ok(None))
}

/// Where the one assignment stands, without its line ending.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    start: usize,
    value_from: usize,
    end: usize,
    exported: bool,
}

/// Walks the file as a shell would, so that a line inside a quoted value is not taken for an
/// assignment.
fn find(content: &[u8], variable: &str) -> Result<Option<Found>, &'static str> {
    let mut found = None;
    let mut at = 0;
    while at < content.len() {
        let end = line_end(content, at)?;
        let line = &content[at..end];
        let indent = line
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        let rest = &line[indent..];
        let exported = rest.strip_prefix(b"export ".as_slice());
        let name_from = at
            + indent
            + if exported.is_some() {
                "export ".len()
            } else {
                0
            };
        let named = content[name_from..end]
            .strip_prefix(variable.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"="));
        if named.is_some() {
            if found.is_some() {
                return Err("the variable is set twice in it");
            }
            let stop = if content[at..end].ends_with(b"\r") {
                end - 1
            } else {
                end
            };
            found = Some(Found {
                start: at + indent,
                value_from: name_from + variable.len() + 1,
                end: stop,
                exported: exported.is_some(),
            });
        }
        at = end + 1;
    }
    Ok(found)
}

/// The line feed that ends the line, or the end of the file. One inside quotes ends nothing.
fn line_end(content: &[u8], start: usize) -> Result<usize, &'static str> {
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
        Err("it has a quote that does not end, so its lines cannot be told apart")
    } else {
        Ok(content.len())
    }
}

/// `VAR=value`, quoted where a shell would read anything into it.
fn assignment(prefix: &str, variable: &str, value: &str) -> Result<String, &'static str> {
    let bare = value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.~+/=:@%,".contains(&b));
    if bare {
        return Ok(format!("{prefix}{variable}={value}"));
    }
    if value.contains('\'') {
        return Err("the value has a quote in it, which such a file cannot hold");
    }
    Ok(format!("{prefix}{variable}='{value}'"))
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
        ] {
            assert_eq!(set(before), after, "{before:?}");
            assert_eq!(set(after), after, "setting it again changes nothing");
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        for content in [
            "TOKEN=a\nTOKEN=b\n",
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
