//! Where secrets come from and where they may go: reliability.md, section A.

use crate::harness::{Ran, Row, Run, SANDBOX, World, check_all, row};

fn refused_before_a_request(name: &'static str, exit: i32, given: fn(&World) -> Run) -> Row {
    row(name, exit, given).then(sent_nothing)
}

fn sent_nothing(world: &World, _: &Ran) {
    assert_eq!(world.vault.requests().len(), 0);
}

#[test]
fn secrets() {
    fn with_file(world: &World, content: &[u8]) -> Run {
        let path = world.input("password", content);
        world
            .create(&["--password-file", &path, "--user", world.vault.user_name()])
            .without("VAULT_SANDBOX_PASSWORD")
    }
    fn with_stdin(world: &World) -> Run {
        world
            .create(&["--password-file", "-", "--user", world.vault.user_name()])
            .without("VAULT_SANDBOX_PASSWORD")
    }
    check_all(&[
        row("password file", 0, |w| {
            with_file(w, w.vault.password().as_bytes())
        }),
        row("password file with LF", 0, |w| {
            with_file(w, format!("{}\n", w.vault.password()).as_bytes())
        }),
        row("password file with CRLF", 0, |w| {
            with_file(w, format!("{}\r\n", w.vault.password()).as_bytes())
        }),
        refused_before_a_request("password file with two lines", 3, |w| {
            with_file(w, b"simulated-password\nsecond\n")
        })
        .says(&["--password-file", "line"]),
        refused_before_a_request("password file with NUL", 3, |w| {
            with_file(w, b"simulated\0password")
        })
        .says(&["--password-file"]),
        refused_before_a_request("password file is empty", 3, |w| with_file(w, b""))
            .says(&["--password-file", "empty"]),
        refused_before_a_request("password file holds a line feed only", 3, |w| {
            with_file(w, b"\n")
        })
        .says(&["empty"]),
        refused_before_a_request("password file is not UTF-8", 3, |w| {
            with_file(w, b"\xff\xfe")
        })
        .says(&["--password-file"]),
        refused_before_a_request("password file is huge", 3, |w| {
            with_file(w, &vec![b'x'; 1 << 20])
        })
        .says(&["too long"]),
        refused_before_a_request("password file is missing", 3, |w| {
            w.create(&["--password-file", "nowhere"])
                .without("VAULT_SANDBOX_PASSWORD")
        })
        .says(&["nowhere"]),
        refused_before_a_request("password file is a directory", 3, |w| {
            w.create(&["--password-file", "."])
                .without("VAULT_SANDBOX_PASSWORD")
        }),
        row("password on stdin", 0, |w| {
            with_stdin(w).stdin(b"simulated-password\n")
        }),
        refused_before_a_request("stdin is at its end", 3, with_stdin).says(&["empty"]),
        refused_before_a_request("stdin is closed", 3, |w| {
            with_stdin(w).shell("exec \"$0\" \"$@\" <&-")
        }),
        row("a file wins over the environment", 0, |w| {
            let path = w.input("password", w.vault.password().as_bytes());
            w.create(&["--password-file", &path])
                .env("VAULT_SANDBOX_PASSWORD", "not-this-one")
        }),
        row("a session file", 0, |w| {
            let path = w.input("session", w.vault.session().as_bytes());
            w.create(&["--session-file", &path])
        }),
        row("a variable that names a file", 0, |w| {
            let path = w.input("password", b"simulated-password\n");
            w.create(&[])
                .without("VAULT_SANDBOX_PASSWORD")
                .env("VAULT_SANDBOX_PASSWORD_FILE", path)
        }),
        refused_before_a_request("two credentials of one rank", 3, |w| {
            w.create(&[])
                .env("VAULT_SANDBOX_SESSION_ID", "some-session")
        })
        .says(&["VAULT_SANDBOX_SESSION_ID", "VAULT_SANDBOX_PASSWORD"]),
        refused_before_a_request("two credentials by flag", 3, |w| {
            let path = w.input("session", b"x");
            w.create(&["--session-file", &path, "--token-file", &path])
        })
        .says(&["--session-file", "--token-file"]),
        refused_before_a_request("no credential, no terminal", 3, |w| {
            w.run_without_login(&["token", "create", SANDBOX, "-o", "token"])
        })
        .says(&[
            "VAULT_SANDBOX_SESSION_ID",
            "--password-file",
            "Nothing was sent",
        ]),
        refused_before_a_request("a password but no user", 3, |w| {
            w.create(&[]).without("VAULT_SANDBOX_USER")
        })
        .says(&["--user"]),
        refused_before_a_request("a credential that is empty", 3, |w| {
            w.create(&[]).env("VAULT_SANDBOX_PASSWORD", "")
        })
        .says(&["VAULT_SANDBOX_PASSWORD", "empty"]),
        refused_before_a_request("a session ID with a newline", 3, |w| {
            w.run_without_login(&["token", "create", SANDBOX, "-o", "token"])
                .env("VAULT_SANDBOX_SESSION_ID", "SECRET-A\nSECRET-B")
        })
        .says(&["VAULT_SANDBOX_SESSION_ID"])
        .then(|_, ran| assert!(!ran.said().contains("SECRET"))),
        refused_before_a_request("a secret on argv", 2, |w| {
            w.create(&["-n", "veeva-vault-ABC123"])
        })
        .says(&["exposed", "Delete that token"])
        .then(|_, ran| assert!(!ran.said().contains("ABC123"))),
        refused_before_a_request("a secret on argv, within a word", 2, |w| {
            w.create(&["--token-file=veeva-vault-ABC123"])
        })
        .says(&["exposed"])
        .then(|_, ran| assert!(!ran.said().contains("ABC123"))),
        refused_before_a_request("VAULT_TOKEN and VAULT_ADDR are another program's", 3, |w| {
            w.run_without_login(&["token", "create", SANDBOX, "-o", "token"])
                .without("VAULT_SANDBOX_DNS")
                .env("VAULT_TOKEN", "hvs.FAKE")
                .env("VAULT_ADDR", format!("http://{}", w.vault.dns()))
        })
        .says(&["--dns"]),
        row("sign-in lands in another Vault: ended, no create", 4, |w| {
            w.vault.switches(|s| s.sign_in_lands_elsewhere = true);
            w.create(&[])
        })
        .says(&["another Vault", "--dns"])
        .then(|w, _| {
            let requests = w.vault.requests();
            assert!(
                requests
                    .iter()
                    .any(|r| r.method == "DELETE" && r.path.ends_with("/session"))
            );
        }),
    ]);
}

