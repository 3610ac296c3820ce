//! A sandbox's own token: used there, and nowhere else; and nothing else is used there then.

use std::fs;

use vault_sandbox_simulator::RecordedRequest;

use crate::harness::Secret;
use crate::harness::{Ran, Run, SANDBOX, World, places_of};

const OTHER: &str = "My Configuration Sandbox";

fn authorization(request: &RecordedRequest) -> String {
    let header = request.headers.get("authorization");
    header.map_or_else(String::new, |h| {
        String::from_utf8_lossy(h.as_bytes()).into_owned()
    })
}

/// What was sent since: the token to the sandbox alone, and to the sandbox the token alone.
#[track_caller]
fn assert_apart(world: &World, since: usize, token: &str, context: &str) {
    let requests = world.vault.requests().split_off(since);
    assert!(!requests.is_empty(), "{context}");
    for request in &requests {
        let is_own = authorization(request) == format!("Bearer {token}");
        assert_eq!(is_own, request.vault == SANDBOX, "{request:?} {context}");
        let all = [request.path.as_bytes(), &request.body].concat();
        assert!(!Secret::new(token).is_in(&all), "{request:?} {context}");
    }
}

/// The commands that act in the sandbox; the last one deletes the token that is used.
fn commands(id: &str) -> Vec<Vec<&str>> {
    vec![
        vec!["token", "list", SANDBOX],
        vec!["token", "verify", SANDBOX],
        vec!["token", "revoke", SANDBOX, "--expired", "--yes"],
        vec!["token", "revoke", SANDBOX, id, "--yes"],
    ]
}

#[test]
fn it_goes_to_the_sandbox_and_the_parents_to_the_parent() {
    let world = World::new();
    let old = world.with_old();
    for args in commands(&old.id) {
        let since = world.vault.requests().len();
        let run = world
            .run(&args)
            .env("VAULT_SANDBOX_SANDBOX_TOKEN", &old.value);
        let ran = run.go();
        assert_eq!(ran.code(), 0, "{args:?} {}", ran.said());
        assert_apart(&world, since, &old.value, &format!("{args:?}"));
        assert!(
            world.vault.requests()[since..]
                .iter()
                .any(|r| r.vault != SANDBOX)
        );
    }
    assert_eq!(world.vault.tokens(SANDBOX).len(), 0);
}

/// Where it is said where the sandbox is, nobody needs the parent, nor knows a credential for it.
#[test]
fn with_its_dns_the_parent_is_not_asked() {
    for with_parent in [true, false] {
        let world = World::new();
        let old = world.with_old();
        let dns = world.vault.sandbox_dns(SANDBOX).unwrap();
        for args in commands(&old.id) {
            let since = world.vault.requests().len();
            let run = world
                .run_without_login(&args)
                .arg("--sandbox-dns")
                .arg(format!("http://{dns}"))
                .arg("--sandbox-token-file")
                .arg(world.work("token"));
            let run = if with_parent {
                run
            } else {
                run.without("VAULT_SANDBOX_DNS")
            };
            let ran = run.go();
            assert_eq!(ran.code(), 0, "{args:?} {}", ran.said());
            assert_apart(&world, since, &old.value, &format!("{args:?}"));
            assert!(
                world.vault.requests()[since..]
                    .iter()
                    .all(|r| r.vault == SANDBOX)
            );
        }
        assert_eq!(world.vault.tokens(SANDBOX).len(), 0);
    }
}

