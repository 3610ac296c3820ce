//! The trace of an issuance as lines of text, each complete in itself.
//!
//! A journal is only ever appended to, within space that was reserved beforehand: a crash in the
//! middle of a write leaves a last line that is not intact, and everything before it as it was.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::intent::{Intent, Order, VerifyRule};
use crate::body::Body;
use crate::endpoints::{Encoding, IssuedToken};
use crate::types::{AccessToken, Expiry, TokenId};
use crate::validation::ValidationError;

const SCHEMA: &str = "vault-sandbox/record/1";

/// What reserved space is to be filled with. No line begins with it.
pub const FILLER: u8 = b'\n';

/// One fact to append to the journal, and to have on disk before going on.
#[derive(Debug, Clone)]
pub enum Entry {
    /// What is about to be asked. Always the first.
    Intent(Intent),
    /// The token that was issued. **Holds the value.**
    Token(IssuedToken),
    /// How far each destination is.
    Deliveries(Vec<Delivery>),
    /// Tokens that exist without their value.
    Lost(Vec<TokenId>),
}

/// A destination and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its words, as in [`Intent::destinations`].
    pub destination: String,
    /// How far it is.
    pub state: DeliveryState,
}

impl Delivery {
    /// One that has not been tried.
    #[must_use]
    pub fn planned(destination: impl Into<String>) -> Self {
        Self {
            destination: destination.into(),
            state: DeliveryState::Planned,
        }
    }
}

/// How far a destination is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Not tried.
    Planned,
    /// About to be tried: a record that says so may, or may not, have been delivered.
    Started,
    /// Confirmed.
    Committed,
    /// Tried, and failed.
    Failed,
    /// Started by a run that ended; whether it has the value cannot be told.
    Uncertain,
}

/// What a journal says, read back.
#[derive(Debug, Clone)]
pub struct Record {
    /// What was asked.
    pub intent: Intent,
    /// The token, if it was issued and kept.
    pub token: Option<IssuedToken>,
    /// How far each destination is: the intent's, or those that a later run was given instead.
    pub deliveries: Vec<Delivery>,
    /// Tokens that exist without their value.
    pub lost: Vec<TokenId>,
    /// Length of the intact part in bytes: where the next line goes.
    pub intact: usize,
}

/// Why bytes are no journal. Never quotes them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Reserved space and nothing else: the run ended before its trace was written, so nothing was
    /// asked. The record can go.
    #[error("the record is empty")]
    Empty,
    /// The first line is no intact intent of this version: the run ended while it was written, or
    /// the record was damaged since. Not to be removed by a program: a person has to see to it.
    #[error("the record does not begin with an intent that this version can read")]
    NoIntent,
}

impl Entry {
    /// The entry as one line, with its line feed: JSON behind a checksum.
    ///
    /// The one place where a value is written for keeping.
    #[must_use]
    pub fn to_line(&self) -> Body {
        let line = match self {
            Self::Intent(intent) => Line::Intent(Box::new(IntentLine::of(intent))),
            Self::Token(token) => {
                let exposed = token.value().expose();
                Line::Token {
                    id: token.id().map(|id| id.as_str().to_owned()),
                    value: String::from_utf8_lossy(exposed.as_bytes()).into_owned(),
                }
            }
            Self::Deliveries(all) => Line::Deliveries { all: all.clone() },
            Self::Lost(ids) => Line::Lost {
                ids: ids.iter().map(|id| id.as_str().to_owned()).collect(),
            },
        };
        // Structs of strings and lists: writing them as JSON cannot fail.
        let json = serde_json::to_string(&line).unwrap_or_default();
        Body::from(format!("{:016x} {json}\n", checksum(json.as_bytes())))
    }
}

