//! During the request for a token: reliability.md, section B.

use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use vault_sandbox_simulator::{Effect, Endpoint, Fault, Simulator};

use crate::harness::{
    Relay, Run, SANDBOX, Secret, World, check_all, create, fault_on_create, raw_server, row,
};

fn reply(status: u16, content_type: &str, body: impl Into<Vec<u8>>, carried_out: bool) -> Effect {
    Effect::Reply {
        status,
        headers: vec![("content-type".into(), content_type.into())],
        body: body.into().into(),
        carried_out,
    }
}

/// What a proxy says that shows the request it could not hand on.
fn html_with(world: &World, status: u16, carried_out: bool) -> Run {
    let run = world.create_at(world.vault.dns());
    let session = world.vault.session();
    world.must_hide(&session);
    let body = format!(
        "<html>Bad gateway. Authorization: {session}, {}</html>",
        world.vault.password()
    );
    world.fault(fault_on_create(reply(
        status,
        "text/html",
        body,
        carried_out,
    )));
    // The session that is sent is echoed whatever it is.
    run.env("VAULT_SANDBOX_SESSION_ID", session)
}

#[test]
fn connections_that_end() {
    check_all(&[
        row("reset before it was carried out", 23, |w| {
            create(w, Effect::Reset { carried_out: false })
        })
        .tokens(0)
        .says(&["may exist", "not asked for again", "token recover"]),
        row("reset after it was carried out", 22, |w| {
            create(w, Effect::Reset { carried_out: true })
        })
        .says(&["V8T", "--revoke"]),
        row("closed before", 23, |w| create(w, Effect::CloseBefore)).tokens(0),
        row("closed after", 22, |w| create(w, Effect::CloseAfter)),
        row("stored, then silence", 22, |w| {
            create(
                w,
                Effect::Silence {
                    carried_out: true,
                    bound: Duration::from_secs(60),
                },
            )
        })
        .says(&["did not answer"]),
        row("not stored, silence", 23, |w| {
            create(
                w,
                Effect::Silence {
                    carried_out: false,
                    bound: Duration::from_secs(60),
                },
            )
        })
        .tokens(0)
        .says(&["did not answer", "may exist"]),
        row("stored, but shows late: found all the same", 22, |w| {
            w.vault
                .switches(|s| s.token_visible_after = Duration::from_millis(500));
            create(w, Effect::CloseAfter)
        }),
        row("stored, never shows: unknown", 23, |w| {
            w.vault
                .switches(|s| s.token_visible_after = Duration::from_secs(3600));
            create(w, Effect::CloseAfter)
        })
        .tokens(1),
        row("stored, and the look-up fails", 23, |w| {
            w.fault(Fault::new(Effect::CloseBefore).on(Endpoint::Query));
            create(w, Effect::CloseAfter)
        })
        .tokens(1)
        .says(&["Warning:"]),
        row("not HTTP", 23, |w| {
            create(
                w,
                Effect::Raw {
                    bytes: "SSH-2.0-x\r\n".into(),
                    carried_out: false,
                },
            )
        })
        .tokens(0),
        row("half a status line", 23, |w| {
            create(
                w,
                Effect::Raw {
                    bytes: "HTTP/1.".into(),
                    carried_out: false,
                },
            )
        })
        .tokens(0),
        row("half a status line, stored", 22, |w| {
            create(
                w,
                Effect::Raw {
                    bytes: "HTTP/1.1 20".into(),
                    carried_out: true,
                },
            )
        }),
        row("two lengths that differ", 22, |w| {
            let bytes = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\n{}";
            create(
                w,
                Effect::Raw {
                    bytes: bytes.into(),
                    carried_out: true,
                },
            )
        }),
        row("slow drip within the limit", 0, |w| {
            w.fault(fault_on_create(Effect::Drip {
                bytes: 4,
                every: Duration::from_millis(15),
            }))
            .create(&[])
        }),
        row("slow drip beyond the limit: not repeated", 22, |w| {
            create(
                w,
                Effect::Drip {
                    bytes: 1,
                    every: Duration::from_millis(300),
                },
            )
        }),
        row("endless body", 22, |w| {
            create(
                w,
                Effect::Endless {
                    prefix: "{".into(),
                    with_answer: false,
                },
            )
        }),
        row("endless body, the value inside: used", 0, |w| {
            create(
                w,
                Effect::Endless {
                    prefix: "".into(),
                    with_answer: true,
                },
            )
        })
        .or(21)
        .says(&["Warning:"]),
        row("answer cut before the value ends", 22, |w| {
            create(w, Effect::CutAfter { bytes: 90 })
        }),
    ]);
}

