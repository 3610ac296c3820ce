//! State files that another version wrote: samples, and lines that only a later version would write.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{SANDBOX, World};

/// What a record has room for: behind its lines stand line feeds.
const RESERVED: usize = 96 * 1024;
/// What the samples name, which is another thing in each test.
const SAMPLE: (&str, &str) = ("http://127.0.0.1:18480", "/srv/example/work");

/// The lines of a pending record, each intact: changed as values, written with their checksums.
#[derive(Clone, Debug)]
pub(crate) struct Lines(pub(crate) Vec<Value>);

impl Lines {
    /// A pending record as this version wrote it.
    pub(crate) fn of(path: &Path) -> Self {
        Self::parse(&fs::read(path).unwrap())
    }

    /// A sample of commit 34f2561, by its name.
    pub(crate) fn sample(name: &str) -> Self {
        Self::parse(&sample(&format!("pending/{name}.journal")))
    }

    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let whole = text.split_inclusive('\n').filter(|l| l.ends_with('\n'));
        let json = whole.filter_map(|line| line.trim_end().split_once(' '));
        Self(
            json.map(|(_, json)| serde_json::from_str(json).unwrap())
                .collect(),
        )
    }

    /// A sample, as if it had been written against this Vault and in this directory; its tokens are
    /// called as these are.
    pub(crate) fn moved_to(mut self, world: &World, tokens: &[(&str, &str, &str)]) -> Self {
        let vault = format!("http://{}", world.vault.dns());
        let work = world.root().join("work");
        let mut text = serde_json::to_string(&self.0).unwrap();
        text = text
            .replace(SAMPLE.0, &vault)
            .replace(SAMPLE.1, work.to_str().unwrap());
        self.0 = serde_json::from_str(&text).unwrap();
        let sandbox = world.vault.sandbox_dns(SANDBOX).unwrap();
        self.0[0]["sandbox_dns"] = format!("http://{sandbox}").into();
        self.0[0]["vault_id"] = world.vault.vault_id().to_string().into();
        for (sample, id, value) in tokens {
            for line in &mut self.0 {
                for at in ["id", "replaces"] {
                    if line[at] == **sample {
                        line[at] = (*id).into();
                    }
                }
                if line["entry"] == "token" && line["id"] == *id {
                    line["value"] = (*value).into();
                }
                for lost in line["ids"].as_array_mut().into_iter().flatten() {
                    if *lost == **sample {
                        *lost = (*id).into();
                    }
                }
            }
        }
        self
    }

    /// The operation, as the first line says it.
    pub(crate) fn operation(&self) -> String {
        self.0[0]["operation"].as_str().unwrap().to_owned()
    }

    /// With this line in this place.
    pub(crate) fn with(&self, at: usize, line: Value) -> Self {
        let mut lines = self.clone();
        lines.0.insert(at, line);
        lines
    }

    /// As they stand in a file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(intact).collect()
    }
}

/// A line behind its checksum.
pub(crate) fn intact(line: &Value) -> Vec<u8> {
    let json = line.to_string();
    let sum = json.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{sum:016x} {json}\n").into_bytes()
}

/// A file of `tests/fixtures/state/34f2561`.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    let path = tests.join("fixtures/state/34f2561").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl World {
    pub(crate) fn state_directory(&self) -> PathBuf {
        self.root().join("state/vault-sandbox")
    }

    /// Puts a pending record there, with reserved space behind it; its path.
    pub(crate) fn plant(&self, operation: &str, bytes: &[u8]) -> PathBuf {
        let mut whole = bytes.to_vec();
        whole.resize(RESERVED.max(bytes.len()), b'\n');
        self.plant_file(&format!("pending/{operation}.journal"), &whole)
    }

    /// Puts the record of a run over many there; its path.
    pub(crate) fn plant_run(&self, operation: &str, bytes: &[u8]) -> PathBuf {
        self.plant_file(&format!("many/{operation}.jsonl"), bytes)
    }

    fn plant_file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.state_directory().join(name);
        let parents = [self.state_directory(), path.parent().unwrap().to_owned()];
        for directory in parents {
            fs::create_dir_all(&directory).unwrap();
            fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        }
        let mut options = fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        std::io::Write::write_all(&mut options.open(&path).unwrap(), bytes).unwrap();
        path
    }

    /// Every file of the state directory with its mode, byte for byte.
    pub(crate) fn state(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let directory = self.state_directory();
        let files = self.files().into_iter();
        let files = files.filter(|file| file.path.starts_with(&directory));
        let read = |path: PathBuf| {
            let mode = path.symlink_metadata().unwrap().permissions().mode();
            let bytes = fs::read(&path).unwrap();
            (path, (mode, bytes))
        };
        files.map(|file| read(file.path)).collect()
    }
}

/// `before` and what is there now are the same: said without the bytes, which may be a value.
#[track_caller]
pub(crate) fn assert_untouched(
    world: &World,
    before: &BTreeMap<PathBuf, (u32, Vec<u8>)>,
    when: &str,
) {
    let now = world.state();
    let names = |of: &BTreeMap<PathBuf, (u32, Vec<u8>)>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(before), names(&now), "{when}: other files");
    for (path, was) in before {
        assert!(now[path] == *was, "{when}: {} was changed", path.display());
    }
}
