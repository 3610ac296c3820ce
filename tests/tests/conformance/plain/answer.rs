//! Reading an answer, by its own framing.

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use vault_sandbox_core::{Body, HttpResponse, TransportErrorKind};

use super::Mistake;
use super::exchange::{Phase, Wire};

const HEAD_LIMIT: usize = 64 * 1024;

/// What there is of an answer.
pub struct Partial {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Partial {
    pub fn read_head(wire: &mut Wire<'_>) -> Result<Self, TransportErrorKind> {
        let mut searched = 0;
        let end = loop {
            if let Some(end) = find(&wire.unread[searched..], b"\r\n\r\n") {
                break searched + end;
            }
            searched = wire.unread.len().saturating_sub(3);
            let limited = !wire.settings.makes(Mistake::HeadWithoutLimit);
            if limited && wire.unread.len() > HEAD_LIMIT {
                return Err(TransportErrorKind::TooLarge);
            }
            if !wire.more(Phase::Head)? {
                return Err(ended(wire));
            }
        };
        let head: Vec<u8> = wire.unread.drain(..end + 4).collect();
        let parsed = Self::parse(&head[..end], wire);
        if parsed.is_none() && wire.settings.makes(Mistake::QuotesTheAnswer) {
            wire.unread = head;
        }
        parsed.ok_or(match wire.settings.makes(Mistake::NotHttpIsUnsendable) {
            true => TransportErrorKind::Unsendable,
            false => TransportErrorKind::Other,
        })
    }

    pub fn into_response(self) -> HttpResponse {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    pub fn read_body(&mut self, wire: &mut Wire<'_>) -> Result<(), TransportErrorKind> {
        let chunked = self.headers.contains_key("transfer-encoding");
        let length = self.headers.get("content-length");
        let waits = wire.settings.makes(Mistake::WaitsForBodyOf204);
        if self.status == 204 && !waits {
            return Ok(());
        }
        if chunked {
            return self.read_chunks(wire);
        }
        match length {
            None => {
                let all = self.take(wire, u64::MAX);
                all.or_else(|kind| match kind {
                    TransportErrorKind::Interrupted => Ok(()),
                    other => Err(other),
                })
            }
            Some(length) => {
                let length = length.to_str().ok().and_then(|text| text.parse().ok());
                let length = length.ok_or(TransportErrorKind::Other)?;
                self.take(wire, length)
            }
        }
        .and_then(|()| self.within(wire))
    }

    fn read_chunks(&mut self, wire: &mut Wire<'_>) -> Result<(), TransportErrorKind> {
        loop {
            let line = self.line(wire)?;
            let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(size).map_err(|_| TransportErrorKind::Other)?;
            let size = u64::from_str_radix(size, 16).map_err(|_| TransportErrorKind::Other)?;
            if size == 0 {
                while !self.line(wire)?.is_empty() {}
                return self.within(wire);
            }
            let before = self.body.len();
            let taken = self.take(wire, size);
            if taken == Err(TransportErrorKind::Interrupted)
                && wire.settings.makes(Mistake::LosesCutChunk)
            {
                self.body.truncate(before);
            }
            taken?;
            if wire.settings.makes(Mistake::CutsAtLimit)
                && self.body.len() == wire.settings.body_limit
            {
                return Ok(());
            }
            self.line(wire)?;
        }
    }

    fn line(&mut self, wire: &mut Wire<'_>) -> Result<Vec<u8>, TransportErrorKind> {
        loop {
            if let Some(end) = find(&wire.unread, b"\r\n") {
                let line = wire.unread.drain(..end + 2).take(end).collect();
                return Ok(line);
            }
            if !wire.more(Phase::Body)? {
                return self.cut(wire).map(|()| b"0".to_vec());
            }
        }
    }

    /// Moves this many bytes to the body, or as many as come.
    fn take(&mut self, wire: &mut Wire<'_>, mut length: u64) -> Result<(), TransportErrorKind> {
        while length > 0 {
            if wire.unread.is_empty() && !wire.more(Phase::Body)? {
                return self.cut(wire);
            }
            let count = length.min(wire.unread.len() as u64) as usize;
            self.body.extend(wire.unread.drain(..count));
            length -= count as u64;
            if !wire.settings.makes(Mistake::ReadsEverything) {
                self.within(wire)?;
            }
            if wire.settings.makes(Mistake::CutsAtLimit)
                && self.body.len() == wire.settings.body_limit
            {
                return Ok(());
            }
        }
        Ok(())
    }

    fn within(&mut self, wire: &Wire<'_>) -> Result<(), TransportErrorKind> {
        let limit = match wire.settings.mistake {
            Mistake::LimitIsOneLess => wire.settings.body_limit - 1,
            _ => wire.settings.body_limit,
        };
        if self.body.len() <= limit {
            return Ok(());
        }
        self.body.truncate(limit);
        match wire.settings.makes(Mistake::CutsAtLimit) {
            true => Ok(()),
            false => Err(TransportErrorKind::TooLarge),
        }
    }

    /// The connection ended within the body.
    fn cut(&mut self, wire: &Wire<'_>) -> Result<(), TransportErrorKind> {
        self.within(wire)?;
        match wire.settings.makes(Mistake::ShortBodyIsAnswer) {
            true => Ok(()),
            false => Err(TransportErrorKind::Interrupted),
        }
    }

    fn parse(head: &[u8], wire: &Wire<'_>) -> Option<Self> {
        let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.next()?;
        let status = first.strip_prefix(b"HTTP/1.")?.get(2..5)?;
        let mut headers = HeaderMap::new();
        for line in lines {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = HeaderName::from_bytes(&line[..colon]).ok()?;
            let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
            match wire.settings.mistake {
                Mistake::InsertsHeaders => drop(headers.insert(name, value)),
                Mistake::DropsHeadersThatAreNotAscii if value.to_str().is_err() => {}
                _ => drop(headers.append(name, value)),
            }
        }
        Some(Self {
            status: StatusCode::from_bytes(status).ok()?,
            headers,
            body: Vec::new(),
        })
    }
}

/// The connection ended within the head, or before it.
fn ended(wire: &Wire<'_>) -> TransportErrorKind {
    match wire.settings.mistake {
        Mistake::ClosedIsConnect if wire.unread.is_empty() => TransportErrorKind::Connect,
        Mistake::CutHeadIsOther if !wire.unread.is_empty() => TransportErrorKind::Other,
        _ => TransportErrorKind::Interrupted,
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
