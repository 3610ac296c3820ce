//! Acting in a sandbox's own Vault: where it is, and what lets one in there.

use std::path::Path;

use vault_sandbox_core::endpoints::{ListSandboxes, Sandbox, check_served_by_sandbox};
use vault_sandbox_core::{AccessToken, Endpoint, Error, Reply, SandboxName, VaultDns, VaultId};

use crate::args::SandboxAccess;
use crate::commands::Context;
use crate::connection::{Connection, which_vault};
use crate::credentials::{self, Found, Means};
use crate::exit::Exit;
use crate::problem::Problem;
use crate::sandbox;
use crate::selection::Selection;

/// A sandbox and where its own Vault is.
#[derive(Debug, Clone)]
pub(crate) struct Inside {
    pub(crate) name: SandboxName,
    pub(crate) dns: VaultDns,
    /// The number of its own Vault, if the list says it.
    pub(crate) vault_id: Option<VaultId>,
}

/// The way to sandboxes: by their parent, or straight to one with a token of its own.
pub(crate) struct Way {
    connection: Connection,
    token: Option<Found>,
    given: Option<VaultDns>,
    /// The parent is not needed for anything.
    is_direct: bool,
}

impl Way {
    /// Finds what is needed; nothing is sent.
    pub(crate) fn prepare(context: &Context<'_>, access: &SandboxAccess) -> Result<Self, Problem> {
        let (settings, voice) = (context.settings, context.voice);
        let is_stdin = |path: &Path| path == Path::new("-");
        if access.sandbox_token_file.as_deref().is_some_and(is_stdin)
            && context.global.reads_stdin()
        {
            return Err(Problem::usage(
                "stdin is asked for twice: for the sandbox's token and for the credential.",
            ));
        }
        let token = match settings.simulate {
            true => None,
            false => credentials::sandbox_token(access.sandbox_token_file.as_deref(), voice)?,
        };
        let given = access.sandbox_dns.as_deref();
        if let (Some(found), Some(text)) = (&token, given) {
            // Reached as the parent is, if there is one; on its own otherwise.
            let dns = match which_vault(settings) {
                Ok(parent) => sandbox::sibling(&parent, text)?,
                Err(_) => VaultDns::parse(text)
                    .map_err(|e| Problem::invalid(Exit::Usage, "--sandbox-dns", &e))?,
            };
            let connection = Connection::with(settings, dns.clone(), found.clone(), voice)?;
            return Ok(Self {
                connection,
                token,
                given: Some(dns),
                is_direct: true,
            });
        }
        let connection = Connection::prepare(context.global, settings, None, voice);
        let connection = connection.map_err(|problem| match &token {
            // Something is missing, rather than wrong.
            Some(found) if !problem.next.is_empty() => problem.now(format!(
                "The parent Vault's list says where the sandbox is. With --sandbox-dns HOST it is not needed: the token from {} is enough.",
                found.source
            )),
            _ => problem,
        })?;
        let given = given
            .map(|text| sandbox::sibling(connection.dns(), text))
            .transpose()?;
        Ok(Self {
            connection,
            token,
            given,
            is_direct: false,
        })
    }

    /// Has so many requests be under way at a time.
    pub(crate) fn at_a_time(self, most: u16) -> Self {
        self.connection.at_a_time(usize::from(most));
        self
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What is used in the sandbox itself.
    pub(crate) fn found(&self) -> Found {
        match &self.token {
            Some(found) => found.clone(),
            None => self.connection.found(),
        }
    }

    /// The token of the sandbox itself, if one was given.
    pub(crate) fn token(&self) -> Option<&AccessToken> {
        match &self.token.as_ref()?.means {
            Means::Token(token) => Some(token),
            _ => None,
        }
    }

    /// Signs in, as far as that is needed, and finds the one sandbox.
    pub(crate) async fn find_one(&self, name: SandboxName) -> Result<Inside, Problem> {
        let found = self.find(&Selection::Named(vec![name])).await?;
        let only = found.into_iter().next();
        only.ok_or_else(|| Problem::new(Exit::Internal, "No sandbox was found."))
    }

    /// Signs in, as far as that is needed, and finds the sandboxes.
    pub(crate) async fn find(&self, selection: &Selection) -> Result<Vec<Inside>, Problem> {
        // It is of one Vault, and of no concern to any other.
        if let (Some(found), None) = (&self.token, selection.only()) {
            return Err(Problem::usage(format!(
                "The token from {} is of one sandbox: name that one.",
                found.source
            )));
        }
        if !self.is_direct {
            self.connection.sign_in().await?;
        }
        if let Some(dns) = &self.given {
            let name = selection.only().cloned().ok_or_else(|| {
                Problem::usage("--sandbox-dns says where one sandbox is: name one.")
            })?;
            let dns = dns.clone();
            return Ok(vec![Inside {
                name,
                dns,
                vault_id: None,
            }]);
        }
        let list = read_list(&self.connection).await?;
        let names = selection.among(&self.connection, &list)?;
        let parent = self.connection.dns();
        names
            .into_iter()
            .map(|name| {
                let found = sandbox::find(&self.connection, &list, &name)?;
                Ok(Inside {
                    name,
                    dns: sandbox::dns_of(parent, found)?,
                    vault_id: found.vault_id,
                })
            })
            .collect()
    }

    /// Whether it was the sandbox's own Vault that answered, as far as that can be known.
    pub(crate) fn check_served(
        &self,
        inside: &Inside,
        served: Option<VaultId>,
    ) -> Result<(), Problem> {
        let parent = self.connection.vault_id().filter(|_| !self.is_direct);
        check_served_by_sandbox(parent, inside.vault_id, served).map_err(|wrong| {
            Problem::new(
                Exit::SignIn,
                format!(
                    "At {}, where the sandbox {} should be, another Vault is: {wrong}.",
                    inside.dns.authority(),
                    inside.name
                ),
            )
            .now("Nothing was changed.")
        })
    }

    /// Calls the sandbox's own Vault, once.
    pub(crate) async fn call<E: Endpoint>(
        &self,
        inside: &Inside,
        endpoint: &E,
    ) -> Result<Reply<E::Output>, Error> {
        let token = self.token().map(|token| token.clone().into());
        self.connection.call_at(&inside.dns, token, endpoint).await
    }
}

/// The parent's list, without which it is not known where a sandbox is.
async fn read_list(connection: &Connection) -> Result<Vec<Sandbox>, Problem> {
    let reply = connection.look(&ListSandboxes::new()).await;
    let reply = reply.map_err(|e| {
        Problem::of_call(&sandbox::reading(connection), &e)
            .now("If it may not be read, say where the sandbox is: --sandbox-dns HOST.")
    })?;
    Ok(reply.value.active)
}
