//! `--dry-run`: the request, exactly, but for the credential.

use vault_sandbox_core::VaultDns;

use super::plan::{Places, Plan};
use super::{COMMAND, facts};
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::json::{self, DryRunObject, Ending, RequestObject, SandboxRef};
use crate::problem::Problem;

pub(super) fn run(
    context: &Context<'_>,
    plan: &Plan,
    connection: &Connection,
    sandbox: &SandboxFacts,
) -> Result<Exit, Problem> {
    // Checked as for a real run, then given back: closing them leaves nothing.
    drop(Places::check(context, plan)?);
    let intent = plan.intent(context, connection, sandbox);
    let request = connection
        .request(&intent.request())
        .map_err(|e| Problem::usage(format!("{e}.")))?;
    let headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(name, value)| {
            let shown = if value.is_sensitive() {
                "[hidden]"
            } else {
                value.to_str().unwrap_or_default()
            };
            (name.to_string(), shown.to_owned())
        })
        .collect();
    let body = String::from_utf8_lossy(request.body().as_bytes()).into_owned();
    let (method, url) = (request.method().to_string(), request.uri().to_string());
    if context.settings.is_json() {
        let ending = Ending {
            command: COMMAND,
            outcome: Some("ok"),
            simulated: connection.is_simulated(),
            warnings: &[],
            problem: None,
            voice: context.voice,
        };
        let reference = SandboxRef {
            name: plan.sandbox.to_string(),
            dns: sandbox.dns.as_ref().map(VaultDns::authority),
            status: sandbox.status.clone(),
        };
        let vault = facts(connection).object();
        let object = DryRunObject {
            vault,
            sandbox: reference,
            request: RequestObject {
                method,
                url,
                headers,
                body,
            },
        };
        json::print(&ending, object)?;
    } else {
        let mut text = format!("{method} {url}\n");
        for (name, value) in &headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push_str(&format!("\n{body}\n"));
        stdout::show(text.as_bytes())?;
        context
            .voice
            .say(&"Nothing was asked for: this was a dry run.");
    }
    Ok(Exit::Done)
}
