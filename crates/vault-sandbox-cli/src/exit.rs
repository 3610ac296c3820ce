//! The one table of exit codes: what they are, and what a script may do about them.

use vault_sandbox_core::issuance::{NotIssued, Outcome};

/// How the program ends. The tens of the code say whether anything was issued: below 20 no, from
/// 20 on yes or perhaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Internal,
    Usage,
    Configuration,
    SignIn,
    Refused,
    Unreachable,
    Later,
    Destination,
    Declined,
    Undelivered,
    Mismatch,
    ValueLost,
    Unknown,
    Mixed,
    Partial,
    Expiring,
    Interrupted,
    Terminated,
}

/// One row: exit code, the word of JSON's `error.code`, the word of `outcome`, and of `error.retry`.
type Row = (u8, &'static str, &'static str, &'static str);

impl Exit {
    fn row(self) -> Row {
        match self {
            Self::Done => (0, "", "ok", "safe"),
            Self::Internal => (1, "internal", "not_issued", "safe"),
            Self::Usage => (2, "usage", "not_issued", "safe"),
            Self::Configuration => (3, "configuration", "not_issued", "safe"),
            Self::SignIn => (4, "sign_in", "not_issued", "unsafe"),
            Self::Refused => (5, "refused", "not_issued", "unsafe"),
            Self::Unreachable => (7, "unreachable", "not_issued", "safe"),
            Self::Later => (8, "later", "not_issued", "later"),
            Self::Destination => (10, "destination", "not_issued", "safe"),
            Self::Declined => (11, "declined", "not_issued", "safe"),
            Self::Undelivered => (20, "undelivered", "undelivered", "unsafe"),
            Self::Mismatch => (21, "mismatch", "mismatch", "unsafe"),
            Self::ValueLost => (22, "value_lost", "value_lost", "unsafe"),
            Self::Unknown => (23, "unknown", "unknown", "unsafe"),
            Self::Mixed => (24, "partial", "partial", "safe"),
            Self::Partial => (24, "partial", "partial", "unsafe"),
            Self::Expiring => (31, "expiring", "ok", "safe"),
            Self::Interrupted => (130, "interrupted", "not_issued", "safe"),
            Self::Terminated => (143, "terminated", "not_issued", "safe"),
        }
    }

    /// How a run over many ends, by how each did, in their order.
    pub(crate) fn of_many(each: &[Self], mixed: Self) -> Self {
        let Some(first) = each.first().copied() else {
            return Self::Done;
        };
        if each.iter().all(|exit| *exit == first) {
            return first;
        }
        let is_stop = |exit: &&Self| matches!(exit, Self::Interrupted | Self::Terminated);
        let nothing = |exit: &Self| (1..20).contains(&exit.code()) || is_stop(&exit);
        if !each.iter().all(nothing) {
            return mixed;
        }
        // Nothing at all was done: that it was stopped, or else the first reason, stands for all.
        *each.iter().find(is_stop).unwrap_or(&first)
    }

    pub(crate) fn code(self) -> u8 {
        self.row().0
    }

    /// The word of `error.code`: stable, for scripts.
    pub(crate) fn word(self) -> &'static str {
        self.row().1
    }

    /// The word of `outcome`, for everything but a finished `token create`.
    pub(crate) fn outcome(self) -> &'static str {
        self.row().2
    }

    /// Whether the same command may simply be run again.
    pub(crate) fn retry(self) -> &'static str {
        self.row().3
    }

    /// The exit for an outcome of the protocol. Why nothing was issued is known better where the
    /// refusal was seen: `refusal` says so.
    pub(crate) fn of(outcome: &Outcome, refusal: Option<Self>) -> Self {
        match outcome {
            Outcome::Issued | Outcome::NotIssued(NotIssued::Revoked) => Self::Done,
            Outcome::NotIssued(NotIssued::NoTrace) => Self::Destination,
            Outcome::NotIssued(NotIssued::NotSent) => refusal.unwrap_or(Self::Unreachable),
            Outcome::NotIssued(NotIssued::Stopped) => refusal.unwrap_or(Self::Interrupted),
            Outcome::NotIssued(NotIssued::Refused(_)) => refusal.unwrap_or(Self::Refused),
            Outcome::Undelivered => Self::Undelivered,
            Outcome::Mismatch | Outcome::NotIssued(NotIssued::Unfit) => Self::Mismatch,
            Outcome::OldRemains => Self::Partial,
            Outcome::ValueLost(_) => Self::ValueLost,
            // What a later version of core may add is not known to be harmless.
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::Exit;

    const ALL: [Exit; 18] = [
        Exit::Done,
        Exit::Internal,
        Exit::Usage,
        Exit::Configuration,
        Exit::SignIn,
        Exit::Refused,
        Exit::Unreachable,
        Exit::Later,
        Exit::Destination,
        Exit::Declined,
        Exit::Undelivered,
        Exit::Mismatch,
        Exit::ValueLost,
        Exit::Unknown,
        Exit::Mixed,
        Exit::Expiring,
        Exit::Interrupted,
        Exit::Terminated,
    ];

    /// Below 20 only where nothing at all was issued.
    #[test]
    fn one_exit_for_many() {
        use Exit::{Done, Interrupted, Refused, Terminated, Undelivered, Unknown, Unreachable};
        for (each, code) in [
            (&[][..], 0),
            (&[Done, Done], 0),
            (&[Refused, Refused], 5),
            (&[Refused, Unreachable], 5),
            (&[Unreachable, Refused], 7),
            (&[Unknown, Unknown], 23),
            (&[Undelivered], 20),
            (&[Done, Refused], 24),
            (&[Refused, Done], 24),
            (&[Refused, Unknown], 24),
            (&[Undelivered, Done], 24),
            (&[Done, Interrupted], 24),
            (&[Interrupted, Unknown], 24),
            (&[Interrupted, Interrupted], 130),
            (&[Refused, Interrupted], 130),
            (&[Refused, Terminated, Refused], 143),
        ] {
            assert_eq!(Exit::of_many(each, Exit::Partial).code(), code, "{each:?}");
        }
    }

    /// Codes and words are those of the JSON schema, and of the table in `docs/cli.md`.
    #[test]
    fn codes_and_words_are_documented() {
        let schema = include_str!("../../../docs/schema/result-1.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let listed = |pointer: &str| -> BTreeSet<String> {
            let words = schema.pointer(pointer).unwrap().as_array().unwrap();
            let text = |word: &Value| word.to_string().trim_matches('"').to_owned();
            words.iter().map(text).collect()
        };
        let ours = |text: fn(Exit) -> String| -> BTreeSet<String> {
            ALL.iter().map(|exit| text(*exit)).collect()
        };
        let codes = ours(|exit| exit.code().to_string());
        assert_eq!(codes, listed("/properties/exit_code/enum"));
        let mut words = ours(|exit| exit.word().to_owned());
        words.remove("");
        assert_eq!(words, listed("/properties/error/properties/code/enum"));
        let retry = ours(|exit| exit.retry().to_owned());
        assert_eq!(retry, listed("/properties/error/properties/retry/enum"));
        let outcomes = ours(|exit| exit.outcome().to_owned());
        assert!(outcomes.is_subset(&listed("/properties/outcome/enum")));
        let page = include_str!("../../../docs/cli.md");
        for code in ALL.map(Exit::code) {
            let named = [
                format!("| {code} |"),
                format!("| {code},"),
                format!(", {code} |"),
            ];
            assert!(named.iter().any(|cell| page.contains(cell)), "{code}");
        }
    }
}
