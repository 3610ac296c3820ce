//! Keys that are known, and values that are what their keys say. No value is ever in a message.

use toml::{Table, Value};
use vault_sandbox_core::redact::escape;
use vault_sandbox_core::{Expiry, TOKEN_PREFIX, ValidationError};

/// Keys nearer than this are worth a suggestion.
const SIMILAR: f64 = 0.75;
/// Keys with one of these in them were meant to hold a secret.
const SECRETS: [&str; 7] = [
    "password",
    "passwd",
    "secret",
    "session",
    "token",
    "credential",
    "key",
];

/// A table of the file, and where it stands.
pub(super) struct Section<'a> {
    at: String,
    table: &'a Table,
}

impl<'a> Section<'a> {
    pub(super) fn new(at: &str, table: &'a Table) -> Self {
        Self {
            at: escape(at),
            table,
        }
    }

    /// Any other key is a mistake: better found here than wondered about later.
    pub(super) fn allow(&self, known: &[&str]) -> Result<(), String> {
        let unknown = self.table.keys().find(|key| !known.contains(&key.as_str()));
        let Some(key) = unknown else {
            return Ok(());
        };
        let (name, lower) = (self.name(key), key.to_lowercase());
        if SECRETS.iter().any(|secret| lower.contains(secret)) {
            return Err(format!(
                "{name} would be a secret, and this file is no place for one: take it out and change it, then use password_command, a file or the environment"
            ));
        }
        Err(format!(
            "{name} is not a key of it{}",
            suggestion(key, known.iter().copied())
        ))
    }

    pub(super) fn table(&self, key: &str) -> Result<Option<&'a Table>, String> {
        self.of(key, "a table", Value::as_table)
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>, String> {
        self.of(key, "a text in quotes", |value| {
            value.as_str().map(str::to_owned)
        })
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<u64>, String> {
        self.of(key, "a number (without quotes)", |value| {
            value.as_integer().and_then(|n| u64::try_from(n).ok())
        })
    }

    pub(super) fn list(&self, key: &str) -> Result<Option<Vec<String>>, String> {
        self.of(key, "a list of texts, such as [\"a\", \"b\"]", |value| {
            let texts = value.as_array()?.iter();
            texts.map(|text| text.as_str().map(str::to_owned)).collect()
        })
    }

    pub(super) fn parsed<T>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, ValidationError>,
    ) -> Result<Option<T>, String> {
        let text = self.text(key)?;
        let parsed = text.as_deref().map(parse).transpose();
        parsed.map_err(|e| format!("{} {}", self.name(key), e.reason()))
    }

    /// Kept as it is written: a duration begins when it is used.
    pub(super) fn expiry(&self, key: &str) -> Result<Option<String>, String> {
        let text = self.text(key)?;
        match text
            .as_deref()
            .map(|t| Expiry::parse(t, chrono::Utc::now()))
        {
            Some(Err(e)) => Err(format!("{} {}", self.name(key), e.reason())),
            _ => Ok(text),
        }
    }

    fn of<T>(
        &self,
        key: &str,
        kind: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let value = self.table.get(key).map(read);
        match value {
            Some(None) => Err(format!("{} is not {kind}", self.name(key))),
            other => Ok(other.flatten()),
        }
    }

    fn name(&self, key: &str) -> String {
        match self.at.as_str() {
            "" => escape(key),
            at => format!("{at}.{}", escape(key)),
        }
    }
}

/// `. Did you mean x?`, or nothing.
pub(super) fn suggestion<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|name| (strsim::jaro_winkler(name, wrong), name))
        .filter(|(score, _)| *score >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| format!(". Did you mean {}?", escape(name)))
        .unwrap_or_default()
}

/// A token in the file is known to all who can read it or its backups.
pub(super) fn check_no_tokens(table: &Table) -> Result<(), String> {
    for (key, value) in table {
        if key.contains(TOKEN_PREFIX) || holds_token(value) {
            return Err(
                "something in it looks like an API access token. It is now exposed: take it out, and delete that token in Vault"
                    .to_owned(),
            );
        }
        if let Value::Table(inner) = value {
            check_no_tokens(inner)?;
        }
    }
    Ok(())
}

fn holds_token(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(TOKEN_PREFIX),
        Value::Array(values) => values.iter().any(holds_token),
        Value::Table(table) => table
            .iter()
            .any(|(key, value)| key.contains(TOKEN_PREFIX) || holds_token(value)),
        _ => false,
    }
}
