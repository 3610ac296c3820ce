//! What stdout shows to people: columns, and facts with their labels.

use std::io;

use textwrap::core::display_width;

use crate::wrap;

/// Between a label, or a column, and the next.
const GAP: &str = "  ";

/// What it is shown on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// How wide the terminal is; into a pipe or a file, lines are as long as they are.
    columns: Option<usize>,
    /// One fact per line, whatever the width.
    plain: bool,
}

impl Page {
    pub(crate) fn of_stdout(plain: bool) -> Self {
        Self {
            columns: wrap::columns(&io::stdout()).filter(|_| !plain),
            plain,
        }
    }

    /// A row a line, in columns as wide as their longest cell. Where the terminal is too narrow, and
    /// with `--plain`, each row becomes a block of facts.
    pub(crate) fn table<const N: usize>(
        self,
        head: [&str; N],
        rows: impl Iterator<Item = [String; N]>,
    ) -> String {
        let rows: Vec<_> = rows.collect();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| display_width(&row[column]));
            cells
                .chain([display_width(head[column])])
                .max()
                .unwrap_or(0)
        };
        let widths: [usize; N] = std::array::from_fn(width);
        let whole = widths.iter().sum::<usize>() + GAP.len() * N.saturating_sub(1);
        if self.plain || self.columns.is_some_and(|columns| whole > columns) {
            return self.blocks(head, &rows);
        }
        let mut text = String::new();
        for row in std::iter::once(&head.map(str::to_owned)).chain(&rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                let rest = " ".repeat(width - display_width(cell));
                line.extend([cell.as_str(), &rest, GAP]);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Facts, one a line, with an empty line between the blocks.
    fn blocks<const N: usize>(self, head: [&str; N], rows: &[[String; N]]) -> String {
        let labels = head.map(label);
        let blocks: Vec<_> = rows
            .iter()
            .map(|row| {
                let facts = labels.iter().map(String::as_str).zip(row);
                self.facts(facts.map(|(label, cell)| (label, cell.clone())))
            })
            .collect();
        blocks.join("\n")
    }

    /// `Label  text`, the texts below each other. What is empty is left out.
    pub(crate) fn facts<'a>(self, facts: impl Iterator<Item = (&'a str, String)>) -> String {
        let facts: Vec<_> = facts.filter(|(_, text)| !text.is_empty()).collect();
        let longest = facts.iter().map(|(label, _)| label.chars().count()).max();
        let width = longest.unwrap_or(0).max(SHORTEST_LABEL);
        let mut text = String::new();
        for (label, fact) in facts {
            let label = format!("{label:<width$}");
            text.push_str(&wrap::fact(&label, &fact, self.columns, width));
            text.push('\n');
        }
        text
    }

    /// A line of its own.
    pub(crate) fn line(self, text: &str) -> String {
        format!("{}\n", wrap::text(text, self.columns, 2))
    }
}

/// As on stderr, so that both look the same below each other.
pub(crate) const SHORTEST_LABEL: usize = 9;

/// A column's head as a label: `LAST USED`, `Last used`.
fn label(head: &str) -> String {
    // Abbreviations of three letters and less stay as they are.
    if head.len() <= 3 {
        return head.to_owned();
    }
    let mut chars = head.chars();
    let first = chars.next().map(String::from).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(columns: Option<usize>, plain: bool) -> String {
        let rows = [
            ["A b", "active", "a.example"],
            ["C", "", "much-longer.example"],
        ];
        let rows = rows.map(|row| row.map(str::to_owned));
        Page { columns, plain }.table(["NAME", "LAST SEEN", "DNS"], rows.into_iter())
    }

    #[test]
    fn a_table_or_blocks() {
        let table = "\
NAME  LAST SEEN  DNS
A b   active     a.example
C                much-longer.example
";
        let blocks = "\
Name      A b
Last seen active
DNS       a.example

Name      C
DNS       much-longer.example
";
        for (columns, plain, shown) in [
            (None, false, table),
            (Some(36), false, table),
            (Some(35), false, blocks),
            (None, true, blocks),
            (Some(200), true, blocks),
        ] {
            assert_eq!(page(columns, plain), shown, "{columns:?} {plain}");
        }
    }
}
