//! Sent once, whatever comes back.

use http::header::HeaderValue;

use crate::body::Body;
use crate::testkit::conformance::contract::Sentence;
use crate::testkit::conformance::scene::{
    ANSWER, Check, Exchange, Limits, Scene, Seen, answer, post,
};
use crate::transport::TransportErrorKind;

/// Those that a client may take for an invitation to try again.
const STATUSES: [&str; 10] = [
    "401 Unauthorized",
    "407 Proxy Authentication Required",
    "408 Request Timeout",
    "421 Misdirected Request",
    "425 Too Early",
    "429 Too Many Requests",
    "500 Internal Server Error",
    "502 Bad Gateway",
    "503 Service Unavailable",
    "504 Gateway Timeout",
];

/// In words, and as the header line.
const LOCATIONS: [(&str, &str); 4] = [
    (
        "to another host",
        "location: http://localhost:{port}/elsewhere\r\n",
    ),
    ("to another path", "location: /elsewhere\r\n"),
    ("to no URL", "location: http://[\r\n"),
    ("to nowhere", ""),
];

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        closing,
        &[
            Check {
                case: "send_once_when_the_connection_closes",
                sentence: Sentence::MustNot,
                passes: sent_once,
                remedy: "The request was read before the connection closed, and may have been \
                         carried out. Turn off every repetition: `retry`, `retries`, \
                         `retry_on_connection_failure`, `retry_canceled_requests`, or whatever \
                         your client calls it.",
            },
            Check {
                case: "say_that_a_closed_connection_was_interrupted",
                sentence: Sentence::HowFar,
                passes: said_interrupted,
                remedy: "Once the connection stands, its end (end of file, reset, broken pipe) \
                         before the answer's is `Interrupted`: the server may have carried the \
                         request out. `Connect` and `Unsendable` promise that it has not.",
            },
        ],
    ),
    Scene::new(
        kept,
        &[Check {
            case: "send_once_when_a_kept_connection_closes",
            sentence: Sentence::MustNot,
            passes: second_sent_once,
            remedy: "Clients that keep connections repeat a request on a new one when the kept one \
                     turns out to be closed, although the server may have read it. Turn that off, \
                     or keep no connections (no idle ones per host).",
        }],
    ),
    Scene::new(
        invitations,
        &[Check {
            case: "send_once_whatever_the_status",
            sentence: Sentence::MustNot,
            passes: sent_once,
            remedy: "Turn off repetition by status (429, 503, with or without `Retry-After`) and \
                     the answering of challenges (401, 407). Repeating is the caller's decision.",
        }],
    ),
    Scene::new(
        redirects,
        &[Check {
            case: "follow_no_redirect",
            sentence: Sentence::NoRedirect,
            passes: not_followed,
            remedy: "Turn redirects off, so that a 3xx comes back as an answer: neither followed, \
                     nor an error, whatever its `Location` is. A limit of 0 is an error in some \
                     clients; look for \"none\" or for a switch beside it.",
        }],
    ),
    Scene::new(
        cookies,
        &[Check {
            case: "keep_no_cookies",
            sentence: Sentence::MustNot,
            passes: no_cookie,
            remedy: "Turn the client's cookie store off: a session must be the caller's alone.",
        }],
    ),
];

fn closing(_: &Limits) -> Vec<Exchange> {
    let mut large = post("/reset");
    *large.body_mut() = Body::from(vec![b'a'; 8 * 1024]);
    vec![
        Exchange::new("closed after the request was read", post("/closed"), |c| {
            c.read();
        }),
        // What is left unread makes the close a reset.
        Exchange::new("reset after the head was read", large, |c| {
            c.read_head();
        }),
    ]
}

fn sent_once(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| seen.one_heard().map(drop))
}

fn said_interrupted(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter()
        .try_for_each(|seen| seen.failed_as(TransportErrorKind::Interrupted))
}

/// The server ends a kept connection as the second request comes on it, or just before.
fn kept(_: &Limits) -> Vec<Exchange> {
    let both = |what, before: bool| {
        Exchange::new(what, post("/first"), move |c| {
            let first = c.number == 1;
            while let Some(heard) = c.read() {
                if first && heard.target == "/second" {
                    break;
                }
                c.write(answer("200 OK", "", ANSWER));
                if heard.says("connection", "close") {
                    break;
                }
                if first && before {
                    c.end_writing();
                }
            }
        })
        .then(post("/second"))
    };
    vec![
        both(
            "a kept connection, closed as the second request was read",
            false,
        ),
        both("a kept connection, closed before the second request", true),
    ]
}

fn second_sent_once(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        let seconds = seen.heard.iter().filter(|h| h.target == "/second").count();
        match seconds {
            0 | 1 => Ok(()),
            many => seen.says(format!("the second request arrived {many} times")),
        }
    })
}

fn invitations(_: &Limits) -> Vec<Exchange> {
    let headers = "retry-after: 0\r\nwww-authenticate: Basic realm=\"r\"\r\n\
                   proxy-authenticate: Basic realm=\"r\"\r\n";
    let exchange = |status| Exchange::answered(status, post("/"), answer(status, headers, ANSWER));
    STATUSES.map(exchange).into()
}

fn redirects(_: &Limits) -> Vec<Exchange> {
    let statuses = ["301 A", "302 B", "303 C", "307 D", "308 E"];
    let with = |status| LOCATIONS.map(|location| (status, location));
    let exchange = |(status, (to, location)): (&'static str, (&str, &'static str))| {
        let what = format!("{} {to}", &status[..3]);
        Exchange::new(what, post("/here"), move |c| {
            while let Some(heard) = c.read() {
                let host = heard.values("host").next().unwrap_or_default();
                let host = String::from_utf8_lossy(host).into_owned();
                let port = host.rsplit(':').next().unwrap_or_default();
                let location = location.replace("{port}", port);
                c.write(answer(status, &location, ANSWER));
                if heard.says("connection", "close") {
                    break;
                }
            }
        })
    };
    statuses.into_iter().flat_map(with).map(exchange).collect()
}

fn not_followed(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        if let Some(followed) = seen.heard.get(1) {
            return seen.says(format!(
                "{} {} was sent too",
                followed.method, followed.target
            ));
        }
        let answer = seen.answer()?;
        match answer.status().is_redirection() {
            true => Ok(()),
            false => seen.says(format!("came back as {}", answer.status().as_u16())),
        }
    })
}

fn cookies(_: &Limits) -> Vec<Exchange> {
    let bytes = answer("200 OK", "set-cookie: kept=yes; Path=/\r\n", ANSWER);
    vec![
        Exchange::answered("an answer with Set-Cookie", post("/sets"), bytes)
            .then(post("/must-not-have-it")),
    ]
}

fn no_cookie(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        let value = HeaderValue::from_static("kept=yes");
        let sent = |h: &super::super::heard::Heard| {
            h.values("cookie").any(|cookie| cookie == value.as_bytes())
        };
        match seen.heard.iter().any(sent) {
            false => Ok(()),
            true => seen.says("the next request had the cookie"),
        }
    })
}
