//! `encode`.

use divan::{Bencher, black_box};
use vault_sandbox_core::endpoints::{Encoding, FindTokens, ListSandboxes, SignIn};
use vault_sandbox_core::{Expiry, Password, SandboxName, UserName, encode};

use crate::sample::{token_request, vault};

#[divan::bench]
fn encode_token_request_as_form(bencher: Bencher<'_, '_>) {
    let (wanted, vault) = (token_request(), vault());
    bencher.bench(|| encode(black_box(&wanted), &vault));
}

#[divan::bench]
fn encode_token_request_as_json(bencher: Bencher<'_, '_>) {
    let (wanted, vault) = (token_request().encoding(Encoding::Json), vault());
    bencher.bench(|| encode(black_box(&wanted), &vault));
}

#[divan::bench]
fn encode_list(bencher: Bencher<'_, '_>) {
    let (wanted, vault) = (ListSandboxes::new(), vault());
    bencher.bench(|| encode(black_box(&wanted), &vault));
}

#[divan::bench]
fn encode_query(bencher: Bencher<'_, '_>) {
    let (wanted, vault) = (FindTokens::new(), vault());
    bencher.bench(|| encode(black_box(&wanted), &vault));
}

#[divan::bench]
fn encode_sign_in(bencher: Bencher<'_, '_>) {
    let user = UserName::parse("jane.doe@veepharm.com").unwrap();
    let password = Password::parse("simulated-password").unwrap();
    let (wanted, vault) = (SignIn::new(user, password), vault());
    bencher.bench(|| encode(black_box(&wanted), &vault));
}

#[divan::bench]
fn parse_sandbox_name() -> SandboxName {
    SandboxName::parse(black_box("Q&A 50% / Ünïcode #1")).unwrap()
}

#[divan::bench]
fn parse_expiry() -> Expiry {
    Expiry::parse(black_box("90d"), chrono::DateTime::UNIX_EPOCH).unwrap()
}
