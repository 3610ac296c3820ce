//! A look-up never blames a stranger: only a name that this operation alone can have says which token
//! is ours. For any other, what is found is shown, and nothing is called ours or deleted.

use std::collections::BTreeSet;
use std::sync::Mutex;

use vault_sandbox_simulator::{Effect, TokenRecord};

use crate::harness::{Expires, Neighbour, Ran, Run, SANDBOX, World, fault_on_create, in_rounds};
use crate::typed::to_type;

/// A name that others can have.
pub(crate) const SHARED: &str = "ci";
/// One that nobody else has.
pub(crate) const OWN: &str = "ci {operation}";

/// Somebody's token of the same name that is there before the request.
type Foreign = (Neighbour, Expires, bool);

const FOREIGN: [Option<Foreign>; 6] = [
    None,
    Some((Neighbour::SameUser, Expires::AsUsual, false)),
    Some((Neighbour::SameUser, Expires::Sooner, false)),
    Some((Neighbour::SameUser, Expires::AsUsual, true)),
    Some((Neighbour::SameUser, Expires::Sooner, true)),
    Some((Neighbour::Administrator, Expires::AsUsual, false)),
];

/// What the request meets: it is dropped, or carried out and its answer lost.
fn answer_lost(is_carried_out: bool) -> Effect {
    if is_carried_out {
        Effect::CloseAfter
    } else {
        Effect::CloseBefore
    }
}

/// What is typed, with a name or without.
fn run(world: &World, command: &str, name: Option<&str>) -> Run {
    let mut words = vec!["token", command, SANDBOX, "--format", "json", "-o", "token"];
    words.extend(name.into_iter().flat_map(|name| ["--name", name]));
    world.run(&words).hastily()
}

/// Types what was offered, as it stands, confirmed. What waits for a person's word is left out.
pub(crate) fn type_all_that_is_offered(world: &World, ran: &Ran) {
    let waits = |command: &String| {
        let words = ["ID", "PATH", "WHEN", "DEST"];
        words
            .iter()
            .any(|word| command.split(' ').any(|w| w == *word))
    };
    for command in to_type(ran).iter().filter(|command| !waits(command)) {
        let run = world
            .shell(&format!("{command} --yes --timeout 2s"))
            .env("HOME", world.root().join("home"))
            .env("XDG_STATE_HOME", world.root().join("state"))
            .env("VAULT_SANDBOX_DNS", format!("http://{}", world.vault.dns()))
            .env("VAULT_SANDBOX_USER", world.vault.user_name())
            .env("VAULT_SANDBOX_PASSWORD", world.vault.password());
        let ended = run.go();
        assert!(ended.code() < 100, "{command}: {}", ended.said());
    }
}

/// What is said names a token, until when it lives, and whether it was used.
#[track_caller]
fn assert_shown(ran: &Ran, token: &TokenRecord, when: &str) {
    let said = ran.said();
    let expiry = token.expiry.unwrap().format("%Y-%m-%d").to_string();
    for what in [token.id.as_str(), expiry.as_str(), "used"] {
        assert!(said.contains(what), "{when}: {what:?} is not said: {said}");
    }
}

/// Runs each of so many cases, some at a time, and says all that did not hold.
fn all_hold(cases: usize, check: impl Fn(usize) + Sync) {
    let broken = Mutex::new(Vec::new());
    in_rounds(cases as u64, 6, |case| {
        let checked = std::panic::AssertUnwindSafe(|| check(case as usize));
        if let Err(panic) = std::panic::catch_unwind(checked) {
            let text = panic.downcast_ref::<String>().cloned();
            broken.lock().unwrap().push(text.unwrap_or_default());
        }
        String::new()
    });
    let broken = broken.into_inner().unwrap();
    assert!(
        broken.is_empty(),
        "{} of {cases} do not hold:\n\n{}",
        broken.len(),
        broken.join("\n\n")
    );
}

