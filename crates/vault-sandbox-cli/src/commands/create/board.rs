//! How a run over many sandboxes is shown while it goes on: a live line on a terminal, a line for
//! each sandbox otherwise.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::row::Row;
use crate::commands::Context;
use crate::voice::Level;
use crate::wrap;

/// What is most wanted comes first: a narrow terminal cuts the end off.
const TEMPLATE: &str = "{pos}/{len} {bar:12} {wide_msg}";
const NARROW: &str = "{pos}/{len} {wide_msg}";
/// Columns that a bar is worth.
const WIDE: usize = 60;
const REDRAW: Duration = Duration::from_millis(200);

pub(super) struct Board<'a> {
    context: &'a Context<'a>,
    total: usize,
    done: usize,
    counts: BTreeMap<&'static str, usize>,
    since: Instant,
    bar: Option<ProgressBar>,
}

impl<'a> Board<'a> {
    pub(super) fn new(context: &'a Context<'a>, total: usize) -> Self {
        let settings = context.settings;
        // Where nothing can be redrawn, or shall not be, each has its line.
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let is_live = std::io::stderr().is_terminal()
            && !(settings.plain || is_dumb)
            && context.voice.level() >= Level::Normal;
        let bar = is_live.then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(10);
            let bar = ProgressBar::with_draw_target(Some(total as u64), target);
            let columns = wrap::columns(&std::io::stderr());
            let is_wide = columns.is_some_and(|columns| columns >= WIDE);
            let template = if is_wide { TEMPLATE } else { NARROW };
            // The template is ours: what is wrong with it is found by the first run.
            if let Ok(style) = ProgressStyle::with_template(template) {
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
            since: Instant::now(),
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
                let count = |outcome: &str| self.counts.get(outcome).copied().unwrap_or(0);
                let others = self.counts.keys().filter(|outcome| **outcome != "issued");
                let mut words: Vec<_> = others
                    .chain(["issued"].iter().filter(|issued| count(issued) > 0))
                    .map(|outcome| format!("{} {}", count(outcome), outcome.replace('_', " ")))
                    .collect();
                let seconds = self.since.elapsed().as_secs_f64().max(0.001);
                let left = seconds / self.done as f64 * (self.total - self.done) as f64;
                words.push(format!("{left:.0} s left"));
                words.push(format!("{:.1}/s", self.done as f64 / seconds));
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
