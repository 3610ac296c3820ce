//! `token verify`: whether a token works in its sandbox, and until when.

use std::collections::BTreeSet;

use chrono::Utc;
use futures_util::{StreamExt as _, stream};
use vault_sandbox_core::endpoints::{FindTokens, TokenRecord, TokenStatus, User, WhoAmI};
use vault_sandbox_core::redact::escape;
use vault_sandbox_core::{Error, TokenId, VaultErrorKind};

use super::{Context, list};
use crate::args::VerifyArgs;
use crate::connection::{Connection, which_vault};
use crate::credentials::{self, Found, Means};
use crate::destinations::{Destination, stdout};
use crate::exit::Exit;
use crate::inside::{Inside, Way};
use crate::json::{self, Ending, UserObject, VerifiedObject, VerifiedToken};
use crate::ledger::{Ledger, Listed};
use crate::problem::Problem;
use crate::report::{instant, time_left};
use crate::selection::Selection;
use crate::signals::Signals;

const COMMAND: &str = "token verify";

/// A token to be tried out, and where.
struct Subject {
    inside: Inside,
    found: Found,
    /// Which of the user's tokens it is, if that is known.
    id: Option<TokenId>,
}

/// What trying it out showed.
struct Shown {
    sandbox: String,
    source: String,
    is_token: bool,
    user: Option<User>,
    id: Option<TokenId>,
    record: Option<TokenRecord>,
    /// Why it is not known until when.
    remark: Option<String>,
    problem: Option<Problem>,
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
        (false, delivered(context, &selection, jobs)?)
    } else {
        let way = Way::prepare(context, &args.access)?.at_a_time(args.sandboxes.jobs);
        let shown = stoppable(async {
            let sandboxes = way.find(&selection).await?;
            let subjects = sandboxes.into_iter().map(|inside| {
                let id = id.clone().or_else(|| in_ledger(context, args, &inside));
                let found = way.found();
                Subject { inside, found, id }
            });
            Ok(try_all(way.connection(), subjects.collect(), jobs).await)
        })?;
        (way.connection().is_simulated(), shown)
    };
    report(context, simulated, &shown)
}

/// The tokens that the ledger knows to be in files. Nobody has to be let in for that but they.
fn delivered(
    context: &Context<'_>,
    selection: &Selection,
    jobs: usize,
) -> Result<Vec<Shown>, Problem> {
    let vault = which_vault(context.settings)?;
    let ledger = Ledger::new(&context.settings.state_dir()?);
    let listed = ledger.all(&vault).map_err(|e| ledger.unreadable(&e))?;
    let listed = newest_in_files(listed, selection);
    let mut shown = Vec::new();
    let mut subjects = Vec::new();
    for (token, destination) in listed {
        let source = destination.to_string();
        match subject(context, &token, &destination, &source) {
            Ok(subject) => subjects.push(subject),
            Err(problem) => shown.push(Shown {
                sandbox: token.sandbox.to_string(),
                source,
                is_token: true,
                user: None,
                id: Some(token.id),
                record: None,
                remark: None,
                problem: Some(problem),
            }),
        }
    }
    if let Some(first) = subjects.first() {
        let found = first.found.clone();
        let mut connection = Connection::with(context.settings, vault, found, context.voice)?;
        connection.at_a_time(jobs);
        shown.extend(stoppable(async {
            Ok(try_all(&connection, subjects, jobs).await)
        })?);
    }
    if shown.is_empty() {
        return Err(Problem::configuration(format!(
            "The ledger {} knows of no token that was delivered to a file for {}.",
            ledger.path(),
            match selection.only() {
                Some(sandbox) => sandbox.to_string(),
                None => "these sandboxes".to_owned(),
            }
        )));
    }
    Ok(shown)
}

