//! The CI system that this runs in, if any: its log is read by many, so the value must not get there.

use std::io::{self, IsTerminal as _, Write as _};

use rustix::fs::{FileType, fstat};
use vault_sandbox_core::AccessToken;

use crate::destinations::stdout;
use crate::problem::Problem;

/// A CI system, and how it is told at run time to hide a value from its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ci {
    name: &'static str,
    masking: Option<Masking>,
}

/// The command that hides what follows it. Both runners read it from stderr as from stdout, and hide
/// the usual encodings of the value too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Masking {
    /// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
    AddMask,
    /// <https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands>
    SetSecret,
}

/// Systems by the variables that they set, the certain ones first. `CI` alone is anybody's.
const SYSTEMS: [(&str, &[&str], Option<Masking>); 17] = [
    (
        "GitHub Actions",
        &["GITHUB_ACTIONS"],
        Some(Masking::AddMask),
    ),
    ("Azure Pipelines", &["TF_BUILD"], Some(Masking::SetSecret)),
    ("GitLab CI", &["GITLAB_CI"], None),
    ("Jenkins", &["JENKINS_URL", "BUILD_ID"], None),
    ("CircleCI", &["CIRCLECI"], None),
    ("Buildkite", &["BUILDKITE"], None),
    ("Bitbucket Pipelines", &["BITBUCKET_BUILD_NUMBER"], None),
    ("TeamCity", &["TEAMCITY_VERSION"], None),
    ("Travis CI", &["TRAVIS"], None),
    ("Drone", &["DRONE"], None),
    ("AppVeyor", &["APPVEYOR"], None),
    ("AWS CodeBuild", &["CODEBUILD_BUILD_ARN"], None),
    ("Bamboo", &["bamboo_planKey"], None),
    ("Semaphore", &["SEMAPHORE"], None),
    ("Cirrus CI", &["CIRRUS_CI"], None),
    ("Buddy", &["BUDDY_WORKSPACE_ID"], None),
    (ANY, &["CI"], None),
];

/// Some set `CI` on their own machine, to quiet other programs.
const ANY: &str = "a CI system (CI is set)";

const WAYS_OUT: &str = "Say where the value goes: --out file:PATH, --out env-file:PATH#VAR, --out \"exec:PROGRAM ARGS\"; or --out -, if stdout is captured and never shown, as in $(…).";

impl Ci {
    fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let is_set = |name: &&str| {
            let value = variable(name).unwrap_or_default().to_lowercase();
            !matches!(value.as_str(), "" | "0" | "false")
        };
        let found = SYSTEMS
            .iter()
            .find(|(_, names, _)| names.iter().all(is_set));
        found.map(|&(name, _, masking)| Self { name, masking })
    }

    fn here() -> Option<Self> {
        let found = Self::of(|name| std::env::var(name).ok())?;
        let is_a_person = found.name == ANY && io::stdout().is_terminal();
        (!is_a_person).then_some(found)
    }
}

/// Whether the value may go to stdout although nobody said so. In a CI system it may only where it
/// can be hidden from the log.
///
/// A simulated value is worth nothing: there, what a real run would be told is a warning.
pub(crate) fn check_implicit_stdout(simulate: bool) -> Result<Option<String>, Problem> {
    let Some(ci) = Ci::here() else {
        return Ok(None);
    };
    let why = match (ci.masking, not_heard()) {
        (Some(_), None) => return Ok(None),
        (Some(_), Some(why)) => format!(
            "{} hides a value from its log if it is told so on stderr, but stderr {why}.",
            ci.name
        ),
        (None, _) => format!(
            "This runs in {}, whose log would show the value: it cannot be told to hide one.",
            ci.name
        ),
    };
    if simulate {
        return Ok(Some(format!(
            "a real run would be refused here. {why} {WAYS_OUT}"
        )));
    }
    Err(Problem::destination(why).now(format!("No token was asked for. {WAYS_OUT}")))
}

