//! Which sandboxes a command is for: named one by one, in a file, or picked from Vault's list.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use glob::Pattern;
use vault_sandbox_core::SandboxName;
use vault_sandbox_core::endpoints::Sandbox;
use vault_sandbox_core::redact::escape;
use vault_sandbox_core::selection::{self, LeftOut, WhyLeftOut};

use crate::args::{Global, Sandboxes};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::problem::Problem;

/// A list of names is no longer: what is, is some other file.
const LONGEST_LIST: u64 = 16 * 1024 * 1024;

/// What was asked for, before Vault's list is known.
#[derive(Debug, Clone)]
pub(crate) enum Selection {
    /// These, in this order, each once.
    Named(Vec<SandboxName>),
    /// Every active one.
    All,
    /// Every active one whose name matches.
    Matching(Pattern),
}

impl Selection {
    pub(crate) fn of(args: &Sandboxes, global: &Global) -> Result<Self, Problem> {
        if args.all {
            return Ok(Self::All);
        }
        if let Some(pattern) = &args.matching {
            let pattern = Pattern::new(pattern)
                .map_err(|e| Problem::usage(format!("--match {pattern:?}: {}.", e.msg)))?;
            return Ok(Self::Matching(pattern));
        }
        let names = match &args.from {
            Some(path) => names_in(path, global)?,
            None => args.names.clone(),
        };
        if names.is_empty() {
            return Err(match &args.from {
                Some(path) => Problem::usage(format!(
                    "--from {}: there is no name in it.",
                    path.display()
                )),
                None => Problem::usage(
                    "Which sandbox? Name it, as it stands on the My Vaults page: <SANDBOX>. Or take several: --all, --match GLOB, --from FILE.",
                ),
            });
        }
        let mut seen = BTreeSet::new();
        let mut parsed = Vec::with_capacity(names.len());
        for name in names {
            let name = SandboxName::parse(name.as_str())
                .map_err(|e| Problem::invalid(Exit::Usage, "The sandbox name", &e))?;
            if !seen.insert(name.as_str().to_owned()) {
                return Err(Problem::usage(format!(
                    "The sandbox {:?} is named twice.",
                    escape(name.as_str())
                )));
            }
            parsed.push(name);
        }
        Ok(Self::Named(parsed))
    }

    /// The one sandbox that was named, if it is one.
    pub(crate) fn only(&self) -> Option<&SandboxName> {
        match self {
            Self::Named(names) => match names.as_slice() {
                [name] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Which sandboxes of the list are meant; those that are left out are named.
    pub(crate) fn among(
        &self,
        connection: &Connection,
        list: &[Sandbox],
    ) -> Result<Vec<SandboxName>, Problem> {
        let voice = connection.voice();
        let pattern = match self {
            Self::Named(names) => return Ok(names.clone()),
            Self::All => None,
            Self::Matching(pattern) => Some(pattern),
        };
        let is_meant = |name: &str| pattern.is_none_or(|pattern| pattern.matches(name));
        let selected = selection::of(list, is_meant);
        for LeftOut { sandbox, why, .. } in &selected.left_out {
            match why {
                WhyLeftOut::Name(error) => voice.warning(&format!(
                    "{:?} is left out: its name {}.",
                    escape(&sandbox.name),
                    error.reason()
                )),
                _ => voice.warning(&format!(
                    "{} is left out: it is {}.",
                    escape(&sandbox.name),
                    escape(sandbox.status.as_str())
                )),
            }
        }
        let chosen = selected.chosen;
        if chosen.is_empty() {
            let which = pattern.map_or_else(
                || "There is no active sandbox in this Vault.".to_owned(),
                |pattern| {
                    format!(
                        "No active sandbox of this Vault matches {:?}.",
                        pattern.as_str()
                    )
                },
            );
            return Err(Problem::new(Exit::Refused, which)
                .next("See them all", connection.typed().command("sandbox list")));
        }
        Ok(chosen)
    }
}

fn names_in(path: &Path, global: &Global) -> Result<Vec<String>, Problem> {
    let shown = format!("--from {}", path.display());
    let wrong = |why: String| Problem::configuration(format!("{shown}: {why}."));
    let mut text = String::new();
    let read = if path == Path::new("-") {
        if global.reads_stdin() {
            return Err(Problem::usage(
                "stdin is asked for twice: for the names (--from) and for the credential.",
            ));
        }
        std::io::stdin()
            .take(LONGEST_LIST + 1)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(LONGEST_LIST + 1).read_to_string(&mut text))
    };
    let length = read.map_err(|e| wrong(e.to_string()))?;
    if length as u64 > LONGEST_LIST {
        return Err(wrong(format!(
            "it is longer than {} MiB, so it is no list of names",
            LONGEST_LIST / 1024 / 1024
        )));
    }
    // As Windows begins a file.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines = text.lines().map(|line| line.trim_end_matches('\r'));
    let names = lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Sandboxes {
        Sandboxes {
            names: names.iter().map(ToString::to_string).collect(),
            all: false,
            matching: None,
            from: None,
            jobs: 4,
        }
    }

    fn global() -> Global {
        use clap::Parser as _;
        crate::args::Cli::parse_from(["vault-sandbox", "sandbox", "list"]).global
    }

    #[test]
    fn each_once_and_in_their_order() {
        let selection = Selection::of(&named(&["B", "A"]), &global()).unwrap();
        let Selection::Named(names) = &selection else {
            panic!("{selection:?}");
        };
        assert_eq!(
            names.iter().map(SandboxName::as_str).collect::<Vec<_>>(),
            ["B", "A"]
        );
        for wrong in [&["A", "A"][..], &[".."], &[]] {
            let problem = Selection::of(&named(wrong), &global()).unwrap_err();
            assert_eq!(problem.exit, Exit::Usage, "{wrong:?}");
        }
    }

    #[test]
    fn a_file_of_names() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "\u{feff}# those of the team\nVeePharm Sandbox\r\n\n  Q & A \nlast",
        )
        .unwrap();
        let args = Sandboxes {
            from: Some(file.path().to_owned()),
            ..named(&[])
        };
        let Selection::Named(names) = Selection::of(&args, &global()).unwrap() else {
            panic!("names");
        };
        let names: Vec<_> = names.iter().map(SandboxName::as_str).collect();
        assert_eq!(names, ["VeePharm Sandbox", "  Q & A ", "last"]);
    }
}
