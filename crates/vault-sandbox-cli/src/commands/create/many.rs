//! Many sandboxes: one plan, one confirmation, one sign-in; each then goes its own way.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;

use chrono::{SecondsFormat, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use vault_sandbox_core::endpoints::{Encoding, Sandbox};
use vault_sandbox_core::issuance::VerifyRule;
use vault_sandbox_core::{OperationId, SandboxName};

use super::batch::{Batch, Plan, PlannedSandbox};
use super::board::Board;
use super::issue_one::Issuing;
use super::item::{Item, Terms, new_operation};
use super::places::{Places, check_all, mention_open};
use super::row::Row;
use super::{Wish, dry_run, look, old, summary};
use crate::args::Format;
use crate::aside::Waiting;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::{Destination, stdout};
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::problem::Problem;
use crate::report::expiry_for_people;
use crate::selection::Selection;
use crate::signals::Signals;

/// More than are under way may be worked on: while one writes, another asks.
const WORKED_ON: usize = 2;
/// So many are named in the plan.
const SHOWN: usize = 10;

/// A sandbox whose turn will come.
pub(super) type Work = (Item, SandboxFacts);

/// What became of one.
struct Done {
    row: Row,
    /// Why no other shall be begun.
    stop: Option<Problem>,
}

/// What is left of a run over many.
pub(super) struct Run<'a> {
    pub(super) issuing: Issuing<'a>,
    pub(super) jobs: usize,
    /// The whole run, and its record.
    pub(super) batch: Option<(OperationId, Batch)>,
}

pub(super) fn run(context: &Context<'_>, wish: &Wish) -> Result<Exit, Problem> {
    let named = match &wish.selection {
        Selection::Named(names) => Some(plan(context, wish, names)?),
        _ => None,
    };
    let mut connection =
        Connection::prepare(context.global, context.settings, None, context.voice)?;
    connection.at_a_time(wish.jobs);
    crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        let prepared = signals
            .stopping(prepare(context, wish, &connection, named))
            .await;
        let work = prepared
            .unwrap_or_else(|asked| Err(asked.problem()))
            .map_err(|problem| problem.or_now("No token was asked for."))?;
        if wish.dry_run {
            return dry_run::run(context, &wish.terms, &connection, &work);
        }
        show(context, wish, &connection, &work);
        let question = format!("Go on with {} sandboxes?", work.len());
        context
            .confirm_or_stop(&question, &mut signals)
            .await
            .map_err(|problem| problem.or_now("No token was asked for."))?;
        let batch = match wish.replacing {
            None => Some(begin(context, &wish.terms, &connection, &work)?),
            Some(_) => None,
        };
        let issuing = Issuing {
            context,
            terms: &wish.terms,
            connection: &connection,
            replacing: wish.replacing.as_ref(),
            waiting: Waiting::Aside,
        };
        let run = Run {
            issuing,
            jobs: wish.jobs,
            batch,
        };
        run.go(work, signals).await
    })
}

/// What each comes to, with all its places checked.
fn plan(context: &Context<'_>, wish: &Wish, names: &[SandboxName]) -> Result<Vec<Item>, Problem> {
    let items = names
        .iter()
        .map(|name| Item::of(context, &wish.terms, name));
    let items: Vec<Item> = items.collect::<Result<_, _>>()?;
    let is_told_apart = context.settings.format == Format::Jsonl;
    let to_stdout = |item: &Item| item.destinations.contains(&Destination::Stdout);
    if !is_told_apart && items.iter().any(to_stdout) {
        return Err(Problem::usage(
            "The tokens of several sandboxes cannot be told apart on stdout. Name files, such as --out \".secrets/{sandbox}.token\", or ask for --format jsonl.",
        ));
    }
    check_all(context, &items)?;
    mention_open(context, 0)?;
    Ok(items)
}

