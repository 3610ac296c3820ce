//! The request itself, as it leaves the machine.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use crate::harness::{Ran, World, raw_server, read_request};

/// The answer of Veeva's page, byte for byte.
const SAMPLE_ANSWER: &str = r#"{
    "responseStatus": "SUCCESS",
    "data": {
        "id": "0PI00000000C003",
        "token__sys": "veeva-vault-B5A79ABC..."
    }
}"#;
const NOT_LISTED: &str =
    r#"{"responseStatus":"FAILURE","errors":[{"type":"INSUFFICIENT_ACCESS","message":"no"}]}"#;

/// What goes over the wire.
struct Captured {
    requests: Vec<String>,
    ran: Ran,
    dns: String,
}

impl Captured {
    /// The one request for a token: its first line, its headers in order, its body.
    fn create(&self) -> (String, Vec<String>, String) {
        let creates: Vec<_> = self
            .requests
            .iter()
            .filter(|r| r.starts_with("POST "))
            .collect();
        assert_eq!(creates.len(), 1, "{:?}\n{}", self.requests, self.ran.said());
        let (head, body) = creates[0].split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n").map(str::to_owned);
        let first = lines.next().unwrap();
        let mut headers: Vec<_> = lines.collect();
        headers.sort();
        (first, headers, body.to_owned())
    }
}

