//! One operation from its first run to the last: runs, crashes, what people and other versions do
//! between them, and a last one in which nothing goes wrong.

use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::issuance::{Event, Journal, NotIssued, Outcome, Step};

use super::choices::Choices;
use super::invariants;
use super::liveness;
use super::middle;
use super::outcomes;
use super::people::{self, Act};
use super::protocol::{Protocol, Rules};
use super::rare::{Rare, Rares};
use super::steps::{Flow, carry_out};
use super::world::{Run, Violation, World};

/// Runs of one operation with faults: the first, and those that go on from its record.
const MOST_RUNS: usize = 5;

/// Where an operation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With nothing.
    Fresh,
    /// With a record that an earlier run left: which, is a choice.
    Middle,
}

/// What a schedule showed.
#[derive(Debug, Default)]
pub struct Played {
    /// What happened that is rare.
    pub rares: Rares,
    /// What happened, in words, if that was asked for.
    pub trace: String,
}

/// Plays a schedule.
///
/// # Errors
///
/// A promise is broken.
pub fn simulate(rules: impl Rules, start: Start, choices: &Choices) -> Result<Rares, Violation> {
    play(rules, start, choices, false).map(|played| played.rares)
}

/// Plays a schedule, and tells what happened in words.
///
/// # Errors
///
/// A promise is broken.
pub fn simulate_traced(
    rules: impl Rules,
    start: Start,
    choices: &Choices,
) -> Result<Played, Violation> {
    play(rules, start, choices, true)
}

fn play(
    rules: impl Rules,
    start: Start,
    choices: &Choices,
    is_traced: bool,
) -> Result<Played, Violation> {
    let mut world = World::new(rules.flaw(), start, choices);
    world.trace = is_traced.then(String::new);
    let played = operation(rules, start, &mut world, choices);
    let trace = world.trace.unwrap_or_default();
    match played {
        Ok(()) => Ok(Played {
            rares: world.rares,
            trace,
        }),
        Err(broken) => Err(Violation {
            schedule: choices.schedule(),
            trace,
            ..broken
        }),
    }
}

fn operation(
    rules: impl Rules,
    start: Start,
    world: &mut World,
    choices: &Choices,
) -> Result<(), Violation> {
    let mut has_outcome = false;
    match start {
        Start::Fresh => {
            let reserved = Journal::reserve(world.disk.create());
            world.note(|| format!("reserved: {:?}", reserved.as_ref().err()));
            // Without space for a record, nothing is begun.
            let Ok(journal) = reserved else {
                return Ok(());
            };
            world.journal = Some(journal);
            let mut machine = rules.begin(world.intent.clone());
            let mut run = Run::begun(choices);
            has_outcome = drive(&mut machine, world, &mut run, choices)?.is_some();
        }
        Start::Middle => middle::set_up(world, choices),
    }
    for number in 1..=MOST_RUNS {
        // After an outcome, too: what was not synced may go, what was removed may come back.
        let was_there = world.disk.has_file();
        world.disk.crash();
        world.note(|| "the run is over".to_owned());
        if world.disk.has_file() && !was_there && !world.is_meddled {
            world.saw(Rare::Ghost);
        }
        invariants::always(world)?;
        let Some(record) = people::open(world)? else {
            break;
        };
        people::other_version(&record, world, choices);
        invariants::always(world)?;
        // A last run need not be the fifth.
        if number == MOST_RUNS || (has_outcome && choices.free(5) == 0) {
            break;
        }
        let Some(record) = people::open(world)? else {
            break;
        };
        let act = Act::ALL[choices.free(Act::ALL.len())];
        world.note(|| format!("{act:?}"));
        let mut run = Run::resumed(&record, choices);
        let Some(mut machine) = people::act(act, rules, *record, world, &mut run)? else {
            continue;
        };
        has_outcome = drive(&mut machine, world, &mut run, choices)?.is_some();
    }
    world.disk.crash();
    invariants::always(world)?;
    liveness::end(rules, world, choices)
}

/// One run, to its outcome or to a crash.
///
/// # Errors
///
/// A promise is broken.
pub fn drive(
    machine: &mut impl Protocol,
    world: &mut World,
    run: &mut Run,
    choices: &Choices,
) -> Result<Option<Outcome>, Violation> {
    let most_steps = 24 + 4 * machine.deliveries().len();
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
        if run.steps > 2
            && let Some((_, is_cut)) = run.meddling.take_if(|(at, _)| *at == run.steps)
            && !matches!(machine.step(), Step::Done(_))
        {
            meddle(is_cut, world);
        }
        let places = machine.places();
        let token = machine.token().map(IssuedToken::value);
        world.note(|| format!("{:?}", machine.step()));
        match carry_out(machine.step(), &places, token, world, run, choices)? {
            Flow::Tell(event) => {
                world.note(|| format!("  {event:?}"));
                tell(machine, event)?;
            }
            Flow::Crash => return Ok(None),
            Flow::End(outcome) => {
                outcomes::outcome(&outcome, machine, world, run)?;
                match &outcome {
                    Outcome::NotIssued(NotIssued::Unfit) => world.saw(Rare::Unfit),
                    Outcome::OldRemains => world.saw(Rare::OldRemains),
                    _ => {}
                }
                return Ok(Some(outcome));
            }
        }
        invariants::always(world)?;
        invariants::claims(machine, world)?;
    }
}

/// Somebody else removes or empties the record.
fn meddle(is_cut: bool, world: &mut World) {
    world.note(|| format!("somebody meddles, cut: {is_cut}"));
    world.is_meddled = true;
    if is_cut {
        world.disk.cut();
        world.saw(Rare::Cut);
    } else {
        world.disk.steal();
        world.saw(Rare::Stolen);
    }
}

fn tell(machine: &mut impl Protocol, event: Event) -> Result<(), Violation> {
    let told = machine.tell(event);
    told.map_err(|odd| Violation::new("every event fits its step", odd.to_string()))
}
