//! Any status and body, read as the answer to every endpoint: no panic, and no token whose value
//! does not stand in the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vault_sandbox_core::endpoints::{
    DeleteTokens, Discover, FindTokens, GenerateSandboxToken, IssuedToken, ListSandboxes,
    ListVersions, ShowSandbox, SignIn, WhoAmI,
};
use vault_sandbox_core::{
    Body, HttpResponse, TransportError, TransportErrorKind, decode, decode_failed,
};

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    let mut response = HttpResponse::new(Body::from(body.to_vec()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    if let Ok(reply) = decode::<GenerateSandboxToken>(&response) {
        stands_in(&reply.value, body);
    }
    shown(decode::<SignIn>(&response));
    shown(decode::<Discover>(&response));
    shown(decode::<WhoAmI>(&response));
    shown(decode::<ListVersions>(&response));
    shown(decode::<ListSandboxes>(&response));
    shown(decode::<ShowSandbox>(&response));
    shown(decode::<DeleteTokens>(&response));
    if let Ok(reply) = decode::<FindTokens>(&response) {
        let _ = FindTokens::after(&reply.value);
    }
    let cut = TransportError::without_cause(TransportErrorKind::Interrupted).with_partial(response);
    if let Ok(reply) = decode_failed::<GenerateSandboxToken>(cut) {
        stands_in(&reply.value, body);
    }
});

/// A value without escapes is in the answer, between its quotes.
fn stands_in(token: &IssuedToken, body: &[u8]) {
    let value = token.value().expose();
    let value = value.as_bytes();
    assert!(!value.is_empty());
    if !body.contains(&b'\\') {
        let quoted = [b"\"", value, b"\""].concat();
        assert!(body.windows(quoted.len()).any(|window| window == quoted));
    }
}

fn shown<T>(result: Result<T, vault_sandbox_core::Error>) {
    if let Err(error) = result {
        assert_eq!(format!("{error} {error:#} {error:?}").lines().count(), 1);
    }
}
