//! What is turned away before it is looked at: requests meant for others, and too many at once.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{ETAG, HOST, HeaderValue, LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::answer::Refusal;

/// Requests at a time; each may be waiting for its turn to read.
const REQUESTS: usize = 64;
/// Of those, the ones for pages and ranges.
const LONG: usize = 32;

/// The origin of a web page, as a browser states it: `https://wallet.example`, `http://localhost:3000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Origin, String> {
        let wrong = || {
            format!(
                "'{text}' is no origin; write it as the browser states it: scheme://host, with :port where it is not the usual one"
            )
        };
        let (scheme, host) = text.split_once("://").ok_or_else(wrong)?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.:[]_".contains(c);
        if scheme.is_empty() || host.is_empty() || !scheme.chars().chain(host.chars()).all(plain) {
            return Err(wrong());
        }
        HeaderValue::from_str(text).map(Origin).map_err(|_| wrong())
    }
}

/// A name that requests may be addressed to: `prices.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<HostName, String> {
        let text = text.trim_end_matches('.');
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if text.is_empty() || !text.chars().all(plain) {
            return Err(format!(
                "'{text}' is no host name; leave scheme and port out"
            ));
        }
        Ok(HostName(text.to_ascii_lowercase()))
    }
}

/// Web pages of these origins may read the answers.
pub(super) fn cors(origins: &[Origin]) -> CorsLayer {
    let origins = origins.iter().map(|origin| origin.0.clone());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::HEAD])
        .expose_headers([ETAG, LAST_MODIFIED])
}

/// Whom requests may be addressed to. A web page elsewhere can give its own name this machine's address, and would then
/// be let by the browser to read what we answer; but the name it asks for is still its own.
#[derive(Clone, Debug)]
pub(super) struct Addressees {
    names: Arc<[HostName]>,
    /// Any name will do: the owner lets other machines in, and names none.
    any: bool,
}

impl Addressees {
    pub(super) fn new(names: &[HostName], is_loopback: bool) -> Addressees {
        Addressees {
            names: names.into(),
            any: !is_loopback && names.is_empty(),
        }
    }

    /// `host` with or without a port.
    fn includes(&self, host: &str) -> bool {
        if self.any {
            return true;
        }
        if host.contains('@') {
            return false;
        }
        let name = if host.starts_with('[') {
            host.split_inclusive(']').next().unwrap_or(host)
        } else {
            host.split(':').next().unwrap_or(host)
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        // No page can make a browser believe that an address is its name.
        name == "localhost"
            || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
            || self.names.iter().any(|known| known.0 == name)
    }
}

/// Turns away requests for another name than ours.
pub(super) async fn addressed(
    State(addressees): State<Addressees>,
    request: Request,
    next: Next,
) -> Response {
    let named = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next().map(HeaderValue::to_str);
    let ours = |host: &str| addressees.includes(host);
    // Of two names one could be meant for us, and the other for whoever stands between.
    let fits = named.is_none_or(ours)
        && host.is_none_or(|host| host.is_ok_and(ours))
        && hosts.next().is_none();
    if !fits {
        return Refusal::new(
            StatusCode::FORBIDDEN,
            "the request is addressed to another host than this one",
            "ask for localhost or 127.0.0.1; behind a proxy that passes the name on, the owner allows it with --allow-host",
        )
        .into_response();
    }
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Room for the requests under way.
pub(super) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(REQUESTS))
}

/// Room for the requests under way that take long.
pub(super) fn room_for_long() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(LONG))
}

/// Turns away requests that there is no room for.
pub(super) async fn limited(
    State(room): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_place) = room.try_acquire() else {
        return Refusal::later("too many requests at once", "ask again in a moment")
            .into_response();
    };
    next.run(request).await
}
