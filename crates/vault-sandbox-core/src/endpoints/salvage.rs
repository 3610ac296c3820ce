//! Finds a token's value in an answer that is cut or odd: only if all of it is there.

use super::IssuedToken;
use crate::types::{AccessToken, TokenId};
use crate::wire::NULL_TEXT;

/// Below this, which no answer reaches, IDs are not remembered: endless brackets cost no memory.
const DEEPEST: usize = 128;

/// Walks JSON text, which may end anywhere, and takes the first `token__sys` whose string value is
/// closed, with an `id` that stands beside it.
///
/// A page of a middlebox that happens to hold the words is not JSON and yields nothing.
pub(crate) fn issued_token(json: &[u8]) -> Option<IssuedToken> {
    let mut walk = Walk { json, at: 0 };
    if walk.peek()? != b'{' {
        return None;
    }
    let mut depth = 0usize;
    // IDs seen so far in the objects that are open, outermost first.
    let mut ids: Vec<Option<String>> = Vec::new();
    let mut value: Option<(usize, String)> = None;
    while let Some(byte) = walk.peek() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth <= DEEPEST {
                    ids.push(None);
                }
                walk.at += 1;
            }
            b'}' | b']' => {
                let id = if depth <= DEEPEST {
                    ids.pop().flatten()
                } else {
                    None
                };
                if let Some((_, text)) = value.take_if(|(at, _)| *at == depth) {
                    return token(text, id);
                }
                depth = depth.checked_sub(1)?;
                walk.at += 1;
            }
            b'"' => {
                let Some(key) = walk.string() else { break };
                if walk.peek() != Some(b':') {
                    continue;
                }
                walk.at += 1;
                match key.as_deref() {
                    Some("token__sys") if value.is_none() && walk.peek() == Some(b'"') => {
                        let Some(text) = walk.string() else { break };
                        value = text
                            .filter(|text| !text.is_empty() && text != NULL_TEXT)
                            .map(|text| (depth, text));
                    }
                    Some("id") => {
                        let id = walk.scalar();
                        if let Some(slot) = ids.last_mut().filter(|_| depth <= DEEPEST) {
                            *slot = slot.take().or(id);
                        }
                    }
                    _ => {}
                }
            }
            _ => walk.at += 1,
        }
    }
    let (at, text) = value?;
    token(text, ids.into_iter().nth(at.saturating_sub(1)).flatten())
}

fn token(value: String, id: Option<String>) -> Option<IssuedToken> {
    let value = AccessToken::from_wire(value)?;
    Some(IssuedToken::new(id.and_then(TokenId::from_wire), value))
}

struct Walk<'a> {
    json: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.json.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.json.get(self.at).copied()
    }

    /// The string that begins here; `None` if it is not closed. Moves behind it. One that is closed
    /// but no valid JSON (raw line feed, not UTF-8) has no text, and does not end the walk: the
    /// value may come after it.
    fn string(&mut self) -> Option<Option<String>> {
        let start = self.at;
        let mut end = start + 1;
        loop {
            match self.json.get(end)? {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        self.at = end + 1;
        Some(serde_json::from_slice(&self.json[start..=end]).ok())
    }

    /// A string, or a number that is followed by something, so that it cannot go on.
    fn scalar(&mut self) -> Option<String> {
        match self.peek()? {
            b'"' => self.string().flatten(),
            b'0'..=b'9' => {
                let start = self.at;
                while self.json.get(self.at)?.is_ascii_digit() {
                    self.at += 1;
                }
                String::from_utf8(self.json[start..self.at].to_vec()).ok()
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAMPLE: &str = r#"{ "responseStatus": "SUCCESS", "data": { "id": "0PI00000000C003", "token__sys": "veeva-vault-\u0041B5A79ABC" } }"#;

    fn value(json: &str) -> Option<(Option<String>, Vec<u8>)> {
        issued_token(json.as_bytes()).map(|token| {
            (
                token.id().map(ToString::to_string),
                token.value().expose().as_bytes().to_vec(),
            )
        })
    }

    #[test]
    fn cut_at_every_byte_never_a_wrong_value_never_a_lost_whole_one() {
        let whole_from = SAMPLE.find("79ABC\"").unwrap() + "79ABC\"".len();
        for cut in 0..=SAMPLE.len() {
            let found = value(&SAMPLE[..cut]);
            if cut < whole_from {
                assert!(found.is_none(), "cut at {cut}");
            } else {
                let (id, value) = found.unwrap_or_else(|| panic!("lost at {cut}"));
                assert_eq!(value, b"veeva-vault-AB5A79ABC");
                assert_eq!(id.as_deref(), Some("0PI00000000C003"));
            }
        }
    }

    #[test]
    fn odd_but_whole() {
        for (json, id) in [
            (r#"{"data":{"token__sys":"v","id":17}}"#, Some("17")),
            (r#"{"data":[{"id":"a","token__sys":"v"}]}"#, Some("a")),
            (r#"{"id":"outer","data":{"token__sys":"v"}}"#, None),
            (r#"{"data":{"token__sys":"v","id":1"#, None),
            (
                r#"{"data":{"owner":{"id":"other"},"token__sys":"v"}}"#,
                None,
            ),
            (r#"{"token__sys":"v","data":{"id":"b"}}"#, None),
            ("{\"message\":\"a\nb\",\"token__sys\":\"v\"}", None),
            (r#"{"message":"\uD800","token__sys":"v"}"#, None),
        ] {
            assert_eq!(
                value(json),
                Some((id.map(str::to_owned), b"v".to_vec())),
                "{json}"
            );
        }
    }

    #[test]
    fn nothing_where_there_is_nothing() {
        for json in [
            "",
            "null",
            "[]",
            r#"<html>"token__sys":"veeva-vault-x"</html>"#,
            r#"{"token__sys":""}"#,
            r#"{"token__sys":null}"#,
            r#"{"token__sys":"NULL"}"#,
            r#"{"message":"\"token__sys\":\"x\""}"#,
            r#"{"a":["token__sys","x"]}"#,
            r#"{"token__sys":"x\"#,
            r#"{"token__sys":"\uD800"}"#,
            "{}}}}",
        ] {
            assert!(value(json).is_none(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = issued_token(&bytes);
        }

        #[test]
        fn arbitrary_json_like_text_does_not_panic(text in "[\\[\\]{}:,\"\\\\ a-c0-9(token__sys)(id)]{0,80}") {
            let _ = issued_token(format!("{{{text}").as_bytes());
        }
    }
}
