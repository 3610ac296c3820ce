//! Driving the simulator over HTTP, below a path that no Vault has: for tests in other languages.
//!
//! What is asked here is neither noted in the list of requests nor struck by faults.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ORIGIN},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    Builder, Fault, RecordedRequest, Sandbox, SandboxSize, SandboxStatus, Switches, TokenRecord,
    TokenStatus, UnknownName, User, exchange,
    seed::{FIRST_USER_ID, PASSWORD},
    server::{Shared, Stage, lock, make_room},
    vql,
    world::{At, Kind, Vault, World},
};

/// Everything is below this.
const ROOT: &str = "/simulator";

/// What there is, for whoever asks for something else.
const PLACES: [(&str, &[&str]); 10] = [
    ("", &["GET"]),
    ("/reset", &["POST"]),
    ("/seed", &["POST"]),
    ("/clock", &["GET", "POST"]),
    ("/faults", &["GET", "POST", "DELETE"]),
    ("/switches", &["GET", "POST"]),
    ("/sessions", &["DELETE"]),
    ("/users/lock", &["POST"]),
    ("/sandboxes/status", &["POST"]),
    ("/requests", &["GET", "DELETE"]),
];
/// Has a query, so it stands apart.
const TOKENS: &str = "/tokens";

/// Whether a request is for this module, and this module is on.
pub(crate) fn is_meant(stage: &Shared, request: &Request<Bytes>) -> bool {
    let path = request.uri().path();
    let rest = path.strip_prefix(ROOT);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && lock(stage).setup.control
}

/// Answers it. To be called on the runtime: a seed may need more addresses.
pub(crate) fn answer(stage: &Shared, at: At, request: &Request<Bytes>) -> Response<Bytes> {
    match check(stage, at, request).and_then(|()| carry_out(stage, request)) {
        Ok(value) => respond(StatusCode::OK, &value),
        Err(refused) => {
            let mut response = respond(refused.status, &json!({"error": refused.reason}));
            if let Some(allowed) = refused.allowed {
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static(allowed));
            }
            response
        }
    }
}

struct Refused {
    status: StatusCode,
    reason: String,
    allowed: Option<&'static str>,
}

impl Refused {
    fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            allowed: None,
        }
    }
}

impl From<UnknownName> for Refused {
    fn from(error: UnknownName) -> Self {
        Self::new(StatusCode::NOT_FOUND, error.to_string())
    }
}

/// A page in a browser may send requests to loopback, but not without saying where it is from.
fn check(stage: &Shared, at: At, request: &Request<Bytes>) -> Result<(), Refused> {
    let stage = lock(stage);
    let vault = stage.world.vaults.get(at.0);
    if !vault.is_some_and(|vault| exchange::names(request.headers(), vault)) {
        let reason = "the Host header does not name this Vault";
        return Err(Refused::new(StatusCode::MISDIRECTED_REQUEST, reason));
    }
    if request.headers().contains_key(ORIGIN) {
        let reason = "a page in a browser may not drive the simulator";
        return Err(Refused::new(StatusCode::FORBIDDEN, reason));
    }
    Ok(())
}

