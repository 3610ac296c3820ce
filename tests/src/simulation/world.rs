//! Everything outside the machine, and what is true of it.

use std::fmt;

use vault_sandbox_core::TokenId;
use vault_sandbox_core::endpoints::Encoding;
use vault_sandbox_core::issuance::{
    DeliveryState, Intent, Order, Record, Verification, VerifyRule,
};
use vault_sandbox_core::{ApiVersion, Expiry, OperationId};

use super::choices::Choices;
use super::disk::{Disk, Flaw};
use super::vault::ModelVault;

/// A promise that was broken, and the schedule that breaks it.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which promise.
    pub promise: &'static str,
    /// What was seen instead.
    pub seen: String,
    /// What to replay.
    pub schedule: String,
}

impl Violation {
    /// One whose schedule is still to be added.
    pub fn new(promise: &'static str, seen: impl Into<String>) -> Self {
        Self {
            promise,
            seen: seen.into(),
            schedule: String::new(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            promise,
            seen,
            schedule,
        } = self;
        write!(f, "{promise}: {seen} (schedule {schedule})")
    }
}

/// Where a value can go.
#[derive(Debug)]
pub struct Place {
    /// Its words.
    pub name: String,
    /// What is there.
    pub holds: Option<Vec<u8>>,
    /// How often the value was put there since somebody last asked for that.
    pub writes: usize,
    /// It was put there although no mark of that could be written.
    pub is_unmarked: bool,
}

/// The world of one operation: it outlives runs.
#[derive(Debug)]
pub struct World {
    /// The record.
    pub disk: Disk,
    /// Vault.
    pub vault: ModelVault,
    /// Destinations, present and former.
    pub places: Vec<Place>,
    /// Where the value shall be.
    pub wanted: Vec<String>,
    /// Where it should have been before somebody said otherwise, until that is on disk.
    pub wanted_before: Option<Vec<String>>,
    /// What is asked for.
    pub intent: Intent,
    /// The new token was seen to be as asked.
    pub is_proven: bool,
    /// Somebody asked for another destination: what became of those before may not be known.
    pub is_redirected: bool,
    /// Create requests that were begun.
    pub sends: usize,
    /// Whether another may be.
    pub may_send: bool,
    /// Keeping the value was confirmed.
    pub is_kept: bool,
    /// Keeping it failed, which may leave it in the record all the same.
    pub may_be_kept: bool,
    /// Somebody asked Vault to delete the token; whether it did, only Vault knows.
    pub is_revoke_tried: bool,
    /// The value was handed over while nothing at all could be written about it.
    pub is_untraced: bool,
    /// Vault may have deleted the token, and either somebody asked for its delivery after that, or
    /// nothing could be written about it: only trying it out can tell then.
    pub is_life_in_doubt: bool,
}

/// What those who carry out the steps of one run were told so far.
#[derive(Debug, Default)]
pub struct Run {
    /// Steps so far.
    pub steps: usize,
    /// The value arrived, and nothing was tried with it yet.
    pub is_value_loose: bool,
    /// A token exists for certain.
    pub is_issued: bool,
    /// No token exists for certain.
    pub is_refused: bool,
    /// IDs that were heard of.
    pub ids: Vec<TokenId>,
    /// Keeping the value failed.
    pub has_keep_failed: bool,
    /// The last mark could not be written.
    pub has_mark_failed: bool,
    /// The session was called invalid.
    pub is_session_invalid: bool,
    /// The user asked for revoking.
    pub is_revoking: bool,
    /// Vault confirmed a deletion.
    pub is_revoked: bool,
    /// Removing the record failed.
    pub has_forget_failed: bool,
    /// What trying out the token showed.
    pub verification: Option<Verification>,
}

impl World {
    /// Before the first run.
    pub fn new(flaw: Option<Flaw>, choices: &mut Choices) -> Self {
        let plans: [&[&str]; 6] = [
            &["file:a", "-"],
            &["file:a"],
            &["-"],
            &["-", "file:a", "file:b"],
            &["file:a", "file:b"],
            &[],
        ];
        let plan = plans[choices.free(plans.len())];
        let (verify, order, is_replacing) = [
            (VerifyRule::Auto, Order::DeliverFirst, false),
            (VerifyRule::Auto, Order::VerifyFirst, false),
            (VerifyRule::Always, Order::DeliverFirst, false),
            (VerifyRule::Never, Order::DeliverFirst, false),
            (VerifyRule::Auto, Order::DeliverFirst, true),
            (VerifyRule::Always, Order::VerifyFirst, true),
        ][choices.free(6)];
        let vault = ModelVault::default();
        let replaces = is_replacing.then(|| vault.old.clone());
        let wanted: Vec<_> = plan.iter().map(ToString::to_string).collect();
        Self {
            disk: Disk::reserved(flaw),
            vault,
            places: Vec::new(),
            wanted: wanted.clone(),
            wanted_before: None,
            intent: Intent {
                operation: OperationId::from_bytes([1, 2, 3, 4]),
                started: "2026-11-23T18:04:11Z".parse().unwrap(),
                vault: "veepharm.veevavault.com".parse().unwrap(),
                vault_id: None,
                api_version: ApiVersion::V26_2,
                sandbox: "VeePharm Sandbox".parse().unwrap(),
                sandbox_dns: None,
                name: "ci #01020304".parse().unwrap(),
                expiry: Expiry::never(),
                encoding: Encoding::Form,
                destinations: wanted,
                verify,
                order,
                replaces,
            },
            is_proven: false,
            is_redirected: false,
            sends: 0,
            may_send: true,
            is_kept: false,
            may_be_kept: false,
            is_revoke_tried: false,
            is_untraced: false,
            is_life_in_doubt: false,
        }
    }

    /// The place of this name; it comes into being when it is first asked for.
    pub fn place(&mut self, name: &str) -> &mut Place {
        let at = self.places.iter().position(|place| place.name == name);
        let at = at.unwrap_or_else(|| {
            self.places.push(Place {
                name: name.to_owned(),
                holds: None,
                writes: 0,
                is_unmarked: false,
            });
            self.places.len() - 1
        });
        &mut self.places[at]
    }

    /// Whether the value is there.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        let mut there = self.places.iter().filter(|place| place.name == name);
        there.any(|place| place.holds.is_some())
    }

    /// Whether the value is in every destination that it should be in.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        !self.wanted.is_empty() && self.wanted.iter().all(|name| self.holds(name))
    }
}

impl Run {
    /// Whether trying the token out showed that it must not take another's place.
    #[must_use]
    pub fn is_unfit(&self) -> bool {
        matches!(
            self.verification,
            Some(
                Verification::Refused
                    | Verification::OtherVault
                    | Verification::ExpiryDiffers { .. }
            )
        )
    }

    /// One that goes on from a record.
    #[must_use]
    pub fn resumed(record: &Record) -> Self {
        let token = record.token.as_ref();
        let ids = token.and_then(|token| token.id()).into_iter();
        let was_delivering = record
            .deliveries
            .iter()
            .any(|delivery| delivery.state != DeliveryState::Planned);
        Self {
            is_issued: token.is_some() || !record.lost.is_empty() || was_delivering,
            ids: ids.chain(&record.lost).cloned().collect(),
            ..Self::default()
        }
    }
}
