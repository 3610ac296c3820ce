//! One request, one answer, within a deadline.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use http::Uri;
use vault_sandbox_core::{HttpRequest, HttpResponse, TransportError, TransportErrorKind};

use super::answer::Partial;
use super::{Mistake, Settings, Socket};

impl Settings {
    pub fn exchange(
        &self,
        request: &HttpRequest,
        socket: &Socket,
    ) -> Result<HttpResponse, TransportError> {
        let outcome = self.once(request, request.uri(), socket);
        let fresh = |error: &TransportError| {
            error.kind() == TransportErrorKind::Interrupted && error.partial().is_none()
        };
        match &outcome {
            Err(error) if self.makes(Mistake::RepeatsAfterClose) && fresh(error) => {
                self.once(request, request.uri(), socket)
            }
            Ok(answer) if self.makes(Mistake::RepeatsOn503) && answer.status() == 503 => {
                self.once(request, request.uri(), socket)
            }
            Ok(answer) if self.makes(Mistake::FollowsRedirects) => {
                let location = answer.headers().get("location");
                let location = location.filter(|_| answer.status().is_redirection());
                match location.and_then(|location| location.to_str().ok()) {
                    Some(path) if path.starts_with('/') => {
                        let mut next = request.uri().clone().into_parts();
                        next.path_and_query = path.parse().ok();
                        let next = Uri::from_parts(next).unwrap();
                        self.once(request, &next, socket)
                    }
                    _ => outcome,
                }
            }
            _ => outcome,
        }
    }

    fn once(
        &self,
        request: &HttpRequest,
        uri: &Uri,
        socket: &Socket,
    ) -> Result<HttpResponse, TransportError> {
        let deadline = Instant::now() + self.timeout;
        let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(TransportError::without_cause(
                match self.makes(Mistake::UnsendableIsOther) {
                    true => TransportErrorKind::Other,
                    false => TransportErrorKind::Unsendable,
                },
            ));
        };
        let kept = self.kept.lock().unwrap().take();
        let kept = kept.filter(|(to, ..)| to == authority.as_str());
        let was_kept = kept.is_some();
        let (stream, unread) = match kept {
            Some((_, stream, unread)) => (stream, unread),
            None => (self.connect(authority.as_str())?, Vec::new()),
        };
        *socket.lock().unwrap() = stream.try_clone().ok();
        let mut wire = Wire {
            stream,
            unread,
            deadline,
            settings: self,
        };
        let outcome = wire
            .write(&self.request(request, uri))
            .and_then(|()| wire.receive());
        match outcome {
            Err(error)
                if was_kept
                    && self.makes(Mistake::RepeatsOnKeptConnection)
                    && error.kind() == TransportErrorKind::Interrupted
                    && error.partial().is_none() =>
            {
                self.once(request, uri, socket)
            }
            Ok(answer) if self.keeps_connections() => {
                let clean = wire.unread.is_empty() || self.makes(Mistake::KeepsWhatIsLeftOver);
                if answer.headers().contains_key("content-length") && clean {
                    *self.kept.lock().unwrap() =
                        Some((authority.to_string(), wire.stream, wire.unread));
                }
                Ok(answer)
            }
            Ok(answer) => self.look_at(answer),
            Err(error) if self.makes(Mistake::DebugQuotesTheRequest) => {
                let quoted = format!("{:?}", request.headers()["content-type"]);
                let body = String::from_utf8_lossy(request.body().as_bytes()).into_owned();
                let kind = error.kind();
                let quoting = TransportError::new(kind, format!("{quoted} {body}"));
                Err(match error.partial() {
                    Some(partial) => quoting.with_partial(partial.clone()),
                    None => quoting,
                })
            }
            Err(error) => Err(error),
        }
    }

    fn look_at(&self, mut answer: HttpResponse) -> Result<HttpResponse, TransportError> {
        let status = answer.status();
        let is_error = status.is_client_error() || status.is_server_error();
        if (is_error && self.makes(Mistake::StatusesAreErrors))
            || (status.is_redirection() && self.makes(Mistake::RedirectsAreErrors))
        {
            return Err(TransportError::without_cause(TransportErrorKind::Other));
        }
        if self.makes(Mistake::KeepsCookies)
            && let Some(cookie) = answer.headers().get("set-cookie")
        {
            let pair = cookie.as_bytes().split(|byte| *byte == b';').next();
            *self.cookie.lock().unwrap() = pair.map(<[u8]>::to_vec);
        }
        if self.makes(Mistake::Decompresses)
            && answer.headers_mut().remove("content-encoding").is_some()
        {
            *answer.body_mut() = "canary".into();
        }
        Ok(answer)
    }

    pub fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    fn keeps_connections(&self) -> bool {
        self.makes(Mistake::RepeatsOnKeptConnection) || self.makes(Mistake::KeepsWhatIsLeftOver)
    }

    fn connect(&self, authority: &str) -> Result<TcpStream, TransportError> {
        let kind = match self.makes(Mistake::RefusedIsOther) {
            true => TransportErrorKind::Other,
            false => TransportErrorKind::Connect,
        };
        let failed = |error| TransportError::new(kind, error);
        let mut addresses = authority.to_socket_addrs().map_err(failed)?;
        let address = addresses
            .next()
            .ok_or_else(|| failed(ErrorKind::NotFound.into()))?;
        TcpStream::connect_timeout(&address, self.timeout).map_err(failed)
    }

    fn request(&self, request: &HttpRequest, uri: &Uri) -> Vec<u8> {
        let mut path = uri.path_and_query().unwrap().to_string();
        if self.makes(Mistake::DecodesThePath) {
            path = path.replace("%2F", "/");
        }
        if self.makes(Mistake::ResolvesDots) {
            path = path.replace("/../", "/");
        }
        let mut body = request.body().as_bytes();
        if self.makes(Mistake::EndsBodyAtNul) {
            body = body.split(|byte| *byte == 0).next().unwrap();
        }
        let method = match self.makes(Mistake::PostsEverything) {
            true => "POST",
            false => request.method().as_str(),
        };
        let authority = uri.authority().unwrap();
        let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: {authority}\r\n").into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        };
        for name in request.headers().keys() {
            let values = request.headers().get_all(name).iter();
            let skipped = match self.makes(Mistake::InsertsRequestHeaders) {
                true => request.headers().get_all(name).iter().count() - 1,
                false => 0,
            };
            values
                .skip(skipped)
                .for_each(|value| line(name.as_str(), value.as_bytes()));
        }
        if self.makes(Mistake::AddsReferer) {
            line("referer", b"http://127.0.0.1/");
        }
        if let Some(cookie) = &*self.cookie.lock().unwrap() {
            line("cookie", cookie);
        }
        if !self.keeps_connections() {
            line("connection", b"close");
        }
        if !body.is_empty() || method == "POST" {
            line("content-length", body.len().to_string().as_bytes());
        }
        [&bytes, &b"\r\n"[..], body].concat()
    }
}

