//! What the core costs, in time and in allocations: `cargo bench -p vault-sandbox-core`.
//!
//! Compare within one run, and count allocations first: those are the same on every machine.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod answers;
mod failures;
mod issuing;
mod requests;
mod sample;

#[global_allocator]
static COUNTED: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}
