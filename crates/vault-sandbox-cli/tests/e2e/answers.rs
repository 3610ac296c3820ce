//! What Vault answers: reliability.md, section C.

use std::time::Duration;

use vault_sandbox_simulator::{
    Edit, Effect, Endpoint, FailureStatus, Fault, OverCeiling, ResponseStatus,
};

use crate::harness::{Run, SANDBOX, World, base64, check_all, create, fault_on_create, row};

fn refuse(code: &str, message: &str) -> Effect {
    Effect::Refuse {
        status: 200,
        response_status: ResponseStatus::Failure,
        errors: vec![(code.to_owned(), message.to_owned())],
    }
}

/// The sandbox knows another value: it is not asked.
fn set_value(world: &World, value: &str) -> Run {
    world.expect_value(value);
    let effect = Effect::Edit(Edit::SetValue(value.to_owned()));
    world
        .fault(fault_on_create(effect))
        .create(&["--verify", "never"])
}

#[test]
fn refusals() {
    check_all(&[
        row("FAILURE in HTTP 200", 5, |w| {
            create(w, refuse("INVALID_DATA", "Invalid value for name__v"))
        })
        .posts(1)
        .says(&["INVALID_DATA", "Invalid value for name__v", "No token was issued."])
        .then(|_, ran| {
            let json = ran.json();
            assert_eq!(json["error"]["code"], "refused");
            let said = &json["error"]["vault"][0];
            assert_eq!((said["type"].as_str(), said["message"].as_str()), (Some("INVALID_DATA"), Some("Invalid value for name__v")));
        }),
        row("FAILURE in HTTP 4xx", 5, |w| {
            create(w, Effect::Refuse {
                status: 404,
                response_status: ResponseStatus::Failure,
                errors: vec![("INVALID_DATA".into(), "No such sandbox".into())],
            })
        })
        .posts(1)
        .says(&["INVALID_DATA", "No such sandbox"]),
        row("all entries of a FAILURE are shown", 5, |w| {
            create(w, Effect::Refuse {
                status: 200,
                response_status: ResponseStatus::Failure,
                errors: vec![("INVALID_DATA".into(), "first".into()), ("PARAMETER_REQUIRED".into(), "second".into())],
            })
        })
        .posts(1)
        .says(&["first", "PARAMETER_REQUIRED", "second"]),
        row("INSUFFICIENT_ACCESS: which permission", 5, |w| {
            create(w, refuse("INSUFFICIENT_ACCESS", "no"))
        })
        .posts(1)
        .says(&["Access API"]),
        row("25 tokens: candidates to revoke", 5, |w| {
            w.vault.switches(|s| s.token_limit = Some(25));
            for n in 0..25 {
                w.run(&["token", "create", SANDBOX, "-n", &format!("old {n}"), "-o", "old", "--verify", "never", "-q"]).go();
            }
            std::fs::remove_file(w.work("old")).unwrap();
            w.create(&[])
        })
        .posts(1)
        .tokens(25)
        .says(&["25", "V8T", "old 0"]),
        row("API_LIMIT_EXCEEDED on create: later", 8, |w| {
            create(w, refuse("API_LIMIT_EXCEEDED", "limit"))
        })
        .posts(1)
        .says(&["API_LIMIT_EXCEEDED"]),
        row("API_LIMIT_EXCEEDED at sign-in: later", 8, |w| {
            w.fault(Fault::new(refuse("API_LIMIT_EXCEEDED", "limit")).on(Endpoint::SignIn));
            w.create(&[])
        }),
        row("CONFIGURATION_MODE_ENABLED: later", 8, |w| {
            create(w, refuse("CONFIGURATION_MODE_ENABLED", "mode"))
        })
        .posts(1),
        row("message with escapes, CR, CI commands, right-to-left marks", 5, |w| {
            create(w, refuse("INVALID_DATA", "a\u{1b}[2Jb\rc\n::add-mask::d\n##vso[task]e\u{202e}f"))
        })
        .posts(1)
        .then(|_, ran| {
            let said = ran.said();
            assert!(!said.contains(['\u{1b}', '\r', '\u{202e}']), "{said:?}");
            for line in said.lines() {
                let start = line.trim_start();
                assert!(!start.starts_with("::") && !start.starts_with("##vso"), "{said:?}");
            }
            assert!(!ran.printed().contains(['\u{1b}', '\u{202e}']), "{:?}", ran.printed());
        }),
        row("`errors` as an object", 5, |w| {
            create(w, Effect::Reply {
                status: 200,
                headers: vec![("content-type".into(), "application/json".into())],
                body: br#"{"responseStatus":"FAILURE","errors":{"type":"INVALID_DATA","message":"alone"}}"#[..].into(),
                carried_out: false,
            })
        })
        .posts(1)
        .says(&["INVALID_DATA", "alone"]),
        row("a token API before v26.2", 5, |w| w.create(&["--api-version", "v25.1"]))
            .posts(1)
            .says(&["v26.2", "--api-version"]),
        row("a ceiling that refuses", 5, |w| {
            w.vault.switches(|s| {
                s.max_lifetime_days = Some(30);
                s.over_ceiling = OverCeiling::Refuse;
            });
            w.create(&[])
        })
        .posts(1),
        row("failures with a fitting HTTP status", 5, |w| {
            w.vault.switches(|s| {
                s.failure_status = FailureStatus::Fitting;
                s.token_limit = Some(0);
            });
            w.create(&[])
        })
        .posts(1),
    ]);
}