/// Has the CI system hide the value from its log, before anything else can show it. Gives a warning
/// where that is not possible.
///
/// The one place where a value goes without having been sent there: to the CI system's own runner,
/// which takes the line out of the log. Where stderr is a file nobody would take it out, so there it
/// is not written.
pub(crate) fn mask(value: &AccessToken) -> Option<String> {
    let ci = Ci::here()?;
    let masking = ci.masking?;
    let not_masked = |why: &str| Some(format!("{} does not hide the value: {why}", ci.name));
    if let Some(why) = not_heard() {
        return not_masked(&format!("stderr {why}"));
    }
    let lines = lines(masking, value.expose());
    match io::stderr().lock().write_all(lines.as_bytes()) {
        Ok(()) => None,
        Err(error) => not_masked(&format!("stderr cannot be written: {error}")),
    }
}

/// One command for each way in which we write the value ourselves: plain, and inside JSON.
fn lines(masking: Masking, value: &str) -> String {
    let json = serde_json::Value::from(value).to_string();
    let json = &json[1..json.len() - 1];
    let mut lines = String::new();
    for form in [Some(value), Some(json).filter(|json| *json != value)] {
        let Some(form) = form else { continue };
        let line = match masking {
            Masking::AddMask => format!("::add-mask::{}\n", encoded(form, "%25")),
            Masking::SetSecret => format!("##vso[task.setsecret]{}\n", encoded(form, "%AZP25")),
        };
        lines.push_str(&line);
    }
    lines
}

/// A command is one line; the runners decode it.
fn encoded(text: &str, percent: &str) -> String {
    text.replace('%', percent)
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Why a runner cannot be reading our stderr, as far as that shows.
fn not_heard() -> Option<&'static str> {
    let stderr = io::stderr();
    if let Some(why) = stdout::swallows(&stderr) {
        return Some(why);
    }
    let is_file = fstat(stderr)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
    is_file.then_some("goes to a file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(set: &[(&str, &str)]) -> Option<Ci> {
        Ci::of(|name| {
            let found = set.iter().find(|(n, _)| *n == name)?;
            Some(found.1.to_owned())
        })
    }

    #[test]
    fn systems_are_known_by_their_variables() {
        for (set, name) in [
            (
                &[("GITHUB_ACTIONS", "true"), ("CI", "true")][..],
                "GitHub Actions",
            ),
            (&[("TF_BUILD", "True")], "Azure Pipelines"),
            (&[("GITLAB_CI", "true"), ("CI", "true")], "GitLab CI"),
            (
                &[("JENKINS_URL", "http://ci"), ("BUILD_ID", "7")],
                "Jenkins",
            ),
            (&[("BUILDKITE", "true")], "Buildkite"),
            (&[("CI", "woodpecker")], "a CI system (CI is set)"),
            (
                &[("CI", "1"), ("GITHUB_ACTIONS", "false")],
                "a CI system (CI is set)",
            ),
        ] {
            assert_eq!(found(set).map(|ci| ci.name), Some(name), "{set:?}");
        }
        for set in [
            &[][..],
            &[("CI", "")],
            &[("CI", "false")],
            &[("CI", "0")],
            // Also set by people who only talk to a Jenkins.
            &[("JENKINS_URL", "http://ci")],
        ] {
            assert_eq!(found(set), None, "{set:?}");
        }
    }

    #[test]
    fn a_command_is_one_line_and_decodes_to_the_value() {
        assert_eq!(
            lines(Masking::AddMask, "veeva-vault-x_1"),
            "::add-mask::veeva-vault-x_1\n"
        );
        assert_eq!(
            lines(Masking::AddMask, "a%0Ab\n\"::x"),
            "::add-mask::a%250Ab%0A\"::x\n::add-mask::a%250Ab\\n\\\"::x\n"
        );
        assert_eq!(
            lines(Masking::SetSecret, "50%]"),
            "##vso[task.setsecret]50%AZP25]\n"
        );
    }
}
