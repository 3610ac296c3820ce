//! Endpoints to requests, answers to values; nothing here sends or waits.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderName, StatusCode, Uri};

use crate::body::Body;
use crate::endpoint::{Answer, Caller, Endpoint};
use crate::envelope::{self, Envelope, Status};
use crate::error::{Error, Failure, ProtocolProblem};
use crate::payload::Content;
use crate::redact::Scrubber;
use crate::reply::{Facts, Reply};
use crate::transport::{HttpRequest, HttpResponse, TransportError};
use crate::validation::ValidationError;
use crate::vault::Vault;
use crate::vault_error::VaultMessage;

const CLIENT_ID: HeaderName = HeaderName::from_static("x-vaultapi-clientid");

/// Turns a call into the request to send.
///
/// The URI is absolute, `Accept` and, where there is a body, `Content-Type` are set, and
/// `Authorization` is marked sensitive. [`Endpoint::REPEAT`] is in the request's extensions, as a
/// [`Repeat`](crate::Repeat). Adding `Host` and `Content-Length` is the HTTP client's part.
///
/// # Errors
///
/// A name or a media type that cannot be sent, or a call that needs a credential and a `vault` without one.
pub fn encode<E: Endpoint>(endpoint: &E, vault: &Vault) -> Result<HttpRequest, ValidationError> {
    build(endpoint, vault, None)
}

/// Reads an answer: the envelope first, whatever the HTTP status (Vault says failures with 200,
/// sometimes with 404), then the status, then the value.
///
/// # Errors
///
/// [`Error::Vault`] for Vault's own no, [`Error::Protocol`] for everything that is not an answer
/// to this call. Vault's messages may repeat a credential: see [`Error::scrubbed`].
pub fn decode<E: Endpoint>(response: &HttpResponse) -> Result<Reply<E::Output>, Error> {
    let json = envelope::json_of(response.body().as_bytes());
    let facts = Facts::from_headers(response.headers());
    match read::<E>(response, json, &facts) {
        Ok((value, warnings)) => Ok(Reply {
            value,
            warnings,
            facts,
        }),
        Err(error) => match E::salvage(json) {
            Some(value) => Ok(salvaged(value, error, facts)),
            None => Err(error),
        },
    }
}

/// Reads what a failed exchange left: the value, if the part of the answer that arrived holds all
/// of it, else the failure as an [`Error`].
///
/// # Errors
///
/// [`Error::Transport`], unless the value is whole.
pub fn decode_failed<E: Endpoint>(failed: TransportError) -> Result<Reply<E::Output>, Error> {
    let found = failed.partial().and_then(|partial| {
        let value = E::salvage(envelope::json_of(partial.body().as_bytes()))?;
        Some((value, Facts::from_headers(partial.headers())))
    });
    let error = Error::Transport {
        operation: E::NAME,
        source: failed,
    };
    match found {
        Some((value, facts)) => Ok(salvaged(value, error, facts)),
        None => Err(error),
    }
}

/// [`encode`], and a scrubber that knows every secret that went into the request.
pub(crate) fn encode_with_secrets<E: Endpoint>(
    endpoint: &E,
    vault: &Vault,
) -> Result<(HttpRequest, Scrubber), ValidationError> {
    let mut scrubber = Scrubber::new();
    let request = build(endpoint, vault, Some(&mut scrubber))?;
    Ok((request, scrubber))
}

