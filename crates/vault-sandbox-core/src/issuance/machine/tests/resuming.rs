//! Going on from what an interrupted run left.

use super::*;

pub(super) fn record(entries: &[Entry]) -> Record {
    record_of(intent(&["a", "b"]), entries)
}

pub(super) fn record_of(intent: Intent, entries: &[Entry]) -> Record {
    let mut journal = Entry::Intent(intent).to_line().as_bytes().to_vec();
    for entry in entries {
        journal.extend_from_slice(entry.to_line().as_bytes());
    }
    Record::read(&journal).unwrap()
}

fn states(deliveries: &[Delivery]) -> Vec<DeliveryState> {
    let states = deliveries.iter().map(|delivery| delivery.state);
    states.collect()
}

fn handed_over(state: DeliveryState) -> Vec<Delivery> {
    vec![Delivery::new("a", state), Delivery::new("b", state)]
}

#[test]
fn a_kept_token_whose_id_is_not_known_is_not_called_lost_when_it_is_not_found() {
    let nameless = IssuedToken::new(None, token().value().clone());
    for event in [Event::Found(vec![]), Event::Failed, Event::GivenUp] {
        let kept = record(&[Entry::Token(nameless.clone())]);
        let mut issuance = Issuance::resume(kept).revoking();
        let ended = run(&mut issuance, vec![event, Event::Done]);
        let steps = "look-up confirm done".to_owned();
        assert_eq!(ended, (steps, Some(Outcome::Undelivered)));
    }
}

#[test]
fn an_interrupted_run_goes_on_from_its_record() {
    let kept = || record(&[Entry::Token(token())]);
    for (issuance, events, steps, outcome) in [
        (
            Issuance::resume(record(&[])),
            vec![Event::Found(vec![])],
            "look-up done",
            Outcome::Unknown,
        ),
        (
            Issuance::resume(record(&[])).revoking(),
            vec![found(&intent(&[]), &["x"]), deleted(), Event::Done],
            "look-up revoke forget done",
            Outcome::NotIssued(NotIssued::Revoked),
        ),
        (
            Issuance::resume(kept()),
            vec![
                Event::Done,
                Event::Done,
                Event::Done,
                Event::Done,
                confirmed(),
            ],
            "check0 mark deliver1 forget verify done",
            Outcome::Issued,
        ),
        (
            Issuance::resume(kept()),
            vec![
                Event::Failed,
                Event::Done,
                Event::Done,
                Event::Done,
                Event::Done,
                Event::Done,
                confirmed(),
            ],
            "check0 mark deliver0 mark deliver1 forget verify done",
            Outcome::Issued,
        ),
        (
            Issuance::resume(kept()),
            vec![
                Event::CannotTell,
                Event::Done,
                Event::Done,
                Event::Done,
                Event::Done,
            ],
            "check0 mark deliver1 mark confirm done",
            Outcome::Undelivered,
        ),
        (
            Issuance::resume(kept()).redirected(vec!["c".into()]),
            vec![Event::Done, Event::Done, Event::Done, confirmed()],
            "mark deliver0 forget verify done",
            Outcome::Issued,
        ),
        (
            Issuance::resume(kept()).revoking(),
            vec![Event::Done, Event::Failed, Event::Done],
            "mark revoke confirm done",
            Outcome::Undelivered,
        ),
        (
            Issuance::resume(record(&[
                Entry::Token(token()),
                Entry::Deliveries(handed_over(DeliveryState::Uncertain)),
            ])),
            vec![Event::Done, Event::Done],
            "mark confirm done",
            Outcome::Undelivered,
        ),
        (
            Issuance::resume(record(&[Entry::Deliveries(handed_over(
                DeliveryState::Started,
            ))])),
            vec![],
            "done",
            Outcome::Undelivered,
        ),
        (
            Issuance::resume(record(&[Entry::Lost(Some(id("x")))])),
            vec![],
            "done",
            Outcome::ValueLost(Some(id("x"))),
        ),
        (
            Issuance::resume(record(&[Entry::Lost(Some(id("x")))])).revoking(),
            vec![Event::Removed(Removal::WasGone), Event::Done],
            "revoke forget done",
            Outcome::NotIssued(NotIssued::Revoked),
        ),
        (
            Issuance::resume(record(&[Entry::Lost(Some(id("x")))])).revoking(),
            vec![Event::Removed(Removal::Unknown)],
            "revoke done",
            Outcome::ValueLost(Some(id("x"))),
        ),
    ] {
        let mut issuance = issuance;
        assert_eq!(
            run(&mut issuance, events),
            (steps.to_owned(), Some(outcome))
        );
    }
}

