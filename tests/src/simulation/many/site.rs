//! What processes share: one state directory, and the Vaults of the sandboxes.

use std::collections::BTreeSet;

use vault_sandbox_core::issuance::many::{OwnRecord, PlannedSandbox, RunPlan, RunRecord, TurnEnd};
use vault_sandbox_core::{Expiry, OperationId, SandboxName};

use super::super::choices::Choices;
use super::super::disk::Disk;
use super::driver::Depth;

/// Something that happens seldom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManyRare {
    /// A process finds that another one has the run.
    UnderWay,
    /// A run is gone on with by another process.
    Resumed,
    /// A turn that came is asked for again, because its own record is blank.
    AskedAgain,
    /// One that was refused is asked for again.
    RefusedBefore,
    /// One is left alone.
    LeftAlone,
    /// One is done, by the ledger.
    DoneByLedger,
    /// A fact could not be written.
    FactFailed,
    /// A torn line stands before a new one.
    Torn,
    /// A fact that is not understood is about a sandbox.
    NotUnderstood,
    /// A newer version wrote the record of the run.
    Newer,
    /// A single operation is recovered while the run is under way.
    Recovered,
    /// The run was stopped with turns left.
    Stopped,
    /// Two turns are under way at once.
    SideBySide,
    /// The record of the run could not be removed.
    CloseFailed,
    /// What was left is done by the last process.
    WellDone,
}

impl ManyRare {
    /// Every one.
    pub const ALL: [Self; 15] = [
        Self::UnderWay,
        Self::Resumed,
        Self::AskedAgain,
        Self::RefusedBefore,
        Self::LeftAlone,
        Self::DoneByLedger,
        Self::FactFailed,
        Self::Torn,
        Self::NotUnderstood,
        Self::Newer,
        Self::Recovered,
        Self::Stopped,
        Self::SideBySide,
        Self::CloseFailed,
        Self::WellDone,
    ];
}

/// How often each happened.
#[derive(Debug, Default, Clone)]
pub struct ManyRares([u64; ManyRare::ALL.len()]);

impl ManyRares {
    /// It happened.
    pub fn saw(&mut self, rare: ManyRare) {
        self.0[rare as usize] += 1;
    }

    /// How often it happened.
    #[must_use]
    pub fn count(&self, rare: ManyRare) -> u64 {
        self.0[rare as usize]
    }

    /// Those of another run, too.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// What did not happen at all.
    pub fn missing(&self) -> impl Iterator<Item = ManyRare> {
        ManyRare::ALL
            .into_iter()
            .filter(|rare| self.0[*rare as usize] == 0)
    }
}

/// One turn of a sandbox, and what became of it in truth.
#[derive(Debug)]
pub struct Operation {
    /// Its number.
    pub id: OperationId,
    /// Which sandbox.
    pub sandbox: usize,
    /// Its own record.
    pub record: Disk,
    /// A process has its record.
    pub is_locked: bool,
    /// A create request was carried out, or may have been.
    pub may_have_token: bool,
    /// There is a token that was not deleted.
    pub has_token: bool,
    /// The value is where it should be.
    pub is_delivered: bool,
    /// Its own record was removed, as its last step or by a person.
    pub is_closed: bool,
    /// How it ended, where the process lived to hear it.
    pub end: Option<TurnEnd>,
}

/// What is shared.
#[derive(Debug)]
pub struct Site {
    /// What was asked for.
    pub plan: RunPlan,
    /// The record of the run.
    pub run: Disk,
    /// A process has the run.
    pub is_run_locked: bool,
    /// What the record said when it was to be removed.
    pub last: Option<RunRecord>,
    /// The plan was on disk for certain, once.
    pub is_planned: bool,
    /// Every turn that was begun, in their order.
    pub operations: Vec<Operation>,
    /// Operations that issued a token, by the ledger.
    pub ledger: BTreeSet<OperationId>,
    /// Sandboxes about which another version wrote something.
    pub not_understood: BTreeSet<usize>,
    /// Another version wrote something of which nobody knows what it is about; the record as it was then.
    pub newer: Option<Vec<u8>>,
    /// What happened that is rare.
    pub rares: ManyRares,
    /// Answers every question.
    pub choices: Choices,
}

impl Site {
    /// Before the first process.
    #[must_use]
    pub fn new(depth: Depth, choices: &Choices) -> Self {
        let many = match depth {
            Depth::Narrow => 2,
            _ => 2 + choices.free(2),
        };
        let name = |number: usize| SandboxName::parse(format!("Sandbox {number}")).unwrap();
        let sandboxes =
            (0..many).map(|at| PlannedSandbox::new(name(at), vec![format!("file:{at}")]));
        let plan = RunPlan::new(
            OperationId::from_bytes([9, 9, 9, 9]),
            "2026-11-23T18:04:11Z".parse().unwrap(),
            "veepharm.veevavault.com".parse().unwrap(),
            Expiry::never(),
            sandboxes.collect(),
        );
        Self {
            plan,
            run: Disk::new(None, choices),
            is_run_locked: false,
            last: None,
            is_planned: false,
            operations: Vec::new(),
            ledger: BTreeSet::new(),
            not_understood: BTreeSet::new(),
            newer: None,
            rares: ManyRares::default(),
            choices: choices.clone(),
        }
    }

    /// Draws the number of an operation, for a sandbox.
    pub fn draw(&mut self, sandbox: usize) -> usize {
        let number = u8::try_from(self.operations.len() + 1).unwrap();
        self.operations.push(Operation {
            id: OperationId::from_bytes([1, 0, 0, number]),
            sandbox,
            record: Disk::new(None, &self.choices),
            is_locked: true,
            may_have_token: false,
            has_token: false,
            is_delivered: false,
            is_closed: false,
            end: None,
        });
        self.operations.len() - 1
    }

    /// Which operation this is.
    #[must_use]
    pub fn find(&self, id: OperationId) -> usize {
        let found = self.operations.iter().position(|own| own.id == id);
        found.expect("an operation that was drawn")
    }

    /// The sandbox of this name.
    #[must_use]
    pub fn sandbox(&self, name: &SandboxName) -> usize {
        let mut all = self.plan.sandboxes.iter();
        all.position(|planned| planned.name == *name).unwrap()
    }

    /// What the own record of an operation says, to a process that looks.
    #[must_use]
    pub fn own_record(&self, id: OperationId) -> OwnRecord {
        let own = &self.operations[self.find(id)];
        match own.record.content() {
            None if self.ledger.contains(&id) => OwnRecord::GoneAndInLedger,
            None => OwnRecord::Gone,
            Some(_) if own.is_locked => OwnRecord::Open,
            Some(content) => OwnRecord::of_content(&content),
        }
    }

    /// The operations of a sandbox.
    pub fn of(&self, sandbox: usize) -> impl Iterator<Item = &Operation> {
        self.operations
            .iter()
            .filter(move |own| own.sandbox == sandbox)
    }

    /// Whether a token was made for a sandbox, or may have been.
    #[must_use]
    pub fn may_have_token(&self, sandbox: usize) -> bool {
        self.of(sandbox).any(|own| own.may_have_token)
    }
}
