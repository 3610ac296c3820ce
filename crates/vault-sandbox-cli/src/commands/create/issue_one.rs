//! Issues one token, by itself or as one of many.

use std::sync::Arc;
use std::time::Duration;

use vault_sandbox_core::Error;
use vault_sandbox_core::issuance::many::TurnEnd;
use vault_sandbox_core::issuance::{Issuance, Outcome};
use vault_sandbox_issuer::aside::Waiting;
use vault_sandbox_issuer::issuing::Driver;

use super::Replacing;
use super::item::{Item, Terms};
use super::limit;
use super::places::Places;
use crate::commands::Context;
use crate::connection::Connection;
use crate::destinations;
use crate::issue::{Hands, Progress, SandboxFacts};
use crate::problem::Problem;
use crate::report::{Frame, Report, VaultFacts};
use crate::signals::Signals;

/// What came of it.
pub(super) struct Ended {
    frame: Arc<Frame>,
    issuance: Issuance,
    outcome: Outcome,
    pub(super) progress: Progress,
}

impl Ended {
    pub(super) fn turn_end(&self) -> TurnEnd {
        TurnEnd::of(&self.outcome)
    }

    pub(super) fn report(&self) -> Report<'_> {
        self.frame
            .report(&self.issuance, &self.outcome, &self.progress)
    }
}

/// What each token is issued with.
pub(super) struct Issuing<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) terms: &'a Terms,
    pub(super) connection: &'a Connection,
    pub(super) replacing: Option<&'a Replacing>,
    pub(super) waiting: Waiting,
}

impl Issuing<'_> {
    /// Issues one. Its places are open; nothing is asked of Vault but what the protocol says.
    pub(super) async fn issue(
        &self,
        item: &Item,
        sandbox: &SandboxFacts,
        places: Places,
        signals: Signals,
    ) -> Result<Ended, Problem> {
        let (context, connection) = (self.context, self.connection);
        let frame = Arc::new(Frame {
            voice: context.voice.clone(),
            typed: context.settings.typed.clone(),
            command: self.terms.command,
            simulated: connection.is_simulated(),
            sandbox: sandbox.clone(),
            vault: VaultFacts::of(connection),
            shown: item.destinations.iter().map(ToString::to_string).collect(),
            record: places.record.path().display().to_string(),
        });
        let ledger = match connection.is_simulated() {
            true => None,
            false => Some(context.settings.state()?.ledger()),
        };
        let hands = Hands {
            frame: Arc::clone(&frame),
            settings: context.settings.clone(),
        };
        let replacing = self.replacing;
        let grace = replacing.map_or(Duration::ZERO, |replacing| replacing.grace);
        let driver = Driver::new(
            connection.access().clone(),
            signals.into_stop(),
            places.record,
            destinations::kinds(),
        )
        .opened(places.opened)
        .sandbox(sandbox.dns.clone())
        .timeout(context.settings.timeout)
        .ledger(ledger)
        .grace(grace)
        .waiting(self.waiting)
        .handover(Arc::new(hands.clone()));
        let intent = item.intent(context, self.terms, connection, sandbox);
        let ended = driver.run(Issuance::new(intent)).await;
        let mut progress = hands.progress(&ended.issuance, &ended.progress);
        let refused = progress.call.as_deref();
        if refused.is_some_and(Error::may_be_about_the_limit) {
            let full = limit::full_house(connection, sandbox).await;
            progress.is_full = full.is_some();
            progress.warnings.extend(full);
        }
        Ok(Ended {
            frame,
            issuance: ended.issuance,
            outcome: ended.outcome,
            progress,
        })
    }
}
