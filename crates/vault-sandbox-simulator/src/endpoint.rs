//! Which endpoint a request calls: a match on its method and decoded path.

use bytes::Bytes;
use http::{Method, Request};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::{
    envelope::{Failure, Outcome},
    params::Params,
};

/// API versions every simulated Vault lists, the last one as a Beta.
pub(crate) const VERSIONS: [&str; 6] = ["v25.1", "v25.2", "v25.3", "v26.1", "v26.2", "v26.3"];
/// The first that knows access tokens.
const TOKENS_SINCE: &str = "v26.2";

/// The endpoints, by what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Endpoint {
    /// `POST /api/{version}/auth`
    SignIn,
    /// `POST /auth/oauth/session/{profile}`
    OauthSession,
    /// `POST /auth/discovery`
    Discovery,
    /// `GET /api/`
    Versions,
    /// `POST /api/{version}/keep-alive`
    KeepAlive,
    /// `DELETE /api/{version}/session`
    EndSession,
    /// `GET /api/{version}/objects/users/me`
    WhoAmI,
    /// `GET /api/{version}/objects/sandbox`
    ListSandboxes,
    /// `GET /api/{version}/objects/sandbox/{vault_id}`
    ShowSandbox,
    /// `POST /api/{version}/objects/sandbox`
    CreateSandbox,
    /// `GET /api/{version}/services/jobs/{job_id}`
    JobStatus,
    /// `POST /api/{version}/objects/sandbox/{sandbox_name}/users/me/api_access_token__sys`
    GenerateSandboxToken,
    /// `POST /api/{version}/objects/users/{user_id}/api_access_token__sys`
    GenerateUserToken,
    /// `POST /api/{version}/objects/users/me/api_access_token__sys`
    GenerateMyToken,
    /// `POST /api/{version}/query`
    Query,
    /// `POST /api/{version}/query/{id}`: a further page.
    QueryPage,
    /// `GET /api/{version}/vobjects/api_access_token__sys/{id}`
    RetrieveToken,
    /// `DELETE /api/{version}/vobjects/api_access_token__sys`, or `POST` with `_method=DELETE`
    DeleteTokens,
}

/// A request that has found its endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    /// Place in [`VERSIONS`]; the newest for paths without a version.
    version: usize,
    /// The variable part of the path, decoded; empty if it has none.
    pub(crate) variable: String,
}

impl Route {
    pub(crate) fn of(request: &Request<Bytes>) -> Outcome<Self> {
        let segments = segments(request.uri().path()).ok_or_else(Failure::no_such_resource)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let method = method(request);
        find(&method, &segments).ok_or_else(|| {
            let others = [Method::GET, Method::POST, Method::DELETE];
            if others.iter().any(|other| find(other, &segments).is_some()) {
                Failure::new(
                    "METHOD_NOT_SUPPORTED",
                    format!("The method [{method}] is not supported for this resource"),
                )
            } else {
                Failure::no_such_resource()
            }
        })
    }

    pub(crate) fn version(&self) -> &'static str {
        VERSIONS[self.version]
    }

    /// Whether this version of the API knows access tokens.
    pub(crate) fn has_tokens(&self) -> bool {
        VERSIONS[..=self.version].contains(&TOKENS_SINCE)
    }
}

/// The path's segments, decoded one by one: an encoded slash does not divide.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/')?;
    path.strip_suffix('/')
        .unwrap_or(path)
        .split('/')
        .map(|segment| {
            let text = percent_decode_str(segment).decode_utf8().ok()?;
            Some(text.into_owned())
        })
        .collect()
}

/// `POST …?_method=DELETE` is for clients that cannot send a body with DELETE.
fn method(request: &Request<Bytes>) -> Method {
    let overridden = request.method() == Method::POST
        && Params::of_query(request).get("_method") == Some("DELETE");
    if overridden {
        Method::DELETE
    } else {
        request.method().clone()
    }
}

fn find(method: &Method, segments: &[&str]) -> Option<Route> {
    let newest = VERSIONS.len() - 1;
    let (endpoint, version, variable) = match (method.as_str(), segments) {
        ("GET", ["api"]) => (Endpoint::Versions, newest, ""),
        ("POST", ["auth", "discovery"]) => (Endpoint::Discovery, newest, ""),
        ("POST", ["auth", "oauth", "session", profile]) => {
            (Endpoint::OauthSession, newest, *profile)
        }
        (_, ["api", version, rest @ ..]) => {
            let version = VERSIONS.iter().position(|known| known == version)?;
            let (endpoint, variable) = find_versioned(method, rest)?;
            (endpoint, version, variable)
        }
        _ => return None,
    };
    Some(Route {
        endpoint,
        version,
        variable: variable.to_owned(),
    })
}

