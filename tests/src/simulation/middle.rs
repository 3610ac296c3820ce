//! Records in the middle of an operation, and a world in which an earlier run left them: to enumerate
//! what happens from there.

use vault_sandbox_core::AccessToken;
use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::issuance::DeliveryState::Committed;
use vault_sandbox_core::issuance::{Delivery, DeliveryState, Entry};

use super::choices::Choices;
use super::world::World;

const STATES: [DeliveryState; 5] = [
    DeliveryState::Planned,
    DeliveryState::Started,
    DeliveryState::Committed,
    DeliveryState::Failed,
    DeliveryState::Uncertain,
];

/// What kind of record is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What was asked for, and nothing else.
    Intent,
    /// A value, just kept.
    Kept,
    /// A value, and how far each destination is.
    Marked,
    /// How far each destination is; the value could not be kept.
    MarkedWithoutValue,
    /// No value, and an ID.
    Lost,
    /// No value, and no ID.
    LostWithoutId,
    /// A value, and behind it a mark that a loss of power tore and one that it did not.
    Torn,
}

const KINDS: [Kind; 7] = [
    Kind::Intent,
    Kind::Kept,
    Kind::Marked,
    Kind::MarkedWithoutValue,
    Kind::Lost,
    Kind::LostWithoutId,
    Kind::Torn,
];

/// Has an earlier run have left a record.
pub fn set_up(world: &mut World, choices: &Choices) {
    let kind = KINDS[choices.free(KINDS.len())];
    world.sends = 1;
    world.may_send = false;
    let is_minted = kind != Kind::Intent || choices.free(2) == 0;
    let has_id = choices.free(2) == 0;
    if is_minted {
        world.vault.mint();
    }
    let entries = entries(kind, has_id, world, choices);
    drop(world.disk.create());
    let lines: Vec<_> = entries.iter().map(Entry::to_line).collect();
    let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    let mut bytes = lines.concat();
    if kind == Kind::Torn {
        bytes.extend(torn(world));
    }
    world.disk.write(&bytes);
    world.note(|| format!("an earlier run left {entries:?}"));
}

fn entries(kind: Kind, has_id: bool, world: &mut World, choices: &Choices) -> Vec<Entry> {
    let mut entries = vec![Entry::Intent(world.intent.clone())];
    let minted = world.vault.last().cloned();
    let id = minted.as_ref().map(|token| token.id.clone());
    if matches!(kind, Kind::Kept | Kind::Marked | Kind::Torn)
        && let Some(minted) = &minted
    {
        let value = AccessToken::parse(minted.value.as_str()).unwrap();
        let token = IssuedToken::new(id.clone().filter(|_| has_id), value);
        entries.push(Entry::Token(token));
        world.is_kept = true;
        world.was_at_hand = true;
    }
    match kind {
        Kind::Marked | Kind::MarkedWithoutValue => {
            world.was_at_hand = true;
            let mut deliveries = Vec::new();
            for destination in world.intent.destinations.clone() {
                let mut state = STATES[choices.free(STATES.len())];
                let is_last = deliveries.len() + 1 == world.intent.destinations.len();
                let is_everywhere = |delivery: &Delivery| delivery.state == Committed;
                // That every destination has it is written down only before the old token goes.
                let may_be_everywhere = kind == Kind::Marked || world.intent.replaces.is_some();
                if is_last && !may_be_everywhere && deliveries.iter().all(is_everywhere) {
                    state = DeliveryState::Started;
                }
                deliver(&destination, state, world, choices);
                deliveries.push(Delivery::new(destination, state));
            }
            entries.push(Entry::Deliveries(deliveries));
        }
        Kind::Lost => entries.push(Entry::Lost(id.filter(|_| has_id))),
        Kind::LostWithoutId => entries.push(Entry::Lost(None)),
        Kind::Intent | Kind::Kept | Kind::Torn => {}
    }
    entries
}

/// The first destination was served and the second failed; both marks were written, and the power went
/// before either was synced. A run that goes on writes the first mark again.
fn torn(world: &mut World) -> Vec<u8> {
    let all = world.intent.destinations.clone();
    if all.len() < 2 || world.intent.replaces.is_some() {
        return Vec::new();
    }
    let value = world.vault.last().map(|token| token.value.clone());
    let first = world.place(&all[0]);
    first.is_opened = true;
    first.writes = 1;
    first.holds = value.map(String::into_bytes);
    let mark = |second| {
        let states = [Committed, second].into_iter();
        let states = states.chain(std::iter::repeat(DeliveryState::Planned));
        let all = all.iter().zip(states);
        let all = all.map(|(name, state)| Delivery::new(name.as_str(), state));
        Entry::Deliveries(all.collect())
            .to_line()
            .as_bytes()
            .to_vec()
    };
    let mut bytes = mark(DeliveryState::Started);
    bytes[0] = b'?';
    bytes.extend(mark(DeliveryState::Failed));
    bytes
}

/// What the record says of a destination is true of it.
fn deliver(destination: &str, state: DeliveryState, world: &mut World, choices: &Choices) {
    use DeliveryState::{Planned, Started, Uncertain};
    let is_there = match state {
        Committed => true,
        Started | Uncertain => choices.free(2) == 0,
        _ => false,
    };
    let value = world.vault.last().map(|token| token.value.clone());
    // Nothing is handed over before it was tried out, where it takes another's place.
    world.is_proven |= state != Planned;
    let place = world.place(destination);
    place.is_opened = state != Planned;
    place.has_temporary = matches!(state, Started | Uncertain) && !is_there;
    place.has_failed = state == DeliveryState::Failed;
    if is_there {
        place.holds = value.map(String::into_bytes);
        place.writes = 1;
    }
}
