//! The sentences of the contract that stands on [`HttpTransport`](crate::HttpTransport).

/// One of them. The numbers are those of the list there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sentence {
    Send,
    EveryStatus,
    NoRedirect,
    Time,
    Size,
    Headers,
    HowFar,
    Partial,
    Secrets,
    MustNot,
    Dropped,
}

impl Sentence {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Send => {
                "1. send what it is given, once: method, URI (percent-encoding included), headers \
                 and body as they are, adding only what HTTP itself needs (`Host`, `Content-Length`); \
                 a client's `User-Agent` does no harm"
            }
            Self::EveryStatus => "2. return every answer as `Ok`, whatever its status",
            Self::NoRedirect => {
                "3. follow no redirect: the next host would be handed the credential"
            }
            Self::Time => {
                "4. bound the exchange in time, from the first byte to the last of the answer. \
                 A throttled Vault *delays* its answers"
            }
            Self::Size => "5. bound the answer in size",
            Self::Headers => "6. keep repeated headers and headers that are not ASCII",
            Self::HowFar => "7. say how far the request got",
            Self::Partial => "8. hand over what had arrived of an answer that was cut",
            Self::Secrets => "9. keep headers and bodies out of errors and logs",
            Self::MustNot => {
                "It **must not** retry (not even on a connection that the server had closed, once a \
                 byte was sent), authenticate, keep cookies, or decode."
            }
            Self::Dropped => "Dropping the future must end the exchange.",
        }
    }
}
