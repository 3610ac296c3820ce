//! The turns of many sandboxes: some at a time, each to its own outcome, none left unsaid.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use vault_sandbox_core::{OperationId, VaultErrorKind};

use super::batch::Batch;
use super::board::Board;
use super::issue_one::Issuing;
use super::item::Item;
use super::places::Places;
use super::row::Row;
use super::{old, summary};
use crate::args::Format;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::problem::Problem;
use crate::signals::Signals;

/// More than are under way may be worked on: while one writes, another asks.
const WORKED_ON: usize = 2;
/// Open files that the program has anyway, that one worked on has, and that each of its destinations
/// has: at most, and rather too many.
const FILES: (usize, usize, usize) = (32, 4, 3);

/// A sandbox of a run, in the order of the sandboxes.
pub(super) enum Turn {
    /// Its turn will come.
    ToDo(Item, SandboxFacts),
    /// There is nothing to be done for it, and this is why.
    Said(Row),
}

/// What is left of a run over many.
pub(super) struct Run<'a> {
    pub(super) issuing: Issuing<'a>,
    pub(super) jobs: usize,
    /// The whole run, and its record.
    pub(super) batch: Option<(OperationId, Batch)>,
}

/// A sandbox and its place in the order.
type Queued = (usize, Item, SandboxFacts);

/// One whose turn is over.
struct Done {
    at: usize,
    row: Row,
}

/// A run that goes on.
struct Going<'a> {
    issuing: Issuing<'a>,
    batch: Option<(OperationId, Batch)>,
    /// Why no further turn comes.
    stopped: RefCell<Option<Problem>>,
}

impl Run<'_> {
    /// Does what is to be done, and says what came of it.
    pub(super) async fn go(self, turns: Vec<Turn>, mut signals: Signals) -> Result<Exit, Problem> {
        let going = Going {
            issuing: self.issuing,
            batch: self.batch,
            stopped: RefCell::default(),
        };
        let context = going.issuing.context;
        let mut rows: Vec<Option<Row>> = Vec::with_capacity(turns.len());
        let mut queue = VecDeque::new();
        for (at, turn) in turns.into_iter().enumerate() {
            rows.push(match turn {
                Turn::ToDo(item, facts) => {
                    queue.push_back((at, item, facts));
                    None
                }
                Turn::Said(row) => Some(going.write(row)),
            });
        }
        let destinations = queue.iter().map(|(_, item, _)| item.destinations.len());
        let at_once = worked_on(self.jobs, destinations.max().unwrap_or(0));
        if at_once < self.jobs.min(queue.len()) {
            context.voice.warning(&format!(
                "only {at_once} are worked on at a time: this process may not open more files (ulimit -n)."
            ));
        }
        let mut board = Board::new(context, queue.len());
        // Whoever cannot reach Vault so often, one after the other, will not the next time.
        let (mut unreached, enough) = (0, at_once);
        {
            let going = &going;
            let mut working = FuturesUnordered::new();
            loop {
                while !going.is_stopped() && working.len() < at_once {
                    let Some(next) = queue.pop_front() else {
                        break;
                    };
                    let signals = signals.another()?;
                    working.push(going.one(next, signals));
                }
                let done = {
                    let mut next = pin!(working.next());
                    tokio::select! {
                        // First: while some end, others must not begin for ever.
                        biased;
                        asked = signals.asked(), if !going.is_stopped() => {
                            context.voice.problem(&format!(
                                "{} Those under way are finished; the rest is not begun.",
                                asked.problem()
                            ));
                            going.stop(asked.problem());
                            continue;
                        }
                        done = &mut next => done,
                    }
                };
                let Some(done) = done else { break };
                unreached = match done.row.exit {
                    Exit::Unreachable => unreached + 1,
                    _ => 0,
                };
                if unreached > enough || is_about_all(&done.row) {
                    going.stop(done.row.reason());
                }
                let gate = going.issuing.connection.gate();
                board.ended(&done.row, gate.under_way(), gate.is_slowed());
                rows[done.at] = Some(going.write(done.row));
            }
        }
        // Named, each of them.
        let reason = going.stopped.borrow_mut().take();
        let reason = reason.unwrap_or_else(|| Problem::new(Exit::Internal, "it ended early."));
        for (at, item, facts) in queue {
            let problem = Problem::new(reason.exit, format!("Not begun: {}", reason.what));
            let row = Row::not_asked(&going.issuing, &item, &facts, problem);
            rows[at] = Some(going.write(row));
        }
        let was_live = board.is_live();
        drop(board);
        let rows = rows.into_iter().flatten().collect();
        summary::finish(
            &summary::About::of(&going.issuing),
            going.batch,
            rows,
            was_live,
        )
    }
}

