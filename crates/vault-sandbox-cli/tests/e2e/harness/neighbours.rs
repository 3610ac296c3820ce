//! Tokens that others made: another machine of the same user, or another user of the Vault.

use vault_sandbox_simulator::TokenRecord;

use super::{SANDBOX, World};

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Neighbour {
    /// The same user, elsewhere.
    SameUser,
    /// An administrator, whose tokens nobody else sees.
    Administrator,
}

/// How long it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expires {
    /// As long as one that is asked for without a word about it.
    AsUsual,
    /// Much sooner.
    Sooner,
}

impl World {
    /// What signs in as an administrator, who sees everybody's tokens.
    pub(crate) fn administrator(&self) -> &'static str {
        "vault.owner@veepharm.com"
    }

    /// A token of this name that somebody else made, with a state directory and a file that are not
    /// searched for what this program left. One that is used was seen to work.
    pub(crate) fn neighbours_token(
        &self,
        whose: Neighbour,
        name: &str,
        expires: Expires,
        is_used: bool,
    ) -> TokenRecord {
        let state = self.input("elsewhere", b"");
        let (state, file) = (format!("{state}.state"), format!("{state}.token"));
        let user = match whose {
            Neighbour::SameUser => self.vault.user_name().to_owned(),
            Neighbour::Administrator => self.administrator().to_owned(),
        };
        let expires = match expires {
            Expires::AsUsual => "90d",
            Expires::Sooner => "9d",
        };
        let verify = if is_used { "always" } else { "never" };
        let words = [
            "token",
            "create",
            SANDBOX,
            "--name",
            name,
            "--expires",
            expires,
            "--verify",
            verify,
            "--state-dir",
            &state,
            "-o",
            &file,
        ];
        let before = self.vault.tokens(SANDBOX);
        let ran = self.run(&words).env("VAULT_SANDBOX_USER", user).go();
        assert_eq!(ran.code(), 0, "{}", ran.said());
        let mut now = self.vault.tokens(SANDBOX);
        now.retain(|token| before.iter().all(|other| other.id != token.id));
        let token = now.pop().unwrap();
        assert_eq!(token.last_used.is_some(), is_used);
        token
    }

    /// The IDs of the tokens that there are, in their order.
    pub(crate) fn token_ids(&self) -> Vec<String> {
        let tokens = self.vault.tokens(SANDBOX).into_iter();
        tokens.map(|token| token.id).collect()
    }
}
