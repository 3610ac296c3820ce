//! What the documents say of other files, and of the compiler. Their examples are compiled elsewhere.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::PathBuf;

use vault_sandbox_tests::workspace;

/// Path and text of every document.
fn documents() -> Vec<(PathBuf, String)> {
    let crates = fs::read_dir(workspace().join("crates")).unwrap();
    let mut folders: Vec<PathBuf> = crates.map(|one| one.unwrap().path()).collect();
    folders.extend([workspace().to_owned(), workspace().join("docs")]);
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    files
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The anchor that a heading is given: `## Where a thing belongs` is `#where-a-thing-belongs`.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let anchor = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        words.chars().filter(kept).collect::<String>()
    };
    headings
        .map(|line| anchor(line).replace(' ', "-"))
        .collect()
}

/// Links of rustdoc are rustdoc's to check; those to the network are not checked.
#[test]
fn every_link_to_a_file_leads_somewhere() {
    let mut checked = 0;
    for (document, text) in documents() {
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split_once(')'))
        {
            let (file, anchor) = target.0.split_once('#').unwrap_or((target.0, ""));
            let is_file = file.ends_with(".md") || file.starts_with("LICENSE");
            if file.contains("://") || !(is_file || file.is_empty()) {
                continue;
            }
            checked += 1;
            let path = match file {
                "" => document.clone(),
                file => document.parent().unwrap().join(file),
            };
            let place = format!("{}: {}", document.display(), target.0);
            let there = fs::read_to_string(path).expect(&place);
            let known = anchors(&there);
            assert!(
                anchor.is_empty() || known.iter().any(|one| one == anchor),
                "{place}"
            );
        }
    }
    assert!(checked > 8, "{checked} links");
}

#[test]
fn the_oldest_compiler_is_the_one_of_the_manifests() {
    let manifest = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let named = manifest.split("rust-version = \"").nth(1).unwrap();
    let wanted = named.split('"').next().unwrap();
    let mut said = 0;
    for (document, text) in documents() {
        for rest in text.split("Rust 1.").skip(1) {
            let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
            assert_eq!(format!("1.{minor}"), wanted, "{}", document.display());
            said += usize::from(document == workspace().join("README.md"));
        }
    }
    assert!(said > 0, "the README says which Rust it takes");
}
