//! What a turn does between its reservation and its end.

use vault_sandbox_core::endpoints::{IssuedToken, TokenRecord};
use vault_sandbox_core::issuance::many::TurnEnd;
use vault_sandbox_core::issuance::{
    Entry, Event, Intent, Issuance, Journal, Opened, Outcome, Removal, Step, VerifyRule,
};
use vault_sandbox_core::{AccessToken, TokenId};

use super::super::disk::{Fault, File};
use super::super::world::Violation;
use super::checks;
use super::site::Site;

/// How far a step of a turn brought it.
#[derive(Debug)]
pub enum Turned {
    /// It goes on.
    On,
    /// It is over.
    Over(TurnEnd),
    /// The process is gone.
    Crash,
}

/// A turn that drives a real issuance.
pub struct Driven {
    /// Which operation.
    pub own: usize,
    machine: Issuance,
    journal: Journal<File>,
}

/// What can become of a turn, as a whole: what it left on disk and in Vault, and how it ended, or that
/// the process is gone.
#[derive(Debug, Clone, Copy)]
struct Fate {
    leaves: Leaves,
    may_have_token: bool,
    has_token: bool,
    is_delivered: bool,
    is_in_ledger: bool,
    end: Option<TurnEnd>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaves {
    Nothing,
    Blank,
    Intent,
}

const ISSUED: Fate = Fate {
    leaves: Leaves::Nothing,
    may_have_token: true,
    has_token: true,
    is_delivered: true,
    is_in_ledger: true,
    end: Some(TurnEnd::Issued),
};
const REFUSED: Fate = Fate {
    leaves: Leaves::Nothing,
    may_have_token: false,
    has_token: false,
    is_delivered: false,
    is_in_ledger: false,
    end: Some(TurnEnd::NotIssued),
};
const UNDELIVERED: Fate = Fate {
    leaves: Leaves::Intent,
    is_delivered: false,
    end: Some(TurnEnd::Undelivered),
    is_in_ledger: true,
    ..ISSUED
};
const UNKNOWN: Fate = Fate {
    has_token: false,
    is_in_ledger: false,
    end: Some(TurnEnd::Unknown),
    ..UNDELIVERED
};

/// The good one first.
const FATES: [Fate; 17] = [
    ISSUED,
    REFUSED,
    UNDELIVERED,
    Fate {
        end: Some(TurnEnd::ValueLost),
        is_in_ledger: false,
        ..UNDELIVERED
    },
    UNKNOWN,
    Fate {
        has_token: true,
        ..UNKNOWN
    },
    Fate {
        end: Some(TurnEnd::Mismatch),
        ..ISSUED
    },
    Fate {
        is_in_ledger: false,
        ..ISSUED
    },
    // From here on, the process is gone: before anything was written, with the intent on disk, with the
    // request sent and carried out or not, with the value kept, delivered, and with the record removed.
    Fate {
        leaves: Leaves::Blank,
        end: None,
        ..REFUSED
    },
    Fate {
        leaves: Leaves::Intent,
        end: None,
        ..REFUSED
    },
    Fate {
        end: None,
        ..UNKNOWN
    },
    Fate {
        end: None,
        has_token: true,
        ..UNKNOWN
    },
    Fate {
        end: None,
        ..UNDELIVERED
    },
    Fate {
        end: None,
        is_delivered: true,
        is_in_ledger: false,
        ..UNDELIVERED
    },
    Fate {
        end: None,
        ..ISSUED
    },
    Fate {
        end: None,
        is_in_ledger: false,
        ..ISSUED
    },
    Fate {
        end: None,
        ..REFUSED
    },
];

/// The whole turn, reduced to what becomes of it.
///
/// # Errors
///
/// It must not be begun now.
pub fn whole(own: usize, site: &mut Site) -> Result<Turned, Violation> {
    let fate = FATES[site.choices.fault(FATES.len())];
    if fate.may_have_token {
        checks::before_asking(own, site)?;
    }
    let intent = intent(own, site);
    let operation = &mut site.operations[own];
    match fate.leaves {
        Leaves::Nothing => {
            operation.record.steal();
            operation.is_closed = true;
        }
        Leaves::Blank => {}
        Leaves::Intent => {
            let line = Entry::Intent(intent).to_line();
            operation.record.write(line.as_bytes());
        }
    }
    operation.may_have_token = fate.may_have_token;
    operation.has_token = fate.has_token;
    operation.is_delivered = fate.is_delivered;
    operation.end = fate.end;
    if fate.is_in_ledger {
        site.ledger.insert(operation.id);
    }
    Ok(fate.end.map_or(Turned::Crash, Turned::Over))
}

fn intent(own: usize, site: &Site) -> Intent {
    let own = &site.operations[own];
    let planned = &site.plan.sandboxes[own.sandbox];
    Intent::new(
        own.id,
        site.plan.started,
        site.plan.vault.clone(),
        planned.name.clone(),
        "ci #{operation}".parse().unwrap(),
        site.plan.expiry,
    )
    .destinations(planned.destinations.clone())
    .verify(VerifyRule::Never)
}

impl Driven {
    /// A turn whose record was reserved.
    #[must_use]
    pub fn begin(own: usize, journal: Journal<File>, site: &Site) -> Self {
        Self {
            own,
            machine: Issuance::new(intent(own, site)),
            journal,
        }
    }

