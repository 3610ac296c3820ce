//! A client over `TcpStream`: one request per connection, the answer as it came.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// Nothing here should take long; a hang should still end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub(crate) struct Call {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

pub(crate) fn get(path: &str) -> Call {
    Call::new("GET", path)
}

pub(crate) fn post(path: &str) -> Call {
    Call::new("POST", path)
}

impl Call {
    pub(crate) fn new(method: &'static str, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn auth(self, value: &str) -> Self {
        self.header("Authorization", value)
    }

    pub(crate) fn bearer(self, value: &str) -> Self {
        self.auth(&format!("Bearer {value}"))
    }

    pub(crate) fn body(self, content_type: &str, body: &str) -> Self {
        let mut call = self.header("Content-Type", content_type);
        body.clone_into(&mut call.body);
        call
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let encode =
            |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let pairs: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        self.body("application/x-www-form-urlencoded", &pairs.join("&"))
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        self.body("application/json", &value.to_string())
    }

    /// Sends it and reads to the end of the connection, which must be an orderly one.
    pub(crate) fn send(&self, dns: &str) -> Answer {
        Answer::parse(&self.exchange(dns).unwrap())
    }

    /// Sends it and gives the bytes that came back.
    pub(crate) fn exchange(&self, dns: &str) -> io::Result<Vec<u8>> {
        let mut stream = self.open(dns)?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Sends it and leaves the rest to the test.
    pub(crate) fn open(&self, dns: &str) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(dns)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(self.text(dns).as_bytes())?;
        Ok(stream)
    }

    pub(crate) fn text(&self, dns: &str) -> String {
        let has = |wanted: &str| self.headers.iter().any(|(name, _)| name == wanted);
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        if !has("Host") {
            text += &format!("Host: {dns}\r\n");
        }
        if !has("Connection") {
            text += "Connection: close\r\n";
        }
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text + &format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no HTTP: {:?}", String::from_utf8_lossy(bytes)));
        // Latin-1, so that any byte can be looked at.
        let head: String = bytes[..end].iter().map(|byte| char::from(*byte)).collect();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self {
            status: status.parse().unwrap(),
            headers: headers.collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let found = self.headers.iter().filter(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn promised(&self) -> usize {
        self.header("content-length").unwrap().parse().unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {:?}", String::from_utf8_lossy(&self.body));
        })
    }

    #[track_caller]
    pub(crate) fn assert_success(&self) -> Value {
        let json = self.json();
        assert_eq!(json["responseStatus"], "SUCCESS", "{json}");
        assert_eq!(self.status, 200);
        json
    }

    #[track_caller]
    pub(crate) fn assert_failure(&self, kind: &str) {
        let json = self.json();
        assert_eq!(json["responseStatus"], "FAILURE", "{json}");
        assert_eq!(json["errors"][0]["type"], kind, "{json}");
    }
}
