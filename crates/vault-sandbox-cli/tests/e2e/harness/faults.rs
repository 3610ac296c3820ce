//! What goes wrong with some of many.

use std::time::Duration;

use vault_sandbox_simulator::{Effect, Fault, ResponseStatus};

use super::{Crowd, Ran, fault_on_create};

pub(crate) fn refuse(kind: &str) -> Effect {
    Effect::Refuse {
        status: 200,
        response_status: ResponseStatus::Failure,
        errors: vec![(kind.to_owned(), "No.".to_owned())],
    }
}

/// A fault on the requests for a token of one sandbox.
pub(crate) fn only_for(name: &str, effect: Effect) -> Fault {
    let name = name.replace(' ', "%20");
    fault_on_create(effect).path(format!("/objects/sandbox/{name}/"))
}

pub(crate) fn slowly(by: u64) -> Fault {
    fault_on_create(Effect::Delay {
        by: Duration::from_millis(by),
    })
}

#[track_caller]
pub(crate) fn assert_ends(ran: &Ran, code: i32) {
    assert_eq!(ran.code(), code, "{}", ran.said());
}

/// Waits until so many requests for a token have come.
pub(crate) fn wait_for(crowd: &Crowd, requests: usize) {
    for _ in 0..2000 {
        if crowd.world.creates().len() >= requests {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{requests} requests never came");
}
