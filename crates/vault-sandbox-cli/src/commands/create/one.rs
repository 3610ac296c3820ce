//! One sandbox.

use vault_sandbox_core::SandboxName;
use vault_sandbox_core::issuance::VerifyRule;

use super::issue_one::Issuing;
use super::item::Item;
use super::places::{Places, mention_open};
use super::{Wish, dry_run, look, old};
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::problem::Problem;
use crate::sandbox;
use crate::signals::Signals;
use vault_sandbox_issuer::aside::Waiting;

pub(super) fn run(
    context: &Context<'_>,
    wish: &Wish,
    sandbox: &SandboxName,
) -> Result<Exit, Problem> {
    let mut item = Item::of(context, &wish.terms, sandbox)?;
    let connection = Connection::prepare(context.global, context.settings, None, context.voice)?;
    let runtime = crate::runtime()?;
    let places = match wish.dry_run {
        true => None,
        false => Some(runtime.block_on(open(context, &item))?),
    };
    runtime.block_on(async {
        let mut signals = Signals::take()?;
        let prepared = signals
            .stopping(prepare(context, wish, &mut item, &connection))
            .await;
        let facts = prepared
            .unwrap_or_else(|asked| Err(asked.problem()))
            .map_err(|problem| problem.or_now("No token was asked for."))?;
        let Some(places) = places else {
            drop(open(context, &item).await?);
            return dry_run::run(context, &wish.terms, &connection, &[(item, facts)]);
        };
        let issuing = Issuing {
            context,
            terms: &wish.terms,
            connection: &connection,
            replacing: wish.replacing.as_ref(),
            waiting: Waiting::Here,
        };
        let ended = issuing.issue(&item, &facts, places, signals).await?;
        let report = ended.report();
        report.tell(context.voice);
        let problem = report.problem();
        if let Some(problem) = &problem {
            context.voice.problem(problem);
        }
        if context.settings.is_json() && !ended.progress.reported {
            // Where stdout cannot be written, the exit code and stderr still say it.
            let _ = report.line(None).and_then(|line| stdout::write(&line));
        }
        Ok(problem.map_or(Exit::Done, |problem| problem.exit))
    })
}

async fn open(context: &Context<'_>, item: &Item) -> Result<Places, Problem> {
    let places = Places::open(context, item).await?;
    mention_open(context, 1, None)?;
    Ok(places)
}

/// Everything that is sent before the request itself.
async fn prepare(
    context: &Context<'_>,
    wish: &Wish,
    item: &mut Item,
    connection: &Connection,
) -> Result<SandboxFacts, Problem> {
    let given = wish.sandbox_dns.as_deref();
    let given = given
        .map(|dns| sandbox::sibling(connection.dns(), dns))
        .transpose()?;
    connection.sign_in().await?;
    let mut facts = match look::at_the_list(context, connection).await? {
        Some(list) => look::up(connection, &list, &item.sandbox)?,
        None => SandboxFacts::default(),
    };
    if given.is_some() {
        (facts.dns, facts.is_given) = (given, true);
    }
    if wish.terms.verify == VerifyRule::Always && facts.dns.is_none() {
        return Err(Problem::configuration(
            "--verify always cannot be kept: where the sandbox itself is, is not known. Give --sandbox-dns.",
        ));
    }
    look::say_which_vault(context, connection);
    let status = facts.status.as_deref().unwrap_or("not checked");
    context
        .voice
        .fact("Sandbox", &format!("{}, {status}", item.sandbox));
    if let Some(replacing) = &wish.replacing {
        let old = old::find(context, connection, item, &facts, replacing).await?;
        match &old {
            Some(old) => context.voice.fact("Replaces", old),
            None => context
                .voice
                .fact("Replaces", &"nothing: there is no token to replace"),
        }
        item.replaces = old;
    }
    Ok(facts)
}
