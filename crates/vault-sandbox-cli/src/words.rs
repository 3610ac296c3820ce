//! What the library says as values, in words for warnings.

use vault_sandbox_issuer::removal::NotRemoved;
use vault_sandbox_issuer::try_out::NotConfirmed;

use crate::problem::sentence;

/// Why a token is not confirmed.
pub(crate) fn not_confirmed(why: &NotConfirmed) -> String {
    match why {
        NotConfirmed::NowhereToTry => {
            "the token was not tried out: where the sandbox itself is, is not known (--sandbox-dns)"
                .to_owned()
        }
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
pub(crate) fn not_removed(why: &NotRemoved) -> String {
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
