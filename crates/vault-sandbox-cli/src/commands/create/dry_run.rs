//! `--dry-run`: the requests, exactly, but for the credential.

use vault_sandbox_core::VaultDns;

use super::item::{Item, Terms};
use crate::args::Format;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations::stdout;
use crate::exit::Exit;
use crate::issue::SandboxFacts;
use crate::json::{
    self, DryRunObject, DryRunsObject, Ending, RequestObject, SandboxRef, SandboxRequestObject,
};
use crate::problem::Problem;
use crate::report::VaultFacts;

/// The places were checked as for a real run.
pub(super) fn run(
    context: &Context<'_>,
    terms: &Terms,
    connection: &Connection,
    items: &[(Item, SandboxFacts)],
) -> Result<Exit, Problem> {
    let mut requests = Vec::with_capacity(items.len());
    for (item, sandbox) in items {
        requests.push(SandboxRequestObject {
            sandbox: SandboxRef {
                name: item.sandbox.to_string(),
                dns: sandbox.dns.as_ref().map(VaultDns::authority),
                status: sandbox.status.clone(),
            },
            request: request(context, terms, connection, item, sandbox)?,
        });
    }
    if context.settings.is_json() {
        print(context, terms, connection, requests)?;
    } else {
        let texts: Vec<_> = requests.iter().map(|one| text(&one.request)).collect();
        stdout::show(texts.join("\n").as_bytes())?;
        context
            .voice
            .say(&"Nothing was asked for: this was a dry run.");
    }
    Ok(Exit::Done)
}

fn text(request: &RequestObject) -> String {
    let mut text = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&format!("\n{}\n", request.body));
    text
}

fn request(
    context: &Context<'_>,
    terms: &Terms,
    connection: &Connection,
    item: &Item,
    sandbox: &SandboxFacts,
) -> Result<RequestObject, Problem> {
    let intent = item.intent(context, terms, connection, sandbox);
    let request = connection
        .request(&intent.request())
        .map_err(|e| Problem::usage(format!("{e}.")))?;
    let headers = request.headers().iter().map(|(name, value)| {
        let shown = if value.is_sensitive() {
            "[hidden]"
        } else {
            value.to_str().unwrap_or_default()
        };
        (name.to_string(), shown.to_owned())
    });
    Ok(RequestObject {
        method: request.method().to_string(),
        url: request.uri().to_string(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(request.body().as_bytes()).into_owned(),
    })
}

/// One object, or one for each sandbox.
fn print(
    context: &Context<'_>,
    terms: &Terms,
    connection: &Connection,
    mut requests: Vec<SandboxRequestObject>,
) -> Result<(), Problem> {
    let ending = Ending {
        command: terms.command,
        outcome: Some("ok"),
        simulated: connection.is_simulated(),
        warnings: &[],
        problem: None,
        voice: context.voice,
    };
    let vault = || VaultFacts::of(connection).object();
    if context.settings.format == Format::Json && requests.len() > 1 {
        let vault = vault();
        return json::print(&ending, DryRunsObject { vault, requests });
    }
    for SandboxRequestObject { sandbox, request } in requests.drain(..) {
        let object = DryRunObject {
            vault: vault(),
            sandbox,
            request,
        };
        json::print(&ending, object)?;
    }
    Ok(())
}
