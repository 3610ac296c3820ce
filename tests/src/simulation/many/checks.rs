//! What is promised of runs, as checks. Each speaks of what is true, not of how the rules work.

use vault_sandbox_core::issuance::many::{
    OwnRecord, Progress, Run, RunRecord, Standing, TurnEnd, TurnResult,
};

use super::super::world::Violation;
use super::site::Site;

const ONCE: &str = "once: no sandbox is asked for again after a token was, or may have been, made";
const TURN: &str = "turn: it is on record, and so is its own record, before anything is asked";
const STOP: &str = "stop: no further turn begins";
const OTHERS: &str = "others: what is not understood is left alone";
const REST: &str = "rest: the record of the run stays as long as something is left or not understood, and no longer";
const TRUE: &str = "results: they agree with the truth";
const WELL: &str =
    "well: once nothing goes wrong any more, all is done or left alone with a reason";

/// An outcome of a turn is true.
///
/// # Errors
///
/// It is not.
pub fn ensure(holds: bool, seen: &str) -> Result<(), Violation> {
    check(holds, TRUE, seen)
}

fn check(holds: bool, promise: &'static str, seen: &str) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(promise, seen))
    }
}

/// What the record of the run says that survives a loss of power.
fn safe(site: &Site) -> Option<RunRecord> {
    RunRecord::read(&site.run.safe_bytes()?).ok()
}

/// A turn is about to begin.
///
/// # Errors
///
/// It must not.
pub fn before_beginning(is_stopped: bool) -> Result<(), Violation> {
    check(!is_stopped, STOP, "another turn begins")
}

/// A turn is about to be marked.
///
/// # Errors
///
/// Its own record was not reserved.
pub fn before_marking(own: usize, site: &Site) -> Result<(), Violation> {
    let is_reserved = site.operations[own].record.has_file();
    check(is_reserved, TURN, "its own record was not reserved")
}

/// A create request is about to be sent.
///
/// # Errors
///
/// It must not be.
pub fn before_asking(own: usize, site: &Site) -> Result<(), Violation> {
    let operation = &site.operations[own];
    let sandbox = operation.sandbox;
    check(!site.may_have_token(sandbox), ONCE, "another is asked for")?;
    let is_known = !site.not_understood.contains(&sandbox) && site.newer.is_none();
    check(is_known, OTHERS, "it is asked for")?;
    let name = &site.plan.sandboxes[sandbox].name;
    let progress = safe(site).map(|record| record.progress(name));
    let is_marked = progress == Some(Progress::Begun(operation.id));
    check(is_marked, TURN, "it is not on record")
}

/// A process begins with this record of the run.
///
/// # Errors
///
/// What it would ask for may have a token.
pub fn standing(record: &RunRecord, site: &Site) -> Result<(), Violation> {
    for (sandbox, planned) in site.plan.sandboxes.iter().enumerate() {
        let progress = record.progress(&planned.name);
        if Standing::of(progress, |id| site.own_record(id)) == Standing::ToDo {
            check(!site.may_have_token(sandbox), ONCE, "it counts as to do")?;
            let is_known = !site.not_understood.contains(&sandbox);
            check(is_known, OTHERS, "it counts as to do")?;
        }
    }
    Ok(())
}

/// A process has just gone on with a run.
///
/// # Errors
///
/// It leaves alone what is done.
pub fn left_alone(run: &Run, site: &Site) -> Result<(), Violation> {
    for (_, result) in run.results() {
        if let TurnResult::LeftAlone(Some(id), TurnEnd::Unknown) = result {
            let is_done = site.own_record(id) == OwnRecord::GoneAndInLedger;
            check(!is_done, TRUE, "left alone, and the ledger has it")?;
        }
    }
    Ok(())
}

/// A process has come to the end of a run.
///
/// # Errors
///
/// What it says is not so.
pub fn results(run: &Run, site: &Site, has_close_failed: bool) -> Result<(), Violation> {
    let record = safe(site);
    let mut is_left = false;
    for (name, result) in run.results() {
        let sandbox = site.sandbox(name);
        is_left |= result.is_left() || site.not_understood.contains(&sandbox);
        match result {
            TurnResult::NotBegun => {
                let may_have = site.may_have_token(sandbox);
                check(!may_have, TRUE, "not begun, and there may be a token")?;
            }
            TurnResult::DoneBefore => {
                let mut all = site.of(sandbox);
                let is_done = all.any(|own| own.may_have_token || !own.record.has_file());
                check(is_done, TRUE, "done, and nothing was")?;
            }
            TurnResult::LeftAlone(operation, _) => {
                let is_unknown = site.not_understood.contains(&sandbox);
                let has_reason = is_unknown || operation.is_some();
                check(has_reason, TRUE, "left alone without a reason")?;
            }
            TurnResult::Ended(id, end, is_on_record) => {
                let own = &site.operations[site.find(id)];
                let may_be_it = own.end == Some(end) || own.end.is_none();
                check(may_be_it, TRUE, "it ended otherwise")?;
                let is_free = end != TurnEnd::NotIssued || !own.has_token;
                check(is_free, TRUE, "not issued, and there is a token")?;
                let is_noted = record.as_ref().map(|record| record.progress(name));
                let is_noted = is_noted.is_none() || is_noted == Some(Progress::Ended(id, end));
                check(!is_on_record || is_noted, TRUE, "it is not on record")?;
            }
            _ => {}
        }
    }
    let has_file = site.run.has_file();
    let is_right = has_file == (is_left && site.is_planned) || has_close_failed;
    let is_unplanned = !site.is_planned;
    check(is_right || is_unplanned, REST, "it is not so")
}

/// Another version's record is as that left it.
///
/// # Errors
///
/// It was changed.
pub fn newer(site: &Site) -> Result<(), Violation> {
    let Some(left) = &site.newer else {
        return Ok(());
    };
    let is_same = site.run.bytes().as_ref() == Some(left);
    check(is_same, OTHERS, "a newer record was changed")
}

/// Nothing goes wrong any more, and no process has anything left to do.
///
/// # Errors
///
/// Something that is certain is not done.
pub fn end(last: Option<&RunRecord>, site: &Site) -> Result<(), Violation> {
    newer(site)?;
    if site.newer.is_some() || !site.is_planned {
        return Ok(());
    }
    for (sandbox, planned) in site.plan.sandboxes.iter().enumerate() {
        if site.may_have_token(sandbox) || site.not_understood.contains(&sandbox) {
            continue;
        }
        // Nothing was made for it: then its turn came, and its own record does not say that.
        let progress = last.map(|record| record.progress(&planned.name));
        let has_reason = match progress {
            Some(Progress::Begun(id)) => site.own_record(id) != OwnRecord::Blank,
            Some(Progress::Ended(_, end)) => end == TurnEnd::Unknown,
            _ => false,
        };
        let seen = format!("{} was not asked for: {progress:?}", planned.name);
        check(has_reason, WELL, &seen)?;
    }
    Ok(())
}
