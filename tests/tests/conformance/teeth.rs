//! The suite has teeth: each mistake is caught by the case for it and by no other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use vault_sandbox_core::testkit::{Conformance, Report};
use vault_sandbox_tests::{block_on, sources_of_core, workspace};

use crate::plain::{Mistake, Plain};

const BODY: usize = 64 * 1024;
const AT_ONCE: usize = 12;

/// A mistake, and the one case that fails.
const CAUGHT: &[(Mistake, &str)] = &[
    (Mistake::PostsEverything, "send_the_method_as_it_is"),
    (Mistake::DecodesThePath, "send_the_path_as_it_is"),
    (Mistake::ResolvesDots, "send_dot_segments_as_they_are"),
    (Mistake::AddsReferer, "send_the_headers_as_they_are"),
    (
        Mistake::InsertsRequestHeaders,
        "send_the_headers_as_they_are",
    ),
    (Mistake::EndsBodyAtNul, "send_the_body_as_it_is"),
    (
        Mistake::RepeatsAfterClose,
        "send_once_when_the_connection_closes",
    ),
    (
        Mistake::ClosedIsConnect,
        "say_that_a_closed_connection_was_interrupted",
    ),
    (
        Mistake::RepeatsOnKeptConnection,
        "send_once_when_a_kept_connection_closes",
    ),
    (Mistake::RepeatsOn503, "send_once_whatever_the_status"),
    (Mistake::FollowsRedirects, "follow_no_redirect"),
    (Mistake::RedirectsAreErrors, "follow_no_redirect"),
    (Mistake::KeepsCookies, "keep_no_cookies"),
    (Mistake::StatusesAreErrors, "return_every_status_as_ok"),
    (Mistake::WaitsForBodyOf204, "return_every_answer_whole"),
    (
        Mistake::KeepsWhatIsLeftOver,
        "return_to_each_request_its_own_answer",
    ),
    (Mistake::Decompresses, "decode_nothing"),
    (
        Mistake::WaitsForeverForFirstByte,
        "bound_the_time_of_silence",
    ),
    (Mistake::TimeoutIsOther, "say_that_time_was_up"),
    (Mistake::TimeoutPerReadOfBody, "bound_the_time_of_a_dribble"),
    (Mistake::DropsLateAnswer, "hand_over_a_late_answer"),
    (Mistake::TimeoutPerReadOfHead, "bound_the_time_of_the_head"),
    (Mistake::WritesForever, "bound_the_time_of_sending"),
    (Mistake::ShortTimeToFirstByte, "wait_for_a_slow_answer"),
    (Mistake::ReadsEverything, "bound_the_body"),
    (Mistake::CutsAtLimit, "say_that_the_answer_was_too_long"),
    (Mistake::DropsTooLongAnswer, "hand_over_a_too_long_answer"),
    (Mistake::LimitIsOneLess, "take_a_body_of_just_the_limit"),
    (Mistake::HeadWithoutLimit, "bound_the_head"),
    (Mistake::InsertsHeaders, "keep_repeated_headers"),
    (
        Mistake::DropsHeadersThatAreNotAscii,
        "keep_headers_that_are_not_ascii",
    ),
    (
        Mistake::RefusedIsOther,
        "say_that_a_refused_connection_was_not_sent",
    ),
    (
        Mistake::UnsendableIsOther,
        "say_that_the_unsendable_was_not_sent",
    ),
    (
        Mistake::ShortBodyIsAnswer,
        "say_that_a_cut_answer_was_interrupted",
    ),
    (Mistake::LosesCutChunk, "hand_over_a_cut_chunk"),
    (Mistake::DropsCutAnswer, "hand_over_a_cut_answer"),
    (
        Mistake::CutHeadIsOther,
        "say_that_a_cut_head_was_interrupted",
    ),
    (
        Mistake::NotHttpIsUnsendable,
        "say_that_what_is_not_http_is_no_answer",
    ),
    (Mistake::GoesOnWhenDropped, "end_when_dropped"),
    (Mistake::QuotesTheAnswer, "keep_secrets_out_of_errors"),
    (Mistake::DebugQuotesTheRequest, "keep_secrets_out_of_errors"),
];

