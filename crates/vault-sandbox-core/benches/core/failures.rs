//! What is no plain success: Vault's no, other people's answers, and what is saved from a cut one.

use divan::{Bencher, black_box};
use vault_sandbox_core::endpoints::GenerateSandboxToken;
use vault_sandbox_core::redact::{Scrubber, escape};
use vault_sandbox_core::{AccessToken, TransportError, TransportErrorKind, decode, decode_failed};

use crate::sample::{TOKEN, answer, failure};

type Token = GenerateSandboxToken;

#[divan::bench(args = [1, 100])]
fn vault_says_no(bencher: Bencher<'_, '_>, errors: usize) {
    let answer = failure(errors);
    bencher.bench(|| decode::<Token>(black_box(&answer)).unwrap_err());
}

#[divan::bench]
fn an_error_in_words(bencher: Bencher<'_, '_>) {
    let error = decode::<Token>(&failure(1)).unwrap_err();
    bencher.bench(|| format!("{:#}", black_box(&error)));
}

/// As a proxy sends it; 64 KiB of it, which must not cost much.
#[divan::bench]
fn a_page_of_html(bencher: Bencher<'_, '_>) {
    let page = format!("<html><body>{}", "<p>Gateway</p>".repeat(4_680));
    let answer = answer(page);
    bencher.bench(|| decode::<Token>(black_box(&answer)).unwrap_err());
}

/// Nothing but brackets, 1 MiB of them: nobody's answer, and no reason to use up memory.
#[divan::bench]
fn endless_brackets(bencher: Bencher<'_, '_>) {
    let answer = answer("{\"a\":[".to_owned() + &"[".repeat(1 << 20));
    bencher.bench(|| decode::<Token>(black_box(&answer)).unwrap_err());
}

#[divan::bench]
fn salvage_from_a_cut_answer(bencher: Bencher<'_, '_>) {
    // Without its last two brackets.
    let partial = answer(TOKEN.strip_suffix("}}").unwrap());
    bencher
        .with_inputs(|| {
            TransportError::without_cause(TransportErrorKind::Interrupted)
                .with_partial(partial.clone())
        })
        .bench_values(|failed| decode_failed::<Token>(failed).unwrap());
}

#[divan::bench]
fn salvage_from_an_odd_answer(bencher: Bencher<'_, '_>) {
    let answer = answer(TOKEN.replace("SUCCESS", "A_LATER_WORD"));
    bencher.bench(|| decode::<Token>(black_box(&answer)));
}

#[divan::bench]
fn escape_a_message() -> String {
    escape(black_box("There is no sandbox of this name in this Vault."))
}

#[divan::bench]
fn scrub_a_message(bencher: Bencher<'_, '_>) {
    let mut scrubber = Scrubber::new();
    let value = "veeva-vault-SIMULATED3EE5789041C98AC3F3B8488C368CB0A6";
    AccessToken::parse(value).unwrap().hide_in(&mut scrubber);
    bencher.bench(|| {
        scrubber
            .scrub(black_box("There is no sandbox of this name in this Vault."))
            .into_owned()
    });
}
