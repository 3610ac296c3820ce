//! Signing in and out.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

use crate::{
    OAUTH_PROFILE, OAUTH_TOKEN,
    envelope::{Answer, Failure, Outcome},
    exchange::{Credential, Exchange},
    params::Params,
    world::{At, Vault, Who, World},
};

const AUTHENTICATION_FAILED: &str = "AUTHENTICATION_FAILED";

pub(super) fn sign_in(exchange: &mut Exchange<'_>) -> Outcome {
    let params = Params::of_form_body(exchange.request)?;
    let name = params.require("username")?;
    let password = params.get("password").ok_or_else(|| {
        Failure::new("NO_PASSWORD_PROVIDED", "Password was not provided.")
            .error_type(AUTHENTICATION_FAILED)
    })?;
    let who = check_password(exchange.world, name, password)?;
    enter(exchange, who, params.get("vaultDNS"))
}

pub(super) fn oauth_session(exchange: &mut Exchange<'_>, profile: &str) -> Outcome {
    if profile != OAUTH_PROFILE {
        return Err(Failure::no_such_record(profile));
    }
    let params = Params::of_form_body(exchange.request)?;
    if exchange.authorization().strip_prefix("Bearer ") != Some(OAUTH_TOKEN) {
        return Err(Failure::new(
            "USERNAME_OR_PASSWORD_INCORRECT",
            "The identity provider's token was not accepted.",
        )
        .error_type(AUTHENTICATION_FAILED));
    }
    enter(exchange, Who::SAMPLE, params.get("vaultDNS"))
}

/// `username` in the query, as documented, or in a form, as Vault's own client sends it.
pub(super) fn discovery(exchange: &Exchange<'_>) -> Outcome {
    let name = discovered_name(exchange.request)?;
    let signs_in_elsewhere = exchange
        .world
        .user_named(&name)
        .is_some_and(|who| exchange.user(who).veeva_id);
    let data = if signs_in_elsewhere {
        json!({"auth_type": "sso", "auth_profiles": [profile(&exchange.world.base_url(exchange.vault()))]})
    } else {
        json!({"auth_type": "password"})
    };
    Ok(Answer::success(Map::from_iter([
        ("data".into(), data),
        ("errors".into(), json!([])),
    ])))
}

pub(super) fn keep_alive(exchange: &mut Exchange<'_>) -> Outcome {
    exchange.authenticate()?;
    Ok(Answer::success(Map::new()))
}

pub(super) fn end_session(exchange: &mut Exchange<'_>) -> Outcome {
    let caller = exchange.authenticate()?;
    match caller.credential {
        Credential::Session(id) => exchange.world.sessions.retain(|session| session.id != id),
        // Vault's documentation speaks of sessions only; a token has none to end.
        Credential::Token(_) => return Err(Failure::invalid_session()),
    }
    Ok(Answer::success(Map::new()))
}

fn check_password(world: &mut World, name: &str, password: &str) -> Outcome<Who> {
    let incorrect = Failure::new(
        "USERNAME_OR_PASSWORD_INCORRECT",
        format!("Authentication failed for user: {name}."),
    )
    .error_type(AUTHENTICATION_FAILED)
    .status(world.switches.wrong_password_status);
    let refused = |kind: &str, message: &str| {
        Err(Failure::new(kind, message).error_type(AUTHENTICATION_FAILED))
    };

    let Some(who) = world.user_named(name) else {
        return Err(incorrect);
    };
    let account = world.account_mut(who);
    if account.is_locked() {
        return refused("USER_LOCKED_OUT", "The user is locked out.");
    }
    if account.user.password != password || account.user.veeva_id {
        account.wrong_passwords += 1;
        return Err(incorrect);
    }
    account.wrong_passwords = 0;
    if !account.user.active {
        return refused("INACTIVE_USER", "The user is inactive.");
    }
    if account.user.must_change_password {
        return refused("PASSWORD_CHANGE_REQUIRED", "The password must be changed.");
    }
    Ok(who)
}

/// Opens a session and says which Vault it landed in.
fn enter(exchange: &mut Exchange<'_>, who: Who, asked: Option<&str>) -> Outcome {
    let landed = landing(exchange.world, exchange.at, asked);
    let session = exchange.world.open_session(who);
    let now = exchange.now();
    let account = exchange.world.account_mut(who);
    account.last_login = Some(now);
    let user_id = account.user.id;
    let vaults: Vec<Value> = exchange
        .world
        .open_vaults()
        .map(|vault| entry(exchange.world, vault))
        .collect();
    Ok(Answer::success(Map::from_iter([
        ("sessionId".into(), session.into()),
        ("userId".into(), user_id.into()),
        ("vaultIds".into(), vaults.into()),
        ("vaultId".into(), exchange.world.vault(landed).id.into()),
    ])))
}

/// The Vault asked for, by `vaultDNS` or else by host. One that is unknown or closed does
/// not fail: Vault defaults to another, here always to the parent.
fn landing(world: &World, called: At, asked: Option<&str>) -> At {
    if world.switches.sign_in_lands_elsewhere {
        return At::OTHER;
    }
    let wanted = match asked {
        None => Some(called),
        Some(dns) => {
            let dns = dns.to_ascii_lowercase().replace("localhost", "127.0.0.1");
            world
                .vaults
                .iter()
                .position(|vault| vault.dns == dns)
                .map(At)
        }
    };
    wanted
        .filter(|at| world.vault(*at).is_open())
        .unwrap_or(At::PARENT)
}

fn entry(world: &World, vault: &Vault) -> Value {
    let url = format!("{}/api", world.base_url(vault));
    json!({"id": vault.id, "name": vault.name(), "url": url})
}

fn discovered_name(request: &Request<Bytes>) -> Outcome<String> {
    let query = Params::of_query(request);
    let form = Params::of_form_body(request)?;
    match query.get("username") {
        Some(name) => Ok(name.to_owned()),
        None => form.require("username").map(str::to_owned),
    }
}

fn profile(base: &str) -> Value {
    json!({
        "id": OAUTH_PROFILE,
        "label": "Simulated identity provider",
        "description": "Accepts one fixed, fake token",
        "vault_session_endpoint": format!("{base}/auth/oauth/session/{OAUTH_PROFILE}"),
        "use_adal": false,
        "use_msal": false,
        "oauthProviderType": "generic",
        "as_metadata": {"issuer": "https://idp.example.invalid"},
    })
}
