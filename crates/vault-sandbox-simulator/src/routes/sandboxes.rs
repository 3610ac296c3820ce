//! The sandboxes of the parent Vault.

use serde_json::{Value, json};

use crate::{
    Sandbox, SandboxSize,
    envelope::{Answer, Failure, Outcome},
    exchange::Exchange,
    seed::PARENT_ID,
    vql,
    world::{Kind, Vault},
};

pub(super) fn list(exchange: &mut Exchange<'_>) -> Outcome {
    check_right(exchange)?;
    let active: Vec<Value> = sandboxes(exchange)
        .map(|(vault, sandbox)| describe(vault, sandbox))
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
    let mut data = describe(vault, sandbox);
    data["limits"] = json!([
        {"name": "total_object_records", "used": "0", "allowed": "10000000"},
        {"name": "document_versions", "used": "0", "allowed": "1000000"},
    ]);
    Ok(Answer::data(data))
}

fn check_right(exchange: &mut Exchange<'_>) -> Outcome<()> {
    let caller = exchange.authenticate()?;
    if exchange.user(caller.who).admin || exchange.switches().may_list_sandboxes {
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

fn describe(vault: &Vault, sandbox: &Sandbox) -> Value {
    json!({
        "pod": "SIM-1",
        "vault_id": vault.id,
        "name": sandbox.name,
        "type": "config",
        "size": sandbox.size,
        "status": sandbox.status,
        "domain": "veepharm-sbx.com",
        "dns": vault.dns,
        "source_vault_id": PARENT_ID,
        "refresh_available": "2026-01-02T09:00:00.000Z",
        "created_date": "2026-01-01T09:00:00.000Z",
        "created_by": 61_604,
        "modified_date": "2026-01-01T09:30:00.000Z",
        "modified_by": 61_604,
        "entitlements": [],
        "release": "general",
        "expiration_date": sandbox.expiration.map_or("NULL".into(), vql::timestamp),
    })
}

fn entitlement(exchange: &Exchange<'_>, size: SandboxSize) -> Value {
    const ALLOWED: usize = 4;
    let used = sandboxes(exchange)
        .filter(|(_, sandbox)| sandbox.size == size)
        .count();
    json!({
        "size": size,
        "available": ALLOWED.saturating_sub(used),
        "allowed": ALLOWED,
        "temporary": 0,
    })
}
