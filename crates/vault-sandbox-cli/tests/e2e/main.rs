//! Runs the real program against a simulated Vault, broken servers and broken files.
//!
//! Each row of a table is one thing that can go wrong, with what must come of it; after every row
//! the four invariants hold (`harness/row.rs`):
//!
//! - (a) how often a token was asked for;
//! - (b) the value is in exactly the places named, the credential nowhere;
//! - (c) no temporary, reservation or loosely permitted file is left;
//! - (d) exit code, JSON and the server's state agree.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
// What was skipped or reached is said.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod harness;

mod answers;
mod auth;
mod before_sending;
mod ci;
mod ci_page;
mod config;
mod connecting;
mod contract;
mod credentials;
mod delivery;
mod file_systems;
mod help;
mod inside;
mod killed;
mod ledger;
mod left_behind;
mod look_up;
mod look_up_by_id;
mod many;
mod many_places;
mod many_record;
mod many_resume;
mod many_selection;
mod many_terminal;
mod odd_state;
mod old_and_new;
mod on_the_wire;
mod other_versions;
mod other_versions_many;
mod records;
mod recover;
mod revoke;
mod rotate;
mod rotate_broken;
mod rotate_which;
mod schema;
mod signals;
mod terminal;
mod typed;
mod typed_rotate;
mod verify;
mod wire;
mod wrong_list;
