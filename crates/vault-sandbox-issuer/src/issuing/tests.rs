//! Whole issuances, over scripted transports.

use std::path::{Path, PathBuf};

use futures_util::poll;
use tempfile::TempDir;
use tokio::sync::Notify;
use vault_sandbox_core::endpoints::IssuedToken;
use vault_sandbox_core::issuance::{DeliveryState, Intent, NotIssued, Verification};
use vault_sandbox_core::testkit::{NeverAnswers, Scripted, answer, from_async_fn};
use vault_sandbox_core::{
    AccessToken, Expiry, HttpResponse, HttpTransport, OperationId, SessionId, TransportError,
    TransportErrorKind,
};

use super::*;
use crate::access::Credential;
use crate::destinations::{Destination, DestinationError, Report};
use crate::state::{OpenedRecord, State};
use crate::stop::{StopRequest, Stopper};

const VALUE: &str = "veeva-vault-0c0ffee0example";
const ISSUED: &str = r#"{"responseStatus":"SUCCESS","data":{"id":"V8T000000009001","token__sys":"veeva-vault-0c0ffee0example"}}"#;
const FOUND: &str = r#"{"responseStatus":"SUCCESS","responseDetails":{"pagesize":1000,"pageoffset":0,"size":1,"total":1},"data":[{"id":"V8T000000009001","name__v":"ci","status__v":["active__v"],"expiry_date__sys":null}]}"#;
const NONE: &str = r#"{"responseStatus":"SUCCESS","responseDetails":{"pagesize":1000,"pageoffset":0,"size":0,"total":0},"data":[]}"#;

/// An operation with a state directory, a file to deliver to, and somebody who hears of everything.
struct Bench {
    directory: TempDir,
    state: State,
    stopper: Stopper,
    heard: Arc<Heard>,
}

