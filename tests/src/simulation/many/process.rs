//! One process that drives a run.

use vault_sandbox_core::issuance::Journal;
use vault_sandbox_core::issuance::many::{
    Progress, Run, RunError, RunFact, RunJournal, RunOpened, RunRecord, RunStep, Setback, Standing,
    TurnEnd, TurnEvent,
};

use super::super::disk::{Fault, File};
use super::super::world::Violation;
use super::checks;
use super::driver::Depth;
use super::mutants::{ManyRule, Misread};
use super::site::{ManyRare, Site};
use super::turns::{Driven, Turned, whole};

/// Where a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticked {
    /// It goes on.
    On,
    /// It came to the end.
    Over,
    /// It is gone.
    Crash,
}

/// What is under way.
enum Work {
    Step(RunStep),
    Turn(usize, Box<Driven>),
}

/// A process that has the run.
pub struct Process {
    rule: Option<ManyRule>,
    depth: Depth,
    run: Run,
    journal: Option<RunJournal<Misread>>,
    work: Vec<Work>,
    /// By the turns' numbers: the operation, and its journal until it is driven.
    owns: Vec<(usize, usize, Option<Journal<File>>)>,
    is_told_to_stop: bool,
    has_close_failed: bool,
}

impl Process {
    /// Begins the run, or goes on with it. `None`: it cannot be.
    ///
    /// # Errors
    ///
    /// A promise is broken.
    pub fn start(
        rule: Option<ManyRule>,
        depth: Depth,
        site: &mut Site,
    ) -> Result<Option<Self>, Violation> {
        if site.is_run_locked && rule != Some(ManyRule::LockIgnored) {
            site.rares.saw(ManyRare::UnderWay);
            return Ok(None);
        }
        let (run, journal) = match site.run.open() {
            None if site.is_planned => return Ok(None),
            None => (Run::new(site.plan.clone()), None),
            Some(file) => match RunJournal::open(Misread::new(file, rule)) {
                Ok(RunOpened::Open(record, journal)) => {
                    note(&record, site);
                    if rule.is_none() {
                        checks::standing(&record, site)?;
                    }
                    let run = Run::resume(*record, |_, id| ManyRule::own_record(rule, site, id));
                    checks::left_alone(&run, site)?;
                    (run, Some(journal))
                }
                Ok(RunOpened::Closed(RunError::NothingBegun, _)) => {
                    site.run.steal();
                    // One that was closed, and is back and empty after a loss of power.
                    if site.is_planned {
                        return Ok(None);
                    }
                    let is_asked = site.operations.iter().any(|own| own.may_have_token);
                    checks::ensure(!is_asked, "something was begun")?;
                    (Run::new(site.plan.clone()), None)
                }
                Ok(RunOpened::Closed(RunError::Newer, _)) if site.newer.is_some() => {
                    site.rares.saw(ManyRare::Newer);
                    return Ok(None);
                }
                Ok(_) | Err(_) => {
                    return Err(Violation::new("every record can be read", "it cannot"));
                }
            },
        };
        if journal.is_some() {
            site.rares.saw(ManyRare::Resumed);
        }
        site.is_run_locked = true;
        let at_a_time = match depth {
            Depth::Narrow => 1,
            _ => 1 + site.choices.free(2),
        };
        Ok(Some(Self {
            rule,
            depth,
            run: run.at_a_time(at_a_time),
            journal,
            work: Vec::new(),
            owns: Vec::new(),
            is_told_to_stop: false,
            has_close_failed: false,
        }))
    }

    /// Somebody wants it to stop.
    pub fn stop(&mut self) {
        self.is_told_to_stop = true;
        if self.rule != Some(ManyRule::StopIgnored) {
            self.run.stop();
        }
    }

    /// Carries one thing out.
    ///
    /// # Errors
    ///
    /// A promise is broken.
    pub fn tick(&mut self, site: &mut Site) -> Result<Ticked, Violation> {
        loop {
            match self.run.next_step() {
                RunStep::Wait => break,
                RunStep::Plan => return Ok(self.plan(site)),
                RunStep::Close if self.rule != Some(ManyRule::CloseNever) => {
                    if self.close(site) == Ticked::Crash {
                        return Ok(Ticked::Crash);
                    }
                }
                RunStep::Close => self.run.closed(),
                RunStep::Done => {
                    if self.rule == Some(ManyRule::CloseWhileLeft) {
                        self.close(site);
                    }
                    site.is_run_locked = false;
                    if self.run.is_stopped() && self.run.waiting() > 0 {
                        site.rares.saw(ManyRare::Stopped);
                    }
                    checks::results(&self.run, site, self.has_close_failed)?;
                    return Ok(Ticked::Over);
                }
                step => {
                    if let RunStep::Reserve { .. } = step {
                        checks::before_beginning(self.is_told_to_stop)?;
                    }
                    self.work.push(Work::Step(step));
                }
            }
        }
        if self.work.len() > 1 {
            site.rares.saw(ManyRare::SideBySide);
        }
        let at = site.choices.free(self.work.len());
        match self.work.swap_remove(at) {
            Work::Turn(turn, driven) => self.drive(turn, driven, site),
            Work::Step(RunStep::Reserve { turn }) => self.reserve(turn, site),
            Work::Step(RunStep::Persist { turn, fact }) => self.persist(turn, fact, site),
            Work::Step(RunStep::Issue { turn, .. }) => self.issue(turn, site),
            Work::Step(other) => Err(Violation::new("every step is known", format!("{other:?}"))),
        }
    }

