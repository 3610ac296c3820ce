//! The doubles of the test kit, as a user's test has them.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use vault_sandbox_core::endpoints::{KeepAlive, SignIn};
use vault_sandbox_core::testkit::{
    NeverAnswers, Recorder, Scripted, answer, from_async_fn, from_fn,
};
use vault_sandbox_core::{
    Client, Password, Repeat, SharedTransport, TransportError, TransportErrorKind,
};
use vault_sandbox_tests::{block_on, vault};

const SUCCESS: &str = r#"{"responseStatus":"SUCCESS"}"#;

fn interrupted() -> TransportError {
    TransportError::without_cause(TransportErrorKind::Interrupted)
}

#[test]
fn a_script_is_played_in_its_order_and_ends_without_a_panic() {
    let script = || Scripted::new([Err(interrupted()), Ok(answer(200, SUCCESS))]);
    let client = Client::new(script(), vault());
    assert_eq!(client.transport().left(), 2);
    let kinds = [(); 3].map(|()| {
        let outcome = client.call_blocking(&KeepAlive::new());
        outcome.err().map(|error| error.transport_kind().unwrap())
    });
    let (cut, unsendable) = (
        TransportErrorKind::Interrupted,
        TransportErrorKind::Unsendable,
    );
    assert_eq!(kinds, [Some(cut), None, Some(unsendable)]);
    assert_eq!(client.transport().left(), 0);

    let client = Client::new(script(), vault());
    assert!(block_on(client.call(&KeepAlive::new())).is_err());
    assert!(block_on(client.call(&KeepAlive::new())).is_ok());
}

#[test]
#[should_panic(expected = "1000 is no HTTP status")]
fn a_status_that_is_none() {
    let _ = answer(1000, "");
}

#[test]
fn closures() {
    let asked = AtomicUsize::new(0);
    let transport = from_fn(|_| {
        asked.fetch_add(1, Ordering::SeqCst);
        Ok(answer(200, SUCCESS))
    });
    let client = Client::new(&transport, vault());
    client.call_blocking(&KeepAlive::new()).unwrap();
    block_on(client.call(&KeepAlive::new())).unwrap();
    assert_eq!(asked.into_inner(), 2);

    let transport = from_async_fn(|request| async move {
        std::future::ready(()).await;
        assert_eq!(request.method(), "POST");
        Err(interrupted())
    });
    let client = Client::new(SharedTransport::new(transport), vault());
    let error = block_on(client.call(&KeepAlive::new())).unwrap_err();
    assert!(error.may_have_been_applied());
}

#[test]
fn one_that_never_answers_can_be_given_up() {
    let client = Client::new(NeverAnswers, vault());
    let keep_alive = KeepAlive::new();
    let mut call = pin!(client.call(&keep_alive));
    for _ in 0..3 {
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Pending));
    }
}

/// What it shows is whole but for the secrets; what is asked for by name is there.
#[test]
fn a_recorder_shows_all_but_the_secrets() {
    let answers = [(); 2].map(|()| Err(interrupted()));
    let transport = Recorder::new(Scripted::new(answers));
    let client = Client::new(&transport, vault());
    let password = Password::parse("canary-password").unwrap();
    let sign_in = SignIn::new("jane.doe@veepharm.com".parse().unwrap(), password);
    client.call_blocking(&sign_in).unwrap_err();
    block_on(client.call(&KeepAlive::new())).unwrap_err();

    let sent = transport.requests();
    assert_eq!(
        sent[0].to_string(),
        "POST https://veepharm.veevavault.com/api/v26.2/auth\n\
         accept: application/json\n\
         content-type: application/x-www-form-urlencoded\n\
         \n\
         [57 bytes]\n"
    );
    assert_eq!(
        sent[1].to_string(),
        "POST https://veepharm.veevavault.com/api/v26.2/keep-alive\n\
         accept: application/json\n\
         authorization: [hidden]\n"
    );
    let shown = format!("{transport:?} {sent:?} {:?}", sent[1].headers());
    assert!(shown.contains("/api/v26.2/auth"), "{shown}");
    assert!(
        !shown.contains("canary") && !shown.contains("SID-0123ABCD"),
        "{shown}"
    );

    let body = sent[0].unhidden().body().as_bytes();
    assert!(body.ends_with(b"password=canary-password"));
    assert_eq!(
        (sent[0].method().as_str(), sent[0].uri().path()),
        ("POST", "/api/v26.2/auth")
    );
    assert_eq!(transport.transport().left(), 0);
}

/// Through every pointer and the erased form, whichever transport it is.
#[test]
fn a_transport_is_told_whether_a_request_may_be_sent_twice() {
    let seen = std::sync::Mutex::new(Vec::new());
    let client = Client::new(
        from_fn(|request| {
            let repeat = request.extensions().get::<Repeat>().copied();
            seen.lock().unwrap().push(repeat);
            Ok(answer(200, SUCCESS))
        }),
        vault(),
    );
    let password = || Password::parse("visibly-fake").unwrap();
    let sign_in = SignIn::new("jane@veepharm.com".parse().unwrap(), password());
    let _ = client.call_blocking(&sign_in);
    let _ = client.call_blocking(&KeepAlive::new());
    assert_eq!(
        *seen.lock().unwrap(),
        [Some(Repeat::Once), Some(Repeat::Safe)]
    );

    let told = std::sync::Arc::new(std::sync::Mutex::new(None));
    let teller = told.clone();
    let transport = from_async_fn(move |request| {
        *teller.lock().unwrap() = request.extensions().get::<Repeat>().copied();
        async { Ok(answer(200, SUCCESS)) }
    });
    let shared = Client::new(Box::new(SharedTransport::new(transport)), vault());
    let _ = block_on(shared.call(&sign_in));
    assert_eq!(*told.lock().unwrap(), Some(Repeat::Once));
}
