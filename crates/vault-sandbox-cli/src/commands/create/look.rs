//! What is found out before a token is asked for. Stopping it stops nothing that matters.

use std::collections::BTreeMap;

use vault_sandbox_core::endpoints::{ListSandboxes, Sandbox};
use vault_sandbox_core::{Error, SandboxName, VaultErrorKind};

use crate::commands::Context;
use crate::connection::Connection;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::problem::Problem;
use crate::sandbox;

/// A courtesy: is there such a sandbox, and can it be used? Who may not read the list (`None`) can
/// still ask for a token.
pub(super) async fn at_the_list(
    context: &Context<'_>,
    connection: &Connection,
) -> Result<Option<Vec<Sandbox>>, Problem> {
    let doing = sandbox::reading(connection);
    let stale = connection.sign_in_number();
    let mut answer = connection.look(&ListSandboxes::new()).await;
    let invalid = |e: &Error| e.vault_kind() == Some(&VaultErrorKind::InvalidSessionId);
    if answer.as_ref().is_err_and(invalid) && connection.sign_in_again(stale).await? {
        answer = connection.look(&ListSandboxes::new()).await;
    }
    match answer {
        Ok(reply) => {
            connection.check_served_by(reply.facts.vault_id)?;
            Ok(Some(reply.value.active))
        }
        Err(error) => {
            let problem = Problem::of_call(&doing, &error);
            if problem.exit != Exit::Refused {
                return Err(problem);
            }
            context.voice.warning(&format!(
                "the list of sandboxes may not be read, so the name was not checked: {}",
                problem.what
            ));
            Ok(None)
        }
    }
}

/// The list, to look many up in.
pub(super) struct Listed<'a> {
    list: &'a [Sandbox],
    by_name: BTreeMap<&'a str, &'a Sandbox>,
}

impl<'a> Listed<'a> {
    pub(super) fn new(list: &'a [Sandbox]) -> Self {
        // Of two with one name, the first: as where there is only one to look up.
        let by_name = list.iter().rev().map(|one| (one.name.as_str(), one));
        Self {
            list,
            by_name: by_name.collect(),
        }
    }

    /// What the list says of a sandbox that can be used.
    pub(super) fn up(
        &self,
        connection: &Connection,
        name: &SandboxName,
    ) -> Result<SandboxFacts, Problem> {
        let found = match self.by_name.get(name.as_str()) {
            Some(found) => found,
            None => sandbox::find(connection, self.list, name)?,
        };
        facts(connection, found)
    }
}

/// What the list says of a sandbox that can be used.
pub(super) fn up(
    connection: &Connection,
    list: &[Sandbox],
    name: &SandboxName,
) -> Result<SandboxFacts, Problem> {
    facts(connection, sandbox::find(connection, list, name)?)
}

fn facts(connection: &Connection, found: &Sandbox) -> Result<SandboxFacts, Problem> {
    sandbox::check_active(found)?;
    Ok(SandboxFacts {
        // What is no DNS that a credential may go to is as good as unknown.
        dns: sandbox::dns_of(connection.dns(), found).ok(),
        vault_id: found.vault_id,
        status: Some(found.status.as_str().to_owned()),
        is_given: false,
    })
}

/// The Vault, for people.
pub(super) fn say_which_vault(context: &Context<'_>, connection: &Connection) {
    let id = connection
        .vault_id()
        .map(|id| format!(" ({id})"))
        .unwrap_or_default();
    let simulated = if connection.is_simulated() {
        ", simulated"
    } else {
        ""
    };
    context.voice.fact(
        "Vault",
        &format!("{}{id}{simulated}", connection.dns().authority()),
    );
}
