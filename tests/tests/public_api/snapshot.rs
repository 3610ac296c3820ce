//! The public API stands in `tests/api/`, a line per item: what a change does to it is seen in review.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use crate::rustdoc::{LIBRARIES, Library};
use vault_sandbox_tests::workspace;

const RENEW: &str = "UPDATE_SNAPSHOTS=1 cargo test -p vault-sandbox-tests --test public_api";

#[test]
fn the_public_api_is_the_one_written_down() {
    let mut differences = String::new();
    for library in LIBRARIES.iter() {
        let file = workspace().join(format!("tests/api/{}.txt", library.name));
        let now = api_of(library);
        assert!(now.lines().count() > 20, "{}: {now}", library.name);
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&file, &now).unwrap();
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        differences += &difference(&written, &now);
    }
    assert!(
        differences.is_empty(),
        "the public API differs from tests/api/:\n\n{differences}\n\
         Is that meant? A line that goes breaks someone's build, see the README on versions. Then:\n\
         {RENEW}\n",
    );
}

fn api_of(library: &Library) -> String {
    public_api::Builder::from_rustdoc_json(&library.file)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .unwrap()
        .to_string()
}

/// Lines that went, and lines that came.
fn difference(before: &str, after: &str) -> String {
    let [before, after] = [before, after].map(|text| text.lines().collect::<BTreeSet<_>>());
    let mut text = String::new();
    for (sign, lines) in [('-', &before - &after), ('+', &after - &before)] {
        for line in lines {
            writeln!(text, "{sign} {line}").unwrap();
        }
    }
    text
}

#[test]
fn a_difference_is_shown() {
    assert_eq!(difference("a\nb\n", "b\nc\n"), "- a\n+ c\n");
    assert_eq!(difference("a\nb\n", "a\nb\n"), "");
}
