//! VQL text into tokens.

use std::{iter::Peekable, str::Chars};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Keyword or name.
    Word(String),
    /// Quoted, without its quotes and escapes.
    Text(String),
    Number(String),
    Symbol(&'static str),
}

/// `None` where the text is not made of tokens.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut chars = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(first) = chars.next() {
        tokens.push(match first {
            c if c.is_whitespace() => continue,
            '\'' => Token::Text(quoted(&mut chars)?),
            ',' => Token::Symbol(","),
            '(' => Token::Symbol("("),
            ')' => Token::Symbol(")"),
            '=' => Token::Symbol("="),
            '!' => {
                chars.next_if_eq(&'=')?;
                Token::Symbol("!=")
            }
            '<' => Token::Symbol(if take(&mut chars, '=') { "<=" } else { "<" }),
            '>' => Token::Symbol(if take(&mut chars, '=') { ">=" } else { ">" }),
            c if c.is_ascii_digit() => Token::Number(rest(c, &mut chars)),
            c if is_word(c) => Token::Word(rest(c, &mut chars)),
            _ => return None,
        });
    }
    Some(tokens)
}

/// The rest of a literal whose opening quote is gone: `\\`, `\'` and `''` are escapes.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '\\' => text.push(chars.next_if(|c| matches!(c, '\\' | '\''))?),
            '\'' if take(chars, '\'') => text.push('\''),
            '\'' => return Some(text),
            c => text.push(c),
        }
    }
}

fn take(chars: &mut Peekable<Chars<'_>>, wanted: char) -> bool {
    chars.next_if_eq(&wanted).is_some()
}

fn rest(first: char, chars: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::from(first);
    while let Some(c) = chars.next_if(|c| is_word(*c)) {
        word.push(c);
    }
    word
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_need_no_spaces() {
        use Token::{Number, Symbol, Text, Word};
        assert_eq!(
            tokens("a<=3,('x')!=b").unwrap(),
            [
                Word("a".into()),
                Symbol("<="),
                Number("3".into()),
                Symbol(","),
                Symbol("("),
                Text("x".into()),
                Symbol(")"),
                Symbol("!="),
                Word("b".into()),
            ]
        );
    }

    #[test]
    fn escapes_in_text() {
        for (text, value) in [
            (r"'O''Hara'", "O'Hara"),
            (r"'O\'Hara'", "O'Hara"),
            (r"'a\\b'", r"a\b"),
            (r"'\\'''", r"\'"),
            ("''", ""),
        ] {
            assert_eq!(tokens(text).unwrap(), [Token::Text(value.into())], "{text}");
        }
    }

    #[test]
    fn broken_text_is_no_token() {
        for text in ["'open", r"'open\'", r"'\n'", "a ! b", "a; b", "\"a\""] {
            assert_eq!(tokens(text), None, "{text}");
        }
    }
}
