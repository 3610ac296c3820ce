//! What certainly was not sent is called so: the caller may try again.

use http::Uri;

use crate::testkit::conformance::contract::Sentence;
use crate::testkit::conformance::scene::{Check, Exchange, Limits, Scene, Seen, To, post};
use crate::transport::TransportErrorKind;

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        refused,
        &[Check {
            case: "say_that_a_refused_connection_was_not_sent",
            sentence: Sentence::HowFar,
            passes: said_connect,
            remedy: "A connection that never stood is `Connect`: nothing was sent, and the caller \
                     may try again at once. Ask your client's error whether it is one of connecting \
                     (`is_connect`, `ConnectionRefused`), or connect in a step of your own.",
        }],
    ),
    Scene::new(
        nowhere,
        &[Check {
            case: "say_that_the_unsendable_was_not_sent",
            sentence: Sentence::HowFar,
            passes: said_unsent,
            remedy: "Look at the URI before anything else: what is no absolute http or https URI \
                     is `Unsendable`.",
        }],
    ),
];

fn refused(_: &Limits) -> Vec<Exchange> {
    vec![Exchange::new("a port that nobody listens on", post("/"), |_| {}).to(To::ClosedPort)]
}

fn said_connect(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter()
        .try_for_each(|seen| seen.failed_as(TransportErrorKind::Connect))
}

fn nowhere(_: &Limits) -> Vec<Exchange> {
    let uris = ["/only/a/path", "gopher://127.0.0.1:1/"];
    let exchange = |uri: &'static str| {
        let mut request = post("/");
        *request.uri_mut() = Uri::from_static(uri);
        Exchange::new(uri, request, |_| {}).to(To::AsItIs)
    };
    uris.map(exchange).into()
}

fn said_unsent(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter()
        .try_for_each(|seen| match seen.failure()?.kind().may_have_been_sent() {
            false => Ok(()),
            true => seen.says(format!(
                "{}, which says that it may have been sent",
                seen.last().describe()
            )),
        })
}
