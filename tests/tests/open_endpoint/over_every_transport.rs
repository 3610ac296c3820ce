//! Two calls that the core does not cover, building a sandbox and asking after it, through every
//! transport, to a Vault that shares no code with any of them.

use std::time::Duration;

use serde::Deserialize;
use vault_sandbox_core::endpoints::SignIn;
use vault_sandbox_core::redact::Scrubber;
use vault_sandbox_core::{
    Answer, ApiPath, BlockingHttpTransport, Client, Endpoint, Form, HttpTransport, Method,
    Password, Payload, ProtocolProblem, Repeat, ValidationError, Vault, VaultErrorKind,
};
use vault_sandbox_reqwest::{BlockingReqwestTransport, ReqwestTransport};
use vault_sandbox_simulator::Simulator;

use crate::hyper_transport::HyperTransport;
use crate::ureq_transport::UreqTransport;

const TIME: Duration = Duration::from_secs(60);
const BODY: usize = 1024 * 1024;

/// `POST /api/{version}/objects/sandbox`, answered with a job.
struct BuildSandbox {
    name: &'static str,
    size: &'static str,
}

#[derive(Debug, Deserialize)]
struct Started {
    job_id: u64,
}

impl Endpoint for BuildSandbox {
    type Output = Started;
    const NAME: &'static str = "build_sandbox";
    const METHOD: Method = Method::POST;
    const REPEAT: Repeat = Repeat::Once;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned().literal("objects/sandbox"))
    }

    fn payload(&self) -> Payload {
        let form = Form::new().field("name", self.name);
        let form = form.field("domain", "veepharm-sbx.com");
        Payload::form(form.field("size", self.size))
    }

    fn read(answer: &Answer<'_>) -> Result<Started, ProtocolProblem> {
        answer.whole()
    }
}

/// `GET /api/{version}/services/jobs/{job_id}`.
struct JobStatus(u64);

#[derive(Debug, Deserialize)]
struct Job {
    id: u64,
    status: String,
}

impl Endpoint for JobStatus {
    type Output = Job;
    const NAME: &'static str = "job_status";
    const METHOD: Method = Method::GET;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        ApiPath::versioned()
            .literal("services/jobs")
            .segment(&self.0.to_string())
    }

    fn payload(&self) -> Payload {
        Payload::empty()
    }

    fn read(answer: &Answer<'_>) -> Result<Job, ProtocolProblem> {
        answer.data()
    }

    fn scrub(job: &mut Job, scrubber: &Scrubber) {
        job.status = scrubber.scrub(&job.status).into_owned();
    }
}

fn parent(simulated: &Simulator) -> Vault {
    Vault::new(format!("http://{}", simulated.dns()).parse().unwrap())
}

fn sign_in(simulated: &Simulator) -> SignIn {
    SignIn::new(
        "vault.owner@veepharm.com".parse().unwrap(),
        Password::parse(simulated.password()).unwrap(),
    )
}

const NEW: BuildSandbox = BuildSandbox {
    name: "Q&A 50% / Ünïcode #2",
    size: "Small",
};
const WRONG: BuildSandbox = BuildSandbox {
    name: "x",
    size: "Huge",
};

async fn calls(transport: impl HttpTransport) {
    let simulated = Simulator::start().unwrap();
    let client = Client::new(transport, parent(&simulated));
    let session = client.call(&sign_in(&simulated)).await.unwrap().value;
    let client = client.authorized(session.session_id);

    let job = client.call(&NEW).await.unwrap().value.job_id;
    let found = client.call(&JobStatus(job)).await.unwrap();
    assert_eq!(
        (found.value.id, found.value.status.as_str()),
        (job, "QUEUED")
    );
    assert!(found.facts.burst_remaining.is_some());
    let error = client.call(&WRONG).await.unwrap_err();
    assert_eq!(error.vault_kind(), Some(&VaultErrorKind::InvalidData));
    assert!(!error.may_have_been_applied());
}

fn calls_without_futures(transport: impl BlockingHttpTransport) {
    let simulated = Simulator::start().unwrap();
    let client = Client::new(transport, parent(&simulated));
    let session = client.call_blocking(&sign_in(&simulated)).unwrap().value;
    let client = client.authorized(session.session_id);

    let job = client.call_blocking(&NEW).unwrap().value.job_id;
    let found = client.call_blocking(&JobStatus(job)).unwrap();
    assert_eq!(
        (found.value.id, found.value.status.as_str()),
        (job, "QUEUED")
    );
    assert!(found.facts.burst_remaining.is_some());
    let error = client.call_blocking(&WRONG).unwrap_err();
    assert_eq!(error.vault_kind(), Some(&VaultErrorKind::InvalidData));
    assert!(!error.may_have_been_applied());
}

#[tokio::test]
async fn over_reqwest() {
    calls(ReqwestTransport::new().unwrap()).await;
}

#[test]
fn over_reqwest_without_futures() {
    calls_without_futures(BlockingReqwestTransport::new().unwrap());
}

#[test]
fn over_ureq() {
    calls_without_futures(UreqTransport::new(TIME, BODY));
}

#[tokio::test]
async fn over_hyper() {
    calls(HyperTransport::new(TIME, BODY).unwrap()).await;
}
