//! A kept session that has ended is renewed by the profile's command.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use vault_sandbox_core::VaultDns;
use vault_sandbox_issuer::access::{Credential, OpenedSession, Renewal, RenewalError};
use vault_sandbox_issuer::state::KeptSession;

use crate::credentials::{self, Found, Means};
use crate::problem::ProblemError;
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
        let (dns, session) = (self.dns.clone(), opened.session.clone());
        let kept = KeptSession::new(dns, opened.vault_id, session, Utc::now());
        let kept = kept.user(opened.user.clone());
        let written = self.settings.state().and_then(|state| {
            let reserved = state.sessions().reserve(&self.dns)?;
            Ok(reserved.keep(&kept)?)
        });
        if let Err(problem) = written {
            self.voice
                .warning(&format!("the new session is not kept: {}", problem.what));
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.means = Means::Kept(Box::new(kept));
    }
}
