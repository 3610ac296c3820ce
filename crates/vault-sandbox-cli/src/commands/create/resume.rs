//! `token create --resume`: of an interrupted run over many sandboxes, what was certainly not issued.

use std::collections::BTreeSet;

use chrono::Utc;
use vault_sandbox_core::issuance::Storage as _;
use vault_sandbox_core::issuance::many::{OwnRecord, Run, RunPlan, RunRecord, TurnEnd, TurnResult};
use vault_sandbox_core::{Expiry, OperationId, SandboxName};
use vault_sandbox_issuer::state::{OpenedRecord, OpenedRun, RunFile, StateError};

use super::issue_one::Issuing;
use super::item::{Item, Terms};
use super::many::{check_stdout, facts_of, show};
use super::places::{check_all, mention_open};
use super::row::Row;
use super::run::{Turn, Turns};
use super::run_record;
use super::summary::{self, About};
use super::{lifetime, look};
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::Destination;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::json::VaultObject;
use crate::problem::Problem;
use crate::signals::Signals;
use vault_sandbox_issuer::aside::Waiting;

/// How a sandbox of the plan stands.
enum Left {
    /// An earlier run did it.
    Done,
    /// It certainly has no token of the run.
    ToDo(Box<Item>),
    /// It has one, or may have.
    Uncertain(SandboxName, Option<OperationId>, Problem),
}

pub(super) fn run(
    context: &Context<'_>,
    text: &str,
    expires: Option<&str>,
    jobs: usize,
) -> Result<Exit, Problem> {
    let operation =
        OperationId::parse(text).map_err(|e| Problem::invalid(Exit::Usage, "--resume", &e))?;
    let (record, file) = open(context, operation)?;
    let plan = record.plan.clone();
    let terms = terms(context, &plan, expires)?;
    let asked = context.settings.dns.as_ref();
    if let Some(other) = asked.filter(|dns| **dns != plan.vault) {
        return Err(Problem::configuration(format!(
            "The run {operation} belongs to {}, not to {other}. Leave out --dns and VAULT_SANDBOX_DNS, or give that one.",
            plan.vault
        )));
    }
    if plan.api_version != context.settings.api_version {
        return Err(Problem::configuration(format!(
            "The run {operation} was made with --api-version {}: give the same.",
            plan.api_version
        )));
    }
    run_record::sweep(&plan);
    let run = gone_on_with(context, *record)?;
    let left = left(context, &terms, &plan, &run)?;
    say_how_far(context, &left);
    let to_do: Vec<Item> = left.iter().filter_map(Left::to_do).cloned().collect();
    if to_do.is_empty() {
        let about = About {
            context,
            command: terms.command,
            simulated: context.settings.simulate,
            vault: &plan.vault,
        };
        let rows = left.into_iter().filter_map(|one| one.row(&about, &plan));
        let rows = rows.collect();
        let record = summary::Record::of(&run, file);
        return summary::finish(&about, Some(record), rows, false);
    }
    check_stdout(context, to_do.iter().flat_map(|item| &item.destinations))?;
    let runtime = crate::runtime()?;
    runtime.block_on(check_all(context, &to_do))?;
    mention_open(context, 0, Some(operation))?;
    let connection = Connection::prepare(
        context.global,
        context.settings,
        Some(&plan.vault),
        context.voice,
    )?;
    connection.at_a_time(jobs);
    runtime.block_on(async {
        let mut signals = Signals::take()?;
        let list = async {
            connection.sign_in().await?;
            let list = look::at_the_list(context, &connection).await?;
            check_vault(&plan, &connection)?;
            look::say_which_vault(context, &connection);
            Ok(list)
        };
        let list = signals.stopping(list).await;
        let list = list
            .unwrap_or_else(|asked| Err(asked.problem()))
            .map_err(|problem| problem.or_now("No token was asked for."))?;
        show(context, &terms, jobs, &to_do.iter().collect::<Vec<_>>());
        let question = format!(
            "Generate a token in each of the {} that are left?",
            to_do.len()
        );
        context
            .confirm_or_stop(&question, &mut signals)
            .await
            .map_err(|problem| problem.or_now("No token was asked for."))?;
        let issuing = Issuing {
            context,
            terms: &terms,
            connection: &connection,
            replacing: None,
            waiting: Waiting::Aside,
        };
        let listed = list.as_deref().map(look::Listed::new);
        let about = About::of(&issuing);
        let turns = left.into_iter().map(|one| match one {
            // What can no longer have a token must not keep the others from theirs.
            Left::ToDo(item) => {
                match facts_of(&connection, &terms, &item.sandbox, listed.as_ref()) {
                    Ok(facts) => Turn::ToDo(Box::new((*item, facts))),
                    Err(problem) => {
                        let facts = SandboxFacts::default();
                        let row = Row::not_asked(&issuing, &item, &facts, problem);
                        Turn::Cannot(Box::new(row))
                    }
                }
            }
            other => Turn::Said(other.row(&about, &plan).map(Box::new)),
        });
        let turns: Vec<Turn> = turns.collect();
        let all = Turns {
            issuing,
            run,
            jobs,
            record: Some(file),
        };
        all.carry_out(turns, signals).await
    })
}