impl Going<'_> {
    fn is_stopped(&self) -> bool {
        self.stopped.borrow().is_some()
    }

    /// The first reason stands.
    fn stop(&self, why: Problem) {
        self.stopped.borrow_mut().get_or_insert(why);
    }

    /// One of them, from its places to its outcome, and that on record.
    async fn one(&self, (at, mut item, facts): Queued, signals: Signals) -> Done {
        // Once its beginning is on record, its end has to be.
        let mut is_begun = false;
        let row = match self
            .try_one(&mut item, &facts, signals, &mut is_begun)
            .await
        {
            Ok(row) => row,
            Err(problem) => Row::not_asked(&self.issuing, &item, &facts, problem),
        };
        let voice = self.issuing.context.voice;
        let row = row.scrubbed(voice);
        // Its value is where it belongs, and all that was to be said of it is in the row: of
        // thousands, not every one has to be known to the end.
        voice.unlearn(item.operation);
        if is_begun {
            self.ended(&item, &row).await;
        }
        Done { at, row }
    }

    async fn try_one(
        &self,
        item: &mut Item,
        facts: &SandboxFacts,
        mut signals: Signals,
        is_begun: &mut bool,
    ) -> Result<Row, Problem> {
        let Issuing {
            context,
            connection,
            replacing,
            ..
        } = self.issuing;
        if let Some(replacing) = replacing {
            let found = old::find(context, connection, item, facts, replacing);
            let found = signals.stopping(found).await;
            item.replaces = found.unwrap_or_else(|asked| Err(asked.problem()))?;
        }
        // Its own record is there before the run's says that it has begun: one that has begun and
        // has no record has ended.
        let (state_dir, reserved) = (context.settings.state_dir()?, item.clone());
        let reserve = move || Places::reserve(&state_dir, &reserved);
        let places = self.issuing.waiting.on(reserve).await?;
        self.begun(item).await?;
        *is_begun = true;
        let ended = self.issuing.issue(item, facts, places, signals).await?;
        Ok(Row::of(item, &ended, context.settings.is_json()))
    }

    /// Where that cannot be written, no further one begins.
    async fn begun(&self, item: &Item) -> Result<(), Problem> {
        let Some((_, batch)) = &self.batch else {
            return Ok(());
        };
        let written = batch.begun(&item.sandbox, item.operation).await;
        written.inspect_err(|problem| self.stop(problem.clone()))
    }

    async fn ended(&self, item: &Item, row: &Row) {
        let Some((_, batch)) = &self.batch else {
            return;
        };
        let written = batch.ended(&item.sandbox, item.operation, row.outcome);
        if let Err(error) = written.await {
            self.issuing.context.voice.warning(&format!(
                "what became of {} could not be written down, so --resume will leave it out: {error}.",
                row.shown()
            ));
        }
    }

    /// As they finish: what is written is not kept in memory.
    fn write(&self, mut row: Row) -> Row {
        let context = self.issuing.context;
        if context.settings.format == Format::Jsonl
            && let Some(line) = row.line.take()
        {
            // Where stdout cannot be written, the exit code and stderr still say it.
            let _ = context.voice.undisturbed(|| stdout::write(&line));
        }
        row
    }
}

/// How many are worked on at a time: no more than there may be open files for.
fn worked_on(jobs: usize, destinations: usize) -> usize {
    let wanted = jobs * WORKED_ON;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) else {
        return wanted;
    };
    let (anyway, each, per_destination) = FILES;
    let room = limit.saturating_sub(anyway) / (each + per_destination * destinations);
    wanted.min(room.max(1))
}

/// What one was told holds for all: whoever is not let in is not let in the next time either, and
/// accounts lock; a Vault that wants to be left alone is.
fn is_about_all(row: &Row) -> bool {
    let said = row.problem.iter().flat_map(|problem| &problem.vault);
    let mut kinds = said.map(|message| &message.kind);
    row.exit == Exit::SignIn
        || kinds.any(|kind| {
            matches!(
                kind,
                VaultErrorKind::ApiLimitExceeded | VaultErrorKind::ConfigurationModeEnabled
            )
        })
}
