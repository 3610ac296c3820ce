//! The ledger: where tokens went, never what they are. It is for convenience: a command does what it
//! was asked without it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::harness::{Ran, Row, SANDBOX, Secret, World, check_all, places_of, row};
use crate::rotate::rotate;

const DELIVERED: [&str; 5] = ["token", "verify", "--delivered", "--format", "json"];

fn mode_of(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn lines(world: &World) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(world.ledger()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn place_of_the_ledger(world: &World) -> std::path::PathBuf {
    let path = world.ledger();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    path
}

#[test]
fn it_says_where_and_never_what() {
    let world = World::new();
    let old = world.with_old();
    assert_eq!(rotate(&world, &[]).go().code(), 0);
    let new = world.new_token().unwrap();
    let facts: Vec<_> = lines(&world);
    let told: Vec<_> = facts
        .iter()
        .map(|f| (f["fact"].as_str().unwrap(), f["id"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("issued", &*old.id),
            ("issued", &new.id),
            ("revoked", &old.id)
        ]
    );
    let token = world.work("token");
    assert_eq!(
        facts[1]["destinations"][0],
        format!("file:{}", token.display())
    );
    assert_eq!(facts[1]["sandbox"], SANDBOX);
    let text = fs::read(world.ledger()).unwrap();
    for secret in [&old.value, &new.value, &world.vault.password().to_owned()] {
        assert!(!Secret::new(secret).is_in(&text));
    }
    assert_eq!(mode_of(&world.ledger()), 0o600);
    assert_eq!(mode_of(world.ledger().parent().unwrap()), 0o700);
    // A copy that was put back.
    fs::set_permissions(world.ledger(), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(rotate(&world, &[]).go().code(), 0);
    assert_eq!(mode_of(&world.ledger()), 0o600);
}

#[test]
fn what_did_not_come_to_anything_is_not_in_it() {
    let world = World::new();
    world.with_old();
    let before = lines(&world).len();
    world.vault.switches(|s| s.expiry_ignored = true);
    assert_eq!(rotate(&world, &[]).go().code(), 21);
    let ran = world
        .run(&["token", "create", SANDBOX, "-o", "exec:false"])
        .go();
    assert_eq!(ran.code(), 20);
    let ran = world
        .run(&["--simulate", "token", "create", SANDBOX, "-o", "simulated"])
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let ran = world
        .run(&[
            "--simulate",
            "token",
            "revoke",
            SANDBOX,
            "V8T000000009999",
            "--yes",
        ])
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(lines(&world).len(), before);
}

/// Whatever lies in its place: a token is issued and delivered, and a warning says the rest.
#[test]
fn what_cannot_be_written_costs_a_warning() {
    fn with(world: &World, make: fn(&Path)) -> crate::harness::Run {
        make(&place_of_the_ledger(world));
        world.create(&[])
    }
    fn warns(world: &World, ran: &Ran) {
        let warnings = ran.json()["warnings"].to_string();
        assert!(
            warnings.contains("the ledger cannot be written"),
            "{warnings}"
        );
        assert_eq!(fs::read_to_string(world.work("token")).ok(), world.value());
    }
    let warned = |row: Row| row.says(&["the ledger cannot be written"]).then(warns);
    check_all(&[
        warned(row("a directory", 0, |w| {
            with(w, |path| fs::create_dir(path).unwrap())
        })),
        warned(row("a symlink", 0, |w| {
            fs::write(w.root().join("home/target"), "").unwrap();
            with(w, |path| symlink("../../home/target", path).unwrap())
        }))
        .says(&["symbolic link"]),
        warned(row("a symlink to nowhere", 0, |w| {
            with(w, |path| symlink("nowhere", path).unwrap())
        })),
        warned(row("a fifo", 0, |w| {
            with(w, |path| {
                let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
                let fifo = rustix::fs::FileType::Fifo;
                rustix::fs::mknodat(rustix::fs::CWD, path, fifo, mode, 0).unwrap();
            })
        }))
        .says(&["no regular file"]),
        warned(row("a device", 0, |w| {
            with(w, |path| symlink("/dev/full", path).unwrap())
        })),
    ]);
}

/// Reading it is another matter for a command that is about what it says.
#[test]
fn what_cannot_be_read_is_named() {
    let world = World::new();
    let old = world.with_old();
    fs::remove_file(world.ledger()).unwrap();
    symlink("/etc/passwd", world.ledger()).unwrap();
    let ran = rotate(&world, &[]).go();
    assert_eq!(ran.code(), 3, "{}", ran.said());
    assert!(
        ran.said().contains("ledger.jsonl cannot be read"),
        "{}",
        ran.said()
    );
    assert_eq!(world.run(&DELIVERED).go().code(), 3);
    // The way out: it says which itself.
    let ran = rotate(&world, &["--old", &old.id]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(
        ran.said().contains("the ledger cannot be written"),
        "{}",
        ran.said()
    );
    let ran = world
        .run(&[
            "token",
            "revoke",
            SANDBOX,
            &world.new_token().unwrap().id,
            "--yes",
        ])
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(
        ran.said().contains("the ledger cannot be written"),
        "{}",
        ran.said()
    );
    assert!(
        !fs::read_to_string("/etc/passwd")
            .unwrap()
            .contains("vault-sandbox")
    );
}

#[test]
fn damaged_lines_are_passed_over() {
    let world = World::new();
    let old = world.with_old();
    let good = fs::read(world.ledger()).unwrap();
    let line = String::from_utf8(good.clone()).unwrap();
    let of_later = line
        .replace("ledger/1", "ledger/9")
        .replace(&old.id, "LATER");
    let junk = [
        &b"\xff\xfe\x00\n{\"schema\":\n\n"[..],
        of_later.as_bytes(),
        &good,
        b"{\"schema\":\"vault-sandbox/ledger/1\",\"at\":\"\xc3",
    ];
    fs::write(world.ledger(), junk.concat()).unwrap();
    let ran = rotate(&world, &[]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(ran.json()["replaced"]["id"], old.id);
    // What was added stands on lines of its own.
    let ran = rotate(&world, &[]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
}

/// Who does not see a token has not deleted it.
#[test]
fn a_token_that_is_not_seen_is_not_gone() {
    let world = World::new();
    let old = world.with_old();
    let before = lines(&world);
    let dns = world.vault.sandbox_dns(SANDBOX).unwrap();
    world
        .run(&[
            "token",
            "revoke",
            SANDBOX,
            &old.id,
            "--yes",
            "--sandbox-dns",
            &dns,
        ])
        .env("VAULT_SANDBOX_USER", "read.only@veepharm.com")
        .go();
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
    assert_eq!(lines(&world), before);
    let ran = rotate(&world, &[]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(ran.json()["replaced"]["id"], old.id);
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
}

/// What a later version wrote never says that there is nothing to replace.
#[test]
fn lines_of_a_later_version_are_asked_about() {
    let world = World::new();
    let old = world.with_old();
    let issued = fs::read_to_string(world.ledger()).unwrap();
    let revoked = issued.replace("\"issued\"", "\"revoked\"");
    let later = [
        issued.replace("ledger/1", "ledger/2"),
        issued.replace("\"issued\"", "\"moved\""),
    ];
    for line in &later {
        // The only trace of a token.
        fs::write(world.ledger(), line).unwrap();
        let ran = rotate(&world, &[]).go();
        assert_eq!(ran.code(), 3, "{}", ran.said());
        assert!(ran.said().contains("--old ID"), "{}", ran.said());
        // As well where the file is gone, or what is known was deleted.
        let ran = rotate(&world, &["-o", "vacant"]).go();
        assert_eq!(ran.code(), 3, "{}", ran.said());
        let of_another = |line: &str| line.replace(&old.id, "V8T000000009999");
        let known = of_another(&issued) + &of_another(&revoked);
        fs::write(world.ledger(), format!("{known}{line}")).unwrap();
        let ran = rotate(&world, &[]).go();
        assert_eq!(ran.code(), 3, "{}", ran.said());
    }
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
    // One that may be newer is not passed by in silence.
    let newer = later[0].replace(&old.id, "V8T000000009999");
    fs::write(world.ledger(), format!("{issued}{newer}")).unwrap();
    let ran = rotate(&world, &[]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(ran.json()["replaced"]["id"], old.id);
    assert!(
        ran.said().contains("A newer token may have gone there"),
        "{}",
        ran.said()
    );
    let after = fs::read_to_string(world.ledger()).unwrap();
    assert!(after.contains(&newer));
    // Said of the token after its deletion: that need not be the last word any more.
    let id = world.new_token().unwrap().id;
    let moved = issued.replace(&old.id, &id);
    let lines = [
        &moved,
        &revoked.replace(&old.id, &id),
        &moved.replace("\"issued\"", "\"moved\""),
    ];
    fs::write(world.ledger(), lines.map(String::as_str).concat()).unwrap();
    let ran = rotate(&world, &[]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(ran.json()["replaced"]["id"], id);
    assert_eq!(world.vault.tokens(SANDBOX).len(), 1);
}

#[test]
fn writers_at_once_and_ten_thousand_lines() {
    let world = World::new();
    let old = world.with_old();
    let line = fs::read_to_string(world.ledger()).unwrap();
    let many: String = (0..10_000)
        .map(|n| {
            line.replace(&old.id, &format!("V{n}"))
                .replace("work/token", &format!("work/t{n}"))
        })
        .collect();
    fs::write(world.ledger(), format!("{line}{many}")).unwrap();
    let runs: Vec<_> = (0..6)
        .map(|n| {
            let to = format!("many{n}");
            world.run(&["token", "create", SANDBOX, "-o", &to]).start()
        })
        .collect();
    for running in runs {
        let ran = running.end();
        assert_eq!(ran.code(), 0, "{}", ran.said());
    }
    let facts = lines(&world);
    assert_eq!(facts.len(), 10_001 + 6, "every line is whole");
    let ran = rotate(&world, &[]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(ran.json()["replaced"]["id"], old.id);
}

/// A program that was suspended while it wrote is not waited for.
#[test]
fn somebody_holds_it() {
    let world = World::new();
    world.with_old();
    let before = fs::read(world.ledger()).unwrap();
    let held = fs::File::open(world.ledger()).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let ran = world.create(&[]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(
        ran.said().contains("another program holds it"),
        "{}",
        ran.said()
    );
    assert_eq!(fs::read(world.ledger()).unwrap(), before);
}

/// A full disk: the record was reserved before, so the token is safe, and only this line is missing.
#[test]
fn a_full_disk() {
    let world = World::new();
    let path = place_of_the_ledger(&world);
    // Longer than any file may be in this shell.
    let long = "#".repeat(300 * 1024) + "\n";
    fs::write(&path, &long).unwrap();
    let run = world.create(&[]).shell("ulimit -f 300; exec \"$0\" \"$@\"");
    let ran = run.go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(
        ran.said().contains("the ledger cannot be written"),
        "{}",
        ran.said()
    );
    let value = world.value().unwrap();
    let places = places_of(&world, &ran, &Secret::new(&value));
    assert_eq!(places, ["work/token".to_owned()].into());
}