/// Of a name that others can have nothing is certain, whoever has one, and whether ours is there.
#[test]
fn a_name_that_others_can_have_leaves_it_unknown() {
    all_hold(FOREIGN.len() * 4, |case| {
        let (foreign, is_rotation, is_ours_there) =
            (FOREIGN[case / 4], case % 4 >= 2, case % 2 == 1);
        let when = format!("foreign: {foreign:?}, rotation: {is_rotation}, ours: {is_ours_there}");
        let world = World::new();
        // An old one that has the name too.
        let old = is_rotation.then(|| {
            let ran = run(&world, "create", Some(SHARED)).go();
            assert_eq!(ran.code(), 0, "{when}: {}", ran.said());
            world.vault.tokens(SANDBOX).pop().unwrap()
        });
        let neighbours = foreign.map(|(whose, expires, is_used)| {
            world.neighbours_token(whose, SHARED, expires, is_used)
        });
        let before = world.token_ids();
        world.fault(fault_on_create(answer_lost(is_ours_there)));
        let command = if is_rotation { "rotate" } else { "create" };
        let ran = run(&world, command, Some(SHARED)).go();
        assert_eq!(ran.code(), 23, "{when}: {}", ran.said());
        let json = ran.json();
        assert_eq!(json["outcome"], "unknown", "{when}");
        assert_eq!(json["error"]["retry"], "unsafe", "{when}");
        // What can be it is shown. One that is used cannot: nobody has its value.
        let all = world.vault.tokens(SANDBOX);
        let ours = all.iter().find(|token| !before.contains(&token.id));
        assert_eq!(ours.is_some(), is_ours_there, "{when}");
        let is_seen = foreign.is_some_and(|(whose, _, used)| whose == Neighbour::SameUser && !used);
        for token in ours
            .into_iter()
            .chain(neighbours.iter().filter(|_| is_seen))
        {
            assert_shown(&ran, token, &when);
        }
        // Nothing that is offered deletes any, neither now nor when it is looked for again.
        let operation = world.operations().remove(0);
        let there: Vec<_> = all.iter().map(|token| token.id.clone()).collect();
        type_all_that_is_offered(&world, &ran);
        assert_eq!(world.token_ids(), there, "{when}: {}", ran.said());
        assert!(
            !to_type(&ran).join("\n").contains("V8T"),
            "{when}: no command names a token by itself: {}",
            ran.said()
        );
        if let Some(old) = &old {
            assert!(there.contains(&old.id), "{when}: the old one stays");
        }
        for more in [&[][..], &["--revoke", "--yes"]] {
            let words = [&["token", "recover", operation.as_str()], more].concat();
            let again = world.run(&words).hastily().go();
            assert_eq!(again.code(), 23, "{when} {more:?}: {}", again.said());
            assert_eq!(
                world.token_ids(),
                there,
                "{when} {more:?}: {}",
                again.said()
            );
        }
        assert_eq!(world.operations(), [operation], "{when}: it stays open");
    });
}

/// The token that a rotation replaces is never taken for the new one.
#[test]
fn the_old_one_is_no_candidate() {
    let world = World::new();
    assert_eq!(run(&world, "create", Some(SHARED)).go().code(), 0);
    // As it is after a year in a drawer: nobody has used it.
    let old = world.neighbours_token(Neighbour::SameUser, SHARED, Expires::AsUsual, false);
    world.fault(fault_on_create(Effect::CloseBefore));
    let ran = run(&world, "rotate", Some(SHARED))
        .arg("--old")
        .arg(&old.id)
        .go();
    assert_eq!(ran.code(), 23, "{}", ran.said());
    let commands = to_type(&ran).join("\n");
    assert!(!commands.contains(&old.id), "{commands}");
    let operation = world.operations().remove(0);
    let listed = world.run(&["token", "recover", "--format", "json"]).go();
    let listed = listed.json();
    assert_eq!(listed["operations"][0]["state"], "unknown", "{listed}");
    assert_eq!(listed["operations"][0]["token_ids"], serde_json::json!([]));
    let revoke = ["token", "recover", &operation, "--revoke", "--yes"];
    let ran = world.run(&revoke).hastily().go();
    assert_eq!(ran.code(), 23, "{}", ran.said());
    assert!(world.token_ids().contains(&old.id));
}

