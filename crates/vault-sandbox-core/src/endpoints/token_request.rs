//! What the three endpoints that generate a token have in common.

use serde::{Deserialize, Serialize};

use crate::endpoint::Answer;
use crate::error::ProtocolProblem;
use crate::payload::{Form, Payload};
use crate::types::{AccessToken, Expiry, TokenId, TokenName};
use crate::wire;

/// How the body of a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`.
    #[default]
    Form,
    /// `application/json`.
    Json,
}

/// A token as Vault issues it. The value is in this answer and can never be read again.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    id: Option<TokenId>,
    value: AccessToken,
}

impl IssuedToken {
    /// A token with its record ID, if the answer had one.
    #[must_use]
    pub fn new(id: Option<TokenId>, value: AccessToken) -> Self {
        Self { id, value }
    }

    /// The ID of the token's record, by which it is revoked. Vault documents that there is one.
    #[must_use]
    pub fn id(&self) -> Option<&TokenId> {
        self.id.as_ref()
    }

    /// The token.
    #[must_use]
    pub fn value(&self) -> &AccessToken {
        &self.value
    }
}

/// Name, expiry and encoding of a token that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenRequest {
    pub(crate) name: TokenName,
    pub(crate) expiry: Expiry,
    pub(crate) encoding: Encoding,
}

impl TokenRequest {
    pub(crate) fn new(name: TokenName, expiry: Expiry) -> Self {
        Self {
            name,
            expiry,
            encoding: Encoding::default(),
        }
    }

    pub(crate) fn payload(&self) -> Payload {
        #[derive(Serialize)]
        struct Wire<'a> {
            #[serde(rename = "name__v")]
            name: &'a str,
            // `expiry_date__v` is the parameter; `expiry_date__sys`, which some of Veeva's samples
            // send, is the field of the stored record.
            #[serde(rename = "expiry_date__v", skip_serializing_if = "Option::is_none")]
            expiry: Option<&'a str>,
        }
        let expiry = self.expiry.to_wire();
        let (name, expiry) = (self.name.as_str(), expiry.as_deref());
        match self.encoding {
            Encoding::Form => Payload::form(
                Form::new()
                    .field("name__v", name)
                    .optional("expiry_date__v", expiry),
            ),
            Encoding::Json => Payload::json(&Wire { name, expiry }),
        }
    }
}

pub(crate) fn read(answer: &Answer<'_>) -> Result<IssuedToken, ProtocolProblem> {
    #[derive(Deserialize)]
    struct Wire {
        #[serde(default, deserialize_with = "wire::text")]
        id: Option<String>,
        // A number or a list is no token, and must not become one.
        #[serde(rename = "token__sys", default)]
        value: Option<serde_json::Value>,
    }
    let wire: Wire = answer.data()?;
    let id = wire.id.and_then(TokenId::from_wire);
    match wire.value {
        Some(serde_json::Value::String(value)) => AccessToken::from_wire(value),
        _ => None,
    }
    .map(|value| IssuedToken {
        id: id.clone(),
        value,
    })
    .ok_or_else(|| {
        ProtocolProblem::new("the answer says SUCCESS but has no token__sys").created(id)
    })
}

/// The methods that the three endpoints share, once.
macro_rules! token_endpoint {
    ($endpoint:ident, $name:literal) => {
        impl $endpoint {
            /// Writes the body as a form (the default) or as JSON; Vault documents both.
            pub fn encoding(mut self, encoding: Encoding) -> Self {
                self.request.encoding = encoding;
                self
            }

            /// The name the token will have.
            #[must_use]
            pub fn name(&self) -> &TokenName {
                &self.request.name
            }

            /// When the token will expire.
            #[must_use]
            pub fn expiry(&self) -> Expiry {
                self.request.expiry
            }

            /// How the body is [written](Self::encoding).
            #[must_use]
            pub fn encoded_as(&self) -> Encoding {
                self.request.encoding
            }
        }

        impl Endpoint for $endpoint {
            type Output = IssuedToken;
            const NAME: &'static str = $name;
            const METHOD: http::Method = http::Method::POST;
            const REPEAT: Repeat = Repeat::Once;

            fn path(&self) -> Result<ApiPath, ValidationError> {
                self.token_path()
            }

            fn payload(&self) -> Payload {
                self.request.payload()
            }

            fn read(answer: &Answer<'_>) -> Result<IssuedToken, ProtocolProblem> {
                token_request::read(answer)
            }

            fn salvage(body: &[u8]) -> Option<IssuedToken> {
                salvage::issued_token(body)
            }
        }
    };
}

pub(crate) use token_endpoint;
