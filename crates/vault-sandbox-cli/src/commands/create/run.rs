//! The turns of many sandboxes, carried out: which comes next is core's to say.

use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use vault_sandbox_core::issuance::many::{
    Run, RunFact, RunStep, Setback, TurnEnd, TurnEvent, ends_the_run,
};
use vault_sandbox_issuer::state::RunFile;

use super::board::Board;
use super::issue_one::Issuing;
use super::item::Item;
use super::places::Places;
use super::row::Row;
use super::{old, summary};
use crate::args::Format;
use crate::commands::Context;
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
    ToDo(Box<(Item, SandboxFacts)>),
    /// When its turn comes, it cannot be asked for, and this is why.
    Cannot(Box<Row>),
    /// There is nothing to be done for it, and this is why; or nothing is to be said of it.
    Said(Option<Box<Row>>),
    /// Its places are open.
    Open(Box<(Item, SandboxFacts, Places)>),
}

/// A run, and what it is carried out with.
pub(super) struct Turns<'a> {
    pub(super) issuing: Issuing<'a>,
    pub(super) run: Run,
    pub(super) jobs: usize,
    /// The record of the run, if it is kept.
    pub(super) record: Option<RunFile>,
}

/// Something to be done for a turn, away from the others.
enum Job {
    Reserve(Box<(Item, SandboxFacts)>, Signals),
    Persist(RunFact),
    Issue(Box<(Item, SandboxFacts, Places)>, Signals),
}

/// What came of it.
struct Done {
    turn: usize,
    what: What,
}

enum What {
    Reserved(Box<(Item, SandboxFacts, Places)>),
    NotBegun(Box<Row>),
    Persisted(RunFact, Result<(), String>),
    Ended(Box<Row>, TurnEnd),
}

/// What is to be done next.
enum Next {
    Job(usize, Job),
    Wait,
    Nothing,
}

/// A run under way.
struct UnderWay<'a> {
    issuing: &'a Issuing<'a>,
    run: Run,
    turns: Vec<Turn>,
    rows: Vec<Option<Row>>,
    board: Board<'a>,
    /// What the last one was told that may hold for all.
    last: Option<Problem>,
    /// Why no further turn comes: the first reason stands.
    stopped: Option<Problem>,
}

impl Turns<'_> {
    /// Does what is to be done, and says what came of it.
    pub(super) async fn carry_out(
        self,
        mut turns: Vec<Turn>,
        mut signals: Signals,
    ) -> Result<Exit, Problem> {
        let context = self.issuing.context;
        let (issuing, record) = (self.issuing, self.record);
        let destinations = turns.iter().map(Turn::destinations).max();
        let at_once = worked_on(self.jobs, destinations.unwrap_or(0));
        let waiting = self.run.waiting();
        if at_once < self.jobs.min(waiting) {
            context.voice.warning(&format!(
                "only {at_once} are worked on at a time: this process may not open more files (ulimit -n)."
            ));
        }
        let mut rows: Vec<Option<Row>> = turns.iter_mut().map(Turn::said).collect();
        for row in rows.iter_mut().flatten() {
            write(context, row);
        }
        let mut under_way = UnderWay {
            issuing: &issuing,
            run: self.run.at_a_time(at_once),
            turns,
            rows,
            board: Board::new(context, waiting),
            last: None,
            stopped: None,
        };
        let mut working = FuturesUnordered::new();
        loop {
            match under_way.next(&signals)? {
                Next::Job(turn, job) => working.push(issuing.work(record.as_ref(), turn, job)),
                Next::Nothing => break,
                Next::Wait => {
                    let mut next = pin!(working.next());
                    tokio::select! {
                        // First: while some end, others must not begin for ever.
                        biased;
                        asked = signals.asked(), if !under_way.run.is_stopped() => {
                            under_way.interrupt(asked.problem());
                        }
                        done = &mut next => match done {
                            Some(done) => under_way.heard(done, record.as_ref())?,
                            None => break,
                        },
                    }
                }
            }
        }
        drop(working);
        let record = record.map(|file| summary::Record::of(&under_way.run, file));
        let was_live = under_way.board.is_live();
        let rows = under_way.rows();
        summary::finish(&summary::About::of(&issuing), record, rows, was_live)
    }
}

