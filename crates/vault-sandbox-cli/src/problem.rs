//! Why a command did not do what it was asked, in words for a person and in facts for a script.

use std::fmt;

use vault_sandbox_core::{
    Error, ErrorClass, TransportErrorKind, ValidationError, VaultErrorKind, VaultMessage,
};

use crate::exit::Exit;
use crate::voice::Voice;

/// What failed, what is true now, and what to type next.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) exit: Exit,
    /// What failed: one sentence, with its full stop.
    pub(crate) what: String,
    /// What is true now, if it is not obvious from the exit code.
    pub(crate) now: Option<String>,
    /// Commands that help, each with the words before it.
    pub(crate) next: Vec<(&'static str, String)>,
    /// Vault's own words.
    pub(crate) vault: Vec<VaultMessage>,
}

/// A problem on its way through a library.
#[derive(Debug)]
pub(crate) struct ProblemError(pub(crate) Problem);

impl fmt::Display for ProblemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)
    }
}

impl std::error::Error for ProblemError {}

impl Problem {
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            now: None,
            next: Vec::new(),
            vault: Vec::new(),
        }
    }

    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    pub(crate) fn configuration(what: impl Into<String>) -> Self {
        Self::new(Exit::Configuration, what)
    }

    pub(crate) fn destination(what: impl Into<String>) -> Self {
        Self::new(Exit::Destination, what)
    }

    /// A value that was refused, and where it came from: a flag or a variable.
    pub(crate) fn invalid(exit: Exit, source: &str, error: &ValidationError) -> Self {
        Self::new(exit, format!("{source} {}.", error.reason()))
    }

    pub(crate) fn now(mut self, now: impl Into<String>) -> Self {
        self.now = Some(now.into());
        self
    }

    /// As [`now`](Self::now), unless something was said already.
    pub(crate) fn or_now(mut self, now: &str) -> Self {
        self.now.get_or_insert_with(|| now.to_owned());
        self
    }

    pub(crate) fn next(mut self, words: &'static str, command: impl Into<String>) -> Self {
        self.next.push((words, command.into()));
        self
    }

    /// With what `voice` knows to be secret out of its words.
    pub(crate) fn scrubbed(self, voice: &Voice) -> Self {
        Self {
            what: voice.scrub(&self.what),
            now: self.now.map(|now| voice.scrub(&now)),
            ..self
        }
    }

    /// A call that was not the creating one: `doing` says what it was for.
    pub(crate) fn of_call(doing: &str, error: &Error) -> Self {
        let mut problem = Self::new(exit_of(error), sentence(doing, error));
        problem.vault = error.vault_errors().to_vec();
        problem
    }
}

/// What a failed call means, where it is certain that it did not issue anything.
pub(crate) fn exit_of(error: &Error) -> Exit {
    match error.class() {
        ErrorClass::Input => Exit::Usage,
        ErrorClass::SignIn => Exit::SignIn,
        ErrorClass::Later => Exit::Later,
        ErrorClass::Refused => Exit::Refused,
        _ => Exit::Unreachable,
    }
}

/// What happened, for somebody who has never seen the code.
pub(crate) fn sentence(doing: &str, error: &Error) -> String {
    match error {
        Error::Validation(error) => format!("{doing}: {error}."),
        Error::Transport { source, .. } => {
            let said = match source.kind() {
                TransportErrorKind::Connect => "there is no connection to Vault",
                TransportErrorKind::Unsendable => "the request cannot be sent",
                TransportErrorKind::Timeout => "Vault did not answer in time",
                TransportErrorKind::Interrupted => {
                    "the connection ended before the answer was complete"
                }
                TransportErrorKind::TooLarge => "the answer is longer than any of Vault's",
                _ => "the exchange with Vault failed",
            };
            match innermost(source) {
                Some(cause) => format!("{doing}: {said} ({cause}).{}", certificate_hint(&cause)),
                None => format!("{doing}: {said}."),
            }
        }
        Error::Protocol {
            status, problem, ..
        } => {
            format!("{doing}: {problem} (HTTP {}).", status.as_u16())
        }
        Error::Vault { errors, .. } => {
            let said: Vec<_> = errors.iter().map(ToString::to_string).collect();
            let hint = errors
                .iter()
                .find_map(|e| hint(&e.kind))
                .unwrap_or_default();
            format!(
                "{doing}: Vault refused: {}.{hint}",
                said.join("; ").trim_end_matches('.')
            )
        }
        _ => format!("{doing}: {error:#}."),
    }
}

/// The one certificate error that is mended here, not at the server.
fn certificate_hint(cause: &str) -> &'static str {
    if cause.contains("UnknownIssuer") {
        " Nobody that this machine trusts vouches for the certificate. If a company's proxy stands between, give its certificate with --ca-file."
    } else {
        ""
    }
}

/// The innermost cause is the one that says something: "Connection refused", "expired".
fn innermost(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(vault_sandbox_core::redact::escape(&cause.to_string()))
}

fn hint(kind: &VaultErrorKind) -> Option<&'static str> {
    Some(match kind {
        VaultErrorKind::InvalidSessionId => {
            " The session ID or access token is wrong, has expired, or belongs to another Vault."
        }
        VaultErrorKind::UsernameOrPasswordIncorrect => {
            " It was tried once and will not be tried again by itself: a few wrong passwords lock the account."
        }
        VaultErrorKind::UserLockedOut => " Ask a Vault administrator to unlock the account.",
        VaultErrorKind::PasswordChangeRequired => {
            " Sign in to Vault in a browser and choose a new password first."
        }
        VaultErrorKind::InactiveUser => " Ask a Vault administrator whether the user is active.",
        VaultErrorKind::InsufficientAccess => {
            " Ask a Vault administrator for the permission \"Application: API: Access API\" or, if you have that, for access to the sandbox."
        }
        VaultErrorKind::ApiLimitExceeded => " Wait a minute, then run the same command again.",
        VaultErrorKind::ConfigurationModeEnabled => {
            " Vault is in Configuration Mode and lets only administrators in; run the same command later."
        }
        VaultErrorKind::MalformedUrl | VaultErrorKind::MethodNotSupported => {
            " Vault has API access tokens since version v26.2: check --api-version."
        }
        _ => return None,
    })
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(now) = &self.now {
            write!(f, "\n{now}")?;
        }
        for (words, command) in &self.next {
            write!(f, "\n  {words}:  {command}")?;
        }
        Ok(())
    }
}