impl Record {
    /// Reads a journal: its intact lines in their order, up to the first that is not.
    ///
    /// # Errors
    ///
    /// There is nothing in it, or it does not begin with an intent.
    pub fn read(journal: &[u8]) -> Result<Self, JournalError> {
        let mut lines = IntactLines {
            rest: journal,
            read: 0,
        };
        if journal.iter().all(|byte| *byte == FILLER) {
            return Err(JournalError::Empty);
        }
        let Some(Some(Line::Intent(first))) = lines.next() else {
            return Err(JournalError::NoIntent);
        };
        let intent = first.intent().map_err(|_| JournalError::NoIntent)?;
        let deliveries = intent.destinations.iter().map(Delivery::planned).collect();
        let mut record = Self {
            intent,
            token: None,
            deliveries,
            lost: Vec::new(),
            intact: lines.read,
        };
        while let Some(Some(line)) = lines.next() {
            record.intact = lines.read;
            match line {
                Line::Intent(_) => {}
                Line::Token { id, value } => {
                    let value = AccessToken::from_wire(value);
                    record.token =
                        value.map(|v| IssuedToken::new(id.and_then(TokenId::from_wire), v));
                    // The first delivery has no line of its own: a kept token was about to go there,
                    // unless it had to be tried out first.
                    let first = record.deliveries.first_mut();
                    if let Some(first) = first.filter(|_| record.intent.replaces.is_none()) {
                        first.state = DeliveryState::Started;
                    }
                }
                Line::Deliveries { all } => record.deliveries = all,
                Line::Lost { ids } => {
                    record.lost = ids.into_iter().filter_map(TokenId::from_wire).collect();
                }
            }
        }
        Ok(record)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
enum Line {
    Intent(Box<IntentLine>),
    Token { id: Option<String>, value: String },
    Deliveries { all: Vec<Delivery> },
    Lost { ids: Vec<String> },
}

#[derive(Serialize, Deserialize)]
struct IntentLine {
    schema: String,
    operation: String,
    started: String,
    vault: String,
    vault_id: Option<String>,
    api_version: String,
    sandbox: String,
    sandbox_dns: Option<String>,
    name: String,
    expiry: Option<String>,
    json: bool,
    destinations: Vec<String>,
    verify: String,
    verify_first: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
}

impl IntentLine {
    fn of(intent: &Intent) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            operation: intent.operation.to_string(),
            started: intent.started.to_rfc3339(),
            vault: intent.vault.to_string(),
            vault_id: intent.vault_id.map(|id| id.to_string()),
            api_version: intent.api_version.to_string(),
            sandbox: intent.sandbox.to_string(),
            sandbox_dns: intent.sandbox_dns.as_ref().map(ToString::to_string),
            name: intent.name.to_string(),
            expiry: intent.expiry.to_wire(),
            json: intent.encoding == Encoding::Json,
            destinations: intent.destinations.clone(),
            verify: match intent.verify {
                VerifyRule::Auto => "auto",
                VerifyRule::Always => "always",
                VerifyRule::Never => "never",
            }
            .to_owned(),
            verify_first: intent.order == Order::VerifyFirst,
            replaces: intent.replaces.as_ref().map(ToString::to_string),
        }
    }

    fn intent(self) -> Result<Intent, ValidationError> {
        let wrong = |reason: &str| ValidationError::new("record", reason);
        if self.schema != SCHEMA {
            return Err(wrong("has another schema"));
        }
        let started: DateTime<Utc> = self
            .started
            .parse()
            .map_err(|_| wrong("has a start that is no instant"))?;
        Ok(Intent {
            operation: self.operation.parse()?,
            started,
            vault: self.vault.parse()?,
            vault_id: self.vault_id.map(|id| id.parse()).transpose()?,
            api_version: self.api_version.parse()?,
            sandbox: self.sandbox.parse()?,
            sandbox_dns: self.sandbox_dns.map(|dns| dns.parse()).transpose()?,
            name: self.name.parse()?,
            expiry: Expiry::from_wire(self.expiry.as_deref())?,
            encoding: if self.json {
                Encoding::Json
            } else {
                Encoding::Form
            },
            destinations: self.destinations,
            verify: match self.verify.as_str() {
                "auto" => VerifyRule::Auto,
                "always" => VerifyRule::Always,
                "never" => VerifyRule::Never,
                _ => return Err(wrong("has a verify rule that is not known")),
            },
            order: if self.verify_first {
                Order::VerifyFirst
            } else {
                Order::DeliverFirst
            },
            replaces: self.replaces.map(TokenId::parse).transpose()?,
        })
    }
}

/// Lines whose checksum is right, until the first whose is not. An intact line that is of no known
/// form, as a later version may write, comes as `None`.
struct IntactLines<'a> {
    rest: &'a [u8],
    read: usize,
}

