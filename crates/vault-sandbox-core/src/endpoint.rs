use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::ProtocolProblem;
use crate::path::ApiPath;
use crate::payload::Payload;
use crate::redact::Scrubber;
use crate::types::IdentityToken;
use crate::validation::ValidationError;

/// A call of Vault's API as a value: what is sent, and how the answer is read.
///
/// The trait is open. To call something that this crate does not cover, implement it:
///
/// ```
/// use vault_sandbox_core::{Answer, ApiPath, Endpoint, Method, ProtocolProblem, Repeat, ValidationError};
///
/// /// `GET /api/{version}/objects/domains`.
/// struct ListDomains;
///
/// #[derive(serde::Deserialize)]
/// struct Domain { name: String }
///
/// impl Endpoint for ListDomains {
///     type Output = Vec<Domain>;
///     const NAME: &'static str = "list_domains";
///     const METHOD: Method = Method::GET;
///     const REPEAT: Repeat = Repeat::Safe;
///
///     fn path(&self) -> Result<ApiPath, ValidationError> {
///         Ok(ApiPath::versioned().literal("objects/domains"))
///     }
///
///     fn read(answer: &Answer<'_>) -> Result<Self::Output, ProtocolProblem> {
///         #[derive(serde::Deserialize)]
///         struct Body { domains: Vec<Domain> }
///         Ok(answer.whole::<Body>()?.domains)
///     }
/// }
/// ```
pub trait Endpoint {
    /// What a `SUCCESS` holds.
    type Output;
    /// What errors and logs call it: `generate_sandbox_token`.
    const NAME: &'static str;
    /// The HTTP method.
    const METHOD: http::Method;
    /// Whether the same request may be sent again when its fate is unknown.
    const REPEAT: Repeat;

    /// The path, with every name in it percent-encoded.
    ///
    /// # Errors
    ///
    /// A name that cannot be a path segment.
    fn path(&self) -> Result<ApiPath, ValidationError>;

    /// The body. None unless said otherwise.
    fn payload(&self) -> Payload {
        Payload::empty()
    }

    /// Who the request comes from. The [`Vault`](crate::Vault)'s authorization unless said otherwise.
    fn caller(&self) -> Caller<'_> {
        Caller::Authorized
    }

    /// Reads the answer to a call that Vault says succeeded.
    ///
    /// # Errors
    ///
    /// What is missing, without quoting the answer.
    fn read(answer: &Answer<'_>) -> Result<Self::Output, ProtocolProblem>;

    /// Finds what must not be lost in an answer that is cut, odd, or no success. Nothing unless
    /// said otherwise.
    #[must_use]
    fn salvage(_body: &[u8]) -> Option<Self::Output> {
        None
    }

    /// Removes secrets from words of Vault inside the value, such as its reasons for refusing one
    /// row of many; [`Client`](crate::Client) calls it. Nothing unless said otherwise.
    fn scrub(_value: &mut Self::Output, _scrubber: &Scrubber) {}
}

/// Whether a request may be sent again when nobody knows if it was carried out.
///
/// [`encode`](crate::encode) puts it into the request's extensions, so that a transport, a log or a
/// pool of connections can tell: `request.extensions().get::<Repeat>()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Twice is as good as once.
    Safe,
    /// Twice does harm: a second token, a second sign-in attempt.
    Once,
}

/// Who a request comes from.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Caller<'a> {
    /// The session or access token of the [`Vault`](crate::Vault). Without one, nothing is sent.
    Authorized,
    /// Nobody yet: signing in. Sent without `Authorization`, even if there is one.
    Anonymous,
    /// Somebody that an identity provider vouches for.
    Identity(&'a IdentityToken),
}

/// The JSON of an answer whose `responseStatus` is `SUCCESS` or `WARNING`.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    json: &'a [u8],
}

impl<'a> Answer<'a> {
    pub(crate) fn new(json: &'a [u8]) -> Self {
        Self { json }
    }

    /// Reads the whole object.
    ///
    /// # Errors
    ///
    /// It does not have the form of `T`.
    pub fn whole<T: DeserializeOwned>(&self) -> Result<T, ProtocolProblem> {
        serde_json::from_slice(self.json).map_err(|error| unreadable(&error))
    }

    /// Reads the member `data`.
    ///
    /// # Errors
    ///
    /// It is missing, or does not have the form of `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, ProtocolProblem> {
        #[derive(Deserialize)]
        struct Data<T> {
            data: T,
        }
        self.whole::<Data<T>>().map(|whole| whole.data)
    }
}

/// serde's words quote the text they stumbled over, which may be a secret: only those about a
/// missing field are taken over.
fn unreadable(error: &serde_json::Error) -> ProtocolProblem {
    let said = error.to_string();
    let field = said
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split_once('`'));
    ProtocolProblem::new(match field {
        Some((field, _)) => format!("the answer has no {field}"),
        None => format!(
            "the answer does not have the documented form, at column {}",
            error.column()
        ),
    })
}
