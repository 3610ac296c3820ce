//! The example of a service on the issuer, killed at every exchange and started again: it ends with one
//! token whose value is in the store, or says that it cannot know.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code, reason = "it has a main, too")]
#[path = "../examples/service.rs"]
mod service;

use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::Notify;
use vault_sandbox_core::testkit::from_async_fn;
use vault_sandbox_core::{HttpRequest, HttpTransport, SessionId, VaultDns};
use vault_sandbox_issuer::access::{Access, Credential};
use vault_sandbox_issuer::state::State;
use vault_sandbox_issuer::stop::Stopper;
use vault_sandbox_reqwest::ReqwestTransport;
use vault_sandbox_simulator::{Simulator, TokenStatus};

use service::{Service, Store};

const SANDBOX: &str = "VeePharm Sandbox";

/// When the process is killed, counted in exchanges: before a request is sent, or with its answer there.
#[derive(Debug, Clone, Copy)]
enum Kill {
    Before(usize),
    After(usize),
    Never,
}

fn service(
    vault: &Simulator,
    directory: &Path,
    transport: impl HttpTransport + 'static,
) -> Service {
    let dns: VaultDns = format!("http://{}", vault.dns()).parse().unwrap();
    let own = vault.sandbox_dns(SANDBOX).unwrap();
    let session = Credential::Session(SessionId::parse(vault.session()).unwrap());
    Service {
        access: Access::to(dns.clone(), session).over(transport),
        state: State::at(directory.join("state")),
        sandbox: SANDBOX.parse().unwrap(),
        sandbox_dns: dns.sibling(&own).unwrap(),
        store: Store(directory.join("store")),
        stopper: Stopper::new(),
        timeout: Duration::from_millis(100),
    }
}

/// One life of the service. `None`: it was killed.
fn live(vault: &Simulator, directory: &Path, kill: Kill) -> Option<Result<(), String>> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let killed = Arc::new(Notify::new());
    let ended = runtime.block_on(async {
        let (inner, count) = (
            Arc::new(ReqwestTransport::new().unwrap()),
            Arc::new(AtomicUsize::new(0)),
        );
        let notify = Arc::clone(&killed);
        let transport = from_async_fn(move |request: HttpRequest| {
            let (inner, notify) = (Arc::clone(&inner), Arc::clone(&notify));
            let at = count.fetch_add(1, Ordering::SeqCst);
            async move {
                if matches!(kill, Kill::Before(n) if n == at) {
                    notify.notify_one();
                    pending::<()>().await;
                }
                let answer = inner.send(request).await;
                if matches!(kill, Kill::After(n) if n == at) {
                    notify.notify_one();
                    pending::<()>().await;
                }
                answer
            }
        });
        let service = service(vault, directory, transport);
        tokio::select! {
            ended = service.keep_a_token() => Some(ended.map_err(|error| error.to_string())),
            () = killed.notified() => None,
        }
    });
    runtime.shutdown_background();
    ended
}

#[test]
fn killed_at_every_exchange_it_ends_with_one_token_or_knows_that_it_cannot_know() {
    let (mut kills, mut unknown) = (0, 0);
    for first in (0..8).flat_map(|n| [Kill::Before(n), Kill::After(n)]) {
        for second in [Kill::Never, Kill::Before(0), Kill::After(0), Kill::After(1)] {
            let vault = Simulator::start().unwrap();
            let directory = tempfile::tempdir().unwrap();
            for kill in [first, second] {
                kills += usize::from(live(&vault, directory.path(), kill).is_none());
            }
            let last = live(&vault, directory.path(), Kill::Never).unwrap();
            let active = vault.tokens(SANDBOX).into_iter();
            let active: Vec<_> = active.filter(|t| t.status == TokenStatus::Active).collect();
            let kept = Store(directory.path().join("store")).read().unwrap();
            let state = State::at(directory.path().join("state"));
            let open = state.pending().operations().unwrap();
            let about = format!("{first:?} {second:?}: {last:?}, {active:?}");
            match last {
                Ok(()) => {
                    assert_eq!((active.len(), open.len()), (1, 0), "{about}");
                    assert_eq!(kept, Some(active[0].value.clone()), "{about}");
                }
                // Killed before the request left, which nobody can know: it may be on its way. Nothing
                // else is asked for until a person has said so.
                Err(why) => {
                    assert!(why.ends_with("Unknown"), "{about}");
                    assert_eq!((active.len(), open.len()), (0, 1), "{about}");
                    assert_eq!(kept, None, "{about}");
                    unknown += 1;
                }
            }
        }
    }
    assert!(kills > 16 && unknown > 0, "{kills} {unknown}");
}
