//! Known secrets driven through everything that can be shown: none may come out, in any form,
//! and what stands beside them must. A redaction that hides everything is as broken as one that
//! hides nothing, and is noticed later.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod echoed;
mod shown;
mod sources;

use std::fmt::{Debug, Display};

use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{
    AccessToken, Expiry, IdentityToken, OauthProfileId, Password, SessionId, TokenId, Vault,
};

// Each has characters that every encoding writes in its own way.
pub(crate) const SESSION: &str = "CANARYsid~*+/=%::\"0123";
pub(crate) const TOKEN: &str = "veeva-vault-CANARYtok0123456789";
pub(crate) const ODD_TOKEN: &str = "CANARYodd~*+/=%'\\4567";
pub(crate) const PASSWORD: &str = "CANARY p\"s\\s/w~r*d+%é::";
pub(crate) const IDENTITY: &str = "CANARYjwt.~*+/=.8901";

/// The secret as it may turn up: as it is, percent-encoded in four ways, in JSON, in base64.
/// Written apart from the scrubber, so that both cannot be wrong together.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let percent = |keep: &str, space: &str, upper: bool| -> String {
        let one = |byte: u8| match char::from(byte) {
            ' ' => space.to_owned(),
            c if c.is_ascii_alphanumeric() || keep.contains(c) => c.to_string(),
            _ if upper => format!("%{byte:02X}"),
            _ => format!("%{byte:02x}"),
        };
        secret.bytes().map(one).collect()
    };
    let json = serde_json::to_string(secret).unwrap();
    let mut forms = vec![secret.to_owned(), json[1..json.len() - 1].to_owned()];
    for upper in [true, false] {
        forms.push(percent("-._~", "%20", upper));
        forms.push(percent("-._~", "+", upper));
        forms.push(percent("*-._", "+", upper));
    }
    forms.push(base64(secret.as_bytes()));
    // Behind a user name, as in Basic authentication: at each of the three offsets.
    for before in ["u:", "us:", "user:"] {
        forms.push(base64(format!("{before}{secret}").as_bytes()));
    }
    forms.push(
        base64(secret.as_bytes())
            .replace('+', "-")
            .replace('/', "_"),
    );
    forms
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let sextets = bits.as_bytes().chunks(6).map(|chunk| {
        let text = format!("{:0<6}", std::str::from_utf8(chunk).unwrap());
        char::from(DIGITS[usize::from_str_radix(&text, 2).unwrap()])
    });
    let mut text: String = sextets.collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Nothing of a secret in any form, and every neighbour.
pub(crate) fn check(shown: &str, neighbours: &[&str]) {
    for secret in [SESSION, TOKEN, ODD_TOKEN, PASSWORD, IDENTITY] {
        for form in forms(secret) {
            // The middle of it is telling enough, and does not depend on what surrounds it.
            let middle = form.get(4..form.len() - 5).unwrap_or(&form);
            assert!(!shown.contains(middle), "{form} in {shown}");
        }
    }
    assert!(!shown.contains("CANARY"), "{shown}");
    for neighbour in neighbours {
        assert!(shown.contains(neighbour), "no {neighbour} in {shown}");
    }
}

pub(crate) fn check_debug(value: &impl Debug, neighbours: &[&str]) {
    check(&format!("{value:?}"), neighbours);
    check(&format!("{value:#?}"), neighbours);
}

pub(crate) fn check_all(value: &(impl Debug + Display), neighbours: &[&str]) {
    check_debug(value, neighbours);
    check(&format!("{value}"), neighbours);
    check(&format!("{value:#}"), neighbours);
}

pub(crate) fn session() -> SessionId {
    SessionId::parse(SESSION).unwrap()
}

pub(crate) fn token() -> AccessToken {
    AccessToken::parse(TOKEN).unwrap()
}

pub(crate) fn issued() -> IssuedToken {
    IssuedToken::new(Some(TokenId::parse("0PI1").unwrap()), token())
}

pub(crate) fn vaults() -> [Vault; 3] {
    let vault = || Vault::new("veepharm.veevavault.com".parse().unwrap());
    [
        vault().authorized(session()),
        vault().authorized(token()),
        vault().authorized(AccessToken::parse(ODD_TOKEN).unwrap()),
    ]
}

pub(crate) fn founding() -> GenerateSandboxToken {
    GenerateSandboxToken::new(
        "Neighbour".parse().unwrap(),
        "ci".parse().unwrap(),
        Expiry::never(),
    )
}

pub(crate) fn sign_in() -> SignIn {
    SignIn::new(
        "jane.doe@veepharm.com".parse().unwrap(),
        Password::parse(PASSWORD).unwrap(),
    )
}

pub(crate) fn oauth() -> OauthSignIn {
    let profile = OauthProfileId::parse("_profile").unwrap();
    OauthSignIn::new(profile, IdentityToken::parse(IDENTITY).unwrap())
}

pub(crate) fn delete() -> DeleteTokens {
    DeleteTokens::new(["V8T1", "V8T2"].map(|id| TokenId::parse(id).unwrap())).unwrap()
}

#[test]
fn the_canary_is_seen_where_it_is() {
    for secret in [SESSION, TOKEN, ODD_TOKEN, PASSWORD, IDENTITY] {
        for form in forms(secret) {
            let leak = std::panic::catch_unwind(|| check(&format!("before {form} after"), &[]));
            assert!(leak.is_err(), "{form}");
        }
    }
    assert!(std::panic::catch_unwind(|| check("nothing", &["neighbour"])).is_err());
    assert_eq!(base64(b"jane:pass"), "amFuZTpwYXNz");
    assert_eq!(base64(b"a"), "YQ==");
}
