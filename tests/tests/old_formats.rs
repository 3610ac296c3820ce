//! State files that earlier versions wrote are read for ever. `fixtures/state/` holds samples, a folder
//! for each version whose format differs; its README says how each came about.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use vault_sandbox_core::issuance::{DeliveryState, JournalError, Record};

/// What a pending record says: the one place that knows how the core gives it.
#[derive(Debug, PartialEq, Eq)]
struct Says {
    name: String,
    replaces: Option<String>,
    /// The ID of a kept token, and how its value begins.
    kept: Option<(String, String)>,
    /// How far each destination is, by its first letter.
    deliveries: String,
    /// The token that is lost for certain, else those that may be it.
    lost: Vec<String>,
    is_certain: bool,
}

fn read(name: &str) -> Result<Says, JournalError> {
    let record = Record::read(&fixture(&format!("pending/{name}.journal")))?;
    let kept = record.token.as_ref().map(|token| {
        let value = token.value().expose();
        let value = String::from_utf8(value.as_bytes()[..21].to_vec()).unwrap();
        (token.id().unwrap().to_string(), value)
    });
    let letter = |state| match state {
        DeliveryState::Planned => 'p',
        DeliveryState::Started => 's',
        DeliveryState::Committed => 'c',
        DeliveryState::Failed => 'f',
        DeliveryState::Uncertain => 'u',
        other => panic!("{other:?}"),
    };
    Ok(Says {
        name: record.intent.name.to_string(),
        replaces: record.intent.replaces.as_ref().map(ToString::to_string),
        kept,
        deliveries: record.deliveries.iter().map(|d| letter(d.state)).collect(),
        is_certain: record.lost.is_some(),
        lost: record
            .lost
            .iter()
            .chain(record.candidates.iter().map(|candidate| &candidate.id))
            .map(ToString::to_string)
            .collect(),
    })
}

/// A row: the name of the file; whether it was to replace `…9001`; the last digit of the token that is
/// kept; how far its destinations are; the last digits of those that are lost.
type Row = (&'static str, bool, Option<u8>, &'static str, &'static [u8]);

const PENDING: &[Row] = &[
    ("intent", false, None, "p", &[]),
    ("intent-default-name", false, None, "pp", &[]),
    ("intent-replaces", true, None, "p", &[]),
    ("kept", false, Some(1), "s", &[]),
    ("committed-started-planned", false, Some(1), "csp", &[]),
    ("failed-committed", false, Some(1), "fc", &[]),
    ("uncertain", false, Some(1), "cuc", &[]),
    ("redirected", false, Some(1), "cs", &[]),
    ("renounced", false, Some(1), "u", &[]),
    ("lost", false, None, "p", &[1]),
    ("lost-by-name", false, None, "p", &[1]),
    ("lost-of-several", false, None, "p", &[1, 2]),
    ("unkept-started", false, None, "s", &[]),
    ("unsynced-token", false, Some(1), "s", &[]),
    ("torn-token", false, None, "p", &[]),
    ("replaces-kept", true, Some(2), "p", &[]),
    ("replaces-settled", true, Some(2), "c", &[]),
    ("replaces-settled-unkept", true, None, "c", &[]),
];

/// The others have a name with the operation in it, which nobody else's token has.
const NAMED_CI: [&str; 3] = ["intent", "lost-by-name", "lost-of-several"];

#[test]
fn every_pending_record_of_34f2561_says_what_it_said() {
    for (name, replaces, kept, deliveries, lost) in PENDING {
        let id = |last: &u8| format!("V8T00000000900{last}");
        let says = read(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_named_ci = says.name == "ci";
        assert_eq!(is_named_ci, NAMED_CI.contains(name), "{name}");
        let expected = Says {
            name: says.name.clone(),
            replaces: replaces.then(|| id(&1)),
            kept: kept.map(|last| (id(&last), "veeva-vault-SIMULATED".to_owned())),
            deliveries: (*deliveries).to_owned(),
            lost: lost.iter().map(id).collect(),
            // A name that others can have proves nothing: that version took it for a proof.
            is_certain: !lost.is_empty() && !is_named_ci,
        };
        assert_eq!(says, expected, "{name}");
    }
    assert_eq!(read("reserved"), Err(JournalError::Empty));
}

/// Reserved space stands behind the lines again, as it did, and changes nothing.
#[test]
fn reserved_space_behind_the_lines_says_nothing() {
    for (name, ..) in PENDING {
        let bytes = fixture(&format!("pending/{name}.journal"));
        let mut whole = bytes.clone();
        whole.resize(96 * 1024, b'\n');
        let (short, long) = (Record::read(&bytes).unwrap(), Record::read(&whole).unwrap());
        assert_eq!(short.deliveries, long.deliveries, "{name}");
        assert_eq!(short.intent, long.intent, "{name}");
        assert_eq!(short.token.is_some(), long.token.is_some(), "{name}");
    }
}

/// The samples themselves: a line is a checksum and JSON, and every kind of line is there.
#[test]
fn the_samples_are_whole() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |kind: &Value| *kinds.entry(kind.as_str().unwrap().into()).or_default() += 1;
    for (name, ..) in PENDING {
        let text = String::from_utf8(fixture(&format!("pending/{name}.journal"))).unwrap();
        for line in text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
        {
            let (sum, json) = line.trim_end().split_once(' ').unwrap();
            assert_eq!(sum, format!("{:016x}", fnv_1a(json.as_bytes())), "{name}");
            let line: Value = serde_json::from_str(json).unwrap();
            count(&line["entry"]);
            for delivery in line["all"].as_array().into_iter().flatten() {
                count(&delivery["state"]);
            }
        }
        assert_eq!(text.ends_with('\n'), *name != "torn-token", "{name}");
    }
    for name in ["plan", "begun", "ended", "torn"] {
        let text = String::from_utf8(fixture(&format!("many/{name}.jsonl"))).unwrap();
        for line in text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
        {
            let line: Value = serde_json::from_str(line).unwrap();
            count(line.get("fact").unwrap_or(&line["schema"]));
            if let Some(outcome) = line.get("outcome") {
                count(outcome);
            }
        }
        assert_eq!(text.ends_with('\n'), name != "torn", "{name}");
    }
    for kind in [
        "intent",
        "token",
        "deliveries",
        "lost", // the lines
        "planned",
        "started",
        "committed",
        "failed",
        "uncertain", // how far a destination is
        "vault-sandbox/many/1",
        "begun",
        "ended", // a run over many
        "issued",
        "not_issued",
        "undelivered",
        "mismatch",
        "value_lost",
        "unknown",
    ] {
        assert!(kinds.contains_key(kind), "no sample of {kind}");
    }
}

/// Nothing lies there unexplained, and no value that could be somebody's.
#[test]
fn every_sample_is_explained_and_visibly_fake() {
    let readme = String::from_utf8(fixture("README.md")).unwrap();
    for folder in ["pending", "many"] {
        for entry in fs::read_dir(path(folder)).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            assert!(readme.contains(&format!("| `{stem}` |")), "{stem}");
            let text = fs::read_to_string(&path).unwrap();
            let values = text.split("veeva-vault-").skip(1);
            assert!(
                values.into_iter().all(|v| v.starts_with("SIMULATED")),
                "{stem}"
            );
        }
    }
}

/// Written out once more here: what the samples are held to is not what is tested.
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn path(name: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.join("fixtures/state/34f2561").join(name)
}
