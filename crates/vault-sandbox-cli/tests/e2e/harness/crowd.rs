//! Many sandboxes, and what must hold after every run over them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use vault_sandbox_simulator::{Sandbox, Simulator};

use super::{Ran, Run, World};

/// How every value begins.
const VALUE: &[u8] = b"veeva-vault-SIMULATED";

/// A Vault with many sandboxes; tokens go to `t/NAME` in the working directory.
pub(crate) struct Crowd {
    pub(crate) world: World,
    pub(crate) names: Vec<String>,
}

impl Crowd {
    pub(crate) fn new(many: usize) -> Self {
        let names = (1..=many).map(|n| format!("Sandbox {n:04}"));
        Self::of(names.collect())
    }

    pub(crate) fn named(names: &[&str]) -> Self {
        Self::of(names.iter().map(ToString::to_string).collect())
    }

    fn of(names: Vec<String>) -> Self {
        let sandboxes = names.iter().map(|name| Sandbox::new(name.as_str()));
        let vault = Simulator::builder().sandboxes(sandboxes).start().unwrap();
        let world = World::with(vault);
        fs::create_dir(world.work("t")).unwrap();
        world.settle();
        Self { world, names }
    }

    /// `token create --all` into `t/NAME`, as it is confirmed.
    pub(crate) fn create(&self, more: &[&str]) -> Run {
        self.run(&[&["--all", "--yes"], more].concat())
    }

