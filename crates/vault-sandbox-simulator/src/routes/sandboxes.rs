//! The sandboxes of the parent Vault.

use serde_json::{Value, json};

use crate::{
    Sandbox, SandboxSize,
    envelope::{Answer, Failure, Outcome},
    exchange::Exchange,
    jobs,
    seed::PARENT_ID,
    vql,
    world::{Kind, Vault},
};

/// Sandboxes of each size.
const ALLOWED: usize = 4;

pub(super) fn list(exchange: &mut Exchange<'_>) -> Outcome {
    check_right(exchange)?;
    let active: Vec<Value> = sandboxes(exchange)
        .map(|(vault, sandbox)| describe(exchange, vault, sandbox))
        .collect();
    let entitlements: Vec<Value> = SandboxSize::ALL
        .iter()
        .map(|size| entitlement(exchange, *size))
        .collect();
    Ok(Answer::data(
        json!({"entitlements": entitlements, "active": active}),
    ))
}

pub(super) fn show(exchange: &mut Exchange<'_>, id: &str) -> Outcome {
    check_right(exchange)?;
    let (vault, sandbox) = sandboxes(exchange)
        .find(|(vault, _)| vault.id.to_string() == id)
        .ok_or_else(|| Failure::no_such_record(id))?;
    let mut data = describe(exchange, vault, sandbox);
    data["limits"] = json!([
        {"name": "total_object_records", "used": "0", "allowed": "10000000"},
        {"name": "document_versions", "used": "0", "allowed": "1000000"},
    ]);
    Ok(Answer::data(data))
}

fn check_right(exchange: &mut Exchange<'_>) -> Outcome<()> {
    let caller = exchange.authenticate()?;
    let user = exchange.user(caller.who);
    let may = user.admin || exchange.switches().may_list_sandboxes;
    if may && user.may_list_sandboxes {
        Ok(())
    } else {
        Err(Failure::no_right())
    }
}

/// Those of the Vault called: only the parent has any.
fn sandboxes<'a>(exchange: &'a Exchange<'_>) -> impl Iterator<Item = (&'a Vault, &'a Sandbox)> {
    let is_parent = matches!(exchange.vault().kind, Kind::Parent);
    exchange
        .world
        .vaults
        .iter()
        .filter(move |_| is_parent)
        .filter_map(|vault| match &vault.kind {
            Kind::Sandbox(sandbox) => Some((vault, sandbox)),
            Kind::Parent | Kind::Other => None,
        })
}

fn describe(exchange: &Exchange<'_>, vault: &Vault, sandbox: &Sandbox) -> Value {
    let created = vault
        .created
        .map_or("2026-01-01T09:00:00.000Z".into(), vql::timestamp);
    let modified = vault
        .built
        .map_or("2026-01-01T09:30:00.000Z".into(), vql::timestamp);
    let refresh_available = jobs::refresh_available(vault, exchange.switches())
        .map_or("2026-01-02T09:00:00.000Z".into(), vql::timestamp);
    json!({
        "pod": "SIM-1",
        "vault_id": vault.id,
        "name": sandbox.name,
        "type": "config",
        "size": sandbox.size,
        "status": sandbox.status,
        "domain": sandbox.domain,
        "dns": vault.dns,
        "source_vault_id": PARENT_ID,
        "refresh_available": refresh_available,
        "created_date": created,
        "created_by": 61_604,
        "modified_date": modified,
        "modified_by": 61_604,
        "entitlements": [],
        "release": sandbox.release,
        "expiration_date": sandbox.expiration.map_or("NULL".into(), vql::timestamp),
    })
}

/// How many more of this size there may be.
pub(super) fn available(exchange: &Exchange<'_>, size: SandboxSize) -> usize {
    let used = sandboxes(exchange)
        .filter(|(_, sandbox)| sandbox.size == size)
        .count();
    ALLOWED.saturating_sub(used)
}

fn entitlement(exchange: &Exchange<'_>, size: SandboxSize) -> Value {
    json!({
        "size": size,
        "available": available(exchange, size),
        "allowed": ALLOWED,
        "temporary": 0,
    })
}
