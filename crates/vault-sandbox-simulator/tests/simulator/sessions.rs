//! Signing in, staying in, getting out.

use std::time::Duration;

use serde_json::{Value, json};
use vault_sandbox_simulator::{OAUTH_PROFILE, OAUTH_TOKEN, Simulator};

use crate::{Call, ME, get, post, sandbox_dns, session_of, sign_in, text, token};

const MINUTE: Duration = Duration::from_secs(60);

fn me(vault: &Simulator, session: &str) -> crate::Answer {
    get(ME).auth(session).send(vault.dns())
}

fn oauth(vault: &Simulator, profile: &str, token: &str) -> crate::Answer {
    post(&format!("/auth/oauth/session/{profile}"))
        .bearer(token)
        .send(vault.dns())
}

#[test]
fn a_password_opens_a_session_for_every_vault() {
    let vault = Simulator::start().unwrap();
    let answer = sign_in(&vault, vault.user_name(), vault.password()).assert_success();
    assert_eq!(answer["userId"], 61_603);
    assert_eq!(answer["vaultId"], 1_000_660);
    let entry = json!({
        "id": 1_000_660,
        "name": "VeePharm",
        "url": format!("http://{}/api", vault.dns()),
    });
    assert_eq!(answer["vaultIds"][0], entry);
    // The parent, the other one, three active sandboxes.
    assert_eq!(answer["vaultIds"].as_array().map(Vec::len), Some(5));

    let session = text(&answer["sessionId"]);
    me(&vault, &session).assert_success();
    for form in [session.clone(), format!("Bearer {session}")] {
        let answer = get(ME).auth(&form).send(&sandbox_dns(&vault));
        answer.assert_success();
    }
}

#[test]
fn a_multipart_body_does_as_well() {
    let vault = Simulator::start().unwrap();
    let body: String = [
        ("username", vault.user_name()),
        ("password", vault.password()),
    ]
    .iter()
    .map(|(name, value)| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    })
    .collect();
    post("/api/v26.2/auth")
        .body("multipart/form-data; boundary=B", &(body + "--B--\r\n"))
        .send(vault.dns())
        .assert_success();
}

#[test]
fn the_vault_signed_in_to() {
    let vault = Simulator::start().unwrap();
    let landed = |called: &str, asked: Option<&str>| -> Value {
        let mut fields = vec![
            ("username", vault.user_name()),
            ("password", vault.password()),
        ];
        fields.extend(asked.map(|dns| ("vaultDNS", dns)));
        let answer = post("/api/v26.2/auth").form(&fields).send(called);
        answer.assert_success()["vaultId"].clone()
    };
    let sandbox = sandbox_dns(&vault);
    let closed = vault.sandbox_dns("Old Training").unwrap();
    assert_eq!(landed(vault.dns(), Some(&sandbox)), 1_000_700);
    assert_eq!(landed(&sandbox, None), 1_000_700);
    assert_eq!(landed(vault.dns(), Some(vault.other_dns())), 1_000_661);
    // Defaulting: what cannot be used does not fail.
    assert_eq!(landed(&closed, None), 1_000_660);
    assert_eq!(landed(&sandbox, Some("nowhere.veevavault.com")), 1_000_660);
}

#[test]
fn five_wrong_passwords_lock_the_user() {
    let vault = Simulator::start().unwrap();
    let user = vault.user_name();
    for _ in 0..5 {
        let wrong = sign_in(&vault, user, "wrong");
        wrong.assert_failure("USERNAME_OR_PASSWORD_INCORRECT");
        assert_eq!(wrong.json()["errorType"], "AUTHENTICATION_FAILED");
    }
    sign_in(&vault, user, "wrong").assert_failure("USER_LOCKED_OUT");
    sign_in(&vault, user, vault.password()).assert_failure("USER_LOCKED_OUT");
}

#[test]
fn a_right_password_starts_the_count_again() {
    let vault = Simulator::start().unwrap();
    for _ in 0..2 {
        for _ in 0..4 {
            sign_in(&vault, vault.user_name(), "wrong");
        }
        sign_in(&vault, vault.user_name(), vault.password()).assert_success();
    }
}

