//! Finding a sandbox by its name.

use vault_sandbox_core::endpoints::{Sandbox, SandboxStatus};
use vault_sandbox_core::redact::escape;
use vault_sandbox_core::{OwnDnsError, SandboxName, VaultDns};

use crate::connection::Connection;
use crate::exit::Exit;
use crate::problem::Problem;

/// Names nearer than this are worth a suggestion.
const SIMILAR: f64 = 0.7;
const MOST_SUGGESTED: usize = 3;

/// The sandbox of exactly this name.
pub(crate) fn find<'a>(
    connection: &Connection,
    sandboxes: &'a [Sandbox],
    name: &SandboxName,
) -> Result<&'a Sandbox, Problem> {
    if let Some(found) = sandboxes.iter().find(|s| s.name == name.as_str()) {
        return Ok(found);
    }
    let close = close_names(sandboxes, name.as_str());
    let hint = match close.as_slice() {
        [] if sandboxes.is_empty() => "This Vault has no sandboxes.".to_owned(),
        [] => format!("It has {} others.", sandboxes.len()),
        names => format!("Did you mean {}?", names.join(" or ")),
    };
    Err(Problem::new(
        Exit::Refused,
        format!(
            "There is no sandbox named {:?} in this Vault. {hint}",
            name.as_str()
        ),
    )
    .next("See them all", connection.typed().command("sandbox list")))
}

/// What is done while the list is read, for a problem to begin with: where it is read is often what
/// is wrong.
pub(crate) fn reading(connection: &Connection) -> String {
    let dns = connection.dns().authority();
    format!("Reading the list of sandboxes from {dns}")
}

/// Where a sandbox's own Vault is, as the parent's list says.
pub(crate) fn dns_of(parent: &VaultDns, sandbox: &Sandbox) -> Result<VaultDns, Problem> {
    sandbox.own_dns(parent).map_err(|wrong| {
        let name = escape(&sandbox.name);
        let what = match wrong {
            OwnDnsError::IsParent => {
                format!("Vault's list names the parent Vault itself for the sandbox {name}.")
            }
            _ => format!("Vault's list does not say where the sandbox {name} is."),
        };
        Problem::new(Exit::Unreachable, format!("{what} Give --sandbox-dns."))
    })
}

/// A token for a sandbox that cannot be used would be of no use.
pub(crate) fn check_active(sandbox: &Sandbox) -> Result<(), Problem> {
    if sandbox.status.takes_tokens() {
        return Ok(());
    }
    let advice = match sandbox.status {
        SandboxStatus::Building => "Wait until it is built.",
        _ => "Choose another one.",
    };
    Err(Problem::new(
        Exit::Refused,
        format!(
            "The sandbox {} is {}, not active. {advice}",
            escape(&sandbox.name),
            sandbox.status.as_str()
        ),
    ))
}

/// Where a person says the sandbox is: reached as the parent is.
pub(crate) fn sibling(parent: &VaultDns, text: &str) -> Result<VaultDns, Problem> {
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    parent.of_sandbox(bare).map_err(|wrong| match wrong {
        OwnDnsError::IsParent => Problem::usage(format!(
            "--sandbox-dns {} is the parent Vault itself, not the sandbox. A sandbox's own DNS stands in \"sandbox list\".",
            parent.authority()
        )),
        OwnDnsError::Invalid(error) => Problem::invalid(Exit::Usage, "--sandbox-dns", &error),
        other => Problem::usage(format!("--sandbox-dns: {other}.")),
    })
}

fn close_names(sandboxes: &[Sandbox], name: &str) -> Vec<String> {
    let wanted = name.to_lowercase();
    let mut scored: Vec<_> = sandboxes
        .iter()
        .map(|s| {
            let theirs = s.name.to_lowercase();
            let score = if theirs.contains(&wanted) {
                1.0
            } else {
                strsim::jaro_winkler(&theirs, &wanted)
            };
            (score, &s.name)
        })
        .filter(|(score, _)| *score >= SIMILAR)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored
        .into_iter()
        .take(MOST_SUGGESTED)
        .map(|(_, name)| format!("{:?}", escape(name)))
        .collect()
}
