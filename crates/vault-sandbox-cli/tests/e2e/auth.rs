//! Signing in, being signed in, signing out.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use vault_sandbox_simulator::{Effect, Endpoint, Fault, OAUTH_PROFILE, OAUTH_TOKEN};

use crate::harness::{Ran, Run, SANDBOX, World};

/// Signs in with a password from a file, so that nothing in the environment wins later.
fn login(world: &World) -> Ran {
    let ran = login_run(world).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    ran
}

fn login_run(world: &World) -> Run {
    let password = world.input("password", world.vault.password().as_bytes());
    as_user(
        world,
        world.vault.user_name(),
        &["auth", "login", "--format", "json"],
    )
    .arg("--password-file")
    .arg(password)
}

fn as_user(world: &World, user: &str, args: &[&str]) -> Run {
    world.run_without_login(args).arg("--user").arg(user)
}

fn status(world: &World) -> Run {
    world.run_without_login(&["auth", "status", "--format", "json"])
}

fn create(world: &World) -> Run {
    world.run_without_login(&[
        "token", "create", SANDBOX, "--format", "json", "-o", "token",
    ])
}

fn sessions(world: &World) -> Vec<PathBuf> {
    let files = world.files().into_iter();
    files
        .filter(|file| file.path.parent().unwrap().ends_with("sessions"))
        .map(|file| file.path)
        .collect()
}

fn count(world: &World, method: &str, end: &str) -> usize {
    let requests = world.vault.requests();
    let is_it =
        |r: &&vault_sandbox_simulator::RecordedRequest| r.method == method && r.path.ends_with(end);
    requests.iter().filter(is_it).count()
}

/// The kept session is in its file and nowhere else; the password is nowhere.
fn assert_hidden(world: &World, ran: &Ran) {
    for secret in world.credentials() {
        assert!(!secret.is_in(&ran.stdout), "{}", ran.printed());
        assert!(!secret.is_in(&ran.stderr), "{}", ran.said());
        for file in world.files() {
            let is_kept = file.path.parent().unwrap().ends_with("sessions");
            assert!(is_kept || !secret.is_in(&fs::read(&file.path).unwrap()));
        }
    }
}

