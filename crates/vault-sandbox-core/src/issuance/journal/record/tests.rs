use super::*;
use crate::types::{OperationId, VaultId};
use proptest::prelude::*;

fn intent() -> Intent {
    let intent = Intent::new(
        OperationId::from_bytes([1, 2, 3, 4]),
        "2026-11-23T18:04:11.5Z".parse().unwrap(),
        "http://127.0.0.1:4000".parse().unwrap(),
        "Q&A \"50%\" / Ünïcode #1".parse().unwrap(),
        "ci".parse().unwrap(),
        Expiry::end_of_day("2027-02-21".parse().unwrap()).unwrap(),
    );
    intent
        .vault_id(Some(VaultId::new(1_000_660)))
        .sandbox_dns(Some("http://127.0.0.1:4001".parse().unwrap()))
        .sandbox_vault_id(Some(VaultId::new(1_000_661)))
        .encoding(Encoding::Json)
        .destinations(["file:a\nb", "-"])
        .verify(VerifyRule::Always)
        .order(Order::VerifyFirst)
        .replaces(Some(TokenId::parse("0PI0").unwrap()))
}

fn token(value: &str) -> IssuedToken {
    IssuedToken::new(
        TokenId::from_wire("0PI1".into()),
        AccessToken::from_wire(value.into()).unwrap(),
    )
}

fn deliveries() -> Vec<Delivery> {
    vec![
        Delivery::new("file:a\nb", DeliveryState::Committed),
        Delivery::new("-", DeliveryState::Started),
    ]
}

fn journal() -> Vec<u8> {
    let entries = [
        Entry::Intent(intent()),
        Entry::Token(token("veeva-vault-CANARY \"\n\u{0}é")),
        Entry::Deliveries(deliveries()),
    ];
    entries
        .iter()
        .flat_map(|entry| entry.to_line().as_bytes().to_vec())
        .collect()
}

#[test]
fn reads_what_was_written() {
    let bytes = journal();
    let record = Record::read(&bytes).unwrap();
    assert_eq!(record.intent, intent());
    let kept = record.token.as_ref().unwrap();
    assert_eq!(
        kept.value().expose().as_bytes(),
        "veeva-vault-CANARY \"\n\u{0}é".as_bytes()
    );
    assert_eq!(record.deliveries, deliveries());
    assert_eq!(record.intact, bytes.len());
    assert!(
        !format!("{record:?} {:?}", Entry::Token(token("veeva-vault-CANARY"))).contains("CANARY")
    );
}

#[test]
fn cut_at_every_byte_it_says_less_but_never_anything_wrong() {
    let bytes = journal();
    let whole = Record::read(&bytes).unwrap();
    for cut in 0..bytes.len() {
        // Reserved space follows what was written.
        let mut torn = bytes[..cut].to_vec();
        torn.resize(bytes.len() + 64, b'\n');
        match Record::read(&torn) {
            Err(error) => assert_eq!(error == JournalError::Empty, cut == 0, "cut at {cut}"),
            Ok(record) => {
                assert_eq!(record.intent, whole.intent);
                // Reserved space may stand in for the line feed itself.
                assert!(record.intact <= cut + 1);
                if let Some(token) = record.token {
                    assert_eq!(
                        token.value().expose(),
                        whole.token.as_ref().unwrap().value().expose()
                    );
                }
            }
        }
    }
}

