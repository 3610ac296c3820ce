//! What is open, shown.

use vault_sandbox_core::issuance::JournalError;
use vault_sandbox_issuer::state::{OpenedRecord, Pending, StateError};

use super::objects::{bare, newer, object, state_of};
use super::print;
use crate::commands::{Context, runs};
use crate::destinations;
use crate::exit::Exit;
use crate::problem::Problem;

/// Shows what is open; nothing is changed by it.
pub(super) fn list(context: &Context<'_>, pending: &Pending) -> Result<Exit, Problem> {
    let (mut objects, mut unseen) = (Vec::new(), Vec::new());
    let mut cannot_be_seen = |error: StateError| unseen.push(Problem::from(error));
    let operations = pending.operations().unwrap_or_else(|error| {
        cannot_be_seen(error);
        Vec::new()
    });
    for operation in operations {
        let path = pending.path(operation).display().to_string();
        let bare = |state| bare(operation, state, path.clone());
        let opened = pending.open(operation).unwrap_or_else(|error| {
            cannot_be_seen(error);
            Some(OpenedRecord::Broken(JournalError::Damaged))
        });
        objects.push(match opened {
            None => continue,
            Some(OpenedRecord::Blank(_)) => bare("not_asked"),
            Some(OpenedRecord::UnderWay) => bare("under_way"),
            Some(OpenedRecord::Newer(record)) => newer(*record, bare("newer")),
            Some(OpenedRecord::Open(record, _)) => object(&record, bare(state_of(&record))),
            Some(_) => bare("unreadable"),
        });
    }
    let runs = runs::list(context, &mut unseen)?;
    let unseen = all_of(unseen);
    if context.settings.is_json() {
        if let Some(problem) = &unseen {
            context.voice.problem(problem);
        }
        print(context, &objects, runs, unseen.as_ref())?;
        return Ok(unseen.map_or(Exit::Done, |problem| problem.exit));
    }
    if objects.is_empty() && runs.is_empty() && unseen.is_none() {
        let state_dir = context.settings.state_dir()?;
        context.voice.say(&match state_dir.symlink_metadata() {
            Ok(_) => "Nothing is open.".to_owned(),
            Err(_) => format!("Nothing is open: there is no {}.", state_dir.display()),
        });
    }
    for object in &objects {
        let words = match object.state {
            "delivered" => "issued and delivered",
            "kept" => "issued; its value is kept, and not where it should be",
            "value_lost" => "issued; its value is lost, it should be revoked",
            "under_way" => "under way in another process",
            "unreadable" => "its record is empty, or cannot be understood",
            "newer" => "written by a newer version, and left alone",
            "not_asked" => "ended before anything was asked of Vault",
            _ => "nobody knows whether it was issued",
        };
        let sandbox = object.sandbox.as_deref().unwrap_or("?");
        // Of a rotation both are named: either may be the one that is in use.
        let old = object.replaces.as_ref().map_or_else(String::new, |old| {
            let new = object.token_ids.join(", ");
            let new = if new.is_empty() {
                "the new token"
            } else {
                &new
            };
            format!(" ({new} is to take the place of {old}, which was not deleted yet)")
        });
        let line = format!("{}  {sandbox}: {words}{old}", object.operation);
        let line = context.settings.page().line(&line);
        destinations::stdout::show(line.as_bytes())?;
    }
    if let Some(first) = objects.first() {
        context.voice.say(&format!(
            "  Go on with one of them:  {} {}",
            context.settings.recover(),
            first.operation
        ));
    }
    runs::show(context, &runs)?;
    unseen.map_or(Ok(Exit::Done), Err)
}

/// What could not be looked at, as one problem.
fn all_of(mut unseen: Vec<Problem>) -> Option<Problem> {
    let mut first = (!unseen.is_empty()).then(|| unseen.remove(0))?;
    for other in unseen {
        first.what = format!("{} {}", first.what, other.what);
    }
    Some(first.now("What else is open is not known."))
}
