//! `token list`: the user's tokens in a sandbox, and which of them expire soon.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use vault_sandbox_core::SandboxName;
use vault_sandbox_core::endpoints::{TokenRecord, TokenStatus};
use vault_sandbox_core::redact::escape;

use super::Context;
use crate::args::ListArgs;
use crate::connection::Connection;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::json::{self, Ending, ListedToken, TokensObject};
use crate::problem::Problem;
use crate::report::{instant, time_left};
use crate::signals::Signals;
use crate::{sandbox, tokens};

pub(crate) fn run(context: &Context<'_>, args: &ListArgs) -> Result<Exit, Problem> {
    let name = SandboxName::parse(args.sandbox.as_str())
        .map_err(|e| Problem::invalid(Exit::Usage, "The sandbox name", &e))?;
    let mut connection =
        Connection::prepare(context.global, context.settings, None, context.voice)?;
    let mut records = crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        let work = async {
            connection.sign_in().await?;
            let dns = sandbox::locate(&connection, &name, args.sandbox_dns.as_deref()).await?;
            tokens::mine(&connection, &dns, None).await
        };
        signals
            .stopping(work)
            .await
            .unwrap_or_else(|asked| Err(asked.problem()))
    })?;
    let now = Utc::now();
    let soon = TimeDelta::from_std(args.within)
        .ok()
        .and_then(|within| now.checked_add_signed(within));
    let is_soon = |record: &TokenRecord| {
        let before = |at: DateTime<Utc>| soon.is_none_or(|soon| at <= soon);
        !tokens::has_expired(record, now) && record.expiry.is_some_and(before)
    };
    records.sort_by_key(|record| (record.expiry.is_none(), record.expiry));
    let expiring = records.iter().filter(|record| is_soon(record)).count();
    if args.expiring {
        records.retain(is_soon);
    }
    let problem = (args.expiring && expiring > 0).then(|| {
        let tokens = if expiring == 1 {
            "token expires"
        } else {
            "tokens expire"
        };
        Problem::new(
            Exit::Expiring,
            format!("{expiring} {tokens} within {}.", in_words(args.within)),
        )
    });
    if context.settings.is_json() {
        let ending = Ending {
            command: "token list",
            outcome: None,
            simulated: connection.is_simulated(),
            warnings: &[],
            problem: problem.as_ref(),
            voice: context.voice,
        };
        json::print(
            &ending,
            TokensObject {
                tokens: records.iter().map(object).collect(),
            },
        )?;
    } else if records.is_empty() {
        context.voice.say(if args.expiring {
            &"Nothing expires soon."
        } else {
            &"You have no tokens there."
        });
    } else {
        let rows = records
            .iter()
            .map(|record| row(record, now, is_soon(record)));
        let head = ["ID", "STATUS", "EXPIRES", "TIME LEFT", "LAST USED", "NAME"];
        let text = context.settings.page().table(head, rows);
        stdout::show(text.as_bytes())?;
    }
    if let Some(problem) = &problem {
        context.voice.problem(problem);
    }
    Ok(problem.map_or(Exit::Done, |problem| problem.exit))
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

fn object(record: &TokenRecord) -> ListedToken {
    ListedToken {
        id: record.id.to_string(),
        name: record.name.clone(),
        status: status(record),
        expiry: instant(record.expiry),
        last_used: record.last_used.map(|at| instant(Some(at))),
    }
}

fn status(record: &TokenRecord) -> String {
    match record.status() {
        TokenStatus::Active => "active".to_owned(),
        TokenStatus::Inactive => "inactive".to_owned(),
        TokenStatus::Unknown(word) => word,
        _ => "unknown".to_owned(),
    }
}
