//! A future that is dropped ends its exchange.

use std::time::Duration;

use crate::testkit::conformance::contract::Sentence;
use crate::testkit::conformance::scene::{
    ANSWER, Check, Exchange, Limits, Outcome, Scene, Seen, post,
};

pub(super) const SCENES: &[Scene] = &[Scene {
    exchanges: dropped,
    checks: &[Check {
        case: "end_when_dropped",
        sentence: Sentence::Dropped,
        passes: ended,
        remedy: "Whoever drops the future wants it to stop: let the future own the connection, or \
                 abort the task or close the socket when it is dropped. A future that blocks its \
                 thread cannot be dropped at all.",
    }],
    drops: true,
    sees_all: false,
}];

fn dropped(_: &Limits) -> Vec<Exchange> {
    vec![
        Exchange::new("dropped before the answer", post("/"), |c| {
            c.read();
            c.hold();
        })
        .dropped(),
        Exchange::new("dropped within the body", post("/"), |c| {
            // What is read last raises the signal, so the answer has to begin before.
            c.read_then(|c| {
                c.write(format!("HTTP/1.1 200 OK\r\n\r\n{ANSWER}"));
            });
            c.dribble(b' ', Duration::from_millis(20));
        })
        .dropped(),
    ]
}

fn ended(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| match seen.last() {
        Outcome::Dropped { closed: true } => Ok(()),
        Outcome::Dropped { closed: false } => seen.says("the connection stayed open"),
        other => seen.says(format!(
            "it could not be dropped: it had ended by then, with {}",
            other.describe()
        )),
    })
}
