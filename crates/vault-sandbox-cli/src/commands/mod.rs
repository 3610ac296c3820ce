//! The commands, one file each.

pub(crate) mod auth;
pub(crate) mod create;
pub(crate) mod documents;
pub(crate) mod list;
pub(crate) mod recover;
pub(crate) mod revoke;
pub(crate) mod sandboxes;
pub(crate) mod simulate;

use std::io::BufRead as _;

use crate::args::Global;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::settings::Settings;
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
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(());
        }
        Err(Problem::new(
            Exit::Declined,
            "Not confirmed. Nothing was changed.",
        ))
    }
}
