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
    Effect, RecordedRequest,
    endpoint::Route,
    exchange,
    fault::Faults,
    play::{self, HungUp},
    script::Script,
    world::{At, World},
};

/// Largest request body that is read.
const MAX_BODY: usize = 1024 * 1024;

/// The world, what goes wrong in it, and what it has seen.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    pub(crate) requests: Vec<RecordedRequest>,
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
                let listener = net::TcpListener::from_std(listener)?;
                runtime.spawn(accept(listener, At(place), Arc::clone(stage)));
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

async fn accept(listener: net::TcpListener, at: At, stage: Shared) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, at, Arc::clone(&stage)))),
            // Out of descriptors, most likely: some will come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn connection(stream: net::TcpStream, at: At, stage: Shared) {
    // Dripping bytes must leave one by one.
    let second_handle = stream
        .set_nodelay(true)
        .and_then(|()| SockRef::from(&stream).try_clone());
    let Ok(socket) = second_handle else {
        return;
    };
    let service = service_fn(|request| serve(&stage, at, &socket, request));
    // An error here is a client that went, or a fault that was played.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn serve(
    stage: &Mutex<Stage>,
    at: At,
    socket: &Socket,
    request: Request<Incoming>,
) -> Result<Response<Script>, HungUp> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await;
    let body = body.map_err(|_| HungUp)?.to_bytes();
    let request = Request::from_parts(head, body);

    let effect = lock(stage).arrive(at, &request);
    let carry_out = || exchange::answer(&mut lock(stage).world, at, &request);
    match effect {
        None => Ok(carry_out().map(Script::whole)),
        Some(effect) => play::play(effect, socket, carry_out).await,
    }
}

impl Stage {
    /// Notes a request and says what is to go wrong with it.
    fn arrive(&mut self, at: At, request: &Request<Bytes>) -> Option<Effect> {
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
        self.faults.strike(vault, request.method(), path, endpoint)
    }
}
