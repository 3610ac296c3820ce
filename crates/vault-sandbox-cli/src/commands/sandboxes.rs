//! `sandbox list` and `sandbox show`.

use chrono::{DateTime, Utc};
use vault_sandbox_core::SandboxName;
use vault_sandbox_core::endpoints::{
    ListSandboxes, Sandbox, SandboxDetails, Sandboxes, ShowSandbox,
};
use vault_sandbox_core::redact::escape;

use super::Context;
use crate::connection::Connection;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::json::{self, Ending, LimitObject, OneSandboxObject, SandboxObject, SandboxesObject};
use crate::problem::Problem;
use crate::report::instant;
use crate::report::problems::capitalised;
use crate::sandbox;
use crate::signals::Signals;

pub(crate) fn list(context: &Context<'_>) -> Result<Exit, Problem> {
    let connection = Connection::prepare(context.global, context.settings, None, context.voice)?;
    let sandboxes = stoppable(read_list(&connection))?;
    if context.settings.is_json() {
        let objects = sandboxes.active.iter().map(object).collect();
        print(
            &connection,
            "sandbox list",
            SandboxesObject { sandboxes: objects },
        )?;
    } else if sandboxes.active.is_empty() {
        context.voice.say(&"This Vault has no sandboxes.");
    } else {
        stdout::show(table(context, &sandboxes.active).as_bytes())?;
    }
    Ok(Exit::Done)
}

pub(crate) fn show(context: &Context<'_>, name: &str) -> Result<Exit, Problem> {
    let name = SandboxName::parse(name)
        .map_err(|e| Problem::invalid(Exit::Usage, "The sandbox name", &e))?;
    let connection = Connection::prepare(context.global, context.settings, None, context.voice)?;
    let details = stoppable(read_one(&connection, &name))?;
    if context.settings.is_json() {
        let limits = details.limits.iter().map(|limit| LimitObject {
            name: limit.name.clone().unwrap_or_default(),
            used: limit.used,
            allowed: limit.allowed,
        });
        let body = OneSandboxObject {
            sandbox: object(&details.sandbox),
            limits: limits.collect(),
        };
        print(&connection, "sandbox show", body)?;
    } else {
        stdout::show(facts(context, &details).as_bytes())?;
    }
    Ok(Exit::Done)
}

fn stoppable<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        signals
            .stopping(work)
            .await
            .map_err(|asked| Problem::new(asked.exit(), "Interrupted."))?
    })
}

async fn read_list(connection: &Connection) -> Result<Sandboxes, Problem> {
    connection.sign_in().await?;
    let reply = connection.look(&ListSandboxes::new()).await;
    reply
        .map(|reply| reply.value)
        .map_err(|e| Problem::of_call(&sandbox::reading(connection), &e))
}

async fn read_one(connection: &Connection, name: &SandboxName) -> Result<SandboxDetails, Problem> {
    let list = read_list(connection).await?;
    let found = sandbox::find(connection, &list.active, name).map_err(|mut problem| {
        problem.now = None;
        problem
    })?;
    let id = found.vault_id.ok_or_else(|| {
        Problem::new(
            Exit::Unreachable,
            "Vault's list does not say which Vault the sandbox is.",
        )
    })?;
    let reply = connection.look(&ShowSandbox::new(id)).await;
    reply
        .map(|reply| reply.value)
        .map_err(|e| Problem::of_call("Reading the sandbox", &e))
}

fn print<T: serde::Serialize>(
    connection: &Connection,
    command: &str,
    body: T,
) -> Result<(), Problem> {
    let ending = Ending {
        command,
        outcome: None,
        simulated: connection.is_simulated(),
        warnings: &[],
        problem: None,
        voice: connection.voice(),
    };
    json::print(&ending, body)
}

fn object(sandbox: &Sandbox) -> SandboxObject {
    SandboxObject {
        name: sandbox.name.clone(),
        vault_id: sandbox.vault_id.map(|id| id.to_string()),
        status: sandbox.status.as_str().to_owned(),
        size: sandbox.size.clone(),
        release: sandbox.release.clone(),
        dns: sandbox.dns.clone(),
        refresh_available: time(sandbox.refresh_available),
    }
}

/// A time of Vault, where there is one.
fn time(at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(|at| instant(Some(at)))
}

fn table(context: &Context<'_>, sandboxes: &[Sandbox]) -> String {
    let cell = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), escape);
    let rows = sandboxes.iter().map(|s| {
        [
            escape(&s.name),
            escape(s.status.as_str()),
            cell(s.size.as_deref()),
            cell(s.release.as_deref()),
            cell(time(s.refresh_available).as_deref()),
            cell(s.dns.as_deref()),
        ]
    });
    context.settings.page().table(
        [
            "NAME",
            "STATUS",
            "SIZE",
            "RELEASE",
            "REFRESH AVAILABLE",
            "DNS",
        ],
        rows,
    )
}

fn facts(context: &Context<'_>, details: &SandboxDetails) -> String {
    let sandbox = &details.sandbox;
    let mut facts = Vec::new();
    let mut fact = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            facts.push((label.to_owned(), escape(&value)));
        }
    };
    fact("Name", Some(sandbox.name.clone()));
    fact("Status", Some(sandbox.status.as_str().to_owned()));
    fact("Vault ID", sandbox.vault_id.map(|id| id.to_string()));
    fact("DNS", sandbox.dns.clone());
    fact("Size", sandbox.size.clone());
    fact("Release", sandbox.release.clone());
    fact("User domain", sandbox.domain.clone());
    fact("Made", time(sandbox.created_date));
    fact("Refresh available", time(sandbox.refresh_available));
    fact("Ends", time(sandbox.expiration_date));
    for limit in &details.limits {
        let count = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let label = limit.name.as_deref().unwrap_or("limit").replace('_', " ");
        fact(
            &capitalised(&escape(&label)),
            Some(format!("{} of {}", count(limit.used), count(limit.allowed))),
        );
    }
    let facts = facts
        .iter()
        .map(|(label, text)| (label.as_str(), text.clone()));
    context.settings.page().facts(facts)
}
