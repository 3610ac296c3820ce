//! What Vault answers to look-ups, to a new token that is tried out, and to deletions. What an answer
//! proves is judged by the rules that are under test, and compared with what is true.

use vault_sandbox_core::endpoints::{
    DeleteTokens, FindTokens, TokenPage, TokenRecord, User, WhoAmI,
};
use vault_sandbox_core::issuance::{Event, LookUp, Removal, RemovalEvidence, TryOut, Verification};
use vault_sandbox_core::{
    AccessToken, Endpoint, Error, Facts, Reply, TokenId, TransportError, TransportErrorKind,
    VaultId, decode, decode_failed,
};

use super::choices::Choices;
use super::rare::Rare;
use super::vault::{Owner, Token, failure, response};
use super::world::{PARENT, Run, SANDBOX, Violation, World};

const JUDGED: &str = "judged: an answer proves no more than is true";

/// Somebody looks for tokens of the name.
pub fn look_up(
    look: LookUp<'_>,
    world: &mut World,
    run: &mut Run,
    choices: &Choices,
) -> Option<Event> {
    let has_live = world.vault.has_live();
    let pick = choices.fault(if has_live { 6 } else { 4 });
    match pick {
        1 => return None,
        2 => return Some(Event::Failed),
        3 => return Some(Event::GivenUp),
        _ => {}
    }
    // A new token does not show for a while.
    let is_late = pick == 4;
    let mut shown: Vec<_> = world.vault.of_the_name().collect();
    shown.retain(|token| !(is_late && token.owner == Owner::Ours));
    let is_own = |token: &&Token| token.owner == Owner::Ours;
    if world.intent.has_own_name() && !shown.iter().any(is_own) {
        // Nobody else draws the number: a copy was made from ours, and a single one that nobody used,
        // without ours beside it, could not be told from ours by anybody. It is not simulated.
        let mut copies = shown.iter().filter(|token| token.owner == Owner::Stranger);
        let is_plain = |copy: &&Token| !copy.is_used || world.was_at_hand;
        if copies.next().is_some_and(is_plain) && copies.next().is_none() {
            shown.retain(|token| token.owner != Owner::Stranger);
        }
    }
    let may_be_it: Vec<_> = shown
        .iter()
        .filter(|token| world.intent.replaces.as_ref() != Some(&token.id))
        .collect();
    run.is_ours_shown = may_be_it.iter().any(|token| token.owner == Owner::Ours);
    let is_only_one = may_be_it.len() == 1;
    // Once its value was at hand, whoever had it may have used it.
    let is_unused = run.is_issued || may_be_it.iter().all(|token| !token.is_used);
    let is_nameless = pick == 5;
    run.is_certain =
        look.can_be_certain() && run.is_ours_shown && is_only_one && is_unused && !is_nameless;
    let records: Vec<_> = shown
        .iter()
        .map(|token| {
            let mut record = record(token);
            if is_nameless && token.owner == Owner::Ours {
                record.name = None;
            }
            record
        })
        .collect();
    let has_strangers = may_be_it.len() > usize::from(run.is_ours_shown);
    let is_only_old = may_be_it.is_empty() && !shown.is_empty();
    drop(shown);
    for (rare, happened) in [
        (Rare::Certain, run.is_certain),
        (Rare::OnlyStrangers, has_strangers && !run.is_ours_shown),
        (
            Rare::UncertainWithOurs,
            run.is_ours_shown && !run.is_certain,
        ),
        (
            Rare::CopiedName,
            has_strangers && run.is_ours_shown && look.can_be_certain(),
        ),
        (Rare::OnlyTheOldOne, is_only_old),
        (Rare::Nameless, is_nameless),
    ] {
        if happened {
            world.saw(rare);
        }
    }
    Some(Event::Found(records))
}

/// Somebody looks for a token that a person named. `None`: the run ended meanwhile.
pub fn sighting(id: &TokenId, world: &mut World, choices: &Choices) -> Option<Event> {
    if world.vault.owner(id).is_none() {
        world.saw(Rare::NamedNoToken);
    }
    let there = world.vault.token(id).filter(|token| token.is_live);
    match choices.fault(4) {
        1 => None,
        2 => Some(Event::Failed),
        3 => Some(Event::Found(Vec::new())),
        _ => Some(Event::Found(there.map(record).into_iter().collect())),
    }
}

/// The new token is tried out. `None`: the run ended meanwhile.
///
/// # Errors
///
/// What it shows is not what was answered.
pub fn try_out(
    try_out: &TryOut<'_>,
    world: &mut World,
    choices: &Choices,
) -> Result<Option<Event>, Violation> {
    use Verification as V;
    let value = try_out.token().value().expose();
    let live = world
        .vault
        .ours()
        .find(|minted| minted.is_live && minted.value.as_bytes() == value.as_bytes());
    let id = try_out.token().id();
    let later = Some("2026-11-24T00:00:00Z".parse().unwrap());
    let own = |expiry| {
        live.map(|token| record(token).expiry(expiry))
            .into_iter()
            .collect()
    };
    // Without its ID, a token's record cannot be told from others.
    let with_id = |shown| if id.is_some() { shown } else { V::Works };
    let (answer, true_of_it) = match choices.fault(if live.is_some() { 10 } else { 4 }) {
        0 if live.is_some() => (
            page(own(None), SANDBOX),
            with_id(V::Confirmed { expiry: None }),
        ),
        0 | 4 => (
            refused("FAILURE", "INVALID_SESSION_ID", SANDBOX),
            V::Refused,
        ),
        1 => return Ok(None),
        2 => (
            lost::<FindTokens>(TransportErrorKind::Timeout),
            V::Unconfirmed,
        ),
        3 => return Ok(Some(Event::Failed)),
        5 => (
            page(own(later), SANDBOX),
            with_id(V::ExpiryDiffers { stored: later }),
        ),
        6 => (page(own(None), PARENT), V::OtherVault),
        7 => (page(Vec::new(), SANDBOX), V::Works),
        8 => (refused("FAILURE", "INSUFFICIENT_ACCESS", SANDBOX), V::Works),
        _ => (
            refused("FAILURE", "INVALID_SESSION_ID", PARENT),
            V::Unconfirmed,
        ),
    };
    let shown = try_out.judge(&answer);
    if shown != true_of_it {
        return Err(Violation::new(JUDGED, format!("{shown:?}")));
    }
    Ok(Some(Event::Verified(shown)))
}