/// Of each file, the token that went there last. Where that one is known to be deleted and the file is
/// too, all is as it should be.
fn newest_in_files(listed: Vec<Listed>, selection: &Selection) -> Vec<(Listed, Destination)> {
    let mut seen = BTreeSet::new();
    let mut newest = Vec::new();
    for token in listed {
        let is_meant = match selection {
            Selection::All => true,
            Selection::Matching(pattern) => pattern.matches(token.sandbox.as_str()),
            Selection::Named(names) => names.contains(&token.sandbox),
        };
        for text in token.destinations.iter().filter(|_| is_meant) {
            let file = Destination::parse(text).ok();
            let file = file.filter(|d| !matches!(d, Destination::Stdout | Destination::Exec(_)));
            if let Some(file) = file.filter(|_| seen.insert(text.clone()))
                && !(token.is_gone && file.is_vacant())
            {
                newest.push((token.clone(), file));
            }
        }
    }
    newest
}

fn subject(
    context: &Context<'_>,
    token: &Listed,
    destination: &Destination,
    source: &str,
) -> Result<Subject, Problem> {
    let wrong = |why: String| Problem::destination(format!("{source}: {why}."));
    let value = destination.token().map_err(wrong)?;
    let value = value.ok_or_else(|| wrong("there is no token in it".to_owned()))?;
    let dns = token.sandbox_dns.clone().ok_or_else(|| {
        Problem::configuration(format!(
            "{source}: where the sandbox itself is, was not known when the token was issued. Use --sandbox-token-file and --sandbox-dns."
        ))
    })?;
    let means = Means::Token(value);
    credentials::learn(&means, context.voice);
    Ok(Subject {
        inside: Inside {
            name: token.sandbox.clone(),
            dns,
        },
        found: Found {
            means,
            source: source.to_owned(),
        },
        id: Some(token.id.clone()),
    })
}

/// The ID of a token that was given by a file to which this program delivered it.
fn in_ledger(context: &Context<'_>, args: &VerifyArgs, inside: &Inside) -> Option<TokenId> {
    let path = args.access.sandbox_token_file.as_ref()?;
    let vault = which_vault(context.settings).ok()?;
    let ledger = Ledger::new(&context.settings.state_dir().ok()?);
    let file = Destination::File(path.clone()).for_record();
    let mut listed = ledger.of(&vault, &inside.name).ok()?.into_iter();
    let found = listed.find(|token| token.destinations.contains(&file));
    found.map(|token| token.id)
}

async fn try_all(connection: &Connection, subjects: Vec<Subject>, jobs: usize) -> Vec<Shown> {
    let tries = stream::iter(subjects).map(|subject| try_one(connection, subject));
    tries.buffered(jobs).collect().await
}

async fn try_one(connection: &Connection, subject: Subject) -> Shown {
    let Subject { inside, found, id } = subject;
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
            shown.problem = Some(refused(&inside, &shown.source, &error));
            return shown;
        }
    }
    if !shown.is_token {
        shown.remark = Some(format!(
            "no token of {} was given, so what was tried there is {}. Give --sandbox-token-file PATH, VAULT_SANDBOX_SANDBOX_TOKEN or --delivered",
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
        None => records.retain(|record| record.status() == TokenStatus::Active),
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

fn refused(inside: &Inside, source: &str, error: &Error) -> Problem {
    let doing = format!("Trying it out in {} ({source})", inside.name);
    let mut problem = Problem::of_call(&doing, error);
    if error
        .vault_kind()
        .is_some_and(VaultErrorKind::is_about_the_caller)
    {
        problem.what = format!("It does not work in {}. {}", inside.name, problem.what);
    }
    problem
}

fn stoppable<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        let done = signals.stopping(work).await;
        done.unwrap_or_else(|asked| Err(asked.problem()))
    })
}

