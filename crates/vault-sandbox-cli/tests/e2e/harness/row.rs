//! A row of a table, and what must hold after every one.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Ran, Run, Secret, World};

/// How many rows run at a time: they mostly wait.
const AT_ONCE: usize = 8;

type Given = fn(&World) -> Run;
type Then = fn(&World, &Ran);

/// What is given, and what must come of it. What is not said follows from the exit code.
pub(crate) struct Row {
    name: &'static str,
    given: Given,
    exits: Vec<i32>,
    posts: Option<usize>,
    tokens: Option<usize>,
    value_in: Option<&'static [&'static str]>,
    says: Vec<&'static str>,
    then: Option<Then>,
}

pub(crate) fn row(name: &'static str, exit: i32, given: Given) -> Row {
    Row {
        name,
        given,
        exits: vec![exit],
        posts: None,
        tokens: None,
        value_in: None,
        says: Vec::new(),
        then: None,
    }
}

impl Row {
    /// Both are right: it depends on who is faster.
    pub(crate) fn or(mut self, exit: i32) -> Self {
        self.exits.push(exit);
        self
    }

    /// How often the server is asked for a token.
    pub(crate) fn posts(mut self, posts: usize) -> Self {
        self.posts = Some(posts);
        self
    }

    /// How many tokens there are in the end.
    pub(crate) fn tokens(mut self, tokens: usize) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Exactly where the value is: `stdout`, `record`, `work/token`.
    pub(crate) fn value_in(mut self, places: &'static [&'static str]) -> Self {
        self.value_in = Some(places);
        self
    }

    /// What a person is told.
    pub(crate) fn says(mut self, words: &'static [&'static str]) -> Self {
        self.says.extend(words);
        self
    }

    pub(crate) fn then(mut self, then: Then) -> Self {
        self.then = Some(then);
        self
    }

    fn check(&self) {
        let world = World::new();
        let run = (self.given)(&world);
        world.settle();
        let ran = run.go();
        let context = format!(
            "exit {}, stderr:\n{}\nstdout: {}",
            ran.code(),
            ran.said(),
            ran.printed()
        );
        assert!(
            self.exits.contains(&ran.code()),
            "expected {:?}; {context}",
            self.exits
        );
        for words in &self.says {
            let plain = ran.said().split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(plain.contains(words), "does not say {words:?}; {context}");
        }
        check_invariants(
            &world,
            &ran,
            &Expected::of(self, ran.code(), world.old().is_some()),
        );
        if let Some(then) = self.then {
            then(&world, &ran);
        }
    }
}

/// What follows from the exit code.
struct Expected {
    posts: usize,
    tokens: Option<usize>,
    value_in: Vec<&'static str>,
    records: usize,
}

impl Expected {
    fn of(row: &Row, code: i32, is_rotation: bool) -> Self {
        let issued = matches!(code, 0 | 20..=22 | 24);
        let value_in = match (row.value_in, code, is_rotation) {
            (Some(places), ..) => places.to_vec(),
            (None, 20, true) => vec!["record", "work/token"],
            (None, _, true) | (None, 0 | 21, _) => vec!["work/token"],
            (None, 20, _) => vec!["record"],
            (None, ..) => vec![],
        };
        // Of a rotation there is one, unless a new one could not be brought to its place, or the old
        // one not deleted.
        let tokens = match is_rotation {
            true => 1 + usize::from(matches!(code, 20 | 22 | 24)),
            false => usize::from(issued),
        };
        Self {
            posts: row.posts.unwrap_or(usize::from(issued || code == 23)),
            // An unknown fate means just that.
            tokens: row.tokens.or((code != 23).then_some(tokens)),
            value_in,
            records: usize::from(matches!(code, 20 | 22 | 23)),
        }
    }
}

/// Runs all rows, some at a time, and names every one that fails.
pub(crate) fn check_all(rows: &[Row]) {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| row.check())) {
                        let text = panic
                            .downcast::<String>()
                            .map_or_else(|_| "?".to_owned(), |t| *t);
                        failures
                            .lock()
                            .unwrap()
                            .push(format!("== {}\n{text}", row.name));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} rows fail:\n{}",
        failures.len(),
        rows.len(),
        failures.join("\n")
    );
}

