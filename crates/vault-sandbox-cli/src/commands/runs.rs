//! Runs over many sandboxes that are not finished, for `token recover`.

use chrono::SecondsFormat;
use vault_sandbox_core::OperationId;
use vault_sandbox_core::issuance::Storage as _;
use vault_sandbox_core::issuance::many::{Progress, RunError, RunFact, RunRecord, TurnEnd};
use vault_sandbox_issuer::state::{OpenedRun, StateError};

use super::Context;
use super::create::resume_command;
use super::create::run_record;
use crate::args::RecoverArgs;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::json::RunObject;
use crate::problem::Problem;

/// As far as they can be looked at; what cannot be is added to `unseen`.
pub(super) fn list(
    context: &Context<'_>,
    unseen: &mut Vec<Problem>,
) -> Result<Vec<RunObject>, Problem> {
    let records = context.settings.state()?.runs();
    let mut runs = Vec::new();
    let mut cannot_be_seen = |error: StateError| unseen.push(error.into());
    let operations = records.operations().unwrap_or_else(|error| {
        cannot_be_seen(error);
        Vec::new()
    });
    for operation in operations {
        let bare = |state| RunObject {
            operation: operation.to_string(),
            state,
            started: None,
            vault: None,
            total: None,
            left: None,
            resume: None,
            record: records.path(operation).display().to_string(),
        };
        let found = records.open(operation).unwrap_or_else(|error| {
            cannot_be_seen(error);
            Some(OpenedRun::Closed(RunError::Damaged))
        });
        runs.push(match found {
            None => continue,
            Some(OpenedRun::UnderWay) => bare("under_way"),
            Some(OpenedRun::Nothing(_)) => bare("not_asked"),
            Some(OpenedRun::Closed(RunError::Newer)) => bare("newer"),
            Some(OpenedRun::Open(record, _)) => RunObject {
                started: Some(
                    record
                        .plan
                        .started
                        .to_rfc3339_opts(SecondsFormat::Secs, true),
                ),
                vault: Some(record.plan.vault.to_string()),
                total: Some(record.plan.sandboxes.len()),
                left: Some(left(&record)),
                resume: Some(resume(context, operation, &record)),
                ..bare("open")
            },
            Some(_) => bare("unreadable"),
        });
    }
    Ok(runs)
}

/// For people: each with what to type.
pub(super) fn show(context: &Context<'_>, runs: &[RunObject]) -> Result<(), Problem> {
    for run in runs {
        let words = match (run.left, run.total) {
            (Some(left), Some(total)) => {
                format!(
                    "a run over many, not finished; sandboxes without a token: {left} of {total}"
                )
            }
            _ if run.state == "under_way" => {
                "a run over many sandboxes, under way in another process".to_owned()
            }
            _ if run.state == "not_asked" => {
                "a run over many sandboxes that ended before anything of it was begun".to_owned()
            }
            _ if run.state == "newer" => {
                "a run over many sandboxes, written by a newer version".to_owned()
            }
            _ => "a run over many sandboxes, whose record cannot be understood".to_owned(),
        };
        let line = format!("{}  {words}", run.operation);
        stdout::show(context.settings.page().line(&line).as_bytes())?;
        if let Some(resume) = &run.resume {
            context.voice.say(&format!("  Go on with it:  {resume}"));
        }
        if run.state != "under_way" {
            let forget = format!("{} {} --forget", context.settings.recover(), run.operation);
            context.voice.say(&format!("  Or let it be:  {forget}"));
        }
    }
    Ok(())
}

/// An operation ended before anything was asked of Vault: the run that it is of, if it is of one, knows
/// it for certain from now on.
pub(super) fn never_asked(context: &Context<'_>, operation: OperationId) -> Result<(), Problem> {
    let runs = context.settings.state()?.runs();
    for run in runs.operations()? {
        let Some(OpenedRun::Open(record, file)) = runs.open(run)? else {
            continue;
        };
        for planned in &record.plan.sandboxes {
            if record.progress(&planned.name) == Progress::Begun(operation) {
                let fact = RunFact::Ended(planned.name.clone(), operation, TurnEnd::NotIssued);
                // Where it cannot be written, a resumed run leaves it alone.
                let _ = file.append_now(fact);
            }
        }
    }
    Ok(())
}

/// Where it is a run that is named, and not an operation of one sandbox: it can only be forgotten
/// here. `None`: there is no such run.
pub(super) fn close(
    context: &Context<'_>,
    args: &RecoverArgs,
    operation: OperationId,
) -> Result<Option<Exit>, Problem> {
    let runs = context.settings.state()?.runs();
    let Some(found) = runs.open(operation)? else {
        return Ok(None);
    };
    let remove = || {
        let removed = runs.discard(operation);
        removed.map_err(|e| cannot_be_removed(&e))
    };
    // Locked until it is removed.
    let (record, _file) = match found {
        OpenedRun::Open(record, file) => (record, file),
        OpenedRun::Nothing(mut file) => {
            let removed = file.remove();
            removed.map_err(|e| cannot_be_removed(&e))?;
            context.voice.say(&format!(
                "{operation} ended before anything of it was begun. It is closed."
            ));
            return Ok(Some(Exit::Done));
        }
        OpenedRun::Closed(error) if args.forget => {
            let words = run_record::in_words(error);
            context.confirm(&format!(
                "Remove the record of the run {operation}, which {words}?"
            ))?;
            remove()?;
            context.voice.say(&"Removed.");
            return Ok(Some(Exit::Done));
        }
        OpenedRun::Closed(error) => {
            let words = run_record::in_words(error);
            let path = runs.path(operation);
            let what = format!("The record {} {words}.", path.display());
            return Err(Problem::new(Exit::Unknown, what).next(
                "Close it by hand, once you have looked at it",
                format!("{} {operation} --forget", context.settings.recover()),
            ));
        }
        _ => {
            return Err(Problem::new(
                Exit::Unknown,
                format!("The run {operation} is under way in another process. Wait for it to end."),
            ));
        }
    };
    let (left, total) = (left(&record), record.plan.sandboxes.len());
    if !args.forget {
        let what = format!(
            "{operation} is a run over many sandboxes; without a token: {left} of {total}. It is gone on with as a whole, or forgotten."
        );
        let problem = Problem::usage(what).now("Nothing was changed.");
        let forget = format!("{} {operation} --forget", context.settings.recover());
        return Err(problem
            .next("Go on with it", resume(context, operation, &record))
            .next("Or let it be", forget));
    }
    let lost = format!(
        "It can no longer be resumed then. Sandboxes that are left without a token: {left} of {total}."
    );
    context.confirm(&format!("Forget the run {operation}? {lost}"))?;
    run_record::sweep(&record.plan);
    remove()?;
    context
        .voice
        .say(&"Forgotten. What it issued stays as it is.");
    Ok(Some(Exit::Done))
}

/// How many certainly have no token.
fn left(record: &RunRecord) -> usize {
    let is_left = |progress| {
        matches!(
            progress,
            Progress::NotBegun | Progress::Ended(_, TurnEnd::NotIssued)
        )
    };
    let each = record.plan.sandboxes.iter();
    let progress = each.map(|planned| record.progress(&planned.name));
    progress.filter(|progress| is_left(*progress)).count()
}

fn resume(context: &Context<'_>, operation: OperationId, record: &RunRecord) -> String {
    let to_stdout = run_record::goes_to_stdout(&record.plan);
    resume_command(context, &record.plan.vault, operation, to_stdout)
}

fn cannot_be_removed(error: &std::io::Error) -> Problem {
    Problem::destination(format!("The record cannot be removed: {error}."))
}