fn report(context: &Context<'_>, simulated: bool, shown: &[Shown]) -> Result<Exit, Problem> {
    let exits: Vec<_> = shown
        .iter()
        .map(|one| one.problem.as_ref().map_or(Exit::Done, |p| p.exit))
        .collect();
    let exit = Exit::of_many(&exits, Exit::Mixed);
    let failed: Vec<_> = shown
        .iter()
        .filter_map(|one| one.problem.as_ref())
        .collect();
    let problem = match failed.as_slice() {
        [] => None,
        [only] if shown.len() == 1 => Some((*only).clone()),
        many => Some(Problem::new(
            exit,
            format!(
                "{} of {} tokens do not work, or could not be tried.",
                many.len(),
                shown.len()
            ),
        )),
    };
    if context.settings.is_json() {
        let remarks = shown.iter().filter_map(|one| one.remark.clone());
        let remarks: Vec<_> = remarks.collect();
        let ending = Ending {
            command: COMMAND,
            outcome: None,
            simulated,
            warnings: &remarks,
            problem: problem.as_ref(),
            voice: context.voice,
        };
        let tokens = shown.iter().map(|one| one.object(context)).collect();
        json::print(&ending, VerifiedObject { tokens })?;
    } else if let ([one], None) = (shown, &problem) {
        let text = context.settings.page().facts(one.facts().into_iter());
        stdout::show(text.as_bytes())?;
    } else if shown.len() > 1 {
        let head = ["SANDBOX", "WORKS", "EXPIRES", "TIME LEFT", "ID", "SOURCE"];
        let text = context
            .settings
            .page()
            .table(head, shown.iter().map(Shown::row));
        stdout::show(text.as_bytes())?;
        for problem in &failed {
            context.voice.problem(&problem.what);
        }
    }
    for one in shown.iter().filter(|one| !one.is_token) {
        if let Some(remark) = &one.remark {
            context.voice.warning(&format!("{remark}."));
        }
    }
    if let Some(problem) = &problem {
        context.voice.problem(problem);
    }
    Ok(problem.map_or(Exit::Done, |problem| problem.exit))
}

impl Shown {
    /// `None`: it could not be found out.
    fn works(&self) -> Option<bool> {
        match self.problem.as_ref().map(|problem| problem.exit) {
            None => Some(true),
            Some(Exit::SignIn) => Some(false),
            Some(_) => None,
        }
    }

    fn object(&self, context: &Context<'_>) -> VerifiedToken {
        let record = self.record.as_ref();
        VerifiedToken {
            sandbox: self.sandbox.clone(),
            works: self.works(),
            source: self.source.clone(),
            user: self.user.as_ref().map(|user| UserObject {
                id: user.id.to_string(),
                name: user.name.clone(),
            }),
            id: self.id.as_ref().map(ToString::to_string),
            name: record.and_then(|record| record.name.clone()),
            status: record.map(list::status),
            expiry: record.map(|record| instant(record.expiry)),
            last_used: record.and_then(|record| Some(instant(Some(record.last_used?)))),
            reason: self
                .problem
                .as_ref()
                .map(|problem| context.voice.scrub(&problem.what)),
        }
    }

    fn row(&self) -> [String; 6] {
        let works = match self.works() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "?",
        };
        let (expires, left) = match &self.record {
            Some(record) => (instant(record.expiry), self.left()),
            None => ("?".to_owned(), String::new()),
        };
        [
            escape(&self.sandbox),
            works.to_owned(),
            expires,
            left,
            self.id
                .as_ref()
                .map_or_else(|| "-".to_owned(), ToString::to_string),
            escape(&self.source),
        ]
    }

    fn left(&self) -> String {
        let expiry = self.record.as_ref().and_then(|record| record.expiry);
        expiry.map_or_else(String::new, |at| time_left(at, Utc::now()))
    }

    /// With their labels, for people.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let what = match (self.is_token, &self.id) {
            (true, Some(id)) => format!("{id}, from {}", self.source),
            (true, None) => format!("a token, from {}", self.source),
            (false, _) => format!("no token of the sandbox, but {}", self.source),
        };
        let user = self.user.as_ref();
        let user = user.and_then(|user| Some(format!(", as {}", user.name.as_deref()?)));
        let expires = match &self.record {
            Some(record) if record.expiry.is_none() => "never".to_owned(),
            Some(record) => format!("{}, {}", instant(record.expiry), self.left()),
            None => match &self.remark {
                Some(remark) if self.is_token => format!("not known: {remark}."),
                _ => String::new(),
            },
        };
        vec![
            ("Sandbox", escape(&self.sandbox)),
            ("Tried", escape(&what)),
            ("Works", escape(&format!("yes{}", user.unwrap_or_default()))),
            ("Expires", expires),
        ]
    }
}
