//! Carries steps out, as the program does, in a world where each can go wrong.

use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::issuance::{Entry, Event, Outcome, Step, Verification, VerifyRule};
use vault_sandbox_core::{AccessToken, TokenId};

use super::choices::Choices;
use super::disk::Done;
use super::invariants;
use super::vault::Fate;
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

/// Carries one step out.
///
/// # Errors
///
/// The step must not be carried out now.
pub fn carry_out(
    step: Step<'_>,
    world: &mut World,
    run: &mut Run,
    choices: &mut Choices,
) -> Result<Flow, Violation> {
    invariants::before(&step, world, run)?;
    Ok(match step {
        Step::Persist(entry) => persist(&entry, world, run, choices),
        Step::Keep(entry) => keep(&entry, world, run, choices),
        Step::Send(_) => send(world, run, choices),
        Step::SignIn => sign_in(world, run, choices),
        Step::Deliver {
            destination, value, ..
        } => deliver(destination, value, world, run, choices),
        Step::Check { destination, .. } => check(destination, world, choices),
        Step::Verify { token, .. } => verify(token, world, run, choices),
        Step::LookUp(_) => look_up(world, run, choices),
        Step::Revoke(ids) => revoke(ids, world, run, choices),
        Step::Retire(_) => retire(world, choices),
        Step::Forget => match world.disk.remove(choices) {
            Done::Crashed => Flow::Crash,
            done => {
                run.has_forget_failed |= done == Done::Failed;
                told(done)
            }
        },
        Step::Done(outcome) => Flow::End(outcome.clone()),
        other => {
            let seen = format!("{other:?}");
            return Err(Violation::new("every step is known", seen));
        }
    })
}

fn told(done: Done) -> Flow {
    match done {
        Done::Well => Flow::Tell(Event::Done),
        Done::Failed => Flow::Tell(Event::Failed),
        Done::Crashed => Flow::Crash,
    }
}

fn persist(entry: &Entry, world: &mut World, run: &mut Run, choices: &mut Choices) -> Flow {
    let done = world.disk.append(entry.to_line().as_bytes(), choices);
    if matches!(entry, Entry::Deliveries(_)) {
        run.has_mark_failed = done == Done::Failed;
        if done == Done::Well {
            world.wanted_before = None;
        }
    }
    told(done)
}

fn keep(entry: &Entry, world: &mut World, run: &mut Run, choices: &mut Choices) -> Flow {
    run.is_value_loose = false;
    let done = world.disk.append(entry.to_line().as_bytes(), choices);
    world.is_kept |= done == Done::Well;
    world.may_be_kept |= done == Done::Failed;
    run.has_keep_failed |= done == Done::Failed;
    told(done)
}

fn send(world: &mut World, run: &mut Run, choices: &mut Choices) -> Flow {
    // A run that is ended before it sends: as if the crash had come at the step before.
    let pick = choices.fault(Fate::ALL.len() + 1);
    let Some(fate) = Fate::ALL.get(pick).copied() else {
        return Flow::Crash;
    };
    world.sends += 1;
    world.may_send = false;
    let Some(event) = world.vault.create(fate) else {
        return Flow::Crash;
    };
    match &event {
        Event::Answered(token) => {
            run.is_issued = true;
            run.is_value_loose = true;
            run.ids.extend(token.id().cloned());
        }
        Event::NoValue(Some(id)) => {
            run.is_issued = true;
            run.ids.push(id.clone());
        }
        Event::NotSent | Event::Refused => run.is_refused = true,
        Event::SessionInvalid => run.is_session_invalid = true,
        _ => {}
    }
    Flow::Tell(event)
}

