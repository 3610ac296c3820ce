//! Every answer comes back, as it is.

use crate::testkit::conformance::contract::Sentence;
use crate::testkit::conformance::heard::Heard;
use crate::testkit::conformance::scene::{
    ANSWER, Check, Exchange, Limits, Outcome, Scene, Seen, answer, post,
};

const STATUSES: [&str; 14] = [
    "200 OK",
    "201 Created",
    "202 Accepted",
    "400 Bad Request",
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found",
    "409 Conflict",
    "410 Gone",
    "429 Too Many Requests",
    "500 Internal Server Error",
    "502 Bad Gateway",
    "503 Service Unavailable",
    "599 Nobody Knows",
];

/// `gzip` of "canary", which is to arrive as these bytes.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff, 0x4b, 0x4e, 0xcc, 0x4b, 0x2c, 0xaa, 4, 0, 0x61, 0x71,
    0xcc, 0x3d, 6, 0, 0, 0,
];

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        statuses,
        &[Check {
            case: "return_every_status_as_ok",
            sentence: Sentence::EveryStatus,
            passes: every_status,
            remedy: "4xx and 5xx are answers like others, and Vault's reason is in their body: turn \
                     off what makes errors of them (`http_status_as_error`, `error_for_status`), \
                     and read the body.",
        }],
    ),
    Scene::new(
        framings,
        &[Check {
            case: "return_every_answer_whole",
            sentence: Sentence::EveryStatus,
            passes: every_framing,
            remedy: "Read what the head announces: `Content-Length`, chunks, or up to the end of \
                     the connection, which otherwise may stay open. 204 has no body, whatever the head says.",
        }],
    ),
    Scene::new(
        left_over,
        &[Check {
            case: "return_to_each_request_its_own_answer",
            sentence: Sentence::EveryStatus,
            passes: its_own,
            remedy: "A connection with something left on it (an answer that was not read to its \
                     end, bytes that nobody asked for) must not be used again: the next request \
                     would be given another's answer. Close it, or keep no connections.",
        }],
    ),
    Scene::new(
        contents,
        &[Check {
            case: "decode_nothing",
            sentence: Sentence::MustNot,
            passes: not_decoded,
            remedy: "Turn automatic decompression off (gzip, deflate, brotli, zstd). Nothing \
                     compressed is asked for, and a small answer could become an endless one.",
        }],
    ),
];

fn statuses(_: &Limits) -> Vec<Exchange> {
    let exchange = |status| Exchange::answered(status, post("/"), answer(status, "", ANSWER));
    STATUSES.map(exchange).into()
}

fn every_status(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        let response = seen.answer()?;
        if !seen.what.starts_with(response.status().as_str()) {
            return seen.says(format!("came back as {}", response.status().as_u16()));
        }
        match response.body().as_bytes() == ANSWER.as_bytes() {
            true => Ok(()),
            false => seen.says("came back without its body"),
        }
    })
}

fn framings(_: &Limits) -> Vec<Exchange> {
    let chunked = {
        let (one, two) = ANSWER.split_at(20);
        format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
             {:x}\r\n{one}\r\n{:X}\r\n{two}\r\n0\r\n\r\n",
            one.len(),
            two.len()
        )
    };
    let to_the_end = format!("HTTP/1.1 200 OK\r\n\r\n{ANSWER}");
    let old = format!("HTTP/1.0 200 OK\r\n\r\n{ANSWER}");
    let with_length = answer("200 OK", "", ANSWER);
    vec![
        Exchange::answered("with Content-Length", post("/"), with_length),
        Exchange::answered("in chunks", post("/"), chunked),
        Exchange::answered("up to the end of the connection", post("/"), to_the_end),
        Exchange::answered("of HTTP/1.0", post("/"), old),
        Exchange::new("204 on a connection that stays", post("/"), |c| {
            c.read();
            c.write("HTTP/1.1 204 No Content\r\n\r\n");
            c.hold();
        }),
    ]
}

fn every_framing(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        let response = seen.answer()?;
        let wanted = match seen.what.starts_with("204") {
            true => b"",
            false => ANSWER.as_bytes(),
        };
        match response.body().as_bytes() == wanted {
            true => Ok(()),
            false => seen.says(format!(
                "{} bytes of body came back, of {}",
                response.body().len(),
                wanted.len()
            )),
        }
    })
}

/// A first answer that leaves something on a kept connection, and a second request.
fn left_over(limits: &Limits) -> Vec<Exchange> {
    let own = |heard: &Heard| answer("200 OK", "", &heard.target);
    let mut unasked = answer("200 OK", "", "/first");
    unasked.extend(answer("200 OK", "", "unasked"));
    let too_long = answer("200 OK", "", &"unasked".repeat(limits.body));
    let after = |what, first: Vec<u8>| {
        Exchange::new(what, post("/first"), move |c| {
            while let Some(heard) = c.read() {
                match heard.target.as_str() {
                    "/first" => c.write(&first),
                    _ => c.write(own(&heard)),
                };
                if heard.says("connection", "close") {
                    break;
                }
            }
        })
        .then(post("/second"))
    };
    vec![
        after("after an answer with another behind it", unasked),
        after("after an answer beyond the limit", too_long),
    ]
}

fn its_own(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| match seen.last() {
        Outcome::Answer(response) if response.body().as_bytes() != b"/second" => {
            seen.says("the second request was given what is not its answer")
        }
        Outcome::NoEnd => seen.says("the second request had no end"),
        _ => Ok(()),
    })
}

fn contents(_: &Limits) -> Vec<Exchange> {
    let mut bytes = answer("200 OK", "content-encoding: gzip\r\n", "");
    let length = format!("length: {}", GZIP.len()).into_bytes();
    let at = bytes
        .windows(9)
        .position(|w| w == b"length: 0")
        .unwrap_or(0);
    bytes.splice(at..at + 9, length);
    bytes.extend(GZIP);
    vec![Exchange::answered(
        "Content-Encoding: gzip",
        post("/"),
        bytes,
    )]
}

fn not_decoded(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        let response = seen.answer()?;
        let kept = response.headers().contains_key("content-encoding");
        match kept && response.body().as_bytes() == GZIP {
            true => Ok(()),
            false => seen.says("the body or the header came back as others"),
        }
    })
}
