//! An answer takes no more memory than the limit.

use super::cut::begins_with_the_answer;
use crate::testkit::conformance::contract::Sentence;
use crate::testkit::conformance::scene::{ANSWER, Check, Exchange, Limits, Scene, Seen, post};
use crate::transport::TransportErrorKind;

/// What the buffers of both sides may take besides what is read.
const BUFFERS: usize = 16 * 1024 * 1024;

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        endless,
        &[
            Check {
                case: "bound_the_body",
                sentence: Sentence::Size,
                passes: not_read_on,
                remedy: "Count while you read, and stop at the limit: in every framing, whatever \
                         `Content-Length` says. A client's \"read all\" has no limit, or a large one.",
            },
            Check {
                case: "say_that_the_answer_was_too_long",
                sentence: Sentence::HowFar,
                passes: said_too_large,
                remedy: "An answer beyond the limit is `TooLarge`, not an answer that ends there.",
            },
            Check {
                case: "hand_over_a_too_long_answer",
                sentence: Sentence::Partial,
                passes: handed_over,
                remedy: "Hand over what was read up to the limit: \
                         `TransportError::without_cause(TooLarge).with_partial(response)`.",
            },
        ],
    ),
    Scene::new(
        just_the_limit,
        &[Check {
            case: "take_a_body_of_just_the_limit",
            sentence: Sentence::Size,
            passes: taken,
            remedy: "A body of just the limit, the one told to the suite, is an answer; the first \
                     byte beyond is too much.",
        }],
    ),
    Scene::new(
        endless_head,
        &[Check {
            case: "bound_the_head",
            sentence: Sentence::Size,
            passes: head_not_read_on,
            remedy: "Headers count too: set the client's limit of the head, or count while you \
                     read it.",
        }],
    ),
];

fn endless(limits: &Limits) -> Vec<Exchange> {
    let most = limits.body + BUFFERS;
    let chunk = " ".repeat(16 * 1024);
    let in_chunks = format!("{:x}\r\n{chunk}\r\n", chunk.len());
    let first = format!("{:x}\r\n{ANSWER}\r\n", ANSWER.len());
    let endless = |what: &str, head: String, again: String| {
        Exchange::new(what, post("/"), move |c| {
            c.read();
            c.write(&head);
            c.flood(again.as_bytes(), most);
        })
    };
    let ok = "HTTP/1.1 200 OK\r\n";
    vec![
        endless(
            "an endless body, up to the end of the connection",
            format!("{ok}\r\n{ANSWER}"),
            chunk.clone(),
        ),
        endless(
            "an endless body in chunks",
            format!("{ok}transfer-encoding: chunked\r\n\r\n{first}"),
            in_chunks,
        ),
        endless(
            "a body of a terabyte, by its Content-Length",
            format!("{ok}content-length: 1099511627776\r\n\r\n{ANSWER}"),
            chunk,
        ),
    ]
}

fn endless_head(limits: &Limits) -> Vec<Exchange> {
    let most = limits.body + BUFFERS;
    let line = format!("x-note: {}\r\n", "a".repeat(1000));
    vec![Exchange::new("endless headers", post("/"), move |c| {
        c.read();
        c.write("HTTP/1.1 200 OK\r\n");
        c.flood(line.as_bytes(), most);
    })]
}

fn not_read_on(seen: &[Seen], limits: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        if seen.written >= limits.body + BUFFERS {
            return seen.says(format!(
                "{} MiB were taken, with a limit of {} KiB",
                seen.written / 1024 / 1024,
                limits.body / 1024
            ));
        }
        Ok(())
    })
}

fn head_not_read_on(seen: &[Seen], limits: &Limits) -> Result<(), String> {
    not_read_on(seen, limits)?;
    seen.iter()
        .try_for_each(|seen| match seen.failure()?.kind() {
            TransportErrorKind::Timeout => seen.says("it was read until the time was up"),
            _ => Ok(()),
        })
}

fn said_too_large(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter()
        .try_for_each(|seen| seen.failed_as(TransportErrorKind::TooLarge))
}

fn handed_over(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(begins_with_the_answer)
}

fn just_the_limit(limits: &Limits) -> Vec<Exchange> {
    let body = "a".repeat(limits.body);
    let length = body.len();
    let with_length = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
    let in_chunks = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"
    );
    vec![
        Exchange::answered("a body of the limit", post("/"), with_length),
        Exchange::answered("a body of the limit, in chunks", post("/"), in_chunks),
    ]
}

fn taken(seen: &[Seen], limits: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        let length = seen.answer()?.body().len();
        match length == limits.body {
            true => Ok(()),
            false => seen.says(format!("{length} bytes came back, of {}", limits.body)),
        }
    })
}
