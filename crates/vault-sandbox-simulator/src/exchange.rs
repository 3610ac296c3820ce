//! One request and its answer.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST},
};

use crate::{
    SandboxStatus, Switches, User,
    endpoint::{Endpoint, Route},
    envelope::{Answer, Failure, Outcome},
    ids::TOKEN_PREFIX,
    routes,
    world::{At, BURST_LIMIT, Kind, Vault, Who, World},
};

/// Answers one request to the Vault `at`. Pure but for the world it changes.
pub(crate) fn answer(world: &mut World, at: At, request: &Request<Bytes>) -> Response<Bytes> {
    world.settle_jobs();
    let mut exchange = Exchange {
        world,
        at,
        request,
        caller: None,
    };
    let answer = match exchange.carry_out() {
        Ok(answer) => answer,
        Err(failure) => failure.into_answer(exchange.switches()),
    };
    exchange.respond(&answer)
}

/// A request on its way through the world.
pub(crate) struct Exchange<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) at: At,
    pub(crate) request: &'a Request<Bytes>,
    caller: Option<Caller>,
}

/// Who called, and with what.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    pub(crate) credential: Credential,
}

#[derive(Clone)]
pub(crate) enum Credential {
    Session(String),
    Token(String),
}

impl Exchange<'_> {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.world.now()
    }

    pub(crate) fn switches(&self) -> &Switches {
        &self.world.switches
    }

    pub(crate) fn vault(&self) -> &Vault {
        self.world.vault(self.at)
    }

    pub(crate) fn user(&self, who: Who) -> &User {
        &self.world.account(who).user
    }

    /// The `Authorization` header; empty if it is missing or not text.
    pub(crate) fn authorization(&self) -> &str {
        header_text(self.request.headers(), &AUTHORIZATION)
    }

    /// Who calls, if they may. A session used lives longer.
    pub(crate) fn authenticate(&mut self) -> Outcome<Caller> {
        let caller = self.identify()?;
        let now = self.now();
        if let Credential::Session(id) = &caller.credential
            && let Some(session) = self.world.live_session(id)
        {
            session.last_used = now;
        }
        Ok(caller)
    }

    /// Who calls, if they may, without making the session live longer.
    pub(crate) fn identify(&mut self) -> Outcome<Caller> {
        check_open(self.vault(), self.switches())?;
        let caller = self.credential()?;
        self.caller = Some(caller.clone());
        let user = self.user(caller.who);
        if !user.active {
            return Err(Failure::new("INACTIVE_USER", "The user is inactive"));
        }
        if !user.api_access {
            let message = format!(
                "User [{}] not licensed for permission [VaultActions_API_Access].",
                user.id
            );
            return Err(Failure::new("INSUFFICIENT_ACCESS", message));
        }
        Ok(caller)
    }

    fn credential(&mut self) -> Outcome<Caller> {
        let header = self.authorization();
        let bearer = header.strip_prefix("Bearer ");
        let value = bearer.unwrap_or(header).to_owned();
        if value.starts_with(TOKEN_PREFIX) {
            // A refused form must not count as a use of the token.
            let is_accepted_form = bearer.is_some() || self.switches().raw_token_accepted;
            let caller = if is_accepted_form {
                self.token(&value)
            } else {
                None
            };
            return caller.ok_or_else(|| self.refused_token());
        }
        let session = self.world.live_session(&value);
        let who = session.ok_or_else(Failure::invalid_session)?.user;
        Ok(Caller {
            who,
            credential: Credential::Session(value),
        })
    }

    /// A token works in the Vault it belongs to, once it is usable and until it expires.
    fn token(&mut self, value: &str) -> Option<Caller> {
        let now = self.now();
        let usable_after = self.switches().token_usable_after;
        let token = self
            .world
            .vault_mut(self.at)
            .tokens
            .iter_mut()
            .find(|token| token.value == value)
            .filter(|token| token.is_active(now) && token.is_older_than(usable_after, now))?;
        token.last_used = Some(now);
        Some(Caller {
            who: token.owner,
            credential: Credential::Token(value.to_owned()),
        })
    }

    fn refused_token(&self) -> Failure {
        let switches = self.switches();
        let failure = Failure::new(
            switches.refused_token_error.as_str(),
            "Invalid or expired access token.",
        );
        match switches.refused_token_status.map(StatusCode::from_u16) {
            Some(Ok(status)) => failure.http(status),
            _ => failure,
        }
    }

    fn carry_out(&mut self) -> Outcome {
        self.check_host()?;
        let route = Route::of(self.request)?;
        self.check_accept(&route)?;
        routes::carry_out(self, &route)
    }

    /// A page in a browser can make any name point to loopback; its requests still carry
    /// that name.
    fn check_host(&self) -> Outcome<()> {
        if names(self.request.headers(), self.vault()) {
            Ok(())
        } else {
            Err(
                Failure::new("MALFORMED_URL", "The Host header does not name this Vault")
                    .http(StatusCode::MISDIRECTED_REQUEST),
            )
        }
    }

    fn check_accept(&self, route: &Route) -> Outcome<()> {
        let has_csv = route.endpoint == Endpoint::DeleteTokens;
        if self.takes_json() || (has_csv && self.takes_csv()) {
            return Ok(());
        }
        let accept = header_text(self.request.headers(), &ACCEPT);
        let can = if has_csv { "JSON or CSV" } else { "JSON only" };
        let message = format!("The simulator answers in {can}, not in [{accept}]");
        Err(Failure::new("INVALID_DATA", message).http(StatusCode::NOT_ACCEPTABLE))
    }

    fn takes_json(&self) -> bool {
        let accept = header_text(self.request.headers(), &ACCEPT);
        let json = ["application/json", "application/*", "*/*"];
        accept.is_empty() || json.iter().any(|json| accept.contains(json))
    }

    /// Whether CSV is asked for, and not JSON as well.
    pub(crate) fn takes_csv(&self) -> bool {
        let accept = header_text(self.request.headers(), &ACCEPT);
        accept.contains("text/csv") && !self.takes_json()
    }

    fn respond(self, answer: &Answer) -> Response<Bytes> {
        let mut response = Response::new(answer.to_bytes());
        *response.status_mut() = answer.http;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(answer.content_type()),
        );
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("no-store, no-cache"),
        );
        self.describe(answer, headers);
        response
    }

    /// Vault's own headers.
    fn describe(self, answer: &Answer, headers: &mut HeaderMap) {
        let now = self.now();
        let remaining = self.world.vault_mut(self.at).spend_burst(now);
        set(headers, "x-vaultapi-executionid", &self.world.ids.uuid());
        set(headers, "x-vaultapi-burstlimit", &BURST_LIMIT.to_string());
        set(
            headers,
            "x-vaultapi-burstlimitremaining",
            &remaining.to_string(),
        );
        set(headers, "x-vaultapi-vaultid", &self.vault().id.to_string());
        set(headers, "x-vaultapi-status", answer.status.as_str());
        if let Some(caller) = self.caller.as_ref().filter(|caller| self.may_name(caller)) {
            let user_id = self.user(caller.who).id.to_string();
            set(headers, "x-vaultapi-userid", &user_id);
            let truncated = caller.credential.truncated();
            set(headers, "x-vaultapi-truncatedsessionid", &truncated);
        }
        let reference = HeaderName::from_static("x-vaultapi-referenceid");
        if let Some(value) = self.request.headers().get(&reference) {
            headers.insert(reference, value.clone());
        }
    }

    fn may_name(&self, caller: &Caller) -> bool {
        match caller.credential {
            Credential::Session(_) => true,
            Credential::Token(_) => self.switches().token_identity_headers,
        }
    }
}

