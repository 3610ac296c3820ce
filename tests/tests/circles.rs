//! Core's files import each other in one direction.
//!
//! The graph has a file for a node, and an arrow from each file to every file that it names with
//! `crate::…` or `super::…`, in an import or in the middle of code; tests inside a file do not
//! count. A name that a module only passes on (`pub use names::SandboxName` in `types/mod.rs`)
//! leads to the file that has it, so that a `mod.rs` is no crossroads of everything below it.
//!
//! A circle is a set of files of which each can be reached from each, unless one of them is the
//! parent of all the others: a module and its own children are one thing in several files.
//! Looked at from farther off, with each directory for one node, there is no circle at all.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use vault_sandbox_tests::sources_of_core;

/// The files that each file names.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// A module's path below the crate, such as `["types", "names"]`; the crate itself is empty.
type Module = Vec<String>;

#[test]
fn no_circle_among_the_files_of_core() {
    let sources = sources_of_core();
    let files = files(&sources);
    let graph = graph(&files);
    for (from, to) in [
        ("types/secret.rs", "redact.rs"),
        ("codec.rs", "envelope.rs"),
        ("endpoints/find_tokens.rs", "types/ids.rs"),
        ("endpoints/oauth_sign_in.rs", "endpoints/sign_in.rs"),
    ] {
        assert!(graph[from].contains(to), "{from} imports {to}: {graph:#?}");
    }
    let circles = circles(&graph);
    assert!(circles.is_empty(), "these import each other: {circles:#?}");

    let far_off = far_off(&graph);
    assert!(far_off["endpoints"].contains("types"), "{far_off:#?}");
    let circles = self::circles(&far_off);
    assert!(circles.is_empty(), "these import each other: {circles:#?}");
}

#[test]
fn a_circle_is_found_and_a_family_is_none() {
    let sources = |files: &[(&str, &str)]| -> Vec<(String, String)> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        files.iter().map(owned).collect()
    };
    let circle = sources(&[
        ("lib.rs", "mod a; mod b; mod c; pub use a::A;"),
        ("a.rs", "use crate::{b::{B, Other}, body::Body};"),
        ("b.rs", "// crate::nothing\nfn f() { crate::c::deep::g() }"),
        ("c/mod.rs", "mod deep; mod beside;"),
        ("c/deep.rs", "use super::beside::X;"),
        ("c/beside.rs", "use crate::A;"),
    ]);
    let found = circles(&graph(&files(&circle)));
    let files_of = ["a.rs", "b.rs", "c/beside.rs", "c/deep.rs"];
    assert_eq!(found, [files_of.map(str::to_owned).into()]);

    let family = sources(&[
        ("lib.rs", "mod machine; mod step; pub use machine::Machine;"),
        ("machine.rs", "mod after; use crate::step::Step;"),
        ("machine/after.rs", "use super::Machine;"),
        (
            "step.rs",
            "#[cfg(test)]\nmod tests { use crate::machine::Machine; }",
        ),
    ]);
    let graph = graph(&files(&family));
    assert!(graph["machine/after.rs"].contains("machine.rs"));
    assert!(graph["step.rs"].is_empty(), "{graph:#?}");
    assert!(circles(&graph).is_empty());
}

/// The text of each module, with its file: without comments, and without the tests inside.
fn files(sources: &[(String, String)]) -> BTreeMap<Module, (&str, String)> {
    let module = |file: &str| -> Module {
        let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
        let segments = path.split('/').filter(|segment| *segment != "lib");
        segments.map(str::to_owned).collect()
    };
    let code = |text: &str| -> String {
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = text.lines().map(|line| line.split("//").next().unwrap());
        lines.flat_map(|line| [line, "\n"]).collect()
    };
    let is_test = |file: &str| file.contains("/tests");
    let kept = sources.iter().filter(|(file, _)| !is_test(file));
    kept.map(|(file, text)| (module(file), (file.as_str(), code(text))))
        .collect()
}

fn graph(files: &BTreeMap<Module, (&str, String)>) -> Graph {
    let arrows = |(module, (file, text)): (&Module, &(&str, String))| {
        let named = named(module, text);
        let to = named.iter().map(|path| files[&home(files, path)].0);
        // The crate's root only lists what there is.
        let to = to.filter(|to| to != file && *to != "lib.rs");
        ((*file).to_owned(), to.map(str::to_owned).collect())
    };
    // What `pub use` passes on is no use of it: `home` looks through it.
    files
        .iter()
        .filter(|(module, _)| !module.is_empty())
        .map(arrows)
        .collect()
}

