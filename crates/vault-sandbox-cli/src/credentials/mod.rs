//! Where secrets come from. Nothing of a secret is ever in a message, only its source.

mod command;
mod text;

use std::path::Path;

use vault_sandbox_core::{
    AccessToken, IdentityToken, OauthProfileId, Password, SessionId, UserName, ValidationError,
    VaultDns,
};
use vault_sandbox_issuer::state::KeptSession;

use crate::args::Global;
use crate::problem::Problem;
use crate::settings::{Settings, variable};
use crate::state_errors::kept_session;
use crate::voice::Voice;

/// A way to be let in.
#[derive(Debug, Clone)]
pub(crate) enum Means {
    Session(SessionId),
    Token(AccessToken),
    Password {
        user: UserName,
        password: Password,
    },
    Oauth {
        profile: OauthProfileId,
        token: IdentityToken,
    },
    Kept(Box<KeptSession>),
}

/// The means that were found, and where.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) means: Means,
    pub(crate) source: String,
}

impl Means {
    /// The word of JSON's `method`.
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Session(_) => "session_id",
            Self::Token(_) => "access_token",
            Self::Password { .. } => "password",
            Self::Oauth { .. } => "oauth",
            Self::Kept(_) => "kept_session",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Session,
    Token,
    Password,
    Oauth,
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Session, "VAULT_SANDBOX_SESSION_ID"),
    (Kind::Token, "VAULT_SANDBOX_TOKEN"),
    (Kind::Password, "VAULT_SANDBOX_PASSWORD"),
    (Kind::Oauth, "VAULT_SANDBOX_OAUTH_TOKEN"),
];

/// Looks everywhere in order, then asks.
pub(crate) fn find(
    global: &Global,
    settings: &Settings,
    dns: &VaultDns,
    voice: &Voice,
) -> Result<Found, Problem> {
    if let Some(found) = look(global, settings, dns, voice)? {
        return Ok(found);
    }
    let user = ask_user(settings, dns, voice)?;
    ask_password(user, settings, voice)
}

/// Looks everywhere in order: files named by flags, the environment, the session kept here, the
/// profile's command. Nobody is asked.
pub(crate) fn look(
    global: &Global,
    settings: &Settings,
    dns: &VaultDns,
    voice: &Voice,
) -> Result<Option<Found>, Problem> {
    if let Some(found) = given(global, settings, dns, voice)? {
        return Ok(Some(found));
    }
    if let Some(found) = kept(settings, dns, voice)? {
        return Ok(Some(found));
    }
    by_command(settings, dns, voice)
}

/// What was given for this run: by a flag, else in the environment. Two of the same rank are an
/// error: which one wins must not depend on us.
pub(crate) fn given(
    global: &Global,
    settings: &Settings,
    dns: &VaultDns,
    voice: &Voice,
) -> Result<Option<Found>, Problem> {
    let by_flag = [
        (Kind::Session, "--session-file", &global.session_file),
        (Kind::Token, "--token-file", &global.token_file),
        (Kind::Password, "--password-file", &global.password_file),
        (Kind::Oauth, "--oauth-token-file", &global.oauth_token_file),
    ];
    let flags: Vec<_> = by_flag
        .into_iter()
        .filter_map(|(kind, flag, path)| Some((kind, flag, path.as_deref()?)))
        .collect();
    if let Some((kind, flag, path)) = only_one(&flags, |(_, flag, _)| (*flag).to_owned())? {
        let source = format!("{flag} {}", path.display());
        let text = text::of_file(path, &source)?;
        return found(*kind, text, source, settings, dns, voice).map(Some);
    }
    let mut given = Vec::new();
    for (kind, name) in KINDS {
        let (of_file, file_name) = (variable(&format!("{name}_FILE"))?, format!("{name}_FILE"));
        if let Some(text) = of_environment(name)? {
            given.push((kind, name.to_owned(), Ok(text)));
        }
        if let Some(path) = of_file {
            given.push((kind, file_name, Err(path)));
        }
    }
    let Some((kind, name, value)) = only_one(&given, |(_, name, _)| name.clone())? else {
        return Ok(None);
    };
    let text = match value {
        Ok(text) => text::trimmed(text.as_bytes(), name)?,
        Err(path) => text::of_file(Path::new(path), &format!("{name} ({path})"))?,
    };
    found(*kind, text, name.clone(), settings, dns, voice).map(Some)
}

/// The token of a sandbox itself, to be used there instead of the parent's session: by a flag, else
/// in the environment.
pub(crate) fn sandbox_token(
    by_flag: Option<&Path>,
    voice: &Voice,
) -> Result<Option<Found>, Problem> {
    const NAME: &str = "VAULT_SANDBOX_SANDBOX_TOKEN";
    let (text, source) = if let Some(path) = by_flag {
        let source = format!("--sandbox-token-file {}", path.display());
        (text::of_file(path, &source)?, source)
    } else {
        let of_file = format!("{NAME}_FILE");
        match (of_environment(NAME)?, variable(&of_file)?) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(both(NAME, &of_file)),
            (Some(text), None) => (text::trimmed(text.as_bytes(), NAME)?, NAME.to_owned()),
            (None, Some(path)) => {
                let source = format!("{of_file} ({path})");
                (text::of_file(Path::new(&path), &source)?, source)
            }
        }
    };
    let token = AccessToken::parse(text).map_err(|e| {
        Problem::configuration(format!("The access token from {source} {}.", e.reason()))
    })?;
    let means = Means::Token(token);
    learn(&means, voice);
    Ok(Some(Found { means, source }))
}

