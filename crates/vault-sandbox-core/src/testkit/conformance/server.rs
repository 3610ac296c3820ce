//! A server on loopback that does what a scene says, byte by byte. Bounded in time and connections.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::heard::Heard;
use super::waiting::Signal;

/// What is done with every connection.
pub(super) type Serve = Box<dyn Fn(&mut Connection) + Send + Sync>;

/// More are not taken: whoever tries again and again is refused in the end.
const MOST_CONNECTIONS: usize = 64;

pub(super) struct Server {
    address: SocketAddr,
    pub(super) shared: Arc<Shared>,
}

/// What a server knows of its clients.
pub(super) struct Shared {
    /// How long it puts up with a client that waits for it.
    patience: Duration,
    heard: Mutex<Vec<Heard>>,
    streams: Mutex<Vec<Weak<TcpStream>>>,
    connections: AtomicUsize,
    /// Bytes that an endless answer got rid of.
    written: AtomicUsize,
    /// A request was read.
    pub(super) reached: Signal,
    /// A client closed a connection that was held open.
    pub(super) closed: Signal,
    /// Its patience was at an end, and it let go of a connection.
    let_go: AtomicBool,
    over: Signal,
}

impl Server {
    pub(super) fn start(patience: Duration, serve: Serve) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            patience,
            heard: Mutex::default(),
            streams: Mutex::default(),
            connections: AtomicUsize::new(0),
            written: AtomicUsize::new(0),
            reached: Signal::default(),
            closed: Signal::default(),
            let_go: AtomicBool::new(false),
            over: Signal::default(),
        });
        let server = Self {
            address,
            shared: Arc::clone(&shared),
        };
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for stream in listener.incoming().take(MOST_CONNECTIONS) {
                if shared.over.is_raised() {
                    break;
                }
                let connection = stream.ok().and_then(|s| Connection::new(s, &shared));
                if let Some(mut connection) = connection {
                    let serve = Arc::clone(&serve);
                    thread::spawn(move || serve(&mut connection));
                }
            }
        });
        Ok(server)
    }

    pub(super) fn authority(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Server {
    /// Ends every thread of it: those that read or write, and the one that accepts.
    fn drop(&mut self) {
        self.shared.over.raise();
        for stream in lock(&self.shared.streams).drain(..) {
            if let Some(stream) = stream.upgrade() {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl Shared {
    pub(super) fn heard(&self) -> Vec<Heard> {
        lock(&self.heard).clone()
    }

    pub(super) fn written(&self) -> usize {
        self.written.load(Ordering::SeqCst)
    }

    pub(super) fn has_let_go(&self) -> bool {
        self.let_go.load(Ordering::SeqCst)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The one owner is the connection: when it is dropped, the stream closes.
struct Stream(Arc<TcpStream>);

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(to)
    }
}

pub(super) struct Connection {
    stream: BufReader<Stream>,
    /// From 1.
    pub(super) number: usize,
    shared: Arc<Shared>,
}

impl Connection {
    fn new(stream: TcpStream, shared: &Arc<Shared>) -> Option<Self> {
        stream.set_read_timeout(Some(shared.patience)).ok()?;
        stream.set_write_timeout(Some(shared.patience)).ok()?;
        stream.set_nodelay(true).ok()?;
        let stream = Arc::new(stream);
        lock(&shared.streams).push(Arc::downgrade(&stream));
        Some(Self {
            stream: BufReader::new(Stream(stream)),
            number: shared.connections.fetch_add(1, Ordering::SeqCst) + 1,
            shared: Arc::clone(shared),
        })
    }

    /// Reads a request; `None` if the client closed first.
    pub(super) fn read(&mut self) -> Option<Heard> {
        self.read_then(|_| {})
    }

    /// Reads a request, and does something before it counts as reached.
    pub(super) fn read_then(&mut self, then: impl FnOnce(&mut Self)) -> Option<Heard> {
        let at = self.read_head()?;
        let mut heard = lock(&self.shared.heard)[at].clone();
        if heard.says("expect", "100-continue") {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        heard.read_body(&mut self.stream);
        lock(&self.shared.heard)[at] = heard.clone();
        then(self);
        self.shared.reached.raise();
        Some(heard)
    }

    /// Reads a head and no body, and counts it as a request; where it is in the list of them.
    pub(super) fn read_head(&mut self) -> Option<usize> {
        let heard = Heard::head(&mut self.stream)?;
        let mut all = lock(&self.shared.heard);
        all.push(heard);
        Some(all.len() - 1)
    }

    /// Whether it could be written. A client that has gone is for the check to see.
    pub(super) fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        (&*self.stream.get_ref().0)
            .write_all(bytes.as_ref())
            .is_ok()
    }

    /// Writes the same again and again, up to this many bytes.
    pub(super) fn flood(&mut self, again: &[u8], most: usize) {
        while self.shared.written() < most && self.write(again) {
            self.shared.written.fetch_add(again.len(), Ordering::SeqCst);
        }
    }

    /// Writes a byte now and then until the client closes or patience ends.
    pub(super) fn dribble(&mut self, byte: u8, pause: Duration) {
        let deadline = Instant::now() + self.shared.patience;
        while Instant::now() < deadline {
            if !self.write([byte]) {
                self.shared.closed.raise();
                return;
            }
            thread::sleep(pause);
        }
        self.shared.let_go.store(true, Ordering::SeqCst);
    }

    /// Holds the connection, silently, until the client closes it or patience ends.
    pub(super) fn hold(&mut self) {
        let mut rest = [0; 4096];
        loop {
            match self.stream.read(&mut rest) {
                Ok(0) => return self.shared.closed.raise(),
                Ok(_) => {}
                Err(error) if is_timeout(&error) => break,
                Err(_) => return self.shared.closed.raise(),
            }
        }
        self.shared.let_go.store(true, Ordering::SeqCst);
    }

    /// Holds the connection and reads nothing.
    pub(super) fn ignore(&self) {
        if !self.shared.over.raised_within(self.shared.patience) {
            self.shared.let_go.store(true, Ordering::SeqCst);
        }
    }

    /// Ends the server's side of the connection, and goes on reading.
    pub(super) fn end_writing(&self) {
        let _ = self.stream.get_ref().0.shutdown(Shutdown::Write);
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
