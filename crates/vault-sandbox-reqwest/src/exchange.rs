use http::{HeaderMap, Response, StatusCode, Version};
use reqwest::{Client, Request, Url};
use tokio::time::timeout;
use vault_sandbox_core::{Body, HttpRequest, HttpResponse, TransportError, TransportErrorKind};

use crate::builder::Limits;
use crate::failure;
use crate::progress::Progress;

/// One request, one answer, within the limits. A failure takes along what had arrived.
///
/// `url` is the request's URI, checked.
pub(crate) async fn exchange(
    client: &Client,
    url: Url,
    request: HttpRequest,
    limits: Limits,
) -> Result<HttpResponse, TransportError> {
    let progress = Progress::new();
    let mut arrived = None;
    let receiving = receive(client, prepare(url, request), limits.body, &mut arrived);
    // Not reqwest's own timeout: that one drops what had arrived.
    let outcome = timeout(limits.timeout, progress.watch(receiving)).await;
    let error = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(Cut::TooLarge)) => Some(TransportError::without_cause(TransportErrorKind::TooLarge)),
        Ok(Err(Cut::Failed(error))) => Some(failure::of(&error, &progress)),
        Err(_elapsed) => Some(failure::out_of_time(&progress)),
    };
    match (error, arrived.map(Arrived::into_response)) {
        (None, Some(response)) => Ok(response),
        (Some(error), Some(partial)) => Err(error.with_partial(partial)),
        (Some(error), None) => Err(error),
        // `receive` ends well only after it has put an answer there.
        (None, None) => Err(TransportError::without_cause(TransportErrorKind::Other)),
    }
}

/// What there is of an answer.
struct Arrived {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Arrived {
    fn into_response(self) -> HttpResponse {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.version_mut() = self.version;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Why an answer is not whole.
enum Cut {
    TooLarge,
    Failed(reqwest::Error),
}

/// Fills `arrived` as the answer comes in, so that it outlives this future being dropped.
async fn receive(
    client: &Client,
    request: Request,
    limit: usize,
    arrived: &mut Option<Arrived>,
) -> Result<(), Cut> {
    let mut response = client.execute(request).await.map_err(Cut::Failed)?;
    let arrived = arrived.insert(Arrived {
        status: response.status(),
        version: response.version(),
        headers: std::mem::take(response.headers_mut()),
        body: Vec::new(),
    });
    while let Some(chunk) = response.chunk().await.map_err(Cut::Failed)? {
        let room = limit - arrived.body.len();
        arrived
            .body
            .extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Err(Cut::TooLarge);
        }
    }
    Ok(())
}

/// Method, headers and body as they are. The version is left at HTTP/1.1, which is what is spoken.
fn prepare(url: Url, request: HttpRequest) -> Request {
    let (parts, body) = request.into_parts();
    let mut prepared = Request::new(parts.method, url);
    *prepared.headers_mut() = parts.headers;
    if !body.is_empty() {
        *prepared.body_mut() = Some(body.into_bytes().into());
    }
    prepared
}
