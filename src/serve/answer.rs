//! What goes back: bodies with what a client needs to ask for news only, and errors that say what to do.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    RETRY_AFTER, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::database::Written;
use crate::store;

const JSON: &str = "application/json";
/// Seconds after which to ask again what could not be answered for now.
const RETRY: u32 = 2;
/// Kept by whoever likes, but asked for again before it is shown: the next block changes it.
const REVALIDATE: &str = "public, no-cache";

/// The body of a good answer.
#[derive(Clone, Debug)]
pub(super) struct Body {
    content_type: &'static str,
    bytes: Bytes,
    /// Of the content, whatever its encoding: a weak one.
    tag: HeaderValue,
    written: Written,
}

impl Body {
    /// A JSON text of data as of `written`.
    pub(super) fn json(value: &impl Serialize, written: Written) -> Body {
        // Numbers and texts only: nothing that JSON could not hold.
        Body::new(JSON, serde_json::to_vec(value).unwrap_or_default(), written)
    }

    /// A text of that type, of data as of `written`.
    pub(super) fn new(
        content_type: &'static str,
        text: impl Into<Bytes>,
        written: Written,
    ) -> Body {
        let bytes: Bytes = text.into();
        let digest = Sha256::digest(&bytes);
        let hex: String = digest[..12]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let tag = HeaderValue::from_str(&format!("W/\"{hex}\""));
        Body {
            content_type,
            bytes,
            tag: tag.unwrap_or(HeaderValue::from_static("W/\"0\"")),
            written,
        }
    }
}

impl IntoResponse for Body {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.bytes.into());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(REVALIDATE));
        headers.insert(ETAG, self.tag);
        if let Some(date) = self.written.and_then(http_date) {
            headers.insert(LAST_MODIFIED, date);
        }
        response
    }
}

/// A JSON text that is of this moment only.
pub(super) fn fleeting(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(value.to_string().into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Turns an answer that the client has already into a short one that says so.
pub(super) async fn conditional(request: Request, next: Next) -> Response {
    let asked = matches!(*request.method(), Method::GET | Method::HEAD);
    let condition = request.headers().clone();
    let mut response = next.run(request).await;
    if asked && response.status() == StatusCode::OK && is_known(&condition, response.headers()) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = axum::body::Body::empty();
        response.headers_mut().remove(CONTENT_TYPE);
        // As the full answer has it; this one has nothing to be compressed.
        let vary = HeaderValue::from_static("accept-encoding");
        response.headers_mut().insert(VARY, vary);
    }
    response
}

/// Whether the client's copy is this answer. Its date counts only where it names no tags.
fn is_known(condition: &HeaderMap, answer: &HeaderMap) -> bool {
    let Some(tag) = answer.get(ETAG).and_then(|tag| tag.to_str().ok()) else {
        return false;
    };
    if condition.contains_key(IF_NONE_MATCH) {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_string();
        return condition
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|known| known.trim() == "*" || opaque(known) == opaque(tag));
    }
    let date = |headers: &HeaderMap, name| {
        let text = headers.get(name)?.to_str().ok()?;
        rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
    };
    match (
        date(condition, IF_MODIFIED_SINCE),
        date(answer, LAST_MODIFIED),
    ) {
        (Some(since), Some(modified)) => modified <= since,
        _ => false,
    }
}

fn http_date(seconds: u64) -> Option<HeaderValue> {
    let time = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    let text = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time);
    HeaderValue::from_str(&text.ok()?).ok()
}

/// Why a request gets no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: String,
    pub(super) hint: &'static str,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: impl Into<String>, hint: &'static str) -> Refusal {
        Refusal {
            status,
            error: error.into(),
            hint,
        }
    }

    /// The question is wrong.
    pub(super) fn bad(error: impl Into<String>, hint: &'static str) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, error, hint)
    }

    /// There is no such thing.
    pub(super) fn absent(error: impl Into<String>, hint: &'static str) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, error, hint)
    }

    /// Later, perhaps.
    pub(super) fn later(error: impl Into<String>, hint: &'static str) -> Refusal {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error, hint)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = fleeting(
            self.status,
            &json!({ "error": self.error, "hint": self.hint }),
        );
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY.into());
        }
        response
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Refusal {
        let (error, hint) = reason(&error);
        Refusal::later(error, hint)
    }
}

/// What is wrong with the database and what to do about it, without saying where it is.
pub(super) fn reason(error: &store::Error) -> (String, &'static str) {
    use store::Error;
    const DAMAGED: &str = "the owner can look with `blkprice verify`, or scan into a new database";
    match error {
        Error::Absent(_) => (
            "there is no database yet".to_string(),
            "the owner makes it with `blkprice backfill` or `blkprice watch`",
        ),
        Error::NotOurs(_) => (
            "the file is not a blkprice database".to_string(),
            "the owner names another one with --db",
        ),
        Error::Newer { .. } => (
            "the database was written by a newer blkprice".to_string(),
            "the owner updates blkprice",
        ),
        Error::Damaged { .. } => ("the database is damaged".to_string(), DAMAGED),
        Error::Sqlite { source, .. } if error.damage().is_some() => (
            format!("the database is damaged ({})", code(source)),
            DAMAGED,
        ),
        Error::Sqlite { source, .. } => (
            format!("the database cannot be read ({})", code(source)),
            "ask again; if it stays so, the log of the service says more",
        ),
        Error::Io { source, .. } => (
            format!("the database cannot be read ({})", source.kind()),
            "ask again; if it stays so, the log of the service says more",
        ),
        Error::OtherChain { .. } | Error::Busy(_) => (
            "the database cannot be read".to_string(),
            "ask again; if it stays so, the log of the service says more",
        ),
    }
}

/// What SQLite said, in its general words: the particular ones can name files.
fn code(error: &rusqlite::Error) -> String {
    error.sqlite_error().map_or_else(
        || "a value of another type".to_string(),
        |error| error.to_string(),
    )
}