fn open(
    context: &Context<'_>,
    operation: OperationId,
) -> Result<(Box<RunRecord>, RunFile), Problem> {
    let runs = context.settings.state()?.runs();
    match runs.open(operation)? {
        Some(OpenedRun::Open(record, file)) => Ok((record, file)),
        Some(OpenedRun::UnderWay) => Err(Problem::new(
            Exit::Unknown,
            format!("The run {operation} is under way in another process. Wait for it to end."),
        )),
        Some(OpenedRun::Closed(error)) => Err(Problem::destination(format!(
            "The record {} {}.",
            runs.path(operation).display(),
            run_record::in_words(error)
        ))
        .now("No token was asked for.")
        .next(
            "Close it by hand, once you have looked at it",
            format!("{} {operation} --forget", context.settings.recover()),
        )),
        Some(OpenedRun::Nothing(mut file)) => {
            // Nothing is begun before the plan is there as a whole.
            let _ = file.remove();
            Err(none(context, operation))
        }
        _ => Err(none(context, operation)),
    }
}

fn none(context: &Context<'_>, operation: OperationId) -> Problem {
    Problem::usage(format!(
        "There is no run {operation} over many sandboxes that could be resumed: it is done, or was never begun."
    ))
    .next("See what is open", context.settings.recover())
}

/// The terms of the plan, with the expiry that was asked for then, unless another one is asked for now.
fn terms(context: &Context<'_>, plan: &RunPlan, expires: Option<&str>) -> Result<Terms, Problem> {
    let now = Utc::now();
    let expiry = match expires {
        Some(_) => lifetime::of(expires, &context.settings.profile, now)?,
        None => Expiry::parse(&plan.expiry.to_string(), now).map_err(|error| {
            let operation = plan.operation;
            let to_stdout = run_record::goes_to_stdout(plan);
            let again = summary::resume_command(context, &plan.vault, operation, to_stdout);
            let what = format!(
                "The tokens of the run {operation} were to expire at {}: that {}.",
                plan.expiry,
                error.reason()
            );
            Problem::usage(what).now("No token was asked for.").next(
                "Say when the others shall",
                format!("{again} --expires WHEN"),
            )
        })?,
    };
    Ok(Terms {
        command: "token create",
        name: plan.name.clone(),
        expiry,
        verify: plan.verify,
        encoding: plan.encoding,
        out: Vec::new(),
        has_asked_ci: Default::default(),
    })
}

/// A name may lead to another Vault by now.
fn check_vault(plan: &RunPlan, connection: &Connection) -> Result<(), Problem> {
    match (plan.vault_id, connection.vault_id()) {
        (Some(then), Some(now)) if then != now => Err(Problem::new(
            Exit::SignIn,
            format!(
                "The run was made in Vault {then}, but Vault {now} answers at {}.",
                plan.vault
            ),
        )),
        _ => Ok(()),
    }
}

/// What is left of it, by its record and by those of its operations.
fn gone_on_with(context: &Context<'_>, record: RunRecord) -> Result<Run, Problem> {
    let state = context.settings.state()?;
    let (pending, ledger) = (state.pending(), state.ledger());
    let vault = record.plan.vault.clone();
    let own = |sandbox: &SandboxName, operation| {
        Ok::<_, StateError>(match pending.open(operation)? {
            None if ledger.has(&vault, sandbox, operation) => OwnRecord::GoneAndInLedger,
            None => OwnRecord::Gone,
            Some(OpenedRecord::Blank(_)) => OwnRecord::Blank,
            Some(_) => OwnRecord::Open,
        })
    };
    let mut unreadable = None;
    let run = Run::resume(record, |sandbox, operation| {
        own(sandbox, operation).unwrap_or_else(|error| {
            unreadable.get_or_insert(error);
            OwnRecord::Open
        })
    });
    unreadable.map_or(Ok(run), |error| Err(error.into()))
}

