use crate::encoding::percent_encoded;
use crate::types::ApiVersion;
use crate::validation::ValidationError;

/// Room for a path that is not out of the ordinary.
const USUAL: usize = 128;

/// The path of an endpoint, built segment by segment so that no name can leave its segment.
///
/// ```
/// use vault_sandbox_core::{ApiPath, ApiVersion};
///
/// # fn main() -> Result<(), vault_sandbox_core::ValidationError> {
/// let path = ApiPath::versioned().literal("objects/sandbox").segment("A/B 50%")?;
/// assert_eq!(path.in_version(ApiVersion::V26_2), "/api/v26.2/objects/sandbox/A%2FB%2050%25");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiPath {
    versioned: bool,
    path: String,
    query: String,
    /// What a literal holds that no path can.
    flaw: Option<ValidationError>,
}

impl ApiPath {
    /// A path below `/api/{version}`, as nearly every endpoint has.
    #[must_use]
    pub fn versioned() -> Self {
        Self {
            versioned: true,
            path: String::with_capacity(USUAL),
            query: String::new(),
            flaw: None,
        }
    }

    /// A path from the root of the host.
    #[must_use]
    pub fn root() -> Self {
        Self {
            versioned: false,
            path: String::new(),
            query: String::new(),
            flaw: None,
        }
    }

    /// Adds fixed text of the API: one segment or several, sent as they are. What cannot stand in
    /// a path, such as a space or `?`, is refused by [`encode`](crate::encode).
    #[must_use]
    pub fn literal(mut self, segments: &'static str) -> Self {
        self.flaw = self.flaw.or_else(|| flaw_of(segments));
        self.path.push('/');
        self.path.push_str(segments);
        self
    }

    /// Adds one segment, percent-encoded whatever it holds.
    ///
    /// # Errors
    ///
    /// Empty, `.` or `..`: these would change the path, encoded or not.
    pub fn segment(mut self, text: &str) -> Result<Self, ValidationError> {
        if matches!(text, "" | "." | "..") {
            return Err(ValidationError::new(
                "path",
                "has an empty or a dot segment",
            ));
        }
        self.path.push('/');
        self.path.extend(percent_encoded(text));
        Ok(self)
    }

    /// Adds a query parameter, percent-encoded. Never put a secret here: URLs are logged.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: &str) -> Self {
        self.query
            .push(if self.query.is_empty() { '?' } else { '&' });
        self.query.extend(percent_encoded(name));
        self.query.push('=');
        self.query.extend(percent_encoded(value));
        self
    }

    /// The path and query as they stand in the request line.
    #[must_use]
    pub fn in_version(&self, version: ApiVersion) -> String {
        let mut text = String::with_capacity(self.longest());
        self.push_onto(&mut text, version);
        text
    }

    /// The path, if no literal spoils it.
    pub(crate) fn checked(self) -> Result<Self, ValidationError> {
        match self.flaw {
            Some(flaw) => Err(flaw),
            None => Ok(self),
        }
    }

    /// Room that it needs, at most.
    pub(crate) fn longest(&self) -> usize {
        "/api/v65535.65535".len() + self.path.len() + self.query.len()
    }

    /// Writes it behind what is there.
    pub(crate) fn push_onto(&self, text: &mut String, version: ApiVersion) {
        if self.versioned {
            text.push_str("/api/");
            text.push_str(&version.to_string());
        }
        text.push_str(&self.path);
        text.push_str(&self.query);
    }
}

/// By RFC 3986: unreserved characters, sub-delimiters, `:`, `@` and whole percent escapes, between
/// slashes; no segment that a URL parser would resolve.
fn flaw_of(literal: &'static str) -> Option<ValidationError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%".contains(c);
    let reason = if let Some(c) = literal.chars().find(|c| !is_plain(*c)) {
        format!(
            "has the literal {literal:?}, whose character U+{:04X} cannot stand in a path",
            u32::from(c)
        )
    } else if literal.split('/').any(|part| matches!(part, "." | "..")) {
        format!("has the literal {literal:?} with a dot segment")
    } else if literal
        .split('%')
        .skip(1)
        .any(|rest| !begins_with_hex(rest))
    {
        format!("has the literal {literal:?} with a % that begins no escape")
    } else {
        return None;
    };
    Some(ValidationError::new("path", reason))
}

fn begins_with_hex(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_hexdigit);
    digits.take(2).count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_one_segment() {
        for (name, encoded) in [
            ("VeePharm Sandbox", "VeePharm%20Sandbox"),
            ("a/b", "a%2Fb"),
            ("x?y", "x%3Fy"),
            ("x#y", "x%23y"),
            ("50%", "50%25"),
            ("%2e%2e", "%252e%252e"),
            ("a;b=c&d+e", "a%3Bb%3Dc%26d%2Be"),
            ("é", "%C3%A9"),
            ("😀", "%F0%9F%98%80"),
            ("...", "..."),
        ] {
            let path = ApiPath::versioned().segment(name).unwrap();
            assert_eq!(
                path.in_version(ApiVersion::V26_2),
                format!("/api/v26.2/{encoded}")
            );
        }
        for wrong in ["", ".", ".."] {
            assert!(ApiPath::root().segment(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_literal_is_text_of_a_path() {
        for right in [
            "objects/sandbox",
            "vobjects/api_access_token__sys",
            "a:b@c/%20/(x)",
            "objects/",
            "...",
        ] {
            assert!(
                ApiPath::versioned().literal(right).checked().is_ok(),
                "{right}"
            );
        }
        for (wrong, said) in [
            ("objects/sand box", "U+0020"),
            ("a?b", "U+003F"),
            ("a#b", "U+0023"),
            ("a\\b", "U+005C"),
            ("é", "U+00E9"),
            ("a\nb", "U+000A"),
            ("a/../b", "dot segment"),
            (".", "dot segment"),
            ("50%", "no escape"),
            ("%2", "no escape"),
            ("%zz", "no escape"),
        ] {
            let path = ApiPath::versioned().literal(wrong).literal("users");
            let error = path.checked().unwrap_err();
            assert_eq!(error.field(), "path");
            assert!(error.reason().contains(said), "{wrong}: {error}");
            assert!(!error.reason().contains('\n'), "{error}");
        }
    }

    #[test]
    fn the_name_of_a_parameter_stays_one() {
        let path = ApiPath::root().literal("a").query("x y&z", "1");
        assert_eq!(path.in_version(ApiVersion::V26_2), "/a?x%20y%26z=1");
    }
}
