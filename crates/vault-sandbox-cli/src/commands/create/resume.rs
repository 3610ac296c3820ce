//! `token create --resume`: of an interrupted run over many sandboxes, what was certainly not issued.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;
use vault_sandbox_core::endpoints::Encoding;
use vault_sandbox_core::issuance::VerifyRule;
use vault_sandbox_core::{
    ApiVersion, Expiry, OperationId, SandboxName, TokenName, ValidationError, VaultDns,
};

use super::batch::{self, Batch, Found, Opened, Plan, Progress};
use super::issue_one::Issuing;
use super::item::{Item, Terms};
use super::many::{check_stdout, facts_of, show};
use super::places::{check_all, mention_open};
use super::row::Row;
use super::run::{Run, Turn};
use super::summary::{self, About};
use super::{lifetime, look};
use crate::aside::Waiting;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::Destination;
use crate::exit::Exit;
use crate::json::VaultObject;
use crate::ledger::Ledger;
use crate::pending::{self, Pending};
use crate::problem::Problem;
use crate::signals::Signals;

/// A sandbox of the plan that an earlier run did not do, or not for certain.
enum Left {
    /// It certainly has no token of the run.
    ToDo(Box<Item>),
    /// It has one, or may have.
    Uncertain(SandboxName, OperationId, Problem),
}

pub(super) fn run(
    context: &Context<'_>,
    text: &str,
    expires: Option<&str>,
    jobs: usize,
) -> Result<Exit, Problem> {
    let operation =
        OperationId::parse(text).map_err(|e| Problem::invalid(Exit::Usage, "--resume", &e))?;
    let Opened {
        batch,
        plan,
        progress,
    } = *open(context, operation)?;
    let known = Known::of(&plan)
        .map_err(|error| {
            Problem::destination(format!("The record of the run {operation}: {error}."))
        })?
        .until(context, &plan, expires, operation, &batch)?;
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
    plan.sweep();
    let left = left(context, &known, &plan, &progress)?;
    let to_do = || {
        left.iter().filter_map(|one| match one {
            Left::ToDo(item) => Some(Item::clone(item)),
            Left::Uncertain(..) => None,
        })
    };
    let to_do: Vec<Item> = to_do().collect();
    say_how_far(context, &plan, left.len(), to_do.len());
    if to_do.is_empty() {
        let about = About {
            context,
            command: known.terms.command,
            simulated: context.settings.simulate,
            vault: &known.vault,
        };
        let rows = left.into_iter().filter_map(|one| one.row(&about, &plan));
        let rows = rows.collect();
        return summary::finish(&about, Some((operation, batch)), rows, false);
    }
    check_stdout(context, to_do.iter().flat_map(|item| &item.destinations))?;
    check_all(context, &to_do)?;
    mention_open(context, 0, Some(operation))?;
    let mut connection = Connection::prepare(
        context.global,
        context.settings,
        Some(&known.vault),
        context.voice,
    )?;
    connection.at_a_time(jobs);
    crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        let list = async {
            connection.sign_in().await?;
            let list = look::at_the_list(context, &connection).await?;
            known.check_vault(&connection)?;
            look::say_which_vault(context, &connection);
            Ok(list)
        };
        let list = signals.stopping(list).await;
        let list = list
            .unwrap_or_else(|asked| Err(asked.problem()))
            .map_err(|problem| problem.or_now("No token was asked for."))?;
        show(
            context,
            &known.terms,
            jobs,
            &to_do.iter().collect::<Vec<_>>(),
        );
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
            terms: &known.terms,
            connection: &connection,
            replacing: None,
            waiting: Waiting::Aside,
        };
        let listed = list.as_deref().map(look::Listed::new);
        let about = About::of(&issuing);
        let turns = left.into_iter().filter_map(|one| match one {
            // What can no longer have a token must not keep the others from theirs.
            Left::ToDo(item) => Some(
                match facts_of(&connection, &known.terms, &item.sandbox, listed.as_ref()) {
                    Ok(facts) => Turn::ToDo(*item, facts),
                    Err(problem) => Turn::Said(Row::not_asked(
                        &issuing,
                        &item,
                        &Default::default(),
                        problem,
                    )),
                },
            ),
            uncertain @ Left::Uncertain(..) => uncertain.row(&about, &plan).map(Turn::Said),
        });
        let turns = turns.collect();
        let run = Run {
            issuing,
            jobs,
            batch: Some((operation, batch)),
        };
        run.go(turns, signals).await
    })
}

fn open(context: &Context<'_>, operation: OperationId) -> Result<Box<Opened>, Problem> {
    let state_dir = context.settings.state_dir()?;
    match Batch::open(&state_dir, operation)? {
        Some(Found::Open(opened)) => Ok(opened),
        Some(Found::UnderWay) => Err(Problem::new(
            Exit::Unknown,
            format!("The run {operation} is under way in another process. Wait for it to end."),
        )),
        Some(Found::Broken) => Err(Problem::destination(format!(
            "The record {} cannot be understood.",
            batch::path(&state_dir, operation).display()
        ))
        .now("No token was asked for.")
        .next(
            "Close it by hand, once you have looked at it",
            format!("{} {operation} --forget", context.settings.recover()),
        )),
        None => Err(Problem::usage(format!(
            "There is no run {operation} over many sandboxes that could be resumed: it is done, or was never begun."
        ))
        .next("See what is open", context.settings.recover())),
    }
}

