//! `token create`: plan, check every place, sign in, look at the sandbox, then issue.

mod dry_run;
mod lifetime;
mod limit;
mod plan;

use vault_sandbox_core::endpoints::{ListSandboxes, Sandbox};
use vault_sandbox_core::issuance::{Issuance, Outcome, VerifyRule};
use vault_sandbox_core::{Error, VaultErrorKind};

use super::Context;
use crate::args::CreateArgs;
use crate::connection::Connection;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::issue::{Issuer, Progress, SandboxFacts};
use crate::json::{self, Ending};
use crate::problem::Problem;
use crate::report::{Report, VaultFacts};
use crate::sandbox;
use crate::signals::Signals;

use plan::{Places, Plan};

const COMMAND: &str = "token create";

pub(crate) fn run(context: &Context<'_>, args: &CreateArgs) -> Result<Exit, Problem> {
    let plan = Plan::of(context, args)?;
    let mut connection =
        Connection::prepare(context.global, context.settings, None, context.voice)?;
    let places = (!args.dry_run)
        .then(|| Places::check(context, &plan))
        .transpose()?;
    crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        let prepared = signals
            .stopping(prepare(context, &plan, &mut connection))
            .await;
        let sandbox = prepared
            .unwrap_or_else(|asked| Err(asked.problem()))
            .map_err(|problem| problem.or_now("No token was asked for."))?;
        match places {
            None => dry_run::run(context, &plan, &connection, &sandbox),
            Some(places) => issue(context, plan, connection, sandbox, places, signals).await,
        }
    })
}

/// Everything that is sent before the request itself. Stopping it stops nothing that matters.
async fn prepare(
    context: &Context<'_>,
    plan: &Plan,
    connection: &mut Connection,
) -> Result<SandboxFacts, Problem> {
    connection.sign_in().await?;
    let given = plan
        .sandbox_dns
        .as_deref()
        .map(|dns| sandbox::given_dns(connection, dns))
        .transpose()?;
    let mut facts = look_at(context, plan, connection).await?;
    if given.is_some() {
        (facts.dns, facts.is_given) = (given, true);
    }
    if plan.verify == VerifyRule::Always && facts.dns.is_none() {
        return Err(Problem::configuration(
            "--verify always cannot be kept: where the sandbox itself is, is not known. Give --sandbox-dns.",
        ));
    }
    let id = connection
        .vault_id
        .map(|id| format!(" ({id})"))
        .unwrap_or_default();
    let simulated = if connection.is_simulated() {
        ", simulated"
    } else {
        ""
    };
    context.voice.fact(
        "Vault",
        &format!("{}{id}{simulated}", connection.dns().authority()),
    );
    let status = facts.status.as_deref().unwrap_or("not checked");
    context
        .voice
        .fact("Sandbox", &format!("{}, {status}", plan.sandbox));
    Ok(facts)
}

/// A courtesy: is there such a sandbox, and can it be used? Who may not read the list can still ask
/// for a token.
async fn look_at(
    context: &Context<'_>,
    plan: &Plan,
    connection: &mut Connection,
) -> Result<SandboxFacts, Problem> {
    let doing = sandbox::reading(connection);
    let mut answer = connection.look(&ListSandboxes::new()).await;
    let invalid = |e: &Error| e.vault_kind() == Some(&VaultErrorKind::InvalidSessionId);
    if answer.as_ref().is_err_and(invalid) && connection.sign_in_again().await? {
        answer = connection.look(&ListSandboxes::new()).await;
    }
    let reply = match answer {
        Ok(reply) => reply,
        Err(error) => {
            let problem = Problem::of_call(&doing, &error);
            if problem.exit != Exit::Refused {
                return Err(problem);
            }
            context.voice.warning(&format!(
                "the list of sandboxes may not be read, so the name was not checked: {}",
                problem.what
            ));
            return Ok(SandboxFacts::default());
        }
    };
    connection.check_served_by(reply.facts.vault_id)?;
    let found = sandbox::find(connection, &reply.value.active, &plan.sandbox)?;
    sandbox::check_active(found)?;
    Ok(facts_of(connection, found))
}

fn facts_of(connection: &Connection, sandbox: &Sandbox) -> SandboxFacts {
    SandboxFacts {
        // What is no DNS that a credential may go to is as good as unknown.
        dns: sandbox
            .dns
            .as_deref()
            .and_then(|dns| connection.dns().sibling(dns).ok()),
        vault_id: sandbox.vault_id,
        status: Some(sandbox.status.as_str().to_owned()),
        is_given: false,
    }
}

async fn issue(
    context: &Context<'_>,
    plan: Plan,
    mut connection: Connection,
    sandbox: SandboxFacts,
    places: Places,
    mut signals: Signals,
) -> Result<Exit, Problem> {
    let shown: Vec<String> = plan.destinations.iter().map(ToString::to_string).collect();
    let intent = plan.intent(context, &connection, &sandbox);
    let vault = facts(&connection);
    let simulated = connection.is_simulated();
    let record = places.record.path().display().to_string();
    let line =
        |issuance: &Issuance, outcome: &Outcome, progress: &Progress, handed_to: Option<usize>| {
            let report = Report {
                issuance,
                outcome,
                progress,
                sandbox: &sandbox,
                vault: vault.clone(),
                shown: &shown,
                record: record.clone(),
                typed: &context.settings.typed,
            };
            let (object, problem, outcome) = (
                report.object(handed_to),
                report.problem(),
                Some(report.outcome_word()),
            );
            json::line(
                &Ending {
                    command: COMMAND,
                    outcome,
                    simulated,
                    warnings: &progress.warnings,
                    problem: problem.as_ref(),
                    voice: context.voice,
                },
                object,
            )
        };
    let issuer = Issuer {
        connection: &mut connection,
        signals: &mut signals,
        voice: context.voice,
        record: places.record,
        opened: places.opened,
        sandbox: sandbox.clone(),
        timeout: context.settings.timeout,
        render: Box::new(|progress, issuance, outcome, index| {
            line(issuance, outcome, progress, Some(index))
        }),
        stdout_is_json: context.settings.is_json(),
        progress: Progress::default(),
    };
    let (issuance, outcome, mut progress) = issuer.run(Issuance::new(intent)).await;
    let refused = progress.call.as_ref();
    if refused.is_some_and(limit::may_be_reached) {
        let full = limit::full_house(&connection, &sandbox).await;
        progress.is_full = full.is_some();
        progress.warnings.extend(full);
    }
    let done = Report {
        issuance: &issuance,
        outcome: &outcome,
        progress: &progress,
        sandbox: &sandbox,
        vault: vault.clone(),
        shown: &shown,
        record: record.clone(),
        typed: &context.settings.typed,
    };
    done.tell(context.voice);
    let problem = done.problem();
    if let Some(problem) = &problem {
        context.voice.problem(problem);
    }
    if context.settings.is_json() && !progress.reported {
        // Where stdout cannot be written, the exit code and stderr still say it.
        let _ = line(&issuance, &outcome, &progress, None).and_then(|line| stdout::write(&line));
    }
    Ok(problem.map_or(Exit::Done, |problem| problem.exit))
}

fn facts(connection: &Connection) -> VaultFacts {
    VaultFacts {
        dns: connection.dns().authority(),
        id: connection.vault_id.map(|id| id.to_string()),
        api_version: connection.version().to_string(),
    }
}
