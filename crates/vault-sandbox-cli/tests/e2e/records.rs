//! Records that others hold, that are damaged, and what lies beside their targets.

use std::fs;
use std::time::Duration;

use vault_sandbox_simulator::Effect;

use crate::delivery::wait_for_the_request;
use crate::harness::{World, fault_on_create, value_places};
use crate::recover::{assert_closed, kept, kept_for_a_file, recover};

#[test]
fn another_run_is_under_way() {
    let world = World::new();
    world.fault(fault_on_create(Effect::Delay {
        by: Duration::from_secs(2),
    }));
    let running = world.create(&[]).start();
    wait_for_the_request(&world);
    let operation = world.operations().remove(0);
    let listed = recover(&world, &["--format", "json"]).json();
    assert_eq!(listed["operations"][0]["state"], "under_way");
    for more in [
        &["--yes"][..],
        &["--revoke", "--yes"],
        &["--forget", "--yes"],
        &["--out", "x"],
    ] {
        let ran = recover(&world, &[&[operation.as_str()], more].concat());
        assert_eq!(ran.code(), 23, "{}", ran.said());
        assert!(ran.said().contains("under way"), "{}", ran.said());
    }
    let ran = running.end();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(value_places(&world, &ran), ["work/token".to_owned()].into());
    assert_closed(&world);
}

#[test]
fn two_recoveries_at_once_deliver_once() {
    for _ in 0..4 {
        let (world, operation) = kept();
        let starts = ["a", "b", "c"].map(|to| {
            world
                .run(&["token", "recover", &operation, "--out", to])
                .start()
        });
        let codes = starts.map(|running| running.end().code());
        let served = codes.iter().filter(|code| **code == 0).count();
        let files = ["a", "b", "c"]
            .iter()
            .filter(|to| world.work(to).exists())
            .count();
        assert_eq!((served, files), (1, 1), "{codes:?}");
        assert!(
            codes.iter().all(|code| [0, 2, 23].contains(code)),
            "{codes:?}"
        );
        assert_closed(&world);
    }
}

#[test]
fn records_that_cannot_be_understood() {
    let (world, operation) = kept();
    let path = world.records().remove(0);
    let whole = fs::read(&path).unwrap();
    let mut first_bit = whole.clone();
    first_bit[5] ^= 1;
    for junk in [&b"junk\njunk"[..], b"\0\0\0\n\0", &first_bit] {
        fs::write(&path, junk).unwrap();
        let ran = recover(&world, &[&operation]);
        assert_eq!(ran.code(), 23, "{}", ran.said());
        assert!(ran.said().contains("--forget"), "{}", ran.said());
        assert_eq!(recover(&world, &[]).code(), 0);
        assert_eq!(fs::read(&path).unwrap(), junk, "it is left as it is");
    }
    // A value that is there is found, whatever a crash made of what comes after it.
    fs::write(&path, [&whole[..], b"rubbish"].concat()).unwrap();
    assert_eq!(recover(&world, &[&operation, "--out", "token"]).code(), 0);
    assert_closed(&world);
}

/// A run that was killed between writing and renaming leaves the value beside the target.
#[test]
fn what_a_killed_run_left_beside_its_target_is_removed() {
    let world = World::new();
    let operation = kept_for_a_file(&world);
    fs::create_dir(world.work("d")).unwrap();
    let value = world.value().unwrap();
    for name in [
        ".token.0123456789abcdef.tmp",
        "d/.second.0123456789abcdef.tmp",
    ] {
        fs::write(world.work(name), &value).unwrap();
    }
    // Not ours to remove: another name, and one whose run is alive.
    fs::write(world.work(".token.mine.tmp"), "mine").unwrap();
    let alive = world.work(".token.fedcba9876543210.tmp");
    let file = fs::File::create(&alive).unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let ran = recover(&world, &[&operation, "--out", "elsewhere"]);
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let places = value_places(&world, &ran);
    assert_eq!(
        places,
        ["work/elsewhere".to_owned(), "work/token".to_owned()].into()
    );
    assert!(alive.exists() && world.work(".token.mine.tmp").exists());
}