#[test]
fn it_is_of_one_sandbox() {
    let world = World::new();
    let old = world.with_old();
    let sent = world.vault.requests().len();
    for selection in [&["--all"][..], &["--match", "*"], &[SANDBOX, OTHER]] {
        for command in ["list", "verify"] {
            let args = [&["token", command], selection].concat();
            let run = world
                .run(&args)
                .env("VAULT_SANDBOX_SANDBOX_TOKEN", &old.value);
            let ran = run.go();
            assert_eq!(ran.code(), 2, "{args:?} {}", ran.said());
            assert!(ran.said().contains("is of one sandbox"), "{}", ran.said());
        }
    }
    // What is meant for a sandbox must not happen in production, nor the token be sent there.
    for command in ["list", "verify"] {
        let run = world.run(&[
            "token",
            command,
            SANDBOX,
            "--sandbox-dns",
            world.vault.dns(),
        ]);
        let ran = run.env("VAULT_SANDBOX_SANDBOX_TOKEN", &old.value).go();
        assert_eq!(ran.code(), 2, "{}", ran.said());
        assert!(ran.said().contains("parent Vault itself"), "{}", ran.said());
    }
    assert_eq!(world.vault.requests().len(), sent);
}

#[test]
fn how_it_is_given() {
    let world = World::new();
    let old = world.with_old();
    let dns = world.vault.sandbox_dns(SANDBOX).unwrap();
    let list = |more: &[&str]| {
        let args = ["token", "list", SANDBOX, "--sandbox-dns", &dns];
        world.run_without_login(&[&args[..], more].concat())
    };
    let file = world.input("crlf", format!("{}\r\n", old.value).as_bytes());
    let check = |ran: Ran, code: i32, words: &str| {
        assert_eq!(ran.code(), code, "{}", ran.said());
        assert!(ran.said().contains(words), "{words}: {}", ran.said());
        let hidden = places_of(&world, &ran, &Secret::new(&old.value));
        assert_eq!(hidden, ["work/token".to_owned()].into());
    };
    check(list(&["--sandbox-token-file", &file]).go(), 0, "");
    let stdin = format!("{}\n", old.value);
    check(
        list(&["--sandbox-token-file", "-"])
            .stdin(stdin.as_bytes())
            .go(),
        0,
        "",
    );
    let named = "VAULT_SANDBOX_SANDBOX_TOKEN";
    check(list(&[]).env(named, "").go(), 3, "set but empty");
    let both = list(&[])
        .env(named, &old.value)
        .env(&format!("{named}_FILE"), &file);
    check(both.go(), 3, "are both given");
    // A flag wins over the environment.
    check(
        list(&["--sandbox-token-file", &file])
            .env(named, "not-it")
            .go(),
        0,
        "",
    );
    let garbage = world.input("garbage", b"two\nlines");
    check(
        list(&["--sandbox-token-file", &garbage]).go(),
        3,
        "more than one line",
    );
    // Without the DNS the parent is needed, and what would do without it is said.
    let run = world.run_without_login(&["token", "list", SANDBOX]);
    check(run.env(named, &old.value).go(), 3, "--sandbox-dns HOST");
    // stdin is one thing only.
    let twice = world
        .run(&[
            "token",
            "list",
            SANDBOX,
            "--sandbox-token-file",
            "-",
            "--password-file",
            "-",
        ])
        .without("VAULT_SANDBOX_PASSWORD")
        .stdin(stdin.as_bytes());
    let ran = twice.go();
    assert_eq!(ran.code(), 2, "{}", ran.said());
    assert!(
        ran.said().contains("stdin is asked for twice"),
        "{}",
        ran.said()
    );
}

/// Programs that are run for us are not told it.
#[test]
fn no_child_inherits_it() {
    let world = World::new();
    let old = world.with_old();
    let run: Run = world.run(&[
        "token",
        "create",
        SANDBOX,
        "-o",
        "exec:/bin/sh -c 'cat >/dev/null; env >seen'",
    ]);
    let ran = run
        .env("VAULT_SANDBOX_SANDBOX_TOKEN", &old.value)
        .env("VAULT_SANDBOX_SANDBOX_TOKEN_FILE", "/nowhere")
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let seen = fs::read_to_string(world.work("seen")).unwrap();
    assert!(
        seen.contains("PATH=") && !seen.contains("SANDBOX_TOKEN"),
        "{seen}"
    );
}
