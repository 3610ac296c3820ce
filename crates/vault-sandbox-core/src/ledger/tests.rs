use super::*;
use crate::endpoints::IssuedToken;
use crate::issuance::{Entry, Issuance, Record};
use crate::types::AccessToken;
use proptest::prelude::*;

/// Written by the program at 34f2561 for a simulated Vault.
const WRITTEN: &str = include_str!("../../../../tests/fixtures/state/34f2561/ledger.jsonl");

/// What the program at 34f2561 wrote of an operation that one of two destinations failed for. The
/// value is a simulated one.
const JOURNAL: &str = r#"257d7579c8555a2e {"entry":"intent","schema":"vault-sandbox/record/1","operation":"2a9b2a18","started":"2026-11-28T09:08:30.391003861+00:00","vault":"http://127.0.0.1:4180","vault_id":"1000660","api_version":"v26.2","sandbox":"VeePharm Sandbox","sandbox_dns":"http://127.0.0.1:32815","name":"vault-sandbox jane@vm 2026-11-28 #2a9b2a18","expiry":"2027-02-26T09:08:30Z","json":false,"destinations":["file:/home/jane/project/token","exec:/bin/true"],"verify":"auto","verify_first":false}
f577c3446b265720 {"entry":"token","id":"V8T000000009001","value":"veeva-vault-SIMULATED3EE5789041C98AC3F3B8488C368CB0A6"}
30788b99e98a0fd6 {"entry":"deliveries","all":[{"destination":"file:/home/jane/project/token","state":"committed"},{"destination":"exec:/bin/true","state":"failed"}]}
"#;

fn vault() -> VaultDns {
    "veepharm.veevavault.com".parse().unwrap()
}

fn sandbox(name: &str) -> SandboxName {
    name.parse().unwrap()
}

fn issued(sandbox: &str, id: &str, destination: &str) -> String {
    format!(
        r#"{{"schema":"vault-sandbox/ledger/1","at":"2026-11-23T18:04:11Z","vault":"veepharm.veevavault.com","sandbox":{sandbox:?},"id":{id:?},"fact":"issued","operation":"3f9a1c22","vault_id":null,"sandbox_dns":null,"name":"ci","expiry":"never","destinations":[{destination:?}]}}"#
    )
}

fn revoked(sandbox: &str, id: &str) -> String {
    format!(
        r#"{{"schema":"vault-sandbox/ledger/1","at":"2026-11-23T18:04:11Z","vault":"veepharm.veevavault.com","sandbox":{sandbox:?},"id":{id:?},"fact":"revoked"}}"#
    )
}

fn read(lines: &[String]) -> Contents {
    Contents::read(lines.join("\n").as_bytes(), &vault())
}

/// The tokens of a sandbox, those that are gone in brackets.
fn of(contents: &Contents, name: &str) -> Vec<String> {
    let name = sandbox(name);
    let tokens = contents.of(&name);
    let shown = tokens.map(|token| match token.is_gone {
        true => format!("({})", token.id),
        false => token.id.to_string(),
    });
    shown.collect()
}

