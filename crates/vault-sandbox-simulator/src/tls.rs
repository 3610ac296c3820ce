//! Speaking TLS, with a certificate of an authority that lives as long as the simulator.

use std::{io, sync::Arc};

use chrono::{DateTime, Datelike, Days, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Whom the certificate is for: however a client writes loopback.
const HOSTS: [&str; 3] = ["127.0.0.1", "localhost", "::1"];
/// Clients refuse certificates that live for years.
const DAYS: u64 = 90;

pub(crate) type Stream = TlsStream<TcpStream>;

/// What every Vault of a simulator answers connections with.
#[derive(Clone)]
pub(crate) struct Acceptor {
    acceptor: TlsAcceptor,
    authority: Arc<str>,
}

impl Acceptor {
    /// A fresh authority and a certificate of it. The authority's key is gone after this.
    pub(crate) fn new() -> io::Result<Self> {
        // Certificates are checked against the machine's clock, not the simulated one.
        let now: DateTime<Utc> = std::time::SystemTime::now().into();
        let mut root = params(now, Vec::new()).map_err(io::Error::other)?;
        name(&mut root, "Throw-away CA of a simulated Vault");
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root_key = KeyPair::generate().map_err(io::Error::other)?;
        let authority = root.self_signed(&root_key).map_err(io::Error::other)?.pem();

        let hosts = HOSTS.map(str::to_owned).to_vec();
        let mut leaf = params(now, hosts).map_err(io::Error::other)?;
        name(&mut leaf, "Simulated Vault");
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Strict clients insist on it.
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let issuer = Issuer::new(root, root_key);
        let certificate = leaf.signed_by(&key, &issuer).map_err(io::Error::other)?;

        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            authority: authority.into(),
        })
    }

    /// The authority's certificate, in PEM.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<Stream> {
        self.acceptor.accept(stream).await
    }
}

fn params(now: DateTime<Utc>, hosts: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts)?;
    // From yesterday on: a client's clock may be behind.
    let from = now.checked_sub_days(Days::new(1)).unwrap_or(now);
    let until = now.checked_add_days(Days::new(DAYS)).unwrap_or(now);
    params.not_before = date_time_ymd(from.year(), small(from.month()), small(from.day()));
    params.not_after = date_time_ymd(until.year(), small(until.month()), small(until.day()));
    params.distinguished_name = DistinguishedName::new();
    Ok(params)
}

/// A month or a day, which fit.
fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(1)
}

fn name(params: &mut CertificateParams, name: &str) {
    params.distinguished_name.push(DnType::CommonName, name);
}
