use std::error::Error as StdError;
use std::fmt;

/// Something that was refused before anything was sent.
///
/// `{}` gives one line: the field and what is wrong with it. The refused text is not in it, because
/// it may be a secret given in the wrong place; only what has been seen to be a date is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationError {
    field: &'static str,
    reason: String,
}

impl ValidationError {
    /// An error about `field`; `reason` goes on from its name: `"is empty"`.
    #[must_use]
    pub fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }

    /// The name of what was refused, such as `sandbox` or `expiry`.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with it, as the end of a sentence.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.reason)
    }
}

impl StdError for ValidationError {}

/// Refuses the two things that no name may hold, in the words of every parser.
pub(crate) fn refuse_empty_or_control(
    field: &'static str,
    text: &str,
) -> Result<(), ValidationError> {
    if text.is_empty() {
        return Err(ValidationError::new(field, "is empty"));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        return Err(ValidationError::new(
            field,
            format!("holds the control character U+{:04X}", u32::from(control)),
        ));
    }
    Ok(())
}
