//! Runs over many sandboxes that are not finished, for `token recover`.

use vault_sandbox_core::{OperationId, SandboxName, VaultDns};

use super::Context;
use super::create::batch::{self, Batch, Found, Opened, Progress};
use super::create::resume_command;
use crate::args::RecoverArgs;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::json::RunObject;
use crate::problem::Problem;

pub(super) fn list(context: &Context<'_>) -> Result<Vec<RunObject>, Problem> {
    let state_dir = context.settings.state_dir()?;
    let mut runs = Vec::new();
    for operation in batch::operations(&state_dir) {
        let bare = |state| RunObject {
            operation: operation.to_string(),
            state,
            started: None,
            vault: None,
            total: None,
            left: None,
            resume: None,
            record: batch::path(&state_dir, operation).display().to_string(),
        };
        runs.push(match Batch::open(&state_dir, operation)? {
            None => continue,
            Some(Found::UnderWay) => bare("under_way"),
            Some(Found::Broken) => bare("unreadable"),
            Some(Found::Open(opened)) => RunObject {
                started: Some(opened.plan.started.clone()),
                vault: Some(opened.plan.vault.clone()),
                total: Some(opened.plan.sandboxes.len()),
                left: Some(left(&opened)),
                resume: resume(context, operation, &opened),
                ..bare("open")
            },
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
    let state_dir = context.settings.state_dir()?;
    for run in batch::operations(&state_dir) {
        let Some(Found::Open(opened)) = Batch::open(&state_dir, run)? else {
            continue;
        };
        for (name, how) in &opened.progress {
            if *how == Progress::Begun(operation)
                && let Ok(sandbox) = SandboxName::parse(name.as_str())
            {
                // Where it cannot be written, a resumed run leaves it alone.
                let _ = opened.batch.ended_before(&sandbox, operation, "not_issued");
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
    let state_dir = context.settings.state_dir()?;
    let Some(found) = Batch::open(&state_dir, operation)? else {
        return Ok(None);
    };
    let Found::Open(opened) = found else {
        let path = batch::path(&state_dir, operation);
        return match found {
            Found::Broken if args.forget => {
                context.confirm(&format!(
                    "Remove the record of the run {operation}, which cannot be understood?"
                ))?;
                remove(&path)?;
                context.voice.say(&"Removed.");
                Ok(Some(Exit::Done))
            }
            Found::Broken => Err(Problem::new(
                Exit::Unknown,
                format!("The record {} cannot be understood.", path.display()),
            )
            .next(
                "Close it by hand, once you have looked at it",
                format!("{} {operation} --forget", context.settings.recover()),
            )),
            _ => Err(Problem::new(
                Exit::Unknown,
                format!("The run {operation} is under way in another process. Wait for it to end."),
            )),
        };
    };
    let (left, total) = (left(&opened), opened.plan.sandboxes.len());
    if !args.forget {
        let what = format!(
            "{operation} is a run over many sandboxes; without a token: {left} of {total}. It is gone on with as a whole, or forgotten."
        );
        let mut problem = Problem::usage(what).now("Nothing was changed.");
        if let Some(resume) = resume(context, operation, &opened) {
            problem = problem.next("Go on with it", resume);
        }
        let forget = format!("{} {operation} --forget", context.settings.recover());
        return Err(problem.next("Or let it be", forget));
    }
    let lost = format!(
        "It can no longer be resumed then. Sandboxes that are left without a token: {left} of {total}."
    );
    context.confirm(&format!("Forget the run {operation}? {lost}"))?;
    opened.plan.sweep();
    remove(&batch::path(&state_dir, operation))?;
    context
        .voice
        .say(&"Forgotten. What it issued stays as it is.");
    Ok(Some(Exit::Done))
}

/// How many certainly have no token.
fn left(opened: &Opened) -> usize {
    let (plan, progress) = (&opened.plan, &opened.progress);
    let is_left = |name: &String| {
        let how = progress.get(name).unwrap_or(&Progress::NotBegun);
        matches!(how, Progress::NotBegun | Progress::NotIssued)
    };
    let names = plan.sandboxes.iter().map(|one| &one.name);
    names.filter(|name| is_left(name)).count()
}

fn resume(context: &Context<'_>, operation: OperationId, opened: &Opened) -> Option<String> {
    let vault = VaultDns::parse(&opened.plan.vault).ok()?;
    Some(resume_command(context, &vault, operation, &opened.batch))
}

fn remove(path: &std::path::Path) -> Result<(), Problem> {
    std::fs::remove_file(path)
        .map_err(|e| Problem::destination(format!("The record cannot be removed: {e}.")))
}
