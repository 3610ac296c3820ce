//! Changes to a true envelope: what a client must tolerate, or must not fall for.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{ResponseStatus, envelope};

/// A change to the envelope of a true answer. The request has been carried out; the headers,
/// `X-VaultAPI-Status` among them, stay as they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Edit {
    /// SUCCESS without `token__sys`.
    RemoveValue,
    /// SUCCESS without `id`.
    RemoveId,
    /// Another text in `token__sys`.
    SetValue(String),
    /// Another `responseStatus`; `errors` or `warnings` are added where they belong.
    SetStatus(ResponseStatus),
    /// Another text in the `message` of every error.
    SetMessage(String),
    /// `errors` as the first entry alone, not as a list (seen in Vault's documentation).
    ErrorsAsObject,
    /// Every number as a string.
    NumbersAsStrings,
    /// Fields that nobody knows, `data` before `responseStatus`.
    Unfamiliar,
}

impl Edit {
    /// The edited body. One that is not an envelope stays as it is.
    pub(crate) fn apply(&self, body: Bytes) -> Bytes {
        let Ok(Value::Object(mut rest)) = serde_json::from_slice(&body) else {
            return body;
        };
        let Some(Value::String(mut status)) = rest.remove("responseStatus") else {
            return body;
        };
        match self {
            Self::RemoveValue => drop(data(&mut rest).map(|data| data.remove("token__sys"))),
            Self::RemoveId => drop(data(&mut rest).map(|data| data.remove("id"))),
            Self::SetValue(value) => set_value(&mut rest, value),
            Self::SetStatus(new) => {
                status = new.as_str().into();
                add_entries(&mut rest, *new);
            }
            Self::SetMessage(message) => set_messages(&mut rest, message),
            Self::ErrorsAsObject => errors_as_object(&mut rest),
            Self::NumbersAsStrings => rest.values_mut().for_each(numbers_as_strings),
            Self::Unfamiliar => return unfamiliar(&status, rest),
        }
        envelope::to_bytes(&status, &rest)
    }
}

fn data(rest: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    rest.get_mut("data")?.as_object_mut()
}

fn set_value(rest: &mut Map<String, Value>, value: &str) {
    if let Some(token) = data(rest).and_then(|data| data.get_mut("token__sys")) {
        *token = value.into();
    }
}

fn add_entries(rest: &mut Map<String, Value>, status: ResponseStatus) {
    let (list, entry) = match status {
        ResponseStatus::Success => return,
        ResponseStatus::Warning => (
            "warnings",
            json!({"warning_type": "SIMULATED", "message": "A simulated warning"}),
        ),
        ResponseStatus::Failure | ResponseStatus::Exception => (
            "errors",
            json!({"type": "UNEXPECTED_ERROR", "message": "A simulated error"}),
        ),
    };
    rest.entry(list).or_insert_with(|| json!([entry]));
}

fn set_messages(rest: &mut Map<String, Value>, message: &str) {
    let errors = rest.get_mut("errors").and_then(Value::as_array_mut);
    for error in errors.into_iter().flatten() {
        error["message"] = message.into();
    }
}

fn errors_as_object(rest: &mut Map<String, Value>) {
    let first = rest.get("errors").and_then(|errors| errors.get(0)).cloned();
    if let Some(first) = first {
        rest.insert("errors".into(), first);
    }
}

fn numbers_as_strings(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.to_string().into(),
        Value::Array(items) => items.iter_mut().for_each(numbers_as_strings),
        Value::Object(fields) => fields.values_mut().for_each(numbers_as_strings),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn unfamiliar(status: &str, mut rest: Map<String, Value>) -> Bytes {
    if let Some(data) = data(&mut rest) {
        data.insert("a_new_field__sys".into(), json!({"nested": [null, 1]}));
    }
    rest.insert("a_new_field".into(), json!([1, "two", null]));
    rest.insert("responseStatus".into(), status.into());
    // The map sorts its keys: `a_new_field`, `data`, …, `responseStatus`.
    Value::Object(rest).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = r#"{"responseStatus":"SUCCESS","data":{"id":"V1","token__sys":"t"}}"#;
    const REFUSED: &str = r#"{"responseStatus":"FAILURE","errors":[{"message":"m","type":"T"}]}"#;

    #[track_caller]
    fn assert_edit(edit: &Edit, body: &'static str, expected: &str) {
        assert_eq!(edit.apply(body.into()), expected);
    }

    #[test]
    fn edits_of_a_token_answer() {
        assert_edit(
            &Edit::RemoveValue,
            TOKEN,
            r#"{"responseStatus":"SUCCESS","data":{"id":"V1"}}"#,
        );
        assert_edit(
            &Edit::RemoveId,
            TOKEN,
            r#"{"responseStatus":"SUCCESS","data":{"token__sys":"t"}}"#,
        );
        assert_edit(
            &Edit::SetValue("\0".into()),
            TOKEN,
            r#"{"responseStatus":"SUCCESS","data":{"id":"V1","token__sys":"\u0000"}}"#,
        );
        assert_edit(
            &Edit::SetStatus(ResponseStatus::Exception),
            TOKEN,
            r#"{"responseStatus":"EXCEPTION","data":{"id":"V1","token__sys":"t"},"errors":[{"message":"A simulated error","type":"UNEXPECTED_ERROR"}]}"#,
        );
        assert_edit(
            &Edit::Unfamiliar,
            TOKEN,
            r#"{"a_new_field":[1,"two",null],"data":{"a_new_field__sys":{"nested":[null,1]},"id":"V1","token__sys":"t"},"responseStatus":"SUCCESS"}"#,
        );
    }

    #[test]
    fn edits_of_a_refusal() {
        assert_edit(
            &Edit::SetMessage("\u{1b}[31m".into()),
            REFUSED,
            r#"{"responseStatus":"FAILURE","errors":[{"message":"\u001b[31m","type":"T"}]}"#,
        );
        assert_edit(
            &Edit::ErrorsAsObject,
            REFUSED,
            r#"{"responseStatus":"FAILURE","errors":{"message":"m","type":"T"}}"#,
        );
    }

    #[test]
    fn numbers_become_strings_at_every_depth() {
        assert_edit(
            &Edit::NumbersAsStrings,
            r#"{"responseStatus":"SUCCESS","data":[{"n":[1,{"m":2}]}],"userId":3}"#,
            r#"{"responseStatus":"SUCCESS","data":[{"n":["1",{"m":"2"}]}],"userId":"3"}"#,
        );
    }

    #[test]
    fn what_is_no_envelope_stays() {
        assert_edit(&Edit::RemoveValue, "<html>", "<html>");
    }
}
