//! Which sandboxes of a Vault's list are meant where they are not named one by one.
//!
//! ```
//! use vault_sandbox_core::endpoints::Sandbox;
//! use vault_sandbox_core::selection;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let list: Vec<Sandbox> = serde_json::from_str(
//!     r#"[{"name":"Test 1","status":"active"},{"name":"Test 2","status":"building"},{"name":"UAT","status":"active"}]"#,
//! )?;
//! let selected = selection::of(&list, |name| name.starts_with("Test"));
//! assert_eq!(selected.chosen[0].as_str(), "Test 1");
//! assert_eq!(selected.left_out[0].sandbox.name, "Test 2");
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeSet;

use crate::endpoints::Sandbox;
use crate::types::SandboxName;
use crate::validation::ValidationError;

/// What is chosen of a list, and what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selected<'a> {
    /// Those that can have a token, in the list's order, each name once.
    pub chosen: Vec<SandboxName>,
    /// Those that are meant but cannot have one, in the list's order.
    pub left_out: Vec<LeftOut<'a>>,
}

/// A sandbox that is meant, but cannot have a token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut<'a> {
    /// As the list has it. Its name is a server's text.
    pub sandbox: &'a Sandbox,
    /// Why it cannot have one.
    pub why: WhyLeftOut,
}

/// Why a sandbox cannot have a token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyLeftOut {
    /// Its [status](Sandbox::status) says that it cannot be used.
    Status,
    /// A token cannot be asked for by its name.
    Name(ValidationError),
}

/// Of a list, the sandboxes whose name is meant: those that
/// [take tokens](crate::endpoints::SandboxStatus::takes_tokens) and that a token can be asked for by
/// name.
pub fn of(list: &[Sandbox], is_meant: impl Fn(&str) -> bool) -> Selected<'_> {
    let mut selected = Selected {
        chosen: Vec::new(),
        left_out: Vec::new(),
    };
    let mut seen = BTreeSet::new();
    for sandbox in list.iter().filter(|sandbox| is_meant(&sandbox.name)) {
        let why = match SandboxName::parse(sandbox.name.as_str()) {
            Err(error) => WhyLeftOut::Name(error),
            Ok(_) if !sandbox.status.takes_tokens() => WhyLeftOut::Status,
            Ok(name) => {
                if seen.insert(&sandbox.name) {
                    selected.chosen.push(name);
                }
                continue;
            }
        };
        selected.left_out.push(LeftOut { sandbox, why });
    }
    selected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(sandboxes: &[(&str, &str)]) -> Vec<Sandbox> {
        let rows = sandboxes
            .iter()
            .map(|(name, status)| serde_json::json!({"name": name, "status": status}));
        serde_json::from_value(rows.collect()).unwrap()
    }

    fn chosen<'a>(selected: &'a Selected<'_>) -> Vec<&'a str> {
        selected.chosen.iter().map(SandboxName::as_str).collect()
    }

    #[test]
    fn what_takes_tokens_in_the_lists_order_and_once() {
        let list = list(&[
            ("B", "active"),
            ("A", "active"),
            ("C", "building"),
            ("D", "resting"),
            ("E", "inactive"),
            ("B", "active"),
            ("F", "deleting"),
            ("..", "active"),
            ("..", "building"),
            ("G", ""),
            ("C", "active"),
        ]);
        let all = of(&list, |_| true);
        assert_eq!(chosen(&all), ["B", "A", "D", "G", "C"]);
        let left_out = all.left_out.iter();
        let left_out: Vec<_> = left_out
            .map(|left| (left.sandbox.name.as_str(), left.why == WhyLeftOut::Status))
            .collect();
        assert_eq!(
            left_out,
            [
                ("C", true),
                ("E", true),
                ("F", true),
                ("..", false),
                ("..", false)
            ]
        );
        let WhyLeftOut::Name(error) = &all.left_out[3].why else {
            panic!("{all:?}");
        };
        assert_eq!(*error, SandboxName::parse("..").unwrap_err());
    }

    #[test]
    fn only_what_is_meant_is_chosen_or_left_out() {
        let list = list(&[
            ("Test 1", "active"),
            ("Test 2", "building"),
            ("Prod", "active"),
            ("..", "active"),
        ]);
        let selected = of(&list, |name| name.starts_with("Test"));
        assert_eq!(chosen(&selected), ["Test 1"]);
        assert_eq!(selected.left_out.len(), 1);
        let none = of(&list, |_| false);
        assert!(none.chosen.is_empty() && none.left_out.is_empty());
    }
}
