//! Lines no longer than the terminal is wide.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// On a narrower terminal every word would have a line of its own.
const NARROWEST: usize = 20;

/// How wide the terminal is that the stream leads to. `None`: it leads to none, or nobody knows.
pub(crate) fn columns(stream: &(impl AsFd + IsTerminal)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let asked = rustix::termios::tcgetwinsize(stream).map(|size| usize::from(size.ws_col));
    let told = || std::env::var("COLUMNS").ok()?.parse().ok();
    let columns = asked.ok().filter(|columns| *columns > 0).or_else(told)?;
    (columns >= NARROWEST).then_some(columns)
}

/// Breaks lines between words; what follows is indented by `hanging`. Nothing that is to be copied is
/// broken: no word, and no line that begins with two spaces, which is a command to type or somebody
/// else's words.
pub(crate) fn text(text: &str, columns: Option<usize>, hanging: usize) -> String {
    let Some(columns) = columns else {
        return text.to_owned();
    };
    let indent = " ".repeat(hanging.min(columns / 2));
    let options = Options::new(columns)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let mut lines = Vec::new();
    for line in text.split('\n') {
        match line.strip_prefix("  ") {
            Some(to_type) => lines.push(with_command(to_type, columns)),
            None => lines.extend(textwrap::wrap(line, &options).into_iter().map(Into::into)),
        }
    }
    lines.join("\n")
}

/// A text beside its label, which takes `width` columns and a space.
pub(crate) fn fact(label: &str, fact: &str, columns: Option<usize>, width: usize) -> String {
    let rest = columns.map(|columns| columns.saturating_sub(width + 1).max(NARROWEST));
    let below = format!("\n{}", " ".repeat(width + 1));
    format!("{label} {}", text(fact, rest, 0).replace('\n', &below))
}

/// `Words:  command` on two lines, if one is too short for it.
fn with_command(line: &str, columns: usize) -> String {
    match line.split_once(":  ") {
        Some((words, command)) if display_width(line) + 2 > columns => {
            let words = text(&format!("{words}:"), Some(columns - 2), 0).replace('\n', "\n  ");
            format!("  {words}\n    {command}")
        }
        _ => format!("  {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_commands_stay_whole() {
        for (given, hanging, wrapped) in [
            ("one two three four five", 0, "one two three four\nfive"),
            (
                "Expires  2027-02-21 18:04:11 UTC",
                9,
                "Expires  2027-02-21\n         18:04:11\n         UTC",
            ),
            (
                "a veepharm-veepharm-sandbox.vaultdev.com b",
                2,
                "a\n  veepharm-veepharm-sandbox.vaultdev.com\n  b",
            ),
            (
                "\u{1b}[1mLabel\u{1b}[0m    one two three",
                4,
                "\u{1b}[1mLabel\u{1b}[0m    one two\n    three",
            ),
            ("what\n  Next:  go", 0, "what\n  Next:  go"),
            (
                "  Find out:  vault-sandbox token recover 1",
                0,
                "  Find out:\n    vault-sandbox token recover 1",
            ),
            (
                "  vault-sandbox token recover 1",
                0,
                "  vault-sandbox token recover 1",
            ),
            ("", 0, ""),
        ] {
            assert_eq!(text(given, Some(20), hanging), wrapped);
            assert_eq!(text(given, None, hanging), given);
        }
    }

    #[test]
    fn a_fact_stays_beside_its_label() {
        for (given, wrapped) in [
            (
                "one two three four five six",
                "Saved    one two three four\n         five six",
            ),
            (
                "/a/path/that/is/longer/than/that, ours",
                "Saved    /a/path/that/is/longer/than/that,\n         ours",
            ),
        ] {
            assert_eq!(fact("Saved   ", given, Some(29), 8), wrapped);
        }
    }
}
