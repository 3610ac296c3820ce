use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

/// Certificate authorities to trust besides the platform's; every one was read.
#[derive(Default)]
pub(crate) struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    pub(crate) fn from_pems(pems: &[Vec<u8>]) -> Result<Self, CertificateError> {
        let mut all = Vec::new();
        for pem in pems {
            let before = all.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| CertificateError::NotPem)?;
                // The platform's verifier reads them too, but with the first request: too late to
                // tell the one who wrote the setting.
                RootCertStore::empty()
                    .add(certificate.clone())
                    .map_err(|cause| CertificateError::Broken {
                        position: all.len() - before + 1,
                        cause,
                    })?;
                all.push(certificate);
            }
            if all.len() == before {
                return Err(CertificateError::Absent);
            }
        }
        Ok(Self(all))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The configuration for https: the platform's trust and these authorities. Reads the trust store.
pub(crate) fn trusting(authorities: &Authorities) -> Result<ClientConfig, rustls::Error> {
    let provider = provider();
    let verifier = Verifier::new_with_extra_roots(authorities.0.iter().cloned(), provider.clone())?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        // "Dangerous" is any verifier that rustls did not bring along; this is the platform's.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Early data can be replayed by whoever is on the line: a request sent once would arrive twice.
    config.enable_early_data = false;
    Ok(config)
}

/// The configuration for a client that is used for plain http: it trusts no one and reads nothing.
/// reqwest wants one in any case, and would take, or miss, the provider of the process.
pub(crate) fn trusting_no_one() -> Result<ClientConfig, rustls::Error> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// Named here and never installed for the process: a library has no say in that.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// What is wrong with a certificate authority. The text given is not shown: it may be a private
/// key, handed over by mistake.
#[derive(Debug)]
pub(crate) enum CertificateError {
    NotPem,
    Absent,
    Broken {
        position: usize,
        cause: rustls::Error,
    },
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPem => f.write_str("the PEM text is broken"),
            Self::Absent => f.write_str("there is no certificate in the PEM text"),
            Self::Broken { position, .. } => write!(
                f,
                "certificate {position} of the PEM text is not an X.509 certificate"
            ),
        }
    }
}

impl StdError for CertificateError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NotPem | Self::Absent => None,
            Self::Broken { cause, .. } => Some(cause),
        }
    }
}
