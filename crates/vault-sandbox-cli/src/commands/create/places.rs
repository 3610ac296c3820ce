//! The places that a token needs: its destinations and its record, checked before it is asked for.

use std::collections::BTreeMap;

use vault_sandbox_core::OperationId;
use vault_sandbox_core::redact::escape;
use vault_sandbox_issuer::destinations::{Reserved, Round};
use vault_sandbox_issuer::state::{PendingRecord, State, StateError};

use super::item::{Item, new_operation};
use crate::commands::Context;
use crate::destinations::{self, file_name_of};
use crate::problem::Problem;
use vault_sandbox_issuer::aside::Waiting;

/// The places of one token, open and with room in them.
pub(super) struct Places {
    pub(super) record: PendingRecord,
    pub(super) opened: BTreeMap<usize, Box<dyn Reserved>>,
}

impl Places {
    /// Opens the destinations and reserves the record.
    pub(super) async fn open(context: &Context<'_>, item: &Item) -> Result<Self, Problem> {
        destinations::sweep(&item.destinations);
        Self::reserve(Waiting::Here, context.settings.state()?, item).await
    }

    /// As [`open`](Self::open), once all places were [checked](check_all).
    pub(super) async fn reserve(
        waiting: Waiting,
        state: &State,
        item: &Item,
    ) -> Result<Self, Problem> {
        let opened = destinations::reserve_all(&item.destinations).await?;
        let (pending, operation) = (state.pending(), item.operation);
        let record = waiting.on(move || pending.reserve(operation)).await?;
        Ok(Self {
            record,
            opened: opened.into_iter().enumerate().collect(),
        })
    }
}

/// Checks every place of every sandbox; each is opened when its turn comes. Two sandboxes must not
/// share one.
pub(super) async fn check_all(context: &Context<'_>, items: &[Item]) -> Result<(), Problem> {
    let pending = context.settings.state()?.pending();
    drop(pending.reserve(new_operation()?)?);
    destinations::sweep(items.iter().flat_map(|item| &item.destinations));
    let round = Round::new();
    let (mut files, mut programs) = (BTreeMap::new(), BTreeMap::new());
    for (at, item) in items.iter().enumerate() {
        for (place, destination) in item.destinations.iter().enumerate() {
            let twice = item.destinations[..place].contains(destination);
            let other = match destination.check(&round).await? {
                Some(file) => files.insert(file, at),
                None if destination.is_program() => programs.insert(destination.to_string(), at),
                None => None,
            };
            if twice || other == Some(at) {
                return Err(destination.named_twice());
            }
            if let Some(other) = other.and_then(|other| items.get(other)) {
                return Err(Problem::usage(format!(
                    "--out {destination}: the tokens of {:?} and {:?} would both go there. {}",
                    escape(other.sandbox.as_str()),
                    escape(item.sandbox.as_str()),
                    how_to_tell_apart(other, item)
                )));
            }
        }
    }
    Ok(())
}

fn how_to_tell_apart(one: &Item, other: &Item) -> &'static str {
    if file_name_of(&one.sandbox) == file_name_of(&other.sandbox) {
        "In a path, small letters, digits and . _ - are left of a name, and of these two the same is left: make the token of each by itself, with a path of its own."
    } else {
        "Write {sandbox} where its name shall stand, such as --out \".secrets/{sandbox}.token\"."
    }
}

/// Mentions what earlier runs left open; `ours` are of this one, and `run` is it, if it is one over
/// many.
pub(super) fn mention_open(
    context: &Context<'_>,
    ours: usize,
    run: Option<OperationId>,
) -> Result<(), Problem> {
    let state = context.settings.state()?;
    // What cannot be looked at is said, and found again where it is needed.
    let said = |error: StateError| {
        context.voice.warning(&Problem::from(error).what);
        Vec::new()
    };
    let mut runs = state.runs().operations().unwrap_or_else(said);
    runs.retain(|operation| Some(*operation) != run);
    if let Some(first) = runs.first() {
        let words = match runs.len() {
            1 => format!("the run {first} over many sandboxes is"),
            many => format!("{many} runs over many sandboxes are"),
        };
        context.voice.say(&format!(
            "Note: {words} not finished.\n  See:  {}",
            context.settings.recover()
        ));
    }
    let open = state.pending().operations().unwrap_or_else(said);
    let open = open.len().saturating_sub(ours);
    if open > 0 {
        let words = if open == 1 {
            "operation of an earlier run is"
        } else {
            "operations of earlier runs are"
        };
        context.voice.say(&format!(
            "Note: {open} {words} not closed.\n  See:  {}",
            context.settings.recover()
        ));
    }
    Ok(())
}
