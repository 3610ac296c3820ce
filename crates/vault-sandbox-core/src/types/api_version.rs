use std::fmt;
use std::str::FromStr;

use crate::validation::ValidationError;

/// The version of Vault's API that a request is made in, such as `v26.2`.
///
/// Vault publishes three a year (`YY.1`, `YY.2`, `YY.3`); generating an API access token needs
/// `v26.2` or later. [Veeva: endpoint structure][page].
///
/// [page]: https://general.veevavault.dev/vault-api/getting-started/endpoint-structure/
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    year: u8,
    release: u8,
}

impl ApiVersion {
    /// `v26.2`, the first version with the token endpoints, and the default everywhere.
    pub const V26_2: Self = Self {
        year: 26,
        release: 2,
    };

    /// Reads `v26.2` or `26.2`.
    ///
    /// # Errors
    ///
    /// The text is not two numbers with a point between them.
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let wrong = || ValidationError::new("api_version", "is not of the form v26.2");
        let (year, release) = text
            .strip_prefix('v')
            .unwrap_or(text)
            .split_once('.')
            .ok_or_else(wrong)?;
        let number = |digits: &str| {
            let plain =
                (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            if plain {
                digits.parse::<u8>().map_err(|_| wrong())
            } else {
                Err(wrong())
            }
        };
        Ok(Self {
            year: number(year)?,
            release: number(release)?,
        })
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self::V26_2
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.year, self.release)
    }
}

impl FromStr for ApiVersion {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_vault_writes_and_nothing_else() {
        assert_eq!(ApiVersion::parse("v26.2").unwrap(), ApiVersion::V26_2);
        assert_eq!(ApiVersion::parse("26.2").unwrap().to_string(), "v26.2");
        for wrong in [
            "", "v", "26", "v26", "v26.", "v.2", "v26.2.1", "v+6.2", "v26/2", "vv26.2", "v26.2 ",
        ] {
            assert!(ApiVersion::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(ApiVersion::parse("v25.3").unwrap() < ApiVersion::V26_2);
    }
}
