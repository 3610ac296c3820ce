//! A server that speaks TLS with whatever certificate it is given.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use super::raw_server;

pub(crate) struct TlsServer {
    pub(crate) dns: String,
    /// Bytes of requests that got through.
    heard: Arc<AtomicUsize>,
}

impl TlsServer {
    pub(crate) fn start(chain: &Chain) -> Self {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(chain.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![chain.certificate.der().clone()], key)
            .unwrap();
        let (config, heard) = (Arc::new(config), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&heard);
        let dns = raw_server(move |mut socket| {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut bytes = [0; 1024];
            let mut stream = Stream::new(&mut connection, &mut socket);
            if let Ok(n) = stream.read(&mut bytes) {
                count.fetch_add(n, Ordering::SeqCst);
            }
        });
        Self { dns, heard }
    }

    pub(crate) fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}

/// A certificate and the authority that signed it.
pub(crate) struct Chain {
    certificate: rcgen::Certificate,
    key: KeyPair,
    pub(crate) authority_pem: String,
}

/// Two authorities of one name would be taken for each other.
static SERIAL: AtomicUsize = AtomicUsize::new(1);

/// For this name or address, valid in these years.
pub(crate) fn certificate(name: &str, years: std::ops::Range<i32>) -> Chain {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let serial = SERIAL.fetch_add(1, Ordering::SeqCst);
    let common_name = format!("Throw-away authority {serial}");
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    Chain {
        certificate: params.signed_by(&key, &authority).unwrap(),
        key,
        authority_pem: authority.pem(),
    }
}
