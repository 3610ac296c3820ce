use super::*;

fn replacing(destinations: &[&str]) -> Intent {
    Intent {
        replaces: Some(id("0PI0")),
        // What is said here does not matter.
        verify: VerifyRule::Never,
        ..intent(destinations)
    }
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
        let events = [tried(shown), vec![Event::Done; 7]].concat();
        let (steps, outcome) = run(&mut issuance, events);
        assert_eq!(
            steps,
            "intent send keep verify mark deliver0 mark deliver1 mark retire forget done"
        );
        assert_eq!(outcome, Some(Outcome::Issued));
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
        let events = [tried(shown), vec![Event::Done; 3]].concat();
        let (steps, outcome) = run(&mut issuance, events);
        assert_eq!(steps, "intent send keep verify mark revoke forget done");
        assert_eq!(outcome, Some(Outcome::NotIssued(NotIssued::Unfit)));
    }
    let mut issuance = Issuance::new(replacing(&["file:a"]));
    let events = [
        tried(Verification::Refused),
        vec![Event::Done, Event::Failed],
    ];
    let (steps, outcome) = run(&mut issuance, events.concat());
    assert_eq!(steps, "intent send keep verify mark revoke done");
    assert_eq!(outcome, Some(Outcome::Undelivered), "its record has it");
}

#[test]
fn one_of_which_nobody_knows_waits_in_the_record() {
    let mut issuance = Issuance::new(replacing(&["file:a"]));
    let (steps, outcome) = run(&mut issuance, tried(Verification::Unconfirmed));
    assert_eq!(steps, "intent send keep verify done");
    assert_eq!(outcome, Some(Outcome::Undelivered));

    // Its expiry has to be known.
    let strict = Intent {
        verify: VerifyRule::Always,
        ..replacing(&["file:a"])
    };
    let (_, outcome) = run(&mut Issuance::new(strict), tried(Verification::Works));
    assert_eq!(outcome, Some(Outcome::Undelivered));

    // It is nowhere, so it cannot wait.
    let mut issuance = Issuance::new(replacing(&["file:a"]));
    let events = vec![
        Event::Done,
        issued(),
        Event::Failed,
        verified(Verification::Unconfirmed),
        Event::Done,
        Event::Done,
    ];
    let (steps, outcome) = run(&mut issuance, events);
    assert_eq!(steps, "intent send keep verify revoke forget done");
    assert_eq!(outcome, Some(Outcome::NotIssued(NotIssued::Unfit)));
}

#[test]
fn both_are_named_where_the_old_one_stays() {
    for event in [Event::Failed, Event::GivenUp] {
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
    }
}

#[test]
fn a_destination_that_fails_keeps_the_old_one() {
    let mut issuance = Issuance::new(replacing(&["file:a", "file:b"]));
    let events = [
        tried(Verification::Works),
        vec![Event::Done, Event::Failed],
        vec![Event::Done; 3],
    ];
    let (steps, outcome) = run(&mut issuance, events.concat());
    assert_eq!(
        steps,
        "intent send keep verify mark deliver0 mark deliver1 mark done"
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
        [vec![confirmed()], vec![Event::Done; 5]].concat(),
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
    let (steps, outcome) = run(&mut Issuance::resume(record), vec![Event::Done; 3]);
    assert_eq!(steps, "mark retire forget done");
    assert_eq!(outcome, Some(Outcome::Issued));

    // About to be delivered, so it was seen to work.
    let events = [tried(Verification::Works), vec![Event::Done]].concat();
    let record = left_after(replacing(&["file:a"]), events);
    let (steps, _) = run(&mut Issuance::resume(record), vec![Event::Done; 4]);
    assert_eq!(steps, "check0 mark retire forget done");
}
