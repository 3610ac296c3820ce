//! What a transport sends, read byte by byte: by its own code, so that nothing is smoothed over.

use std::io::Read;

/// A request as it arrived.
#[derive(Clone, Default)]
pub(super) struct Heard {
    pub(super) method: String,
    pub(super) target: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    /// Whether the body came to its end.
    pub(super) whole: bool,
}

impl Heard {
    /// The values of a header, in their order.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |header: &&(String, Vec<u8>)| header.0 == name;
        self.headers
            .iter()
            .filter(named)
            .map(|(_, value)| &value[..])
    }

    /// Whether a header has this word in its value.
    pub(super) fn says(&self, name: &str, word: &str) -> bool {
        self.values(name).any(|value| {
            String::from_utf8_lossy(value)
                .to_ascii_lowercase()
                .contains(word)
        })
    }

    /// Reads the head only; `None` if the stream ends before it does.
    pub(super) fn head(stream: &mut impl Read) -> Option<Self> {
        let mut lines = Vec::new();
        loop {
            let line = line(stream)?;
            if !line.is_empty() {
                lines.push(line);
            } else if !lines.is_empty() {
                break;
            }
        }
        let mut lines = lines.into_iter();
        let first = String::from_utf8_lossy(&lines.next()?).into_owned();
        let mut words = first.split(' ');
        let mut heard = Self {
            method: words.next()?.to_owned(),
            target: words.next().unwrap_or_default().to_owned(),
            ..Self::default()
        };
        for line in lines {
            let colon = line
                .iter()
                .position(|byte| *byte == b':')
                .unwrap_or(line.len());
            let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
            let value = line.get(colon + 1..).unwrap_or_default().trim_ascii();
            heard.headers.push((name, value.to_vec()));
        }
        Some(heard)
    }

    /// Reads the body that the head announced.
    pub(super) fn read_body(&mut self, stream: &mut impl Read) {
        self.whole = if self.says("transfer-encoding", "chunked") {
            self.read_chunks(stream).is_some()
        } else {
            let length = self.values("content-length").next().unwrap_or(b"0");
            let length = String::from_utf8_lossy(length).parse().unwrap_or(0);
            read_exactly(stream, length, &mut self.body)
        };
    }

    fn read_chunks(&mut self, stream: &mut impl Read) -> Option<()> {
        loop {
            let size = line(stream)?;
            let size = String::from_utf8_lossy(&size).into_owned();
            let size = u64::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
            if size == 0 {
                while !line(stream)?.is_empty() {}
                return Some(());
            }
            if !read_exactly(stream, size, &mut self.body) {
                return None;
            }
            line(stream)?;
        }
    }
}

fn read_exactly(stream: &mut impl Read, length: u64, to: &mut Vec<u8>) -> bool {
    let read = stream.take(length).read_to_end(to);
    read.is_ok_and(|count| count as u64 == length)
}

/// Up to the line feed, which is left out.
fn line(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        match byte[0] {
            b'\n' => break,
            other => line.push(other),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Some(line)
}
