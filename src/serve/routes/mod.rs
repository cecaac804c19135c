//! What can be asked for, and the way of a request to its answer.

mod about;
mod blocks;
mod days;
mod events;
mod mempool;
mod page;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use super::Options;
use super::answer::{Refusal, conditional};
use super::database::Database;
use super::guard::{self, Addressees};
use super::hub::Events;
use super::large;
use super::params::shown;
use crate::export::mempool::Every;

pub use about::OPENAPI;
pub use blocks::MAX_BLOCKS;
pub use days::MAX_DAYS;

/// What the answers are made from.
struct Service {
    database: Arc<Database>,
    /// Where there is something to follow.
    events: Option<Events>,
    every: Every,
}

type Shared = Arc<Service>;

fn table() -> Vec<(&'static str, MethodRouter<Shared>)> {
    // What takes long leaves room for what does not.
    let long = from_fn_with_state(guard::room_for_long(), guard::limited);
    vec![
        ("/", get(page::all).layer(long.clone())),
        ("/days/{day}", get(page::day).layer(long.clone())),
        ("/health", get(about::health)),
        ("/api/v1/openapi.json", get(about::openapi)),
        ("/api/v1/status", get(about::status)),
        ("/api/v1/prices", get(mempool::prices)),
        ("/api/v1/historical-price", get(mempool::historical_price)),
        ("/api/v1/days", get(days::days).layer(long.clone())),
        ("/api/v1/days/{day}", get(days::day)),
        ("/api/v1/blocks", get(blocks::blocks).layer(long)),
        ("/api/v1/events", get(events::events)),
    ]
}

/// The paths that can be asked for, `{…}` where a part is free.
pub fn paths() -> Vec<&'static str> {
    table().into_iter().map(|(path, _)| path).collect()
}

/// The way of a request: is it for us, may a web page read the answer, is there room; then the answer, or that the client
/// has it already, compressed if it likes.
pub(super) fn router(
    options: &Options,
    database: Arc<Database>,
    events: Option<Events>,
    is_loopback: bool,
) -> Router {
    let service = Service {
        database,
        events,
        every: options.every,
    };
    let mut router = Router::new();
    for (path, methods) in table() {
        router = router.route(path, methods);
    }
    // The layer added last is the first to see a request.
    let mut router = router
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(Arc::new(service))
        .layer(from_fn(conditional))
        .layer(from_fn_with_state(large::room(), large::placed))
        // Half the time of the usual level, for a fifth more bytes.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn_with_state(guard::room(), guard::limited));
    if !options.allow_origin.is_empty() {
        router = router.layer(guard::cors(&options.allow_origin));
    }
    router.layer(from_fn_with_state(
        Addressees::new(&options.allow_host, is_loopback),
        guard::addressed,
    ))
}

async fn no_such_path(uri: Uri) -> Refusal {
    Refusal::absent(
        format!("there is nothing at {}", shown(uri.path())),
        "/api/v1/openapi.json lists what there is",
    )
}

async fn no_such_method(method: Method) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{} is not answered here", shown(method.as_str())),
        "everything is read with GET; nothing can be changed",
    )
}
