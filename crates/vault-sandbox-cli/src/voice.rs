//! All that is said on stderr, in one place: nothing gets there without being scrubbed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;
use vault_sandbox_core::OperationId;
use vault_sandbox_core::redact::Scrubber;

use crate::page::SHORTEST_LABEL;
use crate::wrap;

/// Speaks to a person. Cloning shares the secrets it knows.
#[derive(Clone)]
pub(crate) struct Voice {
    level: Level,
    color: bool,
    /// How wide the terminal is, if stderr is one.
    columns: Option<usize>,
    secrets: Arc<Mutex<Secrets>>,
    /// What is drawn on the terminal's last line: words go above it.
    bar: Arc<Mutex<Option<ProgressBar>>>,
    /// What several are waiting for is said once.
    waiting_is_said: Arc<AtomicBool>,
}

/// What must not be shown.
#[derive(Default)]
struct Secrets {
    lasting: Scrubber,
    /// Those of operations that are under way.
    passing: BTreeMap<OperationId, Scrubber>,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Problems only.
    Quiet,
    Normal,
    /// Also what is being done.
    Verbose,
    /// Also each request line and status.
    Wire,
}

impl Voice {
    pub(crate) fn new(level: Level, color: bool) -> Self {
        Self {
            level,
            color,
            columns: wrap::columns(&std::io::stderr()),
            secrets: Arc::default(),
            bar: Arc::default(),
            waiting_is_said: Arc::default(),
        }
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    /// From now on words are shown above this.
    pub(crate) fn show_above(&self, bar: Option<ProgressBar>) {
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = bar;
    }

    /// Does something to the terminal while nothing else is drawn on it.
    pub(crate) fn undisturbed<T>(&self, act: impl FnOnce() -> T) -> T {
        let bar = self
            .bar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match bar {
            Some(bar) => bar.suspend(act),
            None => act(),
        }
    }

    /// One fact per line, however long.
    pub(crate) fn unwrapped(self) -> Self {
        Self {
            columns: None,
            ..self
        }
    }

    /// Has a secret hidden from now on: `voice.learn(|scrubber| session.hide_in(scrubber))`.
    pub(crate) fn learn(&self, hide: impl FnOnce(&mut Scrubber)) {
        hide(&mut self.secrets().lasting);
    }

    /// As [`learn`](Self::learn), until it is [unlearned](Self::unlearn).
    pub(crate) fn learn_of(&self, operation: OperationId, hide: impl FnOnce(&mut Scrubber)) {
        hide(self.secrets().passing.entry(operation).or_default());
    }

    /// Nothing will be said any more that could hold a secret of this operation. Every secret that is
    /// known makes every line cost more.
    pub(crate) fn unlearn(&self, operation: OperationId) {
        self.secrets().passing.remove(&operation);
    }

    /// The text without the secrets.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let secrets = self.secrets();
        let mut text = Cow::Borrowed(text);
        for scrubber in secrets.passing.values().chain([&secrets.lasting]) {
            if let Cow::Owned(scrubbed) = scrubber.scrub(&text) {
                text = Cow::Owned(scrubbed);
            }
        }
        text.into_owned()
    }

    /// A problem: said even when quiet.
    pub(crate) fn problem(&self, text: &dyn Display) {
        let text = text.to_string();
        let (what, rest) = text.split_once('\n').unwrap_or((&text, ""));
        self.write(&self.painted("1;31", what));
        if !rest.is_empty() {
            self.write(rest);
        }
    }

    /// An answer is still waited for, although it was asked to stop.
    pub(crate) fn waits_for_answer(&self) {
        if !self.waiting_is_said.swap(true, Ordering::Relaxed) {
            self.problem(&"A token may be being created. Waiting for Vault's answer for at most 30 s; Ctrl-C again gives up without knowing.");
        }
    }

    /// A question, where somebody is there to answer: asked even when quiet.
    pub(crate) fn ask(&self, question: &str) {
        self.write(question);
    }

    /// A warning: said even when quiet.
    pub(crate) fn warning(&self, text: &dyn Display) {
        self.write(&format!("{} {text}", self.painted("1;33", "Warning:")));
    }

    /// One of several things that are not as they should be: said even when quiet.
    pub(crate) fn wrong(&self, text: &dyn Display) {
        self.write(&text.to_string());
    }

    /// What came of it.
    pub(crate) fn say(&self, text: &dyn Display) {
        self.at(Level::Normal, text);
    }

    /// A fact with its label, in columns.
    pub(crate) fn fact(&self, label: &str, text: &dyn Display) {
        if self.level >= Level::Normal {
            // In this order: a secret that is broken in two would not be found.
            let text = self.scrub(&text.to_string());
            let label = self.painted("1", &format!("{label:<SHORTEST_LABEL$}"));
            self.put(&wrap::fact(&label, &text, self.columns, SHORTEST_LABEL));
        }
    }

    /// What is being done.
    pub(crate) fn verbose(&self, text: &dyn Display) {
        self.at(Level::Verbose, text);
    }

    /// A request line and its status.
    pub(crate) fn wire(&self, text: &dyn Display) {
        self.at(Level::Wire, text);
    }

    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self, level: Level, text: &dyn Display) {
        if self.level >= level {
            self.write(&text.to_string());
        }
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn write(&self, text: &str) {
        self.put(&wrap::text(&self.scrub(text), self.columns, 0));
    }

    /// A reader that went away must not take the value with it: errors are nobody's to hear.
    fn put(&self, scrubbed: &str) {
        self.undisturbed(|| {
            let _ = writeln!(std::io::stderr().lock(), "{scrubbed}");
        });
    }
}

#[cfg(test)]
mod tests {
    use vault_sandbox_core::AccessToken;

    use super::*;

    #[test]
    fn a_secret_is_hidden_for_as_long_as_its_operation_goes_on() {
        let voice = Voice::new(Level::Quiet, false);
        let operations = [1, 2].map(|number| OperationId::from_bytes([0, 0, 0, number]));
        for (operation, value) in operations.into_iter().zip(["first-value", "second-value"]) {
            let value = AccessToken::parse(value).unwrap();
            voice.learn_of(operation, |scrubber| value.hide_in(scrubber));
        }
        let lasting = AccessToken::parse("lasting-value").unwrap();
        voice.learn(|scrubber| lasting.hide_in(scrubber));
        let said = || voice.scrub("first-value, second-value, lasting-value");
        assert_eq!(said(), "[hidden], [hidden], [hidden]");
        voice.unlearn(operations[0]);
        assert_eq!(said(), "first-value, [hidden], [hidden]");
    }
}
