//! What every test starts from.

mod crowd;
mod faults;
mod neighbours;
mod planted;
mod relay;
mod row;
mod run;
mod schema;
mod screen;
mod secrets;
mod terminal;
mod tls;
mod world;

pub(crate) use crowd::{Crowd, file_of};
pub(crate) use faults::{assert_ends, in_rounds, only_for, refuse, slowly, wait_for};
pub(crate) use neighbours::{Expires, Neighbour};
pub(crate) use planted::{Lines, assert_untouched, sample};
pub(crate) use relay::{Relay, raw_server, read_request, refuse_from_now_on};
pub(crate) use row::{Row, check_all, places_of, row, value_places};
pub(crate) use run::{Ran, Run, Running};
pub(crate) use schema::Schema;
pub(crate) use screen::Screen;
pub(crate) use secrets::{Secret, base64};
pub(crate) use terminal::{OnTerminal, Seen};
pub(crate) use tls::{TlsServer, certificate};
pub(crate) use world::{SANDBOX, World, create, fault_on_create};
