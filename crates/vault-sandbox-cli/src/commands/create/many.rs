//! Many sandboxes: one plan, one confirmation, one sign-in; each then goes its own way.

use chrono::Utc;
use vault_sandbox_core::SandboxName;
use vault_sandbox_core::endpoints::Sandbox;
use vault_sandbox_core::issuance::VerifyRule;
use vault_sandbox_core::issuance::many::{PlannedSandbox, Run, RunPlan};
use vault_sandbox_core::redact::escape;
use vault_sandbox_issuer::state::RunFile;

use super::issue_one::Issuing;
use super::item::{Item, Terms, new_operation};
use super::places::{check_all, mention_open};
use super::run::{Turn, Turns};
use super::{Wish, dry_run, look};
use crate::args::Format;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::Destination;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::problem::Problem;
use crate::report::expiry_for_people;
use crate::selection::Selection;
use crate::signals::Signals;
use vault_sandbox_issuer::aside::Waiting;

/// So many are named in the plan.
const SHOWN: usize = 10;

/// A sandbox whose turn will come.
type Work = (Item, SandboxFacts);

pub(super) fn run(context: &Context<'_>, wish: &Wish) -> Result<Exit, Problem> {
    let runtime = crate::runtime()?;
    let named = match &wish.selection {
        Selection::Named(names) => Some(runtime.block_on(plan(context, wish, names))?),
        _ => None,
    };
    let connection = Connection::prepare(context.global, context.settings, None, context.voice)?;
    connection.at_a_time(wish.jobs);
    runtime.block_on(async {
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
        let items: Vec<&Item> = work.iter().map(|(item, _)| item).collect();
        show(context, &wish.terms, wish.jobs, &items);
        let many = work.len();
        let question = match (&wish.replacing, many) {
            (None, 1) => "Generate a token there?".to_owned(),
            (None, _) => format!("Generate a token in each of these {many} sandboxes?"),
            (Some(_), 1) => "Replace the token there?".to_owned(),
            (Some(_), _) => format!("Replace the token in each of these {many} sandboxes?"),
        };
        context
            .confirm_or_stop(&question, &mut signals)
            .await
            .map_err(|problem| problem.or_now("No token was asked for."))?;
        let plan = plan_of(context, &wish.terms, &connection, &work)?;
        // A rotation is run again; a simulated Vault is gone by then.
        let record = match wish.replacing.is_none() && !connection.is_simulated() {
            true => Some(begin(context, &plan)?),
            false => None,
        };
        let mut run = Run::new(plan);
        run.planned(true);
        let issuing = Issuing {
            context,
            terms: &wish.terms,
            connection: &connection,
            replacing: wish.replacing.as_ref(),
            waiting: Waiting::Aside,
        };
        let turns = Turns {
            issuing,
            run,
            jobs: wish.jobs,
            record,
        };
        let work = work.into_iter().map(|work| Turn::ToDo(Box::new(work)));
        turns.carry_out(work.collect(), signals).await
    })
}

/// What each comes to, with all its places checked.
async fn plan(
    context: &Context<'_>,
    wish: &Wish,
    names: &[SandboxName],
) -> Result<Vec<Item>, Problem> {
    let items = names
        .iter()
        .map(|name| Item::of(context, &wish.terms, name));
    let items: Vec<Item> = items.collect::<Result<_, _>>()?;
    check_stdout(context, items.iter().flat_map(|item| &item.destinations))?;
    check_all(context, &items).await?;
    mention_open(context, 0, None)?;
    Ok(items)
}

