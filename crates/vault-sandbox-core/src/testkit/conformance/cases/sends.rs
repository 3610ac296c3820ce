//! What is sent is what was given.

use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{Method, Uri};

use crate::body::Body;
use crate::testkit::conformance::contract::Sentence;
use crate::testkit::conformance::scene::{
    ANSWER, Check, Exchange, Limits, Scene, Seen, answer, post,
};
use crate::transport::HttpRequest;

const PATHS: [&str; 6] = [
    "/api/v26.2/objects/sandbox/A%2FB%20C/users/me",
    "/api/v26.2/objects/sandbox/50%25%20%2B%3F%23/users/me",
    "/v1%2E2/%C3%A9/",
    "//double//slash/",
    "/a;b=c,d@e:f!$&()*+~",
    "/query?q=SELECT%20id%20FROM%20a%20WHERE%20b%3D%271%27&r=a+b&r=c",
];

const DOTS: [&str; 4] = [
    "/objects/sandbox/%2E%2E/users/me",
    "/objects/sandbox/%2E./users/me",
    "/objects/sandbox/../users/me",
    "/objects/./sandbox",
];

/// What a request may have that it was not given.
const HTTPS_OWN: [&str; 4] = ["host", "content-length", "connection", "user-agent"];

pub(super) const SCENES: &[Scene] = &[
    Scene::new(
        methods,
        &[Check {
            case: "send_the_method_as_it_is",
            sentence: Sentence::Send,
            passes: same_method,
            remedy: "Hand `request.method()` on as it is, for every method.",
        }],
    ),
    Scene::new(
        paths,
        &[Check {
            case: "send_the_path_as_it_is",
            sentence: Sentence::Send,
            passes: same_path,
            remedy: "Write `request.uri().path_and_query()` as it is: decode and encode nothing. A \
                     client that parses URLs on its own may do either; look for a way to give it \
                     an `http::Uri`.",
        }],
    ),
    Scene::new(
        dots,
        &[Check {
            case: "send_dot_segments_as_they_are",
            sentence: Sentence::Send,
            passes: same_path_or_refused,
            remedy: "A client that resolves `..` or `%2E%2E` calls another object. If yours cannot \
                     be kept from it, compare its URL with the request's, and refuse one that \
                     differs with `Unsendable`.",
        }],
    ),
    Scene::new(
        headers,
        &[Check {
            case: "send_the_headers_as_they_are",
            sentence: Sentence::Send,
            passes: same_headers,
            remedy: "Append every header of the request, repeated ones too, by its bytes. Turn off \
                     what your client adds by itself: default headers, `Accept-Encoding`, \
                     `Referer`, `Expect`, credentials from a file. Give the \
                     body with its length, so that it is not chunked.",
        }],
    ),
    Scene::new(
        bodies,
        &[Check {
            case: "send_the_body_as_it_is",
            sentence: Sentence::Send,
            passes: same_body,
            remedy: "Send `request.body().as_bytes()`, all of them and nothing else, with their \
                     number as `Content-Length`.",
        }],
    ),
];

fn sent(requests: impl IntoIterator<Item = HttpRequest>) -> Vec<Exchange> {
    let exchange = |request: HttpRequest| {
        let what = format!("{} {}", request.method(), request.uri());
        Exchange::answered(what, request, answer("200 OK", "", ANSWER))
    };
    requests.into_iter().map(exchange).collect()
}

fn methods(_: &Limits) -> Vec<Exchange> {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
    sent(methods.map(|method| {
        let mut request = post("/method");
        if matches!(method, Method::GET | Method::DELETE) {
            *request.body_mut() = Body::empty();
        }
        *request.method_mut() = method;
        request
    }))
}

fn same_method(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().try_for_each(|seen| {
        let heard = seen.one_heard()?;
        match seen.what == format!("{} {}", heard.method, heard.target) {
            true => Ok(()),
            false => seen.says(format!("arrived as {}", heard.method)),
        }
    })
}

fn paths(_: &Limits) -> Vec<Exchange> {
    sent(PATHS.map(post))
}

fn same_path(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().zip(PATHS).try_for_each(|(seen, path)| {
        let heard = seen.one_heard()?;
        match heard.target == path {
            true => Ok(()),
            false => seen.says(format!("arrived as {}", heard.target)),
        }
    })
}

fn dots(_: &Limits) -> Vec<Exchange> {
    sent(DOTS.map(post))
}

fn same_path_or_refused(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().zip(DOTS).try_for_each(|(seen, path)| {
        let refused = |e: &crate::TransportError| !e.kind().may_have_been_sent();
        if seen.heard.is_empty() && seen.failure().is_ok_and(refused) {
            return Ok(());
        }
        let heard = seen.one_heard()?;
        match heard.target == path {
            true => Ok(()),
            false => seen.says(format!("arrived as {}", heard.target)),
        }
    })
}

fn given() -> [HttpRequest; 2] {
    let mut request = post("/headers");
    let note = HeaderName::from_static("x-note");
    for value in [&b"one"[..], b"two; three", b"caf\xC3\xA9"] {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            request.headers_mut().append(note.clone(), value);
        }
    }
    let mut anonymous = post("/without-authorization");
    anonymous.headers_mut().remove(AUTHORIZATION);
    [request, anonymous]
}

fn headers(_: &Limits) -> Vec<Exchange> {
    sent(given())
}

fn same_headers(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().zip(given()).try_for_each(|(seen, request)| {
        let heard = seen.one_heard()?;
        let given = request.headers();
        for name in given.keys() {
            let wanted = given.get_all(name).iter().map(HeaderValue::as_bytes);
            if !heard.values(name.as_str()).eq(wanted) {
                let count = heard.values(name.as_str()).count();
                return seen.says(format!(
                    "{name} arrived with other values than it was given ({count} of them)"
                ));
            }
        }
        let added = heard.headers.iter().map(|(name, _)| name.as_str());
        let mut added = added.filter(|name| !given.contains_key(*name));
        if let Some(name) = added.find(|name| !HTTPS_OWN.contains(name)) {
            return seen.says(format!("{name} was added"));
        }
        let host = heard.values("host").collect::<Vec<_>>();
        match host == [seen.authority.as_bytes()] {
            true => Ok(()),
            false => seen.says("Host is not, once, the authority of the URI"),
        }
    })
}

fn contents() -> [Vec<u8>; 3] {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    [
        Vec::new(),
        b"\r\n\r\n\0\xFF".to_vec(),
        every_byte.repeat(400),
    ]
}

fn bodies(_: &Limits) -> Vec<Exchange> {
    sent(contents().map(|content| {
        let path = format!("/body-of-{}-bytes", content.len());
        let mut request = HttpRequest::new(Body::from(content));
        *request.method_mut() = Method::POST;
        *request.headers_mut() = post("/").headers().clone();
        *request.uri_mut() = Uri::try_from(path).unwrap_or_default();
        request
    }))
}

fn same_body(seen: &[Seen], _: &Limits) -> Result<(), String> {
    seen.iter().zip(contents()).try_for_each(|(seen, content)| {
        let heard = seen.one_heard()?;
        match heard.whole && heard.body == content {
            true => Ok(()),
            false => seen.says(format!("{} bytes arrived, or others", heard.body.len())),
        }
    })
}
