//! One operation from its first run to the last: runs, crashes, and what people do then.

use vault_sandbox_core::issuance::{DeliveryState, Event, Outcome, Record};

use super::choices::Choices;
use super::invariants;
use super::protocol::{Protocol, Rules};
use super::steps::{Flow, carry_out};
use super::world::{Run, Violation, World};

/// Runs of one operation: the first, and those that go on from its record.
const MOST_RUNS: usize = 5;

/// Plays a schedule.
///
/// # Errors
///
/// A promise is broken.
pub fn simulate(rules: impl Rules, choices: &mut Choices) -> Result<(), Violation> {
    operation(rules, choices).map_err(|broken| Violation {
        schedule: choices.schedule(),
        ..broken
    })
}

fn operation(rules: impl Rules, choices: &mut Choices) -> Result<(), Violation> {
    let mut world = World::new(rules.flaw(), choices);
    let mut run = Run::default();
    let mut machine = rules.begin(world.intent.clone());
    for _ in 0..MOST_RUNS {
        let ended = drive(&mut machine, &mut world, &mut run, choices)?;
        // After an outcome, too: what was not synced may go, what was removed may come back.
        world.disk.crash(choices);
        invariants::always(&world)?;
        let record = match world.disk.open() {
            None => return Ok(()),
            // What is left of a run that asked for nothing, or of a record that was forgotten.
            Some(Err(_)) => return Ok(()),
            Some(Ok(record)) => record,
        };
        let asked = match ended {
            Some(_) => choices.free(5),
            None => 1 + choices.free(4),
        };
        if asked == 0 {
            return Ok(());
        }
        run = Run::resumed(&record);
        machine = go_on(asked, rules, record, &mut world, &mut run)?;
    }
    Ok(())
}

/// What somebody does about a record: just go on, deliver elsewhere, or revoke.
fn go_on<R: Rules>(
    asked: usize,
    rules: R,
    record: Record,
    world: &mut World,
    run: &mut Run,
) -> Result<R::Protocol, Violation> {
    let has_value = record.token.is_some();
    let committed: Vec<_> = record
        .deliveries
        .iter()
        .filter(|delivery| delivery.state == DeliveryState::Committed)
        .map(|delivery| delivery.destination.clone())
        .collect();
    let mut machine = rules.resume(record);
    settle(&machine, world)?;
    match asked {
        // Without a value there is nothing to deliver, and the program says so.
        2 | 3 if has_value => {
            let elsewhere = if asked == 2 { "file:c" } else { "-" };
            machine = machine.redirected(vec![elsewhere.to_owned()]);
            let mut wanted = committed;
            wanted.push(elsewhere.to_owned());
            world.wanted_before = Some(std::mem::replace(&mut world.wanted, wanted));
            world.is_life_in_doubt |= world.is_revoke_tried;
            world.is_redirected = true;
            // Asked for in so many words, whatever happened there before.
            world.place(elsewhere).writes = 0;
            invariants::plan(&machine, &world.wanted)?;
        }
        4 => {
            machine = machine.revoking();
            run.is_revoking = true;
        }
        _ => {}
    }
    Ok(machine)
}

/// Which destinations are wanted is what the record says: the last that were asked for, or, where
/// those did not reach the disk, those before.
fn settle(machine: &impl Protocol, world: &mut World) -> Result<(), Violation> {
    if let Some(before) = world.wanted_before.take()
        && invariants::plan(machine, &world.wanted).is_err()
    {
        world.wanted = before;
    }
    invariants::plan(machine, &world.wanted)
}

fn drive(
    machine: &mut impl Protocol,
    world: &mut World,
    run: &mut Run,
    choices: &mut Choices,
) -> Result<Option<Outcome>, Violation> {
    let most_steps = 20 + 4 * machine.deliveries().len();
    // A request to stop comes before this step; before the zeroth: never.
    let stopped_at = choices.fault(10);
    loop {
        run.steps += 1;
        if run.steps > most_steps {
            return Err(Violation::new(
                "every run ends",
                format!("{:?}", machine.step()),
            ));
        }
        if run.steps == stopped_at {
            tell(machine, Event::Stop)?;
        }
        match carry_out(machine.step(), world, run, choices)? {
            Flow::Tell(event) => tell(machine, event)?,
            Flow::Crash => return Ok(None),
            Flow::End(outcome) => {
                invariants::outcome(&outcome, machine, world, run)?;
                return Ok(Some(outcome));
            }
        }
        invariants::always(world)?;
        invariants::claims(machine, world)?;
    }
}

fn tell(machine: &mut impl Protocol, event: Event) -> Result<(), Violation> {
    let told = machine.tell(event);
    told.map_err(|odd| Violation::new("every event fits its step", odd.to_string()))
}
