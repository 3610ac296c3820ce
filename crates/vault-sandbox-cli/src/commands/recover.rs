//! `token recover`: what earlier runs left open, and closing it.

mod listing;
mod objects;

use std::sync::Arc;

use vault_sandbox_core::issuance::{Issuance, NotThisOne, Record, Storage as _};
use vault_sandbox_core::{OperationId, TokenId, VaultDns};
use vault_sandbox_issuer::aside::Waiting;
use vault_sandbox_issuer::issuing::Driver;
use vault_sandbox_issuer::state::{OpenedRecord, Pending, PendingRecord};

use listing::list;
use objects::{state_of, still_open};

use super::{Context, runs};
use crate::args::RecoverArgs;
use crate::connection::Connection;
use crate::credentials::{Found, Means};
use crate::destinations::{self, Destination};
use crate::exit::Exit;
use crate::issue::{Hands, SandboxFacts};
use crate::json::{self, Ending, OperationObject, OperationsObject, RunObject};
use crate::own_files;
use crate::problem::Problem;
use crate::report::{Frame, VaultFacts};
use crate::sandbox;
use crate::signals::Signals;

const COMMAND: &str = "token recover";

pub(crate) fn run(context: &Context<'_>, args: &RecoverArgs) -> Result<Exit, Problem> {
    let pending = context.settings.state()?.pending();
    let Some(text) = &args.operation else {
        return list(context, &pending);
    };
    let operation =
        OperationId::parse(text).map_err(|e| Problem::invalid(Exit::Usage, "The operation", &e))?;
    let id = args.id.as_deref().map(TokenId::parse).transpose();
    let id = id.map_err(|e| Problem::invalid(Exit::Usage, "--id", &e))?;
    match pending.open(operation)? {
        None => match runs::close(context, args, operation)? {
            Some(_) => finish(context, &[], None),
            None => Err(Problem::new(
                Exit::Usage,
                format!("There is no open operation {operation}."),
            )
            .next("See what is open", context.settings.recover())),
        },
        Some(OpenedRecord::Blank(mut file)) => {
            file.remove().map_err(|e| cannot_be_removed(&e))?;
            runs::never_asked(context, operation)?;
            context.voice.say(&format!(
                "{operation} ended before anything was asked of Vault. It is closed."
            ));
            finish(context, &[], None)
        }
        Some(OpenedRecord::Empty(mut file)) => {
            file.remove().map_err(|e| cannot_be_removed(&e))?;
            context.voice.say(&format!(
                "The record of {operation} was empty. It is closed."
            ));
            finish(context, &[], None)
        }
        Some(OpenedRecord::Newer(_) | OpenedRecord::Broken(_)) if args.forget => {
            forget_broken(context, &pending, operation)
        }
        Some(OpenedRecord::Newer(_)) => Err(left_alone(
            context,
            operation,
            format!(
                "The record {} was written by a newer version of this program.",
                pending.path(operation).display()
            ),
        )),
        Some(OpenedRecord::Broken(error)) => Err(left_alone(
            context,
            operation,
            format!(
                "The record {} cannot be understood: {error}.",
                pending.path(operation).display()
            ),
        )),
        Some(OpenedRecord::Open(record, file)) if args.forget => forget(context, &record, file),
        Some(OpenedRecord::Open(record, file)) => go_on(context, args, id, *record, file),
        Some(_) => Err(Problem::new(
            Exit::Unknown,
            format!(
                "The operation {operation} is under way in another process. Wait for it to end."
            ),
        )),
    }
}

/// What this version cannot go on with, it does not touch.
fn left_alone(context: &Context<'_>, operation: OperationId, what: String) -> Problem {
    Problem::new(Exit::Unknown, what)
        .now("It was left as it is. It may hold the value of a token.")
        .next(
            "Close it by hand, once you have looked at it",
            format!("{} {operation} --forget", context.settings.recover()),
        )
}

fn cannot_be_removed(error: &std::io::Error) -> Problem {
    Problem::destination(format!("The record cannot be removed: {error}."))
}