    /// One that goes on from its record, or revokes. `None`: there is none.
    #[must_use]
    pub fn recover(own: usize, is_revoking: bool, site: &Site) -> Option<Self> {
        let file = site.operations[own].record.open()?;
        let Ok(Opened::Open(record, journal)) = Journal::open(file) else {
            return None;
        };
        let machine = Issuance::resume(*record);
        Some(Self {
            own,
            machine: if is_revoking {
                machine.revoking()
            } else {
                machine
            },
            journal,
        })
    }

    /// Carries out one step.
    ///
    /// # Errors
    ///
    /// A promise is broken.
    pub fn step(&mut self, site: &mut Site) -> Result<Turned, Violation> {
        let told = match self.machine.step() {
            Step::Persist(entry) | Step::Keep(entry) => told(self.journal.append(&entry)),
            Step::Send(_) => {
                checks::before_asking(self.own, site)?;
                send(self.own, site)
            }
            Step::Deliver { .. } => match site.choices.fault(4) {
                1 => None,
                2 => Some(Event::Failed),
                pick => {
                    site.operations[self.own].is_delivered = true;
                    (pick == 0).then_some(Event::Done)
                }
            },
            Step::Check { .. } => {
                let is_there = site.operations[self.own].is_delivered;
                Some(Event::from_success(is_there))
            }
            Step::LookUp(look) => match site.choices.fault(3) {
                0 => {
                    let own = &site.operations[self.own];
                    let record = TokenRecord::new(token_id(self.own)).name(look.name().as_str());
                    Some(Event::Found(
                        own.has_token.then_some(record).into_iter().collect(),
                    ))
                }
                1 => None,
                _ => Some(Event::Failed),
            },
            Step::Revoke(_) => revoke(self.own, site),
            Step::Confirm(value) => match self.journal.holds(value) {
                Ok(holds) => Some(Event::from_success(holds)),
                Err(Fault::Failed) => Some(Event::Failed),
                Err(Fault::Crashed) => None,
            },
            Step::Forget => self.forget(site),
            Step::Done(outcome) => {
                let end = TurnEnd::of(outcome);
                if *outcome == Outcome::Issued {
                    checks::ensure(site.operations[self.own].is_delivered, "it is not there")?;
                }
                return Ok(Turned::Over(end));
            }
            _ => Some(Event::Failed),
        };
        let Some(event) = told else {
            return Ok(Turned::Crash);
        };
        let fits = self.machine.tell(event);
        fits.map_err(|odd| Violation::new("every event fits its step", odd.to_string()))?;
        Ok(Turned::On)
    }

    fn forget(&mut self, site: &mut Site) -> Option<Event> {
        let own = &site.operations[self.own];
        let is_issued = own.is_delivered && own.has_token;
        if is_issued && site.choices.fault(2) == 0 {
            let id = own.id;
            site.ledger.insert(id);
        }
        let done = self.journal.forget();
        site.operations[self.own].is_closed |= !site.operations[self.own].record.has_file();
        told(done)
    }
}

fn told(done: Result<(), Fault>) -> Option<Event> {
    match done {
        Ok(()) => Some(Event::Done),
        Err(Fault::Failed) => Some(Event::Failed),
        Err(Fault::Crashed) => None,
    }
}

fn token_id(own: usize) -> TokenId {
    TokenId::parse(format!("0PI{own}")).unwrap()
}

fn send(own: usize, site: &mut Site) -> Option<Event> {
    let pick = site.choices.fault(9);
    let operation = &mut site.operations[own];
    operation.has_token = pick < 4;
    operation.may_have_token = !matches!(pick, 6..=8);
    let id = token_id(own);
    match pick {
        0 => {
            let value = AccessToken::parse(format!("veeva-vault-simulated-{own}")).unwrap();
            Some(Event::Answered(IssuedToken::new(Some(id), value)))
        }
        1 => Some(Event::NoValue(Some(id))),
        2 | 4 => Some(Event::NoValue(None)),
        3 | 5 => None,
        6 => Some(Event::NotSent),
        7 => Some(Event::Refused(Vec::new())),
        _ => Some(Event::SessionInvalid(Vec::new())),
    }
}

fn revoke(own: usize, site: &mut Site) -> Option<Event> {
    let pick = site.choices.fault(4);
    let is_asked = pick != 2;
    let was_there = is_asked && std::mem::take(&mut site.operations[own].has_token);
    match pick {
        1 => None,
        2 => Some(Event::Failed),
        3 => Some(Event::Removed(Removal::Unknown)),
        _ if was_there => Some(Event::Removed(Removal::Deleted)),
        _ => Some(Event::Removed(Removal::WasGone)),
    }
}
