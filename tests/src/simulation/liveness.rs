//! The faults stop, and what is left has to end: within the bound of steps, and well.
//!
//! One more run goes on from the record that is there, then, if that is still there, one revokes. What
//! *well* means, by what the record says:
//!
//! | the record | going on | then revoking |
//! | --- | --- | --- |
//! | a value, of a live token, that can go to every destination | it is in every destination, nothing is left | |
//! | a value that may be somewhere already, or whose token may not take another's place | it stays | below |
//! | every destination has it, and only the old token is left | the old one is deleted, nothing is left | |
//! | whichever, with an ID that is certain | | the token is deleted, nothing is left |
//! | whichever, with a look-up that is certain | | the token is deleted, nothing is left |
//! | anything else | | it stays, and ours is named or among the candidates |
//!
//! A record that a newer version wrote stays as it is, and one that is damaged was damaged by somebody
//! else, or is of a request that was never sent.

use vault_sandbox_core::TokenId;
use vault_sandbox_core::issuance::{
    DeliveryState, JournalError, NotIssued, Outcome, Record, VerifyRule,
};

use super::choices::Choices;
use super::driver::drive;
use super::invariants::{self, ensure};
use super::people;
use super::protocol::{Protocol, Rules};
use super::rare::Rare;
use super::world::{Run, Violation, World};

const WELL: &str = "well: once nothing goes wrong any more, it ends, and ends well";

/// Nothing goes wrong any more.
///
/// # Errors
///
/// A promise is broken, or it does not end well.
pub fn end(rules: impl Rules, world: &mut World, choices: &Choices) -> Result<(), Violation> {
    choices.calm();
    world.note(|| "nothing goes wrong any more".to_owned());
    let Some(record) = people::open(world)? else {
        return left_alone(world);
    };
    let is_deliverable = is_deliverable(&record, world);
    let mut run = Run::resumed(&record, choices);
    let mut machine = rules.resume(*record);
    people::settle(&machine, world)?;
    let outcome = drive(&mut machine, world, &mut run, choices)?;
    world.disk.crash();
    invariants::always(world)?;
    if is_deliverable {
        ensure(
            outcome == Some(Outcome::Issued),
            WELL,
            &format!("{outcome:?}"),
        )?;
        ensure(!world.disk.has_file(), WELL, "a record is left")?;
        world.saw(Rare::WellDelivered);
    }
    let Some(record) = people::open(world)? else {
        return left_alone(world);
    };
    let known = known(&record);
    let mut run = Run::resumed(&record, choices);
    run.is_revoking = true;
    let mut machine = rules.resume(*record).revoking();
    let outcome = drive(&mut machine, world, &mut run, choices)?;
    world.disk.crash();
    invariants::always(world)?;
    if known.is_some() || run.is_certain {
        let is_revoked = outcome == Some(Outcome::NotIssued(NotIssued::Revoked));
        let is_absent = known.is_some_and(|id| world.vault.owner(&id).is_none());
        ensure(is_revoked || is_absent, WELL, &format!("{outcome:?}"))?;
        ensure(!world.disk.has_file(), WELL, "a record is left")?;
        ensure(
            !world.vault.has_live() || world.is_misnamed(),
            WELL,
            "it lives",
        )?;
        invariants::swept(world)?;
        world.saw(Rare::WellRevoked);
    } else {
        ensure(world.disk.has_file(), WELL, "nothing is left to judge by")?;
        world.saw(Rare::WellUncertain);
    }
    Ok(())
}

/// Nothing can be gone on with.
fn left_alone(world: &World) -> Result<(), Violation> {
    if world.is_meddled || world.newer.is_some() || world.is_misnamed() {
        return Ok(());
    }
    match world.disk.error() {
        None | Some(JournalError::Empty) => {}
        Some(_) => ensure(world.sends == 0, WELL, "the record is damaged")?,
    }
    let is_somewhere = world.is_delivered() || !world.vault.has_live();
    ensure(is_somewhere, WELL, "it lives, and nobody knows")?;
    let was_used = world.disk.has_file() || world.sends == 0;
    if was_used {
        Ok(())
    } else {
        invariants::swept(world)
    }
}

fn known(record: &Record) -> Option<TokenId> {
    let token = record.token.as_ref().and_then(|token| token.id());
    token.or(record.lost.as_ref()).cloned()
}

/// Whether a run in which nothing goes wrong has to bring the value of the record everywhere.
fn is_deliverable(record: &Record, world: &World) -> bool {
    use DeliveryState::{Committed, Started, Uncertain};
    let Some(token) = &record.token else {
        let all = &record.deliveries;
        let is_everywhere = all.iter().all(|delivery| delivery.state == Committed);
        return record.intent.replaces.is_some() && is_everywhere && !all.is_empty();
    };
    let in_doubt = |delivery: &vault_sandbox_core::issuance::Delivery| {
        let is_blind = delivery.state == Started && delivery.destination == "-";
        delivery.state == Uncertain || is_blind
    };
    let can_be_proven = record.intent.verify != VerifyRule::Always || token.id().is_some();
    let all = &record.deliveries;
    world.vault.has_live() && can_be_proven && !all.is_empty() && !all.iter().any(in_doubt)
}
