use std::fmt;

use serde::Serialize;

use crate::body::Body;
use crate::encoding::form_encoded;
use crate::redact::Scrubber;
use crate::types::Password;
use crate::validation::ValidationError;

/// The body of a request and its media type.
#[derive(Debug, Clone)]
pub struct Payload {
    content: Result<Option<Content>, ValidationError>,
    scrubber: Scrubber,
}

/// A body with its media type.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) media_type: &'static str,
    pub(crate) body: Body,
}

impl Payload {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            content: Ok(None),
            scrubber: Scrubber::default(),
        }
    }

    /// `application/x-www-form-urlencoded`, started with [`Form::new`].
    #[must_use]
    pub fn form(form: Form) -> Self {
        let scrubber = form.scrubber;
        Self {
            scrubber,
            ..Self::raw("application/x-www-form-urlencoded", form.text)
        }
    }

    /// `application/json`. A value that cannot be written as JSON is reported when the request is
    /// encoded, before anything is sent.
    #[must_use]
    pub fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => Self::raw("application/json", json),
            Err(error) => Self {
                content: Err(ValidationError::new(
                    "payload",
                    format!("is no JSON: {error}"),
                )),
                scrubber: Scrubber::default(),
            },
        }
    }

    /// Bytes of any other media type. One that cannot stand in a header is reported when the
    /// request is encoded, before anything is sent.
    #[must_use]
    pub fn raw(media_type: &'static str, body: impl Into<Body>) -> Self {
        let content = Content {
            media_type,
            body: body.into(),
        };
        Self {
            content: Ok(Some(content)),
            scrubber: Scrubber::default(),
        }
    }

    pub(crate) fn into_parts(self) -> Result<(Option<Content>, Scrubber), ValidationError> {
        Ok((self.content?, self.scrubber))
    }
}

/// The fields of a form, in the order they are added.
#[derive(Clone, Default)]
#[must_use]
pub struct Form {
    text: String,
    scrubber: Scrubber,
}

impl Form {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.push(name, value.as_bytes());
        self
    }

    /// Adds a field if there is a value for it.
    pub fn optional(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// Adds a password; a message of Vault that repeats it will be shown without it.
    pub fn password(mut self, name: &str, password: &Password) -> Self {
        password.hide_in(&mut self.scrubber);
        self.push(name, password.expose().as_bytes());
        self
    }

    fn push(&mut self, name: &str, value: &[u8]) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.reserve(name.len() + value.len() + 16);
        self.text.extend(form_encoded(name.as_bytes()));
        self.text.push('=');
        self.text.extend(form_encoded(value));
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({} bytes)", self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_written_by_the_url_standard() {
        let (content, _) = Payload::form(
            Form::new()
                .field("name__v", "CI & more = 100% +ü😀")
                .optional("expiry_date__v", None)
                .optional("q", Some("a\r\nb")),
        )
        .into_parts()
        .unwrap();
        let content = content.unwrap();
        assert_eq!(content.media_type, "application/x-www-form-urlencoded");
        assert_eq!(
            content.body.as_bytes(),
            b"name__v=CI+%26+more+%3D+100%25+%2B%C3%BC%F0%9F%98%80&q=a%0D%0Ab"
        );
    }

    #[test]
    fn a_password_does_not_show() {
        let form = Form::new().password("password", &Password::parse("CANARY").unwrap());
        assert!(!format!("{form:?}").contains("CANARY"), "{form:?}");
    }
}