impl Credential {
    /// Too short to sign in with.
    fn truncated(&self) -> String {
        let (Self::Session(value) | Self::Token(value)) = self;
        value.chars().take(16).collect()
    }
}

/// Whether the `Host` header is loopback, with the port of this Vault.
pub(crate) fn names(headers: &HeaderMap, vault: &Vault) -> bool {
    let host = header_text(headers, &HOST);
    let (_, port) = vault.dns.rsplit_once(':').unwrap_or_default();
    host.rsplit_once(':').is_some_and(|(name, asked)| {
        let is_loopback = ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
        is_loopback && asked == port
    })
}

/// Text of a header; empty if it is missing or not text.
fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Whether calls to this Vault, or for this sandbox, are served at all.
pub(crate) fn check_open(vault: &Vault, switches: &Switches) -> Outcome<()> {
    let Kind::Sandbox(sandbox) = &vault.kind else {
        return Ok(());
    };
    let (kind, state) = match sandbox.status {
        SandboxStatus::Active => return Ok(()),
        SandboxStatus::Building => (&switches.building_sandbox_error, "being built"),
        SandboxStatus::Inactive => (&switches.inactive_sandbox_error, "inactive"),
        SandboxStatus::Deleting => (&switches.inactive_sandbox_error, "being deleted"),
    };
    let message = format!("The sandbox [{}] is {state}", sandbox.name);
    Err(Failure::new(kind.as_str(), message))
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests;
