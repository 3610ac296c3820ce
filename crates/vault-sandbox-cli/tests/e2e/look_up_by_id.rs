//! `token recover OPERATION --revoke --id ID`: a person says which token it was, where a look-up
//! cannot know.

use std::fs;

use vault_sandbox_simulator::{Effect, Endpoint, Fault};

use crate::harness::{
    Expires, Lines, Neighbour, Ran, SANDBOX, World, assert_untouched, fault_on_create,
};
use crate::look_up::{SHARED, type_all_that_is_offered};
use crate::recover::{kept, recover};

/// An operation whose request was carried out without an answer, beside a stranger's token of its
/// name: the world, the operation, the stranger's token, ours.
fn uncertain() -> (World, String, String, String) {
    let world = World::new();
    let (whose, expires) = (Neighbour::SameUser, Expires::AsUsual);
    let strangers = world.neighbours_token(whose, SHARED, expires, false).id;
    world.fault(fault_on_create(Effect::CloseAfter));
    world.create_hastily(&["--name", SHARED]).go();
    world.vault.clear_faults();
    let operation = world.operations().remove(0);
    let ours = world.token_ids().into_iter().find(|id| *id != strangers);
    (world, operation, strangers, ours.unwrap())
}

#[track_caller]
fn assert_refused(ran: &Ran, code: i32) {
    assert_eq!(ran.code(), code, "{}", ran.said());
}

#[test]
fn a_persons_word_deletes_that_one_and_no_other() {
    let (world, operation, strangers, ours) = uncertain();
    let revoke = [operation.as_str(), "--revoke", "--id", &ours];
    assert_refused(&recover(&world, &revoke), 3);
    assert_eq!(world.token_ids().len(), 2, "nobody confirmed");
    let ran = recover(&world, &[&revoke[..], &["--yes"]].concat());
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(ran.said().contains(&ours), "{}", ran.said());
    assert_eq!(world.token_ids(), [strangers]);
    assert!(world.operations().is_empty());
}

#[test]
fn without_a_word_nothing_is_deleted_and_the_candidates_are_shown() {
    let (world, operation, strangers, ours) = uncertain();
    for words in [&["--revoke", "--yes"][..], &[]] {
        let ran = recover(&world, &[&[operation.as_str()], words].concat());
        assert_eq!(ran.code(), 23, "{}", ran.said());
        for id in [&strangers, &ours] {
            assert!(ran.said().contains(id), "{words:?}: {}", ran.said());
        }
        assert!(ran.said().contains("--id"), "{words:?}: {}", ran.said());
        type_all_that_is_offered(&world, &ran);
        assert_eq!(world.token_ids(), [strangers.clone(), ours.clone()]);
    }
}

#[test]
fn an_id_that_is_not_there_does_not_look_like_a_revoked_token() {
    let (world, operation, ..) = uncertain();
    let before = world.token_ids();
    for id in ["V8T000000000000", "V8T00000000900"] {
        let ran = recover(&world, &[&operation, "--revoke", "--id", id, "--yes"]);
        assert_ne!(ran.code(), 0, "{}", ran.said());
        assert!(!ran.said().contains("panicked"), "{}", ran.said());
        assert_eq!(world.token_ids(), before);
        assert_eq!(world.operations().concat(), operation, "it stays open");
    }
}

/// That a deletion lost its answer, and the token is not there afterwards, proves nothing of a token that
/// never was there.
#[test]
fn a_mistyped_id_closes_nothing_whatever_becomes_of_its_deletion() {
    let (world, operation, ..) = uncertain();
    let before = world.token_ids();
    world.fault(Fault::new(Effect::CloseAfter).on(Endpoint::DeleteTokens));
    let mistyped = "V8T000000000000";
    let words = [&operation, "--revoke", "--id", mistyped, "--yes"];
    let ran = recover(&world, &words);
    assert_eq!(ran.code(), 23, "{}", ran.said());
    let is_said = ran.said().contains("is not there, or not for you to see");
    assert!(is_said, "{}", ran.said());
    assert_eq!(world.token_ids(), before);
    assert_eq!(world.operations().concat(), operation, "it stays open");
}