#[test]
fn users_who_cannot_sign_in() {
    let vault = Simulator::start().unwrap();
    let refused = |user: &str, kind: &str| {
        let user = format!("{user}@veepharm.com");
        sign_in(&vault, &user, vault.password()).assert_failure(kind);
    };
    refused("nobody", "USERNAME_OR_PASSWORD_INCORRECT");
    refused("veeva.id", "USERNAME_OR_PASSWORD_INCORRECT");
    refused("inactive.user", "INACTIVE_USER");
    refused("new.hire", "PASSWORD_CHANGE_REQUIRED");
    sign_in(&vault, vault.user_name(), "").assert_failure("NO_PASSWORD_PROVIDED");
    sign_in(&vault, "", "x").assert_failure("PARAMETER_REQUIRED");
    vault.lock_user("vault.owner@veepharm.com").unwrap();
    refused("vault.owner", "USER_LOCKED_OUT");
}

#[test]
fn without_api_access_only_signing_in_works() {
    let vault = Simulator::start().unwrap();
    let session = session_of(&vault, "no.api@veepharm.com");
    let refused = me(&vault, &session);
    refused.assert_failure("INSUFFICIENT_ACCESS");
    let message = text(&refused.json()["errors"][0]["message"]);
    assert!(message.contains("VaultActions_API_Access"), "{message}");
}

#[test]
fn an_identity_providers_token_opens_a_session() {
    let vault = Simulator::start().unwrap();
    let answer = oauth(&vault, OAUTH_PROFILE, OAUTH_TOKEN).assert_success();
    me(&vault, &text(&answer["sessionId"])).assert_success();
    oauth(&vault, OAUTH_PROFILE, "other").assert_failure("USERNAME_OR_PASSWORD_INCORRECT");
    oauth(&vault, "other", OAUTH_TOKEN).assert_failure("INVALID_DATA");
}

#[test]
fn discovery_says_how_to_sign_in() {
    let vault = Simulator::start().unwrap();
    let by_query = post("/auth/discovery?username=jane.doe%40veepharm.com");
    let password = by_query.send(vault.dns()).assert_success();
    assert_eq!(password["data"], json!({"auth_type": "password"}));
    assert_eq!(password["errors"], json!([]));

    let by_form = post("/auth/discovery").form(&[("username", "veeva.id@veepharm.com")]);
    let sso = by_form.send(vault.dns()).assert_success();
    assert_eq!(sso["data"]["auth_type"], "sso");
    let endpoint = format!("http://{}/auth/oauth/session/{OAUTH_PROFILE}", vault.dns());
    assert_eq!(
        sso["data"]["auth_profiles"][0]["vault_session_endpoint"],
        endpoint
    );

    let nobody = post("/auth/discovery").send(vault.dns());
    nobody.assert_failure("PARAMETER_REQUIRED");
}

#[test]
fn a_session_runs_out_when_idle() {
    let vault = Simulator::start().unwrap();
    let session = vault.session();
    vault.advance(19 * MINUTE);
    me(&vault, &session).assert_success();
    // Asking who one is does not make the session live longer.
    vault.advance(MINUTE);
    me(&vault, &session).assert_failure("INVALID_SESSION_ID");
    me(&vault, &vault.session()).assert_success();
}

#[test]
fn keep_alive_works_for_two_days() {
    let vault = Simulator::start().unwrap();
    let session = vault.session();
    let keep_alive = || {
        post("/api/v26.2/keep-alive")
            .auth(&session)
            .send(vault.dns())
    };
    for _ in 0..(48 * 4 - 1) {
        vault.advance(15 * MINUTE);
        keep_alive().assert_success();
    }
    vault.advance(15 * MINUTE);
    keep_alive().assert_failure("INVALID_SESSION_ID");
}

#[test]
fn ending_a_session_ends_only_that_one() {
    let vault = Simulator::start().unwrap();
    let other = session_of(&vault, vault.user_name());
    let session = session_of(&vault, vault.user_name());
    let end = |auth: &str| Call::new("DELETE", "/api/v26.2/session").auth(auth);
    end(&session).send(vault.dns()).assert_success();
    me(&vault, &session).assert_failure("INVALID_SESSION_ID");
    me(&vault, &other).assert_success();

    let token = format!("Bearer {}", token(&vault, "ci"));
    let answer = end(&token).send(&sandbox_dns(&vault));
    answer.assert_failure("INVALID_SESSION_ID");
}

#[test]
fn no_authorization_is_no_session() {
    let vault = Simulator::start().unwrap();
    for auth in ["", "Bearer", "Bearer ", "Basic amFuZQ==", "made-up"] {
        me(&vault, auth).assert_failure("INVALID_SESSION_ID");
    }
    get(ME)
        .send(vault.dns())
        .assert_failure("INVALID_SESSION_ID");
}
