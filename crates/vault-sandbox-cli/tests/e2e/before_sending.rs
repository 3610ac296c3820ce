//! Before anything is sent: reliability.md, section A. The server sees no request for a token.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use vault_sandbox_simulator::SandboxStatus;

use crate::harness::{Ran, Row, Run, SANDBOX, World, check_all, row};

/// As long as a file system lets a name be.
const LONG_PLACE: &str = "work/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";

/// `token create` to this destination.
fn to(world: &World, destination: &str) -> Run {
    world.run(&[
        "token",
        "create",
        SANDBOX,
        "--format",
        "json",
        "-o",
        destination,
    ])
}

/// `token create` to stdout, for people.
fn to_stdout(world: &World) -> Run {
    world.run(&["token", "create", SANDBOX])
}

fn fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

/// A refusal that could be known beforehand costs no request at all.
fn sent_nothing(world: &World, _: &Ran) {
    assert_eq!(world.vault.requests().len(), 0);
}

fn old_target_is_whole(world: &World, _: &Ran) {
    assert_eq!(fs::read(world.work("token")).unwrap(), b"old token");
}

fn refused_before_a_request(name: &'static str, exit: i32, given: fn(&World) -> Run) -> Row {
    row(name, exit, given).then(sent_nothing)
}

#[test]
fn files() {
    check_all(&[
        refused_before_a_request("output directory is missing", 10, |w| {
            to(w, "nowhere/token")
        })
        .says(&["nowhere", "mkdir -p"]),
        refused_before_a_request("output directory is a file", 10, |w| {
            fs::write(w.work("file"), "x").unwrap();
            to(w, "file/token")
        })
        .says(&["not a directory"]),
        // Even for root.
        refused_before_a_request("output directory is not writable", 10, |w| {
            to(w, "/proc/self/token")
        }),
        refused_before_a_request("everybody may change the directory", 10, |w| {
            fs::create_dir(w.work("open")).unwrap();
            fs::set_permissions(w.work("open"), fs::Permissions::from_mode(0o777)).unwrap();
            to(w, "open/token")
        })
        .says(&["every user"]),
        refused_before_a_request("target is a directory", 10, |w| {
            fs::create_dir(w.work("token")).unwrap();
            w.create(&[])
        })
        .says(&["a directory"]),
        refused_before_a_request("target is a fifo", 10, |w| {
            fifo(&w.work("token"));
            w.create(&[])
        })
        .says(&["a fifo"]),
        refused_before_a_request("target is a device", 10, |w| to(w, "/dev/null"))
            .says(&["a device"]),
        refused_before_a_request("target is a symlink", 10, |w| {
            fs::write(w.work("elsewhere"), "old").unwrap();
            symlink("elsewhere", w.work("token")).unwrap();
            w.create(&[])
        })
        .says(&["a symbolic link"])
        .then(|w, _| assert_eq!(fs::read(w.work("elsewhere")).unwrap(), b"old")),
        refused_before_a_request("target is a dangling symlink", 10, |w| {
            symlink("nowhere", w.work("token")).unwrap();
            w.create(&[])
        })
        .says(&["a symbolic link"]),
        row("target exists 0644 with the old token", 0, |w| {
            fs::write(
                w.work("token"),
                "old token that is longer than the new one by far, so that a rest would show",
            )
            .unwrap();
            fs::set_permissions(w.work("token"), fs::Permissions::from_mode(0o644)).unwrap();
            w.create(&[])
        }),
        row("a name at the limit of the file system", 0, |w| {
            to(w, &LONG_PLACE["work/".len()..])
        })
        .value_in(&[LONG_PLACE]),
        refused_before_a_request("ulimit -f: not killed by SIGXFSZ", 10, |w| {
            fs::write(w.work("token"), "old token").unwrap();
            w.create(&[]).shell("ulimit -f 1; exec \"$0\" \"$@\"")
        })
        .then(old_target_is_whole),
        refused_before_a_request("no file may be opened any more", 10, |w| {
            w.create(&[]).shell("ulimit -n 4; exec \"$0\" \"$@\"")
        })
        .or(1)
        .or(3),
        refused_before_a_request("two destinations name one file", 2, |w| {
            to(w, "token").arg("-o").arg("./token")
        })
        .says(&["twice"]),
        refused_before_a_request(
            "two destinations name one file by another directory",
            2,
            |w| {
                symlink(".", w.work("here")).unwrap();
                to(w, "token").arg("-o").arg("here/token")
            },
        )
        .says(&["twice"]),
        refused_before_a_request("a kind that is not known", 2, |w| to(w, "keyring:x"))
            .says(&["--out", "keyring"]),
        refused_before_a_request("no path", 2, |w| to(w, "file:")).says(&["--out"]),
        refused_before_a_request("env-file without a variable", 2, |w| to(w, "env-file:.env"))
            .says(&["PATH#VAR"]),
        refused_before_a_request("env-file whose variable is set twice", 10, |w| {
            fs::write(w.work(".env"), "A=1\nA=2\n").unwrap();
            to(w, "env-file:.env#A")
        })
        .says(&["twice"]),
        refused_before_a_request("env-file that is a fifo", 10, |w| {
            fifo(&w.work(".env"));
            to(w, "env-file:.env#A")
        }),
        refused_before_a_request("exec: program is missing", 10, |w| {
            to(w, "exec:no-such-program")
        })
        .says(&["no-such-program"]),
        refused_before_a_request("exec: program is not executable", 10, |w| {
            fs::write(w.work("p"), "#!/bin/sh\n").unwrap();
            to(w, "exec:./p")
        }),
        refused_before_a_request("exec: nothing named", 2, |w| to(w, "exec:")),
    ]);
}

