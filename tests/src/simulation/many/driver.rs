//! One run from its first process to the last.

use super::super::choices::Choices;
use super::super::world::Violation;
use super::checks;
use super::mutants::ManyRule;
use super::process::{Process, Ticked};
use super::site::{ManyRare, ManyRares, Site};
use super::turns::{Driven, Turned};
use vault_sandbox_core::issuance::many::RunRecord;

/// Processes that go on with a run while things go wrong.
const MOST_PROCESSES: usize = 4;
/// Things that happen while several processes live.
const MOST_EVENTS: usize = 160;
/// Steps of one process. More is no end.
const MOST_TICKS: usize = 400;

/// How much of a turn is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What can become of it. One process after the other.
    Outcomes,
    /// As that, but with two sandboxes, one at a time, and as many processes as may be: so that
    /// every combination of faults can be enumerated, however late they come.
    Narrow,
    /// A real issuance, with a record of its own. Several processes at once.
    Machines,
}

/// Plays a schedule.
///
/// # Errors
///
/// A promise is broken.
pub fn simulate(
    rule: Option<ManyRule>,
    depth: Depth,
    choices: &Choices,
) -> Result<ManyRares, Violation> {
    let mut site = Site::new(depth, choices);
    let played = match depth {
        Depth::Outcomes | Depth::Narrow => one_after_the_other(rule, depth, &mut site),
        Depth::Machines => at_once(rule, &mut site),
    };
    let played = played.and_then(|()| end(rule, depth, &mut site));
    match played {
        Ok(()) => Ok(site.rares),
        Err(broken) => Err(Violation {
            schedule: choices.schedule(),
            ..broken
        }),
    }
}

fn one_after_the_other(
    rule: Option<ManyRule>,
    depth: Depth,
    site: &mut Site,
) -> Result<(), Violation> {
    for _ in 0..MOST_PROCESSES {
        let Some(mut process) = Process::start(rule, depth, site)? else {
            return Ok(());
        };
        // A request to stop comes before this step; before the zeroth: never.
        let stopped_at = site.choices.fault(6);
        let mut ticks = 0;
        let ended = loop {
            ticks += 1;
            if ticks == stopped_at {
                process.stop();
            }
            match tick(&mut process, ticks, site)? {
                Ticked::On => {}
                ended => break ended,
            }
        };
        if ended == Ticked::Crash {
            process.crash(site);
        }
        site.run.crash();
        other_version(site);
        checks::newer(site)?;
        if ended == Ticked::Over && depth == Depth::Outcomes && site.choices.free(2) == 0 {
            return Ok(());
        }
    }
    Ok(())
}

fn at_once(rule: Option<ManyRule>, site: &mut Site) -> Result<(), Violation> {
    let mut started = 0;
    let mut living: Vec<(Process, usize)> = Vec::new();
    for _ in 0..MOST_EVENTS {
        let pick = match living.is_empty() {
            true if started >= MOST_PROCESSES => break,
            true => [1, 2, 5][site.choices.fault(3)],
            false => site.choices.fault(5),
        };
        match pick {
            1 => {
                started += 1;
                let process = Process::start(rule, Depth::Machines, site)?;
                living.extend(process.map(|process| (process, 0)));
            }
            2 => recover(site)?,
            3 => living[0].0.stop(),
            4 => living.remove(0).0.crash(site),
            5 => other_version(site),
            _ => {
                let at = site.choices.free(living.len());
                let (process, ticks) = &mut living[at];
                *ticks += 1;
                match tick(process, *ticks, site)? {
                    Ticked::On => {}
                    Ticked::Over => drop(living.remove(at)),
                    Ticked::Crash => living.remove(at).0.crash(site),
                }
            }
        }
        checks::newer(site)?;
    }
    for (process, _) in living {
        process.crash(site);
    }
    Ok(())
}

fn tick(process: &mut Process, ticks: usize, site: &mut Site) -> Result<Ticked, Violation> {
    if ticks > MOST_TICKS {
        return Err(Violation::new("every process ends", "it does not"));
    }
    process.tick(site)
}

/// Somebody recovers one operation of the run, whose record nobody has.
fn recover(site: &mut Site) -> Result<(), Violation> {
    let open: Vec<_> = (0..site.operations.len())
        .filter(|own| !site.operations[*own].is_locked && site.operations[*own].record.has_file())
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    let own = open[site.choices.free(open.len().min(30))];
    let is_revoking = site.choices.free(2) == 1;
    recover_one(own, is_revoking, site)
}

fn recover_one(own: usize, is_revoking: bool, site: &mut Site) -> Result<(), Violation> {
    let Some(mut driven) = Driven::recover(own, is_revoking, site) else {
        return Ok(());
    };
    site.rares.saw(ManyRare::Recovered);
    for _ in 0..40 {
        match driven.step(site)? {
            Turned::On => {}
            Turned::Over(_) => break,
            Turned::Crash => {
                site.operations[own].record.crash();
                break;
            }
        }
    }
    Ok(())
}

/// Another version writes into the record of the run, while no process has it.
fn other_version(site: &mut Site) {
    if site.is_run_locked || site.newer.is_some() {
        return;
    }
    let Some(mut bytes) = site.run.bytes() else {
        return;
    };
    if RunRecord::read(&bytes).is_err() {
        return;
    }
    let line = match site.choices.fault(4) {
        0 => return,
        1 => r#"{"fact":"measured","sandbox":"Sandbox 0","optional":true}"#.to_owned(),
        2 => {
            let sandbox = site.choices.free(site.plan.sandboxes.len());
            site.not_understood.insert(sandbox);
            let name = &site.plan.sandboxes[sandbox].name;
            format!(r#"{{"fact":"escrowed","sandbox":"{name}"}}"#)
        }
        _ => r#"{"fact":"escrowed","ward":"jane"}"#.to_owned(),
    };
    let is_newer = line.contains("ward");
    if !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes.extend(line.into_bytes());
    bytes.push(b'\n');
    site.run.put(bytes);
    site.is_planned = true;
    if is_newer {
        site.newer = site.run.bytes();
    }
}

/// Nothing goes wrong any more: processes go on with the run until nothing is left, then what is open
/// is recovered.
fn end(rule: Option<ManyRule>, depth: Depth, site: &mut Site) -> Result<(), Violation> {
    site.choices.calm();
    for _ in 0..3 {
        let Some(mut process) = Process::start(rule, depth, site)? else {
            break;
        };
        let mut ticks = 0;
        while tick(&mut process, ticks, site)? == Ticked::On {
            ticks += 1;
        }
    }
    let left = site.run.bytes();
    let left = left.and_then(|bytes| RunRecord::read(&bytes).ok());
    let last = left.or(site.last.take());
    checks::end(last.as_ref(), site)?;
    if site.newer.is_none() && site.is_planned && !site.run.has_file() {
        site.rares.saw(ManyRare::WellDone);
    }
    if depth == Depth::Machines {
        for own in 0..site.operations.len() {
            recover_one(own, false, site)?;
            recover_one(own, true, site)?;
            let own = &site.operations[own];
            let is_known = own.record.has_file() || own.is_delivered || !own.has_token;
            checks::ensure(is_known, "a token is left that nobody knows of")?;
        }
    }
    Ok(())
}
