use super::*;
use crate::error::Failure;
use crate::issuance::many::PlannedSandbox;
use crate::transport::{TransportError, TransportErrorKind};
use crate::types::Expiry;
use crate::vault_error::VaultMessage;

fn plan(names: &[&str]) -> RunPlan {
    let sandboxes = names
        .iter()
        .map(|name| PlannedSandbox::new(name.parse().unwrap(), [format!("file:{name}")]));
    RunPlan::new(
        operation(0),
        "2026-11-23T18:04:11Z".parse().unwrap(),
        "veepharm.veevavault.com".parse().unwrap(),
        Expiry::never(),
        sandboxes.collect(),
    )
}

fn operation(number: u8) -> OperationId {
    OperationId::from_bytes([number; 4])
}

fn begun(names: &[&str]) -> Run {
    let mut run = Run::new(plan(names));
    assert_eq!(run.next_step(), RunStep::Plan);
    assert_eq!(run.next_step(), RunStep::Plan, "until it is told");
    run.planned(true);
    run
}

/// The next step in a word.
fn word(run: &mut Run) -> String {
    match run.next_step() {
        RunStep::Plan => "plan".into(),
        RunStep::Reserve { turn } => format!("reserve{turn}"),
        RunStep::Persist { turn, fact } => match fact {
            RunFact::Begun(..) => format!("begun{turn}"),
            RunFact::Ended(_, _, end) => format!("{}{turn}", end.as_str()),
        },
        RunStep::Issue { turn, .. } => format!("issue{turn}"),
        RunStep::Wait => "wait".into(),
        RunStep::Close => "close".into(),
        RunStep::Done => "done".into(),
    }
}

/// Tells one event after another, and which step each led to.
fn told(run: &mut Run, events: &[(usize, TurnEvent)]) -> String {
    let steps = events.iter().map(|(turn, event)| {
        run.tell(*turn, *event).unwrap();
        word(run)
    });
    steps.collect::<Vec<_>>().join(" ")
}

fn results(run: &Run) -> Vec<TurnResult> {
    run.results().map(|(_, result)| result).collect()
}

const ISSUED: TurnEvent = TurnEvent::Ended(TurnEnd::Issued, Setback::None);
const REFUSED: TurnEvent = TurnEvent::Ended(TurnEnd::NotIssued, Setback::None);

#[test]
fn one_after_the_other_each_on_record_before_its_request_leaves() {
    let mut run = begun(&["A", "B"]);
    assert_eq!(run.plan(), &plan(&["A", "B"]));
    assert_eq!(word(&mut run), "reserve0");
    assert_eq!(word(&mut run), "wait");
    let steps = told(
        &mut run,
        &[
            (0, TurnEvent::Reserved(operation(1))),
            (0, TurnEvent::Done),
            (0, ISSUED),
            (0, TurnEvent::Done),
            (1, TurnEvent::Reserved(operation(2))),
            (1, TurnEvent::Done),
            (1, ISSUED),
            (1, TurnEvent::Done),
        ],
    );
    assert_eq!(
        steps,
        "begun0 issue0 issued0 reserve1 begun1 issue1 issued1 close"
    );
    run.closed();
    assert_eq!(word(&mut run), "done");
    assert_eq!(
        results(&run),
        [1, 2].map(|n| TurnResult::Ended(operation(n), TurnEnd::Issued, true))
    );
}

#[test]
fn facts_name_the_sandbox_and_the_operation() {
    let mut run = begun(&["A"]);
    assert_eq!(run.next_step(), RunStep::Reserve { turn: 0 });
    run.tell(0, TurnEvent::Reserved(operation(1))).unwrap();
    let name = || "A".parse().unwrap();
    let fact = RunFact::Begun(name(), operation(1));
    assert_eq!(run.next_step(), RunStep::Persist { turn: 0, fact });
    run.tell(0, TurnEvent::Done).unwrap();
    let issue = RunStep::Issue {
        turn: 0,
        operation: operation(1),
    };
    assert_eq!(run.next_step(), issue);
    run.tell(0, REFUSED).unwrap();
    let fact = RunFact::Ended(name(), operation(1), TurnEnd::NotIssued);
    assert_eq!(run.next_step(), RunStep::Persist { turn: 0, fact });
    assert_eq!(results(&run), [], "it is under way");
    run.tell(0, TurnEvent::Done).unwrap();
    assert_eq!(run.next_step(), RunStep::Done, "it may be asked for again");
}

#[test]
fn without_a_plan_on_disk_nothing_is_begun() {
    let mut run = Run::new(plan(&["A"]));
    run.planned(false);
    assert_eq!(run.next_step(), RunStep::Done);
    assert_eq!(results(&run), [TurnResult::NotBegun]);
    let mut run = Run::new(plan(&["A"]));
    run.stop();
    assert_eq!(run.next_step(), RunStep::Done);
}

