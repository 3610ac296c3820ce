//! Destinations as a driver uses them.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::issuance::{Intent, Issuance, Outcome};
use vault_sandbox_core::{AccessToken, Expiry, OperationId};
use vault_sandbox_issuer::destinations::{
    DestinationError, Destinations, Place, Reason, Report, check_all, reserve_all, sweep_all,
};

/// Where the second process of one test writes, if this is it.
const PLACE: &str = "VAULT_SANDBOX_TEST_ENV_FILE";
/// A file of another user's, if this is the process that cannot give it back.
const NOT_OURS: &str = "VAULT_SANDBOX_TEST_NOT_OURS";
const ROUNDS: usize = 150;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn place(text: &str) -> Place {
    Destinations::standard().parse(text).unwrap()
}

fn value(text: &str) -> AccessToken {
    AccessToken::parse(text).unwrap()
}

async fn deliver(place: &Place, text: &str) -> Result<(), DestinationError> {
    let intent = Intent::new(
        OperationId::from_bytes([0, 0, 0, 1]),
        "2026-11-23T18:04:11Z".parse().unwrap(),
        "veepharm.veevavault.com".parse().unwrap(),
        "VeePharm Sandbox".parse().unwrap(),
        "ci".parse().unwrap(),
        Expiry::never(),
    );
    let report = Report::new(Issuance::new(intent), Outcome::Issued, 0);
    let token = IssuedToken::new(None, value(text));
    let mut reserved = reserve_all(std::slice::from_ref(place)).await?;
    reserved.remove(0).commit(&token, &report).await
}

/// Sets a variable of its own again and again; what it has set once stays set.
async fn set_many(path: &Path, variable: &str) {
    let place = place(&format!("env-file:{}#{variable}", path.display()));
    let text = |round| format!("veeva-vault-FAKE{variable}{round}");
    for round in 0..ROUNDS {
        if let Some(before) = round.checked_sub(1) {
            let there = place.destination().holds(&value(&text(before))).await;
            assert_eq!(there, Some(true), "{variable}: one is lost");
        }
        deliver(&place, &text(round)).await.unwrap();
    }
}

/// Two variables of one file each, at once, in two processes.
#[test]
fn no_variable_is_lost_between_processes_and_threads() {
    let two = |path: &Path, names: [&str; 2]| {
        thread::scope(|scope| {
            for name in names {
                scope.spawn(move || block_on(set_many(path, name)));
            }
        });
    };
    if let Some(path) = std::env::var_os(PLACE) {
        return two(Path::new(&path), ["C", "D"]);
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    fs::write(&path, "# mine\n").unwrap();
    let mut other = Command::new(std::env::current_exe().unwrap())
        .arg("no_variable_is_lost_between_processes_and_threads")
        .env(PLACE, &path)
        .spawn()
        .unwrap();
    two(&path, ["A", "B"]);
    assert!(other.wait().unwrap().success());
    let content = fs::read_to_string(&path).unwrap();
    assert!(content.starts_with("# mine\n"));
    for variable in ["A", "B", "C", "D"] {
        let last = format!("{variable}=veeva-vault-FAKE{variable}{}\n", ROUNDS - 1);
        assert!(content.contains(&last), "{content}");
    }
    assert_eq!(content.lines().count(), 5, "{content}");
    let left = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 1, "no lock, no temporary");
}

#[test]
fn a_file_holds_the_value_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let file = Place::file(&path);
    block_on(async {
        assert!(file.destination().is_vacant().await);
        deliver(&file, "veeva-vault-FAKE1").await.unwrap();
        deliver(&file, "veeva-vault-FAKE2").await.unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"veeva-vault-FAKE2");
        let there = file.destination().read().await.unwrap().unwrap();
        assert_eq!(there.expose(), "veeva-vault-FAKE2");
        let holds = |text| {
            let value = value(text);
            let file = file.clone();
            async move { file.destination().holds(&value).await }
        };
        assert_eq!(holds("veeva-vault-FAKE2").await, Some(true));
        assert_eq!(holds("veeva-vault-FAKE1").await, Some(false));
        // Some other secret, which must not be sent anywhere.
        fs::write(&path, "hunter2").unwrap();
        let error = file.destination().read().await.unwrap_err();
        assert!(matches!(error.reason(), Reason::NoTokenLook), "{error}");
        // A link is not followed, wherever it leads.
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(file.destination().read().await.is_err());
        assert_eq!(holds("veeva-vault-FAKE2").await, Some(false));
        assert!(deliver(&file, "veeva-vault-FAKE3").await.is_err());
    });
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

/// Only root may give files away: another user is told so before a token is asked for.
#[test]
fn a_file_that_cannot_be_given_back_is_refused_beforehand() {
    if let Some(path) = std::env::var_os(NOT_OURS) {
        let place = place(&format!("env-file:{}#A", Path::new(&path).display()));
        let places = std::slice::from_ref(&place);
        block_on(async {
            for error in [
                check_all(places).await.unwrap_err(),
                reserve_all(places).await.map(drop).unwrap_err(),
            ] {
                assert!(matches!(error.reason(), Reason::Ownership(_)), "{error}");
            }
        });
        return;
    }
    // Nobody else can make a file that is not theirs.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".env");
    fs::write(&path, "A=1\n").unwrap();
    std::os::unix::fs::chown(directory.path(), Some(65534), Some(65534)).unwrap();
    let other = Command::new(std::env::current_exe().unwrap())
        .arg("a_file_that_cannot_be_given_back_is_refused_beforehand")
        .env(NOT_OURS, &path)
        .uid(65534)
        .gid(65534)
        .status();
    match other {
        Ok(status) => assert!(status.success()),
        // The test itself lies where only root may go.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "A=1\n");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn two_that_are_one_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().display();
    let refused = |one: String, other: String| {
        let places = [place(&one), place(&other)];
        block_on(async {
            for error in [
                check_all(&places).await.unwrap_err(),
                reserve_all(&places).await.map(drop).unwrap_err(),
            ] {
                assert!(matches!(error.reason(), Reason::NamedTwice), "{error}");
                assert_eq!(error.destination(), other);
            }
        });
    };
    refused(format!("file:{path}/a"), format!("file:{path}/./a"));
    refused(format!("file:{path}/a"), format!("env-file:{path}/a#A"));
    refused("exec:/bin/cat".to_owned(), "exec:/bin/cat".to_owned());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn what_a_kill_left_is_swept_and_what_is_in_use_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let file = Place::file(directory.path().join("token"));
    let left = directory.path().join(".token.0123456789abcdef.tmp");
    fs::write(&left, "veeva-vault-FAKE1").unwrap();
    fs::write(directory.path().join(".token.tmp"), "not ours").unwrap();
    let reserved = block_on(reserve_all(std::slice::from_ref(&file))).unwrap();
    sweep_all([&file]);
    assert!(!left.exists());
    let there = || fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(there(), 2);
    drop(reserved);
    assert_eq!(there(), 1);
}
