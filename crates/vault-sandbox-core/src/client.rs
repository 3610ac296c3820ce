use std::fmt;

use crate::codec::{decode, decode_failed, encode_with_secrets};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::redact::Scrubber;
use crate::reply::Reply;
use crate::transport::{BlockingHttpTransport, HttpResponse, HttpTransport, TransportError};
use crate::types::Authorization;
use crate::vault::Vault;

/// A transport and the [`Vault`] it is used for. One attempt per call: repeating is the caller's
/// decision, with [`retry::Policy`](crate::retry::Policy) to help.
///
/// ```
/// use vault_sandbox_core::endpoints::{SignIn, WhoAmI};
/// use vault_sandbox_core::{Client, HttpTransport, Password, UserName, Vault};
///
/// async fn who<T: HttpTransport>(transport: T, vault: Vault, user: UserName, password: Password)
///     -> Result<Option<String>, Box<dyn std::error::Error>> {
///     let client = Client::new(transport, vault);
///     let session = client.call(&SignIn::new(user, password)).await?.value;
///     session.check(client.vault().dns(), None)?; // Vault may have signed in elsewhere
///     let client = client.authorized(session.session_id);
///     Ok(client.call(&WhoAmI::new()).await?.value.name)
/// }
/// ```
#[derive(Clone)]
pub struct Client<T> {
    transport: T,
    vault: Vault,
}

impl<T> Client<T> {
    /// A client for a Vault.
    pub fn new(transport: T, vault: Vault) -> Self {
        Self { transport, vault }
    }

    /// The Vault that is called.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The transport.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// The same client with a credential, such as the session that signing in gave.
    #[must_use]
    pub fn authorized(mut self, authorization: impl Into<Authorization>) -> Self {
        self.vault = self.vault.authorized(authorization);
        self
    }

    /// The same transport for another Vault.
    #[must_use]
    pub fn at(&self, vault: Vault) -> Client<&T> {
        Client {
            transport: &self.transport,
            vault,
        }
    }
}

impl<T: HttpTransport> Client<T> {
    /// Makes one call.
    ///
    /// # Errors
    ///
    /// See [`Error`]; before repeating anything, ask it
    /// [`may_have_been_applied`](Error::may_have_been_applied).
    pub async fn call<E: Endpoint>(&self, endpoint: &E) -> Result<Reply<E::Output>, Error> {
        let (request, scrubber) = encode_with_secrets(endpoint, &self.vault)?;
        finish::<E>(self.transport.send(request).await, &scrubber)
    }
}

impl<T: BlockingHttpTransport> Client<T> {
    /// Makes one call, without futures.
    ///
    /// # Errors
    ///
    /// See [`Error`]; before repeating anything, ask it
    /// [`may_have_been_applied`](Error::may_have_been_applied).
    pub fn call_blocking<E: Endpoint>(&self, endpoint: &E) -> Result<Reply<E::Output>, Error> {
        let (request, scrubber) = encode_with_secrets(endpoint, &self.vault)?;
        finish::<E>(self.transport.send_blocking(request), &scrubber)
    }
}

impl<T> fmt::Debug for Client<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("vault", &self.vault)
            .finish_non_exhaustive()
    }
}

fn finish<E: Endpoint>(
    exchange: Result<HttpResponse, TransportError>,
    scrubber: &Scrubber,
) -> Result<Reply<E::Output>, Error> {
    let reply = match exchange {
        Ok(response) => decode::<E>(&response),
        Err(failed) => decode_failed::<E>(failed),
    };
    reply
        .map(|mut reply| {
            reply
                .warnings
                .iter_mut()
                .for_each(|warning| warning.scrub(scrubber));
            E::scrub(&mut reply.value, scrubber);
            reply
        })
        .map_err(|error| error.scrubbed(scrubber))
}
