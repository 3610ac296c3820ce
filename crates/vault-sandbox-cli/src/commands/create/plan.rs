//! What was asked for, understood; and the places it needs, checked.

use std::collections::BTreeMap;

use chrono::Utc;
use vault_sandbox_core::endpoints::Encoding;
use vault_sandbox_core::issuance::{Intent, Order, VerifyRule};
use vault_sandbox_core::{Expiry, OperationId, SandboxName, TokenName, VaultDns};

use super::lifetime;
use crate::args::{BodyEncoding, CreateArgs, Verify};
use crate::ci;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::{self, Destination, OpenDestination};
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::pending::{Pending, PendingRecord};
use crate::problem::Problem;

/// What is to be done, once everything given has been understood.
pub(super) struct Plan {
    pub(super) operation: OperationId,
    pub(super) sandbox: SandboxName,
    pub(super) sandbox_dns: Option<String>,
    pub(super) name: TokenName,
    pub(super) expiry: Expiry,
    pub(super) destinations: Vec<Destination>,
    pub(super) verify: VerifyRule,
    pub(super) encoding: Encoding,
}

/// The places that were found usable before anything was asked.
pub(super) struct Places {
    pub(super) record: PendingRecord,
    pub(super) opened: BTreeMap<usize, OpenDestination>,
}

impl Plan {
    pub(super) fn of(context: &Context<'_>, args: &CreateArgs) -> Result<Self, Problem> {
        let settings = context.settings;
        let operation = new_operation()?;
        let sandbox = SandboxName::parse(args.sandbox.as_str())
            .map_err(|e| Problem::invalid(Exit::Usage, "The sandbox name", &e))?;
        let expiry = lifetime::of(args.expires.as_deref(), &settings.profile, Utc::now())?;
        let name = match &args.name {
            Some(text) => TokenName::parse(text.as_str())
                .map_err(|e| Problem::invalid(Exit::Usage, "--name", &e))?,
            None => default_name(operation)?,
        };
        let profile = match &settings.dns {
            Some(dns) => settings.profile_for(dns),
            None => Some(&settings.profile),
        };
        let given = match profile.map_or(&[][..], |profile| profile.out(sandbox.as_str())) {
            _ if !args.out.is_empty() => args.out.clone(),
            [] => {
                if let Some(warning) = ci::check_implicit_stdout(settings.simulate)? {
                    context.voice.warning(&warning);
                }
                vec!["-".to_owned()]
            }
            usual => usual.to_vec(),
        };
        let destinations = given
            .iter()
            .map(|text| Destination::parse(text))
            .collect::<Result<Vec<_>, _>>()?;
        if settings.is_json()
            && destinations.len() > 1
            && destinations.contains(&Destination::Stdout)
        {
            return Err(Problem::usage(
                "With --format json, \"-\" cannot be combined with another --out: stdout carries the result, and the value in it only where it goes nowhere else.",
            ));
        }
        if let Some(dns) = &args.sandbox_dns {
            VaultDns::parse(dns).map_err(|e| Problem::invalid(Exit::Usage, "--sandbox-dns", &e))?;
        }
        Ok(Self {
            operation,
            sandbox,
            sandbox_dns: args.sandbox_dns.clone(),
            name,
            expiry,
            destinations,
            verify: match args.verify {
                Verify::Auto => VerifyRule::Auto,
                Verify::Always => VerifyRule::Always,
                Verify::Never => VerifyRule::Never,
            },
            encoding: match args.encoding {
                BodyEncoding::Form => Encoding::Form,
                BodyEncoding::Json => Encoding::Json,
            },
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
        connection: &Connection,
        sandbox: &SandboxFacts,
    ) -> Intent {
        Intent {
            operation: self.operation,
            started: Utc::now(),
            vault: connection.dns().clone(),
            vault_id: connection.vault_id,
            api_version: context.settings.api_version,
            sandbox: self.sandbox.clone(),
            sandbox_dns: sandbox.dns.clone(),
            name: self.name.clone(),
            expiry: self.expiry,
            encoding: self.encoding,
            destinations: self
                .destinations
                .iter()
                .map(Destination::for_record)
                .collect(),
            verify: self.verify,
            order: self.order(context),
        }
    }
}

impl Places {
    /// Opens the destinations and reserves the record; mentions what earlier runs left open.
    pub(super) fn check(context: &Context<'_>, plan: &Plan) -> Result<Self, Problem> {
        let opened = destinations::open_all(&plan.destinations)?;
        let pending = Pending::new(&context.settings.state_dir()?);
        let open = pending.operations();
        if !open.is_empty() {
            let words = if open.len() == 1 {
                "operation of an earlier run is"
            } else {
                "operations of earlier runs are"
            };
            context.voice.say(&format!(
                "Note: {} {words} not closed.\n  See:  {}",
                open.len(),
                context.settings.recover()
            ));
        }
        let record = pending.reserve(plan.operation)?;
        Ok(Self {
            record,
            opened: opened.into_iter().enumerate().collect(),
        })
    }
}

fn new_operation() -> Result<OperationId, Problem> {
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
