//! The ledger: which tokens were issued, and where they went. It never holds a value.
//!
//! One [`Line`] of JSON per fact, in the order in which the facts came about, only ever appended to.
//! [`Contents::read`] says what the lines mean together. Files, locks and turns are the caller's.
//!
//! | line | what it counts for |
//! | --- | --- |
//! | `"fact":"issued"` of schema [`SCHEMA`] | a token, and the destinations that have it |
//! | `"fact":"revoked"` of the same schema | the token is gone |
//! | another fact, other fields, a later `vault-sandbox/ledger/…` | not understood: it shows that something happened to a token, never that one is gone |
//! | no JSON (a crash tore it), or of something else | nothing |
//!
//! Fields that are not known are passed over. A line that is not understood makes no other line
//! unreadable, but it may be about a token that is newer than those that are known
//! ([`may_hide_newer`](Contents::may_hide_newer)).
//!
//! ```
//! use vault_sandbox_core::ledger::{Contents, ToReplace};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = br#"{"schema":"vault-sandbox/ledger/1","at":"2026-11-23T18:04:11Z","vault":"veepharm.veevavault.com","sandbox":"VeePharm Sandbox","id":"0PI00000000C003","fact":"issued","operation":"3f9a1c22","vault_id":null,"sandbox_dns":null,"name":"ci","expiry":"never","destinations":["file:/home/jane/token"]}"#;
//! let contents = Contents::read(text, &"veepharm.veevavault.com".parse()?);
//! let sandbox = "VeePharm Sandbox".parse()?;
//! assert!(contents.has(&sandbox, "3f9a1c22".parse()?));
//! let old = contents.to_replace(&sandbox, |destination| destination == "file:/home/jane/token");
//! assert!(matches!(old, ToReplace::Token(token) if token.id.as_str() == "0PI00000000C003"));
//! # Ok(())
//! # }
//! ```

mod line;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

pub use line::{Line, SCHEMA};

use crate::types::{OperationId, SandboxName, TokenId, VaultDns};
use line::{Fact, Issued, Read, Unread};

/// A token that the ledger says was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedToken {
    /// The sandbox that it is for.
    pub sandbox: SandboxName,
    /// Its ID.
    pub id: TokenId,
    /// Where it went, in the words of whoever delivered it.
    pub destinations: Vec<String>,
    /// Where the sandbox's own Vault is, if that was known.
    pub sandbox_dns: Option<VaultDns>,
    /// When it expires for certain; not known of a date, which ends in the user's time zone.
    pub expiry: Option<DateTime<Utc>>,
    /// Whether it is known to be deleted. Not where a later line about it is not understood.
    pub is_gone: bool,
    /// The number of its line.
    at: usize,
}

/// What the lines of a ledger say of the tokens of one Vault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The newest first.
    tokens: Vec<ListedToken>,
    /// Sandbox and operation, as written.
    issued: BTreeSet<(String, String)>,
    /// Lines that are not understood, with their numbers.
    unread: Vec<(usize, Unread)>,
}

/// Which token a new one replaces, as far as the ledger knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToReplace<'a> {
    /// The newest that is known to have gone there and not known to be deleted. Whether a line that
    /// is not understood is about a newer one, [`Contents::may_hide_newer`] says.
    Token(&'a ListedToken),
    /// None: every token that went there is deleted.
    AllGone,
    /// No token is known to have gone there. Something else may lie there.
    NotKnown,
    /// No token that is there is known, but a line that is not understood may be about one. Ask.
    Unclear,
}

impl Contents {
    /// Reads a ledger, and keeps what it says of the tokens of this Vault and its sandboxes.
    ///
    /// Nothing makes it fail: what is not understood is passed over, and remembered where it may be
    /// about a token.
    #[must_use]
    pub fn read(text: &[u8], vault: &VaultDns) -> Self {
        let lines = text.split(|byte| *byte == b'\n').enumerate();
        let lines: Vec<_> = lines
            .filter_map(|(at, line)| Some((at, line::read(line)?)))
            .filter(|(_, line)| line.may_be_of(vault))
            .collect();
        let mut contents = Self::default();
        // From the last to the first: what was said later of a token is known before it is listed.
        let mut gone = BTreeSet::new();
        let mut doubted = BTreeSet::new();
        for (at, line) in lines.into_iter().rev() {
            match line {
                Read::Known(line) => {
                    let token = (line.sandbox, line.id);
                    match line.fact {
                        Fact::Issued(issued) => {
                            contents.list(at, issued, gone.contains(&token), token);
                        }
                        Fact::Revoked if doubted.contains(&token) => {}
                        Fact::Revoked => {
                            gone.insert(token);
                        }
                    }
                }
                Read::Unread(line) => {
                    if let (Some(sandbox), Some(id)) = (&line.sandbox, &line.id) {
                        doubted.insert((sandbox.clone(), id.clone()));
                    }
                    contents.unread.push((at, line));
                }
            }
        }
        contents
    }

