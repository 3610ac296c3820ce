//! What does not work: refusals, and answers that do not arrive.

use vault_sandbox_core::VaultErrorKind::*;
use vault_sandbox_core::{Expiry, TransportErrorKind};
use vault_sandbox_simulator::{Effect, FailureStatus, Fault, ResponseStatus, Simulator};

use super::*;

#[test]
fn refusals_are_refusals_whatever_the_http_status() {
    for status in [FailureStatus::Ok, FailureStatus::Fitting] {
        let simulator = Simulator::start().unwrap();
        simulator.switches(|switches| switches.failure_status = status);
        let parent = jane(&simulator);
        run(async {
            let never = Expiry::never();
            for (sandbox, expected) in [
                ("No Such Sandbox", InvalidData),
                ("Regression Test", OperationInProgress),
                ("Old Training", OperationNotAllowed),
            ] {
                let error = parent.call(&token_for(sandbox, never)).await.unwrap_err();
                assert_eq!(kind(&error), &expected);
                assert!(!error.may_have_been_applied(), "{error}");
            }
            let old = parent.at(parent.vault().clone().version("v26.1".parse().unwrap()));
            let error = old.call(&token_for(SANDBOX, never)).await.unwrap_err();
            assert_eq!(kind(&error), &MethodNotSupported);
            for _ in 0..25 {
                parent.call(&token_for(SANDBOX, never)).await.unwrap();
            }
            let error = parent.call(&token_for(SANDBOX, never)).await.unwrap_err();
            assert_eq!(kind(&error), &OperationNotAllowed);

            for (as_status, may) in [
                (ResponseStatus::Failure, false),
                (ResponseStatus::Exception, true),
            ] {
                simulator.switches(|switches| switches.wrong_password_status = as_status);
                let error = parent
                    .call(&sign_in(simulator.user_name(), "wrong"))
                    .await
                    .unwrap_err();
                assert_eq!(kind(&error), &UsernameOrPasswordIncorrect);
                assert_eq!(error.may_have_been_applied(), may);
            }
            simulator.lock_user(simulator.user_name()).unwrap();
            for (user, expected) in [
                (simulator.user_name(), UserLockedOut),
                ("inactive.user@veepharm.com", InactiveUser),
                ("new.hire@veepharm.com", PasswordChangeRequired),
            ] {
                let error = parent
                    .call(&sign_in(user, simulator.password()))
                    .await
                    .unwrap_err();
                assert_eq!(kind(&error), &expected);
            }
        });
        assert_eq!(simulator.tokens(SANDBOX).len(), 25);
    }
}

/// The three fates of an answer that does not arrive: nothing is sent twice, and nobody is told
/// that a token is not there which is.
#[test]
fn an_answer_that_does_not_arrive() {
    let simulator = Simulator::start().unwrap();
    let parent = jane(&simulator);
    let call = || run(async { parent.call(&token_for(SANDBOX, Expiry::never())).await });

    simulator.fault(Fault::new(Effect::CloseAfter).only(1));
    let error = call().unwrap_err();
    assert_eq!(
        error.transport_kind(),
        Some(TransportErrorKind::Interrupted)
    );
    assert!(error.may_have_been_applied());
    assert_eq!(
        (simulator.requests().len(), simulator.tokens(SANDBOX).len()),
        (1, 1)
    );

    let whole = r#"{"responseStatus":"SUCCESS","data":{"id":"V8T000000009001","token__sys":"#.len();
    simulator.clear_faults();
    simulator.fault(Fault::new(Effect::CutAfter { bytes: whole + 10 }).only(1));
    assert!(call().unwrap_err().may_have_been_applied());
    assert_eq!(
        (simulator.requests().len(), simulator.tokens(SANDBOX).len()),
        (2, 2)
    );

    let redirect = Effect::Redirect {
        status: 307,
        location: format!("http://{}/stolen", simulator.other_dns()),
    };
    simulator.clear_faults();
    simulator.fault(Fault::new(redirect).only(1));
    let error = call().unwrap_err();
    assert!(error.to_string().contains("redirect"), "{error}");
    assert_eq!(
        (simulator.requests().len(), simulator.tokens(SANDBOX).len()),
        (3, 2)
    );
}

/// Cut anywhere in its body: the value that comes out is the right one, or none.
#[test]
fn an_answer_cut_at_every_byte() {
    let simulator = Simulator::builder().token_limit(None).start().unwrap();
    let parent = jane(&simulator);
    run(async {
        let length = {
            let token = parent
                .call(&token_for(SANDBOX, Expiry::never()))
                .await
                .unwrap()
                .value;
            let value = token.value().expose().len();
            r#"{"responseStatus":"SUCCESS","data":{"id":"","token__sys":""}}"#.len()
                + token.id().unwrap().as_str().len()
                + value
        };
        let mut saved = 0;
        for bytes in 0..length {
            simulator.clear_faults();
            simulator.fault(Fault::new(Effect::CutAfter { bytes }));
            let answered = parent.call(&token_for(SANDBOX, Expiry::never())).await;
            let kept = simulator.tokens(SANDBOX).pop().unwrap();
            match answered {
                Ok(reply) => {
                    assert_eq!(
                        reply.value.value().expose().as_bytes(),
                        kept.value.as_bytes()
                    );
                    assert_eq!(reply.warnings.len(), 1);
                    saved += 1;
                }
                Err(error) => assert!(error.may_have_been_applied(), "{error}"),
            }
        }
        // Behind the value's closing quote there are two braces.
        assert_eq!(saved, 2);
        assert_eq!(simulator.tokens(SANDBOX).len(), length + 1);
    });
}
