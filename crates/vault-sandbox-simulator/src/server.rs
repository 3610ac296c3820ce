//! The shell around the world: sockets, connections, the list of requests.

use std::{
    io,
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use socket2::{SockRef, Socket};
use tokio::{net, runtime, sync::oneshot};

use crate::{
    Builder, Effect, RecordedRequest, control,
    endpoint::Route,
    envelope::Failure,
    exchange,
    fault::Faults,
    play::{self, HungUp},
    script::Script,
    tls::Acceptor,
    world::{At, World},
};

/// Largest request body that is read.
const MAX_BODY: usize = 1024 * 1024;

/// The world, what goes wrong in it, and what it has seen.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    pub(crate) requests: Vec<RecordedRequest>,
    pub(crate) setup: Arc<Builder>,
    pub(crate) tls: Option<Acceptor>,
    /// The addresses that are listened on: one per Vault in the world's order, then spare ones.
    dns: Vec<String>,
}

pub(crate) type Shared = Arc<Mutex<Stage>>;

/// A request that panicked must not take the others with it.
pub(crate) fn lock(stage: &Mutex<Stage>) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves until `stopped`. Reports once, when all Vaults are being served or cannot be.
pub(crate) fn run(
    listeners: Vec<TcpListener>,
    stage: &Shared,
    stopped: oneshot::Receiver<()>,
    report: &mpsc::Sender<io::Result<()>>,
) {
    let served = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| {
            let entered = runtime.enter();
            for (place, listener) in listeners.into_iter().enumerate() {
                open(listener, place, stage)?;
            }
            drop(entered);
            Ok(runtime)
        });
    match served {
        Ok(runtime) => {
            // Whoever asked has gone if it cannot be told; then `stopped` is at hand too.
            let _ = report.send(Ok(()));
            let _ = runtime.block_on(stopped);
        }
        Err(error) => drop(report.send(Err(error))),
    }
}

/// Loopback only: whoever reaches a simulator can have tokens of it.
pub(crate) fn listen(port: u16) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    listener.set_nonblocking(true)?;
    let dns = listener.local_addr()?.to_string();
    Ok((listener, dns))
}

/// Serves a Vault, or a place where one may be one day. To be called on the runtime.
fn open(listener: TcpListener, place: usize, stage: &Shared) -> io::Result<()> {
    let listener = net::TcpListener::from_std(listener)?;
    tokio::spawn(accept(listener, At(place), Arc::clone(stage)));
    Ok(())
}

/// Sees to it that so many addresses are listened on. To be called on the runtime.
pub(crate) fn make_room(shared: &Shared, addresses: usize) -> io::Result<()> {
    let stage = &mut lock(shared);
    while stage.dns.len() < addresses {
        let (listener, dns) = listen(0)?;
        open(listener, stage.dns.len(), shared)?;
        stage.world.dns.push(dns.clone());
        stage.dns.push(dns);
    }
    Ok(())
}

async fn accept(listener: net::TcpListener, at: At, stage: Shared) {
    let tls = lock(&stage).tls.clone();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                drop(tokio::spawn(connection(
                    stream,
                    at,
                    Arc::clone(&stage),
                    tls.clone(),
                )));
            }
            // Out of descriptors, most likely: some will come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(stream: net::TcpStream, at: At, stage: Shared, tls: Option<Acceptor>) {
    // Dripping bytes must leave one by one.
    let second_handle = stream
        .set_nodelay(true)
        .and_then(|()| SockRef::from(&stream).try_clone());
    let Ok(socket) = second_handle else {
        return;
    };
    let service = service_fn(|request| serve(&stage, at, &socket, request));
    let http = http1::Builder::new();
    // An error here is a client that went or does not trust us, or a fault that was played.
    let _ = match tls {
        None => http.serve_connection(TokioIo::new(stream), service).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => http.serve_connection(TokioIo::new(stream), service).await,
            Err(_) => return,
        },
    };
}

async fn serve(
    stage: &Shared,
    at: At,
    socket: &Socket,
    request: Request<Incoming>,
) -> Result<Response<Script>, HungUp> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body.map_err(|_| HungUp)?.to_bytes();
    let request = Request::from_parts(head, body);

    if control::is_meant(stage, &request) {
        return Ok(control::answer(stage, at, &request).map(Script::whole));
    }
    let effect = lock(stage).arrive(at, &request)?;
    let carry_out = || {
        let answer = lock(stage).answer(at, &request);
        // A spare address for the next sandbox. Without one, creating one more is refused.
        let vaults = lock(stage).world.vaults.len();
        let _ = make_room(stage, vaults + 1);
        answer
    };
    match effect {
        None => Ok(carry_out().map(Script::whole)),
        Some(effect) => play::play(effect, socket, carry_out).await,
    }
}

impl Stage {
    pub(crate) fn new(setup: Arc<Builder>, dns: Vec<String>, tls: Option<Acceptor>) -> Self {
        Self {
            world: World::new(&setup, &dns),
            faults: setup.faults.iter().cloned().collect(),
            requests: Vec::new(),
            setup,
            tls,
            dns,
        }
    }

    /// The beginning of this world, at the same addresses.
    pub(crate) fn open(&mut self, setup: &Builder) {
        self.world = World::new(setup, &self.dns);
        self.faults = setup.faults.iter().cloned().collect();
        self.requests = Vec::new();
    }

    /// The true answer. Between its arrival and now, a reset may have taken the Vault away.
    fn answer(&mut self, at: At, request: &Request<Bytes>) -> Response<Bytes> {
        if at.0 < self.world.vaults.len() {
            return exchange::answer(&mut self.world, at, request);
        }
        let failure = Failure::no_such_resource();
        let answer = failure.into_answer(&self.world.switches);
        let mut response = Response::new(answer.to_bytes());
        *response.status_mut() = answer.http;
        response
    }

    /// Notes a request and says what is to go wrong with it. Nobody answers where there is no
    /// Vault yet.
    fn arrive(&mut self, at: At, request: &Request<Bytes>) -> Result<Option<Effect>, HungUp> {
        if at.0 >= self.world.vaults.len() {
            return Err(HungUp);
        }
        let vault = self.world.vault(at).name();
        let path = match request.uri().path_and_query() {
            Some(path) => path.as_str(),
            None => request.uri().path(),
        };
        self.requests.push(RecordedRequest {
            vault: vault.to_owned(),
            method: request.method().clone(),
            path: path.to_owned(),
            headers: request.headers().clone(),
            body: request.body().clone(),
        });
        let endpoint = Route::of(request).ok().map(|route| route.endpoint);
        Ok(self.faults.strike(vault, request.method(), path, endpoint))
    }
}