#[test]
fn an_id_without_revoke_is_a_usage_error() {
    let (world, operation, _, ours) = uncertain();
    let before = world.state();
    for words in [
        &[operation.as_str(), "--id", &ours][..],
        &[&operation, "--id", &ours, "--out", "x"],
        &[&operation, "--id", &ours, "--forget", "--yes"],
        &["--id", &ours],
        &[&operation, "--revoke", "--yes", "--id", ""],
        &[&operation, "--revoke", "--yes", "--id", "../users/me"],
    ] {
        let ran = recover(&world, words);
        assert_eq!(ran.code(), 2, "{words:?}: {}", ran.said());
        assert_untouched(&world, &before, &format!("{words:?}"));
    }
    assert_eq!(world.token_ids().len(), 2);
}

/// The one that is in use.
#[test]
fn the_token_that_a_rotation_replaces_is_refused() {
    let world = World::new();
    assert_eq!(world.create(&["--name", SHARED]).go().code(), 0);
    let old = world.token_ids().remove(0);
    world.fault(fault_on_create(Effect::CloseAfter));
    let words = ["token", "rotate", SANDBOX, "-o", "token", "--name", SHARED];
    let ran = world.run(&words).hastily().go();
    assert_eq!(ran.code(), 23, "{}", ran.said());
    world.vault.clear_faults();
    let operation = world.operations().remove(0);
    let ours = world.token_ids().into_iter().find(|id| *id != old).unwrap();
    let revoke = |id: &str| recover(&world, &[&operation, "--revoke", "--yes", "--id", id]);
    let ran = revoke(&old);
    assert!(
        matches!(ran.code(), 2 | 5),
        "{}: {}",
        ran.code(),
        ran.said()
    );
    assert_eq!(world.token_ids(), [old.clone(), ours.clone()]);
    assert_eq!(world.operations().concat(), operation);
    let ran = revoke(&ours);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(world.token_ids(), [old]);
    assert!(world.operations().is_empty());
}

/// Where the record knows which token it is, another ID is a mistake.
#[test]
fn a_word_against_what_is_known_is_refused() {
    let (world, operation) = kept();
    let known = world.token_ids().remove(0);
    let (whose, expires) = (Neighbour::SameUser, Expires::AsUsual);
    let strangers = world.neighbours_token(whose, SHARED, expires, false).id;
    let ran = recover(
        &world,
        &[&operation, "--revoke", "--yes", "--id", &strangers],
    );
    assert!(
        matches!(ran.code(), 2 | 5),
        "{}: {}",
        ran.code(),
        ran.said()
    );
    assert_eq!(world.token_ids(), [known, strangers]);
    assert_eq!(world.operations(), [operation]);
}

/// 34f2561 wrote "lost" of a token that has no more than the name in common. Nothing in that record
/// says whether an answer or a look-up named it, so that a shared name is no proof in it either.
#[test]
fn what_an_older_version_blamed_is_not_deleted_by_its_word() {
    for sample in ["lost-by-name", "lost-of-several"] {
        let world = World::new();
        let (whose, expires) = (Neighbour::SameUser, Expires::AsUsual);
        let two = [(); 2].map(|()| world.neighbours_token(whose, SHARED, expires, false).id);
        let tokens = [
            ("V8T000000009001", two[0].as_str(), ""),
            ("V8T000000009002", two[1].as_str(), ""),
        ];
        let lines = Lines::sample(sample).moved_to(&world, &tokens);
        let operation = lines.operation();
        let path = world.plant(&operation, &lines.bytes());
        let ran = recover(&world, &[&operation, "--revoke", "--yes"]);
        assert_eq!(ran.code(), 23, "{sample}: {}", ran.said());
        assert_eq!(world.token_ids(), two, "{sample}");
        assert!(fs::metadata(&path).is_ok(), "{sample}: it stays open");
        // A person knows better.
        let revoke = [&operation, "--revoke", "--yes", "--id", &two[0]];
        let ran = recover(&world, &revoke);
        assert_eq!(ran.code(), 0, "{sample}: {}", ran.said());
        assert_eq!(world.token_ids(), two[1..], "{sample}");
    }
}
