//! A list that names the parent Vault's own DNS for a sandbox: what is meant for the sandbox must not
//! happen in the parent.

use vault_sandbox_simulator::{Effect, Endpoint, Fault};

use crate::harness::{SANDBOX, World};
use crate::rotate::rotate;

/// From now on the list says that the sandbox is there.
fn names(world: &World, dns: &str) {
    let body = format!(
        r#"{{"responseStatus":"SUCCESS","data":{{"entitlements":[],"active":[{{"vault_id":1000700,"name":{SANDBOX:?},"type":"config","status":"active","dns":{dns:?}}}]}}}}"#
    );
    let effect = Effect::ReplaceBody { body: body.into() };
    world.fault(Fault::new(effect).on(Endpoint::ListSandboxes));
}

/// Another Vault is where the list says that the sandbox is: its number says so.
#[test]
fn nothing_is_deleted_in_another_vault() {
    let world = World::new();
    let old = world.with_old();
    names(&world, world.vault.other_dns());
    for args in [
        &["token", "revoke", SANDBOX, &old.id, "--yes"][..],
        &["token", "revoke", SANDBOX, "--expired", "--yes"],
        &["token", "list", SANDBOX],
    ] {
        let ran = world.run(args).go();
        assert_eq!(ran.code(), 4, "{args:?} {}", ran.said());
        let said = ran.said();
        assert!(said.contains("another Vault is"), "{said}");
    }
    let requests = world.vault.requests();
    assert!(!requests.iter().any(|request| request.method == "DELETE"));
}

#[test]
fn nothing_is_done_in_the_parent() {
    let world = World::new();
    let old = world.with_old();
    let port = world.vault.dns().rsplit_once(':').unwrap().1.to_owned();
    for itself in [world.vault.dns().to_owned(), format!("localhost:{port}")] {
        world.vault.clear_faults();
        names(&world, &itself);
        let since = world.vault.requests().len();
        for args in [
            &["token", "revoke", SANDBOX, &old.id, "--yes"][..],
            &["token", "revoke", SANDBOX, "--expired", "--yes"],
            &["token", "list", SANDBOX],
            &["token", "list", "--all"],
            &["token", "verify", SANDBOX],
        ] {
            let ran = world.run(args).go();
            assert_eq!(ran.code(), 7, "{args:?} {}", ran.said());
            let said = ran.said();
            assert!(said.contains("names the parent Vault itself"), "{said}");
            assert!(said.contains("--sandbox-dns"), "{said}");
            // As well where it is said by hand.
            if args[2] == SANDBOX {
                let args = [args, &["--sandbox-dns", &itself]].concat();
                let ran = world.run(&args).go();
                assert_eq!(ran.code(), 2, "{args:?} {}", ran.said());
            }
        }
        // Where the sandbox is, is not known then.
        let ran = rotate(&world, &[]).go();
        assert_eq!(ran.code(), 3, "{}", ran.said());
        let ran = world.create(&["--verify", "always"]).go();
        assert_eq!(ran.code(), 3, "{}", ran.said());
        for request in &world.vault.requests()[since..] {
            let is_about_tokens = ["/query", "/vobjects", "api_access_token__sys"]
                .iter()
                .any(|part| request.path.contains(part));
            assert!(!is_about_tokens, "{request:?}");
        }
    }
    // A token can be made all the same; it is not tried out in the parent.
    let since = world.vault.requests().len();
    let ran = world.create(&["--out", "second"]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(ran.json()["verification"], "unconfirmed", "{}", ran.json());
    let queries = world.vault.requests().split_off(since);
    assert!(!queries.iter().any(|r| r.path.contains("/query")));
}
