//! Which sources were run: what makes a seed worth something to somebody else.

use std::process::Command;

use crate::workspace;

/// The commit of the sources, with `-dirty` behind it where they were changed since. Where there is no
/// repository, what the variable `SIMULATION_COMMIT` says.
#[must_use]
pub fn commit() -> String {
    if let Ok(told) = std::env::var("SIMULATION_COMMIT") {
        return told;
    }
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        let output = git.current_dir(workspace()).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let Some(head) = git(&["rev-parse", "HEAD"]) else {
        return "an unknown commit".to_owned();
    };
    match git(&["status", "--porcelain", "--untracked-files=no"]).as_deref() {
        Some("") => head,
        _ => format!("{head}-dirty"),
    }
}
