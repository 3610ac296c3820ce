//! Servers that break what the simulator cannot break.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Hands everything on to a simulated Vault, but plays a trick on requests for a token.
pub(crate) struct Relay {
    pub(crate) dns: String,
    creates: Arc<AtomicUsize>,
    under_way: Arc<UnderWay>,
    is_closed: Arc<AtomicBool>,
}

/// How many requests there are at a time.
#[derive(Default)]
struct UnderWay {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// A connection on which a request for a token has arrived, but was not read yet.
type Trick = fn(TcpStream);

impl Relay {
    pub(crate) fn start(upstream: &str, trick: Option<Trick>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let dns = listener.local_addr().unwrap().to_string();
        let creates = Arc::new(AtomicUsize::new(0));
        let under_way = Arc::new(UnderWay::default());
        let (upstream, count) = (upstream.to_owned(), Arc::clone(&creates));
        let gauge = Arc::clone(&under_way);
        let is_closed = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_closed);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                let (upstream, count) = (upstream.clone(), Arc::clone(&count));
                let gauge = Arc::clone(&gauge);
                thread::spawn(move || serve(stream, &upstream, trick, &count, &gauge));
            }
        });
        Self {
            dns,
            creates,
            under_way,
            is_closed,
        }
    }

    /// From now on its port is refused.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        // So that it looks.
        let _ = TcpStream::connect(&self.dns);
    }

    /// The most requests that were under way at a time since this was asked last.
    pub(crate) fn most_at_a_time(&self) -> usize {
        self.under_way.most.swap(0, Ordering::SeqCst)
    }

    /// How many requests for a token came.
    pub(crate) fn creates(&self) -> usize {
        self.creates.load(Ordering::SeqCst)
    }
}

/// One answer, which says that the connection stays open; then it is closed.
fn serve(
    mut stream: TcpStream,
    upstream: &str,
    trick: Option<Trick>,
    count: &AtomicUsize,
    gauge: &UnderWay,
) -> Option<()> {
    let mut start = [0; 512];
    let is_create = loop {
        let n = stream.peek(&mut start).ok().filter(|n| *n > 0)?;
        let text = String::from_utf8_lossy(&start[..n]).into_owned();
        if let Some((line, _)) = text.split_once("\r\n") {
            break line.starts_with("POST ")
                && line.contains("api_access_token__sys")
                && !line.contains("vobjects");
        }
    };
    if is_create {
        count.fetch_add(1, Ordering::SeqCst);
        if let Some(trick) = trick {
            trick(stream);
            return Some(());
        }
    }
    let now = gauge.now.fetch_add(1, Ordering::SeqCst) + 1;
    gauge.most.fetch_max(now, Ordering::SeqCst);
    let answer = answer_of(&mut stream, upstream);
    // Before it is sent: whoever has it may ask again at once.
    gauge.now.fetch_sub(1, Ordering::SeqCst);
    stream.write_all(&answer?).ok()
}

fn answer_of(stream: &mut TcpStream, upstream: &str) -> Option<Vec<u8>> {
    // The simulator serves under its own name only.
    let own = stream.local_addr().ok()?.to_string();
    let request = String::from_utf8(read_request(stream).ok()?).ok()?;
    let request = request.replacen(&own, upstream, 1).into_bytes();
    let mut other = TcpStream::connect(upstream).ok()?;
    let (line, rest) = request.split_at(request.windows(2).position(|w| w == b"\r\n")? + 2);
    other
        .write_all(&[line, b"connection: close\r\n", rest].concat())
        .ok()?;
    let mut answer = Vec::new();
    other.read_to_end(&mut answer).ok()?;
    let head = b"connection: close\r\n";
    if let Some(at) = answer
        .windows(head.len())
        .position(|w| w.eq_ignore_ascii_case(head))
    {
        answer.drain(at..at + head.len());
    }
    Some(answer)
}

/// Head and body.
pub(crate) fn read_request(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    request.extend(body);
    Ok(request)
}

/// Plays one script on every connection; the address.
pub(crate) fn raw_server(play: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dns = listener.local_addr().unwrap().to_string();
    let play = Arc::new(play);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let play = Arc::clone(&play);
            thread::spawn(move || play(stream));
        }
    });
    dns
}
