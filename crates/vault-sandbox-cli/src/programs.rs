//! Programs that are run for us, and what they wrote.

use std::ffi::OsString;
use std::sync::LazyLock;

use vault_sandbox_core::redact::escape;
use vault_sandbox_issuer::child::Programs;

use crate::voice::Voice;

/// Those of PATH, without our secrets in their environment.
static KNOWN: LazyLock<Programs> = LazyLock::new(|| {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let ours = std::env::vars_os().map(|(name, _)| name);
    Programs::new()
        .search(std::env::split_paths(&path))
        .without(ours.filter(is_secret))
});

/// The programs that may be run, and how.
pub(crate) fn known() -> &'static Programs {
    &KNOWN
}

/// What one wrote to stderr, scrubbed.
pub(crate) fn show_output(output: &[u8], voice: &Voice) {
    for line in voice.scrub(&String::from_utf8_lossy(output)).lines() {
        voice.say(&format!("  {}", escape(line)));
    }
}

/// What of our environment holds, or names, a credential.
fn is_secret(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    let Some(ours) = name.strip_prefix("VAULT_SANDBOX_") else {
        return false;
    };
    [
        "SESSION_ID",
        "TOKEN",
        "PASSWORD",
        "OAUTH_TOKEN",
        "SANDBOX_TOKEN",
    ]
    .iter()
    .any(|secret| ours.starts_with(secret))
}
