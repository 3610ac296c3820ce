//! What an outcome says, and whether it is true.

use vault_sandbox_core::TokenId;
use vault_sandbox_core::issuance::{DeliveryState, NotIssued, Outcome, Verification, VerifyRule};

use super::invariants::{
    KNOWN, OURS, PLACES, REPLACED, TRUE, ensure, has_value, may_be_called_ours,
};
use super::protocol::Protocol;
use super::vault::Owner;
use super::world::{Place, Run, Violation, World};

const CLAIMED: &str = "claimed: a value that is said to be kept can be found, and is the right one";

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
    let was_minted = has_live || (world.vault.has_minted() && world.is_revoke_tried);
    let is_closed = !world.disk.has_file() || run.has_forget_failed || world.is_meddled;
    // Whoever named another token has closed the record of this one.
    let is_misnamed = world.is_misnamed();
    match outcome {
        Outcome::Issued => {
            let is_tried = world.intent.verify != VerifyRule::Never;
            let is_blind = was_minted && world.is_life_in_doubt && !(is_tried && is_confirmed(run));
            ensure(has_live || is_blind, TRUE, "there is no token")?;
            ensure(world.is_delivered(), PLACES, "issued, but not delivered")?;
            ensure(is_closed, PLACES, "issued, but still in the record")?;
            let is_replaced = world.intent.replaces.is_none() || !world.vault.is_old_live();
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
            let is_right = !has_live || is_misnamed;
            ensure(is_right, TRUE, "not issued, but there is a token")?;
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
            let is_left = world.vault.is_old_live() || run.is_revoking || world.is_redirected;
            ensure(is_left, REPLACED, "it is gone")
        }
        Outcome::Undelivered => {
            ensure(was_minted, TRUE, "there is no token")?;
            let is_hopeless = world.intent.replaces.is_some() && run.is_unfit();
            let is_known = run.ids.len() == 1;
            let is_dealt_with = !is_hopeless || !is_known || run.is_revoke_begun;
            ensure(is_dealt_with, REPLACED, "it will not do, and stays")?;
            let all = machine.deliveries();
            let is_everywhere = all.iter().all(|d| d.state == DeliveryState::Committed);
            ensure(all.is_empty() || !is_everywhere, TRUE, "it is everywhere")?;
            let has_record = world.disk.safe().is_some() || world.is_meddled;
            ensure(has_record, KNOWN, "undelivered, and no record")?;
            let record = match world.is_meddled {
                true => world.disk.seen(),
                false => world.disk.safe(),
            };
            let is_there = record.is_some_and(|record| has_value(&record, world));
            ensure(is_there || !machine.is_kept(), CLAIMED, "it is not")
        }
        Outcome::ValueLost(id) => {
            let may_be = was_minted || is_misnamed || run.is_identified;
            ensure(may_be, TRUE, "there is no token")?;
            let has_record = world.disk.safe().is_some() || world.is_meddled;
            ensure(has_record, KNOWN, "lost, and no record")?;
            let heard = run.ids.iter().all(|heard| id.as_ref() == Some(heard));
            ensure(heard, KNOWN, "its ID was heard of and is not named")?;
            let is_ours = id.as_ref().is_none_or(|id| may_be_called_ours(id, world));
            ensure(is_ours, OURS, "another one is called ours")?;
            // What lies where somebody no longer wants it does not count.
            let all = machine.deliveries();
            let is_wanted = |place: &Place| all.iter().any(|d| d.destination == place.name);
            // Nor what could not be marked before the run was cut off.
            let held =
                |place: &Place| place.holds.is_some() && place.writes > 0 && !place.is_unmarked;
            let is_held = world.places.iter().any(|p| held(p) && is_wanted(p));
            ensure(!is_held || world.is_untraced, TRUE, "lost, but delivered")?;
            let seen = world.disk.seen().is_some_and(|r| r.token.is_some());
            ensure(!seen || world.may_be_kept, TRUE, "lost, but in the record")?;
            ensure(!machine.is_kept(), TRUE, "lost, but said to be kept")?;
            looked_up(id.is_some(), machine, world, run)
        }
        Outcome::Unknown => {
            let has_record = world.disk.safe().is_some() || world.is_meddled;
            ensure(has_record, KNOWN, "unknown, and no record")?;
            ensure(!run.is_issued, TRUE, "unknown, but certainly issued")?;
            ensure(!run.is_refused, TRUE, "unknown, but certainly not issued")?;
            looked_up(false, machine, world, run)
        }
        other => Err(Violation::new(
            "every outcome is known",
            format!("{other:?}"),
        )),
    }
}

/// A look-up that has to be certain is; one that cannot be shows ours among the candidates.
fn looked_up(
    is_certain: bool,
    machine: &impl Protocol,
    world: &World,
    run: &Run,
) -> Result<(), Violation> {
    ensure(
        is_certain || !run.is_certain,
        TRUE,
        "it was found for certain",
    )?;
    let is_ours = |id: &TokenId| world.vault.owner(id) == Some(Owner::Ours);
    let mut candidates = machine.candidates().iter();
    let is_among = candidates.any(|record| is_ours(&record.id));
    ensure(
        is_certain || is_among || !run.is_ours_shown,
        KNOWN,
        "ours is no candidate",
    )
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
