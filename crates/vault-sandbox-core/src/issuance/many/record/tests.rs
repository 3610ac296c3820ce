use super::*;
use crate::endpoints::Encoding;
use crate::issuance::intent::VerifyRule;
use crate::issuance::many::PlannedSandbox;
use crate::types::{Expiry, VaultId};

fn plan() -> RunPlan {
    let sandboxes = ["Größe", "サンド"];
    let sandboxes =
        sandboxes.map(|name| PlannedSandbox::new(name.parse().unwrap(), ["file:/t".to_owned()]));
    RunPlan::new(
        "00000000".parse().unwrap(),
        "2026-11-23T18:04:11Z".parse().unwrap(),
        "veepharm.veevavault.com".parse().unwrap(),
        Expiry::never(),
        sandboxes.to_vec(),
    )
}

fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap() + "\n"
}

fn read(lines: &str) -> Result<RunRecord, RunError> {
    RunRecord::read(format!("{}{lines}", line(&plan().line())).as_bytes())
}

fn operation(text: &str) -> OperationId {
    text.parse().unwrap()
}

fn first() -> SandboxName {
    "Größe".parse().unwrap()
}

/// For ever: other versions read it.
#[test]
fn lines_are_written_as_they_always_were() {
    assert_eq!(
        line(&plan().line()),
        r#"{"schema":"vault-sandbox/many/1","operation":"00000000","started":"2026-11-23T18:04:11Z","vault":"veepharm.veevavault.com","vault_id":null,"api_version":"v26.2","name":null,"expiry":"never","json":false,"verify":"auto","sandboxes":[{"name":"Größe","destinations":["file:/t"]},{"name":"サンド","destinations":["file:/t"]}]}
"#
    );
    let begun = RunFact::Begun(first(), operation("3f9a1c22"));
    assert_eq!(
        line(&begun.line()),
        "{\"fact\":\"begun\",\"sandbox\":\"Größe\",\"operation\":\"3f9a1c22\"}\n"
    );
    for (end, word) in [
        (TurnEnd::Issued, "issued"),
        (TurnEnd::NotIssued, "not_issued"),
        (TurnEnd::Undelivered, "undelivered"),
        (TurnEnd::Mismatch, "mismatch"),
        (TurnEnd::OldRemains, "partial"),
        (TurnEnd::ValueLost, "value_lost"),
        (TurnEnd::Unknown, "unknown"),
    ] {
        let ended = RunFact::Ended(first(), operation("3f9a1c22"), end);
        let line = line(&ended.line());
        let expected = format!(
            "{{\"fact\":\"ended\",\"sandbox\":\"Größe\",\"operation\":\"3f9a1c22\",\"outcome\":\"{word}\"}}\n"
        );
        assert_eq!(line, expected);
        let progress = read(&line).unwrap().progress(&first());
        assert_eq!(progress, Progress::Ended(operation("3f9a1c22"), end));
    }
}

#[test]
fn a_plan_reads_back_with_every_option() {
    let plan = plan()
        .vault_id(Some(VaultId::new(7)))
        .api_version("v27.1".parse().unwrap())
        .name(Some("ci {operation}".parse().unwrap()))
        .encoding(Encoding::Json)
        .verify(VerifyRule::Always);
    for expiry in ["2027-02-21T18:00:00Z", "2027-02-21"] {
        let mut plan = plan.clone();
        plan.expiry = Expiry::from_wire(Some(expiry)).unwrap();
        let read = RunRecord::read(line(&plan.line()).as_bytes()).unwrap();
        assert_eq!(read.plan, plan);
    }
}

#[test]
fn the_last_fact_of_a_sandbox_counts() {
    let record = read(concat!(
        "{\"fact\":\"begun\",\"sandbox\":\"Größe\",\"operation\":\"00000001\"}\n",
        "{\"fact\":\"ended\",\"sandbox\":\"Größe\",\"operation\":\"00000001\",\"outcome\":\"not_issued\"}\n",
        "{\"fact\":\"begun\",\"sandbox\":\"Größe\",\"operation\":\"00000002\"}\n",
    ))
    .unwrap();
    let begun = Progress::Begun(operation("00000002"));
    assert_eq!(record.progress(&first()), begun);
    let other = "サンド".parse().unwrap();
    assert_eq!(record.progress(&other), Progress::NotBegun);
}

