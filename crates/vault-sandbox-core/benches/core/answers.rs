//! `decode`, of answers that are as they should be.

use divan::{Bencher, black_box};
use vault_sandbox_core::endpoints::{GenerateSandboxToken, ListSandboxes};
use vault_sandbox_core::{decode, encode};

use crate::sample::{self, TOKEN, answer};

#[divan::bench]
fn decode_token(bencher: Bencher<'_, '_>) {
    let answer = answer(TOKEN);
    bencher.bench(|| decode::<GenerateSandboxToken>(black_box(&answer)));
}

/// All that the core does for one call: what the bar of 1 % of a loopback call is about.
#[divan::bench]
fn encode_and_decode_token(bencher: Bencher<'_, '_>) {
    let (wanted, vault, answer) = (sample::token_request(), sample::vault(), answer(TOKEN));
    bencher.bench(|| {
        (
            encode(black_box(&wanted), &vault),
            decode::<GenerateSandboxToken>(black_box(&answer)),
        )
    });
}

#[divan::bench(args = [1, 10, 100, 1_000, 10_000])]
fn decode_list(bencher: Bencher<'_, '_>, sandboxes: usize) {
    let answer = sample::sandboxes(sandboxes);
    bencher
        .counter(divan::counter::BytesCount::new(answer.body().len()))
        .bench(|| decode::<ListSandboxes>(black_box(&answer)));
}