fn sign_in(world: &mut World, run: &mut Run, choices: &mut Choices) -> Flow {
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
    choices: &mut Choices,
) -> Flow {
    let pick = choices.fault(4);
    if pick == 0 || pick == 3 {
        world.is_untraced |= run.has_keep_failed && run.has_mark_failed;
        let place = world.place(destination);
        place.writes += 1;
        place.is_unmarked |= run.has_mark_failed;
        place.holds = Some(value.expose().as_bytes().to_vec());
    }
    match pick {
        0 => Flow::Tell(Event::Done),
        2 => Flow::Tell(Event::Failed),
        _ => Flow::Crash,
    }
}

fn check(destination: &str, world: &World, choices: &mut Choices) -> Flow {
    match choices.fault(3) {
        // What was written to stdout is gone from sight; a file can be read.
        0 if destination == "-" => Flow::Tell(Event::CannotTell),
        0 => Flow::Tell(Event::from_success(world.holds(destination))),
        1 => Flow::Crash,
        _ => Flow::Tell(Event::CannotTell),
    }
}

fn verify(token: &IssuedToken, world: &mut World, run: &mut Run, choices: &mut Choices) -> Flow {
    let value = token.value().expose();
    let is_live = world
        .vault
        .minted
        .iter()
        .any(|minted| minted.is_live && minted.value.as_bytes() == value.as_bytes());
    let stored = Some("2026-11-24T00:00:00Z".parse().unwrap());
    let shown = match choices.fault(if is_live { 8 } else { 4 }) {
        0 if is_live => Verification::Confirmed { expiry: None },
        0 | 4 => Verification::Refused,
        1 => return Flow::Crash,
        2 => Verification::Unconfirmed,
        3 => {
            run.verification = Some(Verification::Unconfirmed);
            return Flow::Tell(Event::Failed);
        }
        5 => Verification::ExpiryDiffers { stored },
        6 => Verification::OtherVault,
        _ => Verification::Works,
    };
    let is_strict = world.intent.verify == VerifyRule::Always;
    world.is_proven |= match shown {
        Verification::Confirmed { .. } => true,
        Verification::Works => !is_strict,
        _ => false,
    };
    run.verification = Some(shown.clone());
    Flow::Tell(Event::Verified(shown))
}

fn look_up(world: &World, run: &mut Run, choices: &mut Choices) -> Flow {
    let mut found = world.vault.live();
    match choices.fault(if found.is_empty() { 5 } else { 6 }) {
        0 => {}
        1 => return Flow::Crash,
        // A new token does not show for a while.
        2 => found.clear(),
        3 => return Flow::Tell(Event::Failed),
        4 => return Flow::Tell(Event::GivenUp),
        // Somebody else's has the same name.
        _ => found.insert(0, world.vault.foreign.clone()),
    }
    run.is_issued |= !found.is_empty();
    run.ids.extend(found.iter().cloned());
    Flow::Tell(Event::Found(found))
}

fn revoke(ids: &[TokenId], world: &mut World, run: &mut Run, choices: &mut Choices) -> Flow {
    let pick = choices.fault(5);
    if pick == 1 {
        return Flow::Crash;
    }
    world.is_revoke_tried = true;
    world.is_life_in_doubt |= run.has_mark_failed;
    // Vault refuses to delete what is gone already, as it does for any other reason.
    let is_gone = pick != 2 && ids.iter().all(|id| world.vault.delete(id));
    match pick {
        // Deleted, but the answer is lost.
        3 => Flow::Tell(Event::Failed),
        4 => Flow::Crash,
        _ => {
            run.is_revoked |= is_gone;
            Flow::Tell(Event::from_success(is_gone))
        }
    }
}

fn retire(world: &mut World, choices: &mut Choices) -> Flow {
    let pick = choices.fault(6);
    if matches!(pick, 0 | 3 | 4) {
        world.vault.is_old_live = false;
    }
    match pick {
        1 | 4 => Flow::Crash,
        // Deleted or not: the answer is lost, or nobody waits for it.
        2 | 3 => Flow::Tell(Event::Failed),
        5 => Flow::Tell(Event::GivenUp),
        _ => Flow::Tell(Event::Done),
    }
}