/// A token is to be deleted; `value` is at hand, or not. `None`: the run ended meanwhile.
///
/// # Errors
///
/// It is judged to be gone, and is not.
pub fn delete(
    id: &TokenId,
    value: Option<&AccessToken>,
    world: &mut World,
    choices: &Choices,
) -> Result<Option<Event>, Violation> {
    let pick = choices.fault(8);
    match pick {
        1 => return Ok(None),
        // Nothing was asked.
        6 => return Ok(Some(Event::Failed)),
        _ => {}
    }
    let is_deleted = matches!(pick, 0 | 3 | 4) && world.vault.delete(id);
    let row = match is_deleted {
        true => r#"{"responseStatus":"SUCCESS"}"#.to_owned(),
        false => failure("FAILURE", "INVALID_DATA"),
    };
    let whole = format!(r#"{{"responseStatus":"SUCCESS","data":[{row}]}}"#);
    let answer = match pick {
        4 => return Ok(None),
        3 | 5 => lost::<DeleteTokens>(TransportErrorKind::Interrupted),
        7 => decode::<DeleteTokens>(&response(&failure("FAILURE", "INVALID_SESSION_ID"))),
        _ => decode::<DeleteTokens>(&response(&whole)),
    };
    if matches!(pick, 3 | 5) {
        world.saw(Rare::LostDeletion);
    }
    let mut evidence = RemovalEvidence::new(id.clone());
    evidence.asked(&answer);
    if evidence.judge() != Removal::Deleted && !look_for(&mut evidence, value, world, choices) {
        return Ok(None);
    }
    let removal = evidence.judge();
    let is_there = world.vault.token(id).is_some_and(|token| token.is_live);
    let is_ours = world.vault.owner(id) == Some(Owner::Ours);
    if removal.is_gone() && is_there && (is_ours || value.is_none()) {
        return Err(Violation::new(JUDGED, format!("{removal:?}, and it lives")));
    }
    if removal == Removal::Remains && !is_there && is_deleted && pick == 0 {
        return Err(Violation::new(JUDGED, "it remains, and is deleted"));
    }
    Ok(Some(Event::Removed(removal)))
}

/// Looks whether a token is still there, and tries its value. `false`: the run ended meanwhile.
fn look_for(
    evidence: &mut RemovalEvidence,
    value: Option<&AccessToken>,
    world: &mut World,
    choices: &Choices,
) -> bool {
    let there: Vec<_> = world
        .vault
        .token(evidence.id())
        .filter(|token| token.is_live)
        .map(record)
        .into_iter()
        .collect();
    let answer = match choices.fault(if value.is_some() { 4 } else { 3 }) {
        0 => page(there, SANDBOX),
        1 => return false,
        2 => lost::<FindTokens>(TransportErrorKind::Timeout),
        // It is another user's, and not for us to see.
        _ => {
            world.saw(Rare::Invisible);
            page(Vec::new(), SANDBOX)
        }
    };
    evidence.looked(&answer);
    if let Some(value) = value {
        let value = value.expose().as_bytes().to_vec();
        let mut ours = world.vault.ours();
        let lets_in = ours.any(|token| token.is_live && token.value.as_bytes() == value);
        let answer: Result<Reply<User>, Error> = match choices.fault(4) {
            0 if lets_in => decode::<WhoAmI>(&response(
                r#"{"responseStatus":"SUCCESS","users":[{"user":{"id":12021}}]}"#,
            )),
            3 if lets_in => decode::<WhoAmI>(&response(&failure("FAILURE", "INSUFFICIENT_ACCESS"))),
            0 | 3 => decode::<WhoAmI>(&response(&failure("FAILURE", "INVALID_SESSION_ID"))),
            1 => return false,
            _ => lost::<WhoAmI>(TransportErrorKind::Timeout),
        };
        evidence.tried(&answer);
    }
    true
}

fn record(token: &Token) -> TokenRecord {
    let day = || Some("2026-11-24T00:00:00Z".parse().unwrap());
    TokenRecord::new(token.id.clone())
        .name(token.name.as_str())
        .expiry(if token.is_as_asked { None } else { day() })
        .last_used(if token.is_used { day() } else { None })
}

fn page(records: Vec<TokenRecord>, served_by: VaultId) -> Result<Reply<TokenPage>, Error> {
    let mut facts = Facts::default();
    facts.vault_id = Some(served_by);
    Ok(Reply::new(TokenPage::new(records), facts))
}

fn refused(status: &str, kind: &str, served_by: VaultId) -> Result<Reply<TokenPage>, Error> {
    let mut answer = response(&failure(status, kind));
    let id = served_by.to_string().parse().unwrap();
    answer.headers_mut().insert("x-vaultapi-vaultid", id);
    decode::<FindTokens>(&answer)
}

fn lost<E: Endpoint>(kind: TransportErrorKind) -> Result<Reply<E::Output>, Error> {
    decode_failed::<E>(TransportError::without_cause(kind))
}