#[test]
fn some_at_a_time_and_never_more() {
    for (most, begins) in [(0, 1), (1, 1), (2, 2), (3, 3), (9, 4)] {
        let mut run = begun(&["A", "B", "C", "D"]).at_a_time(most);
        for turn in 0..begins {
            assert_eq!(word(&mut run), format!("reserve{turn}"));
        }
        assert_eq!(word(&mut run), "wait", "{most}");
        assert_eq!(run.waiting(), 4 - begins);
        let not_begun = TurnEvent::NotBegun(Setback::None);
        let next = if begins < 4 {
            format!("reserve{begins}")
        } else {
            "wait".into()
        };
        assert_eq!(told(&mut run, &[(0, not_begun)]), next);
    }
}

#[test]
fn a_turn_that_cannot_be_written_down_asks_for_nothing_and_no_further_one_begins() {
    let mut run = begun(&["A", "B"]);
    assert_eq!(word(&mut run), "reserve0");
    let steps = told(
        &mut run,
        &[
            (0, TurnEvent::Reserved(operation(1))),
            (0, TurnEvent::Failed),
            (0, TurnEvent::Done),
        ],
    );
    assert_eq!(steps, "begun0 not_issued0 done");
    assert!(run.is_stopped());
    let not_issued = TurnResult::Ended(operation(1), TurnEnd::NotIssued, true);
    assert_eq!(results(&run), [not_issued, TurnResult::NotBegun]);
}

#[test]
fn an_end_that_cannot_be_written_down_is_told() {
    let mut run = begun(&["A"]);
    word(&mut run);
    let steps = told(
        &mut run,
        &[
            (0, TurnEvent::Reserved(operation(1))),
            (0, TurnEvent::Done),
            (0, ISSUED),
            (0, TurnEvent::Failed),
        ],
    );
    assert_eq!(steps, "begun0 issue0 issued0 close");
    let unwritten = TurnResult::Ended(operation(1), TurnEnd::Issued, false);
    assert_eq!(results(&run), [unwritten]);
}

#[test]
fn what_is_not_certain_does_not_keep_the_record_and_what_is_left_does() {
    for (end, last) in TurnEnd::ALL.map(|end| match end {
        TurnEnd::NotIssued => (end, "done"),
        _ => (end, "close"),
    }) {
        let mut run = begun(&["A"]);
        word(&mut run);
        let steps = told(
            &mut run,
            &[
                (0, TurnEvent::Reserved(operation(1))),
                (0, TurnEvent::Done),
                (0, TurnEvent::Ended(end, Setback::None)),
                (0, TurnEvent::Done),
            ],
        );
        assert_eq!(steps, format!("begun0 issue0 {}0 {last}", end.as_str()));
    }
}

#[test]
fn what_holds_for_all_ends_the_run_and_those_under_way_go_on() {
    for stop in [
        TurnEvent::NotBegun(Setback::EndsTheRun),
        TurnEvent::NotBegun(Setback::None),
    ] {
        let mut run = begun(&["A", "B", "C"]).at_a_time(2);
        word(&mut run);
        word(&mut run);
        run.tell(0, TurnEvent::Reserved(operation(1))).unwrap();
        assert_eq!(word(&mut run), "begun0");
        if stop == TurnEvent::NotBegun(Setback::None) {
            assert!(!run.is_stopped());
            run.stop();
        }
        let steps = told(
            &mut run,
            &[
                (1, stop),
                (0, TurnEvent::Done),
                (0, ISSUED),
                (0, TurnEvent::Done),
            ],
        );
        assert_eq!(steps, "wait issue0 issued0 done");
        assert_eq!(run.waiting(), 1);
    }
}

#[test]
fn a_vault_out_of_reach_many_times_in_a_row_ends_the_run() {
    let unreached = TurnEvent::Ended(TurnEnd::NotIssued, Setback::Unreachable);
    let turns_before_the_end = |most: usize, others: &[usize]| {
        let mut run = begun(&["A", "B", "C", "D", "E", "F"]).at_a_time(most);
        let mut ended = 0;
        while let RunStep::Reserve { turn } = run.next_step() {
            run.tell(turn, TurnEvent::Reserved(operation(1))).unwrap();
            run.next_step();
            run.tell(turn, TurnEvent::Done).unwrap();
            run.next_step();
            let event = if others.contains(&turn) {
                ISSUED
            } else {
                unreached
            };
            run.tell(turn, event).unwrap();
            run.next_step();
            run.tell(turn, TurnEvent::Done).unwrap();
            ended += 1;
        }
        ended
    };
    assert_eq!(turns_before_the_end(1, &[]), 2);
    assert_eq!(turns_before_the_end(3, &[]), 4);
    assert_eq!(turns_before_the_end(1, &[1, 3, 5]), 6, "not in a row");
    assert_eq!(turns_before_the_end(1, &[0, 2]), 5);
}

