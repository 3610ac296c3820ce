//! What is promised, as checks. Each speaks of what is true in the world, not of how the machine works.

use vault_sandbox_core::TokenId;
use vault_sandbox_core::issuance::{
    DeliveryState, NotIssued, Outcome, Record, Step, Verification, VerifyRule,
};

use super::protocol::Protocol;
use super::world::{Place, Run, Violation, World};

const ONCE: &str = "once: no request is sent after one that was, or may have been, carried out";
const TRACE: &str = "trace: nothing is asked without an intent that survives a loss of power";
const VALUE: &str = "value: it is kept before anything else is tried, and until it is everywhere";
const KNOWN: &str = "known: a token that exists is in every destination, or has its record";
const TWICE: &str = "delivered: nothing is delivered twice";
const PLACES: &str = "places: the value is where it is said to be";
const OURS: &str = "ours: no token is touched that may be somebody else's";
const REPLACED: &str =
    "replaced: the old token works until the new one was seen to work and is everywhere";
const TRUE: &str = "outcome: it agrees with the truth";

fn ensure(holds: bool, promise: &'static str, seen: &str) -> Result<(), Violation> {
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
            let safe = world.disk.safe().map(|record| &record.intent);
            ensure(safe == Some(&world.intent), TRACE, "there is none")?;
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
        Step::Revoke(ids) => {
            let is_unproven = run.is_unfit() || (run.has_keep_failed && !world.is_proven);
            let is_rejected = world.intent.replaces.is_some() && is_unproven;
            let is_asked = run.is_revoking || is_rejected;
            ensure(is_asked, KNOWN, "nobody asked for revoking")?;
            let is_foreign = ids.contains(&world.vault.foreign);
            ensure(!is_foreign, OURS, "somebody else's would be revoked")
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
    let live = world.vault.minted.iter().filter(|token| token.is_live);
    ensure(live.count() <= 1, ONCE, "there are two tokens")?;
    if world.vault.has_live() && !world.is_delivered() {
        let Some(record) = world.disk.safe() else {
            return Err(Violation::new(KNOWN, "there is no record"));
        };
        if world.is_kept {
            ensure(has_value(record, world), VALUE, "the record has lost it")?;
        }
    }
    for place in &world.places {
        let Some(held) = &place.holds else { continue };
        let genuine = world.vault.minted.last();
        let is_genuine = genuine.is_some_and(|token| token.value.as_bytes() == held);
        ensure(is_genuine, PLACES, "another value was delivered")?;
        ensure(place.writes <= 1 || place.is_unmarked, TWICE, &place.name)?;
    }
    Ok(())
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
    Ok(())
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

/// At the end of a run.
///
/// # Errors
///
/// The outcome is not true, or does not say where the value is.
pub fn outcome(
    outcome: &Outcome,
    machine: &impl Protocol,
    world: &World,
    run: &Run,
) -> Result<(), Violation> {
    let has_live = world.vault.has_live();
    let was_minted = has_live || (!world.vault.minted.is_empty() && world.is_revoke_tried);
    let is_closed = !world.disk.has_file() || run.has_forget_failed;
    match outcome {
        Outcome::Issued => {
            let is_tried = world.intent.verify != VerifyRule::Never;
            let is_blind = was_minted && world.is_life_in_doubt && !(is_tried && is_confirmed(run));
            ensure(has_live || is_blind, TRUE, "there is no token")?;
            ensure(world.is_delivered(), PLACES, "issued, but not delivered")?;
            ensure(is_closed, PLACES, "issued, but still in the record")?;
            let is_replaced = world.intent.replaces.is_none() || !world.vault.is_old_live;
            ensure(is_replaced, REPLACED, "issued, but the old one is there")?;
            ensure(!is_mismatch(world, run), TRUE, "it is not as asked")
        }
        Outcome::OldRemains => {
            let is_replacing = world.intent.replaces.is_some();
            ensure(is_replacing, TRUE, "there is no old one")?;
            ensure(world.is_delivered(), PLACES, "not delivered")?;
            ensure(is_closed, PLACES, "delivered, but still in the record")
        }
        Outcome::Mismatch => {
            ensure(was_minted, TRUE, "there is no token")?;
            ensure(world.is_delivered(), PLACES, "not delivered")?;
            ensure(is_closed, PLACES, "delivered, but still in the record")?;
            ensure(is_mismatch(world, run), TRUE, "it is as asked")
        }
        Outcome::NotIssued(why) => {
            ensure(!has_live, TRUE, "not issued, but there is a token")?;
            let is_never_sent = world.sends == 0;
            ensure(*why != NotIssued::NoTrace || is_never_sent, TRUE, "sent")?;
            let is_unfit = *why == NotIssued::Unfit;
            let is_revoked = *why == NotIssued::Revoked || is_unfit;
            ensure(is_revoked == run.is_revoked, TRUE, "revoked or not?")?;
            let touched = |place: &Place| place.holds.is_some() && !place.is_unmarked;
            let is_touched = world.places.iter().any(touched);
            let may_be_touched = !is_unfit || world.is_redirected;
            ensure(
                may_be_touched || !is_touched,
                REPLACED,
                "unfit, but delivered",
            )?;
            // Whoever asks for revoking, or for another place, may do so when it is gone already.
            let is_left = world.vault.is_old_live || run.is_revoking || world.is_redirected;
            ensure(is_left, REPLACED, "it is gone")
        }
        Outcome::Undelivered => {
            ensure(was_minted, TRUE, "there is no token")?;
            let is_hopeless = world.intent.replaces.is_some() && run.is_unfit();
            let is_known = run.ids.len() == 1;
            let is_dealt_with = !is_hopeless || !is_known || world.is_revoke_tried;
            ensure(is_dealt_with, REPLACED, "it will not do, and stays")?;
            let all = machine.deliveries();
            let is_everywhere = all.iter().all(|d| d.state == DeliveryState::Committed);
            ensure(all.is_empty() || !is_everywhere, TRUE, "it is everywhere")?;
            let safe = world.disk.safe();
            ensure(safe.is_some(), KNOWN, "undelivered, and no record")?;
            let is_there = safe.is_some_and(|record| has_value(record, world));
            ensure(is_there || !machine.is_kept(), PLACES, "said to be kept")
        }
        Outcome::ValueLost(ids) => {
            ensure(was_minted, TRUE, "there is no token")?;
            ensure(world.disk.safe().is_some(), KNOWN, "lost, and no record")?;
            let heard = run.ids.iter().all(|id| ids.contains(id));
            ensure(heard, KNOWN, "its ID was heard of and is not named")?;
            let is_ours = |id: &TokenId| world.vault.minted.iter().any(|token| token.id == *id);
            let is_named = ids.is_empty() || ids.iter().any(is_ours);
            ensure(is_named, TRUE, "another token is named")?;
            let is_held = world.places.iter().any(|place| place.holds.is_some());
            ensure(!is_held || world.is_untraced, TRUE, "lost, but delivered")?;
            let seen = world.disk.seen().is_some_and(|r| r.token.is_some());
            ensure(!seen || world.may_be_kept, TRUE, "lost, but in the record")?;
            ensure(!machine.is_kept(), TRUE, "lost, but said to be kept")
        }
        Outcome::Unknown => {
            ensure(world.disk.safe().is_some(), KNOWN, "unknown, and no record")?;
            ensure(!run.is_issued, TRUE, "unknown, but certainly issued")?;
            ensure(!run.is_refused, TRUE, "unknown, but certainly not issued")
        }
    }
}

fn has_value(record: &Record, world: &World) -> bool {
    let minted = world.vault.minted.last();
    record
        .token
        .as_ref()
        .zip(minted)
        .is_some_and(|(kept, token)| kept.value().expose() == token.value)
}

fn is_confirmed(run: &Run) -> bool {
    matches!(run.verification, Some(Verification::Confirmed { .. }))
}

fn is_mismatch(world: &World, run: &Run) -> bool {
    if world.intent.replaces.is_some() {
        return !world.is_proven;
    }
    match (&run.verification, world.intent.verify) {
        (Some(Verification::Confirmed { .. }), _) => false,
        (Some(Verification::Works | Verification::Unconfirmed), rule) => rule == VerifyRule::Always,
        (None, rule) => rule != VerifyRule::Never,
        (Some(_), _) => true,
    }
}