    /// The tokens of all sandboxes, deleted ones too, the newest first.
    #[must_use]
    pub fn tokens(&self) -> &[ListedToken] {
        &self.tokens
    }

    /// The tokens of a sandbox, deleted ones too, the newest first.
    pub fn of(&self, sandbox: &SandboxName) -> impl Iterator<Item = &ListedToken> {
        self.tokens
            .iter()
            .filter(move |token| token.sandbox == *sandbox)
    }

    /// Whether an operation is known to have issued a token for a sandbox, whatever became of it
    /// since. `false` does not say that it has not: nothing is known of it then.
    #[must_use]
    pub fn has(&self, sandbox: &SandboxName, operation: OperationId) -> bool {
        let asked = (sandbox.as_str().to_owned(), operation.to_string());
        self.issued.contains(&asked)
    }

    /// Whether a line that is not understood may be about a newer token of the same sandbox: a later
    /// line, unless it says that it is about a token that is listed.
    #[must_use]
    pub fn may_hide_newer(&self, token: &ListedToken) -> bool {
        let is_listed = |line: &Unread| self.tokens.iter().any(|token| line.is_about(token));
        self.unread_of(&token.sandbox)
            .any(|(at, line)| *at >= token.at && !is_listed(line))
    }

    /// Which token of a sandbox a new one replaces, where `is_there` says of a destination, as the
    /// ledger has it, whether the new one goes there: the newest that went there and is not known to
    /// be deleted.
    ///
    /// Where a line about the sandbox is not understood, the answer is never that there is nothing
    /// ([`AllGone`](ToReplace::AllGone)) or nothing known ([`NotKnown`](ToReplace::NotKnown)).
    pub fn to_replace(
        &self,
        sandbox: &SandboxName,
        is_there: impl Fn(&str) -> bool,
    ) -> ToReplace<'_> {
        let went_there =
            |token: &&ListedToken| token.destinations.iter().any(|text| is_there(text));
        let mut there = self.of(sandbox).filter(went_there).peekable();
        let is_known = there.peek().is_some();
        match there.find(|token| !token.is_gone) {
            Some(token) => ToReplace::Token(token),
            None if self.unread_of(sandbox).next().is_some() => ToReplace::Unclear,
            None if is_known => ToReplace::AllGone,
            None => ToReplace::NotKnown,
        }
    }

    /// Lists a token, or remembers that there is one that cannot be called by its ID.
    fn list(&mut self, at: usize, issued: Issued, is_gone: bool, (sandbox, id): (String, String)) {
        let operation = (sandbox.clone(), issued.operation);
        self.issued.insert(operation);
        let Ok(sandbox) = SandboxName::parse(sandbox) else {
            return;
        };
        match TokenId::parse(id) {
            Ok(id) => self.tokens.push(ListedToken {
                sandbox,
                id,
                destinations: issued.destinations,
                sandbox_dns: issued.sandbox_dns.and_then(|dns| dns.parse().ok()),
                expiry: issued.expiry.parse().ok(),
                is_gone,
                at,
            }),
            Err(_) if is_gone => {}
            Err(_) => self.unread.push((at, Unread::of_sandbox(&sandbox))),
        }
    }

    /// The lines about a sandbox that are not understood, with their numbers.
    fn unread_of(&self, sandbox: &SandboxName) -> impl Iterator<Item = &(usize, Unread)> {
        let lines = self.unread.iter();
        lines.filter(move |(_, line)| line.may_be_of(sandbox))
    }
}

#[cfg(test)]
mod tests;
