//! The endpoints, one file per family.

mod auth;
mod delete;
mod jobs;
mod query;
mod sandboxes;
mod tokens;
mod users;
mod versions;

use crate::{
    Endpoint,
    endpoint::Route,
    envelope::{Failure, Outcome},
    exchange::Exchange,
};

/// Name of the object that holds access tokens.
const TOKEN_OBJECT: &str = "api_access_token__sys";

pub(crate) fn carry_out(exchange: &mut Exchange<'_>, route: &Route) -> Outcome {
    let variable = route.variable.as_str();
    match route.endpoint {
        Endpoint::SignIn => auth::sign_in(exchange),
        Endpoint::OauthSession => auth::oauth_session(exchange, variable),
        Endpoint::Discovery => auth::discovery(exchange),
        Endpoint::Versions => versions::list(exchange),
        Endpoint::KeepAlive => auth::keep_alive(exchange),
        Endpoint::EndSession => auth::end_session(exchange),
        Endpoint::WhoAmI => users::me(exchange),
        Endpoint::ListSandboxes => sandboxes::list(exchange),
        Endpoint::ShowSandbox => sandboxes::show(exchange, variable),
        Endpoint::CreateSandbox => jobs::create_or_refresh(exchange, route),
        Endpoint::JobStatus => jobs::status(exchange, route),
        Endpoint::Query => query::first_page(exchange, route),
        Endpoint::QueryPage => query::further_page(exchange, route),
        Endpoint::GenerateSandboxToken
        | Endpoint::GenerateUserToken
        | Endpoint::GenerateMyToken
        | Endpoint::RetrieveToken
        | Endpoint::DeleteTokens => token_call(exchange, route),
    }
}

/// The endpoints that came with access tokens.
fn token_call(exchange: &mut Exchange<'_>, route: &Route) -> Outcome {
    let caller = exchange.authenticate()?;
    if !route.has_tokens() {
        let message = format!("Not supported in API version [{}]", route.version());
        let kind = exchange.switches().old_version_error.as_str();
        return Err(Failure::new(kind, message));
    }
    let variable = route.variable.as_str();
    match route.endpoint {
        Endpoint::GenerateSandboxToken => tokens::for_sandbox(exchange, &caller, variable),
        Endpoint::GenerateUserToken => tokens::for_user(exchange, caller.who, variable),
        Endpoint::RetrieveToken => query::retrieve(exchange, caller.who, route),
        Endpoint::DeleteTokens => delete::tokens(exchange, caller.who),
        _ => tokens::for_caller(exchange, caller.who),
    }
}
