//! Playing a fault.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header::LOCATION};
use serde_json::{Map, Value, json};
use socket2::Socket;
use tokio::time::sleep;

use crate::{Effect, ResponseStatus, envelope, script::Script};

/// The connection ends here, with no more said.
#[derive(Debug, thiserror::Error)]
#[error("a fault was played: the connection is closed")]
pub(crate) struct HungUp;

type Played = Result<Response<Script>, HungUp>;

/// Plays `effect`. `carry_out` gives the true answer and is called once or not at all.
///
/// What is carried out is carried out at once, before any waiting: a client that gives up
/// waiting must not change what happened.
pub(crate) async fn play(
    effect: Effect,
    socket: &Socket,
    carry_out: impl FnOnce() -> Response<Bytes>,
) -> Played {
    match effect {
        Effect::Delay { by } => late(carry_out(), by).await,
        Effect::Reply {
            status,
            headers,
            body,
            carried_out,
        } => {
            do_if(carried_out, carry_out);
            reply(status, &headers, body)
        }
        Effect::Refuse {
            status,
            response_status,
            errors,
        } => reply(status, &[], refusal(response_status, &errors)),
        Effect::CloseBefore => Err(HungUp),
        Effect::CloseAfter => {
            carry_out();
            Err(HungUp)
        }
        Effect::Reset { carried_out } => {
            do_if(carried_out, carry_out);
            // With nothing to linger for, closing is a reset.
            let _ = socket.set_linger(Some(Duration::ZERO));
            Err(HungUp)
        }
        Effect::Silence { carried_out, bound } => {
            do_if(carried_out, carry_out);
            sleep(bound).await;
            Err(HungUp)
        }
        Effect::CutAfter { bytes } => Ok(carry_out().map(|body| Script::cut(body, bytes))),
        Effect::Drip { bytes, every } => {
            Ok(carry_out().map(|body| Script::drip(&body, bytes, every)))
        }
        Effect::Endless {
            prefix,
            with_answer,
        } => Ok(carry_out().map(|body| {
            let rest = if with_answer { body } else { Bytes::new() };
            Script::endless(joined(&prefix, &rest))
        })),
        Effect::ReplaceBody { body } => Ok(carry_out().map(|_| Script::whole(body))),
        Effect::PrefixBody { prefix } => {
            Ok(carry_out().map(|body| Script::whole(joined(&prefix, &body))))
        }
        Effect::Raw { bytes, carried_out } => {
            do_if(carried_out, carry_out);
            send_raw(socket, &bytes).await;
            Err(HungUp)
        }
        Effect::Redirect { status, location } => {
            let headers = [(LOCATION.to_string(), location)];
            reply(status, &headers, Bytes::new())
        }
        Effect::Throttled { delay, remaining } => {
            let headers = [
                ("x-vaultapi-burstlimitremaining", remaining.to_string()),
                ("x-vaultapi-responsedelay", delay.as_millis().to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value));
            late(with_headers(carry_out(), &headers), delay).await
        }
        Effect::SetHeaders { headers } => {
            Ok(with_headers(carry_out(), &headers).map(Script::whole))
        }
        Effect::Edit(edit) => Ok(carry_out().map(|body| Script::whole(edit.apply(body)))),
    }
}

fn do_if(wanted: bool, carry_out: impl FnOnce() -> Response<Bytes>) {
    if wanted {
        carry_out();
    }
}

async fn late(response: Response<Bytes>, by: Duration) -> Played {
    sleep(by).await;
    Ok(response.map(Script::whole))
}

fn reply(status: u16, headers: &[(String, String)], body: Bytes) -> Played {
    let response = match StatusCode::from_u16(status) {
        Ok(status) => {
            let mut response = Response::new(body);
            *response.status_mut() = status;
            with_headers(response, headers)
        }
        Err(_) => unplayable(&format!("{status} is not an HTTP status")),
    };
    Ok(response.map(Script::whole))
}

/// Replaces those of the same name; a name given twice is sent twice.
fn with_headers(mut response: Response<Bytes>, headers: &[(String, String)]) -> Response<Bytes> {
    let mut parsed = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        match (
            HeaderName::try_from(name),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            (Ok(name), Ok(value)) => parsed.push((name, value)),
            _ => return unplayable(&format!("{name:?} is not an HTTP header, or its value not")),
        }
    }
    for (name, _) in &parsed {
        response.headers_mut().remove(name);
    }
    for (name, value) in parsed {
        response.headers_mut().append(name, value);
    }
    response
}

/// A rule that makes no HTTP is a mistake in the test: it should be seen there.
fn unplayable(reason: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!(
        "This fault cannot be played: {reason}"
    )));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

fn refusal(status: ResponseStatus, errors: &[(String, String)]) -> Bytes {
    let errors: Vec<Value> = errors
        .iter()
        .map(|(kind, message)| json!({"type": kind, "message": message}))
        .collect();
    let rest = Map::from_iter([("errors".into(), errors.into())]);
    envelope::to_bytes(status.as_str(), &rest)
}

fn joined(first: &Bytes, second: &Bytes) -> Bytes {
    [first.as_ref(), second.as_ref()].concat().into()
}

/// Past the HTTP implementation, which would never send such a thing.
async fn send_raw(socket: &Socket, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match socket.send(bytes) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                sleep(Duration::from_millis(1)).await;
            }
            Err(_) => return,
        }
    }
}