/// What Vault says is shown, but for the secrets in it.
#[test]
fn answers_that_echo_a_secret() {
    check_all(&[
        row("a refusal that quotes the session", 5, |w| {
            let session = w.vault.session();
            let encoded = base64(format!("id {session}").as_bytes());
            let said = format!("header {session}, encoded {encoded}, end");
            w.fault(fault_on_create(refuse("INVALID_DATA", &said)));
            w.must_hide(&session);
            w.create_at(w.vault.dns())
                .env("VAULT_SANDBOX_SESSION_ID", session)
        })
        .posts(1)
        .says(&["header", "end"]),
        row("a refusal that quotes the password", 5, |w| {
            let said = format!("header {}, end", w.vault.password());
            create(w, refuse("INVALID_DATA", &said))
        })
        .posts(1)
        .says(&["header", "end"]),
        row("a wrong password, quoted", 4, |w| {
            let said = "you sent not-the-password, end";
            w.must_hide("not-the-password");
            w.fault(
                Fault::new(refuse("USERNAME_OR_PASSWORD_INCORRECT", said)).on(Endpoint::SignIn),
            );
            w.create(&["-vv"])
                .env("VAULT_SANDBOX_PASSWORD", "not-the-password")
        })
        .says(&["you sent", "end"]),
        row("a warning that quotes the password", 0, |w| {
            let token = "veeva-vault-FAKE-0123456789";
            w.expect_value(token);
            let body = format!(
                r#"{{"responseStatus":"WARNING","warnings":[{{"type":"W","message":"{} and {token} said"}}],"data":{{"id":"V8T000000009001","token__sys":"{token}"}}}}"#,
                w.vault.password()
            );
            w.fault(fault_on_create(Effect::ReplaceBody { body: body.into() }));
            w.create(&["--verify", "never"])
        })
        .says(&["said"]),
    ]);
}

