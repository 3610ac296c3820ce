//! What goes over the wire, byte by byte: request line, headers in their order, body.
//!
//! Read it as the specification of `encode`; the source is Veeva's API reference v26.2.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::{
    AccessToken, ClientId, Endpoint, Expiry, IdentityToken, OauthProfileId, Password, TokenId,
    UserId, Vault, VaultDns, VaultId, encode,
};
use vault_sandbox_tests::{literal, vault};

fn sent<E: Endpoint>(endpoint: &E, vault: &Vault) -> String {
    literal(&encode(endpoint, vault).unwrap())
}

fn founding() -> GenerateSandboxToken {
    let expiry = Expiry::at("2026-12-31T12:00:00Z".parse().unwrap()).unwrap();
    token_for("VeePharm Sandbox", "IntegrationKey", expiry)
}

fn token_for(sandbox: &str, name: &str, expiry: Expiry) -> GenerateSandboxToken {
    GenerateSandboxToken::new(sandbox.parse().unwrap(), name.parse().unwrap(), expiry)
}

#[test]
fn the_founding_request_with_a_session_and_a_form() {
    assert_eq!(
        sent(&founding(), &vault()),
        "POST https://veepharm.veevavault.com/api/v26.2/objects/sandbox/VeePharm%20Sandbox/users/me/api_access_token__sys\n\
         accept: application/json\n\
         authorization: SID-0123ABCD\n\
         content-type: application/x-www-form-urlencoded\n\
         \n\
         name__v=IntegrationKey&expiry_date__v=2026-12-31T12%3A00%3A00Z"
    );
}

#[test]
fn the_founding_request_with_an_access_token_and_json() {
    let token = AccessToken::parse("veeva-vault-0c0ffee0example").unwrap();
    assert_eq!(
        sent(
            &founding().encoding(Encoding::Json),
            &vault().authorized(token)
        ),
        "POST https://veepharm.veevavault.com/api/v26.2/objects/sandbox/VeePharm%20Sandbox/users/me/api_access_token__sys\n\
         accept: application/json\n\
         authorization: Bearer veeva-vault-0c0ffee0example\n\
         content-type: application/json\n\
         \n\
         {\"name__v\":\"IntegrationKey\",\"expiry_date__v\":\"2026-12-31T12:00:00Z\"}"
    );
}

