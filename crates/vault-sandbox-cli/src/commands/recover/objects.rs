//! What is known of an operation that is open, for scripts.

use chrono::{DateTime, SecondsFormat, Utc};
use vault_sandbox_core::OperationId;
use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::issuance::{DeliveryState, Issuance, NewerRecord, Outcome, Record};
use vault_sandbox_core::redact::escape;

use crate::json::OperationObject;
use crate::report::candidate;

pub(super) fn bare(operation: OperationId, state: &'static str, path: String) -> OperationObject {
    OperationObject {
        operation: operation.to_string(),
        state,
        started: None,
        vault: None,
        sandbox: None,
        name: None,
        token_ids: Vec::new(),
        candidates: Vec::new(),
        replaces: None,
        record: path,
    }
}

/// What is known of an operation of which it is not certain which token it made.
pub(super) fn still_open(
    issuance: &Issuance,
    outcome: &Outcome,
    path: String,
) -> Option<OperationObject> {
    let state = match outcome {
        Outcome::Unknown => "unknown",
        Outcome::ValueLost(None) => "value_lost",
        _ => return None,
    };
    let intent = issuance.intent();
    Some(OperationObject {
        started: Some(intent.started.to_rfc3339_opts(SecondsFormat::Secs, true)),
        vault: Some(intent.vault.authority()),
        sandbox: Some(intent.sandbox.to_string()),
        name: Some(intent.name.to_string()),
        candidates: issuance.candidates().iter().map(candidate).collect(),
        replaces: intent.replaces.as_ref().map(ToString::to_string),
        ..bare(intent.operation, state, path)
    })
}

pub(super) fn newer(record: NewerRecord, bare: OperationObject) -> OperationObject {
    let shown = |text: Option<String>| text.map(|text| escape(&text));
    let started = record.started.and_then(|text| text.parse().ok());
    let started = started.map(|at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    OperationObject {
        started,
        vault: shown(record.vault),
        sandbox: shown(record.sandbox),
        name: shown(record.name),
        ..bare
    }
}

pub(super) fn object(record: &Record, bare: OperationObject) -> OperationObject {
    let intent = &record.intent;
    let kept = record.token.as_ref().and_then(IssuedToken::id);
    OperationObject {
        started: Some(intent.started.to_rfc3339_opts(SecondsFormat::Secs, true)),
        vault: Some(intent.vault.authority()),
        sandbox: Some(intent.sandbox.to_string()),
        name: Some(intent.name.to_string()),
        token_ids: kept
            .or(record.lost.as_ref())
            .into_iter()
            .map(ToString::to_string)
            .collect(),
        candidates: record.candidates.iter().map(candidate).collect(),
        replaces: intent.replaces.as_ref().map(ToString::to_string),
        ..bare
    }
}

pub(super) fn state_of(record: &Record) -> &'static str {
    let is_everywhere =
        !record.deliveries.is_empty() && committed(record) == record.deliveries.len();
    match (&record.token, &record.lost) {
        (Some(_), _) if is_everywhere => "delivered",
        (Some(_), _) => "kept",
        (None, Some(_)) => "value_lost",
        (None, None) => "unknown",
    }
}

fn committed(record: &Record) -> usize {
    let committed = |state| state == DeliveryState::Committed;
    let mut states = record.deliveries.iter().map(|delivery| delivery.state);
    states.by_ref().filter(|state| committed(*state)).count()
}