#[test]
fn who_may_come_in() {
    check_all(&[
        row(
            "INVALID_SESSION_ID with a password: one new sign-in, one more try",
            0,
            |w| {
                w.fault(fault_on_create(refuse("INVALID_SESSION_ID", "over")).only(1));
                w.create(&[])
            },
        )
        .posts(2)
        .then(|w, _| assert_eq!(sign_ins(w), 2)),
        row("INVALID_SESSION_ID for ever: not a third try", 4, |w| {
            create(w, refuse("INVALID_SESSION_ID", "over"))
        })
        .posts(2)
        .then(|w, _| assert_eq!(sign_ins(w), 2)),
        row("INVALID_SESSION_ID with a session ID: stop", 4, |w| {
            w.fault(fault_on_create(refuse("INVALID_SESSION_ID", "over")));
            w.create_at(w.vault.dns())
        })
        .posts(1),
        row("a session that is over before the list is read", 4, |w| {
            let run = w.create_at(w.vault.dns());
            w.vault.expire_sessions();
            run
        }),
        row(
            "USERNAME_OR_PASSWORD_INCORRECT: once, and attempts may lock",
            4,
            |w| {
                w.must_hide("wrong-password-1");
                w.create(&[])
                    .env("VAULT_SANDBOX_PASSWORD", "wrong-password-1")
            },
        )
        .says(&["USERNAME_OR_PASSWORD_INCORRECT", "lock"])
        .then(|w, _| assert_eq!(sign_ins(w), 1)),
        row("USERNAME_OR_PASSWORD_INCORRECT as EXCEPTION", 4, |w| {
            w.vault
                .switches(|s| s.wrong_password_status = ResponseStatus::Exception);
            w.create(&[])
                .env("VAULT_SANDBOX_PASSWORD", "wrong-password-2")
        })
        .says(&["lock"])
        .then(|w, _| assert_eq!(sign_ins(w), 1)),
        row("USER_LOCKED_OUT", 4, |w| {
            w.vault.lock_user(w.vault.user_name()).unwrap();
            w.create(&[])
        })
        .says(&["USER_LOCKED_OUT", "administrator"]),
        row("PASSWORD_CHANGE_REQUIRED", 4, |w| {
            w.create(&[])
                .env("VAULT_SANDBOX_USER", "new.hire@veepharm.com")
        })
        .says(&["PASSWORD_CHANGE_REQUIRED", "new password"]),
        row("INACTIVE_USER", 4, |w| {
            w.create(&[])
                .env("VAULT_SANDBOX_USER", "inactive.user@veepharm.com")
        })
        .says(&["INACTIVE_USER", "administrator"]),
        row("no access to the API", 5, |w| {
            w.create(&[])
                .env("VAULT_SANDBOX_USER", "no.api@veepharm.com")
        })
        .posts(1)
        .says(&["Access API"]),
        row("a session ID is sent raw", 0, |w| {
            w.create_at(w.vault.dns())
        }),
        row("a parent's token that may not create", 5, |w| {
            w.vault.switches(|s| s.token_may_create = false);
            with_parent_token(w)
        })
        .posts(1),
        row("a parent's token that may", 0, with_parent_token),
    ]);
}

fn with_parent_token(world: &World) -> Run {
    let session = world.vault.session();
    let path = "/api/v26.2/objects/users/me/api_access_token__sys";
    let body = "name__v=parent&expiry_date__v=2099-12-31T12:00:00Z";
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: {session}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        world.vault.dns(),
        body.len()
    );
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(world.vault.dns()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let token = world.vault.parent_tokens()[0].value.clone();
    world.must_hide(&token);
    world
        .run_without_login(&[
            "token", "create", SANDBOX, "--format", "json", "-o", "token",
        ])
        .env("VAULT_SANDBOX_TOKEN", token)
}

fn sign_ins(world: &World) -> usize {
    world
        .vault
        .requests()
        .iter()
        .filter(|r| r.path.ends_with("/auth"))
        .count()
}

