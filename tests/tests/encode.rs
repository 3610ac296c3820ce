//! What `encode` says of a request, and what it refuses; the bytes stand in `wire.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{
    Answer, ApiPath, ClientId, Endpoint, Expiry, IdentityToken, Method, OauthProfileId, Password,
    Payload, ProtocolProblem, Repeat, TokenId, UserId, ValidationError, encode,
};
use vault_sandbox_tests::vault;

fn founding() -> GenerateSandboxToken {
    let expiry = Expiry::at("2026-12-31T12:00:00Z".parse().unwrap()).unwrap();
    GenerateSandboxToken::new(
        "VeePharm Sandbox".parse().unwrap(),
        "ci".parse().unwrap(),
        expiry,
    )
}

/// Every call says of itself whether it may be sent twice; a `POST` alone says nothing.
#[test]
fn a_request_knows_whether_it_may_be_repeated() {
    fn repeat<E: Endpoint>(endpoint: &E) -> Repeat {
        let request = encode(endpoint, &vault()).unwrap();
        *request.extensions().get::<Repeat>().unwrap()
    }
    let name = || "ci".parse().unwrap();
    let profile = OauthProfileId::parse("p").unwrap();
    let identity = IdentityToken::parse("eyJ.fake.jwt").unwrap();
    let ids = [TokenId::parse("V8T1").unwrap()];
    for once in [
        repeat(&founding()),
        repeat(&GenerateMyToken::new(name(), Expiry::never())),
        repeat(&GenerateUserToken::new(
            UserId::new(1),
            name(),
            Expiry::never(),
        )),
        repeat(&SignIn::new(
            "jane@veepharm.com".parse().unwrap(),
            Password::parse("visibly-fake").unwrap(),
        )),
        repeat(&OauthSignIn::new(profile, identity)),
    ] {
        assert_eq!(once, Repeat::Once);
    }
    for safe in [
        repeat(&FindTokens::new()),
        repeat(&DeleteTokens::new(ids).unwrap()),
        repeat(&ListSandboxes::new()),
        repeat(&KeepAlive::new()),
    ] {
        assert_eq!(safe, Repeat::Safe);
    }
}

/// An endpoint of somebody else, with a path or a media type that cannot be sent.
struct Odd {
    literal: &'static str,
    media_type: &'static str,
}

impl Endpoint for Odd {
    type Output = ();
    const NAME: &'static str = "odd";
    const METHOD: Method = Method::POST;
    const REPEAT: Repeat = Repeat::Once;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned().literal(self.literal))
    }

    fn payload(&self) -> Payload {
        Payload::raw(self.media_type, "x")
    }

    fn read(_: &Answer<'_>) -> Result<(), ProtocolProblem> {
        Ok(())
    }
}

#[test]
fn what_cannot_be_sent_is_named_as_what_it_is() {
    let refusal = |literal, media_type| {
        let odd = Odd {
            literal,
            media_type,
        };
        encode(&odd, &vault()).map_err(|error| error.to_string())
    };
    assert!(refusal("objects/odd", "text/plain; charset=utf-8").is_ok());
    for media_type in ["text/plain\n", "text/plain\r\nx: y", "text/\u{e9}", "a\0"] {
        let error = refusal("objects/odd", media_type).unwrap_err();
        assert_eq!(error, "media_type cannot stand in a header");
    }
    assert_eq!(
        refusal("objects/sand box", "text/plain").unwrap_err(),
        "path has the literal \"objects/sand box\", whose character U+0020 cannot stand in a path"
    );
}

#[test]
fn what_was_put_in_can_be_read() {
    let client_id = ClientId::parse("acme-it-server-vault_sandbox.1").unwrap();
    let known = vault().client_id(client_id.clone());
    assert_eq!(known.api_client_id(), Some(&client_id));
    assert_eq!(vault().api_client_id(), None);
    let wanted = founding().encoding(Encoding::Json);
    assert_eq!(wanted.expiry().to_string(), "2026-12-31T12:00:00Z");
    assert_eq!(wanted.encoded_as(), Encoding::Json);
    let theirs = GenerateUserToken::new(UserId::new(7), "ci".parse().unwrap(), Expiry::never());
    assert_eq!(theirs.user(), UserId::new(7));
    assert_eq!(theirs.name().as_str(), "ci");
    assert_eq!(theirs.encoded_as(), Encoding::Form);
}
