//! Every call of the core, through the transport that is shipped, to a Vault that shares no code
//! with either.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod faults;
mod records;
mod ways;

use std::future::Future;

use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{
    Authorization, Client, Error, Expiry, Password, SessionId, Vault, VaultDns, VaultErrorKind,
};
use vault_sandbox_reqwest::ReqwestTransport;
use vault_sandbox_simulator::Simulator;

pub(crate) const SANDBOX: &str = "VeePharm Sandbox";
pub(crate) const ODD_SANDBOX: &str = "Q&A 50% / Ünïcode #1";

pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

pub(crate) fn dns(of: &str) -> VaultDns {
    format!("http://{of}").parse().unwrap()
}

pub(crate) fn client(dns: VaultDns) -> Client<ReqwestTransport> {
    Client::new(ReqwestTransport::new().unwrap(), Vault::new(dns))
}

/// The sample user in the parent Vault.
pub(crate) fn jane(simulator: &Simulator) -> Client<ReqwestTransport> {
    let session = SessionId::parse(simulator.session()).unwrap();
    client(dns(simulator.dns())).authorized(session)
}

/// Whoever holds this, in a sandbox.
pub(crate) fn inside(
    simulator: &Simulator,
    sandbox: &str,
    holder: impl Into<Authorization>,
) -> Client<ReqwestTransport> {
    client(dns(&simulator.sandbox_dns(sandbox).unwrap())).authorized(holder)
}

pub(crate) fn sign_in(user: &str, password: &str) -> SignIn {
    SignIn::new(user.parse().unwrap(), Password::parse(password).unwrap())
}

pub(crate) fn token_for(sandbox: &str, expiry: Expiry) -> GenerateSandboxToken {
    GenerateSandboxToken::new(
        sandbox.parse().unwrap(),
        "CI & more = 100% ü😀 'x\\".parse().unwrap(),
        expiry,
    )
}

pub(crate) fn kind(error: &Error) -> &VaultErrorKind {
    error.vault_kind().unwrap_or_else(|| panic!("{error}"))
}