/// The plan, read back.
struct Known {
    vault: VaultDns,
    vault_id: Option<String>,
    api_version: ApiVersion,
    terms: Terms,
}

impl Known {
    fn of(plan: &Plan) -> Result<Self, ValidationError> {
        Ok(Self {
            vault: plan.vault.parse()?,
            vault_id: plan.vault_id.clone(),
            api_version: plan.api_version.parse()?,
            terms: Terms {
                command: "token create",
                name: plan.name.as_deref().map(TokenName::parse).transpose()?,
                expiry: Expiry::never(),
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
                has_asked_ci: Default::default(),
            },
        })
    }

    /// With the expiry that was asked for then, unless another one is asked for now.
    fn until(
        mut self,
        context: &Context<'_>,
        plan: &Plan,
        expires: Option<&str>,
        operation: OperationId,
        batch: &Batch,
    ) -> Result<Self, Problem> {
        let now = Utc::now();
        self.terms.expiry = match expires {
            Some(_) => lifetime::of(expires, &context.settings.profile, now)?,
            None => Expiry::parse(&plan.expiry, now).map_err(|error| {
                let again = summary::resume_command(context, &self.vault, operation, batch);
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
        Ok(self)
    }

    /// A name may lead to another Vault by now.
    fn check_vault(&self, connection: &Connection) -> Result<(), Problem> {
        let now = connection.vault_id().map(|id| id.to_string());
        match (&self.vault_id, now) {
            (Some(then), Some(now)) if *then != now => Err(Problem::new(
                Exit::SignIn,
                format!(
                    "The run was made in Vault {then}, but Vault {now} answers at {}.",
                    self.vault
                ),
            )),
            _ => Ok(()),
        }
    }
}

impl Left {
    fn row(self, about: &About<'_>, plan: &Plan) -> Option<Row> {
        let Self::Uncertain(sandbox, operation, problem) = self else {
            return None;
        };
        let vault = VaultObject {
            dns: about.vault.authority(),
            id: plan.vault_id.clone(),
            api_version: plan.api_version.clone(),
        };
        Some(Row::left_alone(about, vault, sandbox, operation, problem))
    }
}

/// What an earlier run did not do for certain, in the order of the plan.
fn left(
    context: &Context<'_>,
    known: &Known,
    plan: &Plan,
    progress: &BTreeMap<String, Progress>,
) -> Result<Vec<Left>, Problem> {
    let state_dir = context.settings.state_dir()?;
    let pending = Pending::new(&state_dir);
    let open: BTreeSet<OperationId> = pending.operations().into_iter().collect();
    let ledger = Ledger::new(&state_dir);
    let mut left = Vec::new();
    for planned in &plan.sandboxes {
        let name = SandboxName::parse(planned.name.as_str())
            .map_err(|e| Problem::invalid(Exit::Destination, "The record's sandbox", &e))?;
        let uncertain = match progress.get(&planned.name).unwrap_or(&Progress::NotBegun) {
            Progress::NotBegun | Progress::NotIssued => None,
            // A record that is gone was closed.
            Progress::Ended(operation, _) if !open.contains(operation) => continue,
            // It is where it should be; only its record could not be removed.
            Progress::Ended(_, Exit::Done) => continue,
            Progress::Ended(operation, exit) => Some((*operation, *exit)),
            // It was killed before it asked for anything.
            Progress::Begun(operation)
                if open.contains(operation)
                    && matches!(pending.open(*operation)?, Some(pending::Opened::Nothing)) =>
            {
                None
            }
            Progress::Begun(operation) if ledger.has(&known.vault, &name, *operation) => {
                if open.contains(operation) {
                    Some((*operation, Exit::Unknown))
                } else {
                    continue;
                }
            }
            Progress::Begun(operation) => Some((*operation, Exit::Unknown)),
        };
        left.push(match uncertain {
            Some((operation, exit)) => {
                let problem = why_left_alone(context, &name, operation, exit, &open);
                Left::Uncertain(name, operation, problem)
            }
            None => {
                let destinations = planned.destinations.iter();
                let destinations = destinations
                    .map(|text| Destination::parse(text))
                    .collect::<Result<_, _>>()?;
                let item = Item::with(context, &known.terms, &name, destinations)?;
                Left::ToDo(Box::new(item))
            }
        });
    }
    Ok(left)
}

fn why_left_alone(
    context: &Context<'_>,
    name: &SandboxName,
    operation: OperationId,
    exit: Exit,
    open: &BTreeSet<OperationId>,
) -> Problem {
    let is_open = open.contains(&operation);
    let what = match exit {
        Exit::Undelivered => "an earlier run issued the token, which is not where it should be.",
        Exit::ValueLost => "an earlier run issued a token, whose value is lost.",
        _ if is_open => "whether an earlier run issued a token is not known yet.",
        // Not even its own record is there to tell.
        _ => "an earlier run was killed at its end, and a token may have been issued.",
    };
    let problem = Problem::new(exit, format!("Left alone: {what}"));
    if is_open {
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

fn say_how_far(context: &Context<'_>, plan: &Plan, open: usize, to_do: usize) {
    let total = plan.sandboxes.len();
    let mut how_far = format!(
        "Of {total} sandboxes, {} are done and {to_do} are left to do",
        total - open
    );
    if open > to_do {
        how_far.push_str(&format!("; {} are not certain", open - to_do));
    }
    context.voice.say(&format!("{how_far}."));
}