fn limits(mistake: Mistake) -> Duration {
    match mistake {
        // Its mistake is a tenth of this, which has to be enough for all other cases.
        Mistake::ShortTimeToFirstByte => Duration::from_secs(3),
        _ => Duration::from_millis(900),
    }
}

fn suite(mistake: Mistake) -> Conformance {
    Conformance::new(limits(mistake), BODY).grace(Duration::from_secs(2))
}

fn failed(report: &Report) -> BTreeSet<&'static str> {
    report.failures().map(|finding| finding.case()).collect()
}

#[test]
fn without_a_mistake_it_passes() {
    let plain = Plain::new(Mistake::None, limits(Mistake::None), BODY);
    let suite = suite(Mistake::None);
    block_on(suite.run(&plain)).assert_passed();
    suite.run_blocking(&plain).assert_passed();
}

#[test]
fn each_mistake_is_caught_by_its_case_and_by_no_other() {
    let mut rows = CAUGHT.to_vec();
    // The one that takes longest, first.
    rows.sort_by_key(|(mistake, _)| Reverse(limits(*mistake)));
    let open = Mutex::new(rows.iter());
    let wrong = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((mistake, case)) = open.lock().unwrap().next() else {
                        return;
                    };
                    let plain = Plain::new(*mistake, limits(*mistake), BODY);
                    let report = block_on(suite(*mistake).run(&plain));
                    if failed(&report) != BTreeSet::from([*case]) {
                        let said = format!("{report}");
                        wrong.lock().unwrap().insert(format!("{mistake:?}"), said);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    let said = wrong
        .iter()
        .map(|(mistake, report)| format!("=== {mistake}: {report}\n"));
    assert!(wrong.is_empty(), "{}", said.collect::<String>());
}

#[test]
fn there_is_a_mistake_for_every_case() {
    let plain = Plain::new(Mistake::None, limits(Mistake::None), BODY);
    let report = block_on(suite(Mistake::None).run(&plain));
    let all: BTreeSet<&str> = report.findings().iter().map(|f| f.case()).collect();
    let caught: BTreeSet<&str> = CAUGHT.iter().map(|(_, case)| *case).collect();
    assert_eq!(all, caught);
    assert_eq!(all.len(), report.findings().len(), "a name is used once");
}

/// The suite speaks of the contract in the words that stand on the trait.
#[test]
fn each_case_quotes_the_contract() {
    let sources = sources_of_core();
    let (_, text) = sources
        .iter()
        .find(|(path, _)| path == "transport.rs")
        .unwrap();
    let comment = text
        .lines()
        .map(|line| line.trim_start_matches("///").trim());
    let contract = comment.collect::<Vec<_>>().join(" ");
    let plain = Plain::new(Mistake::None, limits(Mistake::None), BODY);
    let report = suite(Mistake::None).only("send_").run_blocking(&plain);
    let all = block_on(suite(Mistake::None).run(&plain));
    assert!(report.findings().len() < all.findings().len());
    let none = suite(Mistake::None).only("no such case");
    assert!(
        !none.run_blocking(&plain).passed(),
        "nothing tried, nothing proved"
    );
    for finding in all.findings() {
        let (sentence, case) = (finding.sentence(), finding.case());
        assert!(contract.contains(sentence), "{case}: {sentence}");
    }
}

/// One table, in the documentation of the suite and in the document on transports.
#[test]
fn the_documents_have_every_case() {
    let read = |path: &str| std::fs::read_to_string(workspace().join(path)).unwrap();
    let table = read("crates/vault-sandbox-core/src/testkit/conformance/cases.md");
    assert!(read("docs/transports.md").contains(&table));
    let rows = table.lines().skip(2);
    let named: Vec<_> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
    let plain = Plain::new(Mistake::None, limits(Mistake::None), BODY);
    let report = block_on(suite(Mistake::None).run(&plain));
    let cases: Vec<_> = report.findings().iter().map(|f| f.case()).collect();
    assert_eq!(named, cases);
}
