//! Delivering a value that exists: reliability.md, section D.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use vault_sandbox_simulator::Effect;

use crate::harness::{Run, Running, SANDBOX, World, check_all, fault_on_create, row, value_places};

/// The answer comes when the test has done its part: `meanwhile` runs after the request was seen.
pub(crate) fn meanwhile(world: &World, run: Run, what: impl FnOnce(&World)) -> Running {
    world.fault(fault_on_create(Effect::Delay {
        by: Duration::from_millis(700),
    }));
    let running = run.start();
    wait_for_the_request(world);
    what(world);
    running
}

pub(crate) fn wait_for_the_request(world: &World) {
    let end = std::time::Instant::now() + Duration::from_secs(60);
    while world.creates().is_empty() {
        assert!(std::time::Instant::now() < end, "no request came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn to_stdout(world: &World) -> Run {
    world.run(&["token", "create", SANDBOX, "--verify", "never"])
}

fn script(world: &World, name: &str, text: &str) {
    let path = world.work(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn to(world: &World, destinations: &[&str]) -> Run {
    let run = world.run(&[
        "token", "create", SANDBOX, "--format", "json", "--verify", "never",
    ]);
    destinations
        .iter()
        .fold(run, |run, destination| run.arg("-o").arg(destination))
}

#[test]
fn stdout() {
    check_all(&[
        row("value and a newline, nothing else", 0, to_stdout)
            .value_in(&["stdout"])
            .then(|w, ran| assert_eq!(ran.printed(), format!("{}\n", w.value().unwrap()))),
        row("as JSON: the value is in the object", 0, |w| to(w, &[]))
            .value_in(&["stdout"])
            .then(|w, ran| assert_eq!(ran.json()["token"]["value"], w.value().unwrap())),
        row("as JSON with another destination: it is not", 0, |w| {
            to(w, &["token"])
        })
        .then(|_, ran| assert!(ran.json()["token"]["value"].is_null())),
        row("/dev/full", 20, |w| {
            to_stdout(w).shell("exec \"$0\" \"$@\" >/dev/full")
        })
        .says(&["No space left", "Do not ask for another", "token recover"]),
        row("/dev/full, as JSON", 20, |w| {
            to(w, &[]).shell("exec \"$0\" \"$@\" >/dev/full")
        }),
        row("into a file", 0, |w| {
            to_stdout(w).shell("umask 077; exec \"$0\" \"$@\" >out")
        })
        .value_in(&["work/out"]),
        row("stderr is closed", 0, |w| {
            to_stdout(w).shell("exec \"$0\" \"$@\" 2>&-")
        })
        .value_in(&["stdout"]),
        row("stderr is full", 0, |w| {
            to_stdout(w).shell("exec \"$0\" \"$@\" 2>/dev/full")
        })
        .value_in(&["stdout"]),
        row("in $(…)", 0, |w| {
            to_stdout(w).shell("T=$(\"$0\" \"$@\") && printf %s \"$T\"")
        })
        .value_in(&["stdout"]),
        row("--quiet: nothing is said", 0, |w| to_stdout(w).arg("-q"))
            .value_in(&["stdout"])
            .then(|_, ran| assert_eq!(ran.said(), "")),
        row("-vv: neither body nor credential", 0, |w| {
            to_stdout(w).arg("-vv")
        })
        .value_in(&["stdout"])
        .says(&["POST http://", "HTTP 200"]),
    ]);
}

#[test]
fn a_reader_that_leaves_before_the_value_comes() {
    let world = World::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let running = meanwhile(&world, to_stdout(&world).stdout(writer), |_| drop(reader));
    let ran = running.end();
    assert_eq!(ran.code(), 20, "{}", ran.said());
    assert!(ran.said().contains("pipe"), "{}", ran.said());
    assert_eq!(value_places(&world, &ran), ["record".to_owned()].into());
}

#[test]
fn head_c_3() {
    // It is there when stdout is checked, and takes what it wants.
    let world = World::new();
    let script = "(\"$0\" \"$@\"; echo $? >code) | head -c 3";
    let ran = to_stdout(&world).shell(script).go();
    let code = fs::read_to_string(world.work("code")).unwrap();
    // The pipe takes all of it before head has gone, or does not: both are told apart.
    assert!(
        ["0\n", "20\n"].contains(&code.as_str()),
        "{code}{}",
        ran.said()
    );
    assert_eq!(world.records().len(), usize::from(code == "20\n"));
    assert_eq!(ran.printed().len().min(3), ran.printed().len());
}

#[test]
fn a_full_pipe_that_does_not_block() {
    let world = World::new();
    let (mut reader, writer) = std::io::pipe().unwrap();
    fcntl_setfl(&writer, fcntl_getfl(&writer).unwrap() | OFlags::NONBLOCK).unwrap();
    let mut filled = 0;
    while let Ok(n) = rustix::io::write(&writer, &[b'x'; 4096]) {
        filled += n;
    }
    let running = to_stdout(&world).stdout(writer).start();
    // Only once the value exists is there room for it.
    wait_for_the_request(&world);
    let mut all = Vec::new();
    reader.read_to_end(&mut all).unwrap();
    let ran = running.end();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(
        all[filled..],
        *format!("{}\n", world.value().unwrap()).as_bytes()
    );
}

#[test]
fn directories_that_change_meanwhile() {
    type Change = fn(&World);
    let rows: [(&str, Change, &str); 4] = [
        ("removed", |w| fs::remove_dir_all(w.work("d")).unwrap(), ""),
        (
            "swapped for a symlink",
            |w| {
                fs::rename(w.work("d"), w.work("old")).unwrap();
                fs::create_dir(w.work("evil")).unwrap();
                symlink("evil", w.work("d")).unwrap();
            },
            "replaced",
        ),
        (
            "replaced by another",
            |w| {
                fs::rename(w.work("d"), w.work("old")).unwrap();
                fs::create_dir(w.work("d")).unwrap();
            },
            "replaced",
        ),
        (
            "target became a symlink",
            |w| {
                fs::write(w.work("elsewhere"), "").unwrap();
                symlink("../elsewhere", w.work("d/token")).unwrap();
            },
            "symbolic link",
        ),
    ];
    for (name, change, words) in rows {
        let world = World::new();
        fs::create_dir(world.work("d")).unwrap();
        let ran = meanwhile(&world, to(&world, &["d/token"]), change).end();
        assert_eq!(ran.code(), 20, "{name}: {}", ran.said());
        assert!(ran.said().contains(words), "{name}: {}", ran.said());
        assert_eq!(
            value_places(&world, &ran),
            ["record".to_owned()].into(),
            "{name}"
        );
        let left = world
            .files()
            .into_iter()
            .filter(|f| f.place.ends_with(".tmp"))
            .count();
        assert_eq!(left, 0, "{name}: a temporary is left");
    }
}

#[test]
fn files_that_change_meanwhile() {
    let world = World::new();
    fs::write(world.work("token"), "old").unwrap();
    fs::write(world.work(".env"), "A=1\n").unwrap();
    let ran = meanwhile(&world, to(&world, &["token", "env-file:.env#TOKEN"]), |w| {
        fs::set_permissions(w.work("token"), fs::Permissions::from_mode(0o666)).unwrap();
        fs::write(w.work(".env"), "A=2\n").unwrap();
    })
    .end();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let value = world.value().unwrap();
    assert_eq!(
        fs::read_to_string(world.work(".env")).unwrap(),
        format!("A=2\nTOKEN={value}\n")
    );
    assert_eq!(
        fs::metadata(world.work("token"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
}

#[test]
fn kinds_of_destinations() {
    check_all(&[
        row("env-file: one line set, the rest as it was", 0, |w| {
            fs::write(w.work(".env"), "# mine\nTOKEN='old'\nB=2").unwrap();
            fs::set_permissions(w.work(".env"), fs::Permissions::from_mode(0o644)).unwrap();
            to(w, &["env-file:.env#TOKEN"])
        })
        .value_in(&["work/.env"])
        .says(&["readable by its owner and group"])
        .then(|w, _| {
            let mode = fs::metadata(w.work(".env")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o640, "never for others");
            let content = fs::read_to_string(w.work(".env")).unwrap();
            assert_eq!(
                content,
                format!("# mine\nTOKEN={}\nB=2", w.value().unwrap())
            );
        }),
        row("env-file: a new one", 0, |w| {
            to(w, &["env-file:.env#TOKEN"])
        })
        .value_in(&["work/.env"])
        .says(&["readable only by you"])
        .then(|w, _| {
            let mode = fs::metadata(w.work(".env")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }),
        row("json: the result object with the value", 0, |w| {
            to(w, &["json:out.json"])
        })
        .value_in(&["work/out.json"])
        .then(|w, _| {
            let content = fs::read(w.work("out.json")).unwrap();
            let json: serde_json::Value = serde_json::from_slice(&content).unwrap();
            assert_eq!(json["token"]["value"], w.value().unwrap());
            assert_eq!(
                (&json["outcome"], &json["exit_code"]),
                (&"issued".into(), &0.into())
            );
        }),
        row("exec: the value on stdin, without a newline", 0, |w| {
            script(
                w,
                "keep",
                "umask 077; env | grep -q -e PASSWORD && exit 9; cat >kept",
            );
            to(w, &["exec:./keep"])
        })
        .value_in(&["work/kept"])
        .then(|w, _| {
            assert_eq!(
                fs::read_to_string(w.work("kept")).unwrap(),
                w.value().unwrap()
            );
        }),
        row("exec: \"#\" begins no comment", 0, |w| {
            script(w, "keep", "umask 077; cat >\"$1\"; echo \"words: $*\" >&2");
            to(w, &["exec:./keep kept --to #deploys --as x"])
        })
        .value_in(&["work/kept"])
        .says(&["words: kept --to #deploys --as x"]),
        row("exec: exits 1", 20, |w| {
            script(w, "keep", "cat >/dev/null; exit 1");
            to(w, &["exec:./keep"])
        })
        .says(&["exit status: 1"]),
        row("exec: never reads", 20, |w| to(w, &["exec:true"])).says(&["did not read"]),
        row("exec: closes early", 20, |w| {
            script(w, "keep", "exec <&-; exit 0");
            to(w, &["exec:./keep"])
        }),
        row("exec: killed", 20, |w| {
            script(w, "keep", "cat >/dev/null; kill -9 $$");
            to(w, &["exec:./keep"])
        }),
        row("exec: prints the value on its stderr: scrubbed", 0, |w| {
            script(w, "keep", "V=$(cat); echo \"got $V\" >&2; echo \"$V\"");
            to(w, &["exec:./keep"])
        })
        .value_in(&[])
        .says(&["got"]),
        row(
            "exec: leaves something behind that holds its stderr",
            0,
            |w| {
                script(w, "keep", "cat >/dev/null; sleep 5 & exit 0");
                to(w, &["exec:./keep"])
            },
        )
        .value_in(&[]),
        row(
            "three destinations, the second fails: first kept, third served",
            20,
            |w| to(w, &["token", "exec:false", "json:third"]),
        )
        .value_in(&["work/token", "work/third", "record"])
        .then(|_, ran| {
            let json = ran.json();
            let states: Vec<_> = json["destinations"]
                .as_array()
                .unwrap()
                .iter()
                .map(|d| d["state"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(states, ["committed", "failed", "committed"]);
            assert!(!json["destinations"][1]["reason"].is_null(), "{json}");
        }),
        row("three, all well", 0, |w| {
            to(w, &["token", "json:second", "env-file:third#T"])
        })
        .value_in(&["work/token", "work/second", "work/third"]),
    ]);
}

#[test]
#[ignore = "takes the minute that a program has"]
fn exec_that_hangs() {
    check_all(&[row("exec: hangs: killed at the limit", 20, |w| {
        script(w, "keep", "cat >/dev/null; sleep 1000");
        to(w, &["exec:./keep"])
    })
    .says(&["60 s", "killed"])]);
}

/// What an earlier run left is mentioned, and never overwritten.
#[test]
fn a_record_of_an_earlier_run() {
    let world = World::new();
    to_stdout(&world)
        .shell("exec \"$0\" \"$@\" >/dev/full")
        .go();
    let record = world.records().remove(0);
    let before = fs::read(&record).unwrap();
    let ran = to(&world, &["token"]).go();
    assert_eq!(ran.code(), 0);
    assert!(ran.said().contains("token recover"), "{}", ran.said());
    assert_eq!(fs::read(&record).unwrap(), before);
    assert_eq!(world.creates().len(), 2);
}
