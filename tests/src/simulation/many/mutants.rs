//! The rules of runs that can be taken out: what the simulation must notice to be believed.

use vault_sandbox_core::OperationId;
use vault_sandbox_core::issuance::Storage;
use vault_sandbox_core::issuance::many::OwnRecord;

use super::super::disk::{Fault, File};
use super::site::Site;

/// A rule that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManyRule {
    /// Asks again for a sandbox whose turn came and whose own record is gone.
    AskWhenGone,
    /// Asks again although the own record says that something was asked.
    AskWhenOpen,
    /// Takes a fact that it does not understand for none.
    NotUnderstoodIsNothing,
    /// Passes over what may be about any sandbox.
    NewerIgnored,
    /// Issues although it could not be written down that the turn has come.
    IssueUnmarked,
    /// Issues before that is written down.
    IssueBeforeMark,
    /// Removes the record of the run although something is left.
    CloseWhileLeft,
    /// Leaves the record of the run although nothing is left.
    CloseNever,
    /// Takes a turn whose end is not known for one that ended *not issued*.
    UnknownIsNotIssued,
    /// Writes behind a torn line as if it were whole.
    TornStays,
    /// Does not ask the ledger.
    LedgerIgnored,
    /// Begins further turns when it was told to stop.
    StopIgnored,
    /// Reserves no record of its own before a turn is marked.
    MarkUnreserved,
    /// Goes on with a run that another process has.
    LockIgnored,
    /// Says of what may have been issued that nothing was.
    UnknownIsEndedNotIssued,
}

impl ManyRule {
    /// Every one.
    pub const ALL: [Self; 15] = [
        Self::AskWhenGone,
        Self::AskWhenOpen,
        Self::NotUnderstoodIsNothing,
        Self::NewerIgnored,
        Self::IssueUnmarked,
        Self::IssueBeforeMark,
        Self::CloseWhileLeft,
        Self::CloseNever,
        Self::UnknownIsNotIssued,
        Self::TornStays,
        Self::LedgerIgnored,
        Self::StopIgnored,
        Self::MarkUnreserved,
        Self::LockIgnored,
        Self::UnknownIsEndedNotIssued,
    ];

    /// What a process without this rule makes of the own record of an operation.
    #[must_use]
    pub fn own_record(rule: Option<Self>, site: &Site, id: OperationId) -> OwnRecord {
        match (rule, site.own_record(id)) {
            (Some(Self::AskWhenGone), OwnRecord::Gone)
            | (Some(Self::AskWhenOpen), OwnRecord::Open) => OwnRecord::Blank,
            (Some(Self::LedgerIgnored), OwnRecord::GoneAndInLedger) => OwnRecord::Gone,
            (_, own) => own,
        }
    }
}

/// A file that a process without a rule reads otherwise.
#[derive(Debug)]
pub struct Misread {
    file: File,
    rule: Option<ManyRule>,
    is_opening: bool,
}

impl Misread {
    /// By a process without this rule.
    #[must_use]
    pub fn new(file: File, rule: Option<ManyRule>) -> Self {
        Self {
            file,
            rule,
            is_opening: true,
        }
    }
}

impl Storage for Misread {
    type Error = Fault;

    fn read(&mut self) -> Result<Vec<u8>, Fault> {
        let content = self.file.read()?;
        let is_opening = std::mem::take(&mut self.is_opening);
        Ok(match self.rule {
            Some(ManyRule::NotUnderstoodIsNothing) if is_opening => without(&content, "sandbox"),
            Some(ManyRule::NewerIgnored) if is_opening => without(&content, "ward"),
            Some(ManyRule::UnknownIsNotIssued) if is_opening => {
                let text = String::from_utf8_lossy(&content);
                let told = text.replace(r#""outcome":"unknown""#, r#""outcome":"not_issued""#);
                told.into_bytes()
            }
            Some(ManyRule::TornStays) if !is_opening && !content.ends_with(b"\n") => {
                let mut content = content;
                content.pop();
                content.push(b'\n');
                content
            }
            _ => content,
        })
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Fault> {
        self.file.write_at(offset, bytes)
    }

    fn sync(&mut self) -> Result<(), Fault> {
        self.file.sync()
    }

    fn can_be_found(&mut self) -> Result<bool, Fault> {
        self.file.can_be_found()
    }

    fn remove(&mut self) -> Result<(), Fault> {
        self.file.remove()
    }
}

/// Without the lines of another version that have this member.
fn without(content: &[u8], member: &str) -> Vec<u8> {
    let wanted = format!(r#"{{"fact":"escrowed","{member}":"#);
    let lines = content.split_inclusive(|byte| *byte == b'\n');
    let kept = lines.filter(|line| !line.starts_with(wanted.as_bytes()));
    kept.flatten().copied().collect()
}