/// A connection, from here on whatever happens may have been sent.
pub struct Wire<'a> {
    stream: TcpStream,
    pub unread: Vec<u8>,
    deadline: Instant,
    pub settings: &'a Settings,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Head,
    Body,
}

impl Wire<'_> {
    /// Reads more; `false` at the end of the connection.
    pub fn more(&mut self, phase: Phase) -> Result<bool, TransportErrorKind> {
        let first = phase == Phase::Head && self.unread.is_empty();
        let whole = self.settings.timeout;
        let time = match self.settings.mistake {
            Mistake::WaitsForeverForFirstByte if first => None,
            Mistake::TimeoutPerReadOfBody if phase == Phase::Body => Some(whole),
            Mistake::TimeoutPerReadOfHead if phase == Phase::Head => Some(whole),
            Mistake::ShortTimeToFirstByte if first => Some(whole / 10),
            _ => Some(self.left()?),
        };
        let _ = self.stream.set_read_timeout(time);
        let mut piece = [0; 16 * 1024];
        let count = self.stream.read(&mut piece).map_err(|e| self.kind(&e))?;
        self.unread.extend_from_slice(&piece[..count]);
        Ok(count > 0)
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), TransportError> {
        let mut write = || {
            while !bytes.is_empty() {
                let time = match self.settings.mistake {
                    Mistake::WritesForever => None,
                    _ => Some(self.left()?),
                };
                let _ = self.stream.set_write_timeout(time);
                let count = self.stream.write(bytes).map_err(|e| self.kind(&e))?;
                bytes = &bytes[count..];
            }
            Ok(())
        };
        write().map_err(TransportError::without_cause)
    }

    fn receive(&mut self) -> Result<HttpResponse, TransportError> {
        let mut partial = None;
        let kind = match self.answer(&mut partial) {
            Ok(()) => return Ok(partial.unwrap().into_response()),
            Err(kind) => kind,
        };
        let error = match (&partial, self.settings.mistake) {
            (None, Mistake::QuotesTheAnswer) => {
                TransportError::new(kind, String::from_utf8_lossy(&self.unread).into_owned())
            }
            _ => TransportError::without_cause(kind),
        };
        let drops = match self.settings.mistake {
            Mistake::DropsCutAnswer => kind == TransportErrorKind::Interrupted,
            Mistake::DropsLateAnswer => kind == TransportErrorKind::Timeout,
            Mistake::DropsTooLongAnswer => kind == TransportErrorKind::TooLarge,
            _ => false,
        };
        match partial {
            Some(partial) if !drops => Err(error.with_partial(partial.into_response())),
            _ => Err(error),
        }
    }

    fn answer(&mut self, partial: &mut Option<Partial>) -> Result<(), TransportErrorKind> {
        let head = Partial::read_head(self)?;
        partial.insert(head).read_body(self)
    }

    fn left(&self) -> Result<Duration, TransportErrorKind> {
        match self.deadline.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(self.out_of_time()),
            left => Ok(left),
        }
    }

    fn kind(&self, error: &std::io::Error) -> TransportErrorKind {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => self.out_of_time(),
            _ => TransportErrorKind::Interrupted,
        }
    }

    fn out_of_time(&self) -> TransportErrorKind {
        match self.settings.makes(Mistake::TimeoutIsOther) {
            true => TransportErrorKind::Other,
            false => TransportErrorKind::Timeout,
        }
    }
}
