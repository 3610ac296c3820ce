//! Text as it stands in a URL and in a form.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};

/// All but RFC 3986's unreserved characters are encoded, so that a path segment stays one segment.
const URL_ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// All but what `application/x-www-form-urlencoded` leaves as it is, by the URL standard.
const FORM_ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// A path segment, or the value of a query parameter, in pieces.
pub(crate) fn percent_encoded(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, URL_ENCODED)
}

/// A name or a value as it stands in a form, in pieces.
pub(crate) fn form_encoded(text: &[u8]) -> impl Iterator<Item = &str> {
    // What is encoded comes byte by byte, and the one other way to write a space is '+'.
    percent_encode(text, FORM_ENCODED).map(|piece| if piece == "%20" { "+" } else { piece })
}
