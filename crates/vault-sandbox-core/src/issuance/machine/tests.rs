mod identifying;
mod replacing;
mod resuming;

use super::*;
use crate::issuance::intent::{Order, VerifyRule};
use crate::types::{AccessToken, Expiry, OperationId};
use crate::vault_error::VaultMessage;

/// Of a name that no other operation has.
fn intent(destinations: &[&str]) -> Intent {
    Intent::new(
        OperationId::from_bytes([1, 2, 3, 4]),
        "2026-11-23T18:04:11Z".parse().unwrap(),
        "veepharm.veevavault.com".parse().unwrap(),
        "VeePharm Sandbox".parse().unwrap(),
        "ci #{operation}".parse().unwrap(),
        Expiry::never(),
    )
    .destinations(destinations.iter().copied())
}

/// Of a name that anybody may have given.
fn common(destinations: &[&str]) -> Intent {
    let mut intent = intent(destinations);
    intent.name = "ci".parse().unwrap();
    intent
}

/// Tokens of the intent's name that nobody used.
fn found(intent: &Intent, ids: &[&str]) -> Event {
    let record = |text: &&str| TokenRecord::new(id(text)).name(intent.name.as_str());
    Event::Found(ids.iter().map(record).collect())
}

fn refusal() -> Vec<VaultMessage> {
    vec![VaultMessage::new("INSUFFICIENT_ACCESS", "no")]
}

fn session_refusal() -> Vec<VaultMessage> {
    vec![VaultMessage::new("INVALID_SESSION_ID", "no")]
}

fn ended_session() -> Event {
    Event::SessionInvalid(session_refusal())
}

fn names(issuance: &Issuance) -> Vec<&str> {
    let candidates = issuance.candidates().iter();
    candidates.map(|record| record.id.as_str()).collect()
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
        Step::Verify(_) => "verify".into(),
        Step::LookUp(_) => "look-up".into(),
        Step::LookFor(_) => "look-for".into(),
        Step::Revoke(_) => "revoke".into(),
        Step::Retire(_) => "retire".into(),
        Step::Confirm(_) => "confirm".into(),
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
            vec![Event::Done, Event::Refused(refusal()), Event::Failed],
            "intent send forget done",
            Outcome::NotIssued(Refused(refusal())),
        ),
        (
            vec![Event::Done, ended_session(), Event::Failed, Event::Done],
            "intent send sign-in forget done",
            Outcome::NotIssued(Refused(session_refusal())),
        ),
        (
            vec![
                Event::Done,
                ended_session(),
                Event::Done,
                ended_session(),
                Event::Done,
            ],
            "intent send sign-in send forget done",
            Outcome::NotIssued(Refused(session_refusal())),
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
                found(&intent(&[]), &["a"]),
                Event::Done,
            ],
            "intent send look-up lost done",
            Outcome::ValueLost(Some(id("a"))),
        ),
        (
            vec![Event::Done, Event::NoValue(Some(id("a"))), Event::Failed],
            "intent send lost done",
            Outcome::ValueLost(Some(id("a"))),
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
        Event::Done,
    ];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(
        steps,
        "intent send keep deliver0 mark deliver1 mark deliver2 mark confirm done"
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
        let mut issuance = Issuance::new(intent(&["-"]).order(order));
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
    assert_eq!(outcome, Some(Outcome::ValueLost(Some(id("0PI1")))));
}

#[test]
fn without_a_destination_nothing_counts_as_delivered() {
    let mut issuance = Issuance::new(intent(&[]));
    let (steps, outcome) = run(
        &mut issuance,
        vec![Event::Done, issued(), Event::Done, Event::Done, Event::Done],
    );
    assert_eq!(steps, "intent send keep mark confirm done");
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
        let mut issuance = Issuance::new(intent(&["-"]).verify(rule));
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
    let mut never = Issuance::new(intent(&["-"]).verify(VerifyRule::Never));
    let events = vec![Event::Done, issued(), Event::Done, Event::Done, Event::Done];
    assert_eq!(
        run(&mut never, events).0,
        "intent send keep deliver0 forget done"
    );
}

#[test]
fn tried_out_before_it_is_handed_over() {
    let intent = intent(&["-"]).order(Order::VerifyFirst);
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
