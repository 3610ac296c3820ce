//! A call of Vault's API that the core does not cover, added from outside with no more than the
//! public items.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub
)]

#[path = "../../examples/hyper_transport/transport.rs"]
mod hyper_transport;
mod over_every_transport;
#[path = "../../examples/ureq_transport/transport.rs"]
mod ureq_transport;

use serde::{Deserialize, Serialize};
use vault_sandbox_core::endpoints::KeepAlive;
use vault_sandbox_core::redact::Scrubber;
use vault_sandbox_core::{
    Answer, ApiPath, Caller, Client, Endpoint, Error, Form, Method, Payload, ProtocolProblem,
    Repeat, TransportError, TransportErrorKind, ValidationError,
};
use vault_sandbox_tests::{Script, block_on, vault};

/// `POST /api/{version}/objects/sandbox/{vault_id}/actions/refresh`, answered with a job.
struct RefreshFromSnapshot<'a> {
    vault_id: &'a str,
    snapshot: &'a str,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Job {
    job_id: u64,
    url: String,
}

impl Endpoint for RefreshFromSnapshot<'_> {
    type Output = Job;
    const NAME: &'static str = "refresh_from_snapshot";
    const METHOD: Method = Method::POST;
    const REPEAT: Repeat = Repeat::Once;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        let path = ApiPath::versioned()
            .literal("objects/sandbox")
            .segment(self.vault_id)?;
        Ok(path.literal("actions/refresh"))
    }

    fn payload(&self) -> Payload {
        Payload::form(Form::new().field("source_snapshot", self.snapshot))
    }

    fn read(answer: &Answer<'_>) -> Result<Job, ProtocolProblem> {
        answer.whole()
    }

    fn scrub(job: &mut Job, scrubber: &Scrubber) {
        job.url = scrubber.scrub(&job.url).into_owned();
    }
}

/// `POST /api/{version}/objects/sandbox/batch/changesize`: a JSON list, and no value in the answer.
struct ChangeSize(Vec<Size>);

#[derive(Serialize)]
struct Size {
    name: &'static str,
    size: &'static str,
}

impl Endpoint for ChangeSize {
    type Output = ();
    const NAME: &'static str = "change_size";
    const METHOD: Method = Method::POST;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::versioned()
            .literal("objects/sandbox/batch/changesize")
            .query("x", "a b&c"))
    }

    fn payload(&self) -> Payload {
        Payload::json(&self.0)
    }

    fn read(_answer: &Answer<'_>) -> Result<(), ProtocolProblem> {
        Ok(())
    }
}

/// A body of another kind, for nobody in particular.
struct Upload;

impl Endpoint for Upload {
    type Output = String;
    const NAME: &'static str = "upload";
    const METHOD: Method = Method::PUT;
    const REPEAT: Repeat = Repeat::Safe;

    fn path(&self) -> Result<ApiPath, ValidationError> {
        Ok(ApiPath::root().literal("upload"))
    }

    fn payload(&self) -> Payload {
        Payload::raw("text/csv", "id\nV8T1\n")
    }

    fn caller(&self) -> Caller<'_> {
        Caller::Anonymous
    }

    fn read(answer: &Answer<'_>) -> Result<String, ProtocolProblem> {
        answer.data()
    }

    fn salvage(body: &[u8]) -> Option<String> {
        body.ends_with(b"whole").then(|| "salvaged".to_owned())
    }
}

fn refresh() -> RefreshFromSnapshot<'static> {
    RefreshFromSnapshot {
        vault_id: "1000700",
        snapshot: "base line__c",
    }
}

#[test]
fn it_is_sent_and_read_as_its_own_code_says() {
    let script = Script::once(
        200,
        r#"{"responseStatus":"SUCCESS","job_id":70701,"url":"/api/v26.2/services/jobs/70701?SID-0123ABCD"}"#,
    );
    let reply = block_on(Client::new(&script, vault()).call(&refresh())).unwrap();
    // The same care for the credential as for the core's own.
    let url = "/api/v26.2/services/jobs/70701?[hidden]".to_owned();
    assert_eq!(reply.value, Job { job_id: 70701, url });
    assert_eq!(
        script.requests(),
        [
            "POST https://veepharm.veevavault.com/api/v26.2/objects/sandbox/1000700/actions/refresh\n\
          accept: application/json\n\
          authorization: SID-0123ABCD\n\
          content-type: application/x-www-form-urlencoded\n\
          \n\
          source_snapshot=base+line__c"
        ]
    );
}

