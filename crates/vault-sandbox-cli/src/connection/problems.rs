//! Why somebody is not let in, in words.

use vault_sandbox_issuer::access::{AccessError, Expected};

use crate::exit::Exit;
use crate::problem::{Problem, ProblemError};
use crate::settings::Settings;

/// What is said of it, and what to type about it.
pub(crate) fn of(error: &AccessError, settings: &Settings) -> Problem {
    let profile = &settings.profile.name;
    let refused = |what: String| Problem::new(Exit::SignIn, what);
    match error {
        AccessError::SignIn { vault, source } => {
            let doing = format!("Signing in to {}", vault.authority());
            let mut problem = Problem::of_call(&doing, source);
            // Whatever Vault calls it: at sign-in, a refusal is about who wants to come in.
            if problem.exit == Exit::Refused {
                problem.exit = Exit::SignIn;
            }
            problem
        }
        AccessError::SignedInElsewhere(wrong) => refused(format!(
            "Vault signed you in to another Vault: {wrong}. It does so where you may not use the one asked for, or where there is none of that name: check --dns."
        )),
        AccessError::OtherServes {
            vault,
            expected,
            served,
        } => {
            let expected = match expected {
                Expected::SignedIn(id) => format!("Signed in to Vault {id}"),
                expected => format!("The profile {profile:?} says Vault {expected}"),
            };
            refused(format!(
                "{expected}, but Vault {served} answers at {vault}."
            ))
        }
        AccessError::KeptOfOther {
            vault,
            expected,
            kept,
        } => refused(format!(
            "The profile {profile:?} says Vault {expected}, but the kept session is of Vault {kept}."
        ))
        .next("Sign in anew", settings.typed.at(vault, "auth login")),
        AccessError::KeptEnded { vault } => refused(format!(
            "The session kept for {} has ended.",
            vault.authority()
        ))
        .next("Sign in again", settings.typed.at(vault, "auth login")),
        AccessError::Renewal(source) => match source.downcast_ref::<ProblemError>() {
            Some(problem) => problem.0.clone(),
            None => Problem::configuration(format!("{source}.")),
        },
        AccessError::CallsItselfOtherwise { vault } => refused(format!(
            "The Vault that answers calls itself something else than {vault}: the credential may belong to another Vault. Check --dns."
        )),
        AccessError::Look {
            vault,
            is_kept,
            source,
        } => {
            let doing = match *is_kept {
                true => "Looking whether you are signed in to",
                false => "Looking who is signed in to",
            };
            Problem::of_call(&format!("{doing} {}", vault.authority()), source)
        }
        other => refused(format!("{other}.")),
    }
}
