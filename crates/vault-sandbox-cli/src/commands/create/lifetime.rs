//! How long the token shall live: as asked, as the profile says, or 90 days; never beyond the
//! profile's limit.

use chrono::{DateTime, Utc};
use vault_sandbox_core::Expiry;

use crate::config::Profile;
use crate::exit::Exit;
use crate::problem::Problem;

const BUILT_IN: &str = "90d";

pub(super) fn of(
    given: Option<&str>,
    profile: &Profile,
    now: DateTime<Utc>,
) -> Result<Expiry, Problem> {
    let (text, source) = match (given, &profile.expires) {
        (Some(text), _) => (text, "--expires"),
        (None, Some(text)) => (text.as_str(), "The profile's expires"),
        (None, None) => (BUILT_IN, "The expiry that is built in,"),
    };
    let expiry = Expiry::parse(text, now)
        .map_err(|e| Problem::invalid(Exit::Usage, &format!("{source} {text:?}"), &e))?;
    let Some(limit) = &profile.max_expires else {
        return Ok(expiry);
    };
    let most = Expiry::parse(limit, now)
        .map_err(|e| Problem::invalid(Exit::Configuration, "The profile's max_expires", &e))?;
    if expiry.is_within(most) {
        return Ok(expiry);
    }
    Err(Problem::usage(format!(
        "{source} {text:?} is longer than the profile {:?} allows: max_expires is {limit:?}. Ask for less, such as --expires {limit}.",
        profile.name
    ))
    .now("No token was asked for."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_for_every_way_of_writing_it() {
        let now = "2026-11-23T18:00:00Z".parse().unwrap();
        for (asked, most, allowed) in [
            ("90d", "90d", true),
            ("91d", "90d", false),
            ("1y", "12mo", true),
            ("never", "10y", false),
            ("never", "never", true),
            ("2027-02-20", "90d", true),
            ("2027-02-21", "90d", false),
            ("2027-02-21", "2027-02-21", true),
            ("2027-02-21T18:00:00Z", "90d", true),
            ("2027-02-21T18:00:01Z", "90d", false),
        ] {
            let profile = Profile {
                max_expires: Some(most.to_owned()),
                ..Profile::default()
            };
            let expiry = of(Some(asked), &profile, now);
            assert_eq!(expiry.is_ok(), allowed, "{asked} of at most {most}");
            if let Err(problem) = expiry {
                assert_eq!(problem.exit, Exit::Usage);
            }
        }
    }
}