    /// It is gone, and so are its locks.
    pub fn crash(self, site: &mut Site) {
        site.is_run_locked = false;
        let was_torn = |bytes: Option<Vec<u8>>| bytes.is_some_and(|b| !b.ends_with(b"\n"));
        site.run.crash();
        if was_torn(site.run.bytes()) && site.is_planned {
            site.rares.saw(ManyRare::Torn);
        }
        for (_, own, _) in self.owns {
            site.operations[own].is_locked = false;
            site.operations[own].record.crash();
        }
    }

    fn plan(&mut self, site: &mut Site) -> Ticked {
        let file = Misread::new(site.run.create(), self.rule);
        match RunJournal::begin(file, &site.plan) {
            Ok(journal) => {
                site.is_planned = true;
                self.journal = Some(journal);
                self.run.planned(true);
            }
            Err(Fault::Failed) => self.run.planned(false),
            Err(Fault::Crashed) => return Ticked::Crash,
        }
        Ticked::On
    }

    fn close(&mut self, site: &mut Site) -> Ticked {
        let bytes = site.run.bytes();
        site.last = bytes.and_then(|bytes| RunRecord::read(&bytes).ok());
        let Some(journal) = self.journal.take() else {
            return Ticked::On;
        };
        match journal.close() {
            Ok(()) => {}
            Err(Fault::Failed) => {
                self.has_close_failed = true;
                site.rares.saw(ManyRare::CloseFailed);
            }
            Err(Fault::Crashed) => return Ticked::Crash,
        }
        self.run.closed();
        Ticked::On
    }

    fn reserve(&mut self, turn: usize, site: &mut Site) -> Result<Ticked, Violation> {
        match site.choices.fault(4) {
            0 => {}
            1 => return self.tell(turn, TurnEvent::NotBegun(Setback::None)),
            2 => {
                self.is_told_to_stop = true;
                return self.tell(turn, TurnEvent::NotBegun(Setback::EndsTheRun));
            }
            _ => return Ok(Ticked::Crash),
        }
        let own = site.draw(turn);
        let record = &site.operations[own].record;
        let mut journal = None;
        if self.rule == Some(ManyRule::MarkUnreserved) {
        } else if self.depth != Depth::Machines {
            drop(record.create());
            record.reserve();
        } else {
            match Journal::reserve(record.create()) {
                Ok(reserved) => journal = Some(reserved),
                Err(Fault::Failed) => {
                    record.steal();
                    return self.tell(turn, TurnEvent::NotBegun(Setback::None));
                }
                Err(Fault::Crashed) => {
                    self.owns.push((turn, own, None));
                    return Ok(Ticked::Crash);
                }
            }
        }
        let id = site.operations[own].id;
        self.owns.push((turn, own, journal));
        self.tell(turn, TurnEvent::Reserved(id))?;
        if self.rule == Some(ManyRule::IssueBeforeMark) {
            let mark = self.run.next_step();
            self.tell(turn, TurnEvent::Done)?;
            let RunStep::Persist { fact, .. } = mark else {
                return Ok(Ticked::On);
            };
            let issue = self.run.next_step();
            let ticked = match issue {
                RunStep::Issue { turn, .. } => self.issue(turn, site)?,
                _ => Ticked::On,
            };
            if let Some(journal) = &mut self.journal {
                journal.append(&[fact]).unwrap_or_default();
            }
            return Ok(ticked);
        }
        Ok(Ticked::On)
    }

