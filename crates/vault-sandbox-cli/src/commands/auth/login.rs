//! `auth login`: sign in once, and keep the session for the commands to come.

use chrono::Utc;
use vault_sandbox_core::endpoints::{AuthType, Discovery, User};
use vault_sandbox_core::redact::escape;
use vault_sandbox_core::{UserName, VaultDns};
use vault_sandbox_issuer::access::OpenedSession;
use vault_sandbox_issuer::state::KeptSession;

use super::Facts;
use crate::commands::Context;
use crate::connection::{self, Connection};
use crate::credentials::{self, Found, Means};
use crate::exit::Exit;
use crate::json::{self, Ending};
use crate::problem::Problem;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::state_errors::kept_session;

const COMMAND: &str = "auth login";

pub(crate) fn run(context: &Context<'_>) -> Result<Exit, Problem> {
    let settings = context.settings;
    if settings.simulate {
        return simulated(context);
    }
    let dns = connection::which_vault(settings)?;
    let sessions = settings.state()?.sessions();
    let runtime = crate::runtime()?;
    // Questions first: while they are asked, Ctrl-C simply ends the program.
    let found = runtime.block_on(find(context, &dns))?;
    let place = sessions.reserve(&dns)?;
    // One that cannot be used is replaced all the same.
    let (old, unusable) = match kept_session(settings, &dns) {
        Ok(old) => (old, None),
        Err(problem) => (None, Some(problem)),
    };
    let connection = Connection::with(settings, dns.clone(), found, context.voice)?;
    let (opened, user) = runtime.block_on(async {
        let mut signals = Signals::take()?;
        signals
            .stopping(enter(context, &connection))
            .await
            .unwrap_or_else(|asked| Err(asked.problem()))
            .map_err(|problem| problem.or_now("Nothing was kept."))
    })?;
    let given_name = match &connection.found().means {
        Means::Password { user, .. } => Some(user.clone()),
        _ => user
            .as_ref()
            .and_then(|user| UserName::parse(user.name.clone()?).ok()),
    };
    let (vault, session) = (dns.clone(), opened.session);
    let kept = KeptSession::new(vault, opened.vault_id, session, Utc::now()).user(given_name);
    if let Err(error) = place.keep(&kept) {
        // Kept nowhere, it would only be a session that nobody ends.
        let _ = runtime.block_on(connection.end_session());
        return Err(Problem::from(error).now("The session was ended; nothing was kept."));
    }
    if let Some(old) = old {
        end(context, &runtime, old);
    }
    if let Some(problem) = unusable {
        context.voice.warning(&format!(
            "{} It was replaced; if it was a session, it lives at Vault until it ends by itself, after 48 hours at most.",
            problem.what
        ));
    }
    report(context, &connection, user.as_ref(), Some(&kept))?;
    context.voice.fact(
        "Kept",
        &format!("{}, readable only by you", sessions.path(&dns).display()),
    );
    Ok(Exit::Done)
}

/// There, nothing can be kept: that Vault ends with the command.
fn simulated(context: &Context<'_>) -> Result<Exit, Problem> {
    let connection = Connection::prepare(context.global, context.settings, None, context.voice)?;
    let (_, user) = crate::runtime()?.block_on(enter(context, &connection))?;
    report(context, &connection, user.as_ref(), None)?;
    context
        .voice
        .say(&"Not kept: this simulated Vault ends with the command.");
    Ok(Exit::Done)
}

