//! Commands that `token rotate` and `token verify` print to be typed next, pasted.

use std::fs;

use vault_sandbox_simulator::{Effect, Endpoint, Fault};

use crate::harness::{Ran, SANDBOX, World};
use crate::rotate::trying_out;
use crate::typed::{by_flags, flags, paste, succeeds, to_type};

const ROTATE: [&str; 5] = ["token", "rotate", SANDBOX, "-o", "token"];

/// A token in the file `token`, by flags alone; then the rotation.
fn rotate(world: &World, prepare: impl FnOnce(), code: i32) -> Ran {
    let first = by_flags(world, &flags(world), &ROTATE).go();
    assert_eq!(first.code(), 0, "{}", first.said());
    prepare();
    let ran = by_flags(world, &flags(world), &ROTATE).go();
    assert_eq!(ran.code(), code, "{}", ran.said());
    world.vault.clear_faults();
    ran
}

#[track_caller]
fn lies_there_alone(world: &World) {
    let tokens = world.vault.tokens(SANDBOX);
    assert_eq!(tokens.len(), 1);
    let value = fs::read_to_string(world.work("token")).unwrap();
    assert_eq!(value, tokens[0].value);
    assert_eq!(world.records().len(), 0);
}

#[test]
fn going_on_with_one_that_could_not_be_tried_out() {
    let world = World::new();
    let failed = rotate(&world, || trying_out(&world, &Effect::CloseBefore), 20);
    succeeds(&paste(&world, &failed, 0, &[]));
    lies_there_alone(&world);

    let world = World::new();
    let failed = rotate(&world, || trying_out(&world, &Effect::CloseBefore), 20);
    succeeds(&paste(
        &world,
        &failed,
        1,
        &[("--revoke", "--revoke --yes")],
    ));
    lies_there_alone(&world);
}

#[test]
fn one_that_did_not_do_and_could_not_be_deleted_again() {
    let world = World::new();
    let unfit = || {
        world.vault.switches(|s| s.expiry_ignored = true);
        world.fault(Fault::new(Effect::CloseBefore).on(Endpoint::DeleteTokens));
    };
    let failed = rotate(&world, unfit, 20);
    assert_eq!(to_type(&failed).len(), 1, "{}", failed.said());
    // Going on by itself does not deliver it.
    let operation = world.operations().remove(0);
    let again = by_flags(&world, &flags(&world), &["token", "recover", &operation]).go();
    assert_eq!(again.code(), 20, "{}", again.said());
    assert!(!again.said().contains("Go on"), "{}", again.said());
    succeeds(&paste(
        &world,
        &failed,
        0,
        &[("--revoke", "--revoke --yes")],
    ));
    lies_there_alone(&world);
}

#[test]
fn deleting_what_was_not() {
    let world = World::new();
    let refuse = || {
        world.fault(Fault::new(Effect::CloseBefore).on(Endpoint::DeleteTokens));
    };
    let failed = rotate(&world, refuse, 24);
    let old = world.vault.tokens(SANDBOX)[0].id.clone();
    let yes = format!("{old} --yes");
    succeeds(&paste(&world, &failed, 0, &[(&old, &yes)]));
    lies_there_alone(&world);
}

#[test]
fn which_one_and_where() {
    let world = World::new();
    let flags = flags(&world);
    rotate(&world, || {}, 0);
    for args in [
        &["token", "rotate", SANDBOX][..],
        &["token", "rotate", SANDBOX, "-o", "token", "--old", "V9"],
    ] {
        let failed = by_flags(&world, &flags, args).go();
        let listed = paste(&world, &failed, 0, &[]);
        succeeds(&listed);
        assert!(listed.printed().contains("active"), "{}", listed.printed());
    }
}

/// A dead token in a file, whoever deleted it: the command puts a new one there.
#[test]
fn a_new_one_in_the_place_of_a_dead_one() {
    for by_us in [true, false] {
        let world = World::new();
        rotate(&world, || {}, 0);
        let id = world.vault.tokens(SANDBOX)[0].id.clone();
        let revoke = ["token", "revoke", SANDBOX, &id, "--yes"];
        let ran = match by_us {
            true => by_flags(&world, &flags(&world), &revoke),
            false => world.run(&revoke),
        };
        succeeds(&ran.go());
        let dead = by_flags(&world, &flags(&world), &["token", "verify", "--delivered"]).go();
        assert_eq!(dead.code(), 4, "{}", dead.said());
        succeeds(&paste(&world, &dead, 0, &[]));
        lies_there_alone(&world);
    }
}
