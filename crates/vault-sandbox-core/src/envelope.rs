//! The part that all of Vault's answers have in common.
//!
//! [Veeva: errors](https://general.veevavault.dev/vault-api/api-reference/26.2/errors/).

use serde::Deserialize;

use crate::vault_error::VaultMessage;
use crate::wire;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The answer without a byte order mark; JSON readers skip white space by themselves.
pub(crate) fn json_of(body: &[u8]) -> &[u8] {
    body.strip_prefix(BOM).unwrap_or(body)
}

pub(crate) struct Envelope {
    pub(crate) status: Status,
    /// Never empty where the status is a failure.
    pub(crate) errors: Vec<VaultMessage>,
    pub(crate) warnings: Vec<VaultMessage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    Warning,
    Failure,
    Exception,
    Unknown,
}

impl Envelope {
    /// `None` if this is no JSON object with a `responseStatus`.
    pub(crate) fn read(json: &[u8]) -> Option<Self> {
        let wire: Wire = serde_json::from_slice(json).ok()?;
        let status = match wire.status.as_deref()? {
            "SUCCESS" => Status::Success,
            "WARNING" => Status::Warning,
            "FAILURE" => Status::Failure,
            "EXCEPTION" => Status::Exception,
            _ => Status::Unknown,
        };
        let said = |messages: Vec<WireMessage>| -> Vec<VaultMessage> {
            let said = messages.into_iter().map(WireMessage::said);
            // An entry without a word must not stand in for the `responseMessage`.
            said.filter(|m| !(m.code.is_empty() && m.message.is_empty()))
                .collect()
        };
        let (mut errors, mut warnings) = (said(wire.errors), said(wire.warnings));
        // The message stands alone in some answers; elsewhere it repeats the entries.
        let alone = || {
            let reason = wire
                .message
                .clone()
                .unwrap_or_else(|| "no reason was given".to_owned());
            VaultMessage::new(wire.error_type.clone().unwrap_or_default(), reason)
        };
        match status {
            Status::Failure | Status::Exception if errors.is_empty() => errors.push(alone()),
            // A success may carry `"errors": []`; one that is not empty is worth a warning.
            Status::Success | Status::Warning => warnings.append(&mut errors),
            _ => {}
        }
        if status == Status::Warning && warnings.is_empty() {
            warnings.push(alone());
        }
        Some(Self {
            status,
            errors,
            warnings,
        })
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "responseStatus", default, deserialize_with = "wire::text")]
    status: Option<String>,
    #[serde(rename = "responseMessage", default, deserialize_with = "wire::text")]
    message: Option<String>,
    #[serde(rename = "errorType", default, deserialize_with = "wire::text")]
    error_type: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    errors: Vec<WireMessage>,
    #[serde(default, deserialize_with = "wire::list")]
    warnings: Vec<WireMessage>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum WireMessage {
    Entry {
        #[serde(rename = "type", default, deserialize_with = "wire::text")]
        code: Option<String>,
        /// What some warnings call it; no alias, because an answer may have both.
        #[serde(default, deserialize_with = "wire::text")]
        warning_type: Option<String>,
        #[serde(default, deserialize_with = "wire::text")]
        message: Option<String>,
    },
    Bare(wire::Text),
}

impl WireMessage {
    pub(crate) fn said(self) -> VaultMessage {
        match self {
            Self::Entry {
                code,
                warning_type,
                message,
            } => VaultMessage::new(
                code.or(warning_type).unwrap_or_default(),
                message.unwrap_or_default(),
            ),
            Self::Bare(text) => VaultMessage::new("", text.0),
        }
    }
}
