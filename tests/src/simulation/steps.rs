//! Carries steps out, as the program does, in a world where each can go wrong.

use vault_sandbox_core::issuance::{
    DeliveryState, Entry, Event, Outcome, Step, TryOut, Verification, VerifyRule,
};
use vault_sandbox_core::{AccessToken, TokenId};

use super::answers;
use super::choices::Choices;
use super::disk::Fault;
use super::invariants;
use super::rare::Rare;
use super::vault::{Fate, Owner};
use super::world::{Run, Violation, World};

/// What comes of a step.
pub enum Flow {
    /// The machine is told this.
    Tell(Event),
    /// The run ended in the middle of it.
    Crash,
    /// There is none.
    End(Outcome),
}

/// Carries one step out. `places` are all that were ever opened, by the machine; `value` is what it has
/// at hand.
///
/// # Errors
///
/// The step must not be carried out now.
pub fn carry_out(
    step: Step<'_>,
    places: &[String],
    value: Option<&AccessToken>,
    world: &mut World,
    run: &mut Run,
    choices: &Choices,
) -> Result<Flow, Violation> {
    invariants::before(&step, world, run)?;
    Ok(match step {
        Step::Persist(entry) => persist(&entry, world, run),
        Step::Keep(entry) => keep(&entry, world, run),
        Step::Send(_) => send(world, run, choices),
        Step::SignIn => sign_in(world, run, choices),
        Step::Deliver {
            destination, value, ..
        } => deliver(destination, value, world, run, choices),
        Step::Check { destination, .. } => check(destination, world, choices),
        Step::Verify(tried) => verify(&tried, world, run, choices)?,
        Step::LookUp(look) => {
            answers::look_up(look, world, run, choices).map_or(Flow::Crash, Flow::Tell)
        }
        Step::LookFor(id) => answers::sighting(id, world, choices).map_or(Flow::Crash, Flow::Tell),
        Step::Revoke(id) => revoke(id, value, world, run, choices)?,
        Step::Retire(id) => retire(id, world, choices)?,
        Step::Confirm(value) => confirm(value, world),
        Step::Forget => forget(places, world, run)?,
        Step::Done(outcome) => Flow::End(outcome.clone()),
        other => {
            let seen = format!("{other:?}");
            return Err(Violation::new("every step is known", seen));
        }
    })
}

fn told(done: Result<(), Fault>) -> Flow {
    match done {
        Ok(()) => Flow::Tell(Event::Done),
        Err(Fault::Failed) => Flow::Tell(Event::Failed),
        Err(Fault::Crashed) => Flow::Crash,
    }
}

/// Through the real journal.
fn append(entry: &Entry, world: &mut World) -> Result<(), Fault> {
    let was_torn = world.disk.is_torn();
    let journal = world.journal.as_mut().ok_or(Fault::Failed)?;
    let done = journal.append(entry);
    if was_torn {
        world.saw(match done {
            Err(Fault::Crashed) if !world.disk.is_torn() => Rare::CrashAfterErasing,
            _ => Rare::TornErased,
        });
    }
    done
}

fn persist(entry: &Entry, world: &mut World, run: &mut Run) -> Flow {
    let done = append(entry, world);
    match entry {
        Entry::Deliveries(all) => {
            run.has_mark_failed = done == Err(Fault::Failed);
            if done.is_ok() {
                world.wanted_before = None;
            }
            let is = |state| all.iter().any(|delivery| delivery.state == state);
            run.is_renounced = done.is_ok() && run.is_revoking && is(DeliveryState::Uncertain);
            let is_settling = all.iter().all(|d| d.state == DeliveryState::Committed);
            if is_settling && !all.is_empty() && run.has_mark_failed {
                world.saw(Rare::SettlingFailed);
            }
        }
        Entry::Lost(None) => world.saw(Rare::NotedWithoutId),
        _ => {}
    }
    told(done)
}

fn keep(entry: &Entry, world: &mut World, run: &mut Run) -> Flow {
    run.is_value_loose = false;
    let done = append(entry, world);
    world.is_kept |= done.is_ok();
    world.may_be_kept |= done == Err(Fault::Failed);
    run.has_keep_failed |= done == Err(Fault::Failed);
    told(done)
}

fn send(world: &mut World, run: &mut Run, choices: &Choices) -> Flow {
    // A run that is ended before it sends: as if the crash had come at the step before.
    let pick = choices.fault(Fate::ALL.len() + 1);
    let Some(fate) = Fate::ALL.get(pick).copied() else {
        return Flow::Crash;
    };
    world.sends += 1;
    if world.sends == 2 {
        world.saw(Rare::SentAgain);
    }
    world.may_send = false;
    let Some(event) = world.vault.create(fate) else {
        return Flow::Crash;
    };
    match &event {
        Event::Answered(token) => {
            run.is_issued = true;
            run.is_value_loose = true;
            world.was_at_hand = true;
            run.ids.extend(token.id().cloned());
        }
        Event::NoValue(Some(id)) => {
            run.is_issued = true;
            run.ids.push(id.clone());
        }
        Event::NotSent | Event::Refused(_) => run.is_refused = true,
        Event::SessionInvalid(_) => run.is_session_invalid = true,
        _ => {}
    }
    Flow::Tell(event)
}