/// Everything that is sent before the requests themselves.
async fn prepare(
    context: &Context<'_>,
    wish: &Wish,
    connection: &Connection,
    named: Option<Vec<Item>>,
) -> Result<Vec<Work>, Problem> {
    connection.sign_in().await?;
    let list = look::at_the_list(context, connection).await?;
    let items = match (named, &list) {
        (Some(items), _) => items,
        (None, Some(list)) => {
            let names = wish.selection.among(connection, list)?;
            plan(context, wish, &names)?
        }
        (None, None) => {
            return Err(Problem::new(
                Exit::Refused,
                "Which sandboxes there are cannot be seen. Name them.",
            ));
        }
    };
    look::say_which_vault(context, connection);
    with_facts(connection, &wish.terms, items, list.as_deref())
}

/// Each with what the list says of it.
pub(super) fn with_facts(
    connection: &Connection,
    terms: &Terms,
    items: Vec<Item>,
    list: Option<&[Sandbox]>,
) -> Result<Vec<Work>, Problem> {
    let named = list.unwrap_or_default().iter();
    let by_name: BTreeMap<&str, &Sandbox> = named.map(|s| (s.name.as_str(), s)).collect();
    items
        .into_iter()
        .map(|item| {
            let facts = match (list, by_name.get(item.sandbox.as_str())) {
                (_, Some(found)) => look::facts_of(connection, found)?,
                // It is not there: the list is searched for what is like it.
                (Some(list), None) => look::up(connection, list, &item.sandbox)?,
                (None, None) => SandboxFacts::default(),
            };
            if terms.verify == VerifyRule::Always && facts.dns.is_none() {
                return Err(Problem::configuration(format!(
                    "--verify always cannot be kept: where the sandbox {} itself is, is not known.",
                    item.sandbox
                )));
            }
            Ok((item, facts))
        })
        .collect()
}

fn show(context: &Context<'_>, wish: &Wish, connection: &Connection, work: &[Work]) {
    let voice = context.voice;
    let names: Vec<_> = work.iter().map(|(item, _)| item.sandbox.as_str()).collect();
    let mut shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        shown.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    voice.fact("Sandboxes", &format!("{}: {shown}", names.len()));
    voice.fact("Expires", &expiry_for_people(wish.terms.expiry, Utc::now()));
    if let Some((item, _)) = work.first() {
        let destinations: Vec<_> = item.destinations.iter().map(ToString::to_string).collect();
        let like = if work.len() > 1 { ", and so on" } else { "" };
        voice.fact("To", &format!("{}{like}", destinations.join(", ")));
    }
    let jobs = wish.jobs.min(work.len());
    voice.fact("At a time", &format!("{jobs}, on {}", connection.dns()));
}

/// The record of the run: without it a run that is cut off could not be gone on with.
fn begin(
    context: &Context<'_>,
    terms: &Terms,
    connection: &Connection,
    work: &[Work],
) -> Result<(OperationId, Batch), Problem> {
    let operation = new_operation()?;
    let sandboxes = work.iter().map(|(item, _)| PlannedSandbox {
        name: item.sandbox.to_string(),
        destinations: item
            .destinations
            .iter()
            .map(Destination::for_record)
            .collect(),
    });
    let plan = Plan {
        schema: Plan::schema(),
        operation: operation.to_string(),
        started: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
        vault: connection.dns().to_string(),
        vault_id: connection.vault_id().map(|id| id.to_string()),
        api_version: context.settings.api_version.to_string(),
        name: terms.name.as_ref().map(ToString::to_string),
        expiry: terms.expiry.to_string(),
        json: terms.encoding == Encoding::Json,
        verify: match terms.verify {
            VerifyRule::Auto => "auto",
            VerifyRule::Always => "always",
            VerifyRule::Never => "never",
        }
        .to_owned(),
        sandboxes: sandboxes.collect(),
    };
    let batch = Batch::begin(&context.settings.state_dir()?, operation, &plan)?;
    Ok((operation, batch))
}

fn not_begun(reason: &Problem) -> Problem {
    Problem::new(reason.exit, format!("Not begun: {}", reason.what))
}

