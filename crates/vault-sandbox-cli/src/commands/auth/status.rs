//! `auth status`: who is signed in to which Vault, and by what. The value is never shown.

use vault_sandbox_core::VaultErrorKind;
use vault_sandbox_core::endpoints::User;

use super::Facts;
use crate::commands::Context;
use crate::connection::{self, Connection};
use crate::credentials::{self, Means};
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::json::{self, AuthObject, Ending};
use crate::problem::Problem;
use crate::signals::Signals;

const COMMAND: &str = "auth status";

pub(crate) fn run(context: &Context<'_>) -> Result<Exit, Problem> {
    let settings = context.settings;
    let connection = if settings.simulate {
        Connection::prepare(context.global, settings, None, context.voice)?
    } else {
        let dns = connection::which_vault(settings)?;
        match credentials::look(context.global, settings, &dns, context.voice)? {
            Some(found) => Connection::with(settings, dns, found, context.voice)?,
            None => {
                let problem = Problem::new(
                    Exit::SignIn,
                    format!("Nobody is signed in to {}.", dns.authority()),
                )
                .now("Nothing was sent.")
                .next("Sign in", settings.typed.at(&dns, "auth login"));
                return finish(context, AuthObject::nobody(), false, Some(problem));
            }
        }
    };
    let looked = crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        signals
            .stopping(look(&connection))
            .await
            .unwrap_or_else(|asked| Err(asked.problem()))
    });
    let (user, problem) = match looked {
        Ok(user) => (user, None),
        Err(problem) => (None, Some(problem)),
    };
    let found = connection.found();
    let kept = match &found.means {
        Means::Kept(kept) => Some(kept.as_ref()),
        _ => None,
    };
    let facts = Facts {
        connection: &connection,
        found: &found,
        user: user.as_ref(),
        kept,
    };
    let signed_in = match problem.as_ref().map(|problem| problem.exit) {
        None => Some(true),
        Some(Exit::SignIn) => Some(false),
        // It could not be found out.
        Some(_) => None,
    };
    if problem.is_none() && !settings.is_json() {
        let lines = facts.lines();
        let text = settings.page().facts(lines.into_iter());
        stdout::show(text.as_bytes())?;
    }
    let object = facts.object(signed_in);
    finish(context, object, connection.is_simulated(), problem)
}

/// Signs in, if that is what the credential is for, and looks around. A session opened for this
/// alone is ended again.
async fn look(connection: &Connection) -> Result<Option<User>, Problem> {
    let is_for_this = matches!(
        connection.found().means,
        Means::Password { .. } | Means::Oauth { .. }
    );
    connection.sign_in().await?;
    let found_out = find_out(connection, is_for_this).await;
    if is_for_this {
        // It ends by itself, if not now.
        let _ = connection.end_session().await;
    }
    found_out
}

async fn find_out(connection: &Connection, is_new: bool) -> Result<Option<User>, Problem> {
    let doing = format!(
        "Looking who is signed in to {}",
        connection.dns().authority()
    );
    let user = match connection.who().await {
        Ok(reply) => {
            connection.check_served_by(reply.facts.vault_id)?;
            Some(reply.value)
        }
        // Let in, but not allowed to ask.
        Err(error) if error.vault_kind() == Some(&VaultErrorKind::InsufficientAccess) => {
            connection.check_served_by(error.facts().and_then(|facts| facts.vault_id))?;
            None
        }
        Err(error) => {
            let problem = Problem::of_call(&doing, &error);
            return Err(problem);
        }
    };
    if !is_new {
        connection.check_own_urls().await?;
    }
    Ok(user)
}

fn finish(
    context: &Context<'_>,
    object: AuthObject,
    simulated: bool,
    problem: Option<Problem>,
) -> Result<Exit, Problem> {
    if let Some(problem) = &problem {
        context.voice.problem(problem);
    }
    if context.settings.is_json() {
        let ending = Ending {
            command: COMMAND,
            outcome: None,
            simulated,
            warnings: &[],
            problem: problem.as_ref(),
            voice: context.voice,
        };
        json::print(&ending, object)?;
    }
    Ok(problem.map_or(Exit::Done, |problem| problem.exit))
}
