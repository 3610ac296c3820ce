//! Any bytes as a file of variables: no panic; what was set is read back, and setting it again
//! changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
// What the two modules find above them at home.
use vault_sandbox_issuer::destinations::EnvTextError;

#[allow(dead_code)]
#[path = "../../../crates/vault-sandbox-issuer/src/destinations/words.rs"]
mod words;

#[allow(dead_code)]
#[path = "../../../crates/vault-sandbox-issuer/src/destinations/env_text.rs"]
mod env_text;

fuzz_target!(|content: &[u8]| {
    let had_it = env_text::holds(content, "TOKEN", "veeva-vault-new");
    let Ok(new) = env_text::with_variable(content, "TOKEN", "veeva-vault-new") else {
        assert!(!had_it);
        return;
    };
    assert!(env_text::holds(&new, "TOKEN", "veeva-vault-new"));
    let again = env_text::with_variable(&new, "TOKEN", "veeva-vault-new").expect("it was set before");
    assert_eq!(again, new, "setting it again changes nothing");
});
