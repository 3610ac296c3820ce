//! An exchange ends in time, and not before.

use std::time::Duration;

use super::cut::begins_with_the_answer;
use crate::body::Body;
use crate::testkit::conformance::contract::Sentence;
use crate::testkit::conformance::scene::{
    ANSWER, Check, Exchange, Limits, Outcome, Scene, Seen, answer, post,
};
use crate::transport::TransportErrorKind;

const PAUSE: Duration = Duration::from_millis(20);
/// More than the buffers of both sides take.
const MUCH: usize = 24 * 1024 * 1024;

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        silence,
        &[
            Check {
                case: "bound_the_time_of_silence",
                sentence: Sentence::Time,
                passes: ended_in_time,
                remedy: "Set one limit for the whole exchange, the wait for the first byte of the \
                         answer included; or put the whole of it into your runtime's `timeout`.",
            },
            Check {
                case: "say_that_time_was_up",
                sentence: Sentence::HowFar,
                passes: said_timeout,
                remedy: "Time that is up after the connection stood is `Timeout`, which says that \
                         the request may have been carried out.",
            },
        ],
    ),
    Scene::new(
        dribble,
        &[
            Check {
                case: "bound_the_time_of_a_dribble",
                sentence: Sentence::Time,
                passes: ended_in_time,
                remedy: "A limit per read never strikes while bytes come in: fix a deadline when \
                         the exchange begins, and give each read what is left of it.",
            },
            Check {
                case: "hand_over_a_late_answer",
                sentence: Sentence::Partial,
                passes: handed_over,
                remedy: "Keep what was read outside of the future or the call that the time limit \
                         ends, and hand it over: a client's own timeout usually drops it.",
            },
        ],
    ),
    Scene::new(
        dribbled_head,
        &[Check {
            case: "bound_the_time_of_the_head",
            sentence: Sentence::Time,
            passes: ended_in_time,
            remedy: "The deadline has to hold while the answer's head comes in, byte by byte.",
        }],
    ),
    Scene::new(
        unread,
        &[Check {
            case: "bound_the_time_of_sending",
            sentence: Sentence::Time,
            passes: ended_in_time,
            remedy: "Writing can wait for ever too, when the server reads nothing: the deadline \
                     has to hold for it (a write timeout, if your client has one per direction).",
        }],
    ),
    Scene::new(
        slow,
        &[Check {
            case: "wait_for_a_slow_answer",
            sentence: Sentence::Time,
            passes: waited,
            remedy: "An answer that comes well within the time limit was not waited for: look for \
                     a shorter limit (of reading, of the first byte).",
        }],
    ),
];

fn silence(_: &Limits) -> Vec<Exchange> {
    vec![Exchange::new(
        "a server that says nothing",
        post("/"),
        |c| {
            c.read();
            c.hold();
        },
    )]
}

fn dribble(_: &Limits) -> Vec<Exchange> {
    vec![Exchange::new(
        "a body that comes byte by byte",
        post("/"),
        |c| {
            c.read();
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n";
            c.write(format!("{head}{ANSWER}"));
            c.dribble(b' ', PAUSE);
        },
    )]
}

fn dribbled_head(_: &Limits) -> Vec<Exchange> {
    vec![Exchange::new(
        "a head that comes byte by byte",
        post("/"),
        |c| {
            c.read();
            c.write("HTTP/1.1 200 OK\r\nx-note: ");
            c.dribble(b'a', PAUSE);
        },
    )]
}

fn unread(_: &Limits) -> Vec<Exchange> {
    let mut request = post("/");
    *request.body_mut() = Body::from(vec![b'a'; MUCH]);
    vec![Exchange::new("a server that reads nothing", request, |c| {
        c.ignore();
    })]
}

fn ended_in_time(seen: &[Seen], limits: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        if seen.let_go {
            return seen.says(format!(
                "the transport was still waiting {:?} after its limit of {:?}, and the server gave \
                 up; then came {}",
                limits.grace,
                limits.timeout,
                seen.last().describe()
            ));
        }
        match seen.last() {
            Outcome::Failure(_) => Ok(()),
            other => seen.says(other.describe()),
        }
    })
}

fn said_timeout(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter()
        .filter(|seen| !seen.let_go)
        .try_for_each(|seen| seen.failed_as(TransportErrorKind::Timeout))
}

fn handed_over(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(begins_with_the_answer)
}

fn slow(limits: &Limits) -> Vec<Exchange> {
    let pause = limits.timeout / 8;
    vec![Exchange::new(
        "an answer after a quarter of the time",
        post("/"),
        move |c| {
            c.read();
            std::thread::sleep(pause);
            let bytes = answer("200 OK", "", ANSWER);
            let (one, two) = bytes.split_at(bytes.len() - 9);
            c.write(one);
            std::thread::sleep(pause);
            c.write(two);
        },
    )]
}

fn waited(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| seen.answer().map(drop))
}