/// Every path that the text names from the crate or from a parent, in full.
fn named(module: &Module, text: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            let mut rest = &text[at..];
            let mut base = if start == "crate::" {
                Vec::new()
            } else {
                module.clone()
            };
            rest = rest.strip_prefix("crate::").unwrap_or(rest);
            while let Some(above) = rest.strip_prefix("super::") {
                base.pop();
                rest = above;
            }
            tree(&base, &mut rest, &mut found);
        }
    }
    found
}

/// Reads `a::B`, `a::{B, c::D}` or `a::*` and adds each path in it.
fn tree(base: &Module, rest: &mut &str, found: &mut Vec<Module>) {
    *rest = rest.trim_start();
    if let Some(inner) = rest.strip_prefix('{') {
        *rest = inner;
        loop {
            tree(base, rest, found);
            *rest = rest.trim_start();
            match rest.strip_prefix(',') {
                Some(next) => *rest = next.trim_start(),
                None => break,
            }
            if rest.starts_with('}') {
                break;
            }
        }
        *rest = rest.strip_prefix('}').unwrap_or(rest);
        return;
    }
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
    let mut path = base.clone();
    if !word.is_empty() && word != "self" {
        path.push(word.to_owned());
    }
    *rest = after;
    match after.strip_prefix("::") {
        Some(deeper) => {
            *rest = deeper;
            tree(&path, rest, found);
        }
        None => found.push(path),
    }
}

/// The module that has what the path names: looked for through what modules on the way pass on.
fn home(files: &BTreeMap<Module, (&str, String)>, path: &Module) -> Module {
    let mut module = Module::new();
    for segment in path {
        let mut below = module.clone();
        below.push(segment.clone());
        if files.contains_key(&below) {
            module = below;
            continue;
        }
        if let Some(passed_on) = passed_on(&module, &files[&module].1, segment) {
            return home(files, &passed_on);
        }
        break;
    }
    module
}

/// Where `pub use` of a module gets this name from, if it does.
fn passed_on(module: &Module, text: &str, name: &str) -> Option<Module> {
    for (at, word) in text.match_indices("use ") {
        if !text[..at].trim_end().ends_with(['b', ')']) {
            continue;
        }
        let mut rest = &text[at + word.len()..];
        let base = match rest.strip_prefix("crate::") {
            Some(from_root) => {
                rest = from_root;
                Module::new()
            }
            None => module.clone(),
        };
        let mut found = Vec::new();
        tree(&base, &mut rest, &mut found);
        // `pub(crate) use a_macro;` is no passing on: it would lead back here.
        let is_elsewhere = |path: &Module| path[..path.len() - 1] != module[..];
        let hit = found
            .into_iter()
            .find(|path| path.last().is_some_and(|last| last == name) && is_elsewhere(path));
        if hit.is_some() {
            return hit;
        }
    }
    None
}

/// With every file of a directory, and the module of its name, taken for one.
fn far_off(graph: &Graph) -> Graph {
    let top = |file: &String| -> String {
        let first = file.split('/').next().unwrap();
        first.trim_end_matches(".rs").to_owned()
    };
    let mut far_off = Graph::new();
    for (from, to) in graph {
        let from = top(from);
        let to: Vec<_> = to.iter().map(top).filter(|to| *to != from).collect();
        far_off.entry(from).or_default().extend(to);
    }
    far_off
}

/// Every circle, but those of a module and its own children.
fn circles(graph: &Graph) -> Vec<BTreeSet<String>> {
    let reached = |from: &str| -> BTreeSet<String> {
        let mut open: Vec<&String> = graph[from].iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(next) = open.pop() {
            if seen.insert(next.clone()) {
                open.extend(graph.get(next).into_iter().flatten());
            }
        }
        seen
    };
    let reach: BTreeMap<&String, _> = graph.keys().map(|file| (file, reached(file))).collect();
    let mut found = BTreeSet::new();
    for (file, reached) in &reach {
        let back = |other: &&String| reach.get(*other).is_some_and(|from| from.contains(*file));
        let circle: BTreeSet<String> = reached.iter().filter(back).cloned().collect();
        if !circle.is_empty() && !is_family(&circle) {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

fn is_family(circle: &BTreeSet<String>) -> bool {
    let is_parent = |parent: &String| {
        let path = parent.trim_end_matches(".rs").trim_end_matches("/mod");
        let below = format!("{path}/");
        circle
            .iter()
            .all(|file| file == parent || file.starts_with(&below))
    };
    circle.iter().any(is_parent)
}
