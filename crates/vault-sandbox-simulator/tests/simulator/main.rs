//! The simulator over real TCP, with a client that knows no more HTTP than it must.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail a test as its own lines do"
)]

mod client;
mod control;
mod curl;
mod endpoints;
mod faults;
mod handle;
#[cfg(feature = "https")]
mod https;
mod jobs;
mod queries;
mod sessions;
mod switches;

use client::{Answer, Call, get, post};
use serde_json::Value;
use vault_sandbox_simulator::Simulator;

const SANDBOX: &str = "VeePharm Sandbox";
const GENERATE: &str =
    "/api/v26.2/objects/sandbox/VeePharm%20Sandbox/users/me/api_access_token__sys";
const GENERATE_MINE: &str = "/api/v26.2/objects/users/me/api_access_token__sys";
const TOKENS: &str = "/api/v26.2/vobjects/api_access_token__sys";
const ME: &str = "/api/v26.2/objects/users/me";

/// Endpoint A for the sample sandbox, ready for a body.
fn generate(vault: &Simulator) -> Call {
    post(GENERATE).auth(&vault.session())
}

/// One more token in the sample sandbox: its value.
fn token(vault: &Simulator, name: &str) -> String {
    let answer = generate(vault).form(&[("name__v", name)]).send(vault.dns());
    text(&answer.json()["data"]["token__sys"])
}

fn sandbox_dns(vault: &Simulator) -> String {
    vault.sandbox_dns(SANDBOX).unwrap()
}

fn sign_in(vault: &Simulator, user: &str, password: &str) -> Answer {
    post("/api/v26.2/auth")
        .form(&[("username", user), ("password", password)])
        .send(vault.dns())
}

/// A session of one of the other seeded users, who share the sample user's password.
fn session_of(vault: &Simulator, user: &str) -> String {
    text(&sign_in(vault, user, vault.password()).json()["sessionId"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
