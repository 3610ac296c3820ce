//! What was asked for, understood: the terms for all sandboxes, and what they come to for one.

use std::cell::Cell;

use chrono::Utc;
use vault_sandbox_core::endpoints::Encoding;
use vault_sandbox_core::issuance::{Intent, Order, VerifyRule};
use vault_sandbox_core::{Expiry, OperationId, SandboxName, TokenId, TokenName, VaultDns};

use super::lifetime;
use crate::args::{BodyEncoding, IssueArgs};
use crate::ci;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::{Destination, file_name_of};
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::own_files;
use crate::problem::Problem;

/// In a destination, it stands for the sandbox's name.
const PLACEHOLDER: &str = "{sandbox}";

/// What is the same for every sandbox.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) command: &'static str,
    /// As it was given; without it each token has a name of its own.
    pub(super) name: Option<TokenName>,
    pub(super) expiry: Expiry,
    pub(super) verify: VerifyRule,
    pub(super) encoding: Encoding,
    /// As they were given.
    pub(super) out: Vec<String>,
    /// Whether stdout will do where nobody said so has been looked at.
    pub(super) has_asked_ci: Cell<bool>,
}

/// One token that shall be.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) operation: OperationId,
    pub(super) sandbox: SandboxName,
    pub(super) name: TokenName,
    pub(super) destinations: Vec<Destination>,
    /// The token whose place it takes.
    pub(super) replaces: Option<TokenId>,
}

impl Terms {
    pub(super) fn of(
        context: &Context<'_>,
        command: &'static str,
        args: &IssueArgs,
        verify: VerifyRule,
    ) -> Result<Self, Problem> {
        let expiry = lifetime::of(
            args.expires.as_deref(),
            &context.settings.profile,
            Utc::now(),
        )?;
        let name = args.name.as_deref().map(TokenName::parse).transpose();
        let name = name.map_err(|e| Problem::invalid(Exit::Usage, "--name", &e))?;
        if let Some(dns) = &args.sandbox_dns {
            VaultDns::parse(dns).map_err(|e| Problem::invalid(Exit::Usage, "--sandbox-dns", &e))?;
        }
        // What cannot be meant is found before anything else is done.
        for text in &args.out {
            Destination::parse(text)?;
        }
        Ok(Self {
            command,
            name,
            expiry,
            verify,
            encoding: match args.encoding {
                BodyEncoding::Form => Encoding::Form,
                BodyEncoding::Json => Encoding::Json,
            },
            out: args.out.clone(),
            has_asked_ci: Cell::new(false),
        })
    }
}

impl Item {
    pub(super) fn of(
        context: &Context<'_>,
        terms: &Terms,
        sandbox: &SandboxName,
    ) -> Result<Self, Problem> {
        let settings = context.settings;
        let profile = match &settings.dns {
            Some(dns) => settings.profile_for(dns),
            None => Some(&settings.profile),
        };
        let given = match profile.map_or(&[][..], |profile| profile.out(sandbox.as_str())) {
            _ if !terms.out.is_empty() => terms.out.clone(),
            [] => {
                // Of many, it is said once.
                if !terms.has_asked_ci.replace(true)
                    && let Some(warning) = ci::check_implicit_stdout(settings.simulate)?
                {
                    context.voice.warning(&warning);
                }
                vec!["-".to_owned()]
            }
            usual => usual.to_vec(),
        };
        let name = file_name_of(sandbox);
        let destinations = given
            .iter()
            .map(|text| Destination::parse(&text.replace(PLACEHOLDER, &name)))
            .collect::<Result<Vec<_>, _>>()?;
        Self::with(context, terms, sandbox, destinations)
    }

    /// With destinations that are known already.
    pub(super) fn with(
        context: &Context<'_>,
        terms: &Terms,
        sandbox: &SandboxName,
        destinations: Vec<Destination>,
    ) -> Result<Self, Problem> {
        if context.settings.is_json()
            && destinations.len() > 1
            && destinations.iter().any(Destination::is_stdout)
        {
            return Err(Problem::usage(
                "With --format json, \"-\" cannot be combined with another --out: stdout carries the result, and the value in it only where it goes nowhere else.",
            ));
        }
        for destination in &destinations {
            own_files::refuse(context, destination)?;
        }
        let operation = new_operation()?;
        Ok(Self {
            operation,
            sandbox: sandbox.clone(),
            name: match &terms.name {
                Some(name) => Intent::named(name.clone(), operation),
                None => default_name(operation)?,
            },
            destinations,
            replaces: None,
        })
    }

    /// A destination that is told the result is served once the result is known.
    fn order(&self, context: &Context<'_>) -> Order {
        let stdout_is_json = context.settings.is_json();
        let any = self
            .destinations
            .iter()
            .any(|d| d.takes_an_object(stdout_is_json));
        if any {
            Order::VerifyFirst
        } else {
            Order::DeliverFirst
        }
    }

    /// The intent to be put on record, with what was found out since.
    pub(super) fn intent(
        &self,
        context: &Context<'_>,
        terms: &Terms,
        connection: &Connection,
        sandbox: &SandboxFacts,
    ) -> Intent {
        let destinations = self.destinations.iter().map(Destination::for_record);
        Intent::new(
            self.operation,
            Utc::now(),
            connection.dns().clone(),
            self.sandbox.clone(),
            self.name.clone(),
            terms.expiry,
        )
        .vault_id(connection.vault_id())
        .api_version(context.settings.api_version)
        .sandbox_dns(sandbox.dns.clone())
        .sandbox_vault_id(sandbox.vault_id)
        .encoding(terms.encoding)
        .destinations(destinations)
        .verify(terms.verify)
        .order(self.order(context))
        .replaces(self.replaces.clone())
    }
}

pub(super) fn new_operation() -> Result<OperationId, Problem> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(|e| {
        Problem::new(
            Exit::Internal,
            format!("No random number could be drawn: {e}."),
        )
    })?;
    Ok(OperationId::from_bytes(bytes))
}

/// Says who made it, where and when, and, by the operation, which run: a look-up by this name cannot
/// find another's token.
fn default_name(operation: OperationId) -> Result<TokenName, Problem> {
    let user = ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| "user".to_owned());
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let plain = |text: String| {
        text.chars()
            .filter(|c| !c.is_control())
            .take(40)
            .collect::<String>()
    };
    let date = Utc::now().format("%Y-%m-%d");
    TokenName::parse(format!(
        "vault-sandbox {}@{} {date} #{operation}",
        plain(user),
        plain(host)
    ))
    .map_err(|e| Problem::invalid(Exit::Usage, "The token's name", &e))
}