fn go_on(
    context: &Context<'_>,
    args: &RecoverArgs,
    id: Option<TokenId>,
    record: Record,
    file: PendingRecord,
) -> Result<Exit, Problem> {
    sweep(&record);
    let redirected = args
        .out
        .iter()
        .map(|text| Destination::parse(text))
        .collect::<Result<Vec<_>, _>>()?;
    for destination in &redirected {
        own_files::refuse(context, destination)?;
    }
    // They are opened when their turn comes, once the record says which they are.
    let runtime = crate::runtime()?;
    runtime.block_on(destinations::check_all(&redirected))?;
    let has_value = record.token.is_some();
    if !redirected.is_empty() && !has_value {
        return Err(
            Problem::usage("There is no value to deliver: the operation left none.").next(
                "Find out what became of it",
                format!("{} {}", context.settings.recover(), record.intent.operation),
            ),
        );
    }
    if args.revoke {
        context.confirm(&format!(
            "Revoke the token of operation {} in {}?",
            record.intent.operation, record.intent.sandbox
        ))?;
    }
    let vault = record.intent.vault.clone();
    let asked = context.settings.dns.as_ref();
    if let Some(other) = asked.filter(|dns| **dns != vault && !context.settings.simulate) {
        return Err(Problem::configuration(format!(
            "The operation {} belongs to {vault}, not to {other}. Leave out --dns and VAULT_SANDBOX_DNS, or give that one.",
            record.intent.operation
        )));
    }
    // A value that is here is handed over, and tried out, with nothing but itself: nobody has to be
    // let in for that, least of all somebody whose session has ended meanwhile.
    if let Some(token) = &record.token {
        let value = token.value();
        context.voice.learn(|scrubber| value.hide_in(scrubber));
    }
    let own = record.token.as_ref().filter(|_| !args.revoke);
    let needs_credential = own.is_none();
    let connection = match own {
        Some(token) => {
            let found = Found {
                means: Means::Token(token.value().clone()),
                source: "the pending record".to_owned(),
            };
            Connection::with(context.settings, vault, found, context.voice)?
        }
        None => Connection::prepare(
            context.global,
            context.settings,
            Some(&vault),
            context.voice,
        )?,
    };
    let sandbox = SandboxFacts {
        dns: match &args.sandbox_dns {
            Some(dns) => Some(sandbox::sibling(connection.dns(), dns)?),
            None => record.intent.sandbox_dns.clone(),
        },
        vault_id: record.intent.sandbox_vault_id,
        is_given: true,
        ..SandboxFacts::default()
    };
    let frame = Arc::new(Frame {
        voice: context.voice.clone(),
        typed: context.settings.typed.clone(),
        command: COMMAND,
        simulated: context.settings.simulate,
        sandbox: sandbox.clone(),
        vault: vault_facts(&record),
        shown: Vec::new(),
        record: file.path().display().to_string(),
    });
    let ledger = match context.settings.simulate {
        true => None,
        false => Some(context.settings.state()?.ledger()),
    };
    let issuance = resume(record, args, id, &redirected)?;
    let path = file.path().display().to_string();
    let hands = Hands {
        frame: Arc::clone(&frame),
        settings: context.settings.clone(),
    };
    let ended = runtime.block_on(async {
        let mut signals = Signals::take()?;
        if needs_credential {
            let signed_in = signals.stopping(connection.sign_in()).await;
            signed_in.unwrap_or_else(|asked| Err(asked.problem()))?;
        }
        // Whoever goes on by hand has waited: the old token has no grace.
        let driver = Driver::new(
            connection.access().clone(),
            signals.into_stop(),
            file,
            destinations::kinds(),
        )
        .sandbox(sandbox.dns)
        .timeout(context.settings.timeout)
        .ledger(ledger)
        .waiting(Waiting::Here)
        .handover(Arc::new(hands.clone()));
        Ok::<_, Problem>(driver.run(issuance).await)
    })?;
    let (issuance, outcome) = (ended.issuance, ended.outcome);
    let progress = hands.progress(&issuance, &ended.progress);
    let report = frame.report(&issuance, &outcome, &progress);
    report.tell(context.voice);
    let problem = report.problem();
    match &problem {
        Some(problem) => context.voice.problem(problem),
        None if args.revoke => {
            let id = issuance
                .lost()
                .map_or_else(String::new, |id| format!(" {id}"));
            context
                .voice
                .say(&format!("Revoked{id}. The operation is closed."));
        }
        None => context.voice.say(&"Done. The operation is closed."),
    }
    // Where stdout was a destination, the object is there already.
    if !progress.reported {
        let open = still_open(&issuance, &outcome, path);
        finish(context, open.as_slice(), problem.as_ref())?;
    }
    Ok(problem.map_or(Exit::Done, |problem| problem.exit))
}

