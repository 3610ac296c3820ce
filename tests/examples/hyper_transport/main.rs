//! Vault over bare hyper. The transport, for copying, is in `transport.rs`.
//!
//! `cargo run -p vault-sandbox-tests --example hyper_transport`

#![allow(clippy::print_stdout, reason = "an example shows what came of it")]

pub mod transport;

use std::error::Error;
use std::time::Duration;

use transport::HyperTransport;
use vault_sandbox_core::endpoints::WhoAmI;
use vault_sandbox_core::{Client, SessionId, Vault};
use vault_sandbox_simulator::Simulator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let simulated = Simulator::start()?;
    let dns = format!("http://{}", simulated.dns()).parse()?;
    let vault = Vault::new(dns).authorized(SessionId::parse(simulated.session())?);
    let transport = HyperTransport::new(Duration::from_secs(120), 1024 * 1024)?;

    let user = Client::new(transport, vault).call(&WhoAmI::new()).await?;

    println!("{:?}", user.value);
    Ok(())
}
