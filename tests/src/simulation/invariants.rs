//! What is promised, as checks. Each speaks of what is true in the world, not of how the machine works.

use vault_sandbox_core::TokenId;
use vault_sandbox_core::endpoints::TokenRecord;
use vault_sandbox_core::issuance::{DeliveryState, Record, Step};

use super::protocol::Protocol;
use super::vault::Owner;
use super::world::{Place, Run, Violation, World};

pub(super) const ONCE: &str =
    "once: no request is sent after one that was, or may have been, carried out";
pub(super) const TRACE: &str =
    "trace: nothing is asked without an intent that survives a loss of power";
pub(super) const VALUE: &str =
    "value: it is kept before anything else is tried, and until it is everywhere";
pub(super) const KNOWN: &str =
    "known: a token that exists is in every destination, or has its record";
pub(super) const TWICE: &str = "delivered: nothing is delivered twice";
pub(super) const PLACES: &str = "places: the value is where it is said to be";
pub(super) const OURS: &str = "ours: no token is touched that may be somebody else's";
pub(super) const REPLACED: &str =
    "replaced: the old token works until the new one was seen to work and is everywhere";
pub(super) const OTHERS: &str = "others: what other versions wrote is passed over, or left alone";
pub(super) const TRUE: &str = "outcome: it agrees with the truth";

pub(super) fn ensure(holds: bool, promise: &'static str, seen: &str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(promise, seen))
    }
}

/// Before a step is carried out.
///
/// # Errors
///
/// It breaks a promise.
pub fn before(step: &Step<'_>, world: &World, run: &Run) -> Result<(), Violation> {
    if run.is_value_loose && !matches!(step, Step::Keep(_)) {
        return Err(Violation::new(VALUE, format!("{step:?} comes first")));
    }
    match step {
        Step::Send(request) => {
            let safe = world.disk.safe();
            let is_there = safe.is_some_and(|record| record.intent == world.intent);
            ensure(is_there || world.is_meddled, TRACE, "there is none")?;
            ensure(*request == world.intent.request(), TRACE, "it is another")?;
            ensure(world.may_send, ONCE, "another is sent")
        }
        Step::Deliver { .. } if world.intent.replaces.is_some() => {
            ensure(world.is_proven, REPLACED, "it was not seen to work")
        }
        Step::Retire(id) => {
            let is_old = world.intent.replaces.as_ref() == Some(id);
            ensure(is_old, OURS, "another one would be deleted")?;
            ensure(world.is_proven, REPLACED, "it was not seen to work")?;
            ensure(world.is_delivered(), REPLACED, "it is not everywhere")
        }
        Step::Revoke(id) => {
            let is_unproven = run.is_unfit() || (run.has_keep_failed && !world.is_proven);
            let is_rejected = world.intent.replaces.is_some() && is_unproven;
            let is_asked = run.is_revoking || is_rejected;
            ensure(is_asked, KNOWN, "nobody asked for revoking")?;
            ensure(may_be_called_ours(id, world), OURS, "it would be revoked")
        }
        _ => Ok(()),
    }
}

/// After every step, crash and restart.
///
/// # Errors
///
/// A promise is broken.
pub fn always(world: &World) -> Result<(), Violation> {
    let live = world.vault.ours().filter(|token| token.is_live);
    ensure(live.count() <= 1, ONCE, "there are two tokens")?;
    for token in &world.vault.tokens {
        let is_named = world.named.contains(&token.id);
        let is_theirs = token.owner == Owner::Stranger && !is_named;
        ensure(token.is_live || !is_theirs, OURS, "it was deleted")?;
    }
    let is_beyond_us = world.is_meddled || world.newer.is_some();
    if world.vault.has_live() && !world.is_delivered() && !is_beyond_us {
        let Some(record) = world.disk.safe() else {
            return ensure(world.is_misnamed(), KNOWN, "there is no record");
        };
        if world.is_kept {
            ensure(has_value(&record, world), VALUE, "the record has lost it")?;
        }
    }
    others(world)?;
    for place in &world.places {
        let Some(held) = &place.holds else { continue };
        let genuine = world.vault.last();
        let is_genuine = genuine.is_some_and(|token| token.value.as_bytes() == held);
        ensure(is_genuine, PLACES, "another value was delivered")?;
        ensure(place.writes <= 1 || place.is_unmarked, TWICE, &place.name)?;
    }
    Ok(())
}

/// What other versions wrote is read, passed over or left alone.
fn others(world: &World) -> Result<(), Violation> {
    if world.is_meddled {
        return Ok(());
    }
    if let Some(bytes) = &world.newer {
        let is_same = world.disk.bytes().is_some_and(|seen| seen == *bytes);
        ensure(is_same, OTHERS, "a newer record was changed")?;
    }
    if let Some(bytes) = &world.added
        && world.disk.seen().is_some()
    {
        ensure(world.disk.begins_with(bytes), OTHERS, "a line has gone")?;
    }
    Ok(())
}

/// A record is closed: nothing that was opened for it is left.
///
/// # Errors
///
/// A temporary file is.
pub fn swept(world: &World) -> Result<(), Violation> {
    let left = |place: &Place| place.has_temporary && !place.is_unnoted;
    ensure(
        !world.places.iter().any(left),
        PLACES,
        "a temporary file is left",
    )
}

/// What the machine says of itself, after every step.
///
/// # Errors
///
/// It is not so.
pub fn claims(machine: &impl Protocol, world: &World) -> Result<(), Violation> {
    for delivery in machine.deliveries() {
        if delivery.state == DeliveryState::Committed {
            ensure(
                world.holds(&delivery.destination),
                PLACES,
                "it is not there",
            )?;
        }
    }
    let known = machine.places();
    for place in &world.places {
        let is_known = !place.is_opened || known.contains(&place.name);
        ensure(is_known || place.is_unnoted, PLACES, "one is forgotten")?;
    }
    let is_old = |record: &TokenRecord| world.intent.replaces.as_ref() == Some(&record.id);
    let names_old = machine.candidates().iter().any(is_old);
    ensure(!names_old, OURS, "the replaced one is a candidate")
}

/// The destinations of a machine that goes on from a record.
///
/// # Errors
///
/// They are not those that are wanted.
pub fn plan(machine: &impl Protocol, wanted: &[String]) -> Result<(), Violation> {
    let names = machine.deliveries().iter().map(|d| &d.destination);
    ensure(
        names.eq(wanted),
        PLACES,
        "destinations are forgotten or made up",
    )
}

/// Whether a token may be called this operation's, and deleted: it is, or a person said so.
pub(super) fn may_be_called_ours(id: &TokenId, world: &World) -> bool {
    world.vault.owner(id) == Some(Owner::Ours) || world.named.contains(id)
}

pub(super) fn has_value(record: &Record, world: &World) -> bool {
    let minted = world.vault.last();
    record
        .token
        .as_ref()
        .zip(minted)
        .is_some_and(|(kept, token)| kept.value().expose() == token.value)
}