/// Removes what runs of the operation that were killed left beside any place that was ever named for it.
fn sweep(record: &Record) {
    let places = record.places.iter();
    let places: Vec<_> = places
        .filter_map(|text| Destination::parse(text).ok())
        .collect();
    destinations::sweep(&places);
}

fn resume(
    record: Record,
    args: &RecoverArgs,
    id: Option<TokenId>,
    redirected: &[Destination],
) -> Result<Issuance, Problem> {
    let mut issuance = Issuance::resume(record);
    if let Some(id) = id {
        let (operation, shown) = (issuance.intent().operation, id.to_string());
        issuance = issuance.identified(id).map_err(|why| {
            let why = match why {
                NotThisOne::IsReplaced => "it is the one that a new token was to replace",
                _ => "its record names another one",
            };
            Problem::usage(format!(
                "--id {shown} is not the token of operation {operation}: {why}."
            ))
            .now("Nothing was changed.")
        })?;
    }
    Ok(if args.revoke {
        issuance.revoking()
    } else if redirected.is_empty() {
        issuance
    } else {
        issuance.redirected(redirected.iter().map(Destination::for_record).collect())
    })
}

/// How many destinations have the value already: new ones come after them.
fn forget(
    context: &Context<'_>,
    record: &Record,
    mut file: PendingRecord,
) -> Result<Exit, Problem> {
    let lost = match state_of(record) {
        "delivered" => "The token is where it should be, and works on.",
        "kept" => "The value in it will be lost, and the token stays active until it expires.",
        "value_lost" => "The token stays active until it expires.",
        _ => "If the token exists, nothing here will know of it any more.",
    };
    let lost = match &record.intent.replaces {
        Some(old) => format!("{lost} The old token {old} is not deleted."),
        None => lost.to_owned(),
    };
    context.confirm(&format!(
        "Forget operation {}? {lost}",
        record.intent.operation
    ))?;
    sweep(record);
    file.forget().map_err(|e| cannot_be_removed(&e))?;
    context.voice.say(&format!("Forgotten. {lost}"));
    finish(context, &[], None)
}

fn forget_broken(
    context: &Context<'_>,
    pending: &Pending,
    operation: OperationId,
) -> Result<Exit, Problem> {
    context.confirm(&format!(
        "Remove the record of operation {operation}, which cannot be understood?"
    ))?;
    let removed = pending.discard(operation);
    removed.map_err(|e| cannot_be_removed(&e))?;
    context.voice.say(&"Removed.");
    finish(context, &[], None)
}

fn vault_facts(record: &Record) -> VaultFacts {
    VaultFacts {
        dns: VaultDns::authority(&record.intent.vault),
        id: record.intent.vault_id.map(|id| id.to_string()),
        api_version: record.intent.api_version.to_string(),
    }
}

/// The object for scripts, if asked; `operations` are those that were listed.
fn finish(
    context: &Context<'_>,
    operations: &[OperationObject],
    problem: Option<&Problem>,
) -> Result<Exit, Problem> {
    print(context, operations, Vec::new(), problem)
}

fn print(
    context: &Context<'_>,
    operations: &[OperationObject],
    runs: Vec<RunObject>,
    problem: Option<&Problem>,
) -> Result<Exit, Problem> {
    if context.settings.is_json() {
        let ending = Ending {
            command: COMMAND,
            outcome: None,
            simulated: context.settings.simulate,
            warnings: &[],
            problem,
            voice: context.voice,
        };
        json::print(
            &ending,
            OperationsObject {
                operations: operations.to_vec(),
                runs,
            },
        )?;
    }
    Ok(Exit::Done)
}
