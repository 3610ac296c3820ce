//! What the library tells of, in words.

use vault_sandbox_issuer::observer::{Notice, Observer, Secret};

use crate::voice::Voice;

impl Observer for Voice {
    fn notice(&self, notice: Notice<'_>) {
        match notice {
            Notice::Secret(secret @ Secret::Token(operation, _)) => {
                self.learn_of(operation, |scrubber| secret.hide_in(scrubber));
            }
            Notice::Secret(secret) => self.learn(|scrubber| secret.hide_in(scrubber)),
            Notice::SigningIn { vault, user } => {
                self.verbose(&format!("Signing in to {vault} as {user}."));
            }
            Notice::ExchangingToken { login, vault } => self.verbose(&format!(
                "Exchanging the identity provider's token at {login} for a session of {vault}."
            )),
            Notice::VaultNotCompared => self.warning(
                &"Vault did not say which one it is, so its number was not compared with the profile's vault_id.",
            ),
            Notice::Exchange(exchange) => self.wire(&exchange),
            Notice::LookingUp(name) => self.say(&format!(
                "Looking for a token named {:?} in the sandbox.",
                name.as_str()
            )),
            Notice::Grace { old, grace } => self.say(&format!(
                "The new token is in its place. The old one, {old}, keeps working for {}; Ctrl-C leaves it as it is.",
                humantime::format_duration(grace)
            )),
            Notice::WaitingForAnswer => self.waits_for_answer(),
            _ => {}
        }
    }
}
