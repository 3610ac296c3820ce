//! Answers that end before their end, and what is none.

use crate::testkit::conformance::contract::Sentence;
use crate::testkit::conformance::scene::{
    ANSWER, Check, Exchange, Limits, Outcome, Scene, Seen, post,
};
use crate::transport::{HttpResponse, TransportErrorKind};

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        cut,
        &[
            Check {
                case: "say_that_a_cut_answer_was_interrupted",
                sentence: Sentence::HowFar,
                passes: said_interrupted,
                remedy: "Compare what arrived with `Content-Length`, or with the last chunk: an \
                         answer that ends before is no answer but `Interrupted`.",
            },
            Check {
                case: "hand_over_a_cut_answer",
                sentence: Sentence::Partial,
                passes: handed_over,
                remedy: "Read the body piece by piece into a buffer of your own that outlives the \
                         failure; then `TransportError::new(…).with_partial(response)`, with \
                         status, headers, and every byte that arrived. A token's value may be \
                         whole in it, and Vault never shows it again.",
            },
        ],
    ),
    Scene::new(
        cut_chunk,
        &[Check {
            case: "hand_over_a_cut_chunk",
            sentence: Sentence::Partial,
            passes: chunk_handed_over,
            remedy: "What had arrived of a chunk counts too. A client that gives a chunk only when \
                     all of it is there keeps that to itself: if there is no way to read below it, \
                     it cannot carry tokens safely, and another client is the remedy.",
        }],
    ),
    Scene::new(
        cut_head,
        &[Check {
            case: "say_that_a_cut_head_was_interrupted",
            sentence: Sentence::HowFar,
            passes: said_interrupted,
            remedy: "A connection that ends within the answer's head is `Interrupted`: the server \
                     was answering. Where your client takes it for the end of an answer without a \
                     body, look for the empty line that ends a head.",
        }],
    ),
    Scene::new(
        not_http,
        &[Check {
            case: "say_that_what_is_not_http_is_no_answer",
            sentence: Sentence::HowFar,
            passes: said_maybe,
            remedy: "What has no HTTP status line is an error, `Other`: something read the request.",
        }],
    ),
];

const HEAD: &str = "x-note: kept\r\n";

/// The body announces more than comes.
fn cut(_: &Limits) -> Vec<Exchange> {
    let short = format!("HTTP/1.1 200 OK\r\n{HEAD}content-length: 9999\r\n\r\n{ANSWER}");
    let between = format!(
        "HTTP/1.1 200 OK\r\n{HEAD}transfer-encoding: chunked\r\n\r\n{:x}\r\n{ANSWER}\r\n",
        ANSWER.len()
    );
    [
        ("shorter than Content-Length", short),
        ("without the last chunk", between),
    ]
    .map(|(what, bytes)| closing(what, bytes))
    .into()
}

fn cut_chunk(_: &Limits) -> Vec<Exchange> {
    let within =
        format!("HTTP/1.1 200 OK\r\n{HEAD}transfer-encoding: chunked\r\n\r\n270f\r\n{ANSWER}");
    vec![closing("cut within a chunk", within)]
}

fn cut_head(_: &Limits) -> Vec<Exchange> {
    vec![
        closing("cut within the status line", "HTTP/1.1 20"),
        closing(
            "cut within the headers",
            "HTTP/1.1 200 OK\r\nx-note: a\r\ncontent-le",
        ),
    ]
}

fn not_http(_: &Limits) -> Vec<Exchange> {
    vec![
        closing("a greeting of SSH", "SSH-2.0-OpenSSH_9.6\r\n\r\n"),
        closing("bare JSON", ANSWER),
        closing(
            "a status that is none",
            "HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n",
        ),
    ]
}

fn closing(what: &str, bytes: impl Into<Vec<u8>>) -> Exchange {
    let bytes = bytes.into();
    Exchange::new(what, post("/"), move |c| {
        c.read();
        c.write(&bytes);
    })
}

fn said_interrupted(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter()
        .try_for_each(|seen| seen.failed_as(TransportErrorKind::Interrupted))
}

fn said_maybe(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter()
        .try_for_each(|seen| match seen.failure()?.kind().may_have_been_sent() {
            true => Ok(()),
            false => seen.says(format!(
                "{}, which promises that nothing was sent",
                seen.last().describe()
            )),
        })
}

fn handed_over(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        let partial = partial(seen)?;
        let kept = partial.headers().contains_key("x-note");
        match kept && partial.body().as_bytes() == ANSWER.as_bytes() {
            true => Ok(()),
            false => seen.says(format!(
                "{} bytes of {} were handed over, {} headers",
                partial.body().len(),
                ANSWER.len(),
                if kept { "with" } else { "without" }
            )),
        }
    })
}

/// If nothing at all was handed over, that is the business of the check above.
fn chunk_handed_over(seen: &[Seen], limits: &Limits) -> Result<(), String> {
    let hands_over =
        |seen: &Seen| !matches!(seen.last(), Outcome::Failure(e) if e.partial().is_none());
    match seen.iter().all(hands_over) {
        true => handed_over(seen, limits),
        false => Ok(()),
    }
}

/// What an error took along; an answer, which it should not be, is the business of other checks.
fn partial(seen: &Seen) -> Result<&HttpResponse, String> {
    match seen.last() {
        Outcome::Answer(response) => Ok(response),
        Outcome::Failure(error) => match error.partial() {
            Some(partial) => Ok(partial),
            None => seen.says(format!(
                "the error of kind {:?} has no partial answer, although head and body had begun",
                error.kind()
            )),
        },
        other => seen.says(other.describe()),
    }
}

/// What had arrived of the answer is in the error, from its first byte on.
pub(super) fn begins_with_the_answer(seen: &Seen) -> Result<(), String> {
    let arrived = partial(seen)?.body().as_bytes();
    match arrived.starts_with(ANSWER.as_bytes()) {
        true => Ok(()),
        false => seen.says("the error has not all bytes that had arrived"),
    }
}
