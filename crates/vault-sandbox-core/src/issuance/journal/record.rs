//! What a record says: the lines of an issuance, written and read back.
//!
//! A record of this version begins with a line of the schema `vault-sandbox/record/1`. Lines may get
//! further members; a reader that does not know them ignores them. A line of a new kind, or a known one
//! with a value that a reader does not know, makes the record a [newer one](JournalError::Newer), which
//! is shown and left alone; unless the line says `"optional": true`, then it is passed over. So what
//! must not be passed over by an older program needs nothing but a new kind of line. (The program of
//! 2026-11-28 and before erased what stood behind a line that it did not know. A record that such a line
//! would go into has to begin with another schema: that one they left alone.)

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::lines::{self, FILLER, IntactLines, Said};
use crate::body::Body;
use crate::endpoints::{Encoding, IssuedToken, TokenRecord};
use crate::issuance::intent::{Intent, Order, VerifyRule};
use crate::types::{AccessToken, Expiry, TokenId, TokenName};
use crate::validation::ValidationError;

const SCHEMA: &str = "vault-sandbox/record/1";

/// One fact to append to the journal, and to have on disk before going on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Entry {
    /// What is about to be asked. Always the first.
    Intent(Intent),
    /// The token that was issued. **Holds the value.**
    Token(IssuedToken),
    /// How far each destination is.
    Deliveries(Vec<Delivery>),
    /// A token exists without its value: the one with this ID, if that is certain.
    Lost(Option<TokenId>),
}

/// A destination and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Delivery {
    /// Its words, as in [`Intent::destinations`].
    pub destination: String,
    /// How far it is.
    pub state: DeliveryState,
}

impl Delivery {
    /// One that is so far.
    #[must_use]
    pub fn new(destination: impl Into<String>, state: DeliveryState) -> Self {
        Self {
            destination: destination.into(),
            state,
        }
    }

    /// One that has not been tried.
    #[must_use]
    pub fn planned(destination: impl Into<String>) -> Self {
        Self::new(destination, DeliveryState::Planned)
    }
}

/// How far a destination is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct Record {
    /// What was asked.
    pub intent: Intent,
    /// The token, if it was issued and kept.
    pub token: Option<IssuedToken>,
    /// How far each destination is: the intent's, or those that a later run was given instead.
    pub deliveries: Vec<Delivery>,
    /// Every destination that was ever named in it: what a run that was cut off may have left
    /// something beside.
    pub places: Vec<String>,
    /// The token that exists without its value.
    pub lost: Option<TokenId>,
    /// Tokens that an earlier version found by a name that others can have, and took for this
    /// operation's: which it is, is not certain.
    pub candidates: Vec<TokenRecord>,
    /// Length of the intact part in bytes: where the next line goes.
    pub intact: usize,
}

/// Why bytes are no record that can be gone on with. Never quotes them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Reserved space and nothing else: the run ended before its trace was written, so nothing was
    /// asked. The record can go.
    #[error("the record is empty")]
    Empty,
    /// A newer version wrote it, or something in it. To be shown, and left alone byte for byte.
    #[error("the record was written by a newer version")]
    Newer(Box<NewerRecord>),
    /// It does not begin with an intact line, or an intact line that must not be lost stands behind
    /// one that is not: the run ended while it was written, or the record was damaged since. To be
    /// left alone: a person has to see to it.
    #[error("the record is damaged")]
    Damaged,
}

/// What can be shown of a record that a newer version wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewerRecord {
    /// What its first line says it is, such as `vault-sandbox/record/2`.
    pub schema: Option<String>,
    /// When the operation began.
    pub started: Option<String>,
    /// The parent Vault.
    pub vault: Option<String>,
    /// The sandbox.
    pub sandbox: Option<String>,
    /// The token's name.
    pub name: Option<String>,
}

impl Entry {
    /// The entry as one line, with its line feed: JSON behind a checksum.
    ///
    /// The one place where a value is written for keeping.
    #[must_use]
    pub fn to_line(&self) -> Body {
        lines::to_line(&match self {
            Self::Intent(intent) => Line::Intent(Box::new(IntentLine::of(intent))),
            Self::Token(token) => Line::Token {
                id: token.id().map(|id| id.as_str().to_owned()),
                value: token.value().expose().to_owned(),
            },
            Self::Deliveries(all) => Line::Deliveries { all: all.clone() },
            Self::Lost(id) => Line::Lost {
                ids: id.iter().map(|id| id.as_str().to_owned()).collect(),
                certain: true,
            },
        })
    }
}

impl Record {
    /// Reads a journal: its intact lines in their order, up to the first that is not. Nothing is
    /// changed: what stands behind is erased when something [is appended](super::Journal::append).
    ///
    /// # Errors
    ///
    /// There is nothing in it, or it is not a record that this version can go on with.
    pub fn read(journal: &[u8]) -> Result<Self, JournalError> {
        if journal.iter().all(|byte| *byte == FILLER) {
            return Err(JournalError::Empty);
        }
        let mut lines = IntactLines::of(journal);
        let mut record = match lines.next() {
            Some(Said::Known(Line::Intent(first))) => Self::begun(*first)?,
            Some(Said::Unknown(first)) => return Err(newer(NewerRecord::of(&first))),
            Some(Said::Known(_) | Said::Optional) | None => return Err(JournalError::Damaged),
        };
        while let Some(said) = lines.next() {
            match said {
                Said::Known(line) => record.add(line),
                Said::Optional => {}
                Said::Unknown(_) => return Err(newer(NewerRecord::begun(&record.intent))),
            }
        }
        record.intact = lines.read();
        while let Some(said) = lines.next_behind_damage() {
            if matches!(said, Said::Known(Line::Token { .. }) | Said::Unknown(_)) {
                return Err(JournalError::Damaged);
            }
        }
        Ok(record)
    }