/// The password that the profile's command prints, if there is one for this Vault.
pub(crate) fn by_command(
    settings: &Settings,
    dns: &VaultDns,
    voice: &Voice,
) -> Result<Option<Found>, Problem> {
    let profile = settings.profile_for(dns);
    let Some((profile, words)) = profile.and_then(|p| Some((p, p.password_command.as_ref()?)))
    else {
        return Ok(None);
    };
    let source = format!("password_command of profile {:?}", profile.name);
    // Whose password it is has to be known before somebody is asked for a fingerprint.
    whose(settings, dns, &source)?;
    let answer = command::run(words, &source, settings.may_prompt)?;
    let found = found(
        Kind::Password,
        answer.text.clone(),
        source,
        settings,
        dns,
        voice,
    )?;
    answer.show(voice);
    Ok(Some(found))
}

/// The user name, asked for if it is nowhere.
pub(crate) fn ask_user(
    settings: &Settings,
    dns: &VaultDns,
    voice: &Voice,
) -> Result<UserName, Problem> {
    if let Some(user) = settings.user(dns) {
        return Ok(user);
    }
    somebody_is_there(settings)?;
    voice.ask("User name:");
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|e| unreadable(&e))?;
    UserName::parse(line.trim())
        .map_err(|e| Problem::configuration(format!("The user name {}.", e.reason())))
}

pub(crate) fn ask_password(
    user: UserName,
    settings: &Settings,
    voice: &Voice,
) -> Result<Found, Problem> {
    somebody_is_there(settings)?;
    let text =
        rpassword::prompt_password(format!("Password of {user}: ")).map_err(|e| unreadable(&e))?;
    let password = Password::parse(text)
        .map_err(|e| Problem::configuration(format!("The password {}.", e.reason())))?;
    let means = Means::Password { user, password };
    learn(&means, voice);
    Ok(Found {
        means,
        source: "the prompt".to_owned(),
    })
}

pub(crate) fn learn(means: &Means, voice: &Voice) {
    voice.learn(|scrubber| match means {
        Means::Session(session) => session.hide_in(scrubber),
        Means::Token(token) => token.hide_in(scrubber),
        Means::Password { password, .. } => password.hide_in(scrubber),
        Means::Oauth { token, .. } => token.hide_in(scrubber),
        Means::Kept(kept) => kept.session.hide_in(scrubber),
    });
}

/// The session kept for this Vault, unless another user is wanted.
fn kept(settings: &Settings, dns: &VaultDns, voice: &Voice) -> Result<Option<Found>, Problem> {
    // Without a state directory there is none either.
    if settings.state().is_err() {
        return Ok(None);
    }
    let Some(kept) = kept_session(settings, dns)? else {
        return Ok(None);
    };
    if let Some(user) = settings.user(dns).filter(|user| !kept.is_of(user)) {
        voice.verbose(&format!(
            "The kept session is not of {user}, so it is not used."
        ));
        return Ok(None);
    }
    let means = Means::Kept(Box::new(kept));
    learn(&means, voice);
    Ok(Some(Found {
        means,
        source: "the session kept by auth login".to_owned(),
    }))
}

fn only_one<T>(found: &[T], name: impl Fn(&T) -> String) -> Result<Option<&T>, Problem> {
    match found {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        [first, second, ..] => Err(both(&name(first), &name(second))),
    }
}

fn both(one: &str, other: &str) -> Problem {
    Problem::configuration(format!(
        "{one} and {other} are both given. Give one credential, so that it is certain which is used."
    ))
}

/// An empty secret is a mistake, not an absence: a CI variable that is not set for this branch.
fn of_environment(name: &str) -> Result<Option<String>, Problem> {
    if std::env::var_os(name).is_some_and(|value| value.is_empty()) {
        return Err(Problem::configuration(format!("{name} is set but empty.")));
    }
    variable(name)
}

fn found(
    kind: Kind,
    text: String,
    source: String,
    settings: &Settings,
    dns: &VaultDns,
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
        Kind::Password => Means::Password {
            password: Password::parse(text).map_err(|e| wrong(&e))?,
            user: whose(settings, dns, &source)?,
        },
        Kind::Oauth => Means::Oauth {
            token: IdentityToken::parse(text).map_err(|e| wrong(&e))?,
            profile: settings.oauth_profile(dns).ok_or_else(|| {
                Problem::configuration(format!(
                    "An identity provider's token is given ({source}), but not the Vault's profile to exchange it by: give --oauth-profile or VAULT_SANDBOX_OAUTH_PROFILE. A Vault administrator knows its ID, and \"auth login --user NAME\" shows it."
                ))
            })?,
        },
    };
    learn(&means, voice);
    Ok(Found { means, source })
}

fn whose(settings: &Settings, dns: &VaultDns, source: &str) -> Result<UserName, Problem> {
    settings.user(dns).ok_or_else(|| {
        Problem::configuration(format!(
            "A password is given ({source}), but not whose: give --user or VAULT_SANDBOX_USER."
        ))
    })
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Session => "session ID",
        Kind::Token => "access token",
        Kind::Password => "password",
        Kind::Oauth => "identity provider's token",
    }
}

fn somebody_is_there(settings: &Settings) -> Result<(), Problem> {
    if settings.may_prompt {
        return Ok(());
    }
    Err(Problem::configuration(
        "There is no credential, and nobody to ask for one. Set VAULT_SANDBOX_SESSION_ID, VAULT_SANDBOX_TOKEN, VAULT_SANDBOX_OAUTH_TOKEN, or VAULT_SANDBOX_USER and VAULT_SANDBOX_PASSWORD (each secret also as …_FILE), or give --session-file, --token-file, --oauth-token-file or --password-file.",
    )
    .next("Or sign in once, on a terminal", settings.typed.command("auth login")))
}

fn unreadable(error: &std::io::Error) -> Problem {
    Problem::configuration(format!("The terminal could not be read: {error}."))
}
