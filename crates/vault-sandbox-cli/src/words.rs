//! What the library says as values, in words for warnings.

use vault_sandbox_issuer::issuing::{
    NotDeleted, NotDelivered, NotLooked, RecordNotWritten, Remark,
};
use vault_sandbox_issuer::removal::NotRemoved;
use vault_sandbox_issuer::try_out::NotConfirmed;

use crate::destinations;
use crate::problem::sentence;
use crate::state_errors::why;

/// What nobody can do who does not know where the sandbox is.
const NOWHERE: &str = "where the sandbox itself is, is not known (--sandbox-dns)";

/// Something that is not as it should be, for a warning.
pub(crate) fn remark(remark: &Remark) -> String {
    match remark {
        Remark::Vault(warning) => format!("Vault: {warning}"),
        Remark::RecordNotWritten(error) => not_written(error),
        Remark::RecordLacksValue { path, error } => {
            let why = error.as_ref().map_or_else(
                || "it was removed or changed meanwhile".to_owned(),
                ToString::to_string,
            );
            let path = path.display();
            format!("the record {path} does not have the token's value: {why}")
        }
        Remark::RecordNotRemoved { path, error } => format!(
            "the record {} cannot be removed: {error}. It may hold the token's value: remove it by hand",
            path.display()
        ),
        Remark::LedgerNotWritten(error) => {
            format!("the ledger cannot be written: {}", why(error))
        }
        Remark::NotConfirmed(why) => not_confirmed(why),
        Remark::NotLookedUp(NotLooked::Call(error)) => sentence("the look-up", error),
        Remark::NotLookedUp(_) => format!("the token could not be looked up: {NOWHERE}"),
        Remark::NotLookedFor(NotLooked::Call(error)) => sentence("looking for the token", error),
        Remark::NotLookedFor(_) => format!("the token could not be looked for: {NOWHERE}"),
        Remark::NotRevoked { id, why } => match why {
            NotDeleted::NowhereToAsk => format!("nothing was revoked: {NOWHERE}"),
            why => format!("{id} was not revoked: {}", not_deleted(why)),
        },
        Remark::OldNotDeleted { old, why } => match why {
            NotDeleted::NowhereToAsk => format!("the old token was not deleted: {NOWHERE}"),
            NotDeleted::StoppedBefore => {
                format!("interrupted: the old token {old} was not deleted")
            }
            why => format!("the old token {old} was not deleted: {}", not_deleted(why)),
        },
        Remark::OldWasGone { old } => format!(
            "the old token {old} was not there any more, or never for you to see: an interrupted run, another rotation or somebody may have deleted it"
        ),
        Remark::Handover(words) => words.clone(),
        Remark::Unexpected(error) => format!("internal: {error}"),
        other => format!("{other:?}"),
    }
}

/// That the record could not be written.
pub(crate) fn not_written(error: &RecordNotWritten) -> String {
    let RecordNotWritten { path, error, .. } = error;
    format!("the record {} cannot be written: {error}", path.display())
}

/// Why a destination does not have the value.
pub(crate) fn not_delivered(why: &NotDelivered) -> String {
    match why {
        NotDelivered::Invalid(error) => destinations::invalid(error).what,
        NotDelivered::NotOpened(error) => destinations::problem(error).what,
        NotDelivered::NotTaken(error) => destinations::words(error.reason()),
        _ => "an internal error".to_owned(),
    }
}

fn not_deleted(why: &NotDeleted) -> String {
    match why {
        NotDeleted::NotRemoved(why) => not_removed(why),
        _ => "interrupted".to_owned(),
    }
}

/// Why a token is not confirmed.
fn not_confirmed(why: &NotConfirmed) -> String {
    match why {
        NotConfirmed::NowhereToTry => format!("the token was not tried out: {NOWHERE}"),
        NotConfirmed::RecordUnseen => {
            "the token works, but its record cannot be seen: its expiry is unconfirmed".to_owned()
        }
        NotConfirmed::MayNotRead => {
            "the token works, but may not read its own record: its expiry is unconfirmed".to_owned()
        }
        NotConfirmed::Call(error) => {
            let why = sentence("the token could not be tried out", error);
            why.trim_end_matches('.').to_owned()
        }
        _ => "interrupted: the token was not tried out".to_owned(),
    }
}

/// Why a token is not gone.
fn not_removed(why: &NotRemoved) -> String {
    match why {
        NotRemoved::Refused(errors) => {
            let why: Vec<_> = errors.iter().map(ToString::to_string).collect();
            why.join("; ")
        }
        NotRemoved::Call(error) => sentence("deleting it", error),
        NotRemoved::WorksUnseen => {
            "it is not for you to see, but it works: revoke it as its user".to_owned()
        }
        _ => "Vault did not say what became of it".to_owned(),
    }
}
