//! Everything outside the machine, and what is true of it.

use std::fmt;

use vault_sandbox_core::issuance::{
    DeliveryState, Intent, Journal, Order, Record, Verification, VerifyRule,
};
use vault_sandbox_core::{Expiry, OperationId, TokenId, VaultId};

use super::choices::Choices;
use super::disk::{Disk, File, Flaw};
use super::driver::Start;
use super::rare::{Rare, Rares};
use super::vault::{ModelVault, Owner, old};

/// The parent Vault.
pub const PARENT: VaultId = VaultId::new(1);
/// The sandbox's own.
pub const SANDBOX: VaultId = VaultId::new(2);

const PLANS: [&[&str]; 6] = [
    &["file:a", "-"],
    &["file:a"],
    &["-"],
    &["-", "file:a", "file:b"],
    &["file:a", "file:b"],
    &[],
];

/// Whether the token is tried out, and when, and whether it takes another's place.
const RULES: [(VerifyRule, Order, bool); 6] = [
    (VerifyRule::Auto, Order::DeliverFirst, false),
    (VerifyRule::Auto, Order::VerifyFirst, false),
    (VerifyRule::Always, Order::DeliverFirst, false),
    (VerifyRule::Never, Order::DeliverFirst, false),
    (VerifyRule::Auto, Order::DeliverFirst, true),
    (VerifyRule::Always, Order::VerifyFirst, true),
];

/// A promise that was broken, and the schedule that breaks it.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which promise.
    pub promise: &'static str,
    /// What was seen instead.
    pub seen: String,
    /// What to replay.
    pub schedule: String,
    /// What happened before, in words, if that was asked for.
    pub trace: String,
}

impl Violation {
    /// One whose schedule is still to be added.
    pub fn new(promise: &'static str, seen: impl Into<String>) -> Self {
        Self {
            promise,
            seen: seen.into(),
            schedule: String::new(),
            trace: String::new(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            promise,
            seen,
            schedule,
            ..
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
    /// It was opened: the value was there, or beside it, or was about to be.
    pub is_opened: bool,
    /// It was opened although no mark of that could be written.
    pub is_unnoted: bool,
    /// A run that was cut off left a temporary file beside it.
    pub has_temporary: bool,
    /// The last delivery there failed.
    pub has_failed: bool,
}

/// The world of one operation: it outlives runs.
#[derive(Debug)]
pub struct World {
    /// The record.
    pub disk: Disk,
    /// What writes it, in the present run.
    pub journal: Option<Journal<File>>,
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
    /// The value was in memory once.
    pub was_at_hand: bool,
    /// Tokens that a person named as this operation's.
    pub named: Vec<TokenId>,
    /// Somebody else removed or emptied the record, or a person had it forgotten.
    pub is_meddled: bool,
    /// The record as a newer version left it: from then on it is left alone.
    pub newer: Option<Vec<u8>>,
    /// The record up to a line that another version added: it is there as long as the record.
    pub added: Option<Vec<u8>>,
    /// What happened that is rare.
    pub rares: Rares,
    /// What happened, in words, if somebody wants to know.
    pub trace: Option<String>,
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
    /// IDs that Vault answered, or that the record knows for certain.
    pub ids: Vec<TokenId>,
    /// The last look-up has to be certain.
    pub is_certain: bool,
    /// The last look-up showed ours among others that may be it.
    pub is_ours_shown: bool,
    /// A person said which token it is, in this run.
    pub is_identified: bool,
    /// Somebody else does this to the record, before this step.
    pub meddling: Option<(usize, bool)>,
    /// What the last step wrote on disk for certain was that nothing is to be delivered.
    pub is_renounced: bool,
    /// Keeping the value failed.
    pub has_keep_failed: bool,
    /// The last mark could not be written.
    pub has_mark_failed: bool,
    /// The session was called invalid.
    pub is_session_invalid: bool,
    /// The user asked for revoking.
    pub is_revoking: bool,
    /// The token was to be deleted.
    pub is_revoke_begun: bool,
    /// Vault confirmed a deletion.
    pub is_revoked: bool,
    /// Removing the record failed.
    pub has_forget_failed: bool,
    /// What trying out the token showed.
    pub verification: Option<Verification>,
}

impl World {
    /// Before the first run.
    pub fn new(flaw: Option<Flaw>, start: Start, choices: &Choices) -> Self {
        let (plan, (verify, order, is_replacing)) = match start {
            Start::Fresh => (
                PLANS[choices.free(PLANS.len())],
                RULES[choices.free(RULES.len())],
            ),
            Start::Middle => (PLANS[0], RULES[[0, 4, 5][choices.free(3)]]),
        };
        let has_own_name = choices.free(2) == 0;
        let name = if has_own_name { "ci #01020304" } else { "ci" };
        let has_old_name = is_replacing && choices.free(2) == 1;
        let vault = ModelVault::new(name, has_old_name, start, choices);
        let wanted: Vec<_> = plan.iter().map(ToString::to_string).collect();
        let intent = Intent::new(
            OperationId::from_bytes([1, 2, 3, 4]),
            "2026-11-23T18:04:11Z".parse().unwrap(),
            "veepharm.veevavault.com".parse().unwrap(),
            "VeePharm Sandbox".parse().unwrap(),
            name.parse().unwrap(),
            Expiry::never(),
        )
        .vault_id(Some(PARENT))
        .sandbox_vault_id(Some(SANDBOX))
        .destinations(wanted.clone())
        .verify(verify)
        .order(order)
        .replaces(is_replacing.then(old));
        Self {
            disk: Disk::new(flaw, choices),
            journal: None,
            vault,
            places: Vec::new(),
            wanted,
            wanted_before: None,
            intent,
            is_proven: false,
            is_redirected: false,
            sends: 0,
            may_send: true,
            is_kept: false,
            may_be_kept: false,
            is_revoke_tried: false,
            is_untraced: false,
            is_life_in_doubt: false,
            was_at_hand: false,
            named: Vec::new(),
            is_meddled: false,
            newer: None,
            added: None,
            rares: Rares::default(),
            trace: None,
        }
    }

    /// It happened.
    pub fn saw(&mut self, rare: Rare) {
        self.rares.saw(rare);
    }

    /// Adds to the trace, if there is one.
    pub fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push_str(&line());
            trace.push('\n');
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
                is_opened: false,
                is_unnoted: false,
                has_temporary: false,
                has_failed: false,
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

    /// Whether a person named a token that is not this operation's.
    #[must_use]
    pub fn is_misnamed(&self) -> bool {
        let is_another = |id: &TokenId| self.vault.owner(id) == Some(Owner::Stranger);
        self.named.iter().any(is_another)
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

    /// The first.
    #[must_use]
    pub fn begun(choices: &Choices) -> Self {
        // Somebody else removes or empties the record, before this step.
        let meddling = match choices.fault(3) {
            0 => None,
            kind => Some((3 + choices.free(12), kind == 2)),
        };
        Self {
            meddling,
            ..Self::default()
        }
    }

    /// One that goes on from a record.
    #[must_use]
    pub fn resumed(record: &Record, choices: &Choices) -> Self {
        let token = record.token.as_ref();
        let ids = token.and_then(|token| token.id()).into_iter();
        let was_delivering = record
            .deliveries
            .iter()
            .any(|delivery| delivery.state != DeliveryState::Planned);
        Self {
            is_issued: token.is_some() || record.lost.is_some() || was_delivering,
            ids: ids.chain(&record.lost).cloned().collect(),
            ..Self::begun(choices)
        }
    }
}
