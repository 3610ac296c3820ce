//! Creating and refreshing sandboxes, and the jobs that do it.

use serde_json::{Map, Value, json};

use super::sandboxes;
use crate::{
    Sandbox, SandboxSize, SandboxStatus,
    endpoint::Route,
    envelope::{Answer, Failure, Outcome},
    exchange::Exchange,
    jobs::{POLL_INTERVAL, refresh_available},
    params::Params,
    seed::FIRST_SANDBOX_ID,
    vql,
    world::{At, Kind, Vault},
};

const FIELDS: [&str; 8] = [
    "name",
    "domain",
    "size",
    "type",
    "source",
    "source_snapshot",
    "add_requester",
    "release",
];

/// An unused name creates, an existing one refreshes.
pub(super) fn create_or_refresh(exchange: &mut Exchange<'_>, route: &Route) -> Outcome {
    let caller = exchange.authenticate()?;
    let is_parent = matches!(exchange.vault().kind, Kind::Parent);
    if !is_parent || !exchange.user(caller.who).admin {
        return Err(Failure::no_right());
    }
    let sandbox = asked(&Params::of_form_body(exchange.request)?)?;
    let at = match exchange.world.sandbox_named(&sandbox.name) {
        Some(at) => refresh(exchange, at, sandbox)?,
        None => create(exchange, sandbox)?,
    };
    let id = exchange.world.start_job(at, caller.who);
    Ok(Answer::success(Map::from_iter([
        ("job_id".into(), id.into()),
        ("url".into(), url(route, id).into()),
    ])))
}

/// Once in ten seconds, by the clock of the simulator.
pub(super) fn status(exchange: &mut Exchange<'_>, route: &Route) -> Outcome {
    exchange.authenticate()?;
    let now = exchange.now();
    let is_parent = matches!(exchange.vault().kind, Kind::Parent);
    let jobs = exchange.world.jobs.iter_mut();
    let job = jobs
        .filter(|_| is_parent)
        .find(|job| job.id.to_string() == route.variable)
        .ok_or_else(|| Failure::no_such_record(&route.variable))?;
    if job.told.is_some_and(|told| now - told < POLL_INTERVAL) {
        return Err(Failure::new(
            "API_LIMIT_EXCEEDED",
            "Too many polling requests",
        ));
    }
    job.told = Some(now);
    let (id, created, asked_by) = (job.id, job.created, job.asked_by);
    let (status, start, end) = (job.status(now), job.start(now), job.end);
    let mut data = json!({
        "id": id,
        "status": status,
        "method": "POST",
        "links": [{"rel": "self", "href": url(route, id), "method": "GET", "accept": "application/json"}],
        "created_by": exchange.user(asked_by).id,
        "created_date": vql::timestamp(created),
    });
    if let Some(start) = start {
        data["run_start_date"] = vql::timestamp(start).into();
    }
    if end <= now {
        data["run_end_date"] = vql::timestamp(end).into();
    }
    Ok(Answer::success(Map::from_iter([
        ("responseMessage".into(), "OK".into()),
        ("data".into(), data),
    ])))
}

fn url(route: &Route, id: u64) -> String {
    format!("/api/{}/services/jobs/{id}", route.version())
}

/// What the form describes.
fn asked(params: &Params) -> Outcome<Sandbox> {
    if let Some(name) = params.names().find(|name| !FIELDS.contains(name)) {
        let message = format!("The attribute [{name}] is not supported");
        return Err(Failure::new("ATTRIBUTE_NOT_SUPPORTED", message));
    }
    let name = params.require("name")?;
    let domain = params.require("domain")?;
    let size = params.require("size")?;
    if domain != domain.to_lowercase() || !domain.contains('.') {
        return Err(Failure::invalid(domain, "domain"));
    }
    let one_of = |name: &str, known: &[&str]| match params.get(name) {
        Some(value) if !known.contains(&value) => Err(Failure::invalid(value, name)),
        _ => Ok(()),
    };
    one_of("type", &["config"])?;
    one_of("source", &["vault"])?;
    one_of("add_requester", &["true", "false"])?;
    one_of("release", &["general", "limited", "prerelease"])?;
    let mut sandbox = Sandbox::new(name);
    sandbox.size = serde_json::from_value::<SandboxSize>(Value::from(size))
        .map_err(|_| Failure::invalid(size, "size"))?;
    domain.clone_into(&mut sandbox.domain);
    if let Some(release) = params.get("release") {
        release.clone_into(&mut sandbox.release);
    }
    sandbox.status = SandboxStatus::Building;
    Ok(sandbox)
}

/// The same Vault at the same address, with other data in it.
fn refresh(exchange: &mut Exchange<'_>, at: At, asked: Sandbox) -> Outcome<At> {
    let now = exchange.now();
    let switches = exchange.switches();
    let vault = exchange.world.vault(at);
    if let Kind::Sandbox(Sandbox {
        status: SandboxStatus::Building,
        ..
    }) = vault.kind
    {
        let message = format!("The sandbox [{}] is being built", vault.name());
        return Err(Failure::new(
            switches.building_sandbox_error.as_str(),
            message,
        ));
    }
    if let Some(from) = refresh_available(vault, switches).filter(|from| now < *from) {
        let message = format!("A refresh is possible from {} on", vql::timestamp(from));
        return Err(Failure::new("OPERATION_NOT_ALLOWED", message));
    }
    let keeps_tokens = switches.refresh_keeps_tokens;
    let vault = exchange.world.vault_mut(at);
    vault.queries.clear();
    if !keeps_tokens {
        vault.tokens.clear();
    }
    if let Kind::Sandbox(sandbox) = &mut vault.kind {
        // The name stays as it was: a switch may have matched another case.
        let name = std::mem::take(&mut sandbox.name);
        *sandbox = Sandbox { name, ..asked };
    }
    Ok(at)
}

fn create(exchange: &mut Exchange<'_>, sandbox: Sandbox) -> Outcome<At> {
    if sandboxes::available(exchange, sandbox.size) == 0 {
        let message = "There is no free allowance for a sandbox of this size";
        return Err(Failure::new("OPERATION_NOT_ALLOWED", message));
    }
    let now = exchange.now();
    let world = &mut exchange.world;
    let place = world.vaults.len();
    let dns = world.dns.get(place).cloned().ok_or_else(|| {
        let message = "The simulator has no free port for one more sandbox";
        Failure::new("UNEXPECTED_ERROR", message)
    })?;
    // The production Vaults come first.
    let id = FIRST_SANDBOX_ID + (place as u64).saturating_sub(2);
    let mut vault = Vault::new(id, dns, Kind::Sandbox(sandbox), now);
    vault.created = Some(now);
    world.vaults.push(vault);
    Ok(At(place))
}
