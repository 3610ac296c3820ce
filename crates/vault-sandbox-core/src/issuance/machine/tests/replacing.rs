use super::*;

fn replacing(destinations: &[&str]) -> Intent {
    // What is said of verifying here does not matter.
    let intent = intent(destinations).verify(VerifyRule::Never);
    intent.replaces(Some(id("0PI0")))
}

fn deleted() -> Event {
    Event::Removed(Removal::Deleted)
}

fn verified(verification: Verification) -> Event {
    Event::Verified(verification)
}

/// Up to where the new token is tried out.
fn tried(verification: Verification) -> Vec<Event> {
    vec![Event::Done, issued(), Event::Done, verified(verification)]
}

#[test]
fn the_old_one_goes_last() {
    for shown in [
        Verification::Confirmed { expiry: None },
        Verification::Works,
    ] {
        let mut issuance = Issuance::new(replacing(&["file:a", "-"]));
        let events = [
            tried(shown),
            vec![Event::Done; 5],
            vec![deleted(), Event::Done],
        ];
        let (steps, outcome) = run(&mut issuance, events.concat());
        assert_eq!(
            steps,
            "intent send keep verify mark deliver0 mark deliver1 mark retire forget done"
        );
        assert_eq!(outcome, Some(Outcome::Issued));
        assert_eq!(issuance.replaced(), Some(Removal::Deleted));
    }
}

#[test]
fn one_that_does_not_do_goes_away_before_anything_is_touched() {
    let stored = Some("2026-12-01T00:00:00Z".parse().unwrap());
    for shown in [
        Verification::Refused,
        Verification::OtherVault,
        Verification::ExpiryDiffers { stored },
    ] {
        let mut issuance = Issuance::new(replacing(&["file:a"]));
        let events = [tried(shown), vec![Event::Done, deleted(), Event::Done]];
        let (steps, outcome) = run(&mut issuance, events.concat());
        assert_eq!(steps, "intent send keep verify mark revoke forget done");
        assert_eq!(outcome, Some(Outcome::NotIssued(NotIssued::Unfit)));
    }
    for event in [
        Event::Failed,
        Event::Removed(Removal::Remains),
        Event::Removed(Removal::Unknown),
        // So new, it may not show yet.
        Event::Removed(Removal::WasGone),
    ] {
        let mut issuance = Issuance::new(replacing(&["file:a"]));
        let events = [
            tried(Verification::Refused),
            vec![Event::Done, event, Event::Done],
        ];
        let (steps, outcome) = run(&mut issuance, events.concat());
        assert_eq!(steps, "intent send keep verify mark revoke confirm done");
        assert_eq!(outcome, Some(Outcome::Undelivered), "its record has it");
    }
}

#[test]
fn one_of_which_nobody_knows_waits_in_the_record() {
    let mut issuance = Issuance::new(replacing(&["file:a"]));
    let events = [tried(Verification::Unconfirmed), vec![Event::Done]].concat();
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "intent send keep verify confirm done");
    assert_eq!(outcome, Some(Outcome::Undelivered));

    // Its expiry has to be known.
    let strict = replacing(&["file:a"]).verify(VerifyRule::Always);
    let events = [tried(Verification::Works), vec![Event::Done]].concat();
    let (_, outcome) = run(&mut Issuance::new(strict), events);
    assert_eq!(outcome, Some(Outcome::Undelivered));

    // It is nowhere, so it cannot wait.
    let mut issuance = Issuance::new(replacing(&["file:a"]));
    let events = vec![
        Event::Done,
        issued(),
        Event::Failed,
        verified(Verification::Unconfirmed),
        deleted(),
        Event::Done,
    ];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "intent send keep verify revoke forget done");
    assert_eq!(outcome, Some(Outcome::NotIssued(NotIssued::Unfit)));
}

#[test]
fn both_are_named_where_the_old_one_stays() {
    for (event, replaced) in [
        (Event::Failed, None),
        (Event::GivenUp, None),
        (Event::Removed(Removal::Remains), Some(Removal::Remains)),
        (Event::Removed(Removal::Unknown), Some(Removal::Unknown)),
    ] {
        let mut issuance = Issuance::new(replacing(&["file:a"]));
        let confirmed = Verification::Confirmed { expiry: None };
        let events = [
            tried(confirmed),
            vec![Event::Done; 3],
            vec![event, Event::Done],
        ];
        let (steps, outcome) = run(&mut issuance, events.concat());
        assert_eq!(
            steps,
            "intent send keep verify mark deliver0 mark retire forget done"
        );
        assert_eq!(outcome, Some(Outcome::OldRemains));
        assert_eq!(issuance.replaced(), replaced);
    }
}

