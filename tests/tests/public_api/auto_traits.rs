//! What the types promise the compiler: all of it is checked by compiling this file.

use std::any::type_name;
use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::hash::Hash;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;
use vault_sandbox_core::endpoints::*;
use vault_sandbox_core::issuance::*;
use vault_sandbox_core::ledger::{Contents, Line, ListedToken, ToReplace};
use vault_sandbox_core::pace::Pace;
use vault_sandbox_core::redact::Scrubber;
use vault_sandbox_core::retry::{Decision, Policy};
use vault_sandbox_core::selection::{LeftOut, Selected, WhyLeftOut};
use vault_sandbox_core::testkit::{
    Conformance, Finding, FromAsyncFn, FromFn, NeverAnswers, Recorded, Recorder, Report, Scripted,
};
use vault_sandbox_core::*;
use vault_sandbox_issuer::{
    access, aside, child, destinations, issuing, observer, pauses, platform, removal, state, stop,
    try_out,
};
use vault_sandbox_reqwest as reqwest;
use vault_sandbox_simulator as simulator;
use vault_sandbox_tests::{Script, has_not};

use crate::rustdoc::LIBRARIES;

macro_rules! has {
    ($($bound:path: $($type:ty),+;)+) => {$($(
        const _: fn() = || {
            fn needs<T: $bound>() {}
            needs::<$type>();
        };
    )+)+

    /// What was asserted: the bound, and the full path of the type by its definition.
    fn asserted() -> BTreeSet<(&'static str, &'static str)> {
        let without_arguments = |name: &'static str| name.split('<').next().unwrap();
        BTreeSet::from([$($(
            (stringify!($bound), without_arguments(type_name::<$type>())),
        )+)+])
    }};
}

trait Movable: Debug + Send + Sync + Unpin + 'static {}
impl<T: Debug + Send + Sync + Unpin + 'static> Movable for T {}

trait Fault: Movable + StdError {}
impl<T: Movable + StdError> Fault for T {}

has! {
    Movable:
        // types
        VaultDns, ApiVersion, SandboxName, TokenName, UserName, ClientId, TokenId, UserId, VaultId,
        OauthProfileId, OperationId, Expiry, SessionId, AccessToken, Password, IdentityToken,
        Authorization, Vault,
        // sans-IO
        ApiPath, Body, Form, Payload, Repeat, Caller<'static>, HttpRequest, HttpResponse,
        Reply<IssuedToken>, Facts, VaultMessage, VaultErrorKind, ErrorClass, Failure, ProtocolProblem, Scrubber,
        // transports
        TransportErrorKind, SharedTransport, Client<SharedTransport>, Client<Script>,
        Policy, Decision, Pace,
        // the ledger
        Line, ListedToken, Contents, ToReplace<'static>,
        // which of a list are meant
        Selected<'static>, LeftOut<'static>, WhyLeftOut,
        // for tests
        Scripted, NeverAnswers, FromFn<fn()>, FromAsyncFn<fn()>, Recorder<Scripted>, Recorded,
        Conformance, Report, Finding,
        // endpoints
        GenerateSandboxToken, GenerateMyToken, GenerateUserToken, Encoding, IssuedToken, SignIn,
        OauthSignIn, Session, VaultEntry, Discover, Discovery, AuthType, AuthProfile, KeepAlive,
        EndSession, WhoAmI, User, ListVersions, Versions, ListSandboxes, Sandboxes, Sandbox,
        SandboxStatus, Entitlement, ShowSandbox, SandboxDetails, Limit, FindTokens, TokenPage,
        TokenRecord, TokenStatus, DeleteTokens, Deletion, Deletions,
        // issuance
        Intent, VerifyRule, Order, Delivery, DeliveryState, Entry, Record, Issuance, NotIssued,
        Outcome, Verification, Event, Step<'static>, LookUp<'static>, LookUpResult, TryOut<'static>,
        Removal, RemovalEvidence, NewerRecord, Journal<()>, Opened<()>,
        // runs over many
        many::PlannedSandbox, many::RunPlan, many::RunFact, many::RunRecord, many::Progress,
        many::TurnEnd, many::TurnEvent, many::TurnResult, many::Setback, many::Run, many::RunStep,
        many::OwnRecord, many::Standing, many::RunJournal<()>, many::RunOpened<()>,
        // the issuer
        access::Access, access::AccessBuilder, access::Credential, access::Expected, access::Gate,
        access::Turn, access::OpenedSession, access::SignInNumber, aside::Waiting, child::Programs,
        destinations::Identity, destinations::Round, destinations::FileKind,
        destinations::InvalidReason, destinations::Reason, destinations::TargetFile,
        destinations::Destinations, destinations::Place, destinations::Report,
        destinations::ReservedFile, destinations::OpenQuote, issuing::Driver, issuing::Ended,
        issuing::Progress, issuing::Remark, issuing::RecordNotWritten, issuing::NotLooked,
        issuing::NotDeleted, issuing::NotDelivered, observer::Exchange<'static>,
        observer::Notice<'static>, observer::Secret<'static>, pauses::Pauses,
        platform::DirectorySync, platform::Replacement, removal::NotRemoved,
        removal::Removing<'static>, state::State, state::Ledger, state::OpenedRecord,
        state::Pending, state::PendingRecord, state::RecordFile, state::OpenedRun, state::RunFile,
        state::Runs, state::KeptSession, state::ReservedSession, state::Sessions, stop::Stop,
        stop::StopRequest, stop::Stopper, try_out::NotConfirmed,
        // the reqwest transport
        reqwest::ReqwestTransport, reqwest::ReqwestTransportBuilder,
        reqwest::BlockingReqwestTransport,
        // the simulator
        simulator::Simulator, simulator::Builder, simulator::User, simulator::Sandbox,
        simulator::SandboxSize, simulator::SandboxStatus, simulator::Fault, simulator::Effect,
        simulator::Edit, simulator::Endpoint, simulator::Matches, simulator::Nth,
        simulator::RecordedRequest, simulator::TokenRecord, simulator::TokenStatus,
        simulator::ResponseStatus, simulator::Switches, simulator::FailureStatus,
        simulator::OmittedExpiry, simulator::OverCeiling, simulator::PastExpiry,
        simulator::UnknownParameters, simulator::UserSys;
    Fault:
        Error, ValidationError, OwnDnsError, TransportError, WrongVault, Unexpected, JournalError,
        NotThisOne, many::RunError, access::AccessError, destinations::DestinationError,
        destinations::EnvTextError, destinations::InvalidDestination, platform::FileRefusal,
        state::StateError, state::SessionError,
        reqwest::BuildError, simulator::StartError, simulator::UnknownName;
    Send: Answer<'static>;
    Sync: Answer<'static>;
    Clone:
        SharedTransport, Client<SharedTransport>, Vault, SessionId, AccessToken, Password,
        IdentityToken, Body, HttpRequest, Reply<IssuedToken>, Issuance, Event, Scrubber;
    Hash:
        VaultDns, ApiVersion, SandboxName, TokenName, UserName, ClientId, TokenId, UserId, VaultId,
        OperationId, Expiry;
    Into<Authorization>: SessionId, AccessToken;
    Serialize:
        VaultDns, ApiVersion, SandboxName, TokenName, UserName, ClientId, TokenId, UserId, VaultId,
        OauthProfileId, OperationId, Expiry;
    DeserializeOwned:
        VaultDns, ApiVersion, SandboxName, TokenName, UserName, ClientId, TokenId, UserId, VaultId,
        OauthProfileId, OperationId, Expiry;
}