fn check_invariants(world: &World, ran: &Ran, expected: &Expected) {
    let context = format!("\n{}", ran.said());
    // (a)
    assert_eq!(
        world.asked(),
        expected.posts,
        "requests for a token{context}"
    );
    // (b)
    let found = value_places(world, ran);
    let named = expected.value_in.iter().map(ToString::to_string).collect();
    assert_eq!(found, named, "places of the value{context}");
    for credential in world.credentials() {
        let places = places_of(world, ran, &credential);
        assert!(places.is_empty(), "a credential is in {places:?}{context}");
    }
    let lies_there = match world.old() {
        // It is at its place until a new one is, and there until that is.
        Some(old) => {
            let tokens = world.vault.tokens(super::SANDBOX);
            let is_there = tokens.iter().any(|token| token.id == old.id);
            let replaced = matches!(ran.code(), 0 | 24);
            assert_eq!(is_there, ran.code() != 0, "the old token is there{context}");
            let new = world.new_token().map(|new| new.value);
            if replaced { new } else { Some(old.value) }
        }
        None => world.value(),
    };
    if let (Some(value), true) = (lies_there, named.contains("work/token")) {
        let content = fs::read_to_string(world.work("token")).unwrap();
        assert_eq!(content, value, "the file holds the value and nothing else");
    }
    // (c)
    assert_eq!(
        world.records().len(),
        expected.records,
        "pending records{context}"
    );
    for file in world.files().iter().filter(|file| world.is_new(file)) {
        let is_ours = ["record", "ledger"].contains(&file.place.as_str());
        let is_named = is_ours || named.contains(&file.place);
        assert!(is_named, "{} was left{context}", file.path.display());
    }
    check_modes(world, &found);
    // (d)
    if let Some(tokens) = expected.tokens {
        let vaults = world.vault.tokens(super::SANDBOX).len();
        assert_eq!(vaults, tokens, "tokens in the sandbox{context}");
    }
    if ran.is_json && !ran.stdout.is_empty() {
        check_json(ran);
    }
}

/// The envelope says what the exit code says.
fn check_json(ran: &Ran) {
    let json = ran.json();
    let code = ran.code();
    let outcome = match code {
        0 => "issued",
        20 => "undelivered",
        21 => "mismatch",
        22 => "value_lost",
        23 => "unknown",
        24 => "partial",
        _ => "not_issued",
    };
    assert_eq!(json["schema"], "vault-sandbox/result/1", "{json}");
    // Words that were not understood name no command.
    let command = json["command"].as_str().unwrap();
    assert!(
        ["token create", "token rotate"].contains(&command) || (command.is_empty() && code == 2),
        "{json}"
    );
    assert_eq!(json["exit_code"], code, "{json}");
    let ok = json["outcome"] == outcome || (code == 0 && json["outcome"] == "ok");
    assert!(ok, "outcome of exit {code}: {json}");
    assert_eq!(json["error"].is_null(), code == 0, "{json}");
    assert!(json["warnings"].is_array(), "{json}");
    if code != 0 {
        let retry = match code {
            8 => "later",
            2 | 3 | 7 | 10 | 11 | 130 | 143 | 1 => "safe",
            _ => "unsafe",
        };
        assert_eq!(json["error"]["retry"], retry, "{json}");
        assert!(
            json["error"]["message"].as_str().unwrap().ends_with('.'),
            "{json}"
        );
    }
}

/// Every place where a value is, in whatever form.
pub(crate) fn value_places(world: &World, ran: &Ran) -> BTreeSet<String> {
    let values = world.values();
    values
        .iter()
        .flat_map(|value| places_of(world, ran, value))
        .collect()
}

/// Every place where a secret is, in whatever form.
pub(crate) fn places_of(world: &World, ran: &Ran, secret: &Secret) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for (name, bytes) in [
        ("stdout", &ran.stdout),
        ("stderr", &ran.stderr_in_the_log()),
    ] {
        if secret.is_in(bytes) {
            places.insert(name.to_owned());
        }
    }
    for file in world.files() {
        let is_file = file.path.symlink_metadata().unwrap().is_file();
        let content = if is_file {
            fs::read(&file.path).unwrap()
        } else {
            Vec::new()
        };
        if secret.is_in(&content) || secret.is_in(file.path.as_os_str().as_encoded_bytes()) {
            places.insert(file.place);
        }
    }
    places
}

/// What holds a value, and all of the state directory, is its owner's alone.
fn check_modes(world: &World, places: &BTreeSet<String>) {
    let assert_mode = |path: &Path| {
        // A file of variables keeps what its group may do.
        let nobody = match path.ends_with(".env") {
            true => 0o007,
            false => 0o077,
        };
        let metadata = path.symlink_metadata().unwrap();
        // A link has none of its own.
        if metadata.is_symlink() {
            return;
        }
        let mode = metadata.mode() & 0o777;
        assert_eq!(mode & nobody, 0, "{} has mode {mode:o}", path.display());
    };
    for file in world.files() {
        if ["record", "ledger"].contains(&file.place.as_str()) {
            assert_mode(&file.path);
            assert_mode(file.path.parent().unwrap());
        } else if places.contains(&file.place) {
            assert_mode(&file.path);
        }
    }
}