impl UnderWay<'_> {
    fn next(&mut self, signals: &Signals) -> Result<Next, Problem> {
        loop {
            let (turn, is_issuing) = match self.run.next_step() {
                RunStep::Reserve { turn } => (turn, false),
                RunStep::Issue { turn, .. } => (turn, true),
                RunStep::Persist { turn, fact } => return Ok(Next::Job(turn, Job::Persist(fact))),
                RunStep::Wait => return Ok(Next::Wait),
                _ => return Ok(Next::Nothing),
            };
            let taken = self.turns.get_mut(turn).map(Turn::take);
            let job = match (taken, is_issuing) {
                (Some(Turn::ToDo(work)), false) => Job::Reserve(work, signals.another()?),
                (Some(Turn::Open(open)), true) => Job::Issue(open, signals.another()?),
                (Some(Turn::Cannot(row)), false) => {
                    self.ended(turn, *row);
                    self.tell(turn, TurnEvent::NotBegun(Setback::None))?;
                    continue;
                }
                _ => return Err(Problem::new(Exit::Internal, "A turn came twice.")),
            };
            return Ok(Next::Job(turn, job));
        }
    }

    fn interrupt(&mut self, why: Problem) {
        self.issuing.context.voice.problem(&format!(
            "{why} Those under way are finished; the rest is not begun."
        ));
        self.run.stop();
        self.stopped.get_or_insert(why);
    }

    fn heard(&mut self, done: Done, record: Option<&RunFile>) -> Result<(), Problem> {
        let Done { turn, what } = done;
        let event = match what {
            What::Reserved(open) => {
                let operation = open.0.operation;
                self.set(turn, Turn::Open(open));
                TurnEvent::Reserved(operation)
            }
            What::NotBegun(row) => {
                let setback = setback(&row);
                self.heed(setback, &row);
                self.ended(turn, *row);
                TurnEvent::NotBegun(setback)
            }
            What::Persisted(RunFact::Begun(..), Ok(())) => TurnEvent::Done,
            What::Persisted(RunFact::Begun(..), Err(why)) => {
                let problem = unwritten(record, &why);
                self.stopped.get_or_insert(problem.clone());
                // Its places go with this: nothing was asked.
                if let Some(Turn::Open(open)) = self.turns.get_mut(turn).map(Turn::take) {
                    let (item, facts, _) = *open;
                    self.keep(turn, Row::not_asked(self.issuing, &item, &facts, problem));
                }
                TurnEvent::Failed
            }
            What::Ended(row, end) => {
                let setback = setback(&row);
                self.heed(setback, &row);
                self.keep(turn, *row);
                TurnEvent::Ended(end, setback)
            }
            What::Persisted(_, written) => {
                let row = self.rows.get_mut(turn).and_then(Option::take);
                if let (Some(row), Err(why)) = (&row, &written) {
                    self.issuing.context.voice.warning(&format!(
                        "what became of {} could not be written down, so --resume will leave it out: {why}.",
                        row.shown()
                    ));
                }
                if let Some(row) = row {
                    self.ended(turn, row);
                }
                written.map_or(TurnEvent::Failed, |()| TurnEvent::Done)
            }
        };
        self.tell(turn, event)
    }

    /// What holds for all is why the others are not begun.
    fn heed(&mut self, setback: Setback, row: &Row) {
        if setback != Setback::None {
            self.last = Some(row.reason());
        }
    }

    fn tell(&mut self, turn: usize, event: TurnEvent) -> Result<(), Problem> {
        let told = self.run.tell(turn, event);
        told.map_err(|odd| Problem::new(Exit::Internal, format!("The run: {odd}.")))?;
        if self.run.is_stopped()
            && let Some(last) = self.last.take()
        {
            self.stopped.get_or_insert(last);
        }
        Ok(())
    }

    fn set(&mut self, turn: usize, state: Turn) {
        if let Some(turn) = self.turns.get_mut(turn) {
            *turn = state;
        }
    }

    fn keep(&mut self, turn: usize, row: Row) {
        if let Some(kept) = self.rows.get_mut(turn) {
            *kept = Some(row);
        }
    }

    /// All that is to be done for it is done.
    fn ended(&mut self, turn: usize, mut row: Row) {
        let gate = self.issuing.connection.gate();
        self.board.ended(&row, gate.under_way(), gate.is_slowed());
        write(self.issuing.context, &mut row);
        self.keep(turn, row);
    }

    /// One for each sandbox: those that were not begun are named, too.
    fn rows(self) -> Vec<Row> {
        let reason = self.stopped;
        let reason = reason.unwrap_or_else(|| Problem::new(Exit::Internal, "it ended early."));
        let each = self.rows.into_iter().zip(self.turns);
        let rows = each.filter_map(|(row, turn)| match turn {
            Turn::ToDo(work) => {
                let (item, facts) = *work;
                let problem = Problem::new(reason.exit, format!("Not begun: {}", reason.what));
                let mut row = Row::not_asked(self.issuing, &item, &facts, problem);
                write(self.issuing.context, &mut row);
                Some(row)
            }
            Turn::Cannot(mut left) => {
                write(self.issuing.context, &mut left);
                Some(*left)
            }
            Turn::Said(_) | Turn::Open(_) => row,
        });
        rows.collect()
    }
}