/// Runs `token create` against a server that lets nobody list and gives everybody a token.
fn capture(login: (&str, &str), sandbox: &str, more: &[&str]) -> Captured {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    let dns = raw_server(move |mut stream: TcpStream| {
        while let Ok(request) = read_request(&mut stream) {
            let request = String::from_utf8(request).unwrap();
            let body = if request.starts_with("POST ") {
                SAMPLE_ANSWER
            } else {
                NOT_LISTED
            };
            seen.lock().unwrap().push(request);
            let head = format!(
                "HTTP/1.1 200\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            if stream
                .write_all(format!("{head}{body}").as_bytes())
                .is_err()
            {
                break;
            }
        }
    });
    let world = World::new();
    let mut args = vec!["token", "create", sandbox];
    args.extend(more);
    let run = world.run_without_login(&args).env(login.0, login.1);
    let ran = run.env("VAULT_SANDBOX_DNS", format!("http://{dns}")).go();
    let requests = requests.lock().unwrap().clone();
    Captured { requests, ran, dns }
}

const SESSION: (&str, &str) = ("VAULT_SANDBOX_SESSION_ID", "SESSION-44f1");
const TOKEN: (&str, &str) = ("VAULT_SANDBOX_TOKEN", "veeva-vault-FAKE-PARENT");

/// Who asks, with which flags; authorization, content type and body as they must arrive.
type Row = (
    (&'static str, &'static str),
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static str,
);

#[test]
fn the_request_is_the_documented_one() {
    let form = "application/x-www-form-urlencoded";
    let json = "application/json";
    let rows: [Row; 7] = [
        (
            SESSION,
            &["-e", "2099-12-31T12:00:00Z"],
            "SESSION-44f1",
            form,
            "name__v=ci&expiry_date__v=2099-12-31T12%3A00%3A00Z",
        ),
        (
            TOKEN,
            &["-e", "2099-12-31T12:00:00Z"],
            "Bearer veeva-vault-FAKE-PARENT",
            form,
            "name__v=ci&expiry_date__v=2099-12-31T12%3A00%3A00Z",
        ),
        (
            SESSION,
            &["-e", "2099-12-31"],
            "SESSION-44f1",
            form,
            "name__v=ci&expiry_date__v=2099-12-31",
        ),
        (
            SESSION,
            &["-e", "never"],
            "SESSION-44f1",
            form,
            "name__v=ci",
        ),
        (
            SESSION,
            &["-e", "2099-12-31T12:00:00Z", "--encoding", "json"],
            "SESSION-44f1",
            json,
            r#"{"name__v":"ci","expiry_date__v":"2099-12-31T12:00:00Z"}"#,
        ),
        (
            TOKEN,
            &["-e", "2099-12-31", "--encoding", "json"],
            "Bearer veeva-vault-FAKE-PARENT",
            json,
            r#"{"name__v":"ci","expiry_date__v":"2099-12-31"}"#,
        ),
        (
            SESSION,
            &["-e", "never", "--encoding", "json"],
            "SESSION-44f1",
            json,
            r#"{"name__v":"ci"}"#,
        ),
    ];
    for (login, more, authorization, content_type, expected) in rows {
        let captured = capture(login, "VeePharm Sandbox", &[&["-n", "ci"], more].concat());
        let (line, headers, body) = captured.create();
        assert_eq!(
            line,
            "POST /api/v26.2/objects/sandbox/VeePharm%20Sandbox/users/me/api_access_token__sys HTTP/1.1"
        );
        assert_eq!(body, expected, "{more:?}");
        let mut all = [
            "accept: application/json".to_owned(),
            format!("authorization: {authorization}"),
            format!("content-length: {}", expected.len()),
            format!("content-type: {content_type}"),
            format!("host: {}", captured.dns),
        ];
        all.sort();
        assert_eq!(headers, all, "nothing else is sent");
        assert_eq!(
            captured.ran.printed(),
            "veeva-vault-B5A79ABC...\n",
            "{}",
            captured.ran.said()
        );
        assert_eq!(captured.ran.code(), 0);
    }
}

#[test]
fn names_arrive_as_they_were_written() {
    let name = "CI & more = 100% + a/b?c#d é 😀 \"q\" '";
    let form = "CI+%26+more+%3D+100%25+%2B+a%2Fb%3Fc%23d+%C3%A9+%F0%9F%98%80+%22q%22+%27";
    let (_, _, body) = capture(SESSION, "S", &["-n", name, "-e", "never"]).create();
    assert_eq!(body, format!("name__v={form}"));
    let (_, _, body) = capture(
        SESSION,
        "S",
        &["-n", name, "-e", "never", "--encoding", "json"],
    )
    .create();
    let json: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(json["name__v"], name);
}

#[test]
fn a_sandbox_name_is_one_segment() {
    for (name, segment) in [
        ("VeePharm Sandbox", "VeePharm%20Sandbox"),
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("x?y", "x%3Fy"),
        ("x#y", "x%23y"),
        ("50%", "50%25"),
        ("50%25", "50%2525"),
        ("a;b", "a%3Bb"),
        ("A&B=C+D", "A%26B%3DC%2BD"),
        ("é", "%C3%A9"),
        ("😀", "%F0%9F%98%80"),
        ("a\\b", "a%5Cb"),
    ] {
        let (line, ..) = capture(SESSION, name, &[]).create();
        let path = line
            .strip_prefix("POST /api/v26.2/objects/sandbox/")
            .unwrap();
        let arrived = path
            .strip_suffix("/users/me/api_access_token__sys HTTP/1.1")
            .unwrap();
        let decoded = percent_encoding::percent_decode_str(arrived)
            .decode_utf8()
            .unwrap();
        assert_eq!(decoded, name, "{line}");
        assert!(!arrived.contains(['/', '?', '#', ' ']), "{line}");
        assert!(
            arrived == segment || arrived.replace("%26", "&").contains("A&B"),
            "{arrived} is not {segment}"
        );
    }
}

#[test]
fn any_version_can_be_asked_for() {
    let (line, ..) = capture(SESSION, "S", &["--api-version", "v27.1"]).create();
    assert!(
        line.starts_with("POST /api/v27.1/objects/sandbox/S/"),
        "{line}"
    );
}

/// The look at the list before it, and nothing after it: where the sandbox is, is not known.
#[test]
fn nothing_is_sent_that_was_not_asked_for() {
    let captured = capture(SESSION, "S", &[]);
    let lines: Vec<_> = captured
        .requests
        .iter()
        .map(|r| r.lines().next().unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], "GET /api/v26.2/objects/sandbox HTTP/1.1");
}

/// Vault is shown the request that `--dry-run` shows, and a dry run sends none.
#[test]
fn a_dry_run_shows_exactly_what_would_be_sent() {
    for encoding in ["form", "json"] {
        let more = ["-n", "a b&c", "-e", "2099-12-31", "--encoding", encoding];
        let (line, headers, body) = capture(SESSION, "a/b c", &more).create();
        let dry = capture(SESSION, "a/b c", &[&more[..], &["--dry-run"]].concat());
        assert!(
            !dry.requests.iter().any(|r| r.starts_with("POST ")),
            "{:?}",
            dry.requests
        );
        let printed = dry.ran.printed();
        let target = line.split(' ').nth(1).unwrap();
        assert!(
            printed.starts_with(&format!("POST http://{}{target}\n", dry.dns)),
            "{printed}"
        );
        assert!(printed.ends_with(&format!("\n\n{body}\n")), "{printed}");
        for header in headers
            .iter()
            .filter(|h| h.starts_with("accept") || h.starts_with("content-type"))
        {
            assert!(printed.contains(header), "{printed}");
        }
        assert!(printed.contains("authorization: [hidden]"), "{printed}");
        assert!(!printed.contains("SESSION-44f1"), "{printed}");
        assert_eq!(dry.ran.code(), 0);
    }
}
