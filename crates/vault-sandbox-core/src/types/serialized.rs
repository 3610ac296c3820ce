//! Names, IDs, expiry and DNS as serde writes and reads them: as text, and numbers as numbers. What
//! is read is checked as by `parse`. Secrets are not among them, and never will be.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    ApiVersion, ClientId, Expiry, OauthProfileId, OperationId, SandboxName, TokenId, TokenName,
    UserId, UserName, VaultDns, VaultId,
};

/// As text. An error of `parse` does not quote what it refuses, and neither does the one here.
macro_rules! text {
    ($($name:ident: $read:expr, $write:expr;)+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let write: fn(&Self, S) -> Result<S::Ok, S::Error> = $write;
                write(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                $read(&text).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

text! {
    SandboxName: Self::parse, |name, to| to.serialize_str(name.as_str());
    TokenName: Self::parse, |name, to| to.serialize_str(name.as_str());
    UserName: Self::parse, |name, to| to.serialize_str(name.as_str());
    ClientId: Self::parse, |id, to| to.serialize_str(id.as_str());
    // Its `Display` is for people.
    TokenId: Self::parse, |id, to| to.serialize_str(id.as_str());
    OauthProfileId: Self::parse, |id, to| to.serialize_str(id.as_str());
    OperationId: Self::parse, |id, to| to.collect_str(id);
    ApiVersion: Self::parse, |version, to| to.collect_str(version);
    VaultDns: Self::parse, |dns, to| to.collect_str(dns);
    Expiry: Self::absolute, |expiry, to| to.collect_str(expiry);
}

/// As a number; read from a string of digits too, as Vault writes it sometimes.
macro_rules! number {
    ($($name:ident),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.get())
            }
        }
    )+};
}

number!(VaultId, UserId);
