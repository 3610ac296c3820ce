//! From reqwest's errors to how far the request got: the one place for both transports.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use vault_sandbox_core::{TransportError, TransportErrorKind};

use crate::progress::Progress;

/// The failure of an exchange.
pub(crate) fn of(error: &reqwest::Error, progress: &Progress) -> TransportError {
    TransportError::new(kind(error, progress), Cause::of(error))
}

/// The failure of an exchange whose whole time is up.
pub(crate) fn out_of_time(progress: &Progress) -> TransportError {
    if progress.is_connecting() {
        TransportError::new(
            TransportErrorKind::Connect,
            "the time for the whole exchange was up",
        )
    } else {
        TransportError::without_cause(TransportErrorKind::Timeout)
    }
}

/// "Not sent" is said only where it is certain: the connector never handed over a connection, or
/// hyper-util says that the failure was the connector's.
///
/// reqwest's `is_builder` is no such proof, although it reads like one: its redirect policy makes
/// a builder error of an *answer* whose `Location` it cannot read (reqwest 0.13.5, `redirect.rs`).
/// What really cannot be built was refused before, by [`Target`](crate::target::Target).
fn kind(error: &reqwest::Error, progress: &Progress) -> TransportErrorKind {
    if progress.is_connecting() || error.is_connect() {
        return TransportErrorKind::Connect;
    }
    if error.is_timeout() {
        return TransportErrorKind::Timeout;
    }
    if causes(error).any(ends_the_connection) {
        return TransportErrorKind::Interrupted;
    }
    TransportErrorKind::Other
}

fn ends_the_connection(cause: &(dyn StdError + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return error.is_incomplete_message()
            || error.is_canceled()
            || error.is_closed()
            || error.is_body_write_aborted();
    }
    // Reset, broken pipe, end of file, an alert or garbage where TLS was: reading went wrong on a
    // connection that stood. hyper itself puts an io::Error around a body that breaks its framing;
    // that is a cut answer too.
    cause.is::<io::Error>()
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The words of an error and of its causes, without the URL, in which there may be names of people.
///
/// `reqwest::Error::without_url` takes it from the outermost error only. So the words are copied,
/// and reqwest's own layers, which say no more than the kind does, left out wherever they stand.
#[derive(Debug)]
pub(crate) struct Cause {
    what: String,
    because: Option<Box<Cause>>,
}

impl Cause {
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        let mut words: Vec<String> = causes(error)
            .filter(|cause| !cause.is::<reqwest::Error>())
            .map(ToString::to_string)
            .collect();
        // Some layers repeat their cause's words.
        words.dedup();
        words
            .into_iter()
            .rev()
            .fold(None, |because, what| {
                Some(Self {
                    what,
                    because: because.map(Box::new),
                })
            })
            .unwrap_or_else(|| Self {
                what: "the HTTP client does not say why".to_owned(),
                because: None,
            })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.because
            .as_deref()
            .map(|cause| cause as &(dyn StdError + 'static))
    }
}
