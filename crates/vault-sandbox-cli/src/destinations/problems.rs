//! What is wrong with a destination, in this program's words.

use vault_sandbox_issuer::destinations::{
    DestinationError, InvalidDestination, InvalidReason, Reason,
};

use super::stdout::Swallowed;
use crate::problem::Problem;

/// The kinds, for messages.
const KINDS: &str =
    "\"-\" for stdout, file:PATH, env-file:PATH#VAR, json:PATH or exec:PROGRAM ARGS";

/// A destination that cannot be used.
pub(crate) fn problem(error: &DestinationError) -> Problem {
    let destination = error.destination();
    match error.reason() {
        Reason::NamedTwice => Problem::usage(format!("--out {destination}: named twice.")),
        Reason::Other(other) if other.is::<Swallowed>() => Problem::destination(format!(
            "{other}: the token would be lost."
        ))
        .now("No token was asked for. Name a file with --out PATH, or let something read stdout."),
        reason => Problem::destination(format!("{destination}: {}.", words(reason))),
    }
}

/// What is wrong, as the end of a sentence.
pub(crate) fn words(reason: &Reason) -> String {
    match reason {
        Reason::NoDirectory(path) => {
            format!("{reason}; make it first: mkdir -p {}", path.display())
        }
        Reason::Directory(_, error)
        | Reason::CannotMakeFile(_, error)
        | Reason::NoRoom(error)
        | Reason::Ownership(error)
        | Reason::Lock(error) => format!("{reason}: {error}"),
        reason => reason.to_string(),
    }
}

/// Words that name no destination.
pub(crate) fn invalid(error: &InvalidDestination) -> Problem {
    let InvalidDestination { text, reason } = error;
    let why = match reason {
        InvalidReason::NoVariable => format!("{reason} Write env-file:PATH#VAR"),
        InvalidReason::UnknownKind(_) => {
            format!("{reason}. Write {KINDS}, or ./{text} for a file of that name")
        }
        reason => reason.to_string(),
    };
    Problem::usage(format!("--out {text}: {why}."))
}
