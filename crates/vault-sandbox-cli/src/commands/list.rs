//! `token list`: the user's tokens in sandboxes, and which of them expire soon.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, stream};
use vault_sandbox_core::SandboxName;
use vault_sandbox_core::endpoints::{TokenRecord, TokenStatus};
use vault_sandbox_core::redact::escape;

use super::Context;
use crate::args::ListArgs;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::inside::{Inside, Way};
use crate::json::{self, Ending, ListedToken, TokensObject};
use crate::page::Page;
use crate::problem::Problem;
use crate::report::{instant, time_left};
use crate::selection::Selection;
use crate::signals::Signals;
use crate::tokens;

/// A token and where it is.
type Found = (SandboxName, TokenRecord);

pub(crate) fn run(context: &Context<'_>, args: &ListArgs) -> Result<Exit, Problem> {
    let selection = Selection::of(&args.sandboxes, context.global)?;
    let way = Way::prepare(context, &args.access)?.at_a_time(args.sandboxes.jobs);
    let (mut found, failed) = crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        signals
            .stopping(read(&way, &selection, usize::from(args.sandboxes.jobs)))
            .await
            .unwrap_or_else(|asked| Err(asked.problem()))
    })?;
    let now = Utc::now();
    let soon = TimeDelta::from_std(args.within)
        .ok()
        .and_then(|within| now.checked_add_signed(within));
    let is_soon = |record: &TokenRecord| {
        let before = |at: DateTime<Utc>| soon.is_none_or(|soon| at <= soon);
        !record.has_expired(now) && record.expiry.is_some_and(before)
    };
    let expiring = found.iter().filter(|(_, record)| is_soon(record)).count();
    if args.expiring {
        found.retain(|(_, record)| is_soon(record));
    }
    let expires = (args.expiring && expiring > 0).then(|| {
        let tokens = if expiring == 1 {
            "token expires"
        } else {
            "tokens expire"
        };
        let within = in_words(args.within);
        Problem::new(
            Exit::Expiring,
            format!("{expiring} {tokens} within {within}."),
        )
    });
    let problem = failed.or(expires);
    if context.settings.is_json() {
        let ending = Ending {
            command: "token list",
            outcome: None,
            simulated: way.connection().is_simulated(),
            warnings: &[],
            problem: problem.as_ref(),
            voice: context.voice,
        };
        let tokens = found.iter().map(|(name, record)| object(name, record));
        json::print(
            &ending,
            TokensObject {
                tokens: tokens.collect(),
            },
        )?;
    } else if found.is_empty() {
        if problem.is_none() {
            context.voice.say(if args.expiring {
                &"Nothing expires soon."
            } else {
                &"You have no tokens there."
            });
        }
    } else {
        let is_alone = selection.only().is_some();
        let page = context.settings.page();
        let text = text(page, &found, is_alone, |record| {
            row(record, now, is_soon(record))
        });
        stdout::show(text.as_bytes())?;
    }
    if let Some(problem) = &problem {
        context.voice.problem(problem);
    }
    Ok(problem.map_or(Exit::Done, |problem| problem.exit))
}

/// Those of each sandbox, in the order of the sandboxes; and, where some could not be looked at, a
/// problem that says so. Where none could be, that is all there is.
async fn read(
    way: &Way,
    selection: &Selection,
    jobs: usize,
) -> Result<(Vec<Found>, Option<Problem>), Problem> {
    let sandboxes = way.find(selection).await?;
    let many = sandboxes.len();
    let look = |inside: Inside| async move {
        let records = tokens::mine(way, &inside, None).await;
        (inside.name, records)
    };
    let mut answers = stream::iter(sandboxes).map(look).buffered(jobs);
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    while let Some((name, records)) = answers.next().await {
        match records {
            Ok(mut records) => {
                records.sort_by_key(|record| (record.expiry.is_none(), record.expiry));
                found.extend(records.into_iter().map(|record| (name.clone(), record)));
            }
            Err(problem) => failures.push(problem),
        }
    }
    Ok((found, tokens::all_of(many, failures)?))
}

fn text(
    page: Page,
    found: &[Found],
    is_alone: bool,
    row: impl Fn(&TokenRecord) -> [String; 6],
) -> String {
    let head = ["ID", "STATUS", "EXPIRES", "TIME LEFT", "LAST USED", "NAME"];
    if is_alone {
        let rows = found.iter().map(|(_, record)| row(record));
        return page.table(head, rows);
    }
    let [id, status, expires, left, used, name] = head;
    let rows = found.iter().map(|(sandbox, record)| {
        let [id, status, expires, left, used, name] = row(record);
        let sandbox = escape(sandbox.as_str());
        [sandbox, id, status, expires, left, used, name]
    });
    page.table(["SANDBOX", id, status, expires, left, used, name], rows)
}

fn in_words(within: Duration) -> String {
    let hours = within.as_secs() / 3600;
    if hours > 0 && hours.is_multiple_of(24) {
        format!("{} days", hours / 24)
    } else {
        humantime::format_duration(within).to_string()
    }
}

fn row(record: &TokenRecord, now: DateTime<Utc>, is_soon: bool) -> [String; 6] {
    let left = match record.expiry {
        None => String::new(),
        Some(at) => format!(
            "{}{}",
            time_left(at, now),
            if is_soon { ", soon" } else { "" }
        ),
    };
    [
        record.id.to_string(),
        escape(&status(record)),
        instant(record.expiry),
        left,
        record
            .last_used
            .map_or_else(|| "never".to_owned(), |at| instant(Some(at))),
        escape(record.name.as_deref().unwrap_or_default()),
    ]
}

fn object(sandbox: &SandboxName, record: &TokenRecord) -> ListedToken {
    ListedToken {
        sandbox: sandbox.to_string(),
        id: record.id.to_string(),
        name: record.name.clone(),
        status: status(record),
        expiry: instant(record.expiry),
        last_used: record.last_used.map(|at| instant(Some(at))),
    }
}

pub(super) fn status(record: &TokenRecord) -> String {
    match &record.status {
        TokenStatus::Active => "active".to_owned(),
        TokenStatus::Inactive => "inactive".to_owned(),
        TokenStatus::Unknown(word) => word.clone(),
        _ => "unknown".to_owned(),
    }
}