#[test]
fn one_wrong_bit_in_a_line_unsays_it() {
    let bytes = journal();
    let second = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
    for at in second..bytes.len() {
        let mut broken = bytes.clone();
        broken[at] ^= 1;
        let record = Record::read(&broken).unwrap();
        if let Some(token) = record.token {
            assert_eq!(
                token.value().expose().as_bytes(),
                "veeva-vault-CANARY \"\n\u{0}é".as_bytes()
            );
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Record::read(&bytes);
    }
}

/// A line as somebody else may write it.
fn line(json: &str) -> Vec<u8> {
    let value: Value = serde_json::from_str(json).unwrap();
    lines::to_line(&value).as_bytes().to_vec()
}

fn common() -> Intent {
    intent().replaces(None)
}

fn own() -> Intent {
    let mut own = intent().replaces(None);
    own.name = "ci 01020304".parse().unwrap();
    own
}

fn first(intent: Intent) -> Vec<u8> {
    Entry::Intent(intent).to_line().as_bytes().to_vec()
}

/// For ever: other versions read it.
#[test]
fn lines_are_written_as_they_always_were() {
    let text = |entry: Entry| {
        let line = entry.to_line();
        let text = std::str::from_utf8(line.as_bytes()).unwrap().to_owned();
        text[17..].to_owned()
    };
    let mut plain = Intent::new(
        OperationId::from_bytes([1, 2, 3, 4]),
        "2026-11-23T18:04:11.5Z".parse().unwrap(),
        "veepharm.veevavault.com".parse().unwrap(),
        "VeePharm Sandbox".parse().unwrap(),
        "ci".parse().unwrap(),
        Expiry::never(),
    );
    plain.destinations = vec!["-".into()];
    assert_eq!(
        text(Entry::Intent(plain)),
        r#"{"entry":"intent","schema":"vault-sandbox/record/1","operation":"01020304","started":"2026-11-23T18:04:11.500+00:00","vault":"veepharm.veevavault.com","vault_id":null,"api_version":"v26.2","sandbox":"VeePharm Sandbox","sandbox_dns":null,"name":"ci","expiry":null,"json":false,"destinations":["-"],"verify":"auto","verify_first":false}
"#
    );
    assert_eq!(
        text(Entry::Token(token("veeva-vault-0c0ffee0example"))),
        "{\"entry\":\"token\",\"id\":\"0PI1\",\"value\":\"veeva-vault-0c0ffee0example\"}\n"
    );
    let states = [
        (DeliveryState::Planned, "planned"),
        (DeliveryState::Started, "started"),
        (DeliveryState::Committed, "committed"),
        (DeliveryState::Failed, "failed"),
        (DeliveryState::Uncertain, "uncertain"),
    ];
    for (state, word) in states {
        assert_eq!(
            text(Entry::Deliveries(vec![Delivery::new("-", state)])),
            format!(
                "{{\"entry\":\"deliveries\",\"all\":[{{\"destination\":\"-\",\"state\":\"{word}\"}}]}}\n"
            )
        );
    }
    let lost = Entry::Lost(Some(TokenId::parse("0PI1").unwrap()));
    assert_eq!(
        text(lost),
        "{\"entry\":\"lost\",\"ids\":[\"0PI1\"],\"certain\":true}\n"
    );
}

#[test]
fn a_name_is_read_back_as_it_was_sent() {
    let mut sent = intent();
    sent.name = "ci {operation}".parse().unwrap();
    let record = Record::read(&first(sent.clone())).unwrap();
    assert_eq!(record.intent, sent);
    assert!(!record.intent.has_own_name());
}

#[test]
fn what_is_lost_is_certain_only_if_it_says_so_or_by_a_name_of_its_own() {
    let read = |intent: Intent, lost: &[u8]| {
        Record::read(&[first(intent), lost.to_vec()].concat()).unwrap()
    };
    let ids = |record: &Record| {
        let candidates = record.candidates.iter();
        candidates.map(|c| c.id.to_string()).collect::<Vec<_>>()
    };
    let old = line(r#"{"entry":"lost","ids":["A"]}"#);
    let several = line(r#"{"entry":"lost","ids":["A","B"]}"#);
    let id = TokenId::parse("A").unwrap();
    let new = Entry::Lost(Some(id.clone())).to_line();
    let new = new.as_bytes();
    let record = read(common(), new);
    assert_eq!((&record.lost, ids(&record)), (&Some(id.clone()), vec![]));
    // Written by an earlier version, which went by the name alone.
    let record = read(common(), &old);
    assert_eq!((&record.lost, ids(&record)), (&None, vec!["A".into()]));
    let record = read(own(), &old);
    assert_eq!((&record.lost, ids(&record)), (&Some(id.clone()), vec![]));
    for intent in [common(), own()] {
        let record = read(intent, &several);
        let both = vec!["A".to_owned(), "B".to_owned()];
        assert_eq!((&record.lost, ids(&record)), (&None, both));
    }
    // The token that was to be replaced never is.
    let replacing = common().replaces(Some(id));
    for lost in [old.as_slice(), new] {
        let record = read(replacing.clone(), lost);
        assert_eq!((&record.lost, ids(&record)), (&None, vec![]));
    }
    let record = read(replacing, &several);
    assert_eq!(ids(&record), ["B"]);
    let record = read(common(), Entry::Lost(None).to_line().as_bytes());
    assert_eq!((&record.lost, ids(&record)), (&None, vec![]));
}

fn newer_of(journal: &[u8]) -> NewerRecord {
    match Record::read(journal) {
        Err(JournalError::Newer(shown)) => *shown,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_line_that_is_not_known_leaves_the_record_alone_wherever_it_stands() {
    let token = Entry::Token(token("veeva-vault-0c0ffee0example")).to_line();
    let token = token.as_bytes();
    for unknown in [
        r#"{"entry":"note","text":"x"}"#,
        r#"{"entry":"deliveries","all":[{"destination":"-","state":"mailed"}]}"#,
        r#"{"entry":"token","id":7}"#,
        r#"{"optional":false}"#,
        "[]",
    ] {
        let unknown = line(unknown);
        for journal in [
            [first(common()), unknown.clone()].concat(),
            [first(common()), unknown.clone(), token.to_vec()].concat(),
            [first(common()), token.to_vec(), unknown.clone()].concat(),
        ] {
            let shown = newer_of(&journal);
            assert_eq!(shown.schema.as_deref(), Some("vault-sandbox/record/1"));
            assert_eq!(shown.sandbox.as_deref(), Some(intent().sandbox.as_str()));
            assert_eq!(shown.vault.as_deref(), Some("http://127.0.0.1:4000"));
            assert_eq!(shown.name.as_deref(), Some("ci"));
            assert!(shown.started.is_some());
            assert!(!format!("{shown:?}").contains("0c0ffee0"));
        }
    }
}

#[test]
fn a_first_line_that_is_not_known_leaves_the_record_alone() {
    let known = String::from_utf8(first(common())).unwrap();
    for (from, to) in [
        ("record/1", "record/2"),
        ("\"entry\":\"intent\"", "\"entry\":\"refresh\""),
        ("\"always\"", "\"sometimes\""),
        ("\"json\":true,", ""),
        ("01020304", "1"),
        ("http://127", "ftp://127"),
    ] {
        let json = known[17..].replacen(from, to, 1);
        assert_ne!(json, known[17..]);
        let shown = newer_of(&line(&json));
        assert_eq!(shown.sandbox.as_deref(), Some(intent().sandbox.as_str()));
        let schema = shown.schema.unwrap();
        assert_eq!(schema == "vault-sandbox/record/2", to == "record/2");
    }
    let bare = newer_of(&line(r#"{"entry":"refresh"}"#));
    assert_eq!(bare, NewerRecord::default());
    // What is no record at all is nobody's newer one.
    for damaged in [
        b"odd\n".to_vec(),
        Entry::Lost(None).to_line().as_bytes().to_vec(),
        line(r#"{"optional":true}"#),
    ] {
        assert_eq!(Record::read(&damaged).unwrap_err(), JournalError::Damaged);
    }
    assert_eq!(Record::read(b"\n\n").unwrap_err(), JournalError::Empty);
    assert_eq!(Record::read(b"").unwrap_err(), JournalError::Empty);
}

#[test]
fn further_members_and_optional_lines_are_passed_over() {
    let with_more = |entry: &Entry| {
        let line = entry.to_line();
        let text = std::str::from_utf8(line.as_bytes()).unwrap();
        self::line(&text[17..].replacen('{', "{\"more\":[1],", 1))
    };
    let entries = [
        Entry::Intent(common()),
        Entry::Token(token("veeva-vault-0c0ffee0example")),
        Entry::Deliveries(deliveries()),
        Entry::Lost(None),
    ];
    let mut journal = Vec::new();
    for entry in &entries {
        journal.extend(with_more(entry));
        journal.extend(line(r#"{"entry":"note","optional":true}"#));
    }
    let record = Record::read(&journal).unwrap();
    assert_eq!(record.intent, common());
    assert!(record.token.is_some());
    assert_eq!(record.deliveries, deliveries());
    assert_eq!(record.intact, journal.len(), "they stay where they are");
}

#[test]
fn a_value_behind_a_line_that_is_not_intact_is_left_to_a_person() {
    let token = Entry::Token(token("veeva-vault-0c0ffee0example")).to_line();
    let mark = Entry::Deliveries(deliveries()).to_line();
    for (behind, is_damaged) in [
        (token.as_bytes().to_vec(), true),
        (line(r#"{"entry":"note"}"#), true),
        (mark.as_bytes().to_vec(), false),
        (line(r#"{"entry":"note","optional":true}"#), false),
        (b"torn again\n".to_vec(), false),
    ] {
        let journal = [first(common()), b"torn\n".to_vec(), behind].concat();
        match Record::read(&journal) {
            Err(error) => assert_eq!((error, is_damaged), (JournalError::Damaged, true)),
            Ok(record) => {
                assert!(!is_damaged);
                assert_eq!(record.intact, first(common()).len());
            }
        }
    }
}