/// The head of the answer is whole, its body ends anywhere.
#[test]
fn an_answer_cut_at_every_byte_gives_the_value_whole_or_not_at_all() {
    let whole = {
        let world = World::new();
        world.create(&["--verify", "never"]).go();
        let token = &world.vault.tokens(SANDBOX)[0];
        let body = serde_json::json!({"responseStatus": "SUCCESS", "data": {"id": token.id, "token__sys": token.value}});
        serde_json::to_vec(&body).unwrap().len()
    };
    let at = |cut: usize| {
        let world = World::new();
        world.fault(fault_on_create(Effect::CutAfter { bytes: cut }));
        let ran = world.create(&["--verify", "never"]).go();
        let value = world.vault.tokens(SANDBOX)[0].value.clone();
        assert_eq!(world.creates().len(), 1);
        match std::fs::read_to_string(world.work("token")) {
            Ok(content) => {
                assert_eq!(content, value, "cut after {cut}");
                assert_eq!(ran.code(), 0, "cut after {cut}: {}", ran.said());
                true
            }
            Err(_) => {
                assert_eq!(ran.code(), 22, "cut after {cut}: {}", ran.said());
                let prefix = Secret::new(&value[..value.len() - 2]);
                let record = std::fs::read(&world.records()[0]).unwrap();
                assert!(!prefix.is_in(&record) && !prefix.is_in(&ran.stderr));
                false
            }
        }
    };
    // Every byte around the end of the value; elsewhere some.
    let cuts: Vec<usize> = (0..whole)
        .step_by(16)
        .chain(whole - 24..whole + 30)
        .collect();
    let next = std::sync::Mutex::new(cuts.into_iter());
    let served = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                loop {
                    let Some(cut) = next.lock().unwrap().next() else {
                        break;
                    };
                    let has = at(cut);
                    served.lock().unwrap().push((cut, has));
                }
            });
        }
    });
    let mut served = served.into_inner().unwrap();
    served.sort_unstable();
    let first = served
        .iter()
        .position(|(_, has)| *has)
        .expect("some cut leaves the value whole");
    assert!(
        served[..first].iter().all(|(_, has)| !has) && served[first..].iter().all(|(_, has)| *has),
        "{served:?}"
    );
}

#[test]
fn those_in_between() {
    check_all(&[
        row("301 to another host", 23, |w| redirect(w, 301)).tokens(0),
        row("302 to another host", 23, |w| redirect(w, 302)).tokens(0),
        row("303 to another host", 23, |w| redirect(w, 303)).tokens(0),
        row("307 to another host", 23, |w| redirect(w, 307)).tokens(0),
        row("308 to another host", 23, |w| redirect(w, 308)).tokens(0),
        row("502 HTML after storing; the body echoes the credential", 22, |w| html_with(w, 502, true)),
        row("503 HTML, not stored", 23, |w| html_with(w, 503, false)).tokens(0),
        row("504 HTML after storing", 22, |w| html_with(w, 504, true)),
        row("200 HTML", 22, |w| html_with(w, 200, true)),
        row("404 HTML", 23, |w| html_with(w, 404, false)).tokens(0),
        row("429 without an envelope: a middlebox's", 23, |w| html_with(w, 429, false)).tokens(0),
        row("429 with Vault's envelope: Vault's word", 8, |w| {
            let body = r#"{"responseStatus":"FAILURE","errors":[{"type":"API_LIMIT_EXCEEDED","message":"later"}]}"#;
            create(w, reply(429, "application/json", body, false))
        })
        .posts(1),
        row("an empty body", 22, |w| create(w, reply(200, "application/json", "", true))),
        row("null", 22, |w| create(w, reply(200, "application/json", "null", true))),
        row("a deep tower of brackets", 22, |w| create(w, reply(200, "application/json", "[".repeat(200_000), true))),
        row("204", 22, |w| create(w, reply(204, "application/json", "", true))),
    ]);
    assert_eq!(ASKED_ELSEWHERE.load(Ordering::SeqCst), 0);
}

/// How often a host was asked that an answer named.
static ASKED_ELSEWHERE: AtomicUsize = AtomicUsize::new(0);

fn redirect(world: &World, status: u16) -> Run {
    let dns = raw_server(|mut stream| {
        if stream.read(&mut [0; 64]).is_ok_and(|n| n > 0) {
            ASKED_ELSEWHERE.fetch_add(1, Ordering::SeqCst);
        }
    });
    create(
        world,
        Effect::Redirect {
            status,
            location: format!("http://{dns}/elsewhere"),
        },
    )
}

/// Everything before the request is redirected too.
#[test]
fn signing_in_does_not_follow() {
    let other = Simulator::start().unwrap();
    let world = World::new();
    let location = format!("http://{}/api/v26.2/auth", other.dns());
    world.fault(Fault::new(Effect::Redirect {
        status: 307,
        location,
    }));
    let ran = world.create_hastily(&[]).go();
    assert_eq!(ran.code(), 7, "{}", ran.said());
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn a_request_that_was_not_read_is_not_sent_again() {
    // What has not been read when a socket is closed resets the connection.
    let world = World::new();
    let relay = Relay::start(world.vault.dns(), Some(drop));
    let ran = world.create_at(&relay.dns).go();
    assert_eq!(ran.code(), 23, "{}", ran.said());
    assert_eq!(relay.creates(), 1);
    assert_eq!(world.vault.tokens(SANDBOX).len(), 0);
    assert_eq!(world.records().len(), 1);
}

#[test]
fn a_connection_that_went_stale_costs_one_request_at_most() {
    // The relay says that each connection stays open, and closes it.
    for _ in 0..8 {
        let world = World::new();
        let relay = Relay::start(world.vault.dns(), None);
        let ran = world.create_at(&relay.dns).go();
        assert!(matches!(ran.code(), 0 | 22 | 23), "{}", ran.said());
        assert!(relay.creates() <= 1);
        assert!(world.vault.tokens(SANDBOX).len() <= 1);
    }
}

#[test]
fn a_huge_answer_takes_bounded_memory() {
    let world = World::new();
    world.fault(fault_on_create(Effect::Endless {
        prefix: "{".into(),
        with_answer: false,
    }));
    // 200 MB of address space beyond what it has at the start would be room for all that is sent.
    let ran = world
        .create_hastily(&[])
        .shell("ulimit -v 700000; exec \"$0\" \"$@\"")
        .go();
    assert_eq!(ran.code(), 22, "{}", ran.said());
}
