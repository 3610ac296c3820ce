//! What every test starts from.

mod crowd;
mod relay;
mod row;
mod run;
mod schema;
mod secrets;
mod terminal;
mod tls;
mod world;

pub(crate) use crowd::{Crowd, file_of};
pub(crate) use relay::{Relay, raw_server, read_request};
pub(crate) use row::{Row, check_all, places_of, row, value_places};
pub(crate) use run::{Ran, Run, Running};
pub(crate) use schema::Schema;
pub(crate) use secrets::{Secret, base64};
pub(crate) use terminal::Seen;
pub(crate) use tls::{TlsServer, certificate};
pub(crate) use world::{SANDBOX, World, create, fault_on_create};