#[test]
fn expiry_is_an_instant_in_utc_a_date_or_absent_and_never_named_sys() {
    let now = "2026-11-23T18:04:11.999Z".parse().unwrap();
    for (expiry, form, json) in [
        (
            "2027-02-21T18:00:00Z",
            "name__v=ci&expiry_date__v=2027-02-21T18%3A00%3A00Z",
            r#"{"name__v":"ci","expiry_date__v":"2027-02-21T18:00:00Z"}"#,
        ),
        (
            // Another zone is converted, not relabelled; a fraction is cut off.
            "2027-02-21T18:00:00.987+05:30",
            "name__v=ci&expiry_date__v=2027-02-21T12%3A30%3A00Z",
            r#"{"name__v":"ci","expiry_date__v":"2027-02-21T12:30:00Z"}"#,
        ),
        (
            "90d",
            "name__v=ci&expiry_date__v=2027-02-21T18%3A04%3A11Z",
            r#"{"name__v":"ci","expiry_date__v":"2027-02-21T18:04:11Z"}"#,
        ),
        (
            "2027-02-21",
            "name__v=ci&expiry_date__v=2027-02-21",
            r#"{"name__v":"ci","expiry_date__v":"2027-02-21"}"#,
        ),
        ("never", "name__v=ci", r#"{"name__v":"ci"}"#),
    ] {
        let wanted = token_for("S", "ci", Expiry::parse(expiry, now).unwrap());
        for (encoding, expected) in [(Encoding::Form, form), (Encoding::Json, json)] {
            let request = encode(&wanted.clone().encoding(encoding), &vault()).unwrap();
            let body = String::from_utf8(request.body().as_bytes().to_vec()).unwrap();
            assert_eq!(body, expected, "{expiry}");
            assert!(!body.contains("__sys"), "{body}");
        }
    }
}

/// Each name as a sandbox (one path segment), as a token in a form, and as a token in JSON.
#[rustfmt::skip]
const NAMES: &[(&str, &str, &str, &str)] = &[
    ("VeePharm Sandbox", "VeePharm%20Sandbox", "VeePharm+Sandbox", "VeePharm Sandbox"),
    ("a&b", "a%26b", "a%26b", "a&b"),
    ("a=b", "a%3Db", "a%3Db", "a=b"),
    ("a+b", "a%2Bb", "a%2Bb", "a+b"),
    ("50%", "50%25", "50%25", "50%"),
    ("%2F", "%252F", "%252F", "%2F"),
    ("%2e%2e", "%252e%252e", "%252e%252e", "%2e%2e"),
    ("a/b", "a%2Fb", "a%2Fb", "a/b"),
    ("../../auth", "..%2F..%2Fauth", "..%2F..%2Fauth", "../../auth"),
    ("a\\b", "a%5Cb", "a%5Cb", "a\\\\b"),
    ("a?b", "a%3Fb", "a%3Fb", "a?b"),
    ("a#b", "a%23b", "a%23b", "a#b"),
    ("a;b", "a%3Bb", "a%3Bb", "a;b"),
    ("a:b@c,d$e", "a%3Ab%40c%2Cd%24e", "a%3Ab%40c%2Cd%24e", "a:b@c,d$e"),
    ("a\"b'c", "a%22b%27c", "a%22b%27c", "a\\\"b'c"),
    ("[a]{b}|^`<c>", "%5Ba%5D%7Bb%7D%7C%5E%60%3Cc%3E", "%5Ba%5D%7Bb%7D%7C%5E%60%3Cc%3E", "[a]{b}|^`<c>"),
    // The two standards differ in what they leave alone: RFC 3986 in a path, the URL standard in a form.
    ("a-b.c_d~e*f", "a-b.c_d~e%2Af", "a-b.c_d%7Ee*f", "a-b.c_d~e*f"),
    ("Ünïcode", "%C3%9Cn%C3%AFcode", "%C3%9Cn%C3%AFcode", "Ünïcode"),
    ("試験", "%E8%A9%A6%E9%A8%93", "%E8%A9%A6%E9%A8%93", "試験"),
    ("😀", "%F0%9F%98%80", "%F0%9F%98%80", "😀"),
    ("...", "...", "...", "..."),
    (" a ", "%20a%20", "+a+", " a "),
];

#[test]
fn a_sandbox_name_is_one_encoded_segment() {
    for (name, segment, _, _) in NAMES {
        let request = encode(&token_for(name, "ci", Expiry::never()), &vault()).unwrap();
        assert_eq!(
            request.uri().path_and_query().unwrap().as_str(),
            format!("/api/v26.2/objects/sandbox/{segment}/users/me/api_access_token__sys"),
            "{name}"
        );
        assert_eq!(request.uri().host(), Some("veepharm.veevavault.com"));
    }
}

#[test]
fn a_token_name_arrives_as_given() {
    for (name, _, form, json) in NAMES {
        let wanted = token_for("S", name, Expiry::never());
        let body = |encoding| {
            let request = encode(&wanted.clone().encoding(encoding), &vault()).unwrap();
            String::from_utf8(request.body().as_bytes().to_vec()).unwrap()
        };
        assert_eq!(body(Encoding::Form), format!("name__v={form}"));
        assert_eq!(body(Encoding::Json), format!("{{\"name__v\":\"{json}\"}}"));
    }
}

#[test]
fn its_siblings_differ_in_the_path_only() {
    let name = || "ci".parse().unwrap();
    let rest = "accept: application/json\n\
                authorization: SID-0123ABCD\n\
                content-type: application/x-www-form-urlencoded\n\
                \n\
                name__v=ci";
    let host = "https://veepharm.veevavault.com";
    assert_eq!(
        sent(&GenerateMyToken::new(name(), Expiry::never()), &vault()),
        format!("POST {host}/api/v26.2/objects/users/me/api_access_token__sys\n{rest}")
    );
    assert_eq!(
        sent(
            &GenerateUserToken::new(UserId::new(61603), name(), Expiry::never()),
            &vault()
        ),
        format!("POST {host}/api/v26.2/objects/users/61603/api_access_token__sys\n{rest}")
    );
}

fn jane(password: &str) -> SignIn {
    SignIn::new(
        "jane.doe+x@veepharm.com".parse().unwrap(),
        Password::parse(password).unwrap(),
    )
}

#[test]
fn sign_in_never_carries_an_authorization() {
    for vault in [vault(), Vault::new(vault().dns().clone())] {
        assert_eq!(
            sent(&jane("p&s=s w+rd%é~*"), &vault),
            "POST https://veepharm.veevavault.com/api/v26.2/auth\n\
             accept: application/json\n\
             content-type: application/x-www-form-urlencoded\n\
             \n\
             username=jane.doe%2Bx%40veepharm.com&password=p%26s%3Ds+w%2Brd%25%C3%A9%7E*"
        );
    }
    let elsewhere = jane("visibly-fake").vault_dns("http://127.0.0.1:4000".parse().unwrap());
    assert!(
        sent(&elsewhere, &vault()).ends_with("&password=visibly-fake&vaultDNS=127.0.0.1%3A4000")
    );
}

#[test]
fn oauth_sign_in_carries_the_identity_providers_token_not_the_vaults_session() {
    let profile = OauthProfileId::parse("_9ab303d3-a6ea").unwrap();
    let identity = || IdentityToken::parse("eyJ.fake.jwt").unwrap();
    let login = Vault::new(VaultDns::login()).authorized(AccessToken::parse("OTHER").unwrap());
    assert_eq!(
        sent(
            &OauthSignIn::new(profile.clone(), identity())
                .vault_dns(vault().dns().clone())
                .client_id("my client"),
            &login
        ),
        "POST https://login.veevavault.com/auth/oauth/session/_9ab303d3-a6ea\n\
         accept: application/json\n\
         authorization: Bearer eyJ.fake.jwt\n\
         content-type: application/x-www-form-urlencoded\n\
         \n\
         vaultDNS=veepharm.veevavault.com&client_id=my+client"
    );
    assert!(sent(&OauthSignIn::new(profile, identity()), &login).ends_with("urlencoded\n\n"));
}

/// Everything that needs neither a body of its own nor a test of its own.
#[test]
fn the_other_calls() {
    let user = || "jane+x&y@veepharm.com".parse().unwrap();
    let authorized = "accept: application/json\nauthorization: SID-0123ABCD\n\n";
    let anonymous = "accept: application/json\n\n";
    let vault = vault();
    for (actual, line, rest) in [
        (
            sent(&KeepAlive::new(), &vault),
            "POST /api/v26.2/keep-alive",
            authorized,
        ),
        (
            sent(&EndSession::new(), &vault),
            "DELETE /api/v26.2/session",
            authorized,
        ),
        (
            sent(&WhoAmI::new(), &vault),
            "GET /api/v26.2/objects/users/me",
            authorized,
        ),
        (sent(&ListVersions::new(), &vault), "GET /api/", authorized),
        (
            sent(&ListSandboxes::new(), &vault),
            "GET /api/v26.2/objects/sandbox",
            authorized,
        ),
        (
            sent(&ShowSandbox::new(VaultId::new(1_000_700)), &vault),
            "GET /api/v26.2/objects/sandbox/1000700",
            authorized,
        ),
        (
            sent(&Discover::new(user()), &vault),
            "POST /auth/discovery?username=jane%2Bx%26y%40veepharm.com",
            anonymous,
        ),
        (
            sent(&Discover::new(user()).client_id("a b"), &vault),
            "POST /auth/discovery?username=jane%2Bx%26y%40veepharm.com&client_id=a%20b",
            anonymous,
        ),
    ] {
        let line = line.replacen(" /", " https://veepharm.veevavault.com/", 1);
        assert_eq!(actual, format!("{line}\n{rest}"));
    }
}

#[test]
fn tokens_are_found_by_vql_in_a_form() {
    let head = "POST https://veepharm.veevavault.com/api/v26.2/query\n\
                accept: application/json\n\
                authorization: SID-0123ABCD\n\
                content-type: application/x-www-form-urlencoded\n\
                \n\
                q=SELECT+id%2C+name__v%2C+user__sys%2C+status__v%2C+expiry_date__sys%2C+last_used_date__sys\
                +FROM+api_access_token__sys";
    assert_eq!(sent(&FindTokens::new(), &vault()), head);
    assert_eq!(
        sent(
            &FindTokens::new().id(TokenId::parse("V8T000000009001").unwrap()),
            &vault()
        ),
        format!("{head}+WHERE+id+%3D+%27V8T000000009001%27")
    );
    // Neither quote nor backslash can end the literal.
    assert_eq!(
        sent(
            &FindTokens::new()
                .user(UserId::new(61603))
                .name(r"ci' OR id != '\".parse().unwrap()),
            &vault()
        ),
        format!(
            "{head}+WHERE+name__v+%3D+%27ci%5C%27+OR+id+%21%3D+%5C%27%5C%5C%27+AND+user__sys+%3D+%2761603%27"
        )
    );
}

#[test]
fn a_further_page_is_posted_without_a_body() {
    let first = vault_sandbox_core::decode::<FindTokens>(&vault_sandbox_tests::answer(
        200,
        r#"{"responseStatus":"SUCCESS","data":[],"responseDetails":{"next_page":
            "/api/v26.2/query/0a1b2c3d-4e5f?pagesize=1000&pageoffset=1000"}}"#,
    ))
    .unwrap();
    assert_eq!(
        sent(&FindTokens::after(&first.value).unwrap(), &vault()),
        "POST https://veepharm.veevavault.com/api/v26.2/query/0a1b2c3d-4e5f?pagesize=1000&pageoffset=1000\n\
         accept: application/json\n\
         authorization: SID-0123ABCD\n\
         \n"
    );
}