impl Left {
    fn to_do(&self) -> Option<&Item> {
        match self {
            Self::ToDo(item) => Some(item),
            _ => None,
        }
    }

    fn row(self, about: &About<'_>, plan: &RunPlan) -> Option<Row> {
        let Self::Uncertain(sandbox, operation, problem) = self else {
            return None;
        };
        let vault = VaultObject {
            dns: about.vault.authority(),
            id: plan.vault_id.map(|id| id.to_string()),
            api_version: plan.api_version.to_string(),
        };
        Some(Row::left_alone(about, vault, sandbox, operation, problem))
    }
}

/// Each sandbox of the plan, by how it stands.
fn left(
    context: &Context<'_>,
    terms: &Terms,
    plan: &RunPlan,
    run: &Run,
) -> Result<Vec<Left>, Problem> {
    let pending = context.settings.state()?.pending();
    let open: BTreeSet<OperationId> = pending.operations()?.into_iter().collect();
    let each = plan.sandboxes.iter().zip(run.results());
    let left = each.map(|(planned, (name, result))| match result {
        TurnResult::LeftAlone(operation, end) => {
            let problem = why_left_alone(context, name, operation, end, &open);
            Ok(Left::Uncertain(name.clone(), operation, problem))
        }
        TurnResult::NotBegun => {
            let destinations = planned.destinations.iter();
            let destinations = destinations
                .map(|text| Destination::parse(text))
                .collect::<Result<_, _>>()?;
            let item = Item::with(context, terms, name, destinations)?;
            Ok(Left::ToDo(Box::new(item)))
        }
        _ => Ok(Left::Done),
    });
    left.collect()
}

fn why_left_alone(
    context: &Context<'_>,
    name: &SandboxName,
    operation: Option<OperationId>,
    end: TurnEnd,
    open: &BTreeSet<OperationId>,
) -> Problem {
    let is_open = operation.filter(|operation| open.contains(operation));
    let (exit, what) = match end {
        _ if operation.is_none() => (
            Exit::Unknown,
            "a newer version wrote something about it, so a token may have been issued.",
        ),
        TurnEnd::Undelivered => (
            Exit::Undelivered,
            "an earlier run issued the token, which is not where it should be.",
        ),
        TurnEnd::ValueLost => (
            Exit::ValueLost,
            "an earlier run issued a token, whose value is lost.",
        ),
        TurnEnd::Mismatch => (
            Exit::Mismatch,
            "whether an earlier run issued a token is not known yet.",
        ),
        _ if is_open.is_some() => (
            Exit::Unknown,
            "whether an earlier run issued a token is not known yet.",
        ),
        // Not even its own record is there to tell.
        _ => (
            Exit::Unknown,
            "an earlier run was killed at its end, and a token may have been issued.",
        ),
    };
    let problem = Problem::new(exit, format!("Left alone: {what}"));
    if let Some(operation) = is_open {
        let recover = format!("{} {operation}", context.settings.recover());
        return problem.next("Go on with it", recover);
    }
    let sandbox = shell_words::quote(name.as_str()).into_owned();
    let list = context
        .settings
        .typed
        .command(&format!("token list {sandbox}"));
    problem.next("See whether there is one", list)
}

fn say_how_far(context: &Context<'_>, left: &[Left]) {
    let count = |test: fn(&Left) -> bool| left.iter().filter(|one| test(one)).count();
    let mut how_far = format!(
        "Of {} sandboxes, {} are done and {} are left to do",
        left.len(),
        count(|one| matches!(one, Left::Done)),
        count(|one| matches!(one, Left::ToDo(_)))
    );
    let uncertain = count(|one| matches!(one, Left::Uncertain(..)));
    if uncertain > 0 {
        how_far.push_str(&format!("; {uncertain} are not certain"));
    }
    context.voice.say(&format!("{how_far}."));
}
