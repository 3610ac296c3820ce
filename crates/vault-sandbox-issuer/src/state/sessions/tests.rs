use super::wire::Unusable;
use super::*;
use crate::state::State;

fn kept(vault: &str) -> KeptSession {
    KeptSession {
        vault: VaultDns::parse(vault).unwrap(),
        vault_id: VaultId::new(4101),
        user: Some(UserName::parse("jane.doe@veepharm.com").unwrap()),
        session: SessionId::parse("FAKESESSION0001").unwrap(),
        signed_in: "2026-11-23T18:04:11Z".parse().unwrap(),
    }
}

#[test]
fn a_session_comes_back_for_its_own_vault_only() {
    let state = tempfile::tempdir().unwrap();
    let sessions = State::at(state.path()).sessions();
    let kept = kept("http://127.0.0.1:8080");
    sessions.reserve(&kept.vault).unwrap().keep(&kept).unwrap();
    let found = sessions.find(&kept.vault).unwrap().unwrap();
    assert_eq!(found.session.expose(), "FAKESESSION0001");
    assert_eq!(found.signed_in, kept.signed_in);
    assert!(found.is_of(&UserName::parse("Jane.Doe@veepharm.com").unwrap()));
    let path = sessions.path(&kept.vault);
    platform::check_owner_only(&std::fs::File::open(&path).unwrap()).unwrap();

    let other = VaultDns::parse("http://127.0.0.1:8081").unwrap();
    assert!(sessions.find(&other).unwrap().is_none());
    // The same name, but https: the session must not be sent where somebody else may answer.
    let other = VaultDns::parse("127.0.0.1:8080").unwrap();
    assert!(sessions.find(&other).is_err());
    std::fs::rename(&path, sessions.path(&VaultDns::parse("a.b").unwrap())).unwrap();
    assert!(sessions.find(&VaultDns::parse("a.b").unwrap()).is_err());
}

#[test]
fn nothing_odd_is_read() {
    let good = String::from_utf8(wire::write(&kept("a.b")).unwrap()).unwrap();
    assert!(wire::read(good.as_bytes()).is_ok());
    for (part, instead) in [
        ("vault-sandbox/session/1", "somebody/session/1"),
        ("vault-sandbox/session/1", ""),
        ("\"schema\"", "\"format\""),
        ("\"vault-sandbox/session/1\"", "1"),
        ("\"vault\":\"a.b\"", "\"vault\":\"http://a.b\""),
        ("4101", "x"),
        ("2026-11", "2026-13"),
        ("FAKESESSION0001", "a b"),
        ("\"session_id\"", "\"session\""),
        ("jane.doe@veepharm.com", ""),
        ("{", "{\"vault\":\"c.d\","),
        ("}", ""),
    ] {
        let text = good.replacen(part, instead, 1);
        assert_ne!(text, good);
        let read = wire::read(text.as_bytes());
        assert_eq!(read.err(), Some(Unusable::Damaged), "{text}");
    }
    assert!(wire::read(b"").is_err());
}

#[test]
fn what_an_earlier_version_wrote_is_read_and_written_the_same() {
    let written =
        include_bytes!("../../../../../tests/fixtures/state/34f2561/sessions/127.0.0.1_4180.json");
    let kept = wire::read(written).unwrap();
    assert_eq!(kept.vault.to_string(), "http://127.0.0.1:4180");
    assert_eq!(kept.vault_id, VaultId::new(1_000_660));
    assert!(kept.is_of(&UserName::parse("jane.doe@veepharm.com").unwrap()));
    assert_eq!(
        kept.signed_in,
        "2026-11-28T09:06:40Z".parse::<DateTime<Utc>>().unwrap()
    );
    assert_eq!(wire::write(&kept).unwrap(), written);
}

#[test]
fn what_a_later_version_wrote_is_used_or_left_alone() {
    let state = tempfile::tempdir().unwrap();
    let sessions = State::at(state.path()).sessions();
    let kept = kept("a.b");
    sessions.reserve(&kept.vault).unwrap().keep(&kept).unwrap();
    let path = sessions.path(&kept.vault);
    let good = std::fs::read_to_string(&path).unwrap();
    let more = good.replacen('{', "{\"more\":{\"a\":[1]},", 1);
    std::fs::write(&path, &more).unwrap();
    let found = sessions.find(&kept.vault).unwrap().unwrap();
    assert_eq!(found.session.expose().as_bytes(), b"FAKESESSION0001");

    for later in [
        good.replace("session/1", "session/2"),
        good.replace("session/1", "session/10"),
        "{\"schema\":\"vault-sandbox/session/2\"}".to_owned(),
    ] {
        std::fs::write(&path, &later).unwrap();
        let error = sessions.find(&kept.vault).unwrap_err();
        assert!(matches!(error, SessionError::Newer { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), later);
    }
}

/// As a process leaves it that is killed before its rename.
#[test]
fn deleting_takes_along_what_was_not_in_its_place_yet() {
    let state = tempfile::tempdir().unwrap();
    let sessions = State::at(state.path()).sessions();
    let kept = kept("a.b");
    assert!(!sessions.delete(&kept.vault).unwrap(), "there is nothing");
    let path = sessions.path(&kept.vault);
    let left = path.with_file_name(".a.b.json.0123456789abcdef.tmp");
    let leave = || std::fs::write(&left, wire::write(&kept).unwrap()).unwrap();
    sessions.reserve(&kept.vault).unwrap().keep(&kept).unwrap();
    for what in ["both", "what was left alone"] {
        leave();
        assert!(sessions.delete(&kept.vault).unwrap(), "{what}");
        assert!(!path.exists() && !left.exists(), "{what}");
    }
    leave();
    drop(sessions.reserve(&kept.vault).unwrap());
    assert!(!path.exists() && !left.exists());
    assert!(!sessions.delete(&kept.vault).unwrap());
}

#[test]
fn only_what_is_not_there_is_no_session() {
    let state = tempfile::tempdir().unwrap();
    let vault = kept("a.b").vault;
    let sessions = State::at(state.path()).sessions();
    assert!(sessions.find(&vault).unwrap().is_none());
    sessions
        .reserve(&vault)
        .unwrap()
        .keep(&kept("a.b"))
        .unwrap();
    let path = sessions.path(&vault);
    let file = std::fs::File::options().append(true).open(&path).unwrap();
    file.set_len(300 << 30).unwrap();
    let error = sessions.find(&vault).unwrap_err();
    assert!(matches!(error, SessionError::Read { .. }), "{error}");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let error = sessions.find(&vault).unwrap_err();
    assert!(matches!(error, SessionError::Read { .. }), "{error}");
    let error = sessions.reserve(&vault).unwrap_err();
    assert!(matches!(error, SessionError::Target { .. }), "{error}");
    let error = sessions.delete(&vault).unwrap_err();
    assert!(matches!(error, SessionError::Delete { .. }), "{error}");
    let file = state.path().join("file");
    std::fs::write(&file, "").unwrap();
    let lost = State::at(&file).sessions();
    let error = lost.find(&vault).unwrap_err();
    assert!(matches!(error, SessionError::Read { .. }), "{error}");
    let error = lost.reserve(&vault).unwrap_err();
    assert!(matches!(error, SessionError::Directory { .. }), "{error}");
}
