//! Which token it is: certain, not certain, or said by a person.

use super::resuming::{record, record_of};
use super::*;

#[test]
fn a_name_that_others_can_have_proves_nothing() {
    for ids in [&["a"][..], &["a", "b"]] {
        let mut issuance = Issuance::new(common(&["-"]));
        let hits = found(&common(&[]), ids);
        let (steps, outcome) = run(&mut issuance, vec![Event::Done, Event::NoValue(None), hits]);
        assert_eq!(steps, "intent send look-up done");
        assert_eq!(outcome, Some(Outcome::Unknown));
        assert_eq!(names(&issuance), ids);
    }
    // Nor does the old one, whatever its name is.
    let mut issuance = Issuance::new(intent(&["-"]).replaces(Some(id("old"))));
    let hits = found(&intent(&[]), &["old"]);
    let events = vec![Event::Done, Event::NoValue(None), hits];
    assert_eq!(run(&mut issuance, events).1, Some(Outcome::Unknown));
    assert!(names(&issuance).is_empty());
}

#[test]
fn an_id_that_vault_answered_is_certain_whatever_the_name_is() {
    let mut issuance = Issuance::new(common(&["-"]));
    let events = vec![Event::Done, Event::NoValue(Some(id("a"))), Event::Done];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "intent send lost done");
    assert_eq!(outcome, Some(Outcome::ValueLost(Some(id("a")))));
    // And stays so.
    let left = record_of(common(&["-"]), &[Entry::Lost(Some(id("a")))]);
    let mut issuance = Issuance::resume(left).revoking();
    let (steps, _) = run(&mut issuance, vec![Event::Removed(Removal::Deleted)]);
    assert_eq!(steps, "revoke forget");
}

#[test]
fn nothing_is_deleted_because_of_a_name_that_others_can_have() {
    for hits in [&["a"][..], &["a", "b"], &[]] {
        let mut issuance = Issuance::resume(record_of(common(&["-"]), &[])).revoking();
        let (steps, outcome) = run(&mut issuance, vec![found(&common(&[]), hits)]);
        assert_eq!(steps, "look-up done");
        assert_eq!(outcome, Some(Outcome::Unknown));
        assert_eq!(names(&issuance), hits);
    }
    // Two of its own name: one of them is somebody's copy.
    let mut issuance = Issuance::resume(record(&[])).revoking();
    let (steps, outcome) = run(&mut issuance, vec![found(&intent(&[]), &["a", "b"])]);
    assert_eq!(
        (steps.as_str(), outcome),
        ("look-up done", Some(Outcome::Unknown))
    );
}

#[test]
fn issued_for_certain_though_nobody_knows_which_it_is() {
    let nameless = || Event::Answered(IssuedToken::new(None, token().value().clone()));
    let mut issuance = Issuance::new(common(&["-"]));
    let events = vec![
        Event::Done,
        nameless(),
        Event::Failed,
        Event::Done,
        Event::Failed,
        found(&common(&[]), &["a", "b"]),
        Event::Done,
    ];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "intent send keep mark deliver0 look-up lost done");
    assert_eq!(outcome, Some(Outcome::ValueLost(None)));
    assert_eq!(names(&issuance), ["a", "b"]);
    // Its value was at hand, so it may have been used: that does not make it another's.
    let mut issuance = Issuance::new(intent(&["-"]));
    let used = TokenRecord::new(id("a"))
        .name(intent(&[]).name.as_str())
        .last_used(Some("2026-11-24T00:00:00Z".parse().unwrap()));
    let events = vec![
        Event::Done,
        nameless(),
        Event::Failed,
        Event::Done,
        Event::Failed,
        Event::Found(vec![used]),
        Event::Done,
    ];
    let outcome = run(&mut issuance, events).1;
    assert_eq!(outcome, Some(Outcome::ValueLost(Some(id("a")))));
    assert!(names(&issuance).is_empty());
}

#[test]
fn a_person_says_which_it_is() {
    let open = || Issuance::resume(record_of(common(&["-"]), &[]));
    let mut issuance = open().identified(id("a")).unwrap();
    // Not on record, where a mistyped one would be certain for the next run.
    let (steps, outcome) = run(&mut issuance, Vec::new());
    assert_eq!(steps, "done");
    assert_eq!(outcome, Some(Outcome::ValueLost(Some(id("a")))));

    for (removal, steps, outcome) in [
        (
            Removal::Deleted,
            "look-for revoke forget done",
            Outcome::NotIssued(NotIssued::Revoked),
        ),
        // A wrong one must not close what is open.
        (Removal::WasGone, "look-for revoke done", Outcome::Unknown),
        (
            Removal::Remains,
            "look-for revoke done",
            Outcome::ValueLost(Some(id("a"))),
        ),
        (
            Removal::Unknown,
            "look-for revoke done",
            Outcome::ValueLost(Some(id("a"))),
        ),
    ] {
        let mut issuance = open().identified(id("a")).unwrap().revoking();
        let mut events = vec![found(&common(&[]), &["b", "a"]), Event::Removed(removal)];
        if removal == Removal::Deleted {
            events.push(Event::Done);
        }
        let ended = run(&mut issuance, events);
        assert_eq!(ended, (steps.to_owned(), Some(outcome)), "{removal:?}");
    }
}

