mod replacing;
mod resuming;

use super::*;
use crate::issuance::intent::{Order, VerifyRule};
use crate::types::{AccessToken, ApiVersion, Expiry, OperationId};

fn intent(destinations: &[&str]) -> Intent {
    Intent {
        operation: OperationId::from_bytes([1, 2, 3, 4]),
        started: "2026-11-23T18:04:11Z".parse().unwrap(),
        vault: "veepharm.veevavault.com".parse().unwrap(),
        vault_id: None,
        api_version: ApiVersion::V26_2,
        sandbox: "VeePharm Sandbox".parse().unwrap(),
        sandbox_dns: None,
        name: "ci #01020304".parse().unwrap(),
        expiry: Expiry::never(),
        encoding: Default::default(),
        destinations: destinations.iter().map(ToString::to_string).collect(),
        verify: VerifyRule::Auto,
        order: Order::DeliverFirst,
        replaces: None,
    }
}

fn token() -> IssuedToken {
    IssuedToken::new(
        Some(id("0PI1")),
        AccessToken::parse("veeva-vault-0c0ffee0example").unwrap(),
    )
}

fn id(text: &str) -> TokenId {
    TokenId::parse(text).unwrap()
}

/// A name for the present step, short enough to write a run as a line.
fn name(issuance: &Issuance) -> String {
    match issuance.step() {
        Step::Persist(Entry::Intent(_)) => "intent".into(),
        Step::Persist(Entry::Deliveries(_)) => "mark".into(),
        Step::Persist(Entry::Lost(_)) => "lost".into(),
        Step::Persist(Entry::Token(_)) => unreachable!("a value is kept, not persisted"),
        Step::Send(_) => "send".into(),
        Step::SignIn => "sign-in".into(),
        Step::Keep(Entry::Token(_)) => "keep".into(),
        Step::Keep(other) => unreachable!("{other:?}"),
        Step::Deliver { index, .. } => format!("deliver{index}"),
        Step::Check { index, .. } => format!("check{index}"),
        Step::Verify { .. } => "verify".into(),
        Step::LookUp(_) => "look-up".into(),
        Step::Revoke(_) => "revoke".into(),
        Step::Retire(_) => "retire".into(),
        Step::Forget => "forget".into(),
        Step::Done(_) => "done".into(),
    }
}

/// Feeds events and returns the steps that were asked for on the way, with the outcome if there is one.
fn run(issuance: &mut Issuance, events: Vec<Event>) -> (String, Option<Outcome>) {
    let mut steps = vec![name(issuance)];
    for event in events {
        issuance.tell(event).unwrap();
        steps.push(name(issuance));
    }
    let outcome = match issuance.step() {
        Step::Done(outcome) => Some(outcome.clone()),
        _ => None,
    };
    (steps.join(" "), outcome)
}

fn issued() -> Event {
    Event::Answered(token())
}

fn confirmed() -> Event {
    Event::Verified(Verification::Confirmed { expiry: None })
}

#[test]
fn the_good_way() {
    let mut issuance = Issuance::new(intent(&["-"]));
    let events = vec![
        Event::Done,
        issued(),
        Event::Done,
        Event::Done,
        Event::Done,
        confirmed(),
    ];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "intent send keep deliver0 forget verify done");
    assert_eq!(outcome, Some(Outcome::Issued));
}

#[test]
fn what_can_go_wrong_before_the_answer() {
    use NotIssued::{NoTrace, NotSent, Refused, Stopped};
    for (events, steps, outcome) in [
        (
            vec![Event::Failed],
            "intent done",
            Outcome::NotIssued(NoTrace),
        ),
        (
            vec![Event::Stop],
            "intent done",
            Outcome::NotIssued(Stopped),
        ),
        (
            vec![Event::Done, Event::Stop, Event::Done],
            "intent send forget done",
            Outcome::NotIssued(Stopped),
        ),
        (
            vec![Event::Done, Event::NotSent, Event::Done],
            "intent send forget done",
            Outcome::NotIssued(NotSent),
        ),
        (
            vec![Event::Done, Event::Refused, Event::Failed],
            "intent send forget done",
            Outcome::NotIssued(Refused),
        ),
        (
            vec![
                Event::Done,
                Event::SessionInvalid,
                Event::Failed,
                Event::Done,
            ],
            "intent send sign-in forget done",
            Outcome::NotIssued(Refused),
        ),
        (
            vec![
                Event::Done,
                Event::SessionInvalid,
                Event::Done,
                Event::SessionInvalid,
                Event::Done,
            ],
            "intent send sign-in send forget done",
            Outcome::NotIssued(Refused),
        ),
        (
            vec![Event::Done, Event::NoValue(None), Event::Found(vec![])],
            "intent send look-up done",
            Outcome::Unknown,
        ),
        (
            vec![Event::Done, Event::NoValue(None), Event::Failed],
            "intent send look-up done",
            Outcome::Unknown,
        ),
        (
            vec![Event::Done, Event::GivenUp],
            "intent send done",
            Outcome::Unknown,
        ),
        (
            vec![
                Event::Done,
                Event::NoValue(None),
                Event::Found(vec![id("a"), id("b")]),
                Event::Done,
            ],
            "intent send look-up lost done",
            Outcome::ValueLost(vec![id("a"), id("b")]),
        ),
        (
            vec![Event::Done, Event::NoValue(Some(id("a"))), Event::Failed],
            "intent send lost done",
            Outcome::ValueLost(vec![id("a")]),
        ),
    ] {
        let (seen, ended) = run(&mut Issuance::new(intent(&["-"])), events);
        assert_eq!((seen.as_str(), ended), (steps, Some(outcome)));
    }
}

