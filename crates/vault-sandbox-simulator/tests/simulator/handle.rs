//! The handle: starting, looking, changing, ending.

use std::{net::TcpStream, time::Duration};

use vault_sandbox_simulator::{
    Effect, Fault, Sandbox, SandboxStatus, Simulator, StartError, Switches, User,
};

use crate::{ME, SANDBOX, generate, get, post, sign_in, token};

#[test]
fn it_starts_from_async_code_and_ends_there() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let vault = Simulator::start().unwrap();
        token(&vault, "ci");
        drop(vault);
    });
}

#[test]
fn dropping_it_closes_its_ports() {
    let vault = Simulator::start().unwrap();
    let dns = vault.dns().to_owned();
    assert!(TcpStream::connect(&dns).is_ok());
    drop(vault);
    assert!(TcpStream::connect(&dns).is_err());
}

#[test]
fn two_do_not_know_each_other() {
    let (one, two) = (Simulator::start().unwrap(), Simulator::start().unwrap());
    assert_ne!(one.dns(), two.dns());
    token(&one, "ci");
    assert!(two.tokens(SANDBOX).is_empty());
}

#[test]
fn equal_seeds_give_equal_tokens() {
    let value = |seed| {
        let vault = Simulator::builder().seed(seed).start().unwrap();
        token(&vault, "ci")
    };
    assert_eq!(value(1), value(1));
    assert_ne!(value(1), value(2));
}

#[test]
fn a_world_of_ones_own() {
    let mut closed = Sandbox::new("B");
    closed.status = SandboxStatus::Inactive;
    let vault = Simulator::builder()
        .users([User::new(7, "me@example.com", "simulated-pass")])
        .sandboxes([Sandbox::new("A"), closed])
        .token_limit(Some(1))
        .start()
        .unwrap();
    assert_eq!(
        (vault.user_name(), vault.password()),
        ("me@example.com", "simulated-pass")
    );
    assert_eq!(vault.sandbox_dns(SANDBOX), None);
    let path = "/api/v26.2/objects/sandbox/A/users/me/api_access_token__sys";
    let call = post(path).auth(&vault.session()).form(&[("name__v", "ci")]);
    call.send(vault.dns()).assert_success();
    call.send(vault.dns())
        .assert_failure("OPERATION_NOT_ALLOWED");
    assert_eq!(vault.tokens("A").len(), 1);
}

#[test]
fn what_cannot_start_says_why() {
    let nobody = Simulator::builder().users([]).start().unwrap_err();
    assert!(matches!(nobody, StartError::NoUser));

    let first = Simulator::start().unwrap();
    let taken: u16 = first.dns().rsplit(':').next().unwrap().parse().unwrap();
    let error = Simulator::builder().port(taken).start().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot listen on 127.0.0.1:{taken}")
    );
}

#[test]
fn requests_are_kept_as_they_came() {
    let vault = Simulator::start().unwrap();
    generate(&vault)
        .header("X-Twice", "a")
        .header("X-Twice", "b")
        .body("application/x-www-form-urlencoded", "name__v=a+b")
        .send(vault.dns());
    let path = "/%6e%6F/../where?x=%20&y";
    get(path).send(&vault.sandbox_dns(SANDBOX).unwrap());

    let requests = vault.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].vault, "VeePharm");
    assert_eq!(requests[0].method, "POST");
    assert_eq!(requests[0].headers["authorization"], vault.session());
    assert_eq!(requests[0].headers.get_all("x-twice").iter().count(), 2);
    assert_eq!(requests[0].body, "name__v=a+b");
    assert_eq!(requests[1].vault, SANDBOX);
    assert_eq!(requests[1].path, path);
}

#[test]
fn nothing_secret_is_shown() {
    let vault = Simulator::start().unwrap();
    let value = token(&vault, "ci");
    sign_in(&vault, vault.user_name(), vault.password());
    let shown = format!(
        "{vault:?} {:?} {:?}",
        vault.requests(),
        vault.tokens(SANDBOX)
    );
    for secret in [value.as_str(), &vault.session(), vault.password()] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains(vault.dns()) && shown.contains(vault.user_name()));
}

#[test]
fn sessions_end_when_told() {
    let vault = Simulator::start().unwrap();
    let old = vault.session();
    assert_eq!(old, vault.session());
    vault.expire_sessions();
    get(ME)
        .auth(&old)
        .send(vault.dns())
        .assert_failure("INVALID_SESSION_ID");
    get(ME)
        .auth(&vault.session())
        .send(vault.dns())
        .assert_success();
}

#[test]
fn the_clock_is_moved_and_set() {
    let start = "2026-11-24T10:00:00Z".parse().unwrap();
    let vault = Simulator::builder().fixed_clock(start).start().unwrap();
    vault.advance(Duration::from_secs(90));
    assert_eq!(
        vault.now(),
        "2026-11-24T10:01:30Z"
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    );
    vault.set_now(start);
    assert_eq!(vault.now(), start);
}

#[test]
fn a_reset_goes_back_to_the_start() {
    let vault = Simulator::builder()
        .switches({
            let mut switches = Switches::default();
            switches.may_list_sandboxes = false;
            switches
        })
        .fault(Fault::new(Effect::CloseBefore).path("/nowhere"))
        .start()
        .unwrap();
    let dns = vault.dns().to_owned();
    token(&vault, "ci");
    vault.switches(|s| *s = Switches::default());
    vault.fault(Fault::new(Effect::CloseBefore));
    vault.lock_user(vault.user_name()).unwrap();
    vault
        .set_sandbox_status(SANDBOX, SandboxStatus::Building)
        .unwrap();

    vault.reset();
    assert_eq!(vault.dns(), dns);
    assert!(vault.tokens(SANDBOX).is_empty() && vault.requests().is_empty());
    get("/api/v26.2/objects/sandbox")
        .auth(&vault.session())
        .send(&dns)
        .assert_failure("INSUFFICIENT_ACCESS");
    assert_eq!(get("/nowhere").exchange(&dns).unwrap(), b"");
    sign_in(&vault, vault.user_name(), vault.password()).assert_success();
    token(&vault, "ci");
}

#[test]
fn names_nobody_has() {
    let vault = Simulator::start().unwrap();
    let error = vault.lock_user("nobody").unwrap_err();
    assert_eq!(error.to_string(), "the simulator knows no \"nobody\"");
    let status = SandboxStatus::Active;
    assert!(vault.set_sandbox_status("Nowhere", status).is_err());
    assert!(vault.tokens("Nowhere").is_empty());
}

#[test]
fn it_can_be_shared_between_threads() {
    fn assert_shareable<T: Send + Sync>() {}
    assert_shareable::<Simulator>();
}
