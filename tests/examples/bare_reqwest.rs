//! The one POST and nothing around it, as anyone would write it with reqwest: what the program is
//! compared with by `tests/performance/compare.py`. Not an example of how to issue tokens.
//!
//! `bare_reqwest URL OUT`, with `SESSION` and, for https, `CA_FILE` in the environment.

use std::error::Error;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Certificate, Client};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (url, out) = (
        words.next().ok_or("which URL?")?,
        words.next().ok_or("where to?")?,
    );
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = Client::builder();
    if let Ok(path) = std::env::var("CA_FILE") {
        client = client.tls_certs_merge(Certificate::from_pem_bundle(&std::fs::read(path)?)?);
    }
    let answer = client
        .build()?
        .post(url)
        .header(AUTHORIZATION, std::env::var("SESSION")?)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body("name__v=bare&expiry_date__v=2031-01-01T00%3A00%3A00Z")
        .send()
        .await?
        .bytes()
        .await?;
    let answer: Value = serde_json::from_slice(&answer)?;
    let value = answer["data"]["token__sys"].as_str();
    std::fs::write(out, value.ok_or("no token in the answer")?)?;
    Ok(())
}
