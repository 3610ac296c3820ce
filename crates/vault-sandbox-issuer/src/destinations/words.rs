//! A program and its arguments, written on one line.

use thiserror::Error;

/// A line with a quote that does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a quote does not end")]
pub struct OpenQuote;

/// The words of a line, quoted as in a shell: `'…'` holds anything, in `"…"` a backslash quotes `"`,
/// `\`, `$`, a backtick and a line feed, outside it quotes whatever follows. Nothing else has a
/// meaning: nothing is expanded, and `#` begins no comment.
///
/// # Errors
///
/// If a quote does not end, or the line ends with a backslash.
pub fn words(line: &str) -> Result<Vec<String>, OpenQuote> {
    let mut words = Vec::new();
    let mut rest = line;
    while let Some((word, after)) = first_word(rest)? {
        words.push(word);
        rest = after;
    }
    Ok(words)
}

/// The first word, and what follows it. `None`: there is none.
pub(crate) fn first_word(text: &str) -> Result<Option<(String, &str)>, OpenQuote> {
    let text = text.trim_start_matches(is_blank);
    if text.is_empty() {
        return Ok(None);
    }
    let mut word = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            _ if is_blank(c) => return Ok(Some((word, &text[at..]))),
            '\'' => loop {
                match chars.next().ok_or(OpenQuote)?.1 {
                    '\'' => break,
                    c => word.push(c),
                }
            },
            '"' => loop {
                match chars.next().ok_or(OpenQuote)?.1 {
                    '"' => break,
                    '\\' => match chars.next().ok_or(OpenQuote)?.1 {
                        '\n' => {}
                        c @ ('"' | '\\' | '$' | '`') => word.push(c),
                        c => word.extend(['\\', c]),
                    },
                    c => word.push(c),
                }
            },
            '\\' => match chars.next().ok_or(OpenQuote)?.1 {
                '\n' => {}
                c => word.push(c),
            },
            c => word.push(c),
        }
    }
    Ok(Some((word, "")))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_a_shell_reads_them_but_for_comments() {
        for (line, wanted) in [
            ("", &[][..]),
            ("  \t\n", &[]),
            ("cat", &["cat"]),
            ("a  b\tc\n", &["a", "b", "c"]),
            (
                "store.sh --to #deploys --as x",
                &["store.sh", "--to", "#deploys", "--as", "x"],
            ),
            ("a#b # c", &["a#b", "#", "c"]),
            ("# a", &["#", "a"]),
            ("'a b' \"c d\" e\\ f", &["a b", "c d", "e f"]),
            ("a'b'\"c\"d", &["abcd"]),
            ("'' \"\"", &["", ""]),
            (r#"'\n"' "\"\\\$\`\n""#, &["\\n\"", "\"\\$`\\n"]),
            ("\"a\\\nb\" c\\\nd", &["ab", "cd"]),
            (
                "$HOME ~ * {a,b} `x` a;b|c&d",
                &["$HOME", "~", "*", "{a,b}", "`x`", "a;b|c&d"],
            ),
            ("größe 'サンド'", &["größe", "サンド"]),
        ] {
            assert_eq!(words(line).unwrap(), wanted, "{line:?}");
        }
        for line in ["'a", "\"a", "a 'b\" c", "a\\", "\"a\\"] {
            assert_eq!(words(line), Err(OpenQuote), "{line:?}");
        }
    }
}
