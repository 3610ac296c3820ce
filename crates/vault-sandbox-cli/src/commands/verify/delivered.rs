//! The tokens that the ledger knows to be in files. Nobody has to be let in for that but they.

use std::collections::BTreeSet;

use vault_sandbox_core::VaultDns;
use vault_sandbox_core::ledger::{Contents, ListedToken};

use crate::commands::Context;
use crate::connection::{Connection, which_vault};
use crate::credentials::{self, Found, Means};
use crate::destinations::Destination;
use crate::inside::Inside;
use crate::problem::Problem;
use crate::selection::Selection;

use super::shown::Shown;
use super::{Subject, stoppable, try_all};

/// Tries them all.
pub(super) fn try_out(
    context: &Context<'_>,
    selection: &Selection,
    jobs: usize,
) -> Result<Vec<Shown>, Problem> {
    let vault = which_vault(context.settings)?;
    let ledger = context.settings.state()?.ledger();
    let contents = ledger.read(&vault)?;
    let listed = contents.tokens();
    let known: BTreeSet<_> = listed.iter().map(|token| token.sandbox.as_str()).collect();
    let known = match known.into_iter().collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        names => format!(" It knows of {}.", names.join(", ")),
    };
    let mut shown = Vec::new();
    let mut subjects = Vec::new();
    let runtime = crate::runtime()?;
    for (token, destination) in runtime.block_on(newest_in_files(&contents, selection)) {
        let source = destination.to_string();
        // What lies there may be a newer one.
        let id = (!contents.may_hide_newer(token)).then(|| token.id.clone());
        let subject = subject(context, &vault, token, &destination, &source);
        match runtime.block_on(subject) {
            Ok(subject) => subjects.push(Subject { id, ..subject }),
            Err(problem) => shown.push(Shown {
                sandbox: token.sandbox.to_string(),
                source,
                is_token: true,
                user: None,
                id,
                record: None,
                remark: None,
                problem: Some(problem),
            }),
        }
    }
    if let Some(first) = subjects.first() {
        let found = first.found.clone();
        let connection = Connection::with(context.settings, vault, found, context.voice)?;
        connection.at_a_time(jobs);
        shown.extend(stoppable(async {
            Ok(try_all(&connection, subjects, jobs).await)
        })?);
    }
    if shown.is_empty() {
        return Err(Problem::configuration(format!(
            "The ledger {} knows of no token that was delivered to a file for {}.{known}",
            ledger.path().display(),
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
async fn newest_in_files<'a>(
    contents: &'a Contents,
    selection: &Selection,
) -> Vec<(&'a ListedToken, Destination)> {
    let mut seen = BTreeSet::new();
    let mut newest = Vec::new();
    for token in contents.tokens() {
        let is_meant = match selection {
            Selection::All => true,
            Selection::Matching(pattern) => pattern.matches(token.sandbox.as_str()),
            Selection::Named(names) => names.contains(&token.sandbox),
        };
        for text in token.destinations.iter().filter(|_| is_meant) {
            let file = Destination::parse(text).ok();
            let file = file.filter(|file| file.path().is_some());
            if let Some(file) = file.filter(|file| seen.insert(file.resolved()))
                && !(token.is_gone && file.is_vacant().await)
            {
                newest.push((token, file));
            }
        }
    }
    newest
}

async fn subject(
    context: &Context<'_>,
    vault: &VaultDns,
    token: &ListedToken,
    destination: &Destination,
    source: &str,
) -> Result<Subject, Problem> {
    let wrong = |why: String| Problem::destination(format!("{source}: {why}."));
    let value = destination.token().await.map_err(wrong)?;
    let value = value.ok_or_else(|| wrong("there is no token in it".to_owned()))?;
    let dns = token.sandbox_dns.clone();
    // What an earlier version took for it.
    let dns = dns.filter(|dns| !dns.leads_to(vault)).ok_or_else(|| {
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
            vault_id: None,
        },
        found: Found {
            means,
            source: source.to_owned(),
        },
        id: None,
        place: Some(destination.clone()),
    })
}