#[test]
fn tokens_are_deleted_as_a_json_list() {
    let ids = ["V8T1", "0PI00000000C003"].map(|id| TokenId::parse(id).unwrap());
    assert_eq!(
        sent(&DeleteTokens::new(ids).unwrap(), &vault()),
        "DELETE https://veepharm.veevavault.com/api/v26.2/vobjects/api_access_token__sys\n\
         accept: application/json\n\
         authorization: SID-0123ABCD\n\
         content-type: application/json\n\
         \n\
         [{\"id\":\"V8T1\"},{\"id\":\"0PI00000000C003\"}]"
    );
    let id = || TokenId::parse("V8T1").unwrap();
    assert!(DeleteTokens::new([]).is_err());
    assert!(DeleteTokens::new(std::iter::repeat_with(id).take(500)).is_ok());
    assert!(DeleteTokens::new(std::iter::repeat_with(id).take(501)).is_err());
}

#[test]
fn another_version_another_host_a_client_id() {
    let local = Vault::new("http://localhost:4000".parse().unwrap())
        .version("v26.3".parse().unwrap())
        .client_id(ClientId::parse("acme-it-server-vault_sandbox.1").unwrap());
    assert_eq!(
        sent(&jane("visibly-fake"), &local),
        "POST http://localhost:4000/api/v26.3/auth\n\
         accept: application/json\n\
         x-vaultapi-clientid: acme-it-server-vault_sandbox.1\n\
         content-type: application/x-www-form-urlencoded\n\
         \n\
         username=jane.doe%2Bx%40veepharm.com&password=visibly-fake"
    );
}

