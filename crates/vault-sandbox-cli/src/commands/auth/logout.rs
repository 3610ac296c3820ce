//! `auth logout`: ends the kept session at Vault, and deletes it here whatever Vault says.

use vault_sandbox_core::VaultErrorKind;
use vault_sandbox_issuer::state::KeptSession;

use crate::commands::Context;
use crate::connection::{self, Connection};
use crate::credentials::{Found, Means};
use crate::exit::Exit;
use crate::json::{self, AuthObject, Ending};
use crate::problem::Problem;
use crate::signals::Signals;
use crate::state_errors::kept_session;

pub(crate) fn run(context: &Context<'_>) -> Result<Exit, Problem> {
    if context.settings.simulate {
        context
            .voice
            .say(&"Nothing is kept for a simulated Vault that ends with its command.");
        return finish(context, &[]);
    }
    let dns = connection::which_vault(context.settings)?;
    let sessions = context.settings.state()?.sessions();
    let mut warnings = Vec::new();
    let said = match kept_session(context.settings, &dns) {
        Ok(None) => {
            if sessions.delete(&dns)? {
                warnings.push("a sign-in that was cut off had left something, which was deleted; if it was a session, it lives at Vault until it ends by itself, after 48 hours at most".to_owned());
            }
            format!("No session is kept for {}.", dns.authority())
        }
        Ok(Some(kept)) => {
            let user = kept.user.as_ref().map(|user| format!(", {user}"));
            let ended = end(context, kept);
            // Whatever came of that: here it is not kept any longer.
            sessions.delete(&dns)?;
            warnings.extend(ended?);
            format!(
                "Signed out of {}{}.",
                dns.authority(),
                user.unwrap_or_default()
            )
        }
        Err(problem) => {
            sessions.delete(&dns)?;
            warnings.push(format!(
                "{} It was deleted; if it was a session, it lives at Vault until it ends by itself, after 48 hours at most",
                problem.what
            ));
            format!("No session is kept for {} any more.", dns.authority())
        }
    };
    for warning in &warnings {
        context.voice.warning(&format!("{warning}."));
    }
    context.voice.say(&said);
    finish(context, &warnings)
}

/// Ends it at the Vault that it is bound to. A warning, if it may live on.
fn end(context: &Context<'_>, kept: KeptSession) -> Result<Option<String>, Problem> {
    let dns = kept.vault.clone();
    let found = Found {
        means: Means::Kept(Box::new(kept)),
        source: "the session kept by auth login".to_owned(),
    };
    let connection = Connection::with(context.settings, dns, found, context.voice)?;
    let answer = crate::runtime()?.block_on(async {
        let mut signals = Signals::take()?;
        Ok::<_, Problem>(signals.stopping(connection.end_session()).await)
    })?;
    let lives = "the session was deleted here, but lives at Vault until it ends by itself, after 48 hours at most";
    Ok(match answer {
        Ok(Ok(())) => None,
        // It had ended already.
        Ok(Err(error)) if error.vault_kind() == Some(&VaultErrorKind::InvalidSessionId) => None,
        Ok(Err(error)) => {
            let why = Problem::of_call("Ending the session", &error).what;
            Some(format!("{lives}. {}", why.trim_end_matches('.')))
        }
        Err(_) => Some(lives.to_owned()),
    })
}

fn finish(context: &Context<'_>, warnings: &[String]) -> Result<Exit, Problem> {
    if context.settings.is_json() {
        let ending = Ending {
            command: "auth logout",
            outcome: None,
            simulated: context.settings.simulate,
            warnings,
            problem: None,
            voice: context.voice,
        };
        json::print(&ending, AuthObject::nobody())?;
    }
    Ok(Exit::Done)
}
