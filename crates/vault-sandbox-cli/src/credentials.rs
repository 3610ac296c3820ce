//! Where secrets come from. Nothing of a secret is ever in a message, only its source.

use std::io::Read;
use std::path::Path;

use vault_sandbox_core::{AccessToken, Password, SessionId, UserName, ValidationError};

use crate::args::Global;
use crate::problem::Problem;
use crate::settings::{Settings, variable};
use crate::voice::Voice;

/// No credential is longer; what is, is some other file.
const MAX_FILE_LENGTH: u64 = 64 * 1024;

/// A way to be let in.
#[derive(Debug, Clone)]
pub(crate) enum Means {
    Session(SessionId),
    Token(AccessToken),
    Password { user: UserName, password: Password },
}

/// The means that were found, and where.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) means: Means,
    pub(crate) source: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Session,
    Token,
    Password,
}

const KINDS: [(Kind, &str); 3] = [
    (Kind::Session, "VAULT_SANDBOX_SESSION_ID"),
    (Kind::Token, "VAULT_SANDBOX_TOKEN"),
    (Kind::Password, "VAULT_SANDBOX_PASSWORD"),
];

/// Looks in files named by flags, then in the environment, then asks. Two of the same rank are an
/// error: which one wins must not depend on us.
pub(crate) fn find(global: &Global, settings: &Settings, voice: &Voice) -> Result<Found, Problem> {
    let by_flag = [
        (Kind::Session, "--session-file", &global.session_file),
        (Kind::Token, "--token-file", &global.token_file),
        (Kind::Password, "--password-file", &global.password_file),
    ];
    let flags: Vec<_> = by_flag
        .into_iter()
        .filter_map(|(kind, flag, path)| Some((kind, flag, path.as_deref()?)))
        .collect();
    if let Some((kind, flag, path)) = only_one(&flags, |(_, flag, _)| (*flag).to_owned())? {
        let source = format!("{flag} {}", path.display());
        return found(*kind, read_file(path, &source)?, source, settings, voice);
    }
    let mut given = Vec::new();
    for (kind, name) in KINDS {
        let (of_file, file_name) = (variable(&format!("{name}_FILE"))?, format!("{name}_FILE"));
        // An empty secret is a mistake, not an absence: a CI variable that is not set for this branch.
        if std::env::var_os(name).is_some_and(|value| value.is_empty()) {
            return Err(Problem::configuration(format!("{name} is set but empty.")));
        }
        if let Some(text) = variable(name)? {
            given.push((kind, name.to_owned(), Ok(text)));
        }
        if let Some(path) = of_file {
            given.push((kind, file_name, Err(path)));
        }
    }
    if let Some((kind, name, value)) = only_one(&given, |(_, name, _)| name.clone())? {
        let text = match value {
            Ok(text) => trimmed(text.as_bytes(), name)?,
            Err(path) => read_file(Path::new(path), &format!("{name} ({path})"))?,
        };
        return found(*kind, text, name.clone(), settings, voice);
    }
    prompt(settings, voice)
}

fn only_one<T>(found: &[T], name: impl Fn(&T) -> String) -> Result<Option<&T>, Problem> {
    match found {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        [first, second, ..] => Err(Problem::configuration(format!(
            "{} and {} are both given. Give one credential, so that it is certain which is used.",
            name(first),
            name(second)
        ))),
    }
}

fn found(
    kind: Kind,
    text: String,
    source: String,
    settings: &Settings,
    voice: &Voice,
) -> Result<Found, Problem> {
    let wrong = |error: &ValidationError| {
        Problem::configuration(format!(
            "The {} from {source} {}.",
            word(kind),
            error.reason()
        ))
    };
    let means = match kind {
        Kind::Session => Means::Session(SessionId::parse(text).map_err(|e| wrong(&e))?),
        Kind::Token => Means::Token(AccessToken::parse(text).map_err(|e| wrong(&e))?),
        Kind::Password => {
            let password = Password::parse(text).map_err(|e| wrong(&e))?;
            let user = settings.user.clone().ok_or_else(|| {
                Problem::configuration(format!(
                    "A password is given ({source}), but not whose: give --user or VAULT_SANDBOX_USER."
                ))
            })?;
            Means::Password { user, password }
        }
    };
    learn(&means, voice);
    Ok(Found { means, source })
}

pub(crate) fn learn(means: &Means, voice: &Voice) {
    voice.learn(|scrubber| match means {
        Means::Session(session) => session.hide_in(scrubber),
        Means::Token(token) => token.hide_in(scrubber),
        Means::Password { password, .. } => password.hide_in(scrubber),
    });
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Session => "session ID",
        Kind::Token => "access token",
        Kind::Password => "password",
    }
}

fn prompt(settings: &Settings, voice: &Voice) -> Result<Found, Problem> {
    if !settings.may_prompt {
        return Err(Problem::configuration(
            "There is no credential, and nobody to ask for one. Set VAULT_SANDBOX_SESSION_ID, VAULT_SANDBOX_TOKEN, or VAULT_SANDBOX_USER and VAULT_SANDBOX_PASSWORD (each secret also as …_FILE), or give --session-file, --token-file or --password-file.",
        )
        .now("Nothing was sent."));
    }
    let failed = |error: std::io::Error| {
        Problem::configuration(format!("The terminal could not be read: {error}."))
    };
    let user = match &settings.user {
        Some(user) => user.clone(),
        None => {
            voice.ask("User name:");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map_err(failed)?;
            UserName::parse(line.trim())
                .map_err(|e| Problem::configuration(format!("The user name {}.", e.reason())))?
        }
    };
    let text = rpassword::prompt_password(format!("Password of {user}: ")).map_err(failed)?;
    let password = Password::parse(text)
        .map_err(|e| Problem::configuration(format!("The password {}.", e.reason())))?;
    let means = Means::Password { user, password };
    learn(&means, voice);
    Ok(Found {
        means,
        source: "the prompt".to_owned(),
    })
}

fn read_file(path: &Path, source: &str) -> Result<String, Problem> {
    let failed = |error: std::io::Error| {
        Problem::configuration(format!("{source} cannot be read: {error}."))
    };
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin()
            .take(MAX_FILE_LENGTH + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(MAX_FILE_LENGTH + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    if bytes.len() as u64 > MAX_FILE_LENGTH {
        return Err(Problem::configuration(format!(
            "{source} is too long to be a credential."
        )));
    }
    trimmed(&bytes, source)
}

/// One line feed, or carriage return and line feed, at the end is an editor's, not the secret's.
fn trimmed(bytes: &[u8], source: &str) -> Result<String, Problem> {
    let bytes = bytes
        .strip_suffix(b"\n")
        .map_or(bytes, |rest| rest.strip_suffix(b"\r").unwrap_or(rest));
    if bytes.is_empty() {
        return Err(Problem::configuration(format!("{source} is empty.")));
    }
    if bytes.contains(&b'\n') {
        return Err(Problem::configuration(format!(
            "{source} holds more than one line."
        )));
    }
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Problem::configuration(format!("{source} is not UTF-8.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_ending_is_trimmed_and_nothing_else() {
        for (bytes, text) in [
            (&b"abc"[..], "abc"),
            (b"abc\n", "abc"),
            (b"abc\r\n", "abc"),
            (b" abc ", " abc "),
        ] {
            assert_eq!(trimmed(bytes, "f").unwrap(), text);
        }
        for bytes in [&b""[..], b"\n", b"\r\n", b"a\nb", b"a\n\n", b"\xff"] {
            assert!(trimmed(bytes, "f").is_err(), "{bytes:?}");
        }
    }
}
