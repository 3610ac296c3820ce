//! Vault's envelope: `responseStatus`, then data or `errors`.

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{FailureStatus, Switches};

/// `responseStatus` of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ResponseStatus {
    /// Done.
    Success,
    /// Done, with warnings.
    Warning,
    /// Not done, the caller's fault.
    Failure,
    /// Not done, or so it seems: the system's fault.
    Exception,
}

impl ResponseStatus {
    /// As it stands in the envelope.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Warning => "WARNING",
            Self::Failure => "FAILURE",
            Self::Exception => "EXCEPTION",
        }
    }
}

/// An answer before it becomes bytes.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) http: StatusCode,
    pub(crate) status: ResponseStatus,
    /// Everything beside `responseStatus`.
    pub(crate) rest: Map<String, Value>,
    /// Stands in place of the envelope, for who asked for it.
    pub(crate) csv: Option<String>,
}

impl Answer {
    pub(crate) fn success(rest: Map<String, Value>) -> Self {
        Self {
            http: StatusCode::OK,
            status: ResponseStatus::Success,
            rest,
            csv: None,
        }
    }

    /// SUCCESS with `data`.
    pub(crate) fn data(data: Value) -> Self {
        Self::success(Map::from_iter([("data".into(), data)]))
    }

    pub(crate) fn with_warning(mut self, kind: &str, message: &str) -> Self {
        self.status = ResponseStatus::Warning;
        self.rest.insert(
            "warnings".into(),
            json!([{"warning_type": kind, "message": message}]),
        );
        self
    }

    pub(crate) fn content_type(&self) -> &'static str {
        match self.csv {
            Some(_) => "text/csv;charset=UTF-8",
            None => "application/json;charset=UTF-8",
        }
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        match &self.csv {
            Some(csv) => csv.clone().into(),
            None => to_bytes(self.status.as_str(), &self.rest),
        }
    }
}

/// The envelope with `responseStatus` first, as Vault writes it: a cut answer then loses the
/// same things.
pub(crate) fn to_bytes(status: &str, rest: &Map<String, Value>) -> Bytes {
    let mut text = format!("{{\"responseStatus\":{}", Value::from(status));
    for (name, value) in rest {
        text.push_str(&format!(",{}:{value}", Value::from(name.as_str())));
    }
    text.push('}');
    text.into()
}

/// A refusal: one entry of `errors` and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) message: String,
    status: ResponseStatus,
    http: Option<StatusCode>,
    error_type: Option<&'static str>,
}

/// What a route comes to.
pub(crate) type Outcome<T = Answer> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
            status: ResponseStatus::Failure,
            http: None,
            error_type: None,
        }
    }

    pub(crate) fn no_such_resource() -> Self {
        Self::new("MALFORMED_URL", "The specified resource cannot be found.")
            .http(StatusCode::NOT_FOUND)
    }

    pub(crate) fn invalid_session() -> Self {
        Self::new("INVALID_SESSION_ID", "Invalid or expired session ID.")
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::new(
            "PARAMETER_REQUIRED",
            format!("Missing required parameter [{parameter}]"),
        )
    }

    pub(crate) fn invalid(value: &str, parameter: &str) -> Self {
        Self::new(
            "INVALID_DATA",
            format!("Invalid value [{value}] for parameter [{parameter}] specified"),
        )
    }

    pub(crate) fn no_such_record(id: &str) -> Self {
        Self::new(
            "INVALID_DATA",
            format!("The resource [{id}] does not exist"),
        )
    }

    pub(crate) fn no_right() -> Self {
        Self::new(
            "INSUFFICIENT_ACCESS",
            "User does not have sufficient privileges to perform the action",
        )
    }

    pub(crate) fn http(mut self, status: StatusCode) -> Self {
        self.http = Some(status);
        self
    }

    pub(crate) fn status(mut self, status: ResponseStatus) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn error_type(mut self, kind: &'static str) -> Self {
        self.error_type = Some(kind);
        self
    }

    /// One entry of `errors`.
    pub(crate) fn entry(&self) -> Value {
        json!({"type": self.kind, "message": self.message})
    }

    pub(crate) fn into_answer(self, switches: &Switches) -> Answer {
        let mut rest = Map::from_iter([("errors".into(), json!([self.entry()]))]);
        if let Some(kind) = self.error_type {
            rest.insert("errorType".into(), kind.into());
        }
        let usual = match switches.failure_status {
            FailureStatus::Ok => StatusCode::OK,
            FailureStatus::Fitting => fitting_status(&self.kind),
        };
        Answer {
            http: self.http.unwrap_or(usual),
            status: self.status,
            rest,
            csv: None,
        }
    }
}

fn fitting_status(kind: &str) -> StatusCode {
    match kind {
        "INVALID_SESSION_ID"
        | "NO_PASSWORD_PROVIDED"
        | "USERNAME_OR_PASSWORD_INCORRECT"
        | "USER_LOCKED_OUT"
        | "PASSWORD_CHANGE_REQUIRED"
        | "INACTIVE_USER" => StatusCode::UNAUTHORIZED,
        "INSUFFICIENT_ACCESS" => StatusCode::FORBIDDEN,
        "METHOD_NOT_SUPPORTED" => StatusCode::METHOD_NOT_ALLOWED,
        "OPERATION_IN_PROGRESS" | "ITEM_NAME_EXISTS" => StatusCode::CONFLICT,
        "API_LIMIT_EXCEEDED" => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_comes_first() {
        let answer = Answer::data(json!({"id": "1"}));
        assert_eq!(
            answer.to_bytes(),
            r#"{"responseStatus":"SUCCESS","data":{"id":"1"}}"#
        );
    }

    #[test]
    fn a_failure_has_its_own_http_status_or_the_usual_one() {
        let mut switches = Switches::default();
        let http = |failure: Failure, switches: &Switches| failure.into_answer(switches).http;
        assert_eq!(http(Failure::no_right(), &switches), 200);
        assert_eq!(http(Failure::no_such_resource(), &switches), 404);
        switches.failure_status = FailureStatus::Fitting;
        assert_eq!(http(Failure::no_right(), &switches), 403);
        assert_eq!(http(Failure::no_such_resource(), &switches), 404);
    }
}