    fn persist(
        &mut self,
        turn: usize,
        fact: RunFact,
        site: &mut Site,
    ) -> Result<Ticked, Violation> {
        let (mut turns, mut facts) = (vec![turn], vec![fact]);
        // Those of other turns may be written at the same time.
        let is_waiting = |work: &Work| matches!(work, Work::Step(RunStep::Persist { .. }));
        if self.work.iter().any(is_waiting) && site.choices.free(2) == 1 {
            for work in self.work.extract_if(.., |work| is_waiting(work)) {
                if let Work::Step(RunStep::Persist { turn, fact }) = work {
                    turns.push(turn);
                    facts.push(fact);
                }
            }
        }
        for (turn, fact) in turns.iter().zip(&facts) {
            if matches!(fact, RunFact::Begun(..)) {
                checks::before_marking(self.own(*turn), site)?;
            }
        }
        let Some(journal) = &mut self.journal else {
            return Err(Violation::new("plan: it is on record", "it is not"));
        };
        let event = match journal.append(&facts) {
            Ok(()) => {
                // With it, a plan that another process could not sync.
                site.is_planned = true;
                TurnEvent::Done
            }
            Err(Fault::Failed) => TurnEvent::Failed,
            Err(Fault::Crashed) => return Ok(Ticked::Crash),
        };
        for (turn, fact) in turns.into_iter().zip(facts) {
            let is_begun = matches!(fact, RunFact::Begun(..));
            let mut event = event;
            if event == TurnEvent::Failed {
                site.rares.saw(ManyRare::FactFailed);
                if is_begun && self.rule == Some(ManyRule::IssueUnmarked) {
                    event = TurnEvent::Done;
                } else if is_begun {
                    self.is_told_to_stop = true;
                    // Nothing was asked: what was reserved goes.
                    let own = self.own(turn);
                    site.operations[own].record.steal();
                }
            }
            self.tell(turn, event)?;
        }
        Ok(Ticked::On)
    }

    fn issue(&mut self, turn: usize, site: &mut Site) -> Result<Ticked, Violation> {
        let own = self.own(turn);
        let slot = self.owns.iter_mut().find(|(of, _, _)| *of == turn);
        let journal = slot.and_then(|(_, _, journal)| journal.take());
        match (self.depth, journal) {
            (Depth::Machines, Some(journal)) => {
                let driven = Box::new(Driven::begin(own, journal, site));
                self.work.push(Work::Turn(turn, driven));
                Ok(Ticked::On)
            }
            _ => {
                let turned = whole(own, site)?;
                self.turned(turn, &turned, site)
            }
        }
    }

    fn drive(
        &mut self,
        turn: usize,
        mut driven: Box<Driven>,
        site: &mut Site,
    ) -> Result<Ticked, Violation> {
        let turned = driven.step(site)?;
        if let Turned::On = turned {
            self.work.push(Work::Turn(turn, driven));
            return Ok(Ticked::On);
        }
        self.turned(turn, &turned, site)
    }

    fn turned(
        &mut self,
        turn: usize,
        turned: &Turned,
        site: &mut Site,
    ) -> Result<Ticked, Violation> {
        let Turned::Over(mut end) = *turned else {
            return Ok(Ticked::Crash);
        };
        let own = self.own(turn);
        site.operations[own].is_locked = false;
        site.operations[own].end = Some(end);
        let setback = match end {
            TurnEnd::NotIssued => {
                let all = [Setback::None, Setback::Unreachable, Setback::EndsTheRun];
                all[site.choices.fault(3)]
            }
            _ => Setback::None,
        };
        self.is_told_to_stop |= setback == Setback::EndsTheRun;
        if self.rule == Some(ManyRule::UnknownIsEndedNotIssued) && end == TurnEnd::Unknown {
            end = TurnEnd::NotIssued;
        }
        self.tell(turn, TurnEvent::Ended(end, setback))
    }

    fn own(&self, turn: usize) -> usize {
        let found = self.owns.iter().rev().find(|(of, _, _)| *of == turn);
        found
            .map(|(_, own, _)| *own)
            .expect("a turn that was reserved")
    }

    fn tell(&mut self, turn: usize, event: TurnEvent) -> Result<Ticked, Violation> {
        let told = self.run.tell(turn, event);
        told.map_err(|odd| Violation::new("every event fits its step", odd.to_string()))?;
        Ok(Ticked::On)
    }
}

/// What is rare about a run that is gone on with.
fn note(record: &RunRecord, site: &mut Site) {
    for planned in site.plan.sandboxes.clone() {
        let progress = record.progress(&planned.name);
        let standing = Standing::of(progress, |id| site.own_record(id));
        let rare = match (progress, standing) {
            (Progress::Begun(_), Standing::ToDo) => ManyRare::AskedAgain,
            (Progress::Ended(..), Standing::ToDo) => ManyRare::RefusedBefore,
            (Progress::Begun(_), Standing::Done) => ManyRare::DoneByLedger,
            (Progress::NotUnderstood, _) => ManyRare::NotUnderstood,
            (_, Standing::LeftAlone(..)) => ManyRare::LeftAlone,
            _ => continue,
        };
        site.rares.saw(rare);
    }
}
