//! What this program adds to the issuing of a token: what it knows of the sandbox, its words for what
//! happened on the way, and what is done around handing the value over.

use std::collections::BTreeMap;
use std::sync::Arc;

use vault_sandbox_core::issuance::{Issuance, Removal};
use vault_sandbox_core::{AccessToken, Error, TokenId, VaultDns, VaultId};
use vault_sandbox_issuer::destinations::Report;
use vault_sandbox_issuer::issuing::{self, Handover};

use crate::ci;
use crate::connection;
use crate::destinations::Destination;
use crate::exit::Exit;
use crate::problem::{Problem, exit_of};
use crate::programs;
use crate::report::{Frame, ResultObject};
use crate::settings::Settings;
use crate::signals::Asked;
use crate::words;

/// What is known of the sandbox itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct SandboxFacts {
    pub(crate) dns: Option<VaultDns>,
    pub(crate) vault_id: Option<VaultId>,
    pub(crate) status: Option<String>,
    /// Somebody said where it is; the next command has to be told again.
    pub(crate) is_given: bool,
}

/// What happened on the way, in words, for the report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// Why the creating call did not give a token.
    pub(crate) call: Option<Arc<Error>>,
    /// What signing in again led to, where that was tried.
    pub(crate) sign_in: Option<Problem>,
    /// Why the record could not be written.
    pub(crate) record: Option<String>,
    pub(crate) stopped: Option<Asked>,
    pub(crate) warnings: Vec<String>,
    /// Why a destination does not have the value, by its index.
    pub(crate) failures: BTreeMap<usize, String>,
    /// What became of the new token, once it was to be deleted.
    pub(crate) revoked: Option<Removal>,
    /// The token that a person named, once it was looked for.
    pub(crate) unseen: Option<TokenId>,
    /// The user has as many tokens as a user may have.
    pub(crate) is_full: bool,
    /// The result was written to stdout already.
    pub(crate) reported: bool,
}

impl Progress {
    /// What the library saw, in this program's words.
    fn of(seen: &issuing::Progress, settings: &Settings) -> Self {
        let failures = seen.failures.iter();
        let sign_in = seen.sign_in.as_deref();
        Self {
            call: seen.call.clone(),
            sign_in: sign_in.map(|error| connection::problem(error, settings)),
            record: seen.record.as_deref().map(words::not_written),
            stopped: seen.stopped.map(Asked::from),
            warnings: seen.remarks.iter().map(|it| words::remark(it)).collect(),
            failures: failures
                .map(|(index, why)| (*index, words::not_delivered(why)))
                .collect(),
            revoked: seen.revoked,
            unseen: seen.unseen.clone(),
            is_full: false,
            reported: false,
        }
    }

    /// Why nothing was issued, as far as it was seen here.
    pub(crate) fn refusal(&self) -> Option<Exit> {
        if let Some(problem) = &self.sign_in {
            return Some(problem.exit);
        }
        self.call
            .as_deref()
            .map(exit_of)
            .or(self.stopped.map(Asked::exit))
    }
}

/// What is done around handing a value over.
#[derive(Clone)]
pub(crate) struct Hands {
    /// For destinations that take the result around the value.
    pub(crate) frame: Arc<Frame>,
    pub(crate) settings: Settings,
}

impl Hands {
    /// What happened on the way, once it has come to an end.
    pub(crate) fn progress(&self, issuance: &Issuance, seen: &issuing::Progress) -> Progress {
        let deliveries = issuance.deliveries();
        let is_stdout = |index: &usize| {
            let delivery = deliveries.get(*index);
            let place = delivery.map(|delivery| Destination::parse(&delivery.destination));
            place.is_some_and(|place| place.is_ok_and(|place| place.is_stdout()))
        };
        Progress {
            reported: self.settings.is_json() && seen.delivered.iter().any(is_stdout),
            ..Progress::of(seen, &self.settings)
        }
    }
}

impl Handover for Hands {
    fn before_first(&self, value: &AccessToken) -> Option<String> {
        ci::mask(value)
    }

    fn report(&self, report: Report, progress: &issuing::Progress) -> Report {
        report.with(ResultObject {
            frame: Arc::clone(&self.frame),
            progress: Progress::of(progress, &self.settings),
            stdout_is_json: self.settings.is_json(),
        })
    }

    fn after(&self, report: &Report) {
        programs::show_output(&report.take_output(), &self.frame.voice);
    }
}
