//! Going on from what an interrupted run left.

use super::*;

fn record(entries: &[Entry]) -> Record {
    let mut journal = Entry::Intent(intent(&["a", "b"]))
        .to_line()
        .as_bytes()
        .to_vec();
    for entry in entries {
        journal.extend_from_slice(entry.to_line().as_bytes());
    }
    Record::read(&journal).unwrap()
}

fn handed_over(state: DeliveryState) -> Vec<Delivery> {
    let one = |destination: &str| Delivery {
        destination: destination.into(),
        state,
    };
    vec![one("a"), one("b")]
}

#[test]
fn a_kept_token_whose_id_is_not_known_is_not_called_lost_when_it_is_not_found() {
    let nameless = IssuedToken::new(None, token().value().clone());
    for event in [Event::Found(vec![]), Event::Failed, Event::GivenUp] {
        let kept = record(&[Entry::Token(nameless.clone())]);
        let mut issuance = Issuance::resume(kept).revoking();
        let ended = run(&mut issuance, vec![event]);
        assert_eq!(
            ended,
            ("look-up done".to_owned(), Some(Outcome::Undelivered))
        );
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
            vec![Event::Found(vec![id("x")]), Event::Done, Event::Done],
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
            vec![Event::CannotTell, Event::Done, Event::Done, Event::Done],
            "check0 mark deliver1 mark done",
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
            vec![Event::Done, Event::Failed],
            "mark revoke done",
            Outcome::Undelivered,
        ),
        (
            Issuance::resume(record(&[
                Entry::Token(token()),
                Entry::Deliveries(handed_over(DeliveryState::Uncertain)),
            ])),
            vec![Event::Done],
            "mark done",
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
            Issuance::resume(record(&[Entry::Lost(vec![id("x")])])),
            vec![],
            "done",
            Outcome::ValueLost(vec![id("x")]),
        ),
    ] {
        let mut issuance = issuance;
        assert_eq!(
            run(&mut issuance, events),
            (steps.to_owned(), Some(outcome))
        );
    }
}
