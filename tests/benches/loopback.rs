//! What the core costs beside the call that it is for: `cargo bench -p vault-sandbox-tests`.
//!
//! The call is made over a connection that is kept, to a simulated Vault on this machine: no call is
//! cheaper, and every real one takes a thousand times as long.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use divan::{Bencher, black_box};
use tokio::runtime::{Builder, Runtime};
use vault_sandbox_core::endpoints::GenerateSandboxToken;
use vault_sandbox_core::{Body, Expiry, HttpResponse, SessionId, Vault, decode, encode};
use vault_sandbox_simulator::Simulator;

fn main() {
    divan::main();
}

struct Scene {
    /// Lives as long as it is called.
    _simulator: Simulator,
    vault: Vault,
    wanted: GenerateSandboxToken,
    client: reqwest::Client,
    runtime: Runtime,
}

impl Scene {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let simulator = Simulator::builder().token_limit(None).start().unwrap();
        let dns = format!("http://{}", simulator.dns()).parse().unwrap();
        let session = SessionId::parse(simulator.session()).unwrap();
        let expiry = Expiry::parse("90d", chrono::Utc::now()).unwrap();
        Self {
            vault: Vault::new(dns).authorized(session),
            wanted: GenerateSandboxToken::new(
                "VeePharm Sandbox".parse().unwrap(),
                "loopback".parse().unwrap(),
                expiry,
            ),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            _simulator: simulator,
        }
    }

    /// The exchange alone, over the connection that the client keeps.
    fn exchange(&self) -> HttpResponse {
        let request = encode(&self.wanted, &self.vault).unwrap();
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string();
        let request = self
            .client
            .request(parts.method, url)
            .headers(parts.headers);
        self.runtime.block_on(async {
            let answer = request.body(body.into_bytes()).send().await.unwrap();
            let (status, headers) = (answer.status(), answer.headers().clone());
            let mut response = http::Response::new(Body::from(answer.bytes().await.unwrap()));
            (*response.status_mut(), *response.headers_mut()) = (status, headers);
            response
        })
    }
}

/// All that the core does for one call.
#[divan::bench(sample_count = 200, sample_size = 10)]
fn encode_and_decode(bencher: Bencher<'_, '_>) {
    let scene = Scene::new();
    let answer = scene.exchange();
    decode::<GenerateSandboxToken>(&answer).unwrap();
    bencher.bench_local(|| {
        (
            encode(black_box(&scene.wanted), &scene.vault),
            decode::<GenerateSandboxToken>(black_box(&answer)),
        )
    });
}

/// The call, with what the core does for it.
#[divan::bench(sample_count = 200, sample_size = 10)]
fn the_call(bencher: Bencher<'_, '_>) {
    let scene = Scene::new();
    bencher.bench_local(|| decode::<GenerateSandboxToken>(&scene.exchange()).unwrap());
}
