//! Helpers of the tests that span the crates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail a test as its own lines do"
)]

mod documents;
pub mod simulation;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use vault_sandbox_core::{
    BlockingHttpTransport, Body, HttpRequest, HttpResponse, HttpTransport, SessionId,
    TransportError, Vault,
};

/// The Vault that most tests speak to, with a session.
pub fn vault() -> Vault {
    Vault::new("veepharm.veevavault.com".parse().unwrap())
        .authorized(SessionId::parse("SID-0123ABCD").unwrap())
}

/// A request as text: request line, headers in their order, an empty line, the body.
#[must_use]
pub fn literal(request: &HttpRequest) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        writeln!(text, "{name}: {value}").unwrap();
    }
    let body = String::from_utf8_lossy(request.body().as_bytes());
    format!("{text}\n{body}")
}

/// An answer with this status and body.
#[must_use]
pub fn answer(status: u16, body: impl Into<Body>) -> HttpResponse {
    let mut response = HttpResponse::new(body.into());
    *response.status_mut() = status.try_into().unwrap();
    response
}

/// Waits for a future on this thread: enough of a runtime for transports that need none.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// A transport that gives prepared answers in their order and remembers what it was sent.
#[derive(Default)]
pub struct Script {
    answers: Mutex<VecDeque<Result<HttpResponse, TransportError>>>,
    requests: Mutex<Vec<HttpRequest>>,
}

impl Script {
    /// With these answers.
    pub fn new(answers: impl IntoIterator<Item = Result<HttpResponse, TransportError>>) -> Self {
        Self {
            answers: Mutex::new(answers.into_iter().collect()),
            requests: Mutex::default(),
        }
    }

    /// With this one answer.
    #[must_use]
    pub fn once(status: u16, body: impl Into<Body>) -> Self {
        Self::new([Ok(answer(status, body))])
    }

    /// What it was sent.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(literal).collect()
    }

    fn play(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.requests.lock().unwrap().push(request);
        let next = self.answers.lock().unwrap().pop_front();
        next.expect("the script has an answer left")
    }
}

impl HttpTransport for Script {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.play(request)
    }
}

impl BlockingHttpTransport for Script {
    fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.play(request)
    }
}

/// The root of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Path below `src`, with `/`, and text of every source file of the core.
#[must_use]
pub fn sources_of_core() -> Vec<(String, String)> {
    let found = sources_of("vault-sandbox-core");
    assert!(
        found.len() > 30,
        "the sources are where they are looked for"
    );
    found
}

/// Path below `src`, with `/`, and text of every source file of a crate.
#[must_use]
pub fn sources_of(package: &str) -> Vec<(String, String)> {
    let root = workspace().join("crates").join(package).join("src");
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
                found.push((name.replace('\\', "/"), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// Compiles only if the types do not have the traits: else two implementations fit, and which one
/// is meant by `_` cannot be told.
///
/// ```
/// vault_sandbox_tests::has_not! { f32: Eq, Ord; String: Copy; }
/// ```
/// ```compile_fail,E0283
/// vault_sandbox_tests::has_not! { String: std::fmt::Display; }
/// ```
#[macro_export]
macro_rules! has_not {
    ($($type:ty: $($bound:path),+;)+) => {$($(
        const _: fn() = || {
            trait Ambiguous<Tag> {
                fn here() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            struct Tag;
            impl<T: ?Sized + $bound> Ambiguous<Tag> for T {}
            let _ = <$type as Ambiguous<_>>::here;
        };
    )+)+};
}
