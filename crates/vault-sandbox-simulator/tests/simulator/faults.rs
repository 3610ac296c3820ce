//! Every effect, and whether the request was carried out.

use std::{
    io::{ErrorKind, Read, Write},
    thread,
    time::{Duration, Instant},
};

use vault_sandbox_simulator::{Edit, Effect, Endpoint, Fault, ResponseStatus, Simulator};

use crate::{
    Answer, Call, GENERATE, ME, SANDBOX, client, generate, get, post, sandbox_dns, sign_in, token,
};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(1);

fn with(effect: Effect) -> (Simulator, Call) {
    let vault = Simulator::start().unwrap();
    vault.fault(Fault::new(effect).on(Endpoint::GenerateSandboxToken));
    let call = generate(&vault).form(&[("name__v", "ci")]);
    (vault, call)
}

fn played(effect: Effect) -> (Simulator, Answer) {
    let (vault, call) = with(effect);
    let answer = call.send(vault.dns());
    (vault, answer)
}

fn tokens(vault: &Simulator) -> usize {
    vault.tokens(SANDBOX).len()
}

/// The body that the world's only token was answered with.
fn true_body(vault: &Simulator) -> String {
    let token = &vault.tokens(SANDBOX)[0];
    format!(
        r#"{{"responseStatus":"SUCCESS","data":{{"id":"{}","token__sys":"{}"}}}}"#,
        token.id, token.value
    )
}

/// For what happens on the simulator's thread without an answer. The end is for a hang.
fn wait_until(mut done: impl FnMut() -> bool) {
    let end = Instant::now() + client::PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "it never happened");
        thread::yield_now();
    }
}

#[test]
fn delay() {
    let (_, answer) = played(Effect::Delay { by: SHORT });
    answer.assert_success();

    let (vault, call) = with(Effect::Delay { by: LONG });
    let mut stream = call.open(vault.dns()).unwrap();
    wait_until(|| tokens(&vault) == 1);
    stream.set_nonblocking(true).unwrap();
    let nothing_yet = stream.read(&mut [0]).unwrap_err();
    assert_eq!(nothing_yet.kind(), ErrorKind::WouldBlock);
}

#[test]
fn reply() {
    for carried_out in [false, true] {
        let (vault, answer) = played(Effect::Reply {
            status: 502,
            headers: vec![
                ("Content-Type".into(), "text/html".into()),
                ("X-Twice".into(), "a".into()),
                ("X-Twice".into(), "b".into()),
            ],
            body: "<h1>Bad gateway</h1>".into(),
            carried_out,
        });
        assert_eq!(answer.status, 502);
        assert_eq!(answer.body, b"<h1>Bad gateway</h1>");
        assert_eq!(answer.header("content-type"), Some("text/html"));
        assert_eq!(answer.headers("x-twice"), ["a", "b"]);
        assert_eq!(tokens(&vault), usize::from(carried_out));
    }
}

#[test]
fn refuse() {
    let (vault, answer) = played(Effect::Refuse {
        status: 429,
        response_status: ResponseStatus::Failure,
        errors: vec![
            ("API_LIMIT_EXCEEDED".into(), "Later".into()),
            ("OTHER".into(), "More".into()),
        ],
    });
    answer.assert_failure("API_LIMIT_EXCEEDED");
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["errors"][1]["message"], "More");
    assert_eq!(tokens(&vault), 0);
}

#[test]
fn close_before_and_after() {
    for (effect, carried_out) in [(Effect::CloseBefore, 0), (Effect::CloseAfter, 1)] {
        let (vault, call) = with(effect);
        assert_eq!(call.exchange(vault.dns()).unwrap(), b"");
        assert_eq!(tokens(&vault), carried_out);
        assert_eq!(vault.requests().len(), 1);
    }
}