/// The request; what is secret in it is told to `scrubber`.
fn build<E: Endpoint>(
    endpoint: &E,
    vault: &Vault,
    mut scrubber: Option<&mut Scrubber>,
) -> Result<HttpRequest, ValidationError> {
    let (content, secrets) = endpoint.payload().into_parts()?;
    if let Some(scrubber) = scrubber.as_deref_mut() {
        scrubber.extend(&secrets);
    }
    let authorization = match endpoint.caller() {
        Caller::Anonymous => None,
        Caller::Identity(token) => {
            if let Some(scrubber) = scrubber {
                token.hide_in(scrubber);
            }
            Some(token.header()?)
        }
        Caller::Authorized => {
            // Without one, a request would go out that can only fail, or be taken for another's.
            let authorization = vault.authorization().ok_or_else(|| {
                ValidationError::new(
                    "authorization",
                    "is missing: sign in, or give a session ID or an access token",
                )
            })?;
            if let Some(scrubber) = scrubber {
                authorization.hide_in(scrubber);
            }
            Some(authorization.header()?)
        }
    };
    let path = endpoint.path()?.checked()?;
    let mut uri = vault.dns().origin(path.longest());
    path.push_onto(&mut uri, vault.api_version());
    // Every byte of it can stand in a URL; only its length is not known to do.
    let uri =
        Uri::try_from(uri).map_err(|_| ValidationError::new("path", "is too long for a URL"))?;

    let (media_type, body) = match content {
        None => (None, Body::empty()),
        Some(Content { media_type, body }) => {
            // A header could have others, but no media type has characters outside ASCII.
            let value = HeaderValue::from_str(media_type).ok();
            let value = value.filter(|_| media_type.is_ascii());
            let wrong = || ValidationError::new("media_type", "cannot stand in a header");
            (Some(value.ok_or_else(wrong)?), body)
        }
    };
    let mut request = http::Request::new(body);
    *request.method_mut() = E::METHOD;
    *request.uri_mut() = uri;
    request.extensions_mut().insert(E::REPEAT);
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(value) = authorization {
        headers.insert(AUTHORIZATION, value);
    }
    if let Some(client_id) = vault.api_client_id() {
        let value = HeaderValue::from_str(client_id.as_str());
        let value =
            value.map_err(|_| ValidationError::new("client_id", "cannot stand in a header"))?;
        headers.insert(CLIENT_ID, value);
    }
    if let Some(value) = media_type {
        headers.insert(CONTENT_TYPE, value);
    }
    Ok(request)
}

fn read<E: Endpoint>(
    response: &HttpResponse,
    json: &[u8],
    facts: &Facts,
) -> Result<(E::Output, Vec<VaultMessage>), Error> {
    let status = response.status();
    let protocol = |problem| Error::Protocol {
        operation: E::NAME,
        status,
        problem,
        facts: Box::new(facts.clone()),
    };
    let envelope = Envelope::read(json).ok_or_else(|| protocol(not_vaults(response)))?;
    let outcome = match envelope.status {
        Status::Success | Status::Warning => {
            return match E::read(&Answer::new(json)) {
                Ok(value) => Ok((value, envelope.warnings)),
                Err(problem) => Err(protocol(problem.warned(envelope.warnings))),
            };
        }
        Status::Failure => Failure::Failure,
        Status::Exception => Failure::Exception,
        Status::Unknown => {
            let problem = ProtocolProblem::new("the answer's responseStatus is not known");
            let said = [envelope.errors, envelope.warnings].concat();
            return Err(protocol(problem.warned(said)));
        }
    };
    let errors = envelope.errors;
    Err(Error::Vault {
        operation: E::NAME,
        status,
        outcome,
        errors,
        facts: Box::new(facts.clone()),
    })
}

/// What came out of an odd answer, with the oddity as a warning.
fn salvaged<T>(value: T, mut oddity: Error, facts: Facts) -> Reply<T> {
    let mut reply = Reply::new(value, facts);
    // Vault's messages follow by themselves: shown here they would be escaped, and a scrubber does
    // not find a secret in escaped text.
    let (what, said) = match &mut oddity {
        Error::Vault {
            outcome, errors, ..
        } => (format!("Vault answered {outcome}"), std::mem::take(errors)),
        Error::Protocol { problem, .. } => {
            let warnings = problem.take_warnings();
            (oddity.to_string(), warnings)
        }
        other => (other.to_string(), Vec::new()),
    };
    reply.warnings.push(VaultMessage::new(
        "",
        format!("the answer was odd, its value is whole: {what}"),
    ));
    reply.warnings.extend(said);
    reply
}

fn not_vaults(response: &HttpResponse) -> ProtocolProblem {
    let status = response.status();
    let media_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = match media_type.unwrap_or_default() {
        _ if status.is_redirection() => "a redirect, which is not followed",
        _ if response.body().is_empty() => "empty",
        kind if kind.contains("html") => "an HTML page",
        kind if kind.contains("xml") => "XML",
        _ => "no JSON with a responseStatus",
    };
    let from = if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        "the answer is a proxy's: it asks for a password of its own".to_owned()
    } else {
        format!("the answer is not one of Vault's: it is {kind}")
    };
    ProtocolProblem::new(from)
}
