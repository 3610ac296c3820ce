//! What people do about a record, and what else happens to it between runs.

use vault_sandbox_core::TokenId;
use vault_sandbox_core::issuance::{DeliveryState, Journal, NotThisOne, Opened, Record};

use super::choices::Choices;
use super::disk::File;
use super::invariants::{self, OURS, TRUE, ensure};
use super::other_versions::Other;
use super::protocol::{Protocol, Rules};
use super::rare::Rare;
use super::vault::{Owner, old};
use super::world::{Run, Violation, World};

/// What somebody does about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Goes on.
    GoOn,
    /// Delivers to this destination instead.
    Redirect(&'static str),
    /// Revokes.
    Revoke,
    /// Says which token it is, and goes on or revokes.
    Name(Named, bool),
    /// Has the record forgotten.
    Forget,
}

/// Which token a person says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The right one.
    Right,
    /// Somebody else's: a mistake.
    Strangers,
    /// The one that is to be replaced.
    Replaced,
    /// One that is not there.
    Absent,
}

impl Act {
    /// Every one; going on is the first.
    pub const ALL: [Self; 12] = [
        Self::GoOn,
        Self::Redirect("file:c"),
        Self::Redirect("-"),
        Self::Revoke,
        Self::Name(Named::Right, true),
        Self::Name(Named::Right, false),
        Self::Name(Named::Strangers, true),
        Self::Name(Named::Strangers, false),
        Self::Name(Named::Replaced, true),
        Self::Name(Named::Absent, true),
        Self::Name(Named::Absent, false),
        Self::Forget,
    ];
}

/// Opens the record that is there. `None`: there is none that can be gone on with.
///
/// # Errors
///
/// Opening it changed it, or it was damaged by nobody.
pub fn open(world: &mut World) -> Result<Option<Box<Record>>, Violation> {
    world.journal = None;
    let Some(file) = world.disk.open() else {
        return Ok(None);
    };
    let before = world.disk.bytes();
    let opened = Journal::<File>::open(file);
    ensure(
        world.disk.bytes() == before,
        invariants::OTHERS,
        "looking changed it",
    )?;
    match opened {
        Ok(Opened::Open(record, journal)) => {
            world.journal = Some(journal);
            if world.newer.is_none() && world.added.is_some() {
                world.saw(Rare::OptionalKept);
            }
            Ok(Some(record))
        }
        Ok(_) | Err(_) => Ok(None),
    }
}

/// Another version writes into the record.
pub fn other_version(record: &Record, world: &mut World, choices: &Choices) {
    let Some(other) = choices.fault(Other::ALL.len() + 1).checked_sub(1) else {
        return;
    };
    let other = Other::ALL[other];
    let found: Vec<_> = world.vault.of_the_name().collect();
    let is_ours = |id: &TokenId| world.vault.owner(id) == Some(Owner::Ours);
    let ids: Vec<_> = found.iter().map(|token| token.id.clone()).collect();
    let others: Vec<_> = ids.iter().filter(|id| **id != old()).collect();
    // One that was found alone, by a name of its own, was taken for ours then as it is now.
    let is_believed = world.intent.has_own_name() && others.len() == 1 && !is_ours(others[0]);
    if other == Other::LostUncertain && (ids.is_empty() || is_believed) {
        return;
    }
    let Some(lines) = other.lines(record, &ids) else {
        return;
    };
    drop(found);
    world.note(|| format!("other version: {other:?}"));
    world.disk.write(&lines);
    match other {
        Other::UnknownLine => {
            world.saw(Rare::Newer);
            world.newer = world.disk.bytes();
        }
        Other::OptionalLine => world.added = world.disk.bytes(),
        Other::LostUncertain => world.saw(Rare::LostUncertain),
        Other::UnknownMembers => {}
    }
}

/// Does it. `None`: there is nothing left to drive.
///
/// # Errors
///
/// What is refused is not, or the other way round.
pub fn act<R: Rules>(
    act: Act,
    rules: R,
    record: Record,
    world: &mut World,
    run: &mut Run,
) -> Result<Option<R::Protocol>, Violation> {
    let has_value = record.token.is_some();
    let committed: Vec<_> = record
        .deliveries
        .iter()
        .filter(|delivery| delivery.state == DeliveryState::Committed)
        .map(|delivery| delivery.destination.clone())
        .collect();
    let known = record.token.as_ref().and_then(|token| token.id());
    let known = known.or(record.lost.as_ref()).cloned();
    let mut machine = rules.resume(record);
    settle(&machine, world)?;
    match act {
        // Without a value there is nothing to deliver, and the program says so.
        Act::Redirect(elsewhere) if has_value => {
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
        Act::GoOn | Act::Redirect(_) => {}
        Act::Revoke => {
            machine = machine.revoking();
            run.is_revoking = true;
        }
        Act::Name(named, is_revoking) => {
            let Some(id) = named_id(named, world) else {
                return Ok(Some(machine));
            };
            machine = match name(machine, &id, known.as_ref(), world)? {
                Some(machine) => machine,
                // Nothing is changed: whoever was refused thinks again.
                None => return Ok(None),
            };
            run.is_identified = known.is_none();
            world.named.push(id);
            if world.is_misnamed() {
                world.saw(Rare::Misnamed);
            }
            if is_revoking {
                machine = machine.revoking();
                run.is_revoking = true;
            }
        }
        Act::Forget => {
            world.is_meddled = true;
            if let Some(journal) = &mut world.journal {
                // Whether it works or not, the person was told.
                journal.forget().unwrap_or_default();
            }
            return Ok(None);
        }
    }
    Ok(Some(machine))
}

fn named_id(named: Named, world: &World) -> Option<TokenId> {
    match named {
        Named::Right => world.vault.last().map(|token| token.id.clone()),
        Named::Strangers => {
            let mut tokens = world.vault.tokens.iter();
            let strangers = tokens.find(|token| token.owner == Owner::Stranger);
            strangers.map(|token| token.id.clone())
        }
        Named::Replaced => world.intent.replaces.clone(),
        Named::Absent => TokenId::parse("0PIABSENT").ok(),
    }
}

/// `None`: it was refused, rightly.
fn name<P: Protocol>(
    machine: P,
    id: &TokenId,
    known: Option<&TokenId>,
    world: &mut World,
) -> Result<Option<P>, Violation> {
    let is_replaced = world.intent.replaces.as_ref() == Some(id);
    let is_another = known.is_some_and(|known| known != id);
    match machine.identified(id.clone()) {
        Ok(machine) => {
            ensure(!is_replaced, OURS, "the replaced one is taken for ours")?;
            ensure(!is_another, OURS, "another one than the record's is taken")?;
            Ok(Some(machine))
        }
        Err(why) => {
            ensure(is_replaced || is_another, TRUE, "the right one is refused")?;
            world.saw(match why {
                NotThisOne::IsReplaced => Rare::NamedReplaced,
                _ => Rare::NamedAnother,
            });
            Ok(None)
        }
    }
}

/// Which destinations are wanted is what the record says: the last that were asked for, or, where
/// those did not reach the disk, those before.
pub fn settle(machine: &impl Protocol, world: &mut World) -> Result<(), Violation> {
    if let Some(before) = world.wanted_before.take()
        && invariants::plan(machine, &world.wanted).is_err()
    {
        world.wanted = before;
    }
    invariants::plan(machine, &world.wanted)
}
