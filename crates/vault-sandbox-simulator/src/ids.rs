//! Ids and values: made up, deterministic, and visibly fake.

/// First part of every token value, as in Vault.
pub(crate) const TOKEN_PREFIX: &str = "veeva-vault-";

/// A counter and a small generator (`SplitMix64`). Not for real secrets: equal seeds give
/// equal values, which is what a test wants.
pub(crate) struct Ids {
    state: u64,
    next_token: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed,
            next_token: 9001,
        }
    }

    pub(crate) fn token_id(&mut self) -> String {
        let id = format!("V8T{:012}", self.next_token);
        self.next_token += 1;
        id
    }

    pub(crate) fn token_value(&mut self) -> String {
        format!("{TOKEN_PREFIX}SIMULATED{}", self.hex(32))
    }

    pub(crate) fn session_id(&mut self) -> String {
        format!("SIMULATED{}", self.hex(64))
    }

    /// For executions and stored queries.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex(32).to_ascii_lowercase();
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }

    fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016X}", self.next()));
        }
        text.truncate(digits);
        text
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_values_and_none_twice() {
        let (mut a, mut b) = (Ids::new(7), Ids::new(7));
        let first = a.token_value();
        assert_eq!(first, b.token_value());
        assert_ne!(first, a.token_value());
        assert!(first.starts_with("veeva-vault-SIMULATED"));
    }

    #[test]
    fn token_ids_count_up() {
        let mut ids = Ids::new(0);
        assert_eq!(ids.token_id(), "V8T000000009001");
        assert_eq!(ids.token_id(), "V8T000000009002");
    }

    #[test]
    fn uuids_have_their_shape() {
        let uuid = Ids::new(1).uuid();
        let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }
}
