//! `token create --resume`: of an interrupted run over many sandboxes, what was certainly not issued.

use std::collections::BTreeMap;

use chrono::Utc;
use vault_sandbox_core::endpoints::Encoding;
use vault_sandbox_core::issuance::VerifyRule;
use vault_sandbox_core::{
    ApiVersion, Expiry, OperationId, SandboxName, TokenName, ValidationError, VaultDns,
};

use super::batch::{Batch, Opened, Plan, Progress};
use super::issue_one::Issuing;
use super::item::{Item, Terms};
use super::look;
use super::many::{Run, with_facts};
use super::places::{check_all, mention_open};
use crate::aside::Waiting;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::Destination;
use crate::exit::Exit;
use crate::ledger::Ledger;
use crate::pending::{self, Pending};
use crate::problem::Problem;
use crate::signals::Signals;

pub(super) fn run(context: &Context<'_>, text: &str, jobs: usize) -> Result<Exit, Problem> {
    let operation =
        OperationId::parse(text).map_err(|e| Problem::invalid(Exit::Usage, "--resume", &e))?;
    let state_dir = context.settings.state_dir()?;
    let Some(Opened {
        batch,
        plan,
        progress,
    }) = Batch::open(&state_dir, operation)?
    else {
        return Err(Problem::usage(format!(
            "There is no run {operation} over many sandboxes that could be resumed: it is done, or was never begun."
        ))
        .next("See what is open", context.settings.recover()));
    };
    let known = Known::of(&plan).map_err(|error| {
        Problem::destination(format!("The record of the run {operation}: {error}."))
            .now("No token was asked for.")
    })?;
    let asked = context.settings.dns.as_ref();
    if let Some(other) = asked.filter(|dns| **dns != known.vault) {
        return Err(Problem::configuration(format!(
            "The run {operation} belongs to {}, not to {other}. Leave out --dns and VAULT_SANDBOX_DNS, or give that one.",
            known.vault
        )));
    }
    if known.api_version != context.settings.api_version {
        return Err(Problem::configuration(format!(
            "The run {operation} was made with --api-version {}: give the same.",
            plan.api_version
        )));
    }
    let items = left(context, &known, &plan, &progress)?;
    if items.is_empty() {
        context
            .voice
            .say(&"Nothing is left that was certainly not issued.");
        return Ok(Exit::Done);
    }
    check_all(context, &items)?;
    mention_open(context, 0)?;
    let mut connection = Connection::prepare(
        context.global,
        context.settings,
        Some(&known.vault),
        context.voice,
    )?;
    connection.at_a_time(jobs);
    crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        let work = async {
            connection.sign_in().await?;
            let list = look::at_the_list(context, &connection).await?;
            look::say_which_vault(context, &connection);
            with_facts(&connection, &known.terms, items, list.as_deref())
        };
        let work = signals.stopping(work).await;
        let work = work
            .unwrap_or_else(|asked| Err(asked.problem()))
            .map_err(|problem| problem.or_now("No token was asked for."))?;
        let question = format!(
            "Go on with {} of {} sandboxes?",
            work.len(),
            plan.sandboxes.len()
        );
        context
            .confirm_or_stop(&question, &mut signals)
            .await
            .map_err(|problem| problem.or_now("No token was asked for."))?;
        let issuing = Issuing {
            context,
            terms: &known.terms,
            connection: &connection,
            replacing: None,
            waiting: Waiting::Aside,
        };
        let run = Run {
            issuing,
            jobs,
            batch: Some((operation, batch)),
        };
        run.go(work, signals).await
    })
}

/// The plan, read back.
struct Known {
    vault: VaultDns,
    api_version: ApiVersion,
    terms: Terms,
}

impl Known {
    fn of(plan: &Plan) -> Result<Self, ValidationError> {
        Ok(Self {
            vault: plan.vault.parse()?,
            api_version: plan.api_version.parse()?,
            terms: Terms {
                command: "token create",
                name: plan.name.as_deref().map(TokenName::parse).transpose()?,
                expiry: Expiry::parse(&plan.expiry, Utc::now())?,
                verify: match plan.verify.as_str() {
                    "auto" => VerifyRule::Auto,
                    "always" => VerifyRule::Always,
                    "never" => VerifyRule::Never,
                    _ => return Err(ValidationError::new("record", "has an unknown rule")),
                },
                encoding: if plan.json {
                    Encoding::Json
                } else {
                    Encoding::Form
                },
                out: Vec::new(),
            },
        })
    }
}

/// What was certainly not issued. What is not certain is named.
fn left(
    context: &Context<'_>,
    known: &Known,
    plan: &Plan,
    progress: &BTreeMap<String, Progress>,
) -> Result<Vec<Item>, Problem> {
    let state_dir = context.settings.state_dir()?;
    let (pending, ledger) = (Pending::new(&state_dir), Ledger::new(&state_dir));
    let open = pending.operations();
    let mut items = Vec::new();
    let (mut uncertain, mut issued) = (Vec::new(), 0);
    for planned in &plan.sandboxes {
        let name = SandboxName::parse(planned.name.as_str())
            .map_err(|e| Problem::invalid(Exit::Destination, "The record's sandbox", &e))?;
        let how = progress.get(&planned.name).unwrap_or(&Progress::NotBegun);
        let (is_left, operation) = match how {
            Progress::NotBegun | Progress::NotIssued => (true, None),
            // It was killed before it asked for anything.
            Progress::Begun(operation)
                if matches!(pending.open(*operation)?, Some(pending::Opened::Nothing)) =>
            {
                (true, None)
            }
            // A record that is gone was closed.
            Progress::Ended(operation) if !open.contains(operation) => (false, None),
            Progress::Begun(operation) if ledger.has(&known.vault, &name, *operation) => {
                (false, None)
            }
            Progress::Begun(operation) | Progress::Ended(operation) => (false, Some(operation)),
        };
        match operation {
            Some(operation) => uncertain.push(format!("{name} ({operation})")),
            None if is_left => {
                let destinations = planned.destinations.iter();
                let destinations = destinations
                    .map(|text| Destination::parse(text))
                    .collect::<Result<_, _>>()?;
                items.push(Item::with(context, &known.terms, &name, destinations)?);
            }
            None => issued += 1,
        }
    }
    context.voice.say(&format!(
        "Of {} sandboxes, {issued} are done and {} are left.",
        plan.sandboxes.len(),
        items.len()
    ));
    if !uncertain.is_empty() {
        context.voice.warning(&format!(
            "left out, because a token was or may have been issued: {}. Close each with {} OPERATION; of one that is not open there, token list shows whether there is a token.",
            uncertain.join(", "),
            context.settings.recover()
        ));
    }
    Ok(items)
}
