//! Generating access tokens.

use serde_json::json;

use crate::{
    UnknownParameters,
    envelope::{Answer, Failure, Outcome},
    exchange::{Caller, Credential, Exchange, check_open},
    expiry,
    params::Params,
    world::{At, Kind, Token, Who},
};

const NAME: &str = "name__v";

/// For the caller, in a sandbox of the Vault called.
pub(super) fn for_sandbox(exchange: &mut Exchange<'_>, caller: &Caller, sandbox: &str) -> Outcome {
    check_right(exchange, caller)?;
    let at = find(exchange, sandbox)?;
    check_open(exchange.world.vault(at), exchange.switches())?;
    generate(exchange, at, caller.who)
}

/// For the caller, in the Vault called.
pub(super) fn for_caller(exchange: &mut Exchange<'_>, caller: Who) -> Outcome {
    generate(exchange, exchange.at, caller)
}

/// For a given user, in the Vault called.
pub(super) fn for_user(exchange: &mut Exchange<'_>, caller: Who, id: &str) -> Outcome {
    let owner = exchange.world.user_with_id(id);
    if owner != Some(caller) && !exchange.user(caller).admin {
        return Err(Failure::no_right());
    }
    let owner = owner.ok_or_else(|| Failure::no_such_record(id))?;
    generate(exchange, exchange.at, owner)
}

fn check_right(exchange: &Exchange<'_>, caller: &Caller) -> Outcome<()> {
    let is_sandbox = matches!(exchange.vault().kind, Kind::Sandbox(_));
    let by_token = matches!(caller.credential, Credential::Token(_));
    if is_sandbox || (by_token && !exchange.switches().token_may_create) {
        return Err(Failure::no_right());
    }
    Ok(())
}

/// All sandboxes belong to the parent; the other Vault knows none of them.
fn find(exchange: &Exchange<'_>, sandbox: &str) -> Outcome<At> {
    let is_parent = matches!(exchange.vault().kind, Kind::Parent);
    exchange
        .world
        .sandbox_named(sandbox)
        .filter(|_| is_parent)
        .ok_or_else(|| {
            let kind = exchange.switches().unknown_sandbox_error.as_str();
            Failure::new(kind, format!("The resource [{sandbox}] does not exist"))
        })
}

fn generate(exchange: &mut Exchange<'_>, at: At, owner: Who) -> Outcome {
    let params = Params::of_form_or_json(exchange.request)?;
    let user = exchange.user(owner);
    if user.veeva_id {
        let message = "API access tokens cannot be generated for VeevaID users";
        return Err(Failure::new("OPERATION_NOT_ALLOWED", message));
    }
    let name = params.require(NAME)?;
    check_names(exchange, &params)?;
    let sent = params.get(expiry::PARAMETER);
    let expiry = expiry::decide(sent, &user.time_zone, exchange.now(), exchange.switches())?;
    check_room(exchange, at, owner, name)?;

    let token = Token {
        id: exchange.world.ids.token_id(),
        name: name.to_owned(),
        value: exchange.world.ids.token_value(),
        owner,
        created: exchange.now(),
        expiry,
        last_used: None,
    };
    let answer = Answer::data(json!({"id": token.id, "token__sys": token.value}));
    exchange.world.vault_mut(at).tokens.push(token);
    Ok(if exchange.switches().new_token_warning {
        answer.with_warning("SIMULATED", "The token was generated with a warning")
    } else {
        answer
    })
}

fn check_names(exchange: &Exchange<'_>, params: &Params) -> Outcome<()> {
    let unknown = params
        .names()
        .find(|name| ![NAME, expiry::PARAMETER].contains(name));
    match (unknown, exchange.switches().unknown_parameters) {
        (Some(name), UnknownParameters::Refuse) => Err(Failure::new(
            "ATTRIBUTE_NOT_SUPPORTED",
            format!("The attribute [{name}] is not supported"),
        )),
        (Some(_), UnknownParameters::Ignore) | (None, _) => Ok(()),
    }
}

/// Whether the user may have one more token, and one of that name.
fn check_room(exchange: &Exchange<'_>, at: At, owner: Who, name: &str) -> Outcome<()> {
    let switches = exchange.switches();
    if switches
        .max_token_name
        .is_some_and(|max| name.chars().count() > max)
    {
        return Err(Failure::invalid(name, NAME));
    }
    let now = exchange.now();
    let active = || {
        let tokens = exchange.world.vault(at).tokens.iter();
        tokens.filter(|token| token.owner == owner && token.is_active(now))
    };
    if switches.unique_token_names && active().any(|token| token.name == name) {
        let message = format!("A token named [{name}] exists already");
        return Err(Failure::new("ITEM_NAME_EXISTS", message));
    }
    match switches.token_limit {
        Some(limit) if active().count() >= limit => Err(Failure::new(
            switches.token_limit_error.as_str(),
            format!("The user has reached the limit of {limit} active API access tokens"),
        )),
        _ => Ok(()),
    }
}