fn deleted() -> Event {
    Event::Removed(Removal::Deleted)
}

/// The record was removed or emptied while it was still needed.
#[test]
fn what_is_said_to_be_kept_was_looked_at() {
    let failed = vec![
        Event::Done,
        issued(),
        Event::Done,
        Event::Failed,
        Event::Done,
    ];
    let mut issuance = Issuance::new(intent(&["a"]));
    let events = [failed.clone(), vec![Event::Failed, Event::Failed]].concat();
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "intent send keep deliver0 mark confirm lost done");
    assert_eq!(outcome, Some(Outcome::ValueLost(Some(id("0PI1")))));
    assert!(!issuance.is_kept());

    // One destination has it.
    let mut issuance = Issuance::new(intent(&["a", "b"]));
    let events = vec![
        Event::Done,
        issued(),
        Event::Done,
        Event::Done,
        Event::Done,
        Event::Failed,
        Event::Done,
        Event::Failed,
    ];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(
        steps,
        "intent send keep deliver0 mark deliver1 mark confirm done"
    );
    assert_eq!(outcome, Some(Outcome::Undelivered));
    assert!(!issuance.is_kept());

    // It was to be deleted, and could not be; its destinations were never touched.
    let untouched = Entry::Deliveries(vec![Delivery::planned("a"), Delivery::planned("b")]);
    let kept = record(&[Entry::Token(token()), untouched]);
    let mut issuance = Issuance::resume(kept).revoking();
    assert_eq!(states(issuance.deliveries()), [DeliveryState::Uncertain; 2]);
    let events = vec![Event::Done, Event::Failed, Event::Failed, Event::Done];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "mark revoke confirm lost done");
    assert_eq!(outcome, Some(Outcome::ValueLost(Some(id("0PI1")))));

    // Without an ID, it is looked for.
    let nameless = Event::Answered(IssuedToken::new(None, token().value().clone()));
    let mut issuance = Issuance::new(intent(&["a"]));
    let events = vec![
        Event::Done,
        nameless,
        Event::Done,
        Event::Failed,
        Event::Done,
        Event::Failed,
        found(&intent(&[]), &["x"]),
        Event::Done,
    ];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(
        steps,
        "intent send keep deliver0 mark confirm look-up lost done"
    );
    assert_eq!(outcome, Some(Outcome::ValueLost(Some(id("x")))));
}

/// The value is where it was delivered, and nowhere else; which token it is, is not known.
#[test]
fn what_was_delivered_without_being_kept_is_deleted_if_it_is_found() {
    use DeliveryState::{Committed, Planned, Uncertain};
    let delivered = || {
        let states = [("a", Committed), ("b", Planned)];
        let deliveries = states.map(|(place, state)| Delivery::new(place, state));
        record(&[Entry::Deliveries(deliveries.into())])
    };
    // It may have been used since.
    let used = || {
        let name = intent(&[]).name;
        let record = TokenRecord::new(id("x")).name(name.as_str());
        Event::Found(vec![
            record.last_used(Some("2026-11-24T00:00:00Z".parse().unwrap())),
        ])
    };
    let mut issuance = Issuance::resume(delivered()).revoking();
    assert_eq!(states(issuance.deliveries()), [Uncertain, Planned]);
    let events = vec![used(), Event::Done, Event::Removed(Removal::Remains)];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "look-up mark revoke done");
    assert_eq!(outcome, Some(Outcome::Undelivered));

    let mut issuance = Issuance::resume(delivered()).revoking();
    let (steps, _) = run(&mut issuance, vec![used(), Event::Done, deleted()]);
    assert_eq!(steps, "look-up mark revoke forget");

    let mut issuance = Issuance::resume(delivered()).revoking();
    let (steps, outcome) = run(&mut issuance, vec![Event::Failed]);
    assert_eq!(steps, "look-up done");
    assert_eq!(outcome, Some(Outcome::Undelivered));
}