    /// `token create` into `t/NAME`, of what these words name.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let create = ["token", "create", "-o", "t/{sandbox}"];
        self.world.run(&[&create, words].concat())
    }

    /// With a session ID, for another address.
    pub(crate) fn run_at(&self, dns: &str, words: &[&str]) -> Run {
        let create = ["token", "create", "-o", "t/{sandbox}"];
        self.world.run_with_session(dns, &[&create, words].concat())
    }

    /// `token create --resume` of the one run there is.
    pub(crate) fn resume(&self, more: &[&str]) -> Ran {
        let runs = self.runs();
        let [run] = runs.as_slice() else {
            panic!("one run: {runs:?}");
        };
        let resume = ["token", "create", "--yes", "--resume", run];
        self.world.run(&[&resume, more].concat()).go()
    }

    /// How many tokens there are in each sandbox, and how many requests asked for one.
    pub(crate) fn issued(&self) -> BTreeMap<&str, (usize, usize)> {
        let mut asked: BTreeMap<String, usize> = BTreeMap::new();
        for request in self.world.creates() {
            let (_, rest) = request.path.split_once("/objects/sandbox/").unwrap();
            let (name, _) = rest.split_once('/').unwrap();
            let name = percent_decode_str(name).decode_utf8().unwrap().into_owned();
            *asked.entry(name).or_default() += 1;
        }
        let each = self.names.iter().map(|name| {
            let tokens = self.world.vault.tokens(name).len();
            (
                name.as_str(),
                (tokens, asked.get(name).copied().unwrap_or(0)),
            )
        });
        each.collect()
    }

    pub(crate) fn tokens(&self) -> usize {
        self.issued().values().map(|(tokens, _)| tokens).sum()
    }

    pub(crate) fn sign_ins(&self) -> usize {
        let requests = self.world.vault.requests();
        let is_sign_in = |path: &str| path.ends_with("/auth");
        requests.iter().filter(|r| is_sign_in(&r.path)).count()
    }

    /// The names of the runs that have a record.
    pub(crate) fn runs(&self) -> Vec<String> {
        let files = self.world.files().into_iter();
        let runs = files.filter(|file| file.place.contains("/many/"));
        runs.map(|file| file.path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    /// The first three invariants, whatever came of it; the last for what the run says of itself.
    #[track_caller]
    pub(crate) fn check(&self, ran: &Ran) {
        self.check_places(ran);
        let context = format!("\n{}", ran.said());
        // (a) No sandbox has two, and none was asked for twice but after Vault said it was nothing.
        for (name, (tokens, asked)) in self.issued() {
            assert!(tokens <= 1, "{name}: {tokens} tokens{context}");
            assert!(asked <= 2, "{name}: asked for {asked} times{context}");
        }
        // (d)
        if ran.is_json && !ran.stdout.is_empty() {
            self.check_objects(ran);
        }
    }

    /// Each value is in its own sandbox's file, or in one record if it is in no file; nothing else
    /// is left, and what there is, is its owner's alone.
    #[track_caller]
    pub(crate) fn check_places(&self, ran: &Ran) {
        let context = format!("\n{}", ran.said());
        for (name, bytes) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            let found = values_in(bytes);
            let may = name == "stdout" && ran.is_json;
            assert!(may || found.is_empty(), "{name} has {found:?}{context}");
        }
        let on_stdout = values_in(&ran.stdout);
        let (mut in_files, mut in_records) = (BTreeMap::new(), BTreeSet::new());
        for file in self.world.files() {
            let content = fs::read(&file.path).unwrap();
            let values = values_in(&content);
            let mode = file.path.symlink_metadata().unwrap().mode() & 0o777;
            let place = file.path.strip_prefix(self.world.root()).unwrap();
            let place = place.to_str().unwrap();
            if place.starts_with("state/") {
                assert_eq!(mode, 0o600, "{place}{context}");
                let is_record = file.place == "record";
                assert!(is_record || values.is_empty(), "{place} has {values:?}");
                in_records.extend(values);
            } else if let Some(name) = place.strip_prefix("work/t/") {
                assert_eq!(mode, 0o600, "{place}{context}");
                assert!(!name.contains(".tmp"), "{place} is left{context}");
                in_files.insert(name.to_owned(), String::from_utf8(content).unwrap());
            } else {
                let is_new = self.world.is_new(&file);
                assert!(!is_new, "{place} is left{context}");
            }
        }
        for name in &self.names {
            let file = in_files.remove(&file_of(name));
            for token in self.world.vault.tokens(name) {
                let places = usize::from(file.as_ref() == Some(&token.value))
                    + usize::from(in_records.contains(&token.value))
                    + usize::from(on_stdout.contains(&token.value));
                assert!(places <= 1, "{name}: in {places} places{context}");
            }
            if let Some(content) = file {
                let tokens = self.world.vault.tokens(name);
                let own = tokens.iter().any(|token| token.value == content);
                assert!(own, "{name}: its file holds something else{context}");
            }
        }
        assert!(in_files.is_empty(), "whose are {in_files:?}?{context}");
    }

    /// What is printed agrees with itself, with the exit code and with the server.
    fn check_objects(&self, ran: &Ran) {
        let mut objects = ran.jsonl();
        let summary = objects.pop().unwrap();
        if summary["schema"] == "vault-sandbox/result/1" {
            assert!(objects.is_empty(), "an error is one object: {summary}");
            assert_ne!(ran.code(), 0);
            return;
        }
        if let Some(results) = summary["results"].as_array() {
            assert!(objects.is_empty());
            objects.extend(results.iter().cloned());
        }
        assert_eq!(summary["exit_code"], ran.code(), "{summary}");
        assert_eq!(summary["error"].is_null(), ran.code() == 0, "{summary}");
        assert_eq!(summary["total"], objects.len(), "{summary}");
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut named = BTreeSet::new();
        for object in &objects {
            let outcome = object["outcome"].as_str().unwrap();
            *counts.entry(outcome).or_default() += 1;
            let name = object["sandbox"]["name"].as_str().unwrap();
            assert!(named.insert(name), "{name} twice");
            self.check_object(name, object);
        }
        assert_eq!(serde_json::to_value(counts).unwrap(), summary["counts"]);
        let outcome = summary["outcome"].as_str().unwrap();
        let alike = objects.iter().all(|one| one["outcome"] == outcome);
        assert!(alike || outcome == "partial", "{summary}");
        let is_left = objects.iter().any(|one| one["outcome"] == "not_issued");
        assert_eq!(summary["resume"].is_string(), is_left, "{summary}");
    }

    fn check_object(&self, name: &str, object: &Value) {
        let tokens = self.world.vault.tokens(name);
        let code = object["exit_code"].as_i64().unwrap();
        let is_there = !tokens.is_empty();
        match object["outcome"].as_str().unwrap() {
            "issued" => assert_eq!(object["token"]["id"], tokens[0].id, "{object}"),
            "not_issued" => assert!(!is_there && code < 20 || code > 100, "{object}"),
            "unknown" => assert_eq!(code, 23, "{object}"),
            _ => assert!(is_there && code >= 20, "{object}"),
        }
        assert_eq!(object["error"].is_null(), code == 0, "{object}");
    }
}

/// The file that a sandbox's token goes to, as it is documented.
pub(crate) fn file_of(name: &str) -> String {
    let small = name.to_lowercase();
    let reduced = small.chars().map(|c| match c {
        'a'..='z' | '0'..='9' | '.' | '_' | '-' => c,
        _ => '-',
    });
    let reduced: String = reduced.collect();
    match reduced.strip_prefix(['.', '-']) {
        Some(rest) => format!("_{rest}"),
        None => reduced,
    }
}

fn values_in(bytes: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut at = 0;
    while let Some(next) = find(&bytes[at..], VALUE) {
        let start = at + next;
        let rest = &bytes[start..];
        let end = rest
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || *b == b'-'));
        let value = &rest[..end.unwrap_or(rest.len())];
        found.insert(String::from_utf8(value.to_vec()).unwrap());
        at = start + value.len();
    }
    found
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|w| w == needle)
}
