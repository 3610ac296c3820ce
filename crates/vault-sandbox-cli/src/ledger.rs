//! Whether a destination of the ledger is one that was named.

use crate::destinations::Destination;

/// Whether a destination of the ledger is this place, by whichever path it was named.
pub(crate) fn is_at(text: &str, place: &Destination) -> bool {
    text == place.for_record() || resolved(text) == place.resolved()
}

/// A destination as the ledger has it, by the path that leads there now.
pub(crate) fn resolved(text: &str) -> String {
    Destination::parse(text).map_or_else(|_| text.to_owned(), |d| d.resolved())
}
