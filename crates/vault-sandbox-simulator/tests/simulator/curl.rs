//! A client that was not written by us: curl, where it is installed.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;
use vault_sandbox_simulator::Simulator;

use crate::{GENERATE, SANDBOX, TOKENS, text};

#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn is_installed() -> bool {
    let curl = Command::new("curl")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    let is_there = curl.is_ok_and(|status| status.success());
    if !is_there {
        println!("skipped: there is no curl on this machine");
    }
    is_there
}

/// What curl prints, which must be JSON.
#[track_caller]
fn curl(ca: Option<&Path>, arguments: &[&str]) -> Value {
    let mut command = Command::new("curl");
    // No configuration of the machine's, no proxy.
    command.args(["-q", "-sS", "--noproxy", "*", "--max-time", "30"]);
    if let Some(path) = ca {
        command.arg("--cacert").arg(path);
    }
    let output = command.args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "curl {arguments:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Signs in, lists sandboxes, generates a token, finds and deletes it.
fn a_day_in_its_life(vault: &Simulator, ca: Option<&Path>) {
    let url = vault.url();
    let curl = |arguments: &[&str]| curl(ca, arguments);
    let at = |base: &str, path: &str| format!("{base}{path}");

    // A form, then multipart.
    for how in ["-d", "-F"] {
        let user = format!("username={}", vault.user_name());
        let password = format!("password={}", vault.password());
        let signed_in = curl(&[how, &user, how, &password, &at(&url, "/api/v26.2/auth")]);
        assert_eq!(signed_in["responseStatus"], "SUCCESS", "{signed_in}");
        assert_eq!(signed_in["vaultIds"][0]["url"], at(&url, "/api"));
    }
    let auth = format!("Authorization: {}", vault.session());

    let versions = curl(&["-H", &auth, &at(&url, "/api/")]);
    assert_eq!(versions["values"]["v26.2"], at(&url, "/api/v26.2"));
    let list = curl(&["-H", &auth, &at(&url, "/api/v26.2/objects/sandbox")]);
    let sandbox = &list["data"]["active"][0];
    assert_eq!(sandbox["name"], SANDBOX);
    let scheme = url.split("://").next().unwrap();
    let sandbox = format!("{scheme}://{}", text(&sandbox["dns"]));

    let made = curl(&["-H", &auth, "-d", "name__v=ci", &at(&url, GENERATE)]);
    let id = text(&made["data"]["id"]);
    let bearer = format!(
        "Authorization: Bearer {}",
        text(&made["data"]["token__sys"])
    );

    let query = "q=SELECT id, name__v, status__v FROM api_access_token__sys WHERE name__v = 'ci'";
    let query_url = at(&sandbox, "/api/v26.2/query");
    for how in ["--data-urlencode", "-F"] {
        let found = curl(&["-H", &bearer, how, query, &query_url]);
        assert_eq!(found["data"][0]["id"], id, "{found}");
    }

    let body = format!("[{{\"id\":\"{id}\"}}]");
    let json = "Content-Type: application/json";
    let tokens = at(&sandbox, TOKENS);
    let deleted = curl(&[
        "-X", "DELETE", "-H", &auth, "-H", json, "-d", &body, &tokens,
    ]);
    assert_eq!(deleted["data"][0]["responseStatus"], "SUCCESS", "{deleted}");
    assert!(vault.tokens(SANDBOX).is_empty());

    let xml = "Accept: application/xml";
    let refused = curl(&["-H", &auth, "-H", xml, &at(&url, "/api/")]);
    assert!(text(&refused["errors"][0]["message"]).contains("JSON only"));

    let moved = curl(&["-d", "{\"advance_s\": 1}", &at(&url, "/simulator/clock")]);
    assert!(moved["now"].is_string(), "{moved}");
}

#[test]
fn over_http() {
    if is_installed() {
        let vault = Simulator::builder().control().start().unwrap();
        a_day_in_its_life(&vault, None);
    }
}

#[test]
#[cfg(feature = "https")]
fn over_https() {
    if is_installed() {
        let vault = Simulator::builder().control().https().start().unwrap();
        let name = format!("simulated-ca-{}.pem", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, vault.ca_certificate().unwrap()).unwrap();
        a_day_in_its_life(&vault, Some(&path));
        std::fs::remove_file(path).unwrap();
    }
}