#[test]
fn a_session_is_kept_used_and_ended() {
    let world = World::new();
    let ran = login(&world);
    assert_hidden(&world, &ran);
    assert_eq!(ran.json()["signed_in"], true);
    assert_eq!(ran.json()["user"]["name"], world.vault.user_name());
    let kept = sessions(&world);
    assert_eq!(kept.len(), 1, "one file and no temporary: {kept:?}");
    assert_eq!(kept[0].metadata().unwrap().mode() & 0o777, 0o600);
    let directory = kept[0].parent().unwrap().metadata().unwrap();
    assert_eq!(directory.mode() & 0o777, 0o700);

    let ran = status(&world).go();
    let json = ran.json();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(json["method"], "kept_session", "{json}");
    assert_eq!(json["vault"]["id"], world.vault.vault_id().to_string());
    assert!(json["ends_at_latest"].is_string(), "{json}");
    assert_hidden(&world, &ran);

    let ran = create(&world).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(count(&world, "POST", "/auth"), 1, "signed in once");

    let ran = world.run_without_login(&["auth", "logout"]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(sessions(&world).len(), 0);
    assert_eq!(count(&world, "DELETE", "/session"), 1);
    let ran = status(&world).go();
    assert_eq!(ran.code(), 4);
    assert_eq!(ran.json()["signed_in"], false);
    assert!(ran.said().contains("auth login"), "{}", ran.said());
    let ran = world.run_without_login(&["auth", "logout"]).go();
    assert_eq!(ran.code(), 0, "again does no harm: {}", ran.said());
}

#[test]
fn a_session_of_a_later_version_is_left_alone_until_somebody_signs_in() {
    let world = World::new();
    login(&world);
    let kept = sessions(&world).pop().unwrap();
    let known = fs::read_to_string(&kept).unwrap();
    let later = known.replace("session/1", "session/2");
    fs::write(&kept, &later).unwrap();
    for run in [status(&world), create(&world)] {
        let ran = run.go();
        assert_eq!(ran.code(), 3, "{}", ran.said());
        assert!(ran.said().contains("a newer version"), "{}", ran.said());
        assert!(ran.said().contains("auth login"), "{}", ran.said());
        assert_eq!(fs::read_to_string(&kept).unwrap(), later);
    }
    assert_eq!(count(&world, "POST", "/auth"), 1);
    let ran = login(&world);
    assert!(ran.said().contains("a newer version"), "{}", ran.said());
    assert!(ran.said().contains("It was replaced"), "{}", ran.said());
    assert_eq!(status(&world).go().code(), 0);

    // A field that a later version added is no reason.
    let known = fs::read_to_string(&kept).unwrap();
    let more = known.replacen('{', "{\"more\":1,", 1);
    fs::write(&kept, more).unwrap();
    let ran = status(&world).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    let ran = login(&world);
    assert!(!ran.said().contains("It was replaced"), "{}", ran.said());
}

#[test]
fn a_second_sign_in_ends_the_first() {
    let world = World::new();
    login(&world);
    login(&world);
    assert_eq!(sessions(&world).len(), 1);
    assert_eq!(count(&world, "DELETE", "/session"), 1);
    assert_eq!(status(&world).go().code(), 0);
}

#[test]
fn an_ended_session_says_what_to_type() {
    let world = World::new();
    login(&world);
    world.vault.expire_sessions();
    let ran = create(&world).go();
    assert_eq!(ran.code(), 4, "{}", ran.said());
    assert!(ran.said().contains("auth login"), "{}", ran.said());
    assert_eq!(world.creates().len(), 0);
    assert_eq!(status(&world).go().code(), 4);
}

#[test]
fn an_ended_session_is_renewed_by_the_profiles_command() {
    let world = World::new();
    login(&world);
    let before = fs::read(&sessions(&world)[0]).unwrap();
    let script = world.input(
        "script",
        format!(
            "test -z \"$VAULT_SANDBOX_TOKEN_FILE\" && echo '{}'",
            world.vault.password()
        )
        .as_bytes(),
    );
    let config = world.input(
        "config.toml",
        format!(
            "default_profile = 'p'\n[profile.p]\nuser = {:?}\npassword_command = ['sh', {script:?}]\n",
            world.vault.user_name()
        )
        .as_bytes(),
    );
    let ran = create(&world).arg("--config").arg(&config).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(count(&world, "POST", "/auth"), 1, "not needed yet");
    world.vault.expire_sessions();
    let ran = create(&world).arg("--config").arg(&config).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(count(&world, "POST", "/auth"), 2);
    assert_eq!(world.creates().len(), 2);
    assert_ne!(fs::read(&sessions(&world)[0]).unwrap(), before);
    let ran = create(&world).go();
    assert_eq!(ran.code(), 0, "the new one is kept: {}", ran.said());
    assert_hidden(&world, &ran);
}

#[test]
fn a_refused_password_is_tried_once() {
    let world = World::new();
    let config = world.input(
        "config.toml",
        format!(
            "[profile.p]\nuser = {:?}\npassword_command = ['echo', 'not the one']\n",
            world.vault.user_name()
        )
        .as_bytes(),
    );
    login(&world);
    world.vault.expire_sessions();
    let before = count(&world, "POST", "/auth");
    let ran = create(&world)
        .arg("--config")
        .arg(&config)
        .env("VAULT_SANDBOX_PROFILE", "p")
        .go();
    assert_eq!(ran.code(), 4, "{}", ran.said());
    assert_eq!(count(&world, "POST", "/auth"), before + 1);
    let wrong = world.input("wrong", b"not the one either");
    let args = ["auth", "login", "--password-file", &wrong];
    let ran = as_user(&world, world.vault.user_name(), &args).go();
    assert_eq!(ran.code(), 4, "{}", ran.said());
    assert_eq!(count(&world, "POST", "/auth"), before + 2);
}

#[test]
fn who_signs_in_elsewhere_is_told_how() {
    let world = World::new();
    let password = world.input("password", world.vault.password().as_bytes());
    for more in [&[][..], &["--password-file", &password]] {
        let args = [&["auth", "login"][..], more].concat();
        let ran = as_user(&world, "veeva.id@veepharm.com", &args).go();
        assert_eq!(ran.code(), 4, "{}", ran.said());
        for words in ["single sign-on", "--oauth-token-file", OAUTH_PROFILE] {
            assert!(ran.said().contains(words), "{}", ran.said());
        }
    }
    assert_eq!(count(&world, "POST", "/auth"), 0, "no password was sent");
    // Whom nobody can ask is told that, and what to do.
    let ran = as_user(&world, world.vault.user_name(), &["auth", "login"]).go();
    assert_eq!(ran.code(), 3, "{}", ran.said());
}

#[test]
fn an_identity_providers_token_is_exchanged() {
    let world = World::new();
    world.must_hide(OAUTH_TOKEN);
    let token = world.input("oauth", OAUTH_TOKEN.as_bytes());
    let args = ["auth", "login", "--oauth-token-file", &token];
    let ran = world.run_without_login(&args).go();
    assert_eq!(ran.code(), 3, "by which profile? {}", ran.said());
    let ran = world
        .run_without_login(&args)
        .arg("--oauth-profile")
        .arg(OAUTH_PROFILE)
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_hidden(&world, &ran);
    assert_eq!(
        status(&world)
            .arg("--user")
            .arg(world.vault.user_name())
            .go()
            .code(),
        0
    );

    let other = World::new();
    other.must_hide(OAUTH_TOKEN);
    let ran = create(&other)
        .env("VAULT_SANDBOX_OAUTH_TOKEN", OAUTH_TOKEN)
        .env("VAULT_SANDBOX_OAUTH_PROFILE", OAUTH_PROFILE)
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    other.vault.switches(|s| s.sign_in_lands_elsewhere = true);
    let ran = create(&other)
        .env("VAULT_SANDBOX_OAUTH_TOKEN", OAUTH_TOKEN)
        .env("VAULT_SANDBOX_OAUTH_PROFILE", OAUTH_PROFILE)
        .go();
    assert_eq!(ran.code(), 4, "{}", ran.said());
    assert_eq!(other.creates().len(), 1);
    assert_eq!(count(&other, "DELETE", "/session"), 1, "it was ended");
}

#[test]
fn the_order_of_sources() {
    let world = World::new();
    login(&world);
    let method = |run: Run| {
        let ran = run.go();
        assert_eq!(ran.code(), 0, "{}", ran.said());
        ran.json()["method"].as_str().unwrap().to_owned()
    };
    assert_eq!(method(status(&world)), "kept_session");
    let with_variable = || {
        status(&world)
            .env("VAULT_SANDBOX_USER", world.vault.user_name())
            .env("VAULT_SANDBOX_PASSWORD", world.vault.password())
    };
    assert_eq!(method(with_variable()), "password");
    assert_eq!(
        count(&world, "DELETE", "/session"),
        1,
        "opened for this alone"
    );
    let session = world.input("session", world.vault.session().as_bytes());
    let by_flag = with_variable().arg("--session-file").arg(&session);
    assert_eq!(method(by_flag), "session_id");
    // Two of a rank.
    let twice = status(&world)
        .arg("--session-file")
        .arg(&session)
        .arg("--oauth-token-file")
        .arg(&session);
    assert_eq!(twice.go().code(), 3);
    // Another user's session is not used.
    let other = status(&world).arg("--user").arg("vault.owner@veepharm.com");
    assert_eq!(other.go().code(), 4);
    // Nothing of all this is for a simulated Vault.
    let ran = status(&world).arg("--simulate").go();
    assert_eq!(ran.json()["simulated"], true, "{}", ran.said());
    assert_eq!(ran.json()["method"], "password");
}

#[test]
fn a_kept_session_that_cannot_be_trusted_is_not_used() {
    for spoil in [
        (|path| fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap())
            as fn(&PathBuf),
        |path| fs::write(path, "{}").unwrap(),
        |path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.replace("127.0.0.1", "127.0.0.2")).unwrap();
        },
    ] {
        let world = World::new();
        login(&world);
        spoil(&sessions(&world)[0]);
        let ran = create(&world).go();
        assert_eq!(ran.code(), 3, "{}", ran.said());
        assert!(ran.said().contains("auth logout"), "{}", ran.said());
        assert_eq!(world.creates().len(), 0);
        let ran = world.run_without_login(&["auth", "logout"]).go();
        assert_eq!(ran.code(), 0, "{}", ran.said());
        assert_eq!(sessions(&world).len(), 0);
    }
}

