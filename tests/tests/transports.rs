//! Transports as somebody writes them who has read the documentation of the trait and no more.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Response};
use vault_sandbox_core::endpoints::{GenerateSandboxToken, KeepAlive};
use vault_sandbox_core::{
    BlockingHttpTransport, Body, Client, Error, Expiry, HttpRequest, HttpResponse, HttpTransport,
    SessionId, SharedTransport, TransportError, TransportErrorKind, Vault,
};
use vault_sandbox_tests::{answer, block_on};

const LIMIT: u64 = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(60);

/// HTTP/1.1 over `std`, one connection per request. Blocks: good for a test, not for a service.
#[derive(Clone, Copy)]
struct PlainTcp;

impl HttpTransport for PlainTcp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.send_blocking(request)
    }
}

impl BlockingHttpTransport for PlainTcp {
    fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let unsendable = || TransportError::without_cause(TransportErrorKind::Unsendable);
        let authority = match (request.uri().scheme_str(), request.uri().authority()) {
            (Some("http"), Some(authority)) => authority.as_str(),
            _ => return Err(unsendable()),
        };
        let not_connected = |error| TransportError::new(TransportErrorKind::Connect, error);
        let stream = TcpStream::connect(authority).map_err(not_connected)?;
        stream
            .set_read_timeout(Some(TIMEOUT))
            .map_err(not_connected)?;
        let path = request.uri().path_and_query().ok_or_else(unsendable)?;
        let mut head = format!(
            "{} {path} HTTP/1.1\r\nHost: {authority}\r\n",
            request.method()
        )
        .into_bytes();
        for (name, value) in request.headers() {
            head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        head.extend(
            format!(
                "Content-Length: {}\r\nConnection: close\r\n\r\n",
                request.body().len()
            )
            .bytes(),
        );
        head.extend(request.body().as_bytes());
        exchange(stream, &head)
    }
}

/// From here on the request may have been carried out.
fn exchange(mut stream: TcpStream, request: &[u8]) -> Result<HttpResponse, TransportError> {
    let interrupted = |error: io::Error| {
        let kind = match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => TransportErrorKind::Timeout,
            _ => TransportErrorKind::Interrupted,
        };
        TransportError::new(kind, error)
    };
    stream.write_all(request).map_err(interrupted)?;
    let mut bytes = Vec::new();
    let read = stream.take(LIMIT + 1).read_to_end(&mut bytes);
    let (response, promised) = match parse(&bytes) {
        Some(parsed) => parsed,
        None => {
            read.map_err(interrupted)?;
            return Err(TransportError::new(
                TransportErrorKind::Other,
                "that was not HTTP",
            ));
        }
    };
    if bytes.len() as u64 > LIMIT {
        return Err(
            TransportError::without_cause(TransportErrorKind::TooLarge).with_partial(response)
        );
    }
    match read {
        Ok(_) if promised.is_none_or(|length| length == response.body().len()) => Ok(response),
        Ok(_) => Err(
            TransportError::without_cause(TransportErrorKind::Interrupted).with_partial(response),
        ),
        Err(error) => Err(interrupted(error).with_partial(response)),
    }
}

/// The answer, and the length that its head promises.
fn parse(bytes: &[u8]) -> Option<(HttpResponse, Option<usize>)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let mut lines = bytes[..end]
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii);
    let status = lines.next()?.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    let mut response = Response::new(Body::from(bytes[end + 4..].to_vec()));
    *response.status_mut() = http::StatusCode::from_bytes(status).ok()?;
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        response.headers_mut().append(name, value);
    }
    let length = response.headers().get("content-length");
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    Some((response, length))
}

/// A server on loopback that answers one connection with these bytes; it gives the request.
fn serve(answer: &'static [u8]) -> (Vault, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dns = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"name__v=ci") {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the request ends before its end");
            request.extend_from_slice(&buffer[..count]);
        }
        stream.write_all(answer).unwrap();
        String::from_utf8(request).unwrap()
    });
    let session = SessionId::parse("SID-0123ABCD").unwrap();
    (Vault::new(dns.parse().unwrap()).authorized(session), served)
}

fn founding() -> GenerateSandboxToken {
    GenerateSandboxToken::new(
        "A/B 50%".parse().unwrap(),
        "ci".parse().unwrap(),
        Expiry::never(),
    )
}

const TOKEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-VaultAPI-VaultId: 4101\r\n\
    Content-Length: 95\r\n\r\n{\"responseStatus\":\"SUCCESS\",\"data\":{\"id\":\"0PI1\",\"token__sys\":\"veeva-vault-0c0ffee0example\"}}\r\n\r\n";

#[test]
fn a_transport_from_the_documentation_alone() {
    let (vault, served) = serve(TOKEN);
    let dns = vault.dns().authority();
    let reply = block_on(Client::new(PlainTcp, vault).call(&founding())).unwrap();
    assert_eq!(
        reply.value.value().expose().as_bytes(),
        b"veeva-vault-0c0ffee0example"
    );
    assert_eq!(reply.facts.vault_id.unwrap().get(), 4101);
    assert_eq!(
        served.join().unwrap(),
        format!(
            "POST /api/v26.2/objects/sandbox/A%2FB%2050%25/users/me/api_access_token__sys HTTP/1.1\r\n\
             Host: {dns}\r\n\
             accept: application/json\r\n\
             authorization: SID-0123ABCD\r\n\
             content-type: application/x-www-form-urlencoded\r\n\
             Content-Length: 10\r\n\
             Connection: close\r\n\
             \r\n\
             name__v=ci"
        )
    );
}

#[test]
fn the_same_without_futures() {
    let (vault, served) = serve(TOKEN);
    let reply = Client::new(PlainTcp, vault)
        .call_blocking(&founding())
        .unwrap();
    assert_eq!(reply.value.id().unwrap().as_str(), "0PI1");
    served.join().unwrap();
}

#[test]
fn how_far_the_request_got() {
    for (bytes, kind, maybe) in [
        (&b""[..], TransportErrorKind::Other, true),
        (b"SSH-2.0-example\r\n\r\n", TransportErrorKind::Other, true),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"data\":{\"token__sys\":\"veeva-va",
            TransportErrorKind::Interrupted,
            true,
        ),
    ] {
        let (vault, served) = serve(bytes);
        let error = Client::new(PlainTcp, vault)
            .call_blocking(&founding())
            .unwrap_err();
        assert_eq!(error.transport_kind(), Some(kind));
        assert_eq!(error.may_have_been_applied(), maybe);
        served.join().unwrap();
    }
    // A closed port, and a scheme that this transport does not speak: nothing was sent.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    for (dns, kind) in [
        (
            format!("http://127.0.0.1:{port}"),
            TransportErrorKind::Connect,
        ),
        (
            "veepharm.veevavault.com".to_owned(),
            TransportErrorKind::Unsendable,
        ),
    ] {
        let vault = Vault::new(dns.parse().unwrap()).authorized(SessionId::parse("S").unwrap());
        let error = block_on(Client::new(PlainTcp, vault).call(&founding())).unwrap_err();
        assert_eq!(error.transport_kind(), Some(kind));
        assert!(!error.may_have_been_applied());
    }
}

#[test]
fn a_value_that_is_whole_in_a_cut_answer_is_saved() {
    let (vault, served) = serve(
        b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{\"data\":{\"token__sys\":\"veeva-vault-0c0ffee0example\"",
    );
    let reply = Client::new(PlainTcp, vault)
        .call_blocking(&founding())
        .unwrap();
    assert_eq!(
        reply.value.value().expose().as_bytes(),
        b"veeva-vault-0c0ffee0example"
    );
    assert_eq!(reply.warnings.len(), 1);
    served.join().unwrap();
}

/// A closure as a transport: five lines, for those who test with their own doubles.
struct Double<F>(F);

impl<F: Fn(HttpRequest) -> Result<HttpResponse, TransportError>> BlockingHttpTransport
    for Double<F>
{
    fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        (self.0)(request)
    }
}

impl<F> HttpTransport for Double<F>
where
    F: Fn(HttpRequest) -> Result<HttpResponse, TransportError> + Send + Sync,
{
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        (self.0)(request)
    }
}

/// By value, by reference, boxed, counted, erased: each is the same transport, called once.
#[test]
fn every_way_of_holding_a_transport() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let double = || {
        let calls = Arc::clone(&calls);
        Double(move |request: HttpRequest| {
            calls.lock().unwrap().push(request.uri().path().to_owned());
            Ok(answer(200, r#"{"responseStatus":"SUCCESS"}"#))
        })
    };
    let vault = vault_sandbox_tests::vault;
    fn call<T: HttpTransport>(client: &Client<T>) {
        block_on(client.call(&KeepAlive::new())).unwrap();
    }
    fn call_blocking<T: BlockingHttpTransport>(client: &Client<T>) {
        client.call_blocking(&KeepAlive::new()).unwrap();
    }

    let kept = double();
    call(&Client::new(&kept, vault()));
    call(&Client::new(&&kept, vault()));
    call(&Client::new(Box::new(&kept), vault()));
    call(&Client::new(Arc::new(double()), vault()));
    let shared = SharedTransport::new(double());
    call(&Client::new(shared.clone(), vault()));
    call(&Client::new(Box::new(Arc::new(shared)), vault()));
    call_blocking(&Client::new(&kept, vault()));
    call_blocking(&Client::new(Arc::new(double()), vault()));
    // Without futures, erasing needs no type of ours.
    let erased: Box<dyn BlockingHttpTransport> = Box::new(double());
    call_blocking(&Client::new(erased, vault()));
    let counted: Arc<dyn BlockingHttpTransport> = Arc::new(double());
    call_blocking(&Client::new(counted, vault()));
    let client = Client::new(kept, vault());
    call(&client.at(vault()));
    call_blocking(&client.at(vault()));
    assert_eq!(*calls.lock().unwrap(), ["/api/v26.2/keep-alive"; 12]);
}

#[test]
fn what_is_invalid_never_reaches_the_transport() {
    let never = Double(|_| -> Result<HttpResponse, TransportError> { panic!("was sent") });
    let nobody = Vault::new("veepharm.veevavault.com".parse().unwrap());
    let client = Client::new(&never, nobody);
    for error in [
        block_on(client.call(&KeepAlive::new())).unwrap_err(),
        client.call_blocking(&KeepAlive::new()).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Validation(_)), "{error:?}");
        assert!(!error.may_have_been_applied());
    }
    // For another Vault, the credential is not taken along: it has to be said.
    let client = Client::new(&never, vault_sandbox_tests::vault());
    let other = client.at(Vault::new("other.veevavault.com".parse().unwrap()));
    assert!(other.call_blocking(&KeepAlive::new()).is_err());
}
