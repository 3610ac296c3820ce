//! A kept session that has ended is renewed by the profile's command.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use vault_sandbox_core::VaultDns;
use vault_sandbox_issuer::access::{Credential, OpenedSession, Renewal, RenewalError};

use crate::credentials::{self, Found, Means};
use crate::problem::ProblemError;
use crate::sessions::{KeptSession, Sessions};
use crate::settings::Settings;
use crate::voice::Voice;

pub(super) struct ByCommand {
    settings: Settings,
    dns: VaultDns,
    found: Arc<Mutex<Found>>,
    voice: Voice,
}

impl ByCommand {
    pub(super) fn new(
        settings: &Settings,
        dns: &VaultDns,
        found: &Arc<Mutex<Found>>,
        voice: &Voice,
    ) -> Self {
        Self {
            settings: settings.clone(),
            dns: dns.clone(),
            found: Arc::clone(found),
            voice: voice.clone(),
        }
    }

    fn run(&self) -> Result<Option<Credential>, RenewalError> {
        let command = credentials::by_command(&self.settings, &self.dns, &self.voice);
        let found = command.map_err(|problem| Box::new(ProblemError(problem)))?;
        Ok(found.map(|found| {
            self.voice.verbose(&format!(
                "The kept session has ended; signing in by {}.",
                found.source
            ));
            found.means.credential()
        }))
    }
}

impl Renewal for ByCommand {
    fn credential<'a>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Credential>, RenewalError>> + Send + 'a>> {
        Box::pin(ready(self.run()))
    }

    fn opened(&self, opened: &OpenedSession) {
        let kept = KeptSession {
            vault: self.dns.clone(),
            vault_id: opened.vault_id,
            user: opened.user.clone(),
            session: opened.session.clone(),
            signed_in: Utc::now(),
        };
        let written = self.settings.state_dir().and_then(|state_dir| {
            let sessions = Sessions::new(&state_dir, &self.settings.typed);
            sessions.reserve(&self.dns)?.keep(&kept)
        });
        if let Err(problem) = written {
            self.voice
                .warning(&format!("the new session is not kept: {}", problem.what));
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.means = Means::Kept(Box::new(kept));
    }
}
