//! Finds a secret however it is written.

/// A secret and the ways it may be written.
pub(crate) struct Secret {
    needles: Vec<Vec<u8>>,
}

impl Secret {
    pub(crate) fn new(secret: &str) -> Self {
        let bytes = secret.as_bytes();
        let mut needles = vec![bytes.to_vec()];
        let percent = |upper: bool, all: bool| -> Vec<u8> {
            let encode = |b: &u8| match (b.is_ascii_alphanumeric() && !all, upper) {
                (true, _) => char::from(*b).to_string(),
                (false, true) => format!("%{b:02X}"),
                (false, false) => format!("%{b:02x}"),
            };
            bytes.iter().map(encode).collect::<String>().into_bytes()
        };
        for (upper, all) in [(true, false), (false, false), (true, true), (false, true)] {
            needles.push(percent(upper, all));
        }
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        needles.push(hex.to_uppercase().into_bytes());
        needles.push(hex.into_bytes());
        let json = serde_json::to_string(secret).unwrap();
        needles.push(json.trim_matches('"').as_bytes().to_vec());
        // In the middle of something longer, base64 has three faces.
        for before in 0..3 {
            let standard = base64_inner(bytes, before);
            let url_safe = standard.replace('+', "-").replace('/', "_");
            needles.extend([standard.into_bytes(), url_safe.into_bytes()]);
        }
        needles.retain(|needle| needle.len() >= 4);
        Self { needles }
    }

    pub(crate) fn is_in(&self, haystack: &[u8]) -> bool {
        self.needles
            .iter()
            .any(|needle| haystack.windows(needle.len()).any(|w| w == needle))
    }
}

/// The part of the base64 text that depends on these bytes alone, with so many bytes before them.
fn base64_inner(bytes: &[u8], before: usize) -> String {
    let mut padded = vec![0; before];
    padded.extend_from_slice(bytes);
    let text = base64(&padded);
    let from = (before * 8).div_ceil(6);
    let to = padded.len() * 8 / 6;
    text[from..to].to_owned()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let group = chunk.iter().fold(0_u32, |all, b| all << 8 | u32::from(*b))
                << (8 * (3 - chunk.len()));
            (0..=chunk.len()).map(move |at| group >> (18 - 6 * at) & 63)
        })
        .map(|digit| char::from(DIGITS[digit as usize]))
        .collect()
}

#[test]
fn a_secret_is_found_in_every_form() {
    let secret = Secret::new("veeva-vault-S+C/R=T");
    for text in [
        "x veeva-vault-S+C/R=T y",
        "veeva%2Dvault%2DS%2BC%2FR%3DT",
        "dmVldmEtdmF1bHQtUytDL1I9VA==",
        "7665657661",
    ] {
        let whole = text != "7665657661";
        assert_eq!(secret.is_in(text.as_bytes()), whole, "{text}");
    }
    for before in ["", "a", "ab", "abc"] {
        let text = base64(format!("{before}veeva-vault-S+C/R=T!").as_bytes());
        assert!(secret.is_in(text.as_bytes()), "{text}");
    }
}
