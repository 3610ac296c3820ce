use std::net::{Ipv4Addr, Ipv6Addr};

use http::Uri;
use http::uri::Scheme;
use reqwest::Url;
use vault_sandbox_core::{TransportError, TransportErrorKind};

/// Where a request goes, and on which way.
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) route: Route,
}

/// The ways differ in what they need: trust for https, a proxy for other machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// Plain http to this machine.
    LoopbackPlain,
    /// https to this machine.
    LoopbackTls,
    /// https to another machine, through the environment's proxy if it names one.
    Network,
}

impl Target {
    /// Reads the URI of a request.
    ///
    /// Refused is plain http to another machine, and everything that would not arrive as it is
    /// written: reqwest has only [`Url`], which squashes `..` and `%2E%2E` (another object's path),
    /// reads `0x7f.1` as an address and encodes on its own account.
    pub(crate) fn of(uri: &Uri) -> Result<Self, TransportError> {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(refused("the URI is not absolute"));
        };
        if authority.as_str().contains('@') {
            return Err(refused("the URI has a user name before the host"));
        }
        let loopback = is_loopback(authority.host());
        let route = if *scheme == Scheme::HTTPS && loopback {
            Route::LoopbackTls
        } else if *scheme == Scheme::HTTPS {
            Route::Network
        } else if *scheme == Scheme::HTTP && loopback {
            Route::LoopbackPlain
        } else if *scheme == Scheme::HTTP {
            return Err(refused(
                "plain http to another machine would show the credential to the network",
            ));
        } else {
            return Err(refused("the scheme is neither https nor loopback http"));
        };
        // The parser's own words are left out: they are few, and the URI may hold a name.
        let url = Url::parse(&uri.to_string()).map_err(|_| refused("the URI is not a URL"))?;
        if !is_the_same(uri, &url) {
            return Err(refused(
                "the URI would be altered on its way; write it in its plain form",
            ));
        }
        Ok(Self { url, route })
    }
}

fn is_the_same(uri: &Uri, url: &Url) -> bool {
    let default_port = if url.scheme() == "https" { 443 } else { 80 };
    let host = uri.host().unwrap_or_default();
    url.host_str()
        .is_some_and(|kept| kept.eq_ignore_ascii_case(host))
        && url.port_or_known_default() == Some(uri.port_u16().unwrap_or(default_port))
        && url.path() == uri.path()
        && url.query() == uri.query()
}

/// By name only: what a name look-up would say can change between the look and the call.
fn is_loopback(host: &str) -> bool {
    let in_brackets = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    match in_brackets {
        Some(inner) => inner
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback()),
        None => {
            host.eq_ignore_ascii_case("localhost")
                || host
                    .parse::<Ipv4Addr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    }
}

fn refused(reason: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Unsendable, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(uri: &str) -> Result<Route, TransportError> {
        Target::of(&uri.parse().unwrap()).map(|target| target.route)
    }

    #[test]
    fn the_ways() {
        for (uri, expected) in [
            ("https://veepharm.veevavault.com/api", Route::Network),
            ("https://VEEPHARM.veevavault.com:443/api", Route::Network),
            ("https://veepharm.veevavault.com", Route::Network),
            ("https://10.0.0.1:8443/", Route::Network),
            ("https://127.0.0.1:8443/", Route::LoopbackTls),
            ("https://localhost/", Route::LoopbackTls),
            ("http://127.9.9.9:1/", Route::LoopbackPlain),
            ("http://localhost:1/?a=b", Route::LoopbackPlain),
            ("http://LOCALHOST:80/", Route::LoopbackPlain),
            ("http://[::1]:1/", Route::LoopbackPlain),
        ] {
            assert_eq!(route(uri).ok(), Some(expected), "{uri}");
        }
    }

    #[test]
    fn what_is_not_sent() {
        for uri in [
            "/only/a/path",
            "ftp://127.0.0.1/",
            "http://veepharm.veevavault.com/",
            "http://10.0.0.1/",
            "http://127.0.0.1.example.com/",
            "http://localhost.example.com/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://user@127.0.0.1/",
            "https://user:secret@veepharm.veevavault.com/",
        ] {
            let error = route(uri).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Unsendable, "{uri}");
        }
    }

    #[test]
    fn what_would_arrive_as_something_else() {
        for path in [
            "/objects/sandbox/../users",
            "/objects/sandbox/.",
            "/objects/sandbox/%2E%2E/users",
            "/objects/sandbox/%2e./users",
            "/a\"b",
            "/a{b}",
            "/?q='",
        ] {
            let uri = format!("http://127.0.0.1{path}");
            assert!(route(&uri).is_err(), "{uri}");
        }
        for host in ["127.1", "0x7f.0.0.1", "2130706433", "a%41.example.com"] {
            let Ok(uri) = format!("https://{host}/").parse() else {
                continue;
            };
            assert!(Target::of(&uri).is_err(), "{host}");
        }
    }

    #[test]
    fn what_arrives_as_it_is() {
        for path in [
            "/objects/sandbox/a%2Fb",
            "/objects/sandbox/v1%2E2/users",
            "/objects/sandbox/%2E%2E%2E",
            "/a%20b;c=d,e@f:g!$&()*+~",
            "/a%c3%a9%F0%9F%8C%B1",
            "//double//slash/",
            "/?q=SELECT%20id%20FROM%20x&r=%27a%27",
            "/?",
        ] {
            let uri: Uri = format!("http://127.0.0.1:1{path}").parse().unwrap();
            let target = Target::of(&uri).unwrap_or_else(|e| panic!("{path}: {e:?}"));
            assert_eq!(target.url.as_str(), uri.to_string());
        }
    }
}