#[test]
fn hostile_addresses() {
    let world = World::new();
    for dns in [
        "http://veepharm.veevavault.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1@evil.example",
        "https://user:pass@veepharm.veevavault.com",
        "user@veepharm.veevavault.com",
        "veepharm.veevavault.com/api",
        "veepharm.veevavault.com?x",
        "veepharm.veevavault.com#x",
        "veepharm.veevavault.com:0",
        "veepharm.veevavault.com:99999",
        "veepharm.veevavault.com:443:443",
        "veepharm.veevavault.com:4 43",
        "ftp://veepharm.veevavault.com",
        "file:///etc/passwd",
        "veepharm。veevavault.com",
        "vееpharm.veevavault.com",
        "veepharm.veevavault.com\\@evil.example",
        "veepharm..veevavault.com",
        "-veepharm.veevavault.com",
        "http://[::2]",
        "http://0.0.0.0",
        "http://128.0.0.1",
        "http://2130706433.example",
        "a b",
        "",
        "\u{1b}[2J",
        "%65vil.example",
        "veepharm.veevavault.com\nHost: x",
    ] {
        for (flag, exit) in [(true, 2), (false, 3)] {
            let run = world.create(&[]).hastily();
            let run = match flag {
                true => run.arg("--dns").arg(dns),
                false => run.env("VAULT_SANDBOX_DNS", dns),
            };
            let ran = run.go();
            let said = ran.said();
            assert_eq!(ran.code(), exit, "{dns:?} by flag: {flag}: {said}");
            assert!(
                said.contains("--dns") || said.contains("VAULT_SANDBOX_DNS"),
                "{dns:?}: {said}"
            );
            assert!(!said.contains('\u{1b}'), "{said:?}");
        }
    }
    assert_eq!(world.vault.requests().len(), 0);
    assert_eq!(world.files().len(), 0);
}