    fn begun(first: IntentLine) -> Result<Self, JournalError> {
        let glimpse = NewerRecord::first(&first);
        // Intact, but not understood: whoever wrote it knew more.
        let intent = first.intent().map_err(|_| newer(glimpse))?;
        Ok(Self {
            token: None,
            deliveries: intent.destinations.iter().map(Delivery::planned).collect(),
            places: intent.destinations.clone(),
            lost: None,
            candidates: Vec::new(),
            intact: 0,
            intent,
        })
    }

    fn add(&mut self, line: Line) {
        match line {
            // The first counts.
            Line::Intent(_) => {}
            Line::Token { id, value } => {
                let value = AccessToken::from_wire(value);
                self.token = value.map(|v| IssuedToken::new(id.and_then(TokenId::from_wire), v));
                // The first delivery has no line of its own: a kept token was about to go there,
                // unless it had to be tried out first.
                let first = self.deliveries.first_mut();
                if let Some(first) = first.filter(|_| self.intent.replaces.is_none()) {
                    first.state = DeliveryState::Started;
                }
            }
            Line::Deliveries { all } => {
                for delivery in &all {
                    if !self.places.contains(&delivery.destination) {
                        self.places.push(delivery.destination.clone());
                    }
                }
                self.deliveries = all;
            }
            Line::Lost { ids, certain } => {
                let mut ids: Vec<_> = ids.into_iter().filter_map(TokenId::from_wire).collect();
                ids.retain(|id| self.intent.replaces.as_ref() != Some(id));
                // An earlier version wrote down every token of the name, whosever it was.
                let is_certain = certain || self.intent.has_own_name();
                (self.lost, self.candidates) = match (is_certain, ids.as_slice()) {
                    (true, [only]) => (Some(only.clone()), Vec::new()),
                    _ => (None, ids.into_iter().map(TokenRecord::new).collect()),
                };
            }
        }
    }
}

impl NewerRecord {
    fn of(first: &Value) -> Self {
        let text = |member: &str| Some(first.get(member)?.as_str()?.to_owned());
        Self {
            schema: text("schema"),
            started: text("started"),
            vault: text("vault"),
            sandbox: text("sandbox"),
            name: text("name"),
        }
    }

    fn first(line: &IntentLine) -> Self {
        Self {
            schema: Some(line.schema.clone()),
            started: Some(line.started.clone()),
            vault: Some(line.vault.clone()),
            sandbox: Some(line.sandbox.clone()),
            name: Some(line.name.clone()),
        }
    }

    fn begun(intent: &Intent) -> Self {
        Self::first(&IntentLine::of(intent))
    }
}

fn newer(record: NewerRecord) -> JournalError {
    JournalError::Newer(Box::new(record))
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
enum Line {
    Intent(Box<IntentLine>),
    Token {
        id: Option<String>,
        value: String,
    },
    Deliveries {
        all: Vec<Delivery>,
    },
    Lost {
        ids: Vec<String>,
        /// Missing where an earlier version wrote it.
        #[serde(default)]
        certain: bool,
    },
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sandbox_vault_id: Option<String>,
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
            verify: intent.verify.as_str().to_owned(),
            verify_first: intent.order == Order::VerifyFirst,
            replaces: intent.replaces.as_ref().map(|id| id.as_str().to_owned()),
            sandbox_vault_id: intent.sandbox_vault_id.map(|id| id.to_string()),
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
        let name: TokenName = self.name.parse()?;
        let mut intent = Intent::new(
            self.operation.parse()?,
            started,
            self.vault.parse()?,
            self.sandbox.parse()?,
            name.clone(),
            Expiry::from_wire(self.expiry.as_deref())?,
        );
        // As it was sent: what looks like a placeholder in it was none.
        intent.name = name;
        let rule = VerifyRule::from_word(&self.verify);
        Ok(intent
            .vault_id(self.vault_id.map(|id| id.parse()).transpose()?)
            .api_version(self.api_version.parse()?)
            .sandbox_dns(self.sandbox_dns.map(|dns| dns.parse()).transpose()?)
            .sandbox_vault_id(self.sandbox_vault_id.map(|id| id.parse()).transpose()?)
            .encoding(match self.json {
                true => Encoding::Json,
                false => Encoding::Form,
            })
            .destinations(self.destinations)
            .verify(rule.ok_or_else(|| wrong("has a verify rule that is not known"))?)
            .order(match self.verify_first {
                true => Order::VerifyFirst,
                false => Order::DeliverFirst,
            })
            .replaces(self.replaces.and_then(TokenId::from_wire)))
    }
}

#[cfg(test)]
mod tests;
