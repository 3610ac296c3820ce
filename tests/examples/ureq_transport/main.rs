//! Vault over ureq: no futures, no runtime. The transport, for copying, is in `transport.rs`.
//!
//! `cargo run -p vault-sandbox-tests --example ureq_transport`

#![allow(clippy::print_stdout, reason = "an example shows what came of it")]

pub mod transport;

use std::error::Error;
use std::time::Duration;

use transport::UreqTransport;
use vault_sandbox_core::endpoints::WhoAmI;
use vault_sandbox_core::{Client, SessionId, Vault};
use vault_sandbox_simulator::Simulator;

fn main() -> Result<(), Box<dyn Error>> {
    let simulated = Simulator::start()?;
    let dns = format!("http://{}", simulated.dns()).parse()?;
    let vault = Vault::new(dns).authorized(SessionId::parse(simulated.session())?);
    let transport = UreqTransport::new(Duration::from_secs(120), 1024 * 1024);

    let user = Client::new(transport, vault).call_blocking(&WhoAmI::new())?;

    println!("{:?}", user.value);
    Ok(())
}
