//! `token verify`: whether a token works in its sandbox, and until when.

mod delivered;
mod shown;

use futures_util::{StreamExt as _, stream};
use vault_sandbox_core::endpoints::{FindTokens, TokenStatus, WhoAmI};
use vault_sandbox_core::ledger::ListedToken;
use vault_sandbox_core::{Error, TokenId, VaultErrorKind};

use super::Context;
use crate::args::VerifyArgs;
use crate::connection::{Connection, which_vault};
use crate::credentials::{Found, Means};
use crate::destinations::Destination;
use crate::exit::Exit;
use crate::inside::{Inside, Way};
use crate::ledger;
use crate::problem::Problem;
use crate::report::problems::capitalised;
use crate::selection::Selection;
use crate::signals::Signals;

use shown::{Shown, report};

/// A token to be tried out, and where.
struct Subject {
    inside: Inside,
    found: Found,
    /// Which of the user's tokens it is, if that is known.
    id: Option<TokenId>,
    /// Where it lies, if this program put it there.
    place: Option<Destination>,
}

pub(crate) fn run(context: &Context<'_>, args: &VerifyArgs) -> Result<Exit, Problem> {
    if args.delivered && context.settings.simulate {
        return Err(Problem::usage(
            "--delivered tries real tokens in real sandboxes: not with --simulate.",
        ));
    }
    let selection = match args.delivered && args.sandboxes.says_nothing() {
        true => Selection::All,
        false => Selection::of(&args.sandboxes, context.global)?,
    };
    let id = args.id.as_deref().map(TokenId::parse).transpose();
    let id = id.map_err(|e| Problem::invalid(Exit::Usage, "--id", &e))?;
    if id.is_some() && selection.only().is_none() {
        return Err(Problem::usage(
            "--id names a token of one sandbox: name one.",
        ));
    }
    let jobs = usize::from(args.sandboxes.jobs);
    let (simulated, shown) = if args.delivered {
        (false, delivered::try_out(context, &selection, jobs)?)
    } else {
        let way = Way::prepare(context, &args.access)?.at_a_time(args.sandboxes.jobs);
        let shown = stoppable(async {
            let sandboxes = way.find(&selection).await?;
            let subjects = sandboxes.into_iter().map(|inside| {
                let id = id.clone().or_else(|| in_ledger(context, args, &inside));
                let found = way.found();
                Subject {
                    inside,
                    found,
                    id,
                    place: None,
                }
            });
            Ok(try_all(way.connection(), subjects.collect(), jobs).await)
        })?;
        (way.connection().is_simulated(), shown)
    };
    report(context, simulated, &shown)
}

/// The ID of a token that was given by a file to which this program delivered it.
fn in_ledger(context: &Context<'_>, args: &VerifyArgs, inside: &Inside) -> Option<TokenId> {
    let path = args.access.sandbox_token_file.as_ref()?;
    let vault = which_vault(context.settings).ok()?;
    let ledger = context.settings.state().ok()?.ledger();
    let file = Destination::file(path);
    let contents = ledger.read(&vault).ok()?;
    let went_there = |token: &&ListedToken| {
        let mut destinations = token.destinations.iter();
        destinations.any(|text| ledger::is_at(text, &file))
    };
    let found = contents.of(&inside.name).find(went_there)?;
    // What lies there may be a newer one.
    (!contents.may_hide_newer(found)).then(|| found.id.clone())
}

async fn try_all(connection: &Connection, subjects: Vec<Subject>, jobs: usize) -> Vec<Shown> {
    let tries = stream::iter(subjects).map(|subject| try_one(connection, subject));
    tries.buffered(jobs).collect().await
}

async fn try_one(connection: &Connection, subject: Subject) -> Shown {
    let Subject {
        inside,
        found,
        id,
        place,
    } = subject;
    let own = match &found.means {
        Means::Token(token) => Some(token.clone()),
        _ => None,
    };
    let mut shown = Shown {
        sandbox: inside.name.to_string(),
        source: found.source,
        is_token: own.is_some(),
        user: None,
        id,
        record: None,
        remark: None,
        problem: None,
    };
    let authorization = || own.clone().map(Into::into);
    let who = WhoAmI::new();
    match connection.call_at(&inside.dns, authorization(), &who).await {
        Ok(reply) => shown.user = Some(reply.value),
        // Let in, but not allowed to ask.
        Err(error) if error.vault_kind() == Some(&VaultErrorKind::InsufficientAccess) => {}
        Err(error) => {
            let problem = refused(&inside, &shown, &error);
            shown.problem = Some(match place.filter(|_| problem.exit == Exit::SignIn) {
                Some(place) => put_a_new_one(connection, &inside, &place, problem),
                None => problem,
            });
            return shown;
        }
    }
    if !shown.is_token {
        shown.remark = Some(format!(
            "no token of {} was given, so your own sign-in ({}) was tried there. To try a token: --sandbox-token-file PATH, VAULT_SANDBOX_SANDBOX_TOKEN or --delivered",
            inside.name, shown.source
        ));
        return shown;
    }
    let find = match (&shown.id, &shown.user) {
        (_, Some(user)) => FindTokens::new().user(user.id),
        (Some(id), None) => FindTokens::new().id(id.clone()),
        (None, None) => FindTokens::new(),
    };
    // It works all the same: only until when is not known.
    let page = connection.call_at(&inside.dns, authorization(), &find);
    let Ok(page) = page.await else {
        shown.remark = Some("the token may not read its own record".to_owned());
        return shown;
    };
    let mut records = page.value.records;
    let wanted = shown.id.take();
    match &wanted {
        Some(id) => records.retain(|record| record.id == *id),
        None => records.retain(|record| record.status == TokenStatus::Active),
    }
    if let (Some(record), true) = (records.pop(), records.is_empty()) {
        shown.id = Some(record.id.clone());
        shown.record = Some(record);
    } else {
        shown.remark = Some(match wanted {
            Some(id) => format!("the user has no token {id} there, so it is another one"),
            None => "which of the user's tokens it is cannot be told. Give --id ID".to_owned(),
        });
    }
    shown
}

fn refused(inside: &Inside, shown: &Shown, error: &Error) -> Problem {
    let what = match shown.is_token {
        true => format!("the token from {}", shown.source),
        false => format!("your own sign-in ({})", shown.source),
    };
    let is_refused = error
        .vault_kind()
        .is_some_and(VaultErrorKind::is_about_the_caller);
    let doing = match is_refused {
        true => format!("{} does not work in {}", capitalised(&what), inside.name),
        false => format!("Trying out {what} in {}", inside.name),
    };
    Problem::of_call(&doing, error)
}

fn put_a_new_one(
    connection: &Connection,
    inside: &Inside,
    place: &Destination,
    problem: Problem,
) -> Problem {
    let sandbox = shell_words::quote(inside.name.as_str());
    let place = place.to_string();
    let place = shell_words::quote(&place);
    let rotate = format!("token rotate {sandbox} --out {place}");
    problem.next("Put a new one there", connection.typed().command(&rotate))
}

fn stoppable<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        let done = signals.stopping(work).await;
        done.unwrap_or_else(|asked| Err(asked.problem()))
    })
}