/// A mistyped ID, and an answer to deleting it that is lost: it would seem to have been deleted.
#[test]
fn what_a_person_named_is_deleted_only_if_it_is_there() {
    for event in [
        found(&common(&[]), &[]),
        found(&common(&[]), &["b"]),
        Event::Failed,
        Event::GivenUp,
    ] {
        let open = Issuance::resume(record_of(common(&["-"]), &[]));
        let mut issuance = open.identified(id("a")).unwrap().revoking();
        let (steps, outcome) = run(&mut issuance, vec![event]);
        assert_eq!(steps, "look-for done");
        assert_eq!(outcome, Some(Outcome::Unknown));
        assert_eq!(issuance.lost(), None);
    }
}

#[test]
fn a_person_cannot_say_that_it_is_another_one() {
    let replacing = common(&["-"]).replaces(Some(id("old")));
    let refused = Issuance::resume(record_of(replacing, &[])).identified(id("old"));
    assert_eq!(refused.unwrap_err(), NotThisOne::IsReplaced);
    for known in [Entry::Token(token()), Entry::Lost(Some(id("0PI1")))] {
        let open = || Issuance::resume(record_of(common(&["-"]), std::slice::from_ref(&known)));
        let refused = open().identified(id("a"));
        assert_eq!(refused.unwrap_err(), NotThisOne::IsKnown);
        // The one that it is, is as certain as before.
        let mut issuance = open().identified(id("0PI1")).unwrap().revoking();
        while !matches!(issuance.step(), Step::Revoke(_)) {
            issuance.tell(Event::Done).unwrap();
        }
        issuance.tell(Event::Removed(Removal::WasGone)).unwrap();
        assert_eq!(name(&issuance), "forget");
    }
}

/// The answer had no ID; a person found it.
#[test]
fn a_kept_token_without_an_id_can_be_named_and_deleted() {
    let nameless = IssuedToken::new(None, token().value().clone());
    let kept = || record_of(common(&["a"]), &[Entry::Token(nameless.clone())]);
    let mut issuance = Issuance::resume(kept()).identified(id("x")).unwrap();
    assert_eq!(name(&issuance), "check0", "it is delivered all the same");
    issuance = issuance.revoking();
    let is_there = || found(&common(&[]), &["x"]);
    let deleted = Event::Removed(Removal::Deleted);
    let events = vec![is_there(), Event::Done, deleted, Event::Done];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "look-for mark revoke forget done");
    assert_eq!(outcome, Some(Outcome::NotIssued(NotIssued::Revoked)));

    let mut issuance = Issuance::resume(kept())
        .identified(id("x"))
        .unwrap()
        .revoking();
    let gone = Event::Removed(Removal::WasGone);
    let events = vec![is_there(), Event::Done, gone, Event::Done];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "look-for mark revoke confirm done");
    assert_eq!(outcome, Some(Outcome::Undelivered), "its value is kept");
}

#[test]
fn a_kept_token_is_delivered_whoever_named_it() {
    let untouched = Entry::Deliveries(vec![Delivery::planned("a"), Delivery::planned("b")]);
    let kept = record(&[Entry::Token(token()), untouched]);
    let issuance = Issuance::resume(kept).identified(id("0PI1")).unwrap();
    assert_eq!(name(&issuance), "mark");
}

/// The record was there after all when an earlier run could not look at it, and found the token's ID.
#[test]
fn what_was_certain_stays_so_though_the_value_is_lost_again() {
    let nameless = || Entry::Token(IssuedToken::new(None, token().value().clone()));
    let left = record_of(common(&[]), &[nameless(), Entry::Lost(Some(id("a")))]);
    let mut issuance = Issuance::resume(left);
    let events = vec![Event::Done, Event::Failed, Event::Done];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "mark confirm lost done");
    assert_eq!(outcome, Some(Outcome::ValueLost(Some(id("a")))));
    // Not so what a person says.
    let left = record_of(common(&[]), &[nameless()]);
    let mut issuance = Issuance::resume(left).identified(id("x")).unwrap();
    let events = vec![Event::Done, Event::Failed, Event::Failed, Event::Done];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "mark confirm look-up lost done");
    assert_eq!(outcome, Some(Outcome::ValueLost(None)));
}

#[test]
fn the_reasons_are_readable() {
    for (reason, words) in [
        (
            NotThisOne::IsReplaced,
            "it is the token that was to be replaced",
        ),
        (NotThisOne::IsKnown, "the record names another token"),
    ] {
        assert_eq!(reason.to_string(), words);
    }
}