#[test]
fn stdout() {
    check_all(&[
        refused_before_a_request("closed", 10, |w| {
            to_stdout(w).shell("exec \"$0\" \"$@\" >&-")
        })
        .says(&["the token would be lost"]),
        refused_before_a_request("/dev/null", 10, |w| {
            to_stdout(w).shell("exec \"$0\" \"$@\" >/dev/null")
        })
        .says(&["/dev/null", "the token would be lost"]),
        refused_before_a_request("not open for writing", 10, |w| {
            fs::write(w.work("f"), "").unwrap();
            to_stdout(w).shell("exec \"$0\" \"$@\" 1<f")
        })
        .says(&["not open for writing"]),
        refused_before_a_request("a pipe whose reader has gone", 10, |w| {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            to_stdout(w).stdout(writer)
        })
        .says(&["nobody reads", "the token would be lost"]),
        refused_before_a_request("stdout holds the result and the value", 2, |w| {
            to(w, "token").arg("-o").arg("-")
        })
        .says(&["--format json"]),
    ]);
}

#[test]
fn state() {
    check_all(&[
        refused_before_a_request("the state directory cannot be made", 10, |w| {
            w.create(&["--state-dir", "/proc/nope"])
        })
        .says(&["/proc/nope", "none was asked for"]),
        refused_before_a_request("the state directory is a file", 10, |w| {
            fs::write(w.work("state"), "").unwrap();
            w.create(&["--state-dir", "state"])
        }),
        refused_before_a_request("others can read the records", 10, |w| {
            fs::create_dir_all(w.work("s/pending")).unwrap();
            fs::set_permissions(w.work("s/pending"), fs::Permissions::from_mode(0o755)).unwrap();
            w.create(&["--state-dir", "s"])
        })
        .says(&["only you can read"]),
        refused_before_a_request("HOME and XDG_STATE_HOME unset", 3, |w| {
            w.create(&[]).without("HOME").without("XDG_STATE_HOME")
        })
        .says(&["HOME", "XDG_STATE_HOME", "--state-dir"]),
        row("XDG_STATE_HOME unset, HOME set", 0, |w| {
            w.create(&[]).without("XDG_STATE_HOME")
        }),
        row("--state-dir without HOME", 0, |w| {
            let state = w.root().join("state/mine");
            w.create(&["--state-dir", state.to_str().unwrap()])
                .without("HOME")
                .without("XDG_STATE_HOME")
        }),
    ]);
}

/// Whatever would take the place of a record, or be deleted with one.
#[test]
fn files_of_our_own() {
    let world = World::new();
    assert_eq!(world.create(&[]).go().code(), 0);
    let before = world.vault.requests().len();
    let state = world.ledger().parent().unwrap().to_owned();
    for directory in ["many", "sessions", "simulated/pending", "other"] {
        fs::create_dir_all(state.join(directory)).unwrap();
    }
    symlink(&state, world.work("link")).unwrap();
    let ledger = fs::read(world.ledger()).unwrap();
    let at = |name: &str| state.join(name).to_str().unwrap().to_owned();
    for own in [
        at("ledger.jsonl"),
        format!("json:{}", at("ledger.jsonl")),
        format!("env-file:{}#TOKEN", at("ledger.jsonl")),
        at("many/aaaaaaaa.jsonl"),
        at("pending/aaaaaaaa.journal"),
        at("sessions/token"),
        at("simulated/pending/aaaaaaaa.journal"),
        "link/ledger.jsonl".to_owned(),
        "../state/vault-sandbox/pending/token".to_owned(),
    ] {
        for more in [&[][..], &["--dry-run"], &["--simulate"]] {
            let args = [&["token", "create", SANDBOX, "-o", &own][..], more].concat();
            let ran = world.run(&args).go();
            assert_eq!(ran.code(), 10, "{own}: {}", ran.said());
            assert!(ran.said().contains("its own records"), "{}", ran.said());
        }
        let two = [
            "token",
            "create",
            SANDBOX,
            "ETL Integration Test",
            "-o",
            &own,
        ];
        let ran = world.run(&two).go();
        assert_eq!(ran.code(), 10, "{own}: {}", ran.said());
    }
    let config = world.work("config.toml");
    fs::write(&config, "").unwrap();
    symlink(world.work("."), world.work("here")).unwrap();
    for (given, own) in [
        ("config.toml", "config.toml"),
        ("config.toml", "env-file:here/config.toml#TOKEN"),
        ("here/config.toml", "config.toml"),
    ] {
        let args = ["token", "create", SANDBOX, "-o", own, "--config", given];
        let ran = world.run(&args).go();
        assert_eq!(ran.code(), 10, "{own}: {}", ran.said());
        assert!(ran.said().contains("the configuration"), "{}", ran.said());
    }
    assert_eq!(world.vault.requests().len(), before, "nothing was sent");
    assert_eq!(fs::read(&config).unwrap(), b"");
    assert_eq!(fs::read(world.ledger()).unwrap(), ledger);
    // What only lies beside them is not ours.
    let ran = to(&world, &at("other/ledger.jsonl")).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
}

