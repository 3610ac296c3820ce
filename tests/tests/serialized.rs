//! The feature `serde`: what a configuration holds, written and read.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vault_sandbox_core::{
    ApiVersion, ClientId, Expiry, OauthProfileId, OperationId, SandboxName, TokenId, TokenName,
    UserId, UserName, VaultDns, VaultId,
};

/// Written as this JSON, read back as the same.
fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, json: &str) {
    assert_eq!(serde_json::to_string(value).unwrap(), json);
    assert_eq!(serde_json::from_str::<T>(json).unwrap(), *value, "{json}");
}

/// What is wrong with this JSON.
fn refusal<T: DeserializeOwned + Debug>(json: &str) -> String {
    serde_json::from_str::<T>(json).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read_back() {
    same(
        &SandboxName::parse("VeePharm Sandbox / 50% \"ü\"").unwrap(),
        r#""VeePharm Sandbox / 50% \"ü\"""#,
    );
    same(&TokenName::parse("CI & more").unwrap(), r#""CI & more""#);
    same(
        &UserName::parse("jane.doe@veepharm.com").unwrap(),
        r#""jane.doe@veepharm.com""#,
    );
    same(&ClientId::parse("acme-it").unwrap(), r#""acme-it""#);
    same(
        &TokenId::parse("0PI00000000C003").unwrap(),
        r#""0PI00000000C003""#,
    );
    same(&OauthProfileId::parse("_9ab3-d3").unwrap(), r#""_9ab3-d3""#);
    same(&OperationId::parse("009a1c22").unwrap(), r#""009a1c22""#);
    same(&ApiVersion::V26_2, r#""v26.2""#);
    same(&VaultId::new(1_000_660), "1000660");
    same(&UserId::new(61603), "61603");
    for dns in [
        "veepharm.veevavault.com",
        "http://127.0.0.1:8080",
        "a.b:8443",
    ] {
        same(&VaultDns::parse(dns).unwrap(), &format!("{dns:?}"));
    }
    let now = "2026-11-23T18:04:11Z".parse().unwrap();
    for expiry in ["never", "2027-02-21", "2027-02-21T18:00:00Z"] {
        same(&Expiry::parse(expiry, now).unwrap(), &format!("{expiry:?}"));
    }
    // A duration is written as the instant that it came to.
    let in_90_days = Expiry::parse("90d", now).unwrap();
    same(&in_90_days, r#""2027-02-21T18:04:11Z""#);
}

#[test]
fn what_parse_refuses_is_refused() {
    for (refusal, said) in [
        (
            refusal::<SandboxName>(r#""..""#),
            "sandbox is a dot segment",
        ),
        (refusal::<TokenName>(r#"" ""#), "name is blank"),
        (refusal::<UserName>(r#""""#), "user is empty"),
        (refusal::<ClientId>(r#""a b""#), "client_id is not"),
        (
            refusal::<TokenId>(r#""x y""#),
            "token_id is not a record ID",
        ),
        (
            refusal::<OauthProfileId>(r#""a/b""#),
            "oauth_profile is not",
        ),
        (refusal::<OperationId>(r#""9A""#), "operation is not eight"),
        (
            refusal::<ApiVersion>(r#""26""#),
            "api_version is not of the form",
        ),
        (
            refusal::<VaultDns>(r#""http://a.com""#),
            "dns is plain http",
        ),
        (
            refusal::<VaultDns>(r#""https://a.com/api""#),
            "dns has more than a host",
        ),
        (refusal::<VaultId>(r#""x""#), "vault_id is not a number"),
        (refusal::<UserId>("-1"), "user_id is not a number"),
        (refusal::<Expiry>(r#""90d""#), "expiry is no instant"),
        (refusal::<Expiry>(r#""2027-02-30""#), "expiry is no instant"),
        (refusal::<Expiry>("null"), "invalid type: null"),
        (refusal::<SandboxName>("1"), "invalid type"),
    ] {
        assert!(refusal.contains(said), "{refusal}");
    }
    let pasted = refusal::<TokenId>(r#""veeva-vault-0c0ffee0example""#);
    assert!(pasted.contains("is a token's value"), "{pasted}");
    assert!(!pasted.contains("0c0ffee0"), "{pasted}");
}

#[test]
fn a_number_may_be_written_as_text_and_be_a_key() {
    assert_eq!(
        serde_json::from_str::<VaultId>(r#""1000660""#).unwrap(),
        VaultId::new(1_000_660)
    );
    let names = BTreeMap::from([(VaultId::new(7), SandboxName::parse("a").unwrap())]);
    same(&names, r#"{"7":"a"}"#);
}

#[test]
fn a_configuration() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Config {
        vault: VaultDns,
        user: Option<UserName>,
        sandboxes: Vec<SandboxName>,
        expiry: Expiry,
    }
    let text = r#"{"vault":"veepharm.veevavault.com","user":null,"sandboxes":["VeePharm Sandbox"],"expiry":"never"}"#;
    let config = Config {
        vault: VaultDns::parse("veepharm.veevavault.com").unwrap(),
        user: None,
        sandboxes: vec![SandboxName::parse("VeePharm Sandbox").unwrap()],
        expiry: Expiry::never(),
    };
    same(&config, text);
}