has_not! {
    SessionId: Display, Serialize, DeserializeOwned, Deref, PartialEq, Hash, AsRef<str>, AsRef<[u8]>, Into<String>;
    AccessToken: Display, Serialize, DeserializeOwned, Deref, PartialEq, Hash, AsRef<str>, AsRef<[u8]>, Into<String>;
    Password: Display, Serialize, DeserializeOwned, Deref, PartialEq, Hash, AsRef<str>, AsRef<[u8]>, Into<String>;
    IdentityToken: Display, Serialize, DeserializeOwned, Deref, PartialEq, Hash, AsRef<str>, AsRef<[u8]>, Into<String>;
    Authorization: Display, Serialize, DeserializeOwned, Deref, PartialEq;
    IssuedToken: Display, Serialize, DeserializeOwned, Deref, PartialEq;
    Session: Display, Serialize, DeserializeOwned, Deref, PartialEq;
    SignIn: Display, Serialize, DeserializeOwned, PartialEq;
    OauthSignIn: Display, Serialize, DeserializeOwned, PartialEq;
    Body: Display, Serialize, Deref, AsRef<[u8]>;
    Form: Display, Serialize, PartialEq;
    Payload: Display, Serialize, PartialEq;
    Scrubber: Display, Serialize, PartialEq;
    Entry: Display, Serialize;
    Record: Display, Serialize;
    NewerRecord: Display, Serialize;
}

/// A public type that is missing above is found here.
#[test]
fn every_public_type_is_asserted_to_be_send_and_sync() {
    let asserted = asserted();
    let is = |bound, path: &str| asserted.contains(&(bound, path));
    let mut missing = Vec::new();
    for library in LIBRARIES.iter() {
        let types = library.types();
        assert!(types.len() > 3, "{}: {types:?}", library.name);
        missing.extend(types.into_iter().filter(|path| {
            let movable = is("Movable", path) || is("Fault", path);
            !(movable || is("Send", path) && is("Sync", path))
        }));
    }
    assert!(missing.is_empty(), "add to `has!`: {missing:#?}");
}

/// As any spawning function of any runtime wants it.
fn spawn<F>(future: F) -> F
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    future
}

/// The case that a bare `async fn` in a trait fails at: a spawned call on a transport that is only
/// known by its trait.
fn spawned<T, E>(client: Client<T>, endpoint: E) -> impl Future<Output = bool>
where
    T: HttpTransport + 'static,
    E: Endpoint + Send + Sync + 'static,
    E::Output: Send,
{
    spawn(async move {
        // Held across both calls, as real code would.
        let first = client.call(&endpoint).await;
        let second = client.at(client.vault().clone()).call(&endpoint).await;
        first.is_ok() && second.is_ok()
    })
}

/// The suite too, on any runtime.
#[allow(dead_code, reason = "compiling it is the test")]
fn spawned_suite<T: HttpTransport + 'static>(suite: Conformance, transport: T) {
    drop(spawn(async move { suite.run(&transport).await.passed() }));
}

#[test]
fn a_call_can_be_spawned_whatever_the_transport() {
    let answers = || {
        let body = r#"{"responseStatus":"SUCCESS"}"#;
        Script::new([(); 2].map(|()| Ok(vault_sandbox_tests::answer(200, body))))
    };
    let vault = vault_sandbox_tests::vault;
    let shared = SharedTransport::new(answers());
    assert!(vault_sandbox_tests::block_on(spawned(
        Client::new(shared.clone(), vault()),
        KeepAlive::new()
    )));
    assert!(vault_sandbox_tests::block_on(spawned(
        Client::new(std::sync::Arc::new(answers()), vault()),
        KeepAlive::new()
    )));
    // Everything it took was used up, and the clone looks at the same script.
    let rest = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        vault_sandbox_tests::block_on(Client::new(shared, vault()).call(&KeepAlive::new()))
    }));
    assert!(rest.is_err());
}
