//! The pure heart: a world, a request, an answer, and no socket anywhere.

use std::time::Duration;

use http::Method;
use serde_json::Value;

use super::*;
use crate::{Builder, Simulator};

const SANDBOX: At = At(2);
const GENERATE: &str =
    "/api/v26.2/objects/sandbox/VeePharm%20Sandbox/users/me/api_access_token__sys";
const ME: &str = "/api/v26.2/objects/users/me";

fn setup() -> Builder {
    let now = "2026-11-24T10:00:00Z".parse().unwrap();
    Simulator::builder().fixed_clock(now)
}

fn world(setup: &Builder) -> World {
    let dns: Vec<_> = (1..=7).map(|port| format!("127.0.0.1:{port}")).collect();
    World::new(setup, &dns)
}

/// A request with the Vault's own `Host` and a form that names a token.
fn request(world: &World, at: At, method: Method, path: &str, auth: &str) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, &world.vault(at).dns)
        .header(AUTHORIZATION, auth)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body("name__v=ci".into())
        .unwrap()
}

fn ask(world: &mut World, at: At, method: Method, path: &str, auth: &str) -> Response<Bytes> {
    let request = request(world, at, method, path, auth);
    answer(world, at, &request)
}

fn generate(world: &mut World) -> Response<Bytes> {
    let session = world.session_of(Who::SAMPLE);
    ask(world, At::PARENT, Method::POST, GENERATE, &session)
}

fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// SUCCESS, or the type of the first error.
fn outcome(response: &Response<Bytes>) -> String {
    let json = json(response);
    let kind = json["errors"][0]["type"].as_str();
    kind.or(json["responseStatus"].as_str()).unwrap().to_owned()
}

#[test]
fn equal_worlds_give_equal_answers() {
    let (mut one, mut two) = (world(&setup()), world(&setup()));
    let (first, second) = (generate(&mut one), generate(&mut two));
    assert_eq!(first.body(), second.body());
    assert_eq!(first.headers(), second.headers());
    assert_ne!(generate(&mut one).body(), first.body());
}

#[test]
fn an_answer_begins_with_its_status() {
    let response = generate(&mut world(&setup()));
    let start =
        br#"{"responseStatus":"SUCCESS","data":{"id":"V8T000000009001","token__sys":"veeva-vault-"#;
    assert!(response.body().starts_with(start));
}

#[test]
fn a_token_belongs_to_one_vault() {
    let mut world = world(&setup());
    let value = json(&generate(&mut world))["data"]["token__sys"].clone();
    let bearer = format!("Bearer {}", value.as_str().unwrap());
    for place in 0..world.vaults.len() {
        let response = ask(&mut world, At(place), Method::GET, ME, &bearer);
        let expected = match At(place) {
            SANDBOX => "SUCCESS",
            // Being built, inactive.
            At(4) => "OPERATION_IN_PROGRESS",
            At(5) => "OPERATION_NOT_ALLOWED",
            _ => "INVALID_SESSION_ID",
        };
        assert_eq!(outcome(&response), expected, "Vault {place}");
    }
}

#[test]
fn a_session_belongs_to_all() {
    let mut world = world(&setup());
    let session = world.session_of(Who::SAMPLE);
    for at in [At::PARENT, At::OTHER, SANDBOX] {
        let response = ask(&mut world, at, Method::GET, ME, &session);
        assert_eq!(outcome(&response), "SUCCESS");
    }
}

#[test]
fn a_token_lives_until_the_very_second_of_its_expiry() {
    let mut world = world(&setup());
    let value = json(&generate(&mut world))["data"]["token__sys"].clone();
    let bearer = format!("Bearer {}", value.as_str().unwrap());
    let expiry = world.now() + chrono::TimeDelta::seconds(2);
    world.vault_mut(SANDBOX).tokens[0].expiry = Some(expiry);
    for expected in ["SUCCESS", "SUCCESS", "INVALID_SESSION_ID"] {
        let response = ask(&mut world, SANDBOX, Method::GET, ME, &bearer);
        assert_eq!(outcome(&response), expected);
        world.clock.advance(Duration::from_secs(1));
    }
}

#[test]
fn a_request_without_our_host_changes_nothing() {
    let mut world = world(&setup());
    let session = world.session_of(Who::SAMPLE);
    let mut request = request(&world, At::PARENT, Method::POST, GENERATE, &session);
    for host in [None, Some("evil.example:1"), Some("127.0.0.1:2"), Some("")] {
        match host {
            None => drop(request.headers_mut().remove(HOST)),
            Some(host) => drop(
                request
                    .headers_mut()
                    .insert(HOST, HeaderValue::from_static(host)),
            ),
        }
        let response = answer(&mut world, At::PARENT, &request);
        assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    }
    assert!(world.vault(SANDBOX).tokens.is_empty());
}

#[test]
fn burst_ends_at_nothing_and_begins_again() {
    let mut world = world(&setup());
    let vault = world.vault_mut(At::PARENT);
    let now = "2026-11-24T10:00:00Z".parse().unwrap();
    let left: Vec<_> = (0..BURST_LIMIT + 1)
        .map(|_| vault.spend_burst(now))
        .collect();
    assert_eq!(left[0], BURST_LIMIT - 1);
    assert_eq!(left[left.len() - 2..], [0, 0]);
    let later = now + chrono::TimeDelta::minutes(5);
    assert_eq!(vault.spend_burst(later), BURST_LIMIT - 1);
}