#[test]
fn json_queries_and_other_bodies() {
    let script = Script::once(
        200,
        r#"{"responseStatus":"SUCCESS","responseMessage":null}"#,
    );
    let sizes = ChangeSize(vec![Size {
        name: "VeePharm Sandbox",
        size: "Very Large",
    }]);
    Client::new(&script, vault()).call_blocking(&sizes).unwrap();
    assert_eq!(
        script.requests(),
        [
            "POST https://veepharm.veevavault.com/api/v26.2/objects/sandbox/batch/changesize?x=a%20b%26c\n\
          accept: application/json\n\
          authorization: SID-0123ABCD\n\
          content-type: application/json\n\
          \n\
          [{\"name\":\"VeePharm Sandbox\",\"size\":\"Very Large\"}]"
        ]
    );
    let script = Script::once(200, r#"{"responseStatus":"SUCCESS","data":"done"}"#);
    assert_eq!(
        Client::new(&script, vault())
            .call_blocking(&Upload)
            .unwrap()
            .value,
        "done"
    );
    assert_eq!(
        script.requests(),
        ["PUT https://veepharm.veevavault.com/upload\n\
          accept: application/json\n\
          content-type: text/csv\n\
          \n\
          id\nV8T1\n"]
    );
}

#[test]
fn it_fails_as_the_cores_own_do() {
    let call = |body: &'static str| {
        Client::new(Script::once(200, body), vault())
            .call_blocking(&refresh())
            .unwrap_err()
    };
    assert_eq!(
        call(r#"{"responseStatus":"FAILURE","errors":[{"type":"INVALID_DATA","message":"no"}]}"#)
            .to_string(),
        "refresh_from_snapshot: Vault answered FAILURE: INVALID_DATA: no"
    );
    assert_eq!(
        call(r#"{"responseStatus":"SUCCESS","job_id":70701}"#).to_string(),
        "refresh_from_snapshot: the answer has no url (HTTP 200)"
    );
    // What was found instead of a number is not quoted.
    let error = call(r#"{"responseStatus":"SUCCESS","job_id":"CANARY","url":""}"#);
    assert!(!format!("{error} {error:?}").contains("CANARY"));
    assert!(error.to_string().contains("documented form"), "{error}");

    let nowhere = RefreshFromSnapshot {
        vault_id: "..",
        snapshot: "",
    };
    let error = Client::new(Script::default(), vault())
        .call_blocking(&nowhere)
        .unwrap_err();
    assert!(matches!(error, Error::Validation(_)));
}

#[test]
fn a_payload_that_is_no_json_is_refused_before_anything_is_sent() {
    struct Unwritable;
    impl Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    struct Odd;
    impl Endpoint for Odd {
        type Output = ();
        const NAME: &'static str = "odd";
        const METHOD: Method = Method::POST;
        const REPEAT: Repeat = Repeat::Safe;
        fn path(&self) -> Result<ApiPath, ValidationError> {
            Ok(ApiPath::root().literal("odd"))
        }
        fn payload(&self) -> Payload {
            Payload::json(&Unwritable)
        }
        fn read(_answer: &Answer<'_>) -> Result<(), ProtocolProblem> {
            Ok(())
        }
    }
    let script = Script::default();
    let error = Client::new(&script, vault())
        .call_blocking(&Odd)
        .unwrap_err();
    assert_eq!(error.to_string(), "payload is no JSON: no");
    assert!(script.requests().is_empty());
}

#[test]
fn what_is_salvaged_is_its_own_decision() {
    let cut = |body: &'static str| {
        TransportError::without_cause(TransportErrorKind::Interrupted)
            .with_partial(vault_sandbox_tests::answer(200, body))
    };
    let script = Script::new([Err(cut("…whole")), Err(cut("…who")), Err(cut("…whole"))]);
    let client = Client::new(script, vault());
    let reply = client.call_blocking(&Upload).unwrap();
    assert_eq!(
        (reply.value.as_str(), reply.warnings.len()),
        ("salvaged", 1)
    );
    assert!(client.call_blocking(&Upload).is_err());
    assert!(client.call_blocking(&KeepAlive::new()).is_err());
}