/// Hears what is told, in a word each.
#[derive(Default)]
struct Heard(Mutex<Vec<&'static str>>);

impl Heard {
    fn words(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Heard {
    fn notice(&self, notice: Notice<'_>) {
        self.0.lock().unwrap().push(match notice {
            Notice::Secret(_) => "secret",
            Notice::Exchange(_) => return,
            Notice::ValueArrived { .. } => "arrived",
            Notice::LookingUp(_) => "looking up",
            Notice::WaitingForAnswer => "waiting",
            _ => "something else",
        });
    }
}

impl Handover for Heard {
    fn before_first(&self, _: &AccessToken) -> Option<String> {
        self.0.lock().unwrap().push("before the first");
        Some("in words".to_owned())
    }

    fn after(&self, report: &Report) {
        assert_eq!(report.outcome, Outcome::Issued);
        self.0.lock().unwrap().push("after one");
    }
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            state: State::at(directory.path().join("state")),
            directory,
            stopper: Stopper::new(),
            heard: Arc::default(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("token")
    }

    fn intent(destination: &str) -> Intent {
        Intent::new(
            operation(),
            "2026-11-23T18:04:11Z".parse().unwrap(),
            "veepharm.veevavault.com".parse().unwrap(),
            "VeePharm Sandbox".parse().unwrap(),
            "ci".parse().unwrap(),
            Expiry::never(),
        )
        .sandbox_dns(Some(sandbox()))
        .destinations([destination])
    }

    fn driver(&self, transport: impl HttpTransport + 'static) -> Driver {
        let session = Credential::Session(SessionId::parse("0123ABCD").unwrap());
        let access = Access::to("veepharm.veevavault.com".parse().unwrap(), session)
            .observer(Arc::clone(&self.heard) as Arc<dyn Observer>)
            .over(transport);
        let record = self.state.pending().reserve(operation()).unwrap();
        let destinations = Destinations::standard()
            .with("panics", |_| Ok(Box::new(Panics) as Box<dyn Destination>));
        Driver::new(access, self.stopper.stop(), record, destinations)
            .sandbox(Some(sandbox()))
            .ledger(Some(self.state.ledger()))
            .handover(Arc::clone(&self.heard) as Arc<dyn Handover>)
    }

    async fn run(&self, transport: impl HttpTransport + 'static, destination: &str) -> Ended {
        let issuance = Issuance::new(Self::intent(destination));
        self.driver(transport).run(issuance).await
    }

    async fn run_to_file(&self, transport: impl HttpTransport + 'static) -> Ended {
        self.run(transport, &format!("file:{}", self.path().display()))
            .await
    }

    /// The value that is on record. `None`: there is no record, or none in it.
    fn kept(&self) -> Option<String> {
        match self.state.pending().open(operation()).unwrap()? {
            OpenedRecord::Open(record, _) => Some(record.token?.value().expose().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    fn has_record(&self) -> bool {
        self.state.pending().operations().unwrap() == [operation()]
    }
}

/// A destination with a mistake in it.
struct Panics;

impl Destination for Panics {
    fn reserve(&self) -> BoxFuture<'_, Result<Box<dyn Reserved>, DestinationError>> {
        Box::pin(async { Ok(Box::new(Self) as Box<dyn Reserved>) })
    }
}

impl Reserved for Panics {
    fn commit<'a>(
        self: Box<Self>,
        _: &'a IssuedToken,
        _: &'a Report,
    ) -> BoxFuture<'a, Result<(), DestinationError>> {
        panic!("a mistake, made in a test")
    }
}

fn operation() -> OperationId {
    OperationId::from_bytes([0, 0, 0, 1])
}

fn sandbox() -> VaultDns {
    "veepharm-sandbox.veevavault.com".parse().unwrap()
}

fn lost<T>() -> Result<T, TransportError> {
    let kind = TransportErrorKind::Interrupted;
    Err(TransportError::without_cause(kind))
}

fn script<const N: usize>(answers: [Result<&str, TransportError>; N]) -> Scripted {
    let answers = answers.map(|one| one.map(|body| answer(200, body.to_owned())));
    Scripted::new(answers)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn a_token_is_delivered_tried_out_and_written_down() {
    let bench = Bench::new();
    let ended = bench.run_to_file(script([Ok(ISSUED), Ok(FOUND)])).await;
    assert_eq!(ended.outcome, Outcome::Issued);
    let confirmed = Verification::Confirmed { expiry: None };
    assert_eq!(ended.issuance.verification(), Some(&confirmed));
    assert_eq!(read(&bench.path()).trim_end(), VALUE);
    assert!(!bench.has_record());
    let ledger = read(bench.state.ledger().path());
    assert!(ledger.contains("V8T000000009001"), "{ledger}");
    assert!(!ledger.contains(VALUE), "{ledger}");
    let Progress {
        remarks, delivered, ..
    } = &ended.progress;
    assert!(matches!(&remarks[..], [said] if matches!(&**said, Remark::Handover(_))));
    assert_eq!(delivered.iter().collect::<Vec<_>>(), [&0]);
    assert_eq!(
        bench.heard.words(),
        ["secret", "arrived", "before the first", "after one"]
    );
}

#[tokio::test]
async fn what_is_not_delivered_is_kept() {
    let bench = Bench::new();
    let nowhere = bench.directory.path().join("nowhere/token");
    let nowhere = format!("file:{}", nowhere.display());
    for (destination, is_opened) in [(nowhere.as_str(), false), ("panics:always", true)] {
        let ended = bench
            .run(script([Ok(ISSUED), Ok(FOUND)]), destination)
            .await;
        assert_eq!(ended.outcome, Outcome::Undelivered);
        let [delivery] = ended.issuance.deliveries() else {
            panic!("{:?}", ended.issuance);
        };
        assert_eq!(delivery.state, DeliveryState::Failed);
        match &*ended.progress.failures[&0] {
            NotDelivered::NotOpened(_) => assert!(!is_opened),
            NotDelivered::Panicked => assert!(is_opened),
            other => panic!("{other:?}"),
        }
        assert!(ended.progress.delivered.is_empty());
        assert_eq!(bench.kept().as_deref(), Some(VALUE));
        assert!(bench.state.ledger().path().symlink_metadata().is_err());
        bench.state.pending().discard(operation()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_it_unknown() {
    let bench = Bench::new();
    let ended = bench.run_to_file(script([lost(), Ok(NONE), lost()])).await;
    assert_eq!(ended.outcome, Outcome::Unknown);
    assert!(ended.progress.call.is_some());
    assert!(bench.has_record(), "whoever goes on looks again");
    assert_eq!(bench.kept(), None);
    assert!(bench.path().symlink_metadata().is_err());
    assert_eq!(bench.heard.words(), ["looking up"]);
}

#[tokio::test]
async fn where_the_sandbox_is_not_known_that_is_a_remark() {
    let bench = Bench::new();
    let destination = format!("file:{}", bench.path().display());
    let driver = bench.driver(script([lost()])).sandbox(None);
    let ended = driver.run(Issuance::new(Bench::intent(&destination))).await;
    assert_eq!(ended.outcome, Outcome::Unknown);
    let remarks = ended.progress.remarks;
    let nowhere = |remark: &Remark| matches!(remark, Remark::NotLookedUp(NotLooked::NowhereToLook));
    assert!(
        matches!(&*remarks, [remark] if nowhere(remark)),
        "{remarks:?}"
    );
}

#[tokio::test]
async fn before_anything_is_sent_it_can_be_stopped() {
    let bench = Bench::new();
    let driver = bench.driver(script([]));
    bench.stopper.ask(StopRequest::Terminate);
    let ended = driver.run(Issuance::new(Bench::intent("file:x"))).await;
    assert_eq!(ended.outcome, Outcome::NotIssued(NotIssued::Stopped));
    assert_eq!(ended.progress.stopped, Some(StopRequest::Terminate));
    assert!(!bench.has_record());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_given_up_leaves_it_unknown() {
    let bench = Bench::new();
    let run = tokio::spawn(
        bench
            .driver(NeverAnswers)
            .run(Issuance::new(Bench::intent("file:x"))),
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.stopper.ask(StopRequest::Interrupt);
    bench.stopper.ask(StopRequest::Interrupt);
    let ended = run.await.unwrap();
    assert_eq!(ended.outcome, Outcome::Unknown);
    assert_eq!(bench.heard.words(), ["waiting"]);
    assert!(bench.has_record());
}

#[tokio::test]
async fn an_answer_is_kept_although_nobody_waits_for_it_any_more() {
    let bench = Bench::new();
    let (asked, may_answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let transport = {
        let (asked, may_answer) = (Arc::clone(&asked), Arc::clone(&may_answer));
        from_async_fn(move |_| {
            let (asked, may_answer) = (Arc::clone(&asked), Arc::clone(&may_answer));
            async move {
                asked.notify_one();
                may_answer.notified().await;
                Ok::<HttpResponse, TransportError>(answer(200, ISSUED))
            }
        })
    };
    let mut run = Box::pin(bench.run_to_file(transport));
    let mut asked = Box::pin(asked.notified());
    while poll!(asked.as_mut()).is_pending() {
        assert!(poll!(run.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    drop(run);
    let open = || bench.state.pending().open(operation()).unwrap();
    assert!(matches!(open(), Some(OpenedRecord::UnderWay)));
    may_answer.notify_one();
    while matches!(open(), Some(OpenedRecord::UnderWay)) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(bench.kept().as_deref(), Some(VALUE));
    assert!(bench.path().symlink_metadata().is_err());
    assert_eq!(bench.heard.words(), ["secret"]);
}
