//! How a run over many sandboxes is shown while it goes on: a live line on a terminal, a line for
//! each sandbox otherwise.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::row::Row;
use crate::commands::Context;
use crate::voice::Level;

/// A bar with what is most wanted first: a narrow terminal cuts the end off.
const TEMPLATE: &str = "{pos}/{len} {bar:12} {wide_msg}";
const REDRAW: Duration = Duration::from_millis(200);

pub(super) struct Board<'a> {
    context: &'a Context<'a>,
    total: usize,
    done: usize,
    counts: BTreeMap<&'static str, usize>,
    bar: Option<ProgressBar>,
}

impl<'a> Board<'a> {
    pub(super) fn new(context: &'a Context<'a>, total: usize) -> Self {
        let settings = context.settings;
        let is_live = std::io::stderr().is_terminal()
            && !settings.plain
            && context.voice.level() >= Level::Normal;
        let bar = is_live.then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let bar = ProgressBar::with_draw_target(Some(total as u64), target);
            // The template is ours: what is wrong with it is found by the first run.
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(REDRAW);
            bar
        });
        context.voice.show_above(bar.clone());
        Self {
            context,
            total,
            done: 0,
            counts: BTreeMap::new(),
            bar,
        }
    }

    /// One ended. On a terminal the bar moves on; elsewhere it is a line.
    pub(super) fn ended(&mut self, row: &Row, under_way: usize, is_slowed: bool) {
        self.done += 1;
        *self.counts.entry(row.outcome).or_default() += 1;
        match &self.bar {
            None => {
                let (done, total) = (self.done, self.total);
                let line = format!("[{done}/{total}] {}", row.in_words());
                self.context.voice.say(&line);
            }
            Some(bar) => {
                bar.set_position(self.done as u64);
                let per_second = bar.per_sec();
                let left = (self.total - self.done) as f64 / per_second.max(0.01);
                let mut words: Vec<_> = self
                    .counts
                    .iter()
                    .map(|(outcome, count)| format!("{count} {}", outcome.replace('_', " ")))
                    .collect();
                words.push(format!("{per_second:.0}/s"));
                words.push(format!("{left:.0} s left"));
                words.push(format!("{under_way} under way"));
                if is_slowed {
                    words.push("slowed by Vault".to_owned());
                }
                bar.set_message(words.join(", "));
            }
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.bar.is_some()
    }
}

impl Drop for Board<'_> {
    fn drop(&mut self) {
        self.context.voice.show_above(None);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