#[test]
fn a_destination_that_fails_does_not_keep_the_others_from_being_served() {
    let mut issuance = Issuance::new(intent(&["a", "b", "c"]));
    let events = vec![
        Event::Done,
        issued(),
        Event::Done,
        Event::Done,
        Event::Done,
        Event::Failed,
        Event::Failed,
        Event::Done,
        Event::Done,
    ];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(
        steps,
        "intent send keep deliver0 mark deliver1 mark deliver2 mark done"
    );
    assert_eq!(outcome, Some(Outcome::Undelivered));
    let states: Vec<_> = issuance.deliveries().iter().map(|d| d.state).collect();
    assert_eq!(
        states,
        [
            DeliveryState::Committed,
            DeliveryState::Failed,
            DeliveryState::Committed
        ]
    );
    assert!(issuance.is_kept());
}

#[test]
fn a_value_that_could_not_be_kept_is_delivered_or_owned_up_to() {
    // At once, even where it should be tried out first: there is no other copy of it.
    for order in [Order::DeliverFirst, Order::VerifyFirst] {
        let mut issuance = Issuance::new(Intent {
            order,
            ..intent(&["-"])
        });
        let events = vec![
            Event::Done,
            issued(),
            Event::Failed,
            Event::Failed,
            Event::Done,
            Event::Done,
            confirmed(),
        ];
        let (steps, outcome) = run(&mut issuance, events);
        assert_eq!(steps, "intent send keep mark deliver0 forget verify done");
        assert_eq!(outcome, Some(Outcome::Issued));
    }

    let mut issuance = Issuance::new(intent(&["-"]));
    let events = vec![
        Event::Done,
        issued(),
        Event::Failed,
        Event::Done,
        Event::Failed,
        Event::Done,
    ];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "intent send keep mark deliver0 lost done");
    assert_eq!(outcome, Some(Outcome::ValueLost(vec![id("0PI1")])));
}

#[test]
fn without_a_destination_nothing_counts_as_delivered() {
    let mut issuance = Issuance::new(intent(&[]));
    let (steps, outcome) = run(
        &mut issuance,
        vec![Event::Done, issued(), Event::Done, Event::Done],
    );
    assert_eq!(steps, "intent send keep mark done");
    assert_eq!(outcome, Some(Outcome::Undelivered));
}

#[test]
fn what_trying_the_token_out_means() {
    let differs = Verification::ExpiryDiffers { stored: None };
    for (rule, verification, outcome) in [
        (VerifyRule::Auto, Verification::Unconfirmed, Outcome::Issued),
        (
            VerifyRule::Always,
            Verification::Unconfirmed,
            Outcome::Mismatch,
        ),
        (VerifyRule::Auto, differs, Outcome::Mismatch),
        (VerifyRule::Auto, Verification::Refused, Outcome::Mismatch),
        (
            VerifyRule::Auto,
            Verification::OtherVault,
            Outcome::Mismatch,
        ),
    ] {
        let mut issuance = Issuance::new(Intent {
            verify: rule,
            ..intent(&["-"])
        });
        let events = vec![
            Event::Done,
            issued(),
            Event::Done,
            Event::Done,
            Event::Done,
            Event::Verified(verification),
        ];
        assert_eq!(run(&mut issuance, events).1, Some(outcome));
    }
    let mut never = Issuance::new(Intent {
        verify: VerifyRule::Never,
        ..intent(&["-"])
    });
    let events = vec![Event::Done, issued(), Event::Done, Event::Done, Event::Done];
    assert_eq!(
        run(&mut never, events).0,
        "intent send keep deliver0 forget done"
    );
}

#[test]
fn tried_out_before_it_is_handed_over() {
    let intent = Intent {
        order: Order::VerifyFirst,
        ..intent(&["-"])
    };
    let differs = Verification::ExpiryDiffers { stored: None };
    for (verification, outcome) in [
        (Verification::Confirmed { expiry: None }, Outcome::Issued),
        (differs, Outcome::Mismatch),
    ] {
        let mut issuance = Issuance::new(intent.clone());
        let events = vec![
            Event::Done,
            issued(),
            Event::Done,
            Event::Verified(verification),
            Event::Done,
            Event::Done,
        ];
        let (steps, ended) = run(&mut issuance, events);
        assert_eq!(steps, "intent send keep verify deliver0 forget done");
        assert_eq!(ended, Some(outcome));
    }
}

#[test]
fn stopping_comes_too_late_once_the_request_is_answered() {
    let mut issuance = Issuance::new(intent(&["-"]));
    let events = vec![
        Event::Done,
        issued(),
        Event::Stop,
        Event::Done,
        Event::Stop,
        Event::Done,
        Event::Done,
        confirmed(),
    ];
    assert_eq!(run(&mut issuance, events).1, Some(Outcome::Issued));
}

#[test]
fn an_event_that_does_not_fit_changes_nothing() {
    let mut issuance = Issuance::new(intent(&["-"]));
    let error = issuance.tell(issued()).unwrap_err();
    assert!(!error.to_string().contains("0c0ffee0"), "{error}");
    assert_eq!(name(&issuance), "intent");
}
