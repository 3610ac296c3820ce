//! The commands, one file each.

pub(crate) mod auth;
pub(crate) mod create;
pub(crate) mod documents;
pub(crate) mod list;
pub(crate) mod recover;
pub(crate) mod revoke;
mod runs;
pub(crate) mod sandboxes;
pub(crate) mod simulate;
pub(crate) mod verify;

use std::io::BufRead as _;

use crate::args::Global;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::voice::Voice;

/// What every command is given.
pub(crate) struct Context<'a> {
    pub(crate) global: &'a Global,
    pub(crate) settings: &'a Settings,
    pub(crate) voice: &'a Voice,
}

impl Context<'_> {
    /// Asks before something that cannot be undone.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), Problem> {
        if self.settings.yes {
            return Ok(());
        }
        if !self.settings.may_prompt {
            let what = format!("{question} There is nobody to ask: say so with --yes.");
            return Err(Problem::configuration(what).now("Nothing was changed."));
        }
        self.voice.ask(&format!("{question} [y/N]"));
        confirmed(is_yes())
    }

    /// As [`confirm`](Self::confirm), once the signals are ours: Ctrl-C at the question is an answer
    /// too.
    pub(crate) async fn confirm_or_stop(
        &self,
        question: &str,
        signals: &mut Signals,
    ) -> Result<(), Problem> {
        if self.settings.yes || !self.settings.may_prompt {
            return self.confirm(question);
        }
        self.voice.ask(&format!("{question} [y/N]"));
        let (answer, answered) = tokio::sync::oneshot::channel();
        // It may wait for a line for ever: it ends with the process.
        std::thread::spawn(move || {
            let _ = answer.send(is_yes());
        });
        match signals.stopping(answered).await {
            Ok(answer) => confirmed(answer.unwrap_or(false)),
            Err(asked) => Err(asked.problem().now("Nothing was changed.")),
        }
    }
}

fn is_yes() -> bool {
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

fn confirmed(is_yes: bool) -> Result<(), Problem> {
    if is_yes {
        return Ok(());
    }
    Err(Problem::new(
        Exit::Declined,
        "Not confirmed. Nothing was changed.",
    ))
}
