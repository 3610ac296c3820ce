//! Body parameters: form, multipart form or JSON object.

use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;

use crate::envelope::{Failure, Outcome};

/// Parameters in the order they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// The first of that name. An empty value counts as not given, as an empty form field would.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn require(&self, name: &str) -> Outcome<&str> {
        self.get(name).ok_or_else(|| Failure::missing(name))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Those of the query.
    pub(crate) fn of_query(request: &Request<Bytes>) -> Self {
        Self::of_form(request.uri().query().unwrap_or_default().as_bytes())
    }

    /// Those of a form body: urlencoded or multipart.
    pub(crate) fn of_form_body(request: &Request<Bytes>) -> Outcome<Self> {
        let body = request.body();
        match media_type(request).as_str() {
            "application/x-www-form-urlencoded" => Ok(Self::of_form(body)),
            "multipart/form-data" => Self::of_multipart(request),
            // Nothing sent needs no name; the parameters are then missing.
            _ if body.is_empty() => Ok(Self::default()),
            other => Err(unsupported(other)),
        }
    }

    /// Those of a body that is a urlencoded form or a JSON object.
    pub(crate) fn of_form_or_json(request: &Request<Bytes>) -> Outcome<Self> {
        match media_type(request).as_str() {
            "application/json" => Self::of_json(request.body()),
            "multipart/form-data" => Err(unsupported("multipart/form-data")),
            _ => Self::of_form_body(request),
        }
    }

    fn of_form(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    fn of_json(bytes: &[u8]) -> Outcome<Self> {
        let malformed = || Failure::new("INVALID_DATA", "The body is not a JSON object");
        let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else {
            return Err(malformed());
        };
        let mut params = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            match value {
                Value::Null => {}
                Value::String(text) => params.push((name, text)),
                Value::Number(number) => params.push((name, number.to_string())),
                Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                    return Err(Failure::invalid(&value.to_string(), &name));
                }
            }
        }
        Ok(Self(params))
    }

    fn of_multipart(request: &Request<Bytes>) -> Outcome<Self> {
        let malformed = || Failure::new("INVALID_DATA", "The multipart body is malformed");
        let boundary = boundary(request).ok_or_else(malformed)?;
        let text = str::from_utf8(request.body()).map_err(|_| malformed())?;
        parts(text, &boundary).map(Self).ok_or_else(malformed)
    }
}

/// `Content-Type` without its parameters, in lower case.
pub(crate) fn media_type(request: &Request<Bytes>) -> String {
    content_type(request)
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn content_type(request: &Request<Bytes>) -> &str {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

pub(crate) fn unsupported(media_type: &str) -> Failure {
    let message = match media_type {
        "" => "The body has no Content-Type".to_owned(),
        other => format!("Content-Type [{other}] is not supported here"),
    };
    Failure::new("INVALID_DATA", message)
}

fn boundary(request: &Request<Bytes>) -> Option<String> {
    content_type(request)
        .split(';')
        .filter_map(|parameter| parameter.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim_matches('"').to_owned())
}

/// Fields of a multipart body (text only: nothing here takes a file).
fn parts(body: &str, boundary: &str) -> Option<Vec<(String, String)>> {
    let delimiter = format!("\r\n--{boundary}");
    let body = format!("\r\n{body}");
    let mut pieces = body.split(delimiter.as_str()).skip(1);
    let mut fields = Vec::new();
    loop {
        let piece = pieces.next()?;
        if piece.starts_with("--") {
            return Some(fields);
        }
        let (head, value) = piece.split_once("\r\n\r\n")?;
        let name = head.split_once("name=\"")?.1.split_once('"')?.0;
        fields.push((name.to_owned(), value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(content_type: &str, body: &'static str) -> Request<Bytes> {
        Request::post("/")
            .header(header::CONTENT_TYPE, content_type)
            .body(body.into())
            .unwrap()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Params {
        Params(
            pairs
                .iter()
                .map(|(a, b)| ((*a).into(), (*b).into()))
                .collect(),
        )
    }

    #[test]
    fn a_form_is_decoded() {
        let request = request(
            "application/x-www-form-urlencoded; charset=UTF-8",
            "name__v=a+b%26c&x=",
        );
        let params = Params::of_form_or_json(&request).unwrap();
        assert_eq!(params, pairs(&[("name__v", "a b&c"), ("x", "")]));
        assert_eq!(params.get("x"), None);
    }

    #[test]
    fn json_takes_strings_and_numbers_and_skips_null() {
        let sent = request("application/json", r#"{"a":"x","b":1,"c":null}"#);
        assert_eq!(
            Params::of_form_or_json(&sent).unwrap(),
            pairs(&[("a", "x"), ("b", "1")])
        );
        for body in ["[]", "{", r#"{"a":["x"]}"#] {
            let failure = Params::of_form_or_json(&request("application/json", body)).unwrap_err();
            assert_eq!(failure.kind, "INVALID_DATA");
        }
    }

    #[test]
    fn multipart_fields_are_found() {
        let body = "--B\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\njane\r\n\
                    --B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\na--B\r\nb\r\n--B--\r\n";
        let request = request("multipart/form-data; boundary=\"B\"", body);
        assert_eq!(
            Params::of_form_body(&request).unwrap(),
            pairs(&[("username", "jane"), ("password", "a--B\r\nb")])
        );
    }

    #[test]
    fn a_multipart_body_without_its_end_is_refused() {
        let body = "--B\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\njane";
        for content_type in ["multipart/form-data; boundary=B", "multipart/form-data"] {
            assert!(Params::of_form_body(&request(content_type, body)).is_err());
        }
    }

    #[test]
    fn other_media_types_are_named() {
        let failure = Params::of_form_or_json(&request("text/plain", "x")).unwrap_err();
        assert!(failure.message.contains("text/plain"));
    }
}