fn sign_in(world: &mut World, run: &mut Run, choices: &Choices) -> Flow {
    match choices.fault(3) {
        0 => {
            // Once, and only after Vault's own word.
            world.may_send = run.is_session_invalid && world.sends == 1;
            Flow::Tell(Event::Done)
        }
        1 => Flow::Crash,
        _ => Flow::Tell(Event::Failed),
    }
}

fn deliver(
    destination: &str,
    value: &AccessToken,
    world: &mut World,
    run: &Run,
    choices: &Choices,
) -> Flow {
    let pick = choices.fault(4);
    let is_there = pick == 0 || pick == 3;
    world.is_untraced |= is_there && run.has_keep_failed && run.has_mark_failed;
    if is_there && run.has_keep_failed {
        world.saw(Rare::DeliveredUnkept);
    }
    let place = world.place(destination);
    place.is_opened = true;
    place.is_unnoted |= run.has_mark_failed;
    // A run that ends before the file has its name leaves it under another.
    place.has_temporary |= pick == 1;
    if is_there {
        place.writes += 1;
        place.is_unmarked |= run.has_mark_failed;
        place.holds = Some(value.expose().as_bytes().to_vec());
        let has_failed = std::mem::take(&mut place.has_failed);
        let mut ours = world.vault.tokens.iter_mut();
        if let Some(token) = ours.rfind(|token| token.owner == Owner::Ours) {
            token.is_used = true;
        }
        if has_failed && pick == 0 {
            world.saw(Rare::FailedThenDelivered);
        }
    } else {
        place.has_failed |= pick == 2;
    }
    match pick {
        0 => Flow::Tell(Event::Done),
        2 => Flow::Tell(Event::Failed),
        _ => Flow::Crash,
    }
}

fn check(destination: &str, world: &World, choices: &Choices) -> Flow {
    match choices.fault(3) {
        // What was written to stdout is gone from sight; a file can be read.
        0 if destination == "-" => Flow::Tell(Event::CannotTell),
        0 => Flow::Tell(Event::from_success(world.holds(destination))),
        1 => Flow::Crash,
        _ => Flow::Tell(Event::CannotTell),
    }
}

fn verify(
    tried: &TryOut<'_>,
    world: &mut World,
    run: &mut Run,
    choices: &Choices,
) -> Result<Flow, Violation> {
    let Some(event) = answers::try_out(tried, world, choices)? else {
        return Ok(Flow::Crash);
    };
    let shown = match &event {
        Event::Verified(shown) => shown.clone(),
        _ => Verification::Unconfirmed,
    };
    let is_strict = world.intent.verify == VerifyRule::Always;
    world.is_proven |= match shown {
        Verification::Confirmed { .. } => true,
        Verification::Works => !is_strict,
        _ => false,
    };
    run.verification = Some(shown);
    Ok(Flow::Tell(event))
}

fn revoke(
    id: &TokenId,
    value: Option<&AccessToken>,
    world: &mut World,
    run: &mut Run,
    choices: &Choices,
) -> Result<Flow, Violation> {
    run.is_revoke_begun = true;
    let is_renounced = std::mem::take(&mut run.is_renounced);
    let told = answers::delete(id, value, world, choices)?;
    match &told {
        Some(Event::Failed) => {}
        _ => {
            world.is_revoke_tried = true;
            world.is_life_in_doubt |= run.has_mark_failed;
        }
    }
    match told {
        None => {
            if is_renounced {
                world.saw(Rare::RenouncedThenCrash);
            }
            Ok(Flow::Crash)
        }
        Some(Event::Removed(removal)) => {
            run.is_revoked |= removal.is_gone();
            Ok(Flow::Tell(Event::Removed(removal)))
        }
        Some(event) => Ok(Flow::Tell(event)),
    }
}

fn retire(id: &TokenId, world: &mut World, choices: &Choices) -> Result<Flow, Violation> {
    if choices.fault(5) == 1 {
        return Ok(Flow::Tell(Event::GivenUp));
    }
    let told = answers::delete(id, None, world, choices)?;
    Ok(told.map_or(Flow::Crash, Flow::Tell))
}

fn confirm(value: &AccessToken, world: &mut World) -> Flow {
    let Some(journal) = &mut world.journal else {
        return Flow::Tell(Event::Failed);
    };
    let told = match journal.holds(value) {
        Ok(true) => Event::Done,
        Ok(false) | Err(Fault::Failed) => Event::Failed,
        Err(Fault::Crashed) => return Flow::Crash,
    };
    if matches!(told, Event::Failed) {
        // Where it could not be looked at, it may be there all the same.
        world.may_be_kept = true;
        world.saw(Rare::ConfirmFailed);
    }
    Flow::Tell(told)
}

fn forget(places: &[String], world: &mut World, run: &mut Run) -> Result<Flow, Violation> {
    for place in &mut world.places {
        if place.has_temporary && places.contains(&place.name) {
            place.has_temporary = false;
            world.rares.saw(Rare::Swept);
        }
    }
    invariants::swept(world)?;
    let Some(journal) = &mut world.journal else {
        return Ok(Flow::Tell(Event::Failed));
    };
    let done = journal.forget();
    run.has_forget_failed |= done == Err(Fault::Failed);
    Ok(told(done))
}
