//! What keeps secrets, and text that would act on a terminal or a CI system, out of messages.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use secrecy::{ExposeSecret, SecretString};

use crate::encoding::{form_encoded, percent_encoded};
pub use crate::escape::escape;
use crate::token_prefix::TOKEN_PREFIX;

/// What stands in place of a secret.
pub const HIDDEN: &str = "[hidden]";

/// A shorter text is not hidden: it would blot out ordinary words, and is no secret worth the name.
const SHORTEST_HIDDEN: usize = 4;
/// Fewer characters after `veeva-vault-` than this are a word about tokens, not a token.
const SHORTEST_TOKEN_TAIL: usize = 8;

/// Replaces known secrets in text that is about to be shown: as they are, percent-encoded, as in
/// a JSON string, and in base64. Anything that looks like an API access token is replaced too.
///
/// Built from secrets by their `hide_in`; shows nothing of them itself.
#[derive(Clone, Default)]
pub struct Scrubber {
    secrets: Vec<SecretString>,
    /// Their forms: made when there is text to look at, which most calls never come to.
    needles: OnceLock<Needles>,
}

/// Every form of every secret.
#[derive(Clone, Default)]
struct Needles {
    longest_first: Vec<SecretString>,
    /// How they begin, sorted: most text has none of these in it, and need not be searched for each.
    beginnings: Vec<[u8; SHORTEST_HIDDEN]>,
}

impl Scrubber {
    /// A scrubber that knows no secret but the look of an access token.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what another one knows.
    pub fn extend(&mut self, other: &Self) {
        for secret in &other.secrets {
            self.hide(secret.expose_secret());
        }
    }

    /// The text without the secrets.
    #[must_use]
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for needle in self.needles().that_may_be_in(&text) {
            if text.contains(needle.expose_secret()) {
                text = Cow::Owned(text.replace(needle.expose_secret(), HIDDEN));
            }
        }
        if text.contains(TOKEN_PREFIX) {
            text = Cow::Owned(without_tokens(&text));
        }
        text
    }

    pub(crate) fn hide(&mut self, secret: &str) {
        let is_known = self.secrets.iter().any(|s| s.expose_secret() == secret);
        if secret.len() >= SHORTEST_HIDDEN && !is_known {
            self.secrets.push(secret.into());
            self.needles = OnceLock::new();
        }
    }

    fn needles(&self) -> &Needles {
        self.needles.get_or_init(|| Needles::of(&self.secrets))
    }
}

impl Needles {
    fn of(secrets: &[SecretString]) -> Self {
        let forms = secrets.iter().flat_map(|s| forms_of(s.expose_secret()));
        let mut longest_first: Vec<SecretString> = forms
            .filter(|form| form.expose_secret().len() >= SHORTEST_HIDDEN)
            .collect();
        // A secret inside another must not break the longer one up before it is found.
        longest_first.sort_by(|a, b| {
            let (a, b) = (a.expose_secret(), b.expose_secret());
            b.len().cmp(&a.len()).then_with(|| a.cmp(b))
        });
        longest_first.dedup_by(|a, b| a.expose_secret() == b.expose_secret());
        let beginnings = longest_first.iter();
        let beginnings =
            beginnings.filter_map(|form| form.expose_secret().as_bytes().first_chunk().copied());
        let mut beginnings: Vec<_> = beginnings.collect();
        beginnings.sort_unstable();
        beginnings.dedup();
        Self {
            longest_first,
            beginnings,
        }
    }

    /// All of them, or none.
    fn that_may_be_in(&self, text: &str) -> &[SecretString] {
        let begins = |window: &[u8]| {
            let found = self
                .beginnings
                .binary_search_by(|b| b.as_slice().cmp(window));
            found.is_ok()
        };
        match text.as_bytes().windows(SHORTEST_HIDDEN).any(begins) {
            true => &self.longest_first,
            false => &[],
        }
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrubber([hidden])")
    }
}

fn without_tokens(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(TOKEN_PREFIX) {
        let (before, found) = rest.split_at(start);
        let tail = &found[TOKEN_PREFIX.len()..];
        let length = tail
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || b"-_.~+/=%".contains(b))
            .count();
        shown.push_str(before);
        shown.push_str(TOKEN_PREFIX);
        if length >= SHORTEST_TOKEN_TAIL {
            shown.push_str(HIDDEN);
        } else {
            shown.push_str(&tail[..length]);
        }
        rest = &tail[length..];
    }
    shown.push_str(rest);
    shown
}