impl Iterator for IntactLines<'_> {
    type Item = Option<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.rest.iter().position(|b| *b == b'\n')?;
        let line = std::str::from_utf8(&self.rest[..end]).ok()?;
        let (sum, json) = line.split_once(' ')?;
        if sum != format!("{:016x}", checksum(json.as_bytes())) {
            return None;
        }
        self.rest = &self.rest[end + 1..];
        self.read += end + 1;
        Some(serde_json::from_str(json).ok())
    }
}

/// FNV-1a, 64 bits: against a torn write, not against an adversary.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ApiVersion, OperationId, VaultId};
    use proptest::prelude::*;

    fn intent() -> Intent {
        Intent {
            operation: OperationId::from_bytes([1, 2, 3, 4]),
            started: "2026-11-23T18:04:11.5Z".parse().unwrap(),
            vault: "http://127.0.0.1:4000".parse().unwrap(),
            vault_id: Some(VaultId::new(1_000_660)),
            api_version: ApiVersion::V26_2,
            sandbox: "Q&A \"50%\" / Ünïcode #1".parse().unwrap(),
            sandbox_dns: Some("http://127.0.0.1:4001".parse().unwrap()),
            name: "ci".parse().unwrap(),
            expiry: Expiry::end_of_day("2027-02-21".parse().unwrap()).unwrap(),
            encoding: Encoding::Json,
            destinations: vec!["file:a\nb".into(), "-".into()],
            verify: VerifyRule::Always,
            order: Order::VerifyFirst,
            replaces: Some(TokenId::parse("0PI0").unwrap()),
        }
    }

    fn token(value: &str) -> IssuedToken {
        IssuedToken::new(
            TokenId::from_wire("0PI1".into()),
            AccessToken::from_wire(value.into()).unwrap(),
        )
    }

    fn deliveries() -> Vec<Delivery> {
        let one = |destination: &str, state| Delivery {
            destination: destination.into(),
            state,
        };
        vec![
            one("file:a\nb", DeliveryState::Committed),
            one("-", DeliveryState::Started),
        ]
    }

    fn journal() -> Vec<u8> {
        let entries = [
            Entry::Intent(intent()),
            Entry::Token(token("veeva-vault-CANARY \"\n\u{0}é")),
            Entry::Deliveries(deliveries()),
        ];
        entries
            .iter()
            .flat_map(|entry| entry.to_line().as_bytes().to_vec())
            .collect()
    }

    #[test]
    fn reads_what_was_written() {
        let bytes = journal();
        let record = Record::read(&bytes).unwrap();
        assert_eq!(record.intent, intent());
        let kept = record.token.as_ref().unwrap();
        assert_eq!(
            kept.value().expose().as_bytes(),
            "veeva-vault-CANARY \"\n\u{0}é".as_bytes()
        );
        assert_eq!(record.deliveries, deliveries());
        assert_eq!(record.intact, bytes.len());
        assert!(
            !format!("{record:?} {:?}", Entry::Token(token("veeva-vault-CANARY")))
                .contains("CANARY")
        );
    }

    #[test]
    fn cut_at_every_byte_it_says_less_but_never_anything_wrong() {
        let bytes = journal();
        let whole = Record::read(&bytes).unwrap();
        for cut in 0..bytes.len() {
            // Reserved space follows what was written.
            let mut torn = bytes[..cut].to_vec();
            torn.resize(bytes.len() + 64, b'\n');
            match Record::read(&torn) {
                Err(error) => assert_eq!(error == JournalError::Empty, cut == 0, "cut at {cut}"),
                Ok(record) => {
                    assert_eq!(record.intent, whole.intent);
                    // Reserved space may stand in for the line feed itself.
                    assert!(record.intact <= cut + 1);
                    if let Some(token) = record.token {
                        assert_eq!(
                            token.value().expose(),
                            whole.token.as_ref().unwrap().value().expose()
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn one_wrong_bit_in_a_line_unsays_it() {
        let bytes = journal();
        let second = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
        for at in second..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 1;
            let record = Record::read(&broken).unwrap();
            if let Some(token) = record.token {
                assert_eq!(
                    token.value().expose().as_bytes(),
                    "veeva-vault-CANARY \"\n\u{0}é".as_bytes()
                );
            }
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Record::read(&bytes);
        }
    }
}