#[test]
fn sandboxes() {
    fn named(world: &World, name: &str) -> Run {
        world.run(&["token", "create", name, "--format", "json", "-o", "token"])
    }
    check_all(&[
        row("unknown: close names", 5, |w| named(w, "VeePharm Sandbx")).says(&["VeePharm Sandbox"]),
        row("another case: close names", 5, |w| {
            named(w, "veepharm sandbox")
        })
        .says(&["Did you mean \"VeePharm Sandbox\""]),
        row("building", 5, |w| named(w, "Regression Test")).says(&["building"]),
        row("inactive", 5, |w| named(w, "Old Training")).says(&["inactive"]),
        row("deleting", 5, |w| {
            w.vault
                .set_sandbox_status(SANDBOX, SandboxStatus::Deleting)
                .unwrap();
            named(w, SANDBOX)
        })
        .says(&["deleting"]),
        refused_before_a_request("..", 2, |w| named(w, "..")),
        refused_before_a_request(".", 2, |w| named(w, ".")),
        refused_before_a_request("empty", 2, |w| named(w, "")).says(&["sandbox name"]),
        refused_before_a_request("with a newline", 2, |w| named(w, "a\nb")),
        refused_before_a_request("with an escape", 2, |w| named(w, "a\u{1b}[2Jb"))
            .then(|_, ran| assert!(!ran.said().contains('\u{1b}'))),
    ]);
}

#[test]
fn expiries() {
    fn until(world: &World, expiry: &str) -> Run {
        world.create(&["--expires", expiry])
    }
    let rows = [
        refused_before_a_request("0d", 2, |w| until(w, "0d")),
        refused_before_a_request("-1d", 2, |w| until(w, "-1d")),
        refused_before_a_request("90d ago", 2, |w| until(w, "90d ago")),
        refused_before_a_request("90: no unit", 2, |w| until(w, "90")).says(&["no unit", "90d"]),
        refused_before_a_request("1.5d", 2, |w| until(w, "1.5d")),
        refused_before_a_request("a date in the past", 2, |w| until(w, "2020-01-01"))
            .says(&["a day that is over"]),
        refused_before_a_request("30 February", 2, |w| until(w, "2027-02-30")),
        refused_before_a_request("overflow", 2, |w| until(w, "99999999999999999999d")),
        refused_before_a_request("far beyond", 2, |w| until(w, "999999y")),
        refused_before_a_request("an instant without a zone", 2, |w| {
            until(w, "2027-02-21T18:00:00")
        })
        .says(&["zone"]),
        refused_before_a_request("an instant in the past", 2, |w| {
            until(w, "2020-01-01T00:00:00Z")
        }),
        refused_before_a_request("empty", 2, |w| until(w, "")),
        refused_before_a_request("a word", 2, |w| until(w, "tomorrow")),
        refused_before_a_request("a unit that is not known", 2, |w| until(w, "5x")),
        refused_before_a_request("full-width digits", 2, |w| until(w, "９0d")),
    ];
    let world = World::new();
    let mut sentences = std::collections::BTreeSet::new();
    for text in [
        "0d",
        "-1d",
        "90d ago",
        "90",
        "1.5d",
        "2020-01-01",
        "2027-02-30",
        "99999999999999999999d",
        "2027-02-21T18:00:00",
    ] {
        let said = until(&world, text).go().said();
        assert!(said.contains("--expires"), "{said}");
        assert!(
            sentences.insert(said.replace(text, "")),
            "{text} has the words of another: {said}"
        );
    }
    check_all(&rows);
}