#[test]
fn what_is_kept_for_no_destination_stays_kept_if_it_is_not_deleted() {
    let kept = record_of(intent(&[]), &[Entry::Token(token())]);
    let mut issuance = Issuance::resume(kept).revoking();
    let events = vec![Event::Removed(Removal::Remains), Event::Done];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "revoke confirm done");
    assert_eq!(outcome, Some(Outcome::Undelivered));

    let nameless = IssuedToken::new(None, token().value().clone());
    let kept = record_of(intent(&[]), &[Entry::Token(nameless)]);
    let mut issuance = Issuance::resume(kept).revoking();
    let (steps, outcome) = run(&mut issuance, vec![Event::Failed, Event::Done]);
    assert_eq!(steps, "look-up confirm done");
    assert_eq!(outcome, Some(Outcome::Undelivered));
}

#[test]
fn every_place_that_was_ever_named_is_known() {
    let kept = record(&[Entry::Token(token())]);
    assert_eq!(kept.places, ["a", "b"]);
    let mut issuance = Issuance::resume(kept).redirected(vec!["c".into(), "b".into()]);
    assert_eq!(issuance.places(), ["a", "b", "c"]);
    let Step::Persist(entry) = issuance.step() else {
        panic!("what is about to be delivered to is written down first");
    };
    // Cut off, and gone on with elsewhere: what lies beside "c" is not forgotten.
    let kept = record(&[Entry::Token(token()), entry]);
    assert_eq!(kept.places, ["a", "b", "c"]);
    issuance = Issuance::resume(kept).redirected(vec!["d".into()]);
    assert_eq!(issuance.places(), ["a", "b", "c", "d"]);
}

#[test]
fn what_was_about_to_be_delivered_without_being_kept_is_not_certain() {
    use DeliveryState::{Committed, Planned, Started, Uncertain};
    let intent = intent(&["a", "b", "c"]);
    let marks = [("a", Committed), ("b", Started), ("c", Planned)];
    let marks = marks.map(|(place, state)| Delivery::new(place, state));
    let left = record_of(intent, &[Entry::Deliveries(marks.to_vec())]);
    let issuance = Issuance::resume(left);
    assert_eq!(
        states(issuance.deliveries()),
        [Committed, Uncertain, Planned]
    );
    assert!(issuance.token().is_none() && !issuance.is_kept());
}

/// Those that an earlier version took for this operation's are shown again.
#[test]
fn candidates_of_the_record_stay_candidates_where_nothing_else_is_found() {
    let mut left = record_of(common(&["a"]), &[]);
    left.candidates = vec![TokenRecord::new(id("x"))];
    let mut issuance = Issuance::resume(left);
    assert_eq!(names(&issuance), ["x"]);
    let (_, outcome) = run(&mut issuance, vec![Event::Failed]);
    assert_eq!(outcome, Some(Outcome::Unknown));
    assert_eq!(names(&issuance), ["x"]);
}

#[test]
fn what_is_known_of_it_can_be_asked_for() {
    let mut issuance = Issuance::resume(record(&[Entry::Lost(Some(id("x")))]));
    assert_eq!(issuance.lost(), Some(&id("x")));
    assert!(format!("{issuance:?}").contains("01020304"), "{issuance:?}");
    issuance = Issuance::new(intent(&["-"]));
    assert_eq!(issuance.lost(), None);
    let events = vec![
        Event::Done,
        issued(),
        Event::Done,
        Event::Done,
        Event::Done,
        confirmed(),
    ];
    run(&mut issuance, events);
    let shown = Verification::Confirmed { expiry: None };
    assert_eq!(issuance.verification(), Some(&shown));
    assert_eq!(issuance.token().and_then(IssuedToken::id), token().id());
}
