//! Errors show nothing of headers and bodies: neither these, nor any that came before.

use std::error::Error as StdError;

use crate::testkit::conformance::contract::Sentence;
use crate::testkit::conformance::scene::{
    ANSWER, CANARY, Check, Exchange, FORM, Limits, Outcome, SESSION, Scene, Seen, To, post,
};
use crate::transport::TransportError;

pub(super) const SCENES: &[Scene] = &[Scene {
    exchanges: garbage,
    checks: &[Check {
        case: "keep_secrets_out_of_errors",
        sentence: Sentence::Secrets,
        passes: no_canary,
        remedy: "An error's `Display`, `Debug` and sources must hold no header, no body, and nothing \
                 that the server said. Where your client's errors do, keep their kind and words of \
                 your own instead of the error. The same goes for logs.",
    }],
    drops: false,
    sees_all: true,
}];

/// Answers that no one can read, with secrets where a parser may quote them.
fn garbage(_: &Limits) -> Vec<Exchange> {
    let texts = [
        format!("HTTP/1.1 {SESSION}\r\n\r\n"),
        format!("{SESSION} {FORM}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{SESSION} {FORM}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\ncontent-length: {SESSION}\r\n\r\n{ANSWER}"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{SESSION}\r\n{ANSWER}"),
        format!("HTTP/1.1 200 OK\r\nx-note: {SESSION}\r\ncontent-length: 9999\r\n\r\n{ANSWER}"),
    ];
    let exchange = |text: String| {
        Exchange::new("an answer that cannot be read", post("/"), move |c| {
            c.read();
            c.write(&text);
        })
    };
    let mut all: Vec<Exchange> = texts.map(exchange).into();
    all.push(Exchange::new("a port that nobody listens on", post("/"), |_| {}).to(To::ClosedPort));
    all
}

fn no_canary(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        let failures = seen.outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Failure(error) => Some(error),
            _ => None,
        });
        for error in failures {
            if let Some(place) = shows(error) {
                // What is shown is not repeated: reports end in logs of CI.
                return seen.says(format!(
                    "the {place} of the error of kind {:?} shows a header or a body",
                    error.kind()
                ));
            }
        }
        Ok(())
    })
}

fn shows(error: &TransportError) -> Option<&'static str> {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    let mut places = ["Display", "Debug"];
    while let Some(error) = cause {
        for (place, text) in places.iter().zip([error.to_string(), format!("{error:?}")]) {
            if text.contains(CANARY) {
                return Some(place);
            }
        }
        places = ["source's Display", "source's Debug"];
        cause = error.source();
    }
    None
}