#[test]
fn tokens_that_are_as_asked_and_that_are_not() {
    check_all(&[
        row("all is well", 0, |w| w.create(&[])),
        row("WARNING with a token: delivered, shown", 0, |w| {
            w.vault.switches(|s| s.new_token_warning = true);
            w.create(&[])
        })
        .then(|_, ran| assert!(!ran.json()["warnings"].as_array().unwrap().is_empty()))
        .says(&["Warning:"]),
        row("EXCEPTION on create, stored: unknown, found by name", 22, |w| {
            create(w, Effect::Reply {
                status: 200,
                headers: vec![("content-type".into(), "application/json".into())],
                body: br#"{"responseStatus":"EXCEPTION","errors":[{"type":"UNEXPECTED_ERROR","message":"oops"}]}"#[..].into(),
                carried_out: true,
            })
        })
        .says(&["V8T", "--revoke"]),
        row("EXCEPTION on create, not stored: unknown", 23, |w| {
            create(w, Effect::Refuse {
                status: 200,
                response_status: ResponseStatus::Exception,
                errors: vec![("UNEXPECTED_ERROR".into(), "oops".into())],
            })
        })
        .tokens(0)
        .says(&["may exist", "not asked for again", "token recover"]),
        row("SUCCESS without a value, with id: revoke offered", 22, |w| create(w, Effect::Edit(Edit::RemoveValue)))
            .says(&["V8T", "--revoke"]),
        row("SUCCESS without a value and id: found by name", 22, |w| {
            create(w, Effect::ReplaceBody { body: br#"{"responseStatus":"SUCCESS","data":{}}"#[..].into() })
        })
        .says(&["--revoke"]),
        row("SUCCESS with a value but no id", 0, |w| create(w, Effect::Edit(Edit::RemoveId))),
        row("the expiry is ignored: both shown", 21, |w| {
            w.vault.switches(|s| s.expiry_ignored = true);
            w.create(&[])
        })
        .says(&["never", "20", "Keep it if that will do"])
        .then(|w, ran| {
            assert_eq!(ran.json()["token"]["confirmed_expiry"], "never");
            let id = w.vault.tokens(SANDBOX)[0].id.clone();
            assert!(ran.said().contains(&id));
        }),
        row("the expiry is shortened", 21, |w| {
            w.vault.switches(|s| {
                s.max_lifetime_days = Some(30);
                s.over_ceiling = OverCeiling::Shorten;
            });
            w.create(&["-e", "90d"])
        }),
        row("a date is the end of that day for the user", 0, |w| w.create(&["-e", "2027-02-21"])),
        row("a token that never expires", 0, |w| w.create(&["-e", "never"])),
        row("usable after some seconds: waited for", 0, |w| {
            w.vault.switches(|s| s.token_usable_after = Duration::from_secs(1));
            w.create(&[])
        }),
        row("never usable: the sandbox does not accept it", 21, |w| {
            w.vault.switches(|s| s.token_usable_after = Duration::from_secs(3600));
            w.create_hastily(&[])
        })
        .says(&["does not accept the token"]),
        row("the sandbox cannot be reached: a warning", 0, |w| {
            w.fault(Fault::new(Effect::CloseBefore).vault(SANDBOX));
            w.create_hastily(&[])
        })
        .says(&["Warning:"]),
        row("the sandbox cannot be reached, --verify always", 21, |w| {
            w.fault(Fault::new(Effect::CloseBefore).vault(SANDBOX));
            w.create_hastily(&["--verify", "always"])
        }),
        row("--verify never sends nothing to the sandbox", 0, |w| w.create(&["--verify", "never"]))
            .then(|w, _| assert!(w.vault.requests().iter().all(|r| r.vault == "VeePharm"))),
        row("throttled: late, but an answer", 0, |w| {
            create(w, Effect::Throttled { delay: Duration::from_millis(700), remaining: 0 })
        }),
        row("unknown fields in another order", 0, |w| create(w, Effect::Edit(Edit::Unfamiliar))),
        row("numbers as strings, everywhere", 0, |w| {
            w.fault(Fault::new(Effect::Edit(Edit::NumbersAsStrings)));
            w.create(&[])
        }),
        row("BOM before the JSON", 0, |w| create(w, Effect::PrefixBody { prefix: "\u{feff}".into() })),
        row("white space before the JSON", 0, |w| create(w, Effect::PrefixBody { prefix: " \r\n\t ".into() })),
        row("a user who may not list sandboxes", 0, |w| {
            w.vault.switches(|s| s.may_list_sandboxes = false);
            w.create(&[])
        })
        .says(&["not checked", "Warning:"]),
    ]);
}

#[test]
fn values_as_they_come() {
    check_all(&[
        row("an odd prefix", 0, |w| {
            set_value(w, "odd.prefix/ABC+DEF=GHI~")
        }),
        row("ten kilobytes", 0, |w| {
            set_value(w, &format!("veeva-vault-{}", "0123456789".repeat(1024)))
        }),
        row("a space", 20, |w| set_value(w, "veeva-vault-A B")),
        row("a newline", 20, |w| set_value(w, "veeva-vault-AA\nBB")),
        row("NUL", 20, |w| set_value(w, "veeva-vault-A\0B")),
        row("not ASCII", 20, |w| set_value(w, "veeva-vault-Ünïcode"))
            .says(&["token recover"])
            .then(|w, _| assert_eq!(w.records().len(), 1)),
        row("empty: no value", 22, |w| {
            create(w, Effect::Edit(Edit::SetValue(String::new())))
        }),
    ]);
}

/// Slow, as one who asks too much is answered: the limit is ours, not Vault's.
#[test]
fn a_late_answer_is_an_answer() {
    check_all(&[row("every answer late", 0, |w| {
        w.fault(Fault::new(Effect::Delay {
            by: Duration::from_millis(600),
        }));
        w.create(&[])
    })]);
}