fn carry_out(shared: &Shared, request: &Request<Bytes>) -> Result<Value, Refused> {
    let path = request.uri().path();
    let place = path.strip_prefix(ROOT).unwrap_or(path);
    let place = place.strip_suffix('/').unwrap_or(place);
    if (request.method(), place) == (&Method::POST, "/seed") {
        return seed(shared, parse(request)?);
    }
    let stage = &mut *lock(shared);
    stage.world.settle_jobs();
    match (request.method().as_str(), place) {
        ("GET", "") => Ok(overview(stage)),
        ("POST", "/reset") => {
            let setup = Arc::clone(&stage.setup);
            stage.open(&setup);
            Ok(overview(stage))
        }
        ("GET", "/clock") => Ok(clock(&stage.world)),
        ("POST", "/clock") => {
            match parse(request)? {
                Move::AdvanceS(seconds) => {
                    stage.world.clock.advance(Duration::from_secs(seconds));
                }
                Move::Set(time) => stage.world.clock.set(instant(&time)?),
            }
            Ok(clock(&stage.world))
        }
        ("GET", "/faults") => Ok(stage.faults.to_json()),
        ("POST", "/faults") => {
            for fault in parse::<OneOrMany>(request)?.into_faults() {
                stage.faults.add(fault);
            }
            Ok(stage.faults.to_json())
        }
        ("DELETE", "/faults") => {
            stage.faults = crate::fault::Faults::default();
            Ok(stage.faults.to_json())
        }
        ("GET", "/switches") => Ok(json!(stage.world.switches)),
        ("POST", "/switches") => {
            stage.world.switches = changed(&stage.world.switches, parse(request)?)?;
            Ok(json!(stage.world.switches))
        }
        ("DELETE", "/sessions") => {
            let ended = stage.world.sessions.len();
            stage.world.sessions.clear();
            Ok(json!({"ended": ended}))
        }
        ("POST", "/users/lock") => {
            let Named { name } = parse(request)?;
            stage.world.lock_user(&name)?;
            Ok(json!({"locked": name}))
        }
        ("POST", "/sandboxes/status") => {
            let Status { name, status } = parse(request)?;
            stage.world.set_sandbox_status(&name, status)?;
            Ok(json!({"name": name, "status": status}))
        }
        ("GET", "/requests") => Ok(stage.requests.iter().map(RecordedRequest::shown).collect()),
        ("DELETE", "/requests") => {
            let removed = stage.requests.len();
            stage.requests.clear();
            Ok(json!({"removed": removed}))
        }
        ("GET", TOKENS) => Ok(tokens(&stage.world)),
        _ => Err(no_such_place(place)),
    }
}

fn no_such_place(place: &str) -> Refused {
    let known = PLACES.iter().copied().chain([(TOKENS, &["GET"][..])]);
    match known.clone().find(|(known, _)| *known == place) {
        Some((_, methods)) => {
            let allowed = match methods {
                ["GET"] => "GET",
                ["POST"] => "POST",
                ["DELETE"] => "DELETE",
                ["GET", "POST"] => "GET, POST",
                ["GET", "DELETE"] => "GET, DELETE",
                _ => "GET, POST, DELETE",
            };
            let reason = format!("{ROOT}{place} takes {allowed}");
            Refused {
                allowed: Some(allowed),
                ..Refused::new(StatusCode::METHOD_NOT_ALLOWED, reason)
            }
        }
        None => {
            let known: Vec<_> = known.map(|(known, _)| format!("{ROOT}{known}")).collect();
            let reason = format!("there is no such thing here, but {}", known.join(", "));
            Refused::new(StatusCode::NOT_FOUND, reason)
        }
    }
}

/// Whatever it calls itself: `curl -d` says that JSON is a form.
fn parse<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, Refused> {
    serde_json::from_slice(request.body())
        .map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))
}