/// What to sign in with: as given, by the profile's command, or asked for. Who signs in some other
/// way than by password is told so instead.
async fn find(context: &Context<'_>, dns: &VaultDns) -> Result<Found, Problem> {
    let (settings, voice) = (context.settings, context.voice);
    let given = credentials::given(context.global, settings, dns, voice)?;
    if let Some(found) = &given
        && matches!(found.means, Means::Session(_) | Means::Token(_))
    {
        return Err(Problem::configuration(format!(
            "{} is used as it is: there is nothing to sign in for, and it would win over a kept session. Leave it out to sign in.",
            found.source
        ))
        .now("Nothing was sent."));
    }
    let user = match &given {
        Some(Found {
            means: Means::Password { user, .. },
            ..
        }) => user.clone(),
        Some(found) => return Ok(found.clone()),
        None => credentials::ask_user(settings, dns, voice)?,
    };
    // Where it cannot be found out, the password is what was meant.
    let discovery = connection::discover(settings, dns, &user, voice).await?;
    if let Some(discovery) = discovery.filter(|found| found.auth_type == AuthType::Sso) {
        return Err(signs_in_elsewhere(settings, &user, dns, &discovery));
    }
    if let Some(found) = given {
        // A variable is found again by the next command, and wins.
        if found.source.starts_with("VAULT_SANDBOX_") {
            voice.warning(&format!(
                "while {} is set, commands sign in with it rather than with the kept session.",
                found.source
            ));
        }
        return Ok(found);
    }
    match credentials::by_command(settings, dns, voice)? {
        Some(found) => Ok(found),
        None => credentials::ask_password(user, settings, voice),
    }
}

fn signs_in_elsewhere(
    settings: &Settings,
    user: &UserName,
    dns: &VaultDns,
    discovery: &Discovery,
) -> Problem {
    let problem = Problem::new(
        Exit::SignIn,
        format!("{user} signs in by single sign-on, so Vault takes no password."),
    )
    .now("No password was sent.");
    let profiles = discovery.auth_profiles.iter();
    let ids: Vec<_> = profiles
        .filter_map(|profile| profile.id.as_deref())
        .collect();
    if ids.is_empty() {
        return problem.next(
            "Make an access token in Vault, on your user profile's page, and use that",
            settings.typed.at(dns, "--token-file PATH auth status"),
        );
    }
    ids.iter().fold(problem, |problem, id| {
        problem.next(
            "Get an access token from your identity provider, and exchange it",
            settings.typed.at(
                dns,
                &format!(
                    "auth login --oauth-profile {} --oauth-token-file PATH",
                    shell_words::quote(&escape(id))
                ),
            ),
        )
    })
}

async fn enter(
    context: &Context<'_>,
    connection: &Connection,
) -> Result<(OpenedSession, Option<User>), Problem> {
    let opened = connection
        .open_session()
        .await?
        .ok_or_else(|| Problem::new(Exit::Internal, "There is nothing to sign in with."))?;
    let user = match connection.who().await {
        Ok(reply) => Some(reply.value),
        Err(error) => {
            let problem = Problem::of_call("Looking who is signed in", &error);
            context.voice.warning(&problem.what);
            None
        }
    };
    Ok((opened, user))
}

/// The session that was kept before is of no use any more.
fn end(context: &Context<'_>, runtime: &tokio::runtime::Runtime, old: KeptSession) {
    let dns = old.vault.clone();
    let found = Found {
        means: Means::Kept(Box::new(old)),
        source: "the session kept before".to_owned(),
    };
    if let Ok(connection) = Connection::with(context.settings, dns, found, context.voice) {
        // Most have ended by themselves.
        let _ = runtime.block_on(connection.end_session());
    }
}

fn report(
    context: &Context<'_>,
    connection: &Connection,
    user: Option<&User>,
    kept: Option<&KeptSession>,
) -> Result<(), Problem> {
    let facts = Facts {
        connection,
        found: &connection.found(),
        user,
        kept,
    };
    for (label, text) in facts.lines() {
        context.voice.fact(label, &text);
    }
    if context.settings.is_json() {
        let ending = Ending {
            command: COMMAND,
            outcome: None,
            simulated: connection.is_simulated(),
            warnings: &[],
            problem: None,
            voice: context.voice,
        };
        json::print(&ending, facts.object(Some(true)))?;
    }
    Ok(())
}
