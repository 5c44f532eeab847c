//! Which web pages and host names may reach the server, so that no page that a developer happens
//! to open can drive it.

use std::net::IpAddr;

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, HOST,
    HeaderValue, ORIGIN, VARY,
};
use hyper::{HeaderMap, Response, StatusCode, Uri};

use super::ReplyBody;

/// Who may reach the server from a web page, and under which names.
#[derive(Clone, Debug, Default)]
pub struct Access {
    origins: Vec<HeaderValue>,
    any_host: bool,
}

impl Access {
    /// Lets pages of loopback origins in, and those of `origins`, each as a browser writes it:
    /// `https://app.example.com`. Unless `any_host` is set, only loopback names lead here.
    pub fn new(origins: &[String], any_host: bool) -> Result<Self, String> {
        let origins = origins.iter().map(|origin| {
            let whole = origin.split_once("://").is_some_and(|(scheme, rest)| {
                !scheme.is_empty() && !rest.is_empty() && !rest.contains('/')
            });
            HeaderValue::try_from(origin.as_str())
                .ok()
                .filter(|_| whole)
                .ok_or_else(|| format!("{origin} is no origin such as https://app.example.com"))
        });
        Ok(Self { origins: origins.collect::<Result<_, _>>()?, any_host })
    }
}

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// No web page, as far as the request tells.
    None,
    /// A page of an origin that is let in.
    Allowed(HeaderValue),
}

/// Refuses a foreign name and a foreign page.
pub(super) fn check(
    access: &Access,
    target: &Uri,
    headers: &HeaderMap,
) -> Result<Origin, &'static str> {
    if !access.any_host {
        // A name that somebody else made point here is how a page gets past the origin check.
        let mut hosts = headers.get_all(HOST).iter().map(|host| host.to_str().ok());
        let host = hosts.next().flatten();
        if !host.is_some_and(is_loopback) {
            return Err("the host header names no loopback address");
        }
        if hosts.next().is_some() {
            return Err("there is more than one host header");
        }
        // A target may name a host too, which goes over the header.
        if !target.authority().is_none_or(|authority| is_loopback(authority.as_str())) {
            return Err("the request's target names no loopback address");
        }
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(Origin::None) };
    let loopback = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"))
        .is_some_and(|(_, authority)| is_loopback(authority));
    if loopback || access.origins.contains(origin) {
        Ok(Origin::Allowed(origin.clone()))
    } else {
        Err("this web page's origin is not let in (see --cors-origin)")
    }
}

/// Whether `name[:port]` is this machine and nothing else.
fn is_loopback(authority: &str) -> bool {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => authority,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Answers a browser that asks before it sends.
pub(super) fn preflight(origin: &Origin, asked: &HeaderMap) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    admit(origin, headers);
    headers.insert(
        ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"),
    );
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Lets the page read the answer.
pub(super) fn admit(origin: &Origin, headers: &mut HeaderMap) {
    if let Origin::Allowed(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
        headers.insert(VARY, HeaderValue::from_static("origin"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_loopback() {
        for good in
            ["127.0.0.1", "127.0.0.1:7410", "localhost:1", "LOCALHOST", "[::1]:80", "a.localhost"]
        {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "10.0.0.1",
            "0.0.0.0:80",
            "[::]",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_and_an_authority() {
        assert!(Access::new(&["https://app.example.com".to_owned()], false).is_ok());
        for bad in ["", "example.com", "https://", "https://a.example/x"] {
            assert!(Access::new(&[bad.to_owned()], false).is_err(), "{bad}");
        }
    }
}
