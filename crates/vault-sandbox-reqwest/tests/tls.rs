//! Whom it trusts, and that a server it does not trust is sent nothing.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use support::{ANSWER, Server, answer, post, read_request};
use vault_sandbox_core::{HttpTransport, TransportError, TransportErrorKind};
use vault_sandbox_reqwest::ReqwestTransport;

struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    fn pem(&self) -> String {
        self.certificate.pem()
    }

    fn issue(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { certificate, key }
    }
}

struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

/// Valid for these hosts, as far as this goes.
fn for_hosts(hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    CertificateParams::new(hosts).unwrap()
}

fn for_this_host() -> CertificateParams {
    for_hosts(&["127.0.0.1", "localhost"])
}

/// A server on TLS, and the number of requests that it could read.
struct TlsServer {
    server: Server,
    requests: Arc<AtomicUsize>,
}

impl TlsServer {
    fn start(identity: &Identity, versions: &[&'static SupportedProtocolVersion]) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(identity.key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = requests.clone();
        let server = Server::start(move |connection| {
            let session = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(session, connection.stream.try_clone().unwrap());
            if read_request(&mut stream).is_some() {
                counter.fetch_add(1, Ordering::SeqCst);
                let _ = std::io::Write::write_all(&mut stream, &answer("200 OK", ANSWER));
                stream.conn.send_close_notify();
                let _ = stream.conn.complete_io(&mut stream.sock);
            }
        });
        Self { server, requests }
    }

    async fn ask(&self, host: &str, authorities: &[&Authority]) -> Result<u16, TransportError> {
        let transport = authorities
            .iter()
            .fold(ReqwestTransport::builder(), |builder, authority| {
                builder.extra_ca_pem(authority.pem().as_bytes())
            })
            .build()
            .unwrap();
        let port = self.server.address().port();
        let request = post(format!("https://{host}:{port}/"));
        transport
            .send(request)
            .await
            .map(|response| response.status().as_u16())
    }

    async fn is_refused(&self, host: &str, authorities: &[&Authority]) -> String {
        let error = self.ask(host, authorities).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
        assert_eq!(self.requests.load(Ordering::SeqCst), 0, "nothing was sent");
        format!("{error:?}").to_lowercase()
    }
}

const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

#[tokio::test]
async fn an_extra_authority_is_trusted_among_others() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let server = TlsServer::start(&ours.issue(&for_this_host()), BOTH);
    assert_eq!(server.ask("127.0.0.1", &[&ours]).await.unwrap(), 200);
    assert_eq!(
        server.ask("localhost", &[&other, &ours]).await.unwrap(),
        200
    );
    assert_eq!(server.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn two_authorities_in_one_text() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let server = TlsServer::start(&ours.issue(&for_this_host()), BOTH);
    let transport = ReqwestTransport::builder()
        .extra_ca_pem(format!("# other\n{}# ours\n{}", other.pem(), ours.pem()).as_bytes())
        .build()
        .unwrap();
    let url = format!("https://{}/", server.server.address());
    assert_eq!(transport.send(post(url)).await.unwrap().status(), 200);
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let ours = Authority::new("ours");
    for version in BOTH {
        let server = TlsServer::start(&ours.issue(&for_this_host()), &[version]);
        assert_eq!(server.ask("127.0.0.1", &[&ours]).await.unwrap(), 200);
    }
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let server = TlsServer::start(&ours.issue(&for_this_host()), BOTH);
    let error = server.is_refused("127.0.0.1", &[&other]).await;
    assert!(error.contains("unknownissuer"), "{error}");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let ours = Authority::new("ours");
    let mut params = for_this_host();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let server = TlsServer::start(&ours.issue(&params), BOTH);
    let error = server.is_refused("127.0.0.1", &[&ours]).await;
    assert!(error.contains("expired"), "the cause is named: {error}");
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused() {
    let ours = Authority::new("ours");
    let server = TlsServer::start(&ours.issue(&for_hosts(&["vault.example.com"])), BOTH);
    for host in ["127.0.0.1", "localhost"] {
        let error = server.is_refused(host, &[&ours]).await;
        assert!(
            error.contains("not valid for name"),
            "the cause is named: {error}"
        );
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let other = Authority::new("other");
    let key = KeyPair::generate().unwrap();
    let certificate = for_this_host().self_signed(&key).unwrap();
    let server = TlsServer::start(&Identity { certificate, key }, BOTH);
    server.is_refused("127.0.0.1", &[&other]).await;
}

#[tokio::test]
async fn plain_http_behind_https_is_no_connection() {
    let ours = Authority::new("ours");
    let server = Server::start(|connection| {
        connection.write(&answer("400 Bad Request", "speak plainly"));
        connection.wait_for_close();
    });
    let transport = ReqwestTransport::builder()
        .extra_ca_pem(ours.pem().as_bytes())
        .build()
        .unwrap();
    let url = format!("https://{}/", server.address());
    let error = transport.send(post(url)).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Connect, "{error:?}");
}

/// The provider is this crate's own affair: another one in the process, or none, changes nothing.
#[tokio::test]
async fn no_provider_is_installed_for_the_process() {
    let ours = Authority::new("ours");
    let server = TlsServer::start(&ours.issue(&for_this_host()), BOTH);
    server.ask("127.0.0.1", &[&ours]).await.unwrap();
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
