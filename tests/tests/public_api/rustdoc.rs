//! The libraries as rustdoc sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use vault_sandbox_tests::workspace;

/// A library with all its features.
pub(crate) struct Library {
    pub(crate) name: &'static str,
    /// What rustdoc wrote.
    pub(crate) file: PathBuf,
    json: Value,
}

/// Made once for all tests.
pub(crate) static LIBRARIES: LazyLock<Vec<Library>> = LazyLock::new(|| {
    ["core", "issuer", "reqwest", "simulator"]
        .map(|short| Library::read(&format!("vault-sandbox-{short}")))
        .into()
});

impl Library {
    fn read(package: &str) -> Self {
        let file = describe(package);
        let json: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        // rustdoc's JSON is not stable: a new toolchain may speak another format.
        let (written, read) = (&json["format_version"], rustdoc_types::FORMAT_VERSION);
        assert_eq!(
            written, read,
            "rustdoc of this toolchain writes JSON in format {written}, the tests read {read}: \
             choose the `public-api` and `rustdoc-types` of that format in Cargo.toml",
        );
        let name = package.to_owned().leak();
        Self { name, file, json }
    }

    /// Full path of every public struct, enum and union, by its definition.
    pub(crate) fn types(&self) -> BTreeSet<String> {
        let types = self.items().filter(|item| {
            let kinds = ["struct", "enum", "union"];
            kinds.iter().any(|kind| item["inner"].get(kind).is_some())
        });
        types
            .map(|item| self.path(&item["id"]).unwrap().join("::"))
            .collect()
    }

    /// Full path of everything from others' crates, but the standard library, that a signature, a
    /// bound, a field or an implemented trait names, with where it does so.
    pub(crate) fn foreign(&self) -> BTreeMap<String, String> {
        let standard = ["std", "core", "alloc"];
        let mut found = BTreeMap::new();
        for item in self.items() {
            let mut named = Vec::new();
            ids_of_paths(&item["inner"], &mut named);
            for path in named.iter().filter_map(|id| self.path(id)) {
                let of = path[0].as_str();
                if !of.starts_with("vault_sandbox_") && !standard.contains(&of) {
                    let span = &item["span"];
                    let file = span["filename"].as_str().unwrap_or_default();
                    let place = format!("{file}:{}", span["begin"][0]);
                    found.entry(path.join("::")).or_insert(place);
                }
            }
        }
        found
    }

    /// Everything public that was written here. What the compiler adds to every type (auto traits,
    /// blanket implementations) was not.
    fn items(&self) -> impl Iterator<Item = &Value> {
        let index = self.json["index"].as_object().unwrap();
        let added = |item: &Value| {
            let of = &item["inner"]["impl"];
            of["is_synthetic"] == true || of["blanket_impl"].is_object()
        };
        let inside: BTreeSet<u64> = index
            .values()
            .filter(|item| added(item))
            .flat_map(|item| item["inner"]["impl"]["items"].as_array().unwrap())
            .filter_map(Value::as_u64)
            .collect();
        index.values().filter(move |item| {
            let id = item["id"].as_u64().unwrap();
            item["crate_id"] == 0 && !added(item) && !inside.contains(&id)
        })
    }

    fn path(&self, id: &Value) -> Option<Vec<String>> {
        let segments = &self.json["paths"].get(id.to_string())?["path"];
        serde_json::from_value(segments.clone()).ok()
    }
}

/// The `id` of every path to a type or a trait: an object with `path`, `id` and `args`; of a `use`,
/// with `source` and `id`.
fn ids_of_paths<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("path") || members.contains_key("source") {
                found.extend(members.get("id"));
            }
            members.values().for_each(|one| ids_of_paths(one, found));
        }
        Value::Array(items) => items.iter().for_each(|one| ids_of_paths(one, found)),
        _ => {}
    }
}

/// Runs rustdoc. In a directory of its own: the cargo that runs this test may hold the lock of the
/// usual one, and other flags would build everything there anew.
fn describe(package: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rustdoc-json");
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(workspace())
        .args(["rustdoc", "--quiet", "--lib", "--all-features", "--offline"])
        .args(["--package", package, "--target-dir"])
        .arg(&target)
        // JSON is not stable yet; this is how a stable rustdoc is told that we know.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTDOCFLAGS");
    if workspace().join("Cargo.lock").exists() {
        command.arg("--locked");
    }
    command.args(["--", "-Zunstable-options", "--output-format=json"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "rustdoc of {package}: {said}");
    let file = format!("{}.json", package.replace('-', "_"));
    target.join("doc").join(file)
}
