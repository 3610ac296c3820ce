//! A foreign type in our API ties our versions to another crate's: each one is a decision.

use std::collections::BTreeSet;

use crate::rustdoc::LIBRARIES;

/// `secrecy` may be named too, and is not: our own types stand before it.
const CORE: &[&str] = &[
    // The whole crates, re-exported.
    "bytes",
    "chrono",
    "http",
    "bytes::bytes::Bytes",
    "chrono::datetime::DateTime",
    "chrono::naive::date::NaiveDate",
    "chrono::offset::utc::Utc",
    "http::header::map::HeaderMap",
    "http::header::value::HeaderValue",
    "http::method::Method",
    "http::request::Request",
    "http::response::Response",
    "http::status::StatusCode",
    // What a recorder of the test kit shows.
    "http::uri::Uri",
    "serde_core::de::Deserialize",
    "serde_core::de::DeserializeOwned",
    "serde_core::de::Deserializer",
    "serde_core::ser::Serialize",
    "serde_core::ser::Serializer",
];

/// Moments, as the core has them.
const ISSUER: &[&str] = &["chrono::datetime::DateTime", "chrono::offset::utc::Utc"];

/// The whole crate, re-exported, and a client of one's own.
const REQWEST: &[&str] = &["reqwest", "reqwest::async_impl::client::Client"];

const SIMULATOR: &[&str] = &[
    "bytes::bytes::Bytes",
    "chrono::datetime::DateTime",
    "chrono::offset::utc::Utc",
    "http::header::map::HeaderMap",
    "http::method::Method",
    "serde_core::de::Deserialize",
    "serde_core::de::Deserializer",
    "serde_core::ser::Serialize",
    "serde_core::ser::Serializer",
];

#[test]
fn no_foreign_type_but_these_is_in_the_public_api() {
    for library in LIBRARIES.iter() {
        let allowed = match library.name {
            "vault-sandbox-core" => CORE,
            "vault-sandbox-issuer" => ISSUER,
            "vault-sandbox-reqwest" => REQWEST,
            "vault-sandbox-simulator" => SIMULATOR,
            other => panic!("{other} is new: say what it may name"),
        };
        let mut found = library.foreign();
        let named: BTreeSet<String> = found.keys().cloned().collect();
        found.retain(|path, _| !allowed.contains(&path.as_str()));
        assert!(found.is_empty(), "{} names {found:#?}", library.name);
        for one in allowed {
            let name = library.name;
            assert!(named.contains(*one), "{name} no longer names {one}");
        }
    }
}
