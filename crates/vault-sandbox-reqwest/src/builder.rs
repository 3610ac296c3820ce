use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use reqwest::Client;

use crate::clients::Clients;
use crate::tls::{Authorities, CertificateError};
use crate::transport::ReqwestTransport;

/// The time that a whole exchange may take, from the name look-up to the last byte of the body.
///
/// A throttled Vault delays its answers, so that a limit below a minute breaks what would have
/// worked; without a limit a lost connection is waited for without end.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// The time that a connection may take: name look-up, TCP, proxy and TLS together.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a body that are taken in: 1 MiB. A token's answer has some hundred, a full
/// page of a query some ten thousand.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

/// What bounds an exchange once there is a client for it.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: DEFAULT_TIMEOUT,
            body: DEFAULT_BODY_LIMIT,
        }
    }
}

/// Settings of a [`ReqwestTransport`].
///
/// There is none that would weaken it: certificates are always checked, redirects never followed.
#[derive(Default)]
#[must_use]
pub struct ReqwestTransportBuilder {
    limits: Limits,
    connect_timeout: Option<Duration>,
    // Kept as bytes until `build`, so that setting is infallible and order does not matter.
    extra_ca_pems: Vec<Vec<u8>>,
    client: Option<Client>,
}

impl ReqwestTransportBuilder {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another total time; see [`DEFAULT_TIMEOUT`] for what speaks against a short one.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.limits.timeout = total;
        self
    }

    /// Another time to connect; see [`DEFAULT_CONNECT_TIMEOUT`].
    pub fn connect_timeout(mut self, connect: Duration) -> Self {
        self.connect_timeout = Some(connect);
        self
    }

    /// Another limit of the body, in bytes; see [`DEFAULT_BODY_LIMIT`].
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.limits.body = bytes;
        self
    }

    /// Certificate authorities to trust besides the platform's, as PEM text of one or more
    /// certificates. May be called again.
    pub fn extra_ca_pem(mut self, pem: &[u8]) -> Self {
        self.extra_ca_pems.push(pem.to_vec());
        self
    }

    /// A client of one's own instead: see [`ReqwestTransport::from_client`] for what then is the
    /// caller's to see to. Connecting and trust are settings of that client.
    pub fn client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// The transport. Nothing is opened, read or looked up yet.
    ///
    /// # Errors
    ///
    /// A PEM text without a certificate or with a broken one; settings of connecting or trust
    /// beside a client of the caller's, which would have no effect.
    pub fn build(self) -> Result<ReqwestTransport, BuildError> {
        if let Some(client) = self.client {
            if self.connect_timeout.is_some() || !self.extra_ca_pems.is_empty() {
                return Err(BuildError::ClientHasItsOwn);
            }
            return Ok(ReqwestTransport::with_callers_client(client, self.limits));
        }
        let authorities = Authorities::from_pems(&self.extra_ca_pems)?;
        let connect_timeout = self.connect_timeout.unwrap_or(DEFAULT_CONNECT_TIMEOUT);
        Ok(ReqwestTransport::with_own_clients(
            Clients::new(connect_timeout, authorities),
            self.limits,
        ))
    }
}

/// Settings only, and of the certificates their number.
impl fmt::Debug for ReqwestTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransportBuilder")
            .field("timeout", &self.limits.timeout)
            .field("body_limit", &self.limits.body)
            .field("connect_timeout", &self.connect_timeout)
            .field("extra_ca_pems", &self.extra_ca_pems.len())
            .field("own_client", &self.client.is_some())
            .finish()
    }
}

/// Why there is no transport. Nothing was opened or sent; mend the settings.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A connect timeout or a certificate authority was set beside a client of the caller's, to
    /// which neither would apply. Set them on that client.
    ClientHasItsOwn,
    /// A PEM text given as a certificate authority is not one; the cause says what is wrong with it,
    /// and by its position which certificate it is.
    Certificate(Box<dyn StdError + Send + Sync>),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientHasItsOwn => {
                "connect timeout and certificate authorities have to be set on the client given"
            }
            Self::Certificate(_) => "the certificate authority cannot be used",
        })
    }
}

impl StdError for BuildError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::ClientHasItsOwn => None,
            Self::Certificate(cause) => Some(&**cause),
        }
    }
}

impl From<CertificateError> for BuildError {
    fn from(cause: CertificateError) -> Self {
        Self::Certificate(Box::new(cause))
    }
}
