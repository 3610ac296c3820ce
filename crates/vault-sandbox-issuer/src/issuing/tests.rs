//! Whole issuances, over a scripted transport.

use super::*;

fn is_send<T: Send + 'static>(_: &T) {}

#[allow(dead_code)]
fn a_run_can_be_a_task_of_its_own(driver: Driver, issuance: Issuance) {
    is_send(&driver.run(issuance));
}