impl Turn {
    fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Said(None))
    }

    /// The row of one of which there is nothing else to do.
    fn said(&mut self) -> Option<Row> {
        match self {
            Self::Said(row) => row.take().map(|row| *row),
            _ => None,
        }
    }

    fn destinations(&self) -> usize {
        match self {
            Self::ToDo(work) => work.0.destinations.len(),
            _ => 0,
        }
    }
}

impl Issuing<'_> {
    async fn work(&self, record: Option<&RunFile>, turn: usize, job: Job) -> Done {
        let what = match job {
            Job::Reserve(mut work, signals) => {
                let (item, facts) = &mut *work;
                match self.reserve(item, facts, signals).await {
                    Ok(places) => {
                        let (item, facts) = *work;
                        What::Reserved(Box::new((item, facts, places)))
                    }
                    Err(problem) => What::NotBegun(self.not_asked(&work.0, &work.1, problem)),
                }
            }
            Job::Persist(fact) => {
                let written = match record {
                    Some(record) => record.append(fact.clone()).await,
                    None => Ok(()),
                };
                What::Persisted(fact, written.map_err(|error| error.to_string()))
            }
            Job::Issue(open, signals) => {
                let (item, facts, places) = *open;
                let (row, end) = match self.issue(&item, &facts, places, signals).await {
                    Ok(ended) => {
                        let is_json = self.context.settings.is_json();
                        (Row::of(&item, &ended, is_json), ended.turn_end())
                    }
                    Err(problem) => (*self.not_asked(&item, &facts, problem), TurnEnd::NotIssued),
                };
                let voice = self.context.voice;
                let row = row.scrubbed(voice);
                // Its value is where it belongs, and all that was to be said of it is in the row: of
                // thousands, not every one has to be known to the end.
                voice.unlearn(item.operation);
                What::Ended(Box::new(row), end)
            }
        };
        Done { turn, what }
    }

    /// Which token it replaces, and its places: its own record is there before the run's says that it
    /// has begun.
    async fn reserve(
        &self,
        item: &mut Item,
        facts: &SandboxFacts,
        mut signals: Signals,
    ) -> Result<Places, Problem> {
        if let Some(replacing) = self.replacing {
            let found = old::find(self.context, self.connection, item, facts, replacing);
            let found = signals.stopping(found).await;
            item.replaces = found.unwrap_or_else(|asked| Err(asked.problem()))?;
        }
        Places::reserve(self.waiting, self.context.settings.state()?, item).await
    }

    fn not_asked(&self, item: &Item, facts: &SandboxFacts, problem: Problem) -> Box<Row> {
        let row = Row::not_asked(self, item, facts, problem);
        Box::new(row.scrubbed(self.context.voice))
    }
}

/// As they finish: what is written is not kept in memory.
fn write(context: &Context<'_>, row: &mut Row) {
    if context.settings.format == Format::Jsonl
        && let Some(line) = row.line.take()
    {
        // Where stdout cannot be written, the exit code and stderr still say it.
        let _ = context.voice.undisturbed(|| stdout::write(&line));
    }
}

fn unwritten(record: Option<&RunFile>, why: &str) -> Problem {
    let path = record.map(|record| record.path().display().to_string());
    Problem::destination(format!(
        "The record of this run {} cannot be written: {why}.",
        path.unwrap_or_default()
    ))
    .now("No token was asked for.")
}

/// What one was told, and what it means for the others.
fn setback(row: &Row) -> Setback {
    let ends = |problem: &Problem| ends_the_run(&problem.vault);
    if row.exit == Exit::SignIn || row.problem.as_ref().is_some_and(ends) {
        Setback::EndsTheRun
    } else if row.exit == Exit::Unreachable {
        Setback::Unreachable
    } else {
        Setback::None
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