#[test]
fn a_kept_connection_that_has_gone_stale() {
    let vault = Simulator::start().unwrap();
    vault.fault(Fault::new(Effect::CloseBefore).only(2));
    let call = get(ME)
        .auth(&vault.session())
        .header("Connection", "keep-alive");
    let mut stream = call.open(vault.dns()).unwrap();
    let mut buffer = [0; 4096];
    let read = stream.read(&mut buffer).unwrap();
    Answer::parse(&buffer[..read]);
    let again = format!("GET {ME} HTTP/1.1\r\nHost: {}\r\n\r\n", vault.dns());
    stream.write_all(again.as_bytes()).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

#[test]
fn reset() {
    for carried_out in [false, true] {
        let (vault, call) = with(Effect::Reset { carried_out });
        let error = call.exchange(vault.dns()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(tokens(&vault), usize::from(carried_out));
    }
}

#[test]
fn silence() {
    for carried_out in [false, true] {
        let (vault, call) = with(Effect::Silence {
            carried_out,
            bound: SHORT,
        });
        assert_eq!(call.exchange(vault.dns()).unwrap(), b"");
        assert_eq!(tokens(&vault), usize::from(carried_out));
    }
    let (vault, call) = with(Effect::Silence {
        carried_out: true,
        bound: LONG,
    });
    let stream = call.open(vault.dns()).unwrap();
    wait_until(|| tokens(&vault) == 1);
    // Neither a waiting client nor a silent answer keeps the simulator from ending.
    drop(vault);
    drop(stream);
}

#[test]
fn cut_after() {
    for bytes in [0, 1, 40] {
        let (vault, answer) = played(Effect::CutAfter { bytes });
        let whole = true_body(&vault);
        assert_eq!(answer.promised(), whole.len());
        assert_eq!(answer.body, &whole.as_bytes()[..bytes]);
    }
}

#[test]
fn drip() {
    let (vault, answer) = played(Effect::Drip {
        bytes: 7,
        every: SHORT,
    });
    let whole = true_body(&vault);
    assert_eq!(answer.promised(), whole.len());
    assert_eq!(answer.body, whole.as_bytes());
}

#[test]
fn endless() {
    const ENOUGH: usize = 1024 * 1024;
    let (vault, call) = with(Effect::Endless {
        prefix: "\u{feff}".into(),
        with_answer: true,
    });
    let mut stream = call.open(vault.dns()).unwrap();
    let mut bytes = vec![0; ENOUGH];
    stream.read_exact(&mut bytes).unwrap();
    let answer = Answer::parse(&bytes);
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    let text = String::from_utf8(answer.body).unwrap();
    let beginning = format!("\u{feff}{}", true_body(&vault));
    assert!(text.contains(&beginning));
    // It goes on for as long as someone reads, and no longer.
    stream.read_exact(&mut bytes).unwrap();
    drop(stream);
    get(ME)
        .auth(&vault.session())
        .send(vault.dns())
        .assert_success();
}

#[test]
fn replace_body() {
    let (vault, answer) = played(Effect::ReplaceBody {
        body: b"\xff\xfe not JSON".as_slice().into(),
    });
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, b"\xff\xfe not JSON");
    assert_eq!(answer.header("x-vaultapi-status"), Some("SUCCESS"));
    assert_eq!(tokens(&vault), 1);
}

#[test]
fn prefix_body() {
    let prefix = "\u{feff} \r\n";
    let (vault, answer) = played(Effect::PrefixBody {
        prefix: prefix.into(),
    });
    assert_eq!(
        answer.body,
        format!("{prefix}{}", true_body(&vault)).as_bytes()
    );
    assert_eq!(answer.promised(), answer.body.len());
}

#[test]
fn raw() {
    for (bytes, carried_out) in [("SSH-2.0-nonsense\r\n", false), ("HTTP/1.1 2", true)] {
        let (vault, call) = with(Effect::Raw {
            bytes: bytes.into(),
            carried_out,
        });
        assert_eq!(call.exchange(vault.dns()).unwrap(), bytes.as_bytes());
        assert_eq!(tokens(&vault), usize::from(carried_out));
    }
}

#[test]
fn redirect() {
    let (vault, answer) = played(Effect::Redirect {
        status: 307,
        location: "http://127.0.0.1:1/elsewhere".into(),
    });
    assert_eq!(answer.status, 307);
    assert_eq!(
        answer.header("location"),
        Some("http://127.0.0.1:1/elsewhere")
    );
    assert_eq!(tokens(&vault), 0);
}

#[test]
fn throttled() {
    let (_, answer) = played(Effect::Throttled {
        delay: SHORT,
        remaining: 0,
    });
    answer.assert_success();
    assert_eq!(answer.headers("x-vaultapi-burstlimitremaining"), ["0"]);
    assert_eq!(answer.header("x-vaultapi-responsedelay"), Some("1"));
}

#[test]
fn set_headers() {
    let (vault, answer) = played(Effect::SetHeaders {
        headers: vec![
            ("X-VaultAPI-VaultId".into(), "7".into()),
            ("X-Odd".into(), "ü".into()),
        ],
    });
    answer.assert_success();
    assert_eq!(answer.headers("x-vaultapi-vaultid"), ["7"]);
    // UTF-8 on the wire, read as Latin-1 here.
    assert_eq!(answer.header("x-odd"), Some("Ã¼"));
    assert_eq!(tokens(&vault), 1);
}

#[test]
fn edit() {
    let (vault, answer) = played(Effect::Edit(Edit::RemoveValue));
    let token = &vault.tokens(SANDBOX)[0];
    assert_eq!(answer.json()["data"], serde_json::json!({"id": token.id}));

    let (vault, answer) = played(Effect::Edit(Edit::SetStatus(ResponseStatus::Warning)));
    let json = answer.json();
    assert_eq!(json["responseStatus"], "WARNING");
    assert_eq!(json["data"]["token__sys"], vault.tokens(SANDBOX)[0].value);
}

#[test]
fn a_rule_that_is_no_http_says_so() {
    let bad_header = vec![("X".into(), "a\r\nb".into())];
    for effect in [
        Effect::Redirect {
            status: 7,
            location: "/".into(),
        },
        Effect::SetHeaders {
            headers: bad_header,
        },
    ] {
        let (_, answer) = played(effect);
        assert_eq!(answer.status, 500);
        assert!(answer.body.starts_with(b"This fault cannot be played"));
    }
}

#[test]
fn rules_choose_by_vault_and_count() {
    let vault = Simulator::start().unwrap();
    vault.fault(Fault::new(Effect::CloseBefore).vault(SANDBOX).first(1));
    let me = get(ME).auth(&vault.session());
    me.send(vault.dns()).assert_success();
    let dns = sandbox_dns(&vault);
    assert_eq!(me.exchange(&dns).unwrap(), b"");
    me.send(&dns).assert_success();
}

#[test]
fn cleared_faults_are_gone() {
    let vault = Simulator::start().unwrap();
    vault.fault(Fault::new(Effect::CloseBefore));
    vault.clear_faults();
    token(&vault, "ci");
}

#[test]
fn faults_strike_requests_that_lead_nowhere() {
    let vault = Simulator::start().unwrap();
    vault.fault(
        Fault::new(Effect::CloseBefore)
            .path("/nowhere")
            .method("GET"),
    );
    assert_eq!(get("/nowhere").exchange(vault.dns()).unwrap(), b"");
    sign_in(&vault, vault.user_name(), vault.password()).assert_success();
}

#[test]
fn a_body_cut_short_by_the_client_is_no_request() {
    let vault = Simulator::start().unwrap();
    let mut stream = std::net::TcpStream::connect(vault.dns()).unwrap();
    let head = format!(
        "POST {GENERATE} HTTP/1.1\r\nHost: {}\r\nContent-Length: 9\r\n\r\nname",
        vault.dns()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    // Closed or reset; either way without an answer of Vault's.
    let _ = stream.read_to_end(&mut rest);
    assert!(vault.requests().is_empty());
}

#[test]
fn too_large_a_body_ends_the_connection() {
    let vault = Simulator::start().unwrap();
    let large = "x".repeat(1024 * 1024 + 1);
    let call: client::Call = post(GENERATE).body("text/plain", &large);
    // Closed or reset, depending on how much was still under way.
    assert!(
        !call
            .exchange(vault.dns())
            .is_ok_and(|bytes| !bytes.is_empty())
    );
    assert!(vault.requests().is_empty());
}