/// On stdout, values are told apart by the objects around them.
pub(super) fn check_stdout<'a>(
    context: &Context<'_>,
    mut destinations: impl Iterator<Item = &'a Destination>,
) -> Result<(), Problem> {
    let is_told_apart = context.settings.format == Format::Jsonl;
    if is_told_apart || !destinations.any(Destination::is_stdout) {
        return Ok(());
    }
    Err(Problem::usage(
        "The tokens of several sandboxes cannot be told apart on stdout. Name files, such as --out \".secrets/{sandbox}.token\", or ask for --format jsonl.",
    ))
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
            plan(context, wish, &names).await?
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

/// Each with what the list says of it. What is wrong with some is said of all of them at once.
fn with_facts(
    connection: &Connection,
    terms: &Terms,
    items: Vec<Item>,
    list: Option<&[Sandbox]>,
) -> Result<Vec<Work>, Problem> {
    let total = items.len();
    let listed = list.map(look::Listed::new);
    let mut wrong = Vec::new();
    let mut work = Vec::with_capacity(total);
    for item in items {
        match facts_of(connection, terms, &item.sandbox, listed.as_ref()) {
            Ok(facts) => work.push((item, facts)),
            Err(problem) => wrong.push(problem),
        }
    }
    match wrong.len() {
        0 => Ok(work),
        1 => Err(wrong.swap_remove(0)),
        many => {
            let mut all = wrong.swap_remove(0);
            let first = std::mem::take(&mut all.what);
            let others = wrong.iter().map(|problem| problem.what.as_str());
            let named: Vec<_> = [first.as_str()]
                .into_iter()
                .chain(others)
                .take(SHOWN)
                .collect();
            let more = match many - named.len() {
                0 => String::new(),
                more => format!(" And {more} more."),
            };
            all.what = format!(
                "{many} of {total} sandboxes cannot have a token. {}{more}",
                named.join(" ")
            );
            Err(all)
        }
    }
}

/// What the list says of one, as far as it may be read.
pub(super) fn facts_of(
    connection: &Connection,
    terms: &Terms,
    sandbox: &SandboxName,
    listed: Option<&look::Listed<'_>>,
) -> Result<SandboxFacts, Problem> {
    let facts = match listed {
        Some(listed) => listed.up(connection, sandbox)?,
        None => SandboxFacts::default(),
    };
    if terms.verify == VerifyRule::Always && facts.dns.is_none() {
        return Err(Problem::configuration(format!(
            "--verify always cannot be kept: where the sandbox {sandbox} itself is, is not known."
        )));
    }
    Ok(facts)
}

/// What will be done, before it is.
pub(super) fn show(context: &Context<'_>, terms: &Terms, jobs: usize, items: &[&Item]) {
    let (voice, many) = (context.voice, items.len());
    let names = items.iter().take(SHOWN);
    let names: Vec<_> = names.map(|item| escape(item.sandbox.as_str())).collect();
    let mut shown = names.join(", ");
    if many > SHOWN {
        shown.push_str(&format!(" and {} more", many - SHOWN));
    }
    voice.fact("Sandboxes", &format!("{many}: {shown}"));
    voice.fact("Expires", &expiry_for_people(terms.expiry, Utc::now()));
    if let Some(item) = items.first() {
        let destinations: Vec<_> = item.destinations.iter().map(ToString::to_string).collect();
        let like = if many > 1 { ", and so on" } else { "" };
        voice.fact("To", &format!("{}{like}", destinations.join(", ")));
    }
    voice.fact("At a time", &jobs.min(many));
}

/// What the run is asked for.
fn plan_of(
    context: &Context<'_>,
    terms: &Terms,
    connection: &Connection,
    work: &[Work],
) -> Result<RunPlan, Problem> {
    let sandboxes = work.iter().map(|(item, _)| {
        let destinations = item.destinations.iter().map(Destination::for_record);
        PlannedSandbox::new(item.sandbox.clone(), destinations)
    });
    let plan = RunPlan::new(
        new_operation()?,
        Utc::now(),
        connection.dns().clone(),
        terms.expiry,
        sandboxes.collect(),
    );
    Ok(plan
        .vault_id(connection.vault_id())
        .api_version(context.settings.api_version)
        .name(terms.name.clone())
        .encoding(terms.encoding)
        .verify(terms.verify))
}

/// The record of the run: without it a run that is cut off could not be gone on with.
fn begin(context: &Context<'_>, plan: &RunPlan) -> Result<RunFile, Problem> {
    let record = context.settings.state()?.runs().begin(plan)?;
    let operation = plan.operation;
    // Who ends it so that it cannot say anything more has to know.
    context.voice.fact(
        "Run",
        &format!("{operation}; if it is cut off, --resume {operation} goes on with it"),
    );
    Ok(record)
}