impl Run<'_> {
    /// Does the work, and says what came of it.
    pub(super) async fn go(
        mut self,
        work: Vec<Work>,
        mut signals: Signals,
    ) -> Result<Exit, Problem> {
        let total = work.len();
        let context = self.issuing.context;
        let mut board = Board::new(context, total);
        let mut queue: VecDeque<(usize, Work)> = work.into_iter().enumerate().collect();
        let mut rows: Vec<Option<Row>> = (0..total).map(|_| None).collect();
        let mut stopped: Option<Problem> = None;
        {
            let this = &self;
            let mut working = FuturesUnordered::new();
            loop {
                while stopped.is_none() && working.len() < this.jobs * WORKED_ON {
                    let Some((at, work)) = queue.pop_front() else {
                        break;
                    };
                    let signals = signals.another()?;
                    working.push(async move { (at, this.one(work, signals).await) });
                }
                let done = {
                    let mut next = pin!(working.next());
                    tokio::select! {
                        biased;
                        done = &mut next => done,
                        asked = signals.asked(), if stopped.is_none() => {
                            context.voice.problem(&format!(
                                "{} Those under way are finished; the rest is not begun.",
                                asked.problem()
                            ));
                            stopped = Some(asked.problem());
                            continue;
                        }
                    }
                };
                let Some((at, Done { row, stop })) = done else {
                    break;
                };
                stopped = stopped.or(stop);
                let gate = this.issuing.connection.gate();
                board.ended(&row, gate.under_way(), gate.is_slowed());
                rows[at] = Some(self.write(row));
            }
        }
        // Named, each of them.
        let reason = stopped.unwrap_or_else(|| Problem::new(Exit::Internal, "Not begun."));
        for (at, (item, facts)) in queue {
            let row = Row::not_asked(&self.issuing, &item, &facts, not_begun(&reason));
            rows[at] = Some(self.write(row));
        }
        let rows: Vec<Row> = rows.into_iter().flatten().collect();
        let was_live = board.is_live();
        drop(board);
        summary::finish(&self.issuing, self.batch.take(), rows, was_live)
    }

    /// One of them, from its places to its outcome, which is on record when this ends.
    async fn one(&self, (mut item, facts): Work, signals: Signals) -> Done {
        let batch = self.batch.as_ref().map(|(_, batch)| batch);
        if let Some(batch) = batch
            && let Err(problem) = batch.begun(&item.sandbox, item.operation).await
        {
            let row = Row::not_asked(&self.issuing, &item, &facts, not_begun(&problem));
            return Done {
                row,
                stop: Some(problem),
            };
        }
        let voice = self.issuing.context.voice;
        let row = match self.try_one(&mut item, &facts, signals).await {
            Ok(row) => row,
            Err(problem) => Row::not_asked(&self.issuing, &item, &facts, problem),
        };
        // Its value is where it belongs, and nothing more is said of it: of thousands, not all need
        // to be known.
        let row = row.scrubbed(voice);
        voice.unlearn(item.operation);
        if let Some(batch) = batch
            && let Err(error) = batch
                .ended(&item.sandbox, item.operation, row.outcome)
                .await
        {
            voice.warning(&format!(
                "what became of {} could not be written down, so --resume will leave it out: {error}.",
                item.sandbox
            ));
        }
        // Whoever is not let in is not let in the next time either, and accounts lock.
        let is_let_in = row.exit != Exit::SignIn;
        let stop = row.problem.clone().filter(|_| !is_let_in);
        Done { row, stop }
    }

    async fn try_one(
        &self,
        item: &mut Item,
        facts: &SandboxFacts,
        mut signals: Signals,
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
        let (state_dir, reserved) = (context.settings.state_dir()?, item.clone());
        let reserve = move || Places::reserve(&state_dir, &reserved);
        let places = self.issuing.waiting.on(reserve).await?;
        let ended = self.issuing.issue(item, facts, places, signals).await?;
        Ok(Row::of(item, &ended, context.settings.is_json()))
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
