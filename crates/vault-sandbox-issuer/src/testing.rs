//! What unit tests need of an operation.

use vault_sandbox_core::issuance::{Intent, Issuance, Outcome};
use vault_sandbox_core::{Expiry, OperationId};

use crate::destinations::Report;

/// A report of an operation that has issued nothing.
pub(crate) fn report(index: usize) -> Report {
    let intent = Intent::new(
        OperationId::from_bytes([0, 0, 0, 1]),
        "2026-11-23T18:04:11Z".parse().unwrap(),
        "veepharm.veevavault.com".parse().unwrap(),
        "VeePharm Sandbox".parse().unwrap(),
        "ci".parse().unwrap(),
        Expiry::never(),
    );
    Report::new(Issuance::new(intent), Outcome::Issued, index)
}