/// What would be replaced in sandbox A by a token that goes to `file:/t`.
fn replaced(contents: &Contents) -> String {
    match contents.to_replace(&sandbox("A"), |text| text == "file:/t") {
        ToReplace::Token(token) => token.id.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_an_earlier_version_wrote_is_read() {
    let local = "http://127.0.0.1:4180".parse().unwrap();
    let contents = Contents::read(WRITTEN.as_bytes(), &local);
    assert_eq!(
        of(&contents, "VeePharm Sandbox"),
        [
            "V8T000000009008",
            "V8T000000009004",
            "V8T000000009003",
            "V8T000000009002",
            "(V8T000000009001)"
        ]
    );
    assert_eq!(
        of(&contents, "Q&A 50% / Ünïcode #1"),
        ["V8T000000009007", "V8T000000009006", "(V8T000000009005)"]
    );
    assert_eq!(
        of(&contents, "My Configuration Sandbox"),
        ["(V8T000000009009)"]
    );
    assert_eq!(contents.tokens().len(), 9);
    let ids = contents.tokens().iter().map(|token| token.id.as_str());
    assert!(ids.is_sorted_by(|newer, older| newer > older));
    let second = &contents.tokens()[7];
    assert_eq!(
        second.destinations,
        [
            "env-file:/home/jane/project/.env#VAULT_TOKEN",
            "exec:/usr/bin/tee copy"
        ]
    );
    assert_eq!(
        second.sandbox_dns,
        Some("http://127.0.0.1:43515".parse().unwrap())
    );
    assert_eq!(second.expiry, None, "a date");
    let first = &contents.tokens()[8];
    assert_eq!(first.expiry, Some("2027-02-26T09:06:40Z".parse().unwrap()));

    let veepharm = sandbox("VeePharm Sandbox");
    assert!(
        contents.has(&veepharm, "fbf6b467".parse().unwrap()),
        "although it is gone"
    );
    assert!(
        !contents.has(&veepharm, "1f588618".parse().unwrap()),
        "another sandbox's"
    );
    assert!(!contents.has(&veepharm, "00000000".parse().unwrap()));
    let there = |text: &str| text == "file:/home/jane/project/token";
    assert!(matches!(
        contents.to_replace(&veepharm, there),
        ToReplace::Token(token) if token.id.as_str() == "V8T000000009003"
    ));

    let https = "127.0.0.1:4180".parse().unwrap();
    assert_eq!(
        Contents::read(WRITTEN.as_bytes(), &https),
        Contents::default()
    );
}

#[test]
fn what_is_read_is_written_the_same() {
    let mut count = 0;
    for text in WRITTEN.lines() {
        let Some(Read::Known(line)) = line::read(text.as_bytes()) else {
            panic!("{text}");
        };
        assert_eq!(Line(line).to_text(), format!("{text}\n"));
        count += 1;
    }
    assert_eq!(count, 12);
}

#[test]
fn lines_as_they_are_written() {
    let now = "2026-11-28T09:08:31.5Z".parse().unwrap();
    let issuance = Issuance::resume(Record::read(JOURNAL.as_bytes()).unwrap());
    let line = Line::issued(&issuance, now).unwrap();
    assert_eq!(
        line.to_text(),
        concat!(
            r#"{"schema":"vault-sandbox/ledger/1","at":"2026-11-28T09:08:31Z","vault":"http://127.0.0.1:4180","sandbox":"VeePharm Sandbox","id":"V8T000000009001","fact":"issued","operation":"2a9b2a18","vault_id":"1000660","sandbox_dns":"http://127.0.0.1:32815","name":"vault-sandbox jane@vm 2026-11-28 #2a9b2a18","expiry":"2027-02-26T09:08:30Z","destinations":["file:/home/jane/project/token"]}"#,
            "\n"
        )
    );
    let id = TokenId::parse("0PI00000000C003").unwrap();
    assert_eq!(
        Line::revoked(&vault(), &sandbox("A \"b\""), &id, now).to_text(),
        concat!(
            r#"{"schema":"vault-sandbox/ledger/1","at":"2026-11-28T09:08:31Z","vault":"veepharm.veevavault.com","sandbox":"A \"b\"","id":"0PI00000000C003","fact":"revoked"}"#,
            "\n"
        )
    );
}

#[test]
fn a_token_that_nobody_could_name_later_is_not_written() {
    let intent = JOURNAL.lines().next().unwrap();
    let value = AccessToken::parse("veeva-vault-0c0ffee0example").unwrap();
    let token = Entry::Token(IssuedToken::new(None, value)).to_line();
    let token = String::from_utf8(token.as_bytes().to_vec()).unwrap();
    for journal in [format!("{intent}\n"), format!("{intent}\n{token}")] {
        let issuance = Issuance::resume(Record::read(journal.as_bytes()).unwrap());
        assert_eq!(Line::issued(&issuance, DateTime::UNIX_EPOCH), None);
    }
}

#[test]
fn the_newest_first_and_what_is_gone() {
    let contents = read(&[
        revoked("A", "V0"),
        issued("A", "V1", "file:/t"),
        issued("A", "V2", "file:/t"),
        issued("B", "V3", "file:/t"),
        revoked("B", "V2"),
        issued("A", "V4", "file:/t"),
        revoked("A", "V4"),
        String::new(),
    ]);
    assert_eq!(of(&contents, "A"), ["(V4)", "V2", "V1"]);
    assert_eq!(
        of(&contents, "B"),
        ["V3"],
        "an ID of another sandbox is another token"
    );
    assert_eq!(replaced(&contents), "V2");
    assert_eq!(
        of(&read(&[revoked("A", "V1"), issued("A", "V1", "-")]), "A"),
        ["V1"]
    );
}

#[test]
fn which_one_is_replaced() {
    let (v1, v2) = (issued("A", "V1", "file:/t"), issued("A", "V2", "file:/t"));
    let elsewhere = issued("A", "V3", "file:/u");
    let of_b = issued("B", "V4", "file:/t");
    for (lines, expected) in [
        (vec![], "NotKnown"),
        (vec![&elsewhere, &of_b], "NotKnown"),
        (vec![&v1], "V1"),
        (vec![&v1, &v2, &elsewhere, &of_b], "V2"),
        (vec![&v1, &v2, &revoked("A", "V2")], "V1"),
        (vec![&v1, &elsewhere, &revoked("A", "V1")], "AllGone"),
        (
            vec![&v1, &v2, &revoked("A", "V2"), &revoked("A", "V1")],
            "AllGone",
        ),
    ] {
        let lines: Vec<_> = lines.into_iter().cloned().collect();
        assert_eq!(replaced(&read(&lines)), expected, "{lines:#?}");
    }
}

/// Lines that are torn, or not a ledger's, say nothing and hide nothing.
#[test]
fn what_is_no_line_is_passed_over() {
    let (v1, v2) = (issued("A", "V1", "file:/t"), issued("A", "V2", "file:/t"));
    for odd in [
        &v2[..v2.len() - 1],
        "{",
        "",
        "null",
        "[]",
        "{}",
        r#"{"schema":1,"sandbox":"A"}"#,
        r#"{"schema":"vault-sandbox/result/1","sandbox":"A","id":"V2"}"#,
        &v2.replace("vault-sandbox/ledger/1", "somebody/ledger/1"),
        &v2.replace("veepharm", "another"),
        &v2.replace("issued", "moved").replace("veepharm", "another"),
        "\u{0}\u{0}\u{0}",
    ] {
        let contents = read(&[v1.clone(), odd.to_owned()]);
        assert_eq!(of(&contents, "A"), ["V1"], "{odd}");
        assert_eq!(replaced(&contents), "V1", "{odd}");
        let contents = read(&[odd.to_owned(), v1.clone(), revoked("A", "V1")]);
        assert_eq!(replaced(&contents), "AllGone", "{odd}");
        assert_eq!(replaced(&read(&[odd.to_owned()])), "NotKnown", "{odd}");
    }
    let mut torn = v1.clone().into_bytes();
    torn.extend_from_slice(b"\n\xff\xfe\n");
    torn.extend_from_slice(v2.as_bytes());
    assert_eq!(of(&Contents::read(&torn, &vault()), "A"), ["V2", "V1"]);
}

/// Fields that a later version added change nothing.
#[test]
fn further_fields_are_passed_over() {
    let more = |line: String| line.replacen('{', r#"{"more":{"a":[1]},"#, 1);
    let contents = read(&[
        more(issued("A", "V1", "file:/t")),
        more(issued("A", "V2", "file:/t")),
        more(revoked("A", "V2")),
    ]);
    assert_eq!(of(&contents, "A"), ["(V2)", "V1"]);
    assert_eq!(replaced(&contents), "V1");
}

/// Lines of a later version, or with facts that it added.
fn not_understood(id: &str) -> Vec<String> {
    let v = issued("A", id, "file:/t");
    vec![
        v.replace("ledger/1", "ledger/2"),
        v.replace("ledger/1", "ledger/10"),
        v.replace("issued", "moved"),
        v.replace("destinations", "places"),
        v.replace(r#""expiry":"never""#, r#""expiry":{"at":1}"#),
        revoked("A", id).replace("ledger/1", "ledger/2"),
        revoked("A", id).replace("revoked", "perhaps_revoked"),
        revoked("A", id).replace(r#","fact":"revoked""#, ""),
        format!(
            r#"{{"schema":"vault-sandbox/ledger/2","vault":"veepharm.veevavault.com","sandbox":"A","id":"{id}"}}"#
        ),
    ]
}

#[test]
fn a_line_that_is_not_understood_never_says_that_a_token_is_gone() {
    let v1 = issued("A", "V1", "file:/t");
    for odd in not_understood("V1") {
        let gone = revoked("A", "V1");
        for lines in [
            vec![v1.clone(), odd.clone()],
            vec![v1.clone(), gone.clone(), odd.clone()],
            vec![odd.clone(), v1.clone()],
            vec![
                v1.clone(),
                gone.clone(),
                odd.clone(),
                gone.clone().replace("V1", "V0"),
            ],
        ] {
            let contents = read(&lines);
            assert_eq!(of(&contents, "A"), ["V1"], "{lines:#?}");
            assert_eq!(replaced(&contents), "V1", "{lines:#?}");
        }
        let contents = read(&[v1.clone(), odd.clone(), gone]);
        assert_eq!(
            of(&contents, "A"),
            ["(V1)"],
            "the last word is known: {odd}"
        );
        assert_eq!(replaced(&contents), "Unclear", "{odd}");
    }
}

#[test]
fn it_may_be_about_a_newer_token() {
    let v1 = issued("A", "V1", "file:/t");
    let mut all = not_understood("V2");
    for field in ["sandbox", "id", "vault"] {
        let less = not_understood("V2").into_iter().map(|line| {
            let mut line: serde_json::Map<_, _> = serde_json::from_str(&line).unwrap();
            assert!(line.remove(field).is_some());
            serde_json::to_string(&line).unwrap()
        });
        all.extend(less);
    }
    all.push(v1.replace(r#""id":"V1""#, r#""id":{"number":1}"#));
    all.push(issued("A", "V 2", "file:/t"));
    for odd in all {
        let newer = |lines: &[&String]| {
            let lines: Vec<_> = lines.iter().copied().cloned().collect();
            let contents = read(&lines);
            assert_eq!(replaced(&contents), "V1", "{lines:#?}");
            contents.may_hide_newer(contents.tokens().last().unwrap())
        };
        assert!(newer(&[&v1, &odd]), "{odd}");
        assert!(!newer(&[&odd, &v1]), "{odd}");
        let gone = revoked("A", "V1");
        for lines in [vec![&odd], vec![&odd, &v1, &gone], vec![&v1, &gone, &odd]] {
            let lines: Vec<_> = lines.into_iter().cloned().collect();
            assert_eq!(replaced(&read(&lines)), "Unclear", "{lines:#?}");
        }
        let of_b = odd.replace(r#""sandbox":"A""#, r#""sandbox":"B""#);
        assert_eq!(newer(&[&v1, &of_b]), of_b == odd, "{odd}");
    }
}

/// What is said of a token that is listed does not say that there is another.
#[test]
fn it_is_about_the_token_that_it_names() {
    for odd in not_understood("V1") {
        let contents = read(&[
            issued("A", "V1", "file:/t"),
            issued("A", "V2", "file:/t"),
            issued("B", "V3", "file:/t"),
            odd.clone(),
        ]);
        assert_eq!(replaced(&contents), "V2");
        assert!(
            !contents
                .tokens()
                .iter()
                .any(|token| contents.may_hide_newer(token))
        );
        let contents = read(&[
            issued("B", "V1", "file:/t"),
            issued("A", "V2", "file:/t"),
            odd,
        ]);
        assert!(
            contents.may_hide_newer(&contents.tokens()[0]),
            "its namesake is another's"
        );
    }
}

#[test]
fn a_token_without_a_usable_id_that_is_gone_is_in_nobodys_way() {
    let v1 = issued("A", "V1", "file:/t");
    let contents = read(&[v1, issued("A", "V 2", "file:/t"), revoked("A", "V 2")]);
    assert_eq!(replaced(&contents), "V1");
    assert!(!contents.may_hide_newer(&contents.tokens()[0]));
    assert!(contents.has(&sandbox("A"), "3f9a1c22".parse().unwrap()));
    assert_eq!(contents.tokens().len(), 1);
}

/// A line, and how much of it is there.
fn any_line() -> impl Strategy<Value = String> {
    let id = "V[1-3]";
    let name = "[AB]";
    let place = prop::sample::select(vec!["file:/t", "file:/u", "-"]);
    prop_oneof![
        4 => (name, id, place).prop_map(|(name, id, place)| issued(&name, &id, place)),
        3 => (name, id).prop_map(|(name, id)| revoked(&name, &id)),
        2 => (0usize..9, id).prop_map(|(which, id)| not_understood(&id).swap_remove(which)),
        1 => (name, id, 0usize..80).prop_map(|(name, id, cut)| revoked(&name, &id)[..cut].to_owned()),
        1 => "\\PC{0,40}",
    ]
}

proptest! {
    /// Whatever stands between them, a token that no line says is deleted is never taken for deleted.
    #[test]
    fn nothing_makes_a_token_vanish(lines in prop::collection::vec(any_line(), 0..24)) {
        let all = read(&lines);
        for (at, line) in lines.iter().enumerate() {
            let Some(Read::Known(line)) = line::read(line.as_bytes()) else { continue };
            let Fact::Issued(_) = line.fact else { continue };
            let is_it = |token: &&ListedToken| {
                token.at == at && token.id.as_str() == line.id && token.sandbox.as_str() == line.sandbox
            };
            let found = all.tokens().iter().find(is_it);
            prop_assert!(found.is_some());
            let is_revoked = |later: &String| *later == revoked(&line.sandbox, &line.id);
            let may_be_gone = lines[at..].iter().any(is_revoked);
            prop_assert!(may_be_gone || !found.unwrap().is_gone);
        }
    }

    /// Only known facts lead to the answer that there is nothing to replace.
    #[test]
    fn nothing_is_replaced_only_where_that_is_known(lines in prop::collection::vec(any_line(), 0..24)) {
        let is_odd = |line: &String| matches!(line::read(line.as_bytes()), Some(Read::Unread(_)));
        let is_of_a = |line: &&String| line.contains(r#""sandbox":"A""#);
        let is_unclear = lines.iter().filter(|line| is_odd(line)).any(|line| is_of_a(&line));
        let answer = replaced(&read(&lines));
        if is_unclear {
            prop_assert!(answer != "AllGone" && answer != "NotKnown", "{}", answer);
        } else {
            prop_assert_ne!(answer, "Unclear");
        }
    }
}
