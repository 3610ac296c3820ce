//! Every Vault over TLS, with an authority that nobody knew before.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use vault_sandbox_simulator::{Effect, Endpoint, Fault, Simulator};

use crate::{Answer, Call, GENERATE, ME, SANDBOX, client::PATIENCE, get, post, text};

fn secure() -> Simulator {
    Simulator::builder().https().start().unwrap()
}

/// Sends a call to `dns`, which is believed to be `host`.
fn exchange(vault: &Simulator, call: &Call, dns: &str, host: &str) -> io::Result<Vec<u8>> {
    let pem = vault.ca_certificate().unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(dns)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(client, socket);
    stream.write_all(call.text(dns).as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

fn send(vault: &Simulator, call: &Call, dns: &str) -> Answer {
    Answer::parse(&exchange(vault, call, dns, "127.0.0.1").unwrap())
}

#[test]
fn all_of_it_is_served_and_named_with_https() {
    let vault = secure();
    let url = vault.url();
    assert_eq!(url, format!("https://{}", vault.dns()));
    let sign_in = post("/api/v26.2/auth").form(&[
        ("username", vault.user_name()),
        ("password", vault.password()),
    ]);
    let signed_in = send(&vault, &sign_in, vault.dns()).assert_success();
    for entry in signed_in["vaultIds"].as_array().unwrap() {
        assert!(text(&entry["url"]).starts_with("https://127.0.0.1:"));
    }
    assert_eq!(signed_in["vaultIds"][0]["url"], format!("{url}/api"));
    let session = text(&signed_in["sessionId"]);
    let versions = send(&vault, &get("/api/").auth(&session), vault.dns());
    assert_eq!(
        versions.json()["values"]["v26.2"],
        format!("{url}/api/v26.2")
    );
    let discovery = post("/auth/discovery?username=veeva.id%40veepharm.com");
    let profiles = send(&vault, &discovery, vault.dns()).json()["data"]["auth_profiles"].clone();
    assert!(text(&profiles[0]["vault_session_endpoint"]).starts_with(&url));

    let create = post(GENERATE).auth(&session).form(&[("name__v", "ci")]);
    let made = send(&vault, &create, vault.dns()).assert_success();
    let me = get(ME).bearer(&text(&made["data"]["token__sys"]));
    send(&vault, &me, &vault.sandbox_dns(SANDBOX).unwrap()).assert_success();
}

#[test]
fn the_certificate_is_for_loopback_by_any_name_and_no_other() {
    let vault = secure();
    let call = get("/api/").auth(&vault.session());
    for host in ["127.0.0.1", "localhost", "::1"] {
        exchange(&vault, &call, vault.dns(), host).unwrap();
    }
    assert!(exchange(&vault, &call, vault.dns(), "veepharm.veevavault.com").is_err());
    assert_eq!(vault.requests().len(), 3);
}

#[test]
fn each_simulator_has_an_authority_of_its_own_and_shows_no_key() {
    let (one, two) = (secure(), secure());
    let pem = one.ca_certificate().unwrap();
    assert_ne!(Some(&pem), two.ca_certificate().as_ref());
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(pem.matches("-----BEGIN").count(), 1);
    assert!(exchange(&one, &get("/api/"), two.dns(), "127.0.0.1").is_err());
    assert!(two.requests().is_empty());
    assert_eq!(Simulator::start().unwrap().ca_certificate(), None);
}

#[test]
fn plain_http_gets_no_answer() {
    let vault = secure();
    let answer = get("/api/").exchange(vault.dns()).unwrap_or_default();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert!(vault.requests().is_empty());
}

#[test]
fn faults_are_played_inside() {
    let vault = secure();
    let create = post(GENERATE)
        .auth(&vault.session())
        .form(&[("name__v", "ci")]);
    let fault = |effect| Fault::new(effect).on(Endpoint::GenerateSandboxToken);
    vault.fault(fault(Effect::CloseAfter).only(1));
    // The end of a connection that TLS did not announce is an error.
    assert!(exchange(&vault, &create, vault.dns(), "127.0.0.1").is_err());
    vault.fault(fault(Effect::PrefixBody { prefix: " ".into() }).only(1));
    let answer = send(&vault, &create, vault.dns());
    assert_eq!(answer.body[0], b' ');
    assert_eq!(vault.tokens(SANDBOX).len(), 2);
}