#[test]
fn a_sandbox_of_which_something_is_said_that_is_not_understood_is_left_alone_for_good() {
    let known = "{\"fact\":\"ended\",\"sandbox\":\"Größe\",\"operation\":\"00000001\",\"outcome\":\"not_issued\"}\n";
    for unknown in [
        r#"{"fact":"refreshed","sandbox":"Größe","operation":"00000001"}"#,
        r#"{"fact":"begun","sandbox":"Größe","operation":"one"}"#,
        r#"{"fact":"ended","sandbox":"Größe","operation":"00000001"}"#,
        r#"{"sandbox":"Größe"}"#,
    ] {
        for lines in [format!("{known}{unknown}\n"), format!("{unknown}\n{known}")] {
            let record = read(&lines).unwrap();
            assert_eq!(
                record.progress(&first()),
                Progress::NotUnderstood,
                "{lines}"
            );
            let other = "サンド".parse().unwrap();
            assert_eq!(record.progress(&other), Progress::NotBegun);
        }
    }
    // A word for an end that is not known is no "not issued".
    let record = read(
        "{\"fact\":\"ended\",\"sandbox\":\"Größe\",\"operation\":\"00000001\",\"outcome\":\"somehow\"}\n",
    );
    let unknown = Progress::Ended(operation("00000001"), TurnEnd::Unknown);
    assert_eq!(record.unwrap().progress(&first()), unknown);
}

#[test]
fn what_a_newer_version_wrote_is_ignored_passed_over_or_left_alone() {
    let known =
        "{\"fact\":\"begun\",\"sandbox\":\"Größe\",\"operation\":\"00000001\",\"host\":\"a\"}\n";
    let optional = "{\"fact\":\"paused\",\"sandbox\":\"Größe\",\"optional\":true}\n";
    let record = read(&format!("{known}{optional}")).unwrap();
    assert_eq!(
        record.progress(&first()),
        Progress::Begun(operation("00000001"))
    );
    for unknown in [
        "{\"fact\":\"paused\"}\n",
        "[]\n",
        "{\"fact\":\"paused\",\"optional\":false}\n",
    ] {
        assert_eq!(read(unknown), Err(RunError::Newer), "{unknown}");
    }
    let line = line(&plan().line());
    let with = |from: &str, to: &str| RunRecord::read(line.replacen(from, to, 1).as_bytes());
    assert_eq!(with("{", "{\"more\":1,").unwrap().plan, plan());
    assert_eq!(with("many/1", "many/2"), Err(RunError::Newer));
    assert_eq!(with("\"auto\"", "\"sometimes\""), Err(RunError::Newer));
    assert_eq!(with("\"json\":false,", ""), Err(RunError::Newer));
    assert_eq!(with("Größe", ".."), Err(RunError::Newer));
    assert_eq!(with("\"schema\"", "\"scheme\""), Err(RunError::Damaged));
    assert_eq!(with("{", ""), Err(RunError::Damaged));
}

#[test]
fn a_record_that_was_cut_off_says_less_but_never_anything_wrong() {
    let facts = [
        RunFact::Begun(first(), operation("00000001")),
        RunFact::Ended(first(), operation("00000001"), TurnEnd::NotIssued),
        RunFact::Begun(first(), operation("00000002")),
    ];
    let mut whole = line(&plan().line()).into_bytes();
    let mut ends = vec![(whole.len(), Progress::NotBegun)];
    for fact in facts {
        whole.extend(line(&fact.line()).into_bytes());
        ends.push((whole.len(), fact.progress().1));
    }
    for cut in 0..=whole.len() {
        let read = RunRecord::read(&whole[..cut]);
        if cut < ends[0].0 {
            assert_eq!(read, Err(RunError::NothingBegun), "{cut}");
            continue;
        }
        // A line but for its end is a line too.
        let said = ends.iter().rev().find(|(end, _)| *end <= cut + 1);
        assert_eq!(read.unwrap().progress(&first()), said.unwrap().1, "{cut}");
    }
}

#[test]
fn ends_of_turns_are_those_of_their_issuances() {
    use crate::issuance::NotIssued;
    for (outcome, end) in [
        (Outcome::Issued, TurnEnd::Issued),
        (Outcome::NotIssued(NotIssued::Stopped), TurnEnd::NotIssued),
        (Outcome::Undelivered, TurnEnd::Undelivered),
        (Outcome::Mismatch, TurnEnd::Mismatch),
        (Outcome::OldRemains, TurnEnd::OldRemains),
        (Outcome::ValueLost(None), TurnEnd::ValueLost),
        (Outcome::Unknown, TurnEnd::Unknown),
    ] {
        assert_eq!(TurnEnd::of(&outcome), end);
    }
}
