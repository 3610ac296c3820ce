//! What goes wrong with some of many.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Plays rounds, some at a time, and gives what each came to.
pub(crate) fn in_rounds(
    rounds: u64,
    at_once: usize,
    play: impl Fn(u64) -> String + Sync,
) -> Vec<String> {
    let next = AtomicU64::new(0);
    let reached = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let round = next.fetch_add(1, Ordering::SeqCst);
                    if round >= rounds {
                        break;
                    }
                    let outcome = play(round);
                    reached.lock().unwrap().push(outcome);
                }
            });
        }
    });
    reached.into_inner().unwrap()
}