/// A name with the operation in it is this operation's alone: what has it is ours.
#[test]
fn a_name_that_nobody_else_has_is_certain() {
    all_hold(8, |case| {
        let (name, is_rotation, is_ours_there) =
            ([None, Some(OWN)][case / 4], case % 4 >= 2, case % 2 == 1);
        let when = format!("name: {name:?}, rotation: {is_rotation}, ours: {is_ours_there}");
        let world = World::new();
        if is_rotation {
            let ran = run(&world, "create", name).go();
            assert_eq!(ran.code(), 0, "{when}: {}", ran.said());
        }
        // Others have tokens, too; not of that name.
        let others = [SHARED, OWN].map(|name| {
            let name = name.replace("{operation}", "");
            let (whose, expires) = (Neighbour::SameUser, Expires::AsUsual);
            world
                .neighbours_token(whose, name.trim(), expires, false)
                .id
        });
        let before: BTreeSet<_> = world.token_ids().into_iter().collect();
        world.fault(fault_on_create(answer_lost(is_ours_there)));
        let command = if is_rotation { "rotate" } else { "create" };
        let ran = run(&world, command, name).go();
        world.vault.clear_faults();
        let operation = world.operations().remove(0);
        let asked = String::from_utf8_lossy(&world.creates().pop().unwrap().body).into_owned();
        assert!(
            asked.contains(&operation),
            "{when}: the name says whose it is: {asked}"
        );
        let now: BTreeSet<_> = world.token_ids().into_iter().collect();
        let ours: Vec<_> = now.difference(&before).cloned().collect();
        let revoke = ["token", "recover", &operation, "--revoke", "--yes"];
        if is_ours_there {
            assert_eq!(ran.code(), 22, "{when}: {}", ran.said());
            assert!(ran.said().contains(&ours[0]), "{when}: {}", ran.said());
            let commands = to_type(&ran).join("\n");
            assert!(commands.contains("--revoke"), "{when}: {commands}");
            let ran = world.run(&revoke).hastily().go();
            assert_eq!(ran.code(), 0, "{when}: {}", ran.said());
            assert!(world.operations().is_empty(), "{when}");
        } else {
            assert_eq!(ran.code(), 23, "{when}: {}", ran.said());
            let ran = world.run(&revoke).hastily().go();
            assert_eq!(ran.code(), 23, "{when}: {}", ran.said());
        }
        let left: BTreeSet<_> = world.token_ids().into_iter().collect();
        assert_eq!(
            left, before,
            "{when}: that one went, if it was there, and no other"
        );
        assert!(others.iter().all(|other| left.contains(other)), "{when}");
    });
}

/// An administrator's look-up finds everybody's tokens, and blames nobody's.
#[test]
fn an_administrator_sees_tokens_of_others() {
    let world = World::new();
    let janes = world.neighbours_token(Neighbour::SameUser, SHARED, Expires::AsUsual, false);
    world.fault(fault_on_create(Effect::CloseBefore));
    let ran = run(&world, "create", Some(SHARED))
        .env("VAULT_SANDBOX_USER", world.administrator())
        .go();
    assert_eq!(ran.code(), 23, "{}", ran.said());
    let operation = world.operations().remove(0);
    let revoke = ["token", "recover", &operation, "--revoke", "--yes"];
    let ran = world
        .run(&revoke)
        .env("VAULT_SANDBOX_USER", world.administrator())
        .hastily()
        .go();
    assert_eq!(ran.code(), 23, "{}", ran.said());
    assert_eq!(world.token_ids(), [janes.id]);
}
