//! Headers of answers come back as they are.

use http::header::HeaderValue;

use crate::testkit::conformance::contract::Sentence;
use crate::testkit::conformance::scene::{ANSWER, Check, Exchange, Limits, Scene, Seen, post};

const REPEATED: [&[u8]; 3] = [b"first", b"second, third", b"first"];
const NOT_ASCII: [&[u8]; 2] = [b"caf\xC3\xA9 \xE6\xBC\xA2", b"caf\xE9"];

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        repeated,
        &[Check {
            case: "keep_repeated_headers",
            sentence: Sentence::Headers,
            passes: all_repeated,
            remedy: "Append every header line (`HeaderMap::append`), do not insert: `insert` \
                     replaces the one before.",
        }],
    ),
    Scene::new(
        not_ascii,
        &[Check {
            case: "keep_headers_that_are_not_ascii",
            sentence: Sentence::Headers,
            passes: all_not_ascii,
            remedy: "Make header values of bytes (`HeaderValue::from_bytes`), not of text: \
                     `to_str` and `from_str` refuse what is not ASCII.",
        }],
    ),
];

fn with(what: &str, values: &[&[u8]]) -> Vec<Exchange> {
    let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
    for value in values {
        bytes.extend([b"x-note: ", *value, b"\r\n"].concat());
    }
    bytes.extend(format!("content-length: {}\r\n\r\n{ANSWER}", ANSWER.len()).bytes());
    vec![Exchange::answered(what, post("/"), bytes)]
}

fn came_back(seen: &[Seen], values: &[&[u8]]) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        let response = seen.answer()?;
        let found = response.headers().get_all("x-note");
        let found: Vec<&[u8]> = found.iter().map(HeaderValue::as_bytes).collect();
        match found == values {
            true => Ok(()),
            false => seen.says(format!(
                "{} of {} values came back, or others",
                found.len(),
                values.len()
            )),
        }
    })
}

fn repeated(_: &Limits) -> Vec<Exchange> {
    with("a header three times", &REPEATED)
}

fn all_repeated(seen: &[Seen], _: &Limits) -> Result<(), String> {
    came_back(seen, &REPEATED)
}

fn not_ascii(_: &Limits) -> Vec<Exchange> {
    NOT_ASCII
        .iter()
        .flat_map(|value| with("a header in UTF-8 or Latin-1", &[*value]))
        .collect()
}

fn all_not_ascii(seen: &[Seen], _: &Limits) -> Result<(), String> {
    let both = seen.iter().zip(NOT_ASCII);
    both.into_iter()
        .try_for_each(|(seen, value)| came_back(std::slice::from_ref(seen), &[value]))
}