/// As it is, percent-encoded, as in a JSON string, and in base64.
fn forms_of(secret: &str) -> impl Iterator<Item = SecretString> {
    let percent: String = percent_encoded(secret).collect();
    let json = serde_json::Value::from(secret).to_string();
    // Others encode as in a path but with '+'; we send forms by the URL standard.
    let mixed = percent.replace("%20", "+");
    let form: String = form_encoded(secret.as_bytes()).collect();
    let percent_forms = [percent, mixed, form];
    let lower = percent_forms.clone().map(|form| lower_hex(&form));
    let json = json.trim_matches('"');
    [secret.to_owned(), json.to_owned(), json_in_ascii(json)]
        .into_iter()
        .chain(percent_forms)
        .chain(lower)
        .chain(base64_forms(secret.as_bytes()))
        .map(SecretString::from)
}

/// As the writers that keep to ASCII, and escape slashes, put it.
fn json_in_ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '/' => ascii.push_str("\\/"),
            c if c.is_ascii() => ascii.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    ascii.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    ascii
}

fn lower_hex(percent_encoded: &str) -> String {
    let mut after_percent = 0;
    percent_encoded
        .chars()
        .map(|c| {
            let in_escape = after_percent > 0;
            after_percent = if c == '%' {
                2
            } else {
                usize::saturating_sub(after_percent, 1)
            };
            if in_escape { c.to_ascii_lowercase() } else { c }
        })
        .collect()
}

/// The secret in base64, wherever it may begin in what was encoded: at each of the three offsets
/// the characters that depend on its neighbours are left off. Both alphabets.
fn base64_forms(secret: &[u8]) -> Vec<String> {
    const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut forms = Vec::new();
    for offset in 0..3 {
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(secret);
        let mut digits = String::new();
        for chunk in bytes.chunks(3) {
            let mut block = [0; 3];
            block[..chunk.len()].copy_from_slice(chunk);
            let number = u32::from_be_bytes([0, block[0], block[1], block[2]]);
            // A last, incomplete chunk of n bytes fixes n whole digits; the next depends on what follows.
            let whole = if chunk.len() == 3 { 4 } else { chunk.len() };
            for digit in 0..whole {
                let index = (number >> (18 - 6 * digit)) & 63;
                digits.push(char::from(STANDARD[index as usize]));
            }
        }
        let first_own = [0, 2, 3][offset];
        let own = digits[first_own..].to_owned();
        let url_safe = own.replace('+', "-").replace('/', "_");
        forms.extend([own, url_safe]);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{AccessToken, Password};

    fn knowing(secret: &str) -> Scrubber {
        let mut scrubber = Scrubber::new();
        Password::parse(secret).unwrap().hide_in(&mut scrubber);
        scrubber
    }

    #[test]
    fn a_secret_is_hidden_in_every_form_and_its_neighbours_are_not() {
        let scrubber = knowing("s3cr\"et/pä ss");
        for form in [
            "s3cr\"et/pä ss",
            "s3cr%22et%2Fp%C3%A4%20ss",
            "s3cr%22et%2fp%c3%a4%20ss",
            "s3cr%22et%2Fp%C3%A4+ss",
            "s3cr\\\"et/pä ss",
            "s3cr\\\"et\\/p\\u00e4 ss",
            "czNjciJldC9ww6Qgc3M=",
            "dXNlcjpzM2NyImV0L3DDpCBzcw==",
            "eHM6czNjciJldC9ww6Qgc3M=",
        ] {
            let shown = scrubber.scrub(&format!("before {form} after")).into_owned();
            assert!(shown.contains(HIDDEN), "{form}: {shown}");
            assert!(
                shown.starts_with("before ") && shown.ends_with(" after"),
                "{shown}"
            );
        }
        assert_eq!(scrubber.scrub("nothing here"), "nothing here");
        assert!(!format!("{scrubber:?}").contains("s3cr"));
    }

    #[test]
    fn what_looks_like_a_token_is_hidden_unknown_as_it_is() {
        let shown = Scrubber::new()
            .scrub("got 'veeva-vault-0c0ffee0example', veeva-vault- and veeva-vault-x")
            .into_owned();
        assert_eq!(
            shown,
            "got 'veeva-vault-[hidden]', veeva-vault- and veeva-vault-x"
        );
    }

    #[test]
    fn longer_secrets_go_first() {
        let mut scrubber = knowing("inner");
        AccessToken::parse("inner-and-outer")
            .unwrap()
            .hide_in(&mut scrubber);
        assert_eq!(
            scrubber.scrub("inner-and-outer, inner"),
            "[hidden], [hidden]"
        );
    }
}
