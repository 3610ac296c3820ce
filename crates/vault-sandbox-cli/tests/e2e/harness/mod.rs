//! What every test starts from.

mod relay;
mod row;
mod run;
mod secrets;
mod tls;
mod world;

pub use relay::{Relay, raw_server, read_request};
pub use row::{Row, check_all, row, value_places};
pub use run::{Ran, Run, Running};
pub use secrets::Secret;
pub use tls::{TlsServer, certificate};
pub use world::{SANDBOX, World, create, fault_on_create};
