//! The places that a token needs: its destinations and its record, checked before it is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::item::{Item, new_operation};
use crate::commands::Context;
use crate::destinations::{self, Destination, OpenDestination, Tried};
use crate::pending::{Pending, PendingRecord};
use crate::problem::Problem;

/// The places of one token, open and with room in them.
pub(super) struct Places {
    pub(super) record: PendingRecord,
    pub(super) opened: BTreeMap<usize, OpenDestination>,
}

impl Places {
    /// Opens the destinations and reserves the record.
    pub(super) fn open(context: &Context<'_>, item: &Item) -> Result<Self, Problem> {
        destinations::sweep(&item.destinations);
        Self::reserve(&context.settings.state_dir()?, item)
    }

    /// As [`open`](Self::open), once all places were [checked](check_all).
    pub(super) fn reserve(state_dir: &Path, item: &Item) -> Result<Self, Problem> {
        let opened = destinations::open_all(&item.destinations)?;
        let record = Pending::new(state_dir).reserve(item.operation)?;
        Ok(Self {
            record,
            opened: opened.into_iter().enumerate().collect(),
        })
    }
}

/// Checks every place of every sandbox; each is opened when its turn comes. Two sandboxes must not
/// share one.
pub(super) fn check_all(context: &Context<'_>, items: &[Item]) -> Result<(), Problem> {
    let pending = Pending::new(&context.settings.state_dir()?);
    drop(pending.reserve(new_operation()?)?);
    destinations::sweep(items.iter().flat_map(|item| &item.destinations));
    let mut tried = Tried::default();
    let mut taken = BTreeSet::new();
    let mut programs = BTreeSet::new();
    for item in items {
        for destination in &item.destinations {
            let is_free = match (destination, destination.check(&mut tried)?) {
                (_, Some(file)) => taken.insert(file),
                (Destination::Exec(line), None) => programs.insert(line.as_str()),
                (_, None) => true,
            };
            if !is_free {
                return Err(Problem::usage(format!(
                    "--out {destination}: the tokens of several sandboxes would go there. Tell them apart with {{sandbox}} in it."
                )));
            }
        }
    }
    Ok(())
}

/// Mentions what earlier runs left open; `ours` are of this one.
pub(super) fn mention_open(context: &Context<'_>, ours: usize) -> Result<(), Problem> {
    let pending = Pending::new(&context.settings.state_dir()?);
    let open = pending.operations().len().saturating_sub(ours);
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