fn find_versioned<'a>(method: &Method, segments: &[&'a str]) -> Option<(Endpoint, &'a str)> {
    const TOKEN: &str = "api_access_token__sys";
    let found = match (method.as_str(), segments) {
        ("POST", ["auth"]) => (Endpoint::SignIn, ""),
        ("POST", ["keep-alive"]) => (Endpoint::KeepAlive, ""),
        ("DELETE", ["session"]) => (Endpoint::EndSession, ""),
        ("GET", ["objects", "users", "me"]) => (Endpoint::WhoAmI, ""),
        ("POST", ["objects", "sandbox"]) => (Endpoint::CreateSandbox, ""),
        ("GET", ["services", "jobs", id]) => (Endpoint::JobStatus, *id),
        ("GET", ["objects", "sandbox"]) => (Endpoint::ListSandboxes, ""),
        ("GET", ["objects", "sandbox", id]) => (Endpoint::ShowSandbox, *id),
        ("POST", ["objects", "sandbox", name, "users", "me", TOKEN]) => {
            (Endpoint::GenerateSandboxToken, *name)
        }
        ("POST", ["objects", "users", "me", TOKEN]) => (Endpoint::GenerateMyToken, ""),
        ("POST", ["objects", "users", id, TOKEN]) => (Endpoint::GenerateUserToken, *id),
        ("POST", ["query"]) => (Endpoint::Query, ""),
        ("POST", ["query", id]) => (Endpoint::QueryPage, *id),
        ("GET", ["vobjects", TOKEN, id]) => (Endpoint::RetrieveToken, *id),
        ("DELETE", ["vobjects", TOKEN]) => (Endpoint::DeleteTokens, ""),
        _ => return None,
    };
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> Outcome<Route> {
        let request = Request::builder().method(method).uri(path);
        Route::of(&request.body(Bytes::new()).unwrap())
    }

    #[track_caller]
    fn assert_endpoint(method: &str, path: &str, endpoint: Endpoint, variable: &str) {
        let route = route(method, path).unwrap();
        assert_eq!((route.endpoint, &*route.variable), (endpoint, variable));
    }

    #[track_caller]
    fn assert_refused(method: &str, path: &str, kind: &str) {
        assert_eq!(
            route(method, path).unwrap_err().kind,
            kind,
            "{method} {path}"
        );
    }

    #[test]
    fn paths_lead_to_endpoints() {
        assert_endpoint("GET", "/api/", Endpoint::Versions, "");
        assert_endpoint("GET", "/api", Endpoint::Versions, "");
        assert_endpoint("POST", "/api/v26.2/auth", Endpoint::SignIn, "");
        assert_endpoint(
            "POST",
            "/auth/oauth/session/_1",
            Endpoint::OauthSession,
            "_1",
        );
        assert_endpoint(
            "POST",
            "/api/v26.2/objects/sandbox/A%20%2F%3F%25/users/me/api_access_token__sys",
            Endpoint::GenerateSandboxToken,
            "A /?%",
        );
        assert_endpoint(
            "POST",
            "/api/v26.2/objects/users/me/api_access_token__sys",
            Endpoint::GenerateMyToken,
            "",
        );
        assert_endpoint(
            "POST",
            "/api/v26.2/objects/users/7/api_access_token__sys",
            Endpoint::GenerateUserToken,
            "7",
        );
        assert_endpoint(
            "POST",
            "/api/v26.2/vobjects/api_access_token__sys?_method=DELETE",
            Endpoint::DeleteTokens,
            "",
        );
    }

    #[test]
    fn a_plus_in_a_path_is_a_plus() {
        let path = "/api/v26.2/objects/sandbox/A+B/users/me/api_access_token__sys";
        assert_endpoint("POST", path, Endpoint::GenerateSandboxToken, "A+B");
    }

    #[test]
    fn unknown_paths_and_wrong_methods_differ() {
        assert_refused("GET", "/", "MALFORMED_URL");
        assert_refused("GET", "/api/v99.1/objects/sandbox", "MALFORMED_URL");
        assert_refused("GET", "/api/v26.2//objects/sandbox", "MALFORMED_URL");
        assert_refused("GET", "/api/v26.2/objects/sandbox/%FF", "MALFORMED_URL");
        assert_refused("POST", "/api/v26.2/objects/nothing", "MALFORMED_URL");
        assert_refused("PUT", "/api/v26.2/auth", "METHOD_NOT_SUPPORTED");
        assert_refused(
            "GET",
            "/api/v26.2/vobjects/api_access_token__sys",
            "METHOD_NOT_SUPPORTED",
        );
    }

    #[test]
    fn tokens_came_with_26_2() {
        for (version, has_tokens) in [("v26.1", false), ("v26.2", true), ("v26.3", true)] {
            let route = route("GET", &format!("/api/{version}/objects/users/me")).unwrap();
            assert_eq!((route.version(), route.has_tokens()), (version, has_tokens));
        }
    }
}
