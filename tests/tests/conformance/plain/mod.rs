//! HTTP/1.1 over `std`, a thread per request: a transport that keeps the contract, or breaks it in
//! one place.

mod answer;
mod exchange;
mod mistake;

use std::future::Future;
use std::net::{Shutdown, TcpStream};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

pub use mistake::Mistake;
use vault_sandbox_core::{
    BlockingHttpTransport, HttpRequest, HttpResponse, HttpTransport, TransportError,
};

#[derive(Clone)]
pub struct Plain(Arc<Settings>);

pub struct Settings {
    pub mistake: Mistake,
    pub timeout: Duration,
    pub body_limit: usize,
    pub cookie: Mutex<Option<Vec<u8>>>,
    /// To whom, and what came on it beyond the answer.
    pub kept: Mutex<Option<(String, TcpStream, Vec<u8>)>>,
}

impl Plain {
    pub fn new(mistake: Mistake, timeout: Duration, body_limit: usize) -> Self {
        Self(Arc::new(Settings {
            mistake,
            timeout,
            body_limit,
            cookie: Mutex::default(),
            kept: Mutex::default(),
        }))
    }
}

impl BlockingHttpTransport for Plain {
    fn send_blocking(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.0.exchange(&request, &Socket::default())
    }
}

impl HttpTransport for Plain {
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send {
        let (settings, socket) = (Arc::clone(&self.0), Socket::default());
        let slot = Arc::new(Mutex::new((None, Waker::noop().clone())));
        let in_thread = (Arc::clone(&slot), socket.clone());
        let stays_open = settings.mistake == Mistake::GoesOnWhenDropped;
        thread::spawn(move || {
            let (slot, socket) = in_thread;
            let outcome = settings.exchange(&request, &socket);
            let mut slot = slot.lock().unwrap();
            slot.0 = Some(outcome);
            slot.1.wake_by_ref();
        });
        Sending {
            slot,
            socket,
            stays_open,
        }
    }
}

/// The socket of an exchange, to be closed from outside.
pub type Socket = Arc<Mutex<Option<TcpStream>>>;
type Slot = (Option<Result<HttpResponse, TransportError>>, Waker);

struct Sending {
    slot: Arc<Mutex<Slot>>,
    socket: Socket,
    stays_open: bool,
}

impl Future for Sending {
    type Output = Result<HttpResponse, TransportError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.slot.lock().unwrap();
        slot.1 = context.waker().clone();
        let Some(outcome) = slot.0.take() else {
            return Poll::Pending;
        };
        // It may be kept for the next request.
        self.socket.lock().unwrap().take();
        Poll::Ready(outcome)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.lock().unwrap().take()
            && !self.stays_open
        {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