fn instant(text: &str) -> Result<DateTime<Utc>, Refused> {
    text.parse().map_err(|_| {
        let reason = format!("{text:?} is not a time such as 2026-12-31T12:00:00Z");
        Refused::new(StatusCode::BAD_REQUEST, reason)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Move {
    AdvanceS(u64),
    Set(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    name: String,
    status: SandboxStatus,
}

/// Not by trial, as an untagged enum would: its message would not say what is wrong.
struct OneOrMany(Vec<Fault>);

impl OneOrMany {
    fn into_faults(self) -> Vec<Fault> {
        self.0
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let faults = if value.is_array() {
            serde_json::from_value(value)
        } else {
            serde_json::from_value(value).map(|fault| vec![fault])
        };
        faults.map(Self).map_err(serde::de::Error::custom)
    }
}

/// Another world: as a reset, but with these.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Seed {
    users: Option<Vec<SeedUser>>,
    sandboxes: Option<Vec<SeedSandbox>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedUser {
    name: String,
    id: Option<u64>,
    password: Option<String>,
    time_zone: Option<String>,
    may_list_sandboxes: Option<bool>,
    active: Option<bool>,
    admin: Option<bool>,
    api_access: Option<bool>,
    veeva_id: Option<bool>,
    must_change_password: Option<bool>,
}

impl SeedUser {
    fn into_user(self, id: u64) -> User {
        let password = self.password.unwrap_or_else(|| PASSWORD.into());
        let user = User::new(self.id.unwrap_or(id), self.name, password);
        User {
            time_zone: self.time_zone.unwrap_or(user.time_zone),
            may_list_sandboxes: self.may_list_sandboxes.unwrap_or(user.may_list_sandboxes),
            active: self.active.unwrap_or(user.active),
            admin: self.admin.unwrap_or(user.admin),
            api_access: self.api_access.unwrap_or(user.api_access),
            veeva_id: self.veeva_id.unwrap_or(user.veeva_id),
            must_change_password: self
                .must_change_password
                .unwrap_or(user.must_change_password),
            ..user
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedSandbox {
    name: String,
    size: Option<SandboxSize>,
    status: Option<SandboxStatus>,
    expiration: Option<String>,
    domain: Option<String>,
    release: Option<String>,
}

impl SeedSandbox {
    fn into_sandbox(self) -> Result<Sandbox, Refused> {
        let sandbox = Sandbox::new(self.name);
        Ok(Sandbox {
            size: self.size.unwrap_or(sandbox.size),
            status: self.status.unwrap_or(sandbox.status),
            expiration: self.expiration.as_deref().map(instant).transpose()?,
            domain: self.domain.unwrap_or(sandbox.domain),
            release: self.release.unwrap_or(sandbox.release),
            ..sandbox
        })
    }
}

fn seed(shared: &Shared, seed: Seed) -> Result<Value, Refused> {
    let mut setup = Builder::clone(&lock(shared).setup);
    if let Some(users) = seed.users {
        if users.is_empty() {
            let reason = "a simulated Vault needs at least one user";
            return Err(Refused::new(StatusCode::BAD_REQUEST, reason));
        }
        let numbered = (FIRST_USER_ID..).zip(users);
        setup.users = numbered.map(|(id, user)| user.into_user(id)).collect();
    }
    if let Some(sandboxes) = seed.sandboxes {
        setup.sandboxes = sandboxes
            .into_iter()
            .map(SeedSandbox::into_sandbox)
            .collect::<Result<_, _>>()?;
    }
    // Two production Vaults, and an address to spare.
    make_room(shared, setup.sandboxes.len() + 3).map_err(|error| {
        let reason = format!("there are not enough ports: {error}");
        Refused::new(StatusCode::SERVICE_UNAVAILABLE, reason)
    })?;
    let stage = &mut *lock(shared);
    stage.open(&setup);
    Ok(overview(stage))
}

/// The same switches but for these, by their names in JSON.
fn changed(switches: &Switches, changes: Map<String, Value>) -> Result<Switches, Refused> {
    let mut all = json!(switches);
    for (name, value) in changes {
        all[name] = value;
    }
    serde_json::from_value(all)
        .map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))
}

fn clock(world: &World) -> Value {
    json!({"now": vql::timestamp(world.now())})
}

/// No password and no session.
fn overview(stage: &Stage) -> Value {
    let world = &stage.world;
    let users: Vec<_> = world
        .users
        .iter()
        .map(|account| {
            json!({
                "id": account.user.id,
                "name": account.user.name,
                "active": account.user.active,
                "admin": account.user.admin,
                "may_list_sandboxes": account.user.may_list_sandboxes,
                "locked": account.is_locked(),
            })
        })
        .collect();
    let vaults: Vec<_> = world
        .vaults
        .iter()
        .map(|vault| describe(world, vault))
        .collect();
    json!({
        "now": vql::timestamp(world.now()),
        "vaults": vaults,
        "users": users,
        "sessions": world.sessions.len(),
        "requests": stage.requests.len(),
        "faults": stage.faults.to_json(),
    })
}

fn describe(world: &World, vault: &Vault) -> Value {
    let (kind, status) = match &vault.kind {
        Kind::Parent => ("parent", None),
        Kind::Other => ("other", None),
        Kind::Sandbox(sandbox) => ("sandbox", Some(sandbox.status)),
    };
    json!({
        "name": vault.name(),
        "kind": kind,
        "vault_id": vault.id,
        "url": world.base_url(vault),
        "status": status,
        "tokens": vault.tokens.len(),
    })
}

fn tokens(world: &World) -> Value {
    let places = 0..world.vaults.len();
    places
        .flat_map(|place| {
            let vault = world.vault(At(place)).name();
            let records = world.token_records(At(place));
            records
                .into_iter()
                .map(move |record| without_value(vault, &record))
        })
        .collect()
}

fn without_value(vault: &str, token: &TokenRecord) -> Value {
    json!({
        "vault": vault,
        "id": token.id,
        "name": token.name,
        "user": token.user,
        "status": match token.status {
            TokenStatus::Active => "active",
            TokenStatus::Expired => "expired",
        },
        "expiry": token.expiry.map(vql::timestamp),
        "last_used": token.last_used.map(vql::timestamp),
    })
}

fn respond(status: StatusCode, value: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{value:#}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
