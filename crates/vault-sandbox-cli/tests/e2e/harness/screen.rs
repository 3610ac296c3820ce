//! What a terminal shows of the bytes that are sent to it: as much of one as the program uses.

/// Lines that were shown, and how they came about.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    columns: usize,
    pub(crate) lines: Vec<String>,
    column: usize,
    /// Lines that were longer than the terminal is wide, and ran on into the next.
    pub(crate) ran_over: Vec<String>,
    /// What was seen of lines that were drawn anew, each time they were.
    pub(crate) redrawn: Vec<String>,
}

impl Screen {
    pub(crate) fn of(columns: u16, bytes: &[u8]) -> Self {
        let mut screen = Self {
            columns: usize::from(columns),
            lines: vec![String::new()],
            ..Self::default()
        };
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let mut rest = text.as_str();
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '\n' => screen.lines.push(String::new()),
                '\r' => screen.column = 0,
                '\u{1b}' => {
                    rest = rest.strip_prefix('[').expect("a control sequence");
                    let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                    let (what, how) = (&rest[end..=end], &rest[..end]);
                    screen.act(what, how);
                    rest = &rest[end + 1..];
                }
                c => screen.put(c),
            }
        }
        screen
    }

    /// What stays, however the lines were broken.
    pub(crate) fn words(&self) -> String {
        let words = self.lines.iter().flat_map(|line| line.split_whitespace());
        words.collect::<Vec<_>>().join(" ")
    }

    fn act(&mut self, what: &str, how: &str) {
        let line = self.lines.last_mut().unwrap();
        match (what, how) {
            ("m", _) => {}
            ("K", "2") => {
                self.redrawn.push(line.trim_end().to_owned());
                line.clear();
            }
            other => panic!("{other:?} is not known here"),
        }
    }

    fn put(&mut self, c: char) {
        if self.column == self.columns {
            self.ran_over.push(self.lines.last().unwrap().clone());
            self.lines.push(String::new());
            self.column = 0;
        }
        let line = self.lines.last_mut().unwrap();
        let mut chars: Vec<char> = line.chars().collect();
        if chars.len() <= self.column {
            chars.resize(self.column + 1, ' ');
        }
        chars[self.column] = c;
        *line = chars.into_iter().collect();
        self.column += 1;
    }
}