#[test]
fn an_event_that_does_not_fit_changes_nothing() {
    let mut run = begun(&["A", "B"]);
    for (turn, event) in [
        (0, TurnEvent::Reserved(operation(1))),
        (0, TurnEvent::Done),
        (7, TurnEvent::Done),
    ] {
        let odd = run.tell(turn, event).unwrap_err();
        assert!(odd.to_string().starts_with("the step "), "{odd}");
    }
    assert_eq!(word(&mut run), "reserve0");
    run.tell(0, ISSUED).unwrap_err();
    run.tell(0, TurnEvent::Failed).unwrap_err();
    assert_eq!(
        told(&mut run, &[(0, TurnEvent::Reserved(operation(1)))]),
        "begun0"
    );
}

#[test]
fn another_process_goes_on_with_what_is_certain() {
    let lines = [
        r#"{"fact":"begun","sandbox":"B","operation":"02020202"}"#,
        r#"{"fact":"ended","sandbox":"B","operation":"02020202","outcome":"issued"}"#,
        r#"{"fact":"begun","sandbox":"C","operation":"03030303"}"#,
        r#"{"fact":"ended","sandbox":"C","operation":"03030303","outcome":"unknown"}"#,
        r#"{"fact":"begun","sandbox":"D","operation":"04040404"}"#,
    ];
    let plan_line = serde_json::to_string(&plan(&["A", "B", "C", "D"]).line()).unwrap();
    let text = format!("{plan_line}\n{}\n", lines.join("\n"));
    let record = RunRecord::read(text.as_bytes()).unwrap();
    let mut asked = Vec::new();
    let mut run = Run::resume(record, |sandbox, operation| {
        asked.push(format!("{sandbox} {operation}"));
        match sandbox.as_str() {
            "C" => OwnRecord::Open,
            _ => OwnRecord::Blank,
        }
    });
    assert_eq!(asked, ["C 03030303", "D 04040404"]);
    let alone = TurnResult::LeftAlone(Some(operation(3)), TurnEnd::Unknown);
    assert_eq!(
        results(&run),
        [
            TurnResult::NotBegun,
            TurnResult::DoneBefore,
            alone,
            TurnResult::NotBegun
        ]
    );
    assert_eq!(run.waiting(), 2);
    assert_eq!(word(&mut run), "reserve0");
    let not_begun = TurnEvent::NotBegun(Setback::None);
    assert_eq!(
        told(&mut run, &[(0, not_begun), (3, not_begun)]),
        "reserve3 done"
    );
}

#[test]
fn a_record_with_something_that_is_not_understood_stays() {
    let plan_line = serde_json::to_string(&plan(&["A", "B"]).line()).unwrap();
    let issued = r#"{"fact":"ended","sandbox":"B","operation":"02020202","outcome":"issued"}"#;
    for (more, last) in [
        ("", "close"),
        ("{\"fact\":\"more\",\"sandbox\":\"A\"}\n", "done"),
    ] {
        let ended = issued.replace('B', "A");
        let text = format!("{plan_line}\n{issued}\n{ended}\n{more}");
        let record = RunRecord::read(text.as_bytes()).unwrap();
        let mut run = Run::resume(record, |_, _| OwnRecord::Gone);
        assert_eq!(word(&mut run), last);
        assert_eq!(run.keeps_record(), last == "done");
    }
}

#[test]
fn what_is_left_is_what_is_certain() {
    let ended = |end| TurnResult::Ended(operation(1), end, true);
    for (result, is_left) in [
        (TurnResult::NotBegun, true),
        (ended(TurnEnd::NotIssued), true),
        (ended(TurnEnd::Issued), false),
        (ended(TurnEnd::Unknown), false),
        (TurnResult::DoneBefore, false),
        (TurnResult::LeftAlone(None, TurnEnd::Unknown), false),
    ] {
        assert_eq!(result.is_left(), is_left, "{result:?}");
    }
}

#[test]
fn what_one_is_told_and_what_it_means_for_the_others() {
    let vault = |code: &str| Error::Vault {
        operation: "x",
        status: http::StatusCode::OK,
        outcome: Failure::Failure,
        errors: vec![VaultMessage::new("", "first"), VaultMessage::new(code, "")],
        facts: Box::default(),
    };
    let transport = |kind| Error::Transport {
        operation: "x",
        source: TransportError::without_cause(kind),
    };
    for (error, setback) in [
        (vault("USERNAME_OR_PASSWORD_INCORRECT"), Setback::EndsTheRun),
        (vault("INVALID_SESSION_ID"), Setback::EndsTheRun),
        (vault("API_LIMIT_EXCEEDED"), Setback::EndsTheRun),
        (vault("CONFIGURATION_MODE_ENABLED"), Setback::EndsTheRun),
        (vault("INSUFFICIENT_ACCESS"), Setback::None),
        (vault("OPERATION_NOT_ALLOWED"), Setback::None),
        (transport(TransportErrorKind::Connect), Setback::Unreachable),
        (transport(TransportErrorKind::Timeout), Setback::None),
    ] {
        assert_eq!(Setback::of(&error), setback, "{error}");
        let ends = ends_the_run(error.vault_errors());
        assert_eq!(ends, setback == Setback::EndsTheRun);
    }
}