#[test]
fn an_old_one_that_was_gone_before_is_gone() {
    let mut issuance = Issuance::new(replacing(&["file:a"]));
    let events = [
        tried(Verification::Works),
        vec![Event::Done; 3],
        vec![Event::Removed(Removal::WasGone), Event::Done],
    ];
    assert_eq!(run(&mut issuance, events.concat()).1, Some(Outcome::Issued));
    assert_eq!(issuance.replaced(), Some(Removal::WasGone));
}

/// Without it on disk that every destination has the new value, a run that goes on could not tell
/// whether the old one may go.
#[test]
fn the_old_one_stays_where_that_the_new_one_is_everywhere_cannot_be_written_down() {
    let mut issuance = Issuance::new(replacing(&["file:a"]));
    let events = [
        tried(Verification::Works),
        vec![Event::Done, Event::Done, Event::Failed, Event::Done],
    ];
    let (steps, outcome) = run(&mut issuance, events.concat());
    assert_eq!(
        steps,
        "intent send keep verify mark deliver0 mark forget done"
    );
    assert_eq!(outcome, Some(Outcome::OldRemains));
}

#[test]
fn a_destination_that_fails_keeps_the_old_one() {
    let mut issuance = Issuance::new(replacing(&["file:a", "file:b"]));
    let events = [
        tried(Verification::Works),
        vec![Event::Done, Event::Failed],
        vec![Event::Done; 4],
    ];
    let (steps, outcome) = run(&mut issuance, events.concat());
    assert_eq!(
        steps,
        "intent send keep verify mark deliver0 mark deliver1 mark confirm done"
    );
    assert_eq!(outcome, Some(Outcome::Undelivered));
}

/// What a run that was interrupted after these events left on disk.
fn left_after(intent: Intent, events: Vec<Event>) -> Record {
    let mut issuance = Issuance::new(intent);
    let mut journal = String::new();
    for event in events {
        if let (Step::Persist(entry) | Step::Keep(entry), Event::Done) = (issuance.step(), &event) {
            journal.push_str(std::str::from_utf8(entry.to_line().as_bytes()).unwrap());
        }
        issuance.tell(event).unwrap();
    }
    Record::read(journal.as_bytes()).unwrap()
}

#[test]
fn an_interrupted_run_is_gone_on_with() {
    let confirmed = || verified(Verification::Confirmed { expiry: None });
    // Kept, but not tried out: what lies at the destination is the old value.
    let record = left_after(replacing(&["-"]), tried(Verification::Works)[..3].to_vec());
    let mut issuance = Issuance::resume(record.clone());
    let (steps, outcome) = run(
        &mut issuance,
        [
            vec![confirmed()],
            vec![Event::Done; 3],
            vec![deleted(), Event::Done],
        ]
        .concat(),
    );
    assert_eq!(steps, "verify mark deliver0 mark retire forget done");
    assert_eq!(outcome, Some(Outcome::Issued));

    // Somewhere else is no way around that.
    let mut issuance = Issuance::resume(record).redirected(vec!["file:c".into()]);
    let events = vec![verified(Verification::Refused)];
    assert_eq!(run(&mut issuance, events).0, "verify mark");

    // Everywhere, but the old one is still there.
    let events = [tried(Verification::Works), vec![Event::Done; 3]].concat();
    let record = left_after(replacing(&["-"]), events);
    let events = vec![Event::Done, deleted(), Event::Done];
    let (steps, outcome) = run(&mut Issuance::resume(record), events);
    assert_eq!(steps, "mark retire forget done");
    assert_eq!(outcome, Some(Outcome::Issued));

    // About to be delivered, so it was seen to work.
    let events = [tried(Verification::Works), vec![Event::Done]].concat();
    let record = left_after(replacing(&["file:a"]), events);
    let events = vec![Event::Done, Event::Done, deleted(), Event::Done];
    let (steps, _) = run(&mut Issuance::resume(record), events);
    assert_eq!(steps, "check0 mark retire forget done");
}