/// As it is left by a sign-in that is killed before its rename.
#[test]
fn logout_takes_along_a_session_that_was_not_in_its_place_yet() {
    let world = World::new();
    login(&world);
    let kept = &sessions(&world)[0];
    let name = kept.file_name().unwrap().to_str().unwrap();
    let left = kept.with_file_name(format!(".{name}.0123456789abcdef.tmp"));
    fs::rename(kept, &left).unwrap();
    let ran = world.run_without_login(&["auth", "logout"]).go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert!(ran.said().contains("cut off"), "{}", ran.said());
    assert!(!left.exists());
    let ran = world.run_without_login(&["auth", "logout"]).go();
    assert!(!ran.said().contains("cut off"), "{}", ran.said());
}

#[test]
fn logout_deletes_whatever_vault_says() {
    let world = World::new();
    login(&world);
    world.fault(Fault::new(Effect::CloseBefore).on(Endpoint::EndSession));
    let ran = world
        .run_without_login(&["auth", "logout", "--format", "json"])
        .go();
    assert_eq!(ran.code(), 0, "{}", ran.said());
    assert_eq!(sessions(&world).len(), 0);
    let warnings = ran.json()["warnings"].to_string();
    assert!(warnings.contains("lives at Vault"), "{warnings}");
}

#[test]
fn a_session_that_cannot_be_kept_is_not_opened() {
    let world = World::new();
    fs::write(world.work("file"), "").unwrap();
    let ran = login_run(&world)
        .arg("--state-dir")
        .arg(world.work("file"))
        .go();
    assert_eq!(ran.code(), 10, "{}", ran.said());
    assert_eq!(count(&world, "POST", "/auth"), 0);
}

#[test]
fn a_token_needs_no_sign_in() {
    let world = World::new();
    let session = world.input("session", world.vault.session().as_bytes());
    let args = ["auth", "login", "--session-file", &session];
    let ran = world.run_without_login(&args).go();
    assert_eq!(ran.code(), 3, "{}", ran.said());
    assert_eq!(world.vault.requests().len(), 0);
}