#[test]
fn without_a_credential_nothing_is_made() {
    let nobody = Vault::new("veepharm.veevavault.com".parse().unwrap());
    fn refusal<E: Endpoint>(endpoint: &E, vault: &Vault) -> &'static str {
        encode(endpoint, vault).unwrap_err().field()
    }
    let name = || "ci".parse().unwrap();
    let ids = [TokenId::parse("V8T1").unwrap()];
    for field in [
        refusal(&founding(), &nobody),
        refusal(&GenerateMyToken::new(name(), Expiry::never()), &nobody),
        refusal(
            &GenerateUserToken::new(UserId::new(1), name(), Expiry::never()),
            &nobody,
        ),
        refusal(&KeepAlive::new(), &nobody),
        refusal(&EndSession::new(), &nobody),
        refusal(&WhoAmI::new(), &nobody),
        refusal(&ListVersions::new(), &nobody),
        refusal(&ListSandboxes::new(), &nobody),
        refusal(&ShowSandbox::new(VaultId::new(1)), &nobody),
        refusal(&FindTokens::new(), &nobody),
        refusal(&DeleteTokens::new(ids).unwrap(), &nobody),
    ] {
        assert_eq!(field, "authorization");
    }
}

#[test]
fn every_credential_in_a_header_is_marked_sensitive() {
    let identity = IdentityToken::parse("eyJ.fake.jwt").unwrap();
    let profile = OauthProfileId::parse("p").unwrap();
    for request in [
        encode(&founding(), &vault()).unwrap(),
        encode(
            &founding(),
            &vault().authorized(AccessToken::parse("t").unwrap()),
        )
        .unwrap(),
        encode(&OauthSignIn::new(profile, identity), &vault()).unwrap(),
    ] {
        assert!(request.headers()["authorization"].is_sensitive());
        assert_eq!(request.headers().get_all("authorization").iter().count(), 1);
    }
}

#[test]
fn a_name_too_long_for_a_url_is_said_so() {
    let wanted = token_for(&"é".repeat(20_000), "ci", Expiry::never());
    let error = encode(&wanted, &vault()).unwrap_err();
    assert_eq!(error.to_string(), "path is too long for a URL");
}
